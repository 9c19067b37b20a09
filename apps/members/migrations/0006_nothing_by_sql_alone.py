"""What SQL that somebody slips in must not bring about: another's account, people, documents, seals."""

from django.db import migrations

SQL = """
CREATE OR REPLACE FUNCTION cst_accept_invitation(
    shown text, moment timestamptz, who bigint, chosen_password text
)
RETURNS TABLE (place text, role text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    asked members_invitation;
    known accounts_user;
    slug text := '';
BEGIN
    SELECT * INTO asked FROM members_invitation
    WHERE digest = encode(sha256(convert_to(shown, 'UTF8')), 'hex')
        AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > moment
    FOR UPDATE;
    IF asked.provider_id IS NOT NULL THEN
        SELECT p.slug INTO slug FROM providers_provider p WHERE p.id = asked.provider_id;
    END IF;
    IF asked.id IS NULL OR NOT cst_may_still_invite(asked.invited_by_id, slug)
        OR asked.email LIKE '%@acmidm.invalid'
    THEN
        RETURN;
    END IF;
    -- Whoever opened the page shows by the seal that the key came to them, not by SQL.
    IF 'person:' || asked.email IS DISTINCT FROM cst_unsealed(current_setting('app.person', true))
    THEN
        RAISE EXCEPTION 'permission denied: in their own name alone'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    SELECT id, name, kind, is_active, password
        INTO known.id, known.name, known.kind, known.is_active, known.password
        FROM accounts_user WHERE email = asked.email;
    IF known.id IS NULL THEN
        IF chosen_password IS NULL THEN
            RETURN;
        END IF;
        INSERT INTO accounts_user (email, name, kind, is_active, is_superuser, password)
        VALUES (asked.email, asked.name, 'person', true, false, chosen_password)
        RETURNING id, name INTO known.id, known.name;
    ELSIF NOT known.is_active OR known.kind <> 'person' THEN
        RETURN;
    ELSIF known.password NOT LIKE '!%' THEN
        IF who IS DISTINCT FROM known.id THEN
            RETURN;
        END IF;
    ELSIF chosen_password IS NULL THEN
        RETURN;
    ELSE
        UPDATE accounts_user SET password = chosen_password WHERE id = known.id;
    END IF;
    UPDATE members_invitation SET accepted_at = moment, accepted_by_id = known.id
    WHERE id = asked.id;
    INSERT INTO accounts_user_groups (user_id, group_id)
    SELECT known.id, g.id FROM auth_group g
    WHERE g.name = CASE slug WHEN '' THEN 'agency:' ELSE 'provider:' || slug || ':' END
        || asked.role
    ON CONFLICT DO NOTHING;
    INSERT INTO audit_entry (provider_id, action, subject_id, at, actor_id, actor_name, facts)
    VALUES (asked.provider_id, 'invitation.accept', asked.id, moment, known.id, known.name,
        jsonb_build_object('role', asked.role));
    RETURN QUERY SELECT slug, asked.role::text;
END
$$;

-- Who comes by ACM/IDM is told by whoever verified the token: with a seal over what it says.
DROP FUNCTION cst_welcome(text, text, timestamptz);
CREATE FUNCTION cst_welcome(subject text, called text, moment timestamptz, seal text)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    found_id bigint;
BEGIN
    IF cst_unsealed(seal) IS DISTINCT FROM 'welcome:' || subject THEN
        RAISE EXCEPTION 'permission denied: not verified' USING ERRCODE = 'insufficient_privilege';
    END IF;
    -- Somebody who comes twice at the same moment is welcomed one time after the other.
    PERFORM pg_advisory_xact_lock(hashtextextended('acmidm:' || subject, 0));
    SELECT a.user_id INTO found_id FROM socialaccount_socialaccount a
        WHERE a.provider = 'acmidm' AND a.uid = subject;
    IF found_id IS NULL THEN
        INSERT INTO accounts_user (email, name, kind, is_active, is_superuser, password)
            VALUES (gen_random_uuid() || '@acmidm.invalid', called, 'person', true, false, '!')
            RETURNING id INTO found_id;
        INSERT INTO socialaccount_socialaccount
            (user_id, provider, uid, last_login, date_joined, extra_data)
            VALUES (found_id, 'acmidm', subject, moment, moment, '{}');
        INSERT INTO audit_entry (action, subject_id, at, actor_id, actor_name, facts)
            VALUES ('user.add', found_id::text, moment, found_id, called,
                '{"kind": "person", "by": "acmidm"}');
    END IF;
    RETURN found_id;
END
$$;

DROP FUNCTION cst_arrived(bigint, text, varchar[], timestamptz);
CREATE FUNCTION cst_arrived(
    who bigint, place text, told varchar[], moment timestamptz, seal text
)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF cst_unsealed(seal) IS DISTINCT FROM
        format('arrival:%s:%s:%s', who, place, array_to_string(told, ','))
    THEN
        RAISE EXCEPTION 'permission denied: not verified' USING ERRCODE = 'insufficient_privilege';
    END IF;
    -- Of people of ACM/IDM alone: nobody else's account can be made to stand among them.
    INSERT INTO members_arrival (user_id, provider_id, roles, at)
    SELECT u.id, p.id, told, moment FROM accounts_user u, providers_provider p
    WHERE u.id = who AND u.email LIKE '%@acmidm.invalid' AND p.slug = place
    ON CONFLICT (user_id, provider_id) DO UPDATE SET roles = excluded.roles, at = excluded.at;
END
$$;
REVOKE ALL ON FUNCTION cst_welcome(text, text, timestamptz, text),
    cst_arrived(bigint, text, varchar[], timestamptz, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION cst_welcome(text, text, timestamptz, text),
    cst_arrived(bigint, text, varchar[], timestamptz, text) TO cst_doorkeeper;

-- Whom a provider shut out worked there all the same: it lifts no conflict of interest.
CREATE OR REPLACE FUNCTION cst_works_at(who bigint) RETURNS SETOF bigint
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT p.id FROM accounts_user_groups m
    JOIN auth_group g ON g.id = m.group_id
    JOIN providers_provider p ON g.name ^@ ('provider:' || p.slug || ':')
    WHERE m.user_id = who
    UNION
    SELECT a.provider_id FROM members_arrival a WHERE a.user_id = who
$$;

-- A row names its own file; what the worker makes of a list, the worker alone names.
CREATE POLICY own_file ON documents_document AS RESTRICTIVE FOR INSERT TO cst_provider
    WITH CHECK (file = '' OR file = provider_id || '/' || id);
CREATE POLICY asked_alone ON reporting_export AS RESTRICTIVE FOR INSERT TO cst_provider
    WITH CHECK (file = '' AND ready_at IS NULL);

-- Who migrates renews the key of the seals, and nobody else.
REVOKE EXECUTE ON FUNCTION cst_keep_seal(bytea, bytea) FROM cst_backoffice;
GRANT EXECUTE ON FUNCTION cst_keep_seal(bytea, bytea) TO CURRENT_USER;

GRANT CREATE ON SCHEMA public TO cst_porter;
ALTER FUNCTION cst_welcome(text, text, timestamptz, text) OWNER TO cst_porter;
ALTER FUNCTION cst_arrived(bigint, text, varchar[], timestamptz, text) OWNER TO cst_porter;
REVOKE CREATE ON SCHEMA public FROM cst_porter;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("members", "0005_own_secrets_alone"),
        ("accounts", "0009_acts_of_both_desks"),
        ("documents", "0003_kinds"),
        ("reporting", "0002_walls"),
    ]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
