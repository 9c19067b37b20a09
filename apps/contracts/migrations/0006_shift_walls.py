"""Budget is shifted by the agency; no provider reads between whom."""

from django.db import migrations

SQL = """
ALTER TABLE contracts_shift ENABLE ROW LEVEL SECURITY;
ALTER TABLE contracts_shift FORCE ROW LEVEL SECURITY;
CREATE POLICY everything ON contracts_shift TO cst_backoffice USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE (decided_at, decided_by_id, done) ON contracts_shift
    TO cst_backoffice;
"""


class Migration(migrations.Migration):
    dependencies = [("contracts", "0005_shifts")]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
