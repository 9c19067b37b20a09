"""How somebody signs in changes in their own name alone; who works at a provider, by group or ACM/IDM.

`app.person` holds `person:` with an address, a dot, and the seal of both, made as a tenant's is.
"""

from django.db import migrations

SQL = """
-- What a sealed text says; nothing without one. A seal of ours or an error.
CREATE FUNCTION cst_unsealed(told text) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    named text := left(told, -65);
BEGIN
    IF coalesce(told, '') = '' THEN
        RETURN NULL;
    END IF;
    PERFORM FROM cst_seal WHERE told = named || '.'
        || encode(sha256(outer_key || sha256(inner_key || convert_to(named, 'UTF8'))), 'hex');
    IF NOT FOUND THEN
        RAISE EXCEPTION 'permission denied: no such scope' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN named;
END
$$;
REVOKE ALL ON FUNCTION cst_unsealed(text) FROM PUBLIC;

CREATE OR REPLACE FUNCTION cst_tenant() RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN cst_unsealed(current_setting('app.provider', true));
END
$$;

-- SQL that somebody slips in has no seal but of the person who is at it, so it gives nobody else
-- another password or second factor. Of people of the agency these change at the office alone.
CREATE FUNCTION cst_guard_secrets() RETURNS trigger
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
    IF EXISTS (
        SELECT FROM accounts_user WHERE id = ANY (whose)
        AND 'person:' || email IS DISTINCT FROM cst_unsealed(current_setting('app.person', true))
    ) THEN
        RAISE EXCEPTION 'permission denied: in their own name alone'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN coalesce(NEW, OLD);
END
$$;
REVOKE ALL ON FUNCTION cst_guard_secrets() FROM PUBLIC;
DROP TRIGGER guard_officers ON accounts_user;
DROP TRIGGER guard_officers ON mfa_authenticator;
DROP FUNCTION cst_guard_officers();
CREATE TRIGGER guard_secrets BEFORE UPDATE OF password ON accounts_user
    FOR EACH ROW EXECUTE FUNCTION cst_guard_secrets();
CREATE TRIGGER guard_secrets BEFORE INSERT OR DELETE OR UPDATE OF data, user_id, type
    ON mfa_authenticator FOR EACH ROW EXECUTE FUNCTION cst_guard_secrets();

-- Where somebody works: by their groups, or as what they last came by ACM/IDM.
CREATE FUNCTION cst_works_at(who bigint) RETURNS SETOF bigint
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT p.id FROM accounts_user_groups m
    JOIN auth_group g ON g.id = m.group_id
    JOIN providers_provider p ON g.name ^@ ('provider:' || p.slug || ':')
    WHERE m.user_id = who
    UNION
    SELECT a.provider_id FROM members_arrival a WHERE a.user_id = who AND a.shut_out_at IS NULL
$$;
REVOKE ALL ON FUNCTION cst_works_at(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION cst_works_at(bigint) TO cst_backoffice;

GRANT CREATE ON SCHEMA public TO cst_porter;
ALTER FUNCTION cst_unsealed(text) OWNER TO cst_porter;
ALTER FUNCTION cst_guard_secrets() OWNER TO cst_porter;
REVOKE CREATE ON SCHEMA public FROM cst_porter;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("members", "0004_arrival_walls"),
        ("mfa", "0003_authenticator_type_uniq"),
    ]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
