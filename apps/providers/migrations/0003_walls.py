"""A provider sees itself; rights are read at the door and given by the agency."""

from django.db import migrations

SQL = """
ALTER TABLE providers_provider ENABLE ROW LEVEL SECURITY;
ALTER TABLE providers_provider FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON providers_provider TO cst_provider
    USING (id = nullif(current_setting('app.provider', true), '')::bigint);
CREATE POLICY everything ON providers_provider TO cst_backoffice USING (true) WITH CHECK (true);
-- To find the tenant that a URL names; of a provider the doorkeeper knows no more than its name.
CREATE POLICY by_name ON providers_provider FOR SELECT TO cst_doorkeeper USING (true);
GRANT SELECT ON providers_provider TO cst_provider;
GRANT SELECT, INSERT, UPDATE (name, iban) ON providers_provider TO cst_backoffice;
GRANT SELECT (id, slug, name) ON providers_provider TO cst_doorkeeper;
GRANT SELECT ON providers_providergroupobjectpermission TO cst_doorkeeper, cst_backoffice;
GRANT INSERT, DELETE ON providers_providergroupobjectpermission TO cst_backoffice;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("providers", "0002_initial"),
    ]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
