"""The terms can be read by all."""

from django.db import migrations

SQL = """
-- The terms are public; editing them comes with a screen of its own.
GRANT SELECT ON programme_edition, programme_package, programme_legalform
    TO cst_provider, cst_backoffice;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("programme", "0001_initial"),
        ("providers", "0001_database_roles"),
    ]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
