"""The roles that stand at the doors of the database, and the wall around a tenant's table.

- cst_doorkeeper  between transactions, and where no scope is open: reads who someone is
- cst_provider    inside one provider: sees and writes its rows only
- cst_backoffice  across providers: the agency, and work that runs by itself
- cst_keeper      owns the functions that alone write balances
- cst_web         the login of web, worker and beat; may take the first three

Roles belong to the whole server, so several databases share them.
"""

from django.db import migrations

ROLES = """
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY
        ARRAY['cst_doorkeeper', 'cst_provider', 'cst_backoffice', 'cst_keeper', 'cst_web']
    LOOP
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
                EXECUTE format(
                    'CREATE ROLE %I %s',
                    name, CASE name WHEN 'cst_web' THEN 'LOGIN NOINHERIT' ELSE 'NOLOGIN' END
                );
            END IF;
            -- Who migrates may also act in each role, and hand functions to the keeper.
            IF name <> 'cst_web' THEN
                EXECUTE format('GRANT %I TO CURRENT_USER', name);
            END IF;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;  -- Another database of this server was migrated at the same moment.
        END;
    END LOOP;
END
$$;
GRANT cst_doorkeeper, cst_provider, cst_backoffice TO cst_web;
-- A temporary table would outlive its transaction, and be found before the real one.
DO $$ BEGIN EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database()); END $$;
GRANT USAGE ON SCHEMA public TO cst_doorkeeper, cst_provider, cst_backoffice, cst_keeper;
"""

# A tenant's table: row level security, forced, and the rights that each side has on it.
WALL = """
CREATE PROCEDURE cst_wall(walled text, provider text, backoffice text)
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', walled);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', walled);
    EXECUTE format(
        'CREATE POLICY own ON %I TO cst_provider '
        'USING (provider_id = nullif(current_setting(''app.provider'', true), '''')::bigint) '
        'WITH CHECK (provider_id = nullif(current_setting(''app.provider'', true), '''')::bigint)',
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
REVOKE ALL ON PROCEDURE cst_wall FROM PUBLIC;

-- A row that points at another belongs to the same provider as that one, whoever writes it.
CREATE PROCEDURE cst_kin(child text, foreign_key text, parent text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format(
        'ALTER TABLE %I ADD CONSTRAINT %I FOREIGN KEY (%I, provider_id) '
        'REFERENCES %I (id, provider_id)',
        child, child || '_' || foreign_key || '_kin', foreign_key, parent
    );
END
$$;
REVOKE ALL ON PROCEDURE cst_kin FROM PUBLIC;

-- For tables whose rows are never changed or removed, whoever asks.
CREATE FUNCTION cst_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.RunSQL(ROLES, migrations.RunSQL.noop),
        migrations.RunSQL(
            WALL,
            "DROP FUNCTION cst_append_only();"
            "DROP PROCEDURE cst_kin(text, text, text);"
            "DROP PROCEDURE cst_wall(text, text, text);",
        ),
    ]
