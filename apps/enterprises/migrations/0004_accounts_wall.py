"""Accounts that were fetched for some enterprises tell who is here: the agency alone reads them."""

from django.db import migrations

SQL = """
ALTER TABLE enterprises_accounts ENABLE ROW LEVEL SECURITY;
CREATE POLICY everything ON enterprises_accounts TO cst_backoffice USING (true) WITH CHECK (true);
CREATE POLICY of_everyone ON enterprises_accounts FOR SELECT TO cst_doorkeeper, cst_provider
    USING (of_everyone);
"""


class Migration(migrations.Migration):
    dependencies = [("enterprises", "0003_of_everyone")]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
