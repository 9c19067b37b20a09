"""Who may see and answer invitations. Whoever holds a key is let in by two narrow functions."""

from django.db import migrations

SQL = """
CALL cst_wall('members_invitation', 'SELECT, INSERT, UPDATE (revoked_at)',
    'SELECT, INSERT, UPDATE (revoked_at)');
GRANT SELECT, UPDATE (accepted_at, accepted_by_id) ON members_invitation TO cst_porter;
CREATE POLICY by_key ON members_invitation TO cst_porter USING (true) WITH CHECK (true);
GRANT SELECT (name) ON providers_provider TO cst_porter;
GRANT SELECT (password), UPDATE (password) ON accounts_user TO cst_porter;
GRANT INSERT ON accounts_user_groups TO cst_porter;
GRANT USAGE ON SEQUENCE accounts_user_groups_id_seq TO cst_porter;
GRANT INSERT (provider_id) ON audit_entry TO cst_porter;

ALTER POLICY own_deeds ON audit_entry WITH CHECK (action IN (
    'document.receive', 'dossier.file', 'dossier.start', 'dossier.complete',
    'dossier.receive_end_report', 'dossier.withdraw', 'statement.file', 'claim.file',
    'member.shut_out', 'token.issue', 'token.revoke', 'invitation.send', 'invitation.withdraw'
));

-- Whether somebody who invited may still do so there. Of people of ACM/IDM no role is kept here.
CREATE FUNCTION cst_may_still_invite(inviter bigint, place text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT u.is_active AND (u.email LIKE '%@acmidm.invalid' OR EXISTS (
        SELECT FROM accounts_user_groups m JOIN auth_group g ON g.id = m.group_id
        WHERE m.user_id = u.id AND g.name = CASE place
            WHEN '' THEN 'agency:administrator' ELSE 'provider:' || place || ':manager' END
    ))
    FROM accounts_user u WHERE u.id = inviter
$$;
REVOKE ALL ON FUNCTION cst_may_still_invite(bigint, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION cst_may_still_invite(bigint, text) TO cst_porter;

-- An unusable password begins with an exclamation mark: who has none chooses one.
CREATE FUNCTION cst_show_invitation(shown text, moment timestamptz)
RETURNS TABLE (email text, name text, role text, provider_name text, has_account boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT i.email, i.name, i.role, coalesce(p.name, ''), coalesce(u.password, '!') NOT LIKE '!%'
    FROM members_invitation i
    LEFT JOIN providers_provider p ON p.id = i.provider_id
    LEFT JOIN accounts_user u ON u.email = i.email
    WHERE i.digest = encode(sha256(convert_to(shown, 'UTF8')), 'hex')
        AND i.accepted_at IS NULL AND i.revoked_at IS NULL AND i.expires_at > moment
        AND coalesce(u.is_active AND u.kind = 'person', true)
        AND cst_may_still_invite(i.invited_by_id, coalesce(p.slug, ''))
$$;

CREATE FUNCTION cst_accept_invitation(
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
    IF asked.id IS NULL OR NOT cst_may_still_invite(asked.invited_by_id, slug) THEN
        RETURN;
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

-- How somebody of the agency signs in changes at the office alone: whoever gets SQL into a process
-- of the portal gives no officer another password or second factor.
CREATE FUNCTION cst_guard_officers() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    whose bigint[];
BEGIN
    IF TG_TABLE_NAME = 'accounts_user' THEN
        whose := ARRAY[NEW.id];
    ELSIF TG_OP = 'INSERT' THEN
        whose := ARRAY[NEW.user_id];
    ELSIF TG_OP = 'DELETE' THEN
        whose := ARRAY[OLD.user_id];
    ELSE
        whose := ARRAY[OLD.user_id, NEW.user_id];
    END IF;
    IF session_user = 'cst_portal' AND EXISTS (
        SELECT FROM accounts_user_groups m JOIN auth_group g ON g.id = m.group_id
        WHERE m.user_id = ANY (whose) AND g.name ^@ 'agency:'
    ) THEN
        RAISE EXCEPTION 'permission denied: at the office alone'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN coalesce(NEW, OLD);
END
$$;
REVOKE ALL ON FUNCTION cst_guard_officers() FROM PUBLIC;
CREATE TRIGGER guard_officers BEFORE UPDATE OF password ON accounts_user
    FOR EACH ROW EXECUTE FUNCTION cst_guard_officers();
CREATE TRIGGER guard_officers BEFORE INSERT OR DELETE OR UPDATE OF data, user_id, type
    ON mfa_authenticator FOR EACH ROW EXECUTE FUNCTION cst_guard_officers();

-- Whoever was not let in, by whose address if it is anybody's, and from where.
CREATE FUNCTION cst_note_refusal(address text, reason text, origin text, moment timestamptz)
RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    INSERT INTO audit_entry (action, subject_id, at, actor_id, actor_name, facts)
    SELECT 'sign_in.refuse', left(reason, 60), moment, coalesce(u.id, 0), coalesce(u.name, ''),
        jsonb_build_object('from', left(origin, 60))
    FROM (SELECT 1) AS once LEFT JOIN accounts_user u ON u.email = lower(address)
$$;

REVOKE ALL ON FUNCTION cst_show_invitation(text, timestamptz),
    cst_accept_invitation(text, timestamptz, bigint, text),
    cst_note_refusal(text, text, text, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION cst_show_invitation(text, timestamptz),
    cst_accept_invitation(text, timestamptz, bigint, text),
    cst_note_refusal(text, text, text, timestamptz) TO cst_doorkeeper;

GRANT CREATE ON SCHEMA public TO cst_porter;
ALTER FUNCTION cst_guard_officers() OWNER TO cst_porter;
ALTER FUNCTION cst_show_invitation(text, timestamptz) OWNER TO cst_porter;
ALTER FUNCTION cst_accept_invitation(text, timestamptz, bigint, text) OWNER TO cst_porter;
ALTER FUNCTION cst_note_refusal(text, text, text, timestamptz) OWNER TO cst_porter;
REVOKE CREATE ON SCHEMA public FROM cst_porter;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("members", "0001_initial"),
        ("providers", "0006_sealed_tenant"),
        ("accounts", "0008_federated"),
        ("audit", "0002_walls"),
    ]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
