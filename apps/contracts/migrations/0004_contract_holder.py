"""Who comes in the name of an enterprise: whether it is a provider that held a contract."""

from django.db import migrations

SQL = """
GRANT SELECT (enterprise_number) ON providers_provider TO cst_porter;
GRANT SELECT (provider_id) ON contracts_contract TO cst_porter;
CREATE POLICY by_provider_for_functions ON contracts_contract FOR SELECT TO cst_porter USING (true);

-- The short name of the provider of this number, if it holds a contract or ever held one.
CREATE FUNCTION cst_contract_holder(wanted text) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT p.slug FROM providers_provider p WHERE p.enterprise_number = wanted
        AND EXISTS (SELECT FROM contracts_contract c WHERE c.provider_id = p.id)
$$;
REVOKE ALL ON FUNCTION cst_contract_holder(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION cst_contract_holder(text) TO cst_doorkeeper;

GRANT CREATE ON SCHEMA public TO cst_porter;
ALTER FUNCTION cst_contract_holder(text) OWNER TO cst_porter;
REVOKE CREATE ON SCHEMA public FROM cst_porter;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("contracts", "0003_sealed_tenant"),
        ("providers", "0005_people_and_machines"),
    ]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
