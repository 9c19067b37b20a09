"""A provider locks its own contract, by a tenant that carries its seal."""

from django.db import migrations

SQL = """
CREATE OR REPLACE FUNCTION contracts_lock(wanted bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM FROM contracts_contract
    WHERE id = wanted
        AND (current_setting('role') <> 'cst_provider' OR provider_id = (SELECT cst_tenant()))
    FOR NO KEY UPDATE;
END
$$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("contracts", "0002_walls"),
        ("providers", "0006_sealed_tenant"),
    ]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
