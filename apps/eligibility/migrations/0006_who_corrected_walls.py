"""Facts are corrected by the agency alone: what a provider states replaces nothing."""

from django.db import migrations

SQL = """
CREATE POLICY replaces_nothing ON eligibility_factsheet AS RESTRICTIVE FOR INSERT TO cst_provider
    WITH CHECK (replaces_id IS NULL AND replaced_by_id IS NULL);
"""


class Migration(migrations.Migration):
    dependencies = [("eligibility", "0005_who_corrected")]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
