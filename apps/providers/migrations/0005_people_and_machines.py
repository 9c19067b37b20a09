"""Members and keys: what each side may do with them, by narrow functions."""

from django.db import migrations

ROLES = """
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'cst_porter') THEN
        CREATE ROLE cst_porter NOLOGIN;
    END IF;
    GRANT cst_porter TO CURRENT_USER;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'cst_portal') THEN
        CREATE ROLE cst_portal LOGIN NOINHERIT;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;  -- Another database of this server was migrated at the same moment.
END
$$;
GRANT USAGE ON SCHEMA public TO cst_porter;
-- The login of a process that opens the portal alone: it cannot become the back office.
GRANT cst_doorkeeper, cst_provider TO cst_portal;
"""

SQL = """
-- The porter owns the functions below, and has the rights that they need, no more.
GRANT SELECT, DELETE ON accounts_user_groups TO cst_porter;
GRANT SELECT (id, email, name, kind, is_active, last_login),
    INSERT (email, name, kind, is_active, is_superuser, password) ON accounts_user TO cst_porter;
GRANT USAGE ON SEQUENCE accounts_user_id_seq TO cst_porter;
GRANT SELECT ON auth_group TO cst_porter;
GRANT SELECT (id, slug) ON providers_provider TO cst_porter;
CREATE POLICY by_name_for_functions ON providers_provider FOR SELECT TO cst_porter USING (true);
CALL cst_wall('providers_token', 'SELECT, INSERT, UPDATE (revoked_at)',
    'SELECT, INSERT, UPDATE (revoked_at)');
GRANT SELECT, UPDATE (last_used_at) ON providers_token TO cst_porter;
CREATE POLICY by_key ON providers_token TO cst_porter USING (true) WITH CHECK (true);
-- Groups follow the one declaration of who may do what.
GRANT SELECT, INSERT, DELETE ON auth_group_permissions TO cst_backoffice;

-- A manager's deeds are a provider's own.
ALTER POLICY own_deeds ON audit_entry WITH CHECK (action IN (
    'document.receive', 'dossier.file', 'dossier.start', 'dossier.complete',
    'dossier.receive_end_report', 'dossier.withdraw', 'statement.file', 'claim.file',
    'member.shut_out', 'token.issue', 'token.revoke'
));

-- Accounts have no tenant. A provider sees those of its own members, through this door alone.
CREATE FUNCTION cst_members()
RETURNS TABLE (user_id bigint, name text, email text, role text, last_login timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT u.id, u.name, u.email, split_part(g.name, ':', 3), u.last_login
    FROM accounts_user u
    JOIN accounts_user_groups m ON m.user_id = u.id
    JOIN auth_group g ON g.id = m.group_id
    JOIN providers_provider p ON g.name ^@ ('provider:' || p.slug || ':')
    WHERE p.id = nullif(current_setting('app.provider', true), '')::bigint AND u.kind = 'person'
    ORDER BY lower(u.name), u.id, 4
$$;

-- Takes every role at the provider whose scope is open from somebody; whether there was one.
CREATE FUNCTION cst_shut_out(member bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    DELETE FROM accounts_user_groups m USING auth_group g, providers_provider p
    WHERE m.user_id = member AND g.id = m.group_id
        AND p.id = nullif(current_setting('app.provider', true), '')::bigint
        AND g.name ^@ ('provider:' || p.slug || ':');
    RETURN FOUND;
END
$$;

-- An account for a machine: it has no password, no address and no role, and never signs in.
CREATE FUNCTION cst_new_machine(called text) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    INSERT INTO accounts_user (email, name, kind, is_active, is_superuser, password)
    VALUES (gen_random_uuid() || '@machine.invalid', called, 'machine', true, false, '!')
    RETURNING id
$$;

-- A machine shows its key before anybody knows whose it is: what it opens now, if anything. Its
-- last use is known to some minutes; each use would be a write otherwise.
CREATE FUNCTION cst_show_key(shown text, moment timestamptz)
RETURNS TABLE (user_id bigint, provider_id bigint, acts varchar[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    found_id uuid;
BEGIN
    SELECT t.id INTO found_id FROM providers_token t JOIN accounts_user u ON u.id = t.user_id
    WHERE t.digest = encode(sha256(convert_to(shown, 'UTF8')), 'hex') AND t.revoked_at IS NULL AND t.expires_at > moment
        AND u.is_active AND u.kind = 'machine';
    UPDATE providers_token t SET last_used_at = moment WHERE t.id = found_id
        AND (t.last_used_at IS NULL OR t.last_used_at < moment - interval '5 minutes');
    RETURN QUERY SELECT t.user_id, t.provider_id, t.acts FROM providers_token t
        WHERE t.id = found_id;
END
$$;

REVOKE ALL ON FUNCTION cst_members(), cst_shut_out(bigint), cst_new_machine(text),
    cst_show_key(text, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION cst_members(), cst_shut_out(bigint) TO cst_provider;
GRANT EXECUTE ON FUNCTION cst_new_machine(text) TO cst_provider, cst_backoffice;
GRANT EXECUTE ON FUNCTION cst_show_key(text, timestamptz) TO cst_doorkeeper;

GRANT CREATE ON SCHEMA public TO cst_porter;
ALTER FUNCTION cst_members() OWNER TO cst_porter;
ALTER FUNCTION cst_shut_out(bigint) OWNER TO cst_porter;
ALTER FUNCTION cst_new_machine(text) OWNER TO cst_porter;
ALTER FUNCTION cst_show_key(text, timestamptz) OWNER TO cst_porter;
REVOKE CREATE ON SCHEMA public FROM cst_porter;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("providers", "0004_people_and_machines_tables"),
        ("accounts", "0004_roles_of_the_agency"),
        ("audit", "0002_walls"),
    ]
    operations = [
        migrations.RunSQL(ROLES, migrations.RunSQL.noop),
        migrations.RunSQL(SQL, migrations.RunSQL.noop),
    ]
