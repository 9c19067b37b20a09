"""The rules on activities can be read by all, like the other terms."""

from django.db import migrations

SQL = """
GRANT SELECT ON programme_activityrule TO cst_provider, cst_backoffice;
-- The pre-check is for everybody: the terms are public.
GRANT SELECT ON programme_edition, programme_package, programme_legalform, programme_activityrule
    TO cst_doorkeeper;
"""


class Migration(migrations.Migration):
    dependencies = [("programme", "0004_readings")]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
