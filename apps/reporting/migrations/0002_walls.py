"""A list that a provider asked for is its own; those of the agency have no provider."""

from django.db import migrations

SQL = """
CALL cst_wall(
    'reporting_export',
    'SELECT, INSERT',
    'SELECT, INSERT, UPDATE (file, ready_at, failed_at), DELETE'
);
"""


class Migration(migrations.Migration):
    dependencies = [("reporting", "0001_initial"), ("providers", "0006_sealed_tenant")]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
