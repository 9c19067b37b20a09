"""A tenant counts with its seal alone: SQL that somebody slips in cannot name another one.

`app.provider` holds the provider's number, a dot, and HMAC-SHA256 of the number. The key comes
from the environment; here it stands, made ready for both passes of HMAC, where only the function
that checks a seal can read it. `manage.py migrate` renews it.
"""

from django.db import migrations

SQL = """
CREATE TABLE cst_seal (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    inner_key bytea NOT NULL,
    outer_key bytea NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON cst_seal TO cst_porter;

-- The provider whose scope is open; none without one. Policies ask once per statement.
CREATE FUNCTION cst_tenant() RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    told text := current_setting('app.provider', true);
    named text := split_part(told, '.', 1);
BEGIN
    IF coalesce(told, '') = '' THEN
        RETURN NULL;
    END IF;
    PERFORM FROM cst_seal WHERE split_part(told, '.', 2)
        = encode(sha256(outer_key || sha256(inner_key || convert_to(named, 'UTF8'))), 'hex');
    IF NOT FOUND THEN
        RAISE EXCEPTION 'permission denied: no such scope' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN named;
END
$$;

CREATE FUNCTION cst_keep_seal(of_inner bytea, of_outer bytea) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    INSERT INTO cst_seal (inner_key, outer_key) VALUES (of_inner, of_outer)
    ON CONFLICT (only_one) DO UPDATE SET inner_key = of_inner, outer_key = of_outer
$$;

REVOKE ALL ON FUNCTION cst_tenant(), cst_keep_seal(bytea, bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION cst_tenant() TO cst_provider, cst_porter, cst_keeper;
GRANT EXECUTE ON FUNCTION cst_keep_seal(bytea, bytea) TO cst_backoffice;

GRANT CREATE ON SCHEMA public TO cst_porter;
ALTER FUNCTION cst_tenant() OWNER TO cst_porter;
ALTER FUNCTION cst_keep_seal(bytea, bytea) OWNER TO cst_porter;
REVOKE CREATE ON SCHEMA public FROM cst_porter;

-- Walls from now on, and those that stand.
CREATE OR REPLACE PROCEDURE cst_wall(walled text, provider text, backoffice text)
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', walled);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', walled);
    EXECUTE format(
        'CREATE POLICY own ON %I TO cst_provider USING (provider_id = (SELECT cst_tenant())) '
        'WITH CHECK (provider_id = (SELECT cst_tenant()))',
        walled
    );
    EXECUTE format(
        'CREATE POLICY everything ON %I TO cst_backoffice USING (true) WITH CHECK (true)', walled
    );
    IF provider <> '' THEN
        EXECUTE format('GRANT %s ON %I TO cst_provider', provider, walled);
    END IF;
    EXECUTE format('GRANT %s ON %I TO cst_backoffice', backoffice, walled);
END
$$;
DO $$
DECLARE
    walled text;
BEGIN
    FOR walled IN SELECT tablename FROM pg_policies
        WHERE policyname = 'own' AND tablename <> 'providers_provider'
    LOOP
        EXECUTE format(
            'ALTER POLICY own ON %I USING (provider_id = (SELECT cst_tenant())) '
            'WITH CHECK (provider_id = (SELECT cst_tenant()))',
            walled
        );
    END LOOP;
END
$$;
ALTER POLICY own ON providers_provider USING (id = (SELECT cst_tenant()));

CREATE OR REPLACE FUNCTION cst_members()
RETURNS TABLE (user_id bigint, name text, email text, role text, last_login timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT u.id, u.name, u.email, split_part(g.name, ':', 3), u.last_login
    FROM accounts_user u
    JOIN accounts_user_groups m ON m.user_id = u.id
    JOIN auth_group g ON g.id = m.group_id
    JOIN providers_provider p ON g.name ^@ ('provider:' || p.slug || ':')
    WHERE p.id = cst_tenant() AND u.kind = 'person'
    ORDER BY lower(u.name), u.id, 4
$$;

CREATE OR REPLACE FUNCTION cst_shut_out(member bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    DELETE FROM accounts_user_groups m USING auth_group g, providers_provider p
    WHERE m.user_id = member AND g.id = m.group_id AND p.id = cst_tenant()
        AND g.name ^@ ('provider:' || p.slug || ':');
    RETURN FOUND;
END
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("providers", "0005_people_and_machines")]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
