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

-- An unusable password begins with an exclamation mark: who has none chooses one.
CREATE FUNCTION cst_show_invitation(shown text, moment timestamptz)
RETURNS TABLE (email text, name text, role text, provider_name text, has_account boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT i.email, i.name, i.role, coalesce(p.name, ''), coalesce(u.password, '!') NOT LIKE '!%'
    FROM members_invitation i
    LEFT JOIN providers_provider p ON p.id = i.provider_id
    LEFT JOIN accounts_user u ON u.email = i.email
    WHERE i.digest = shown AND i.accepted_at IS NULL AND i.revoked_at IS NULL
        AND i.expires_at > moment AND coalesce(u.is_active AND u.kind = 'person', true)
$$;

CREATE FUNCTION cst_accept_invitation(
    shown text, moment timestamptz, who bigint, chosen_password text
)
RETURNS TABLE (place text, role text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
#variable_conflict use_column
DECLARE
    asked members_invitation;
    known accounts_user;
    slug text := '';
BEGIN
    SELECT * INTO asked FROM members_invitation
    WHERE digest = shown AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > moment
    FOR UPDATE;
    IF NOT FOUND THEN
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
    IF asked.provider_id IS NOT NULL THEN
        SELECT p.slug INTO slug FROM providers_provider p WHERE p.id = asked.provider_id;
    END IF;
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

-- Whoever was not let in, by whose address if it is anybody's, and from where.
CREATE FUNCTION cst_note_refusal(address text, reason text, origin text, moment timestamptz)
RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
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
