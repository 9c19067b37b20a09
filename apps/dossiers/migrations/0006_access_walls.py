"""What is opened and closed to whom at the agency is the agency's; no provider reads it."""

from django.db import migrations

SQL = """
CALL cst_wall('dossiers_access', '', 'SELECT, INSERT, UPDATE (ended_at)');
CALL cst_kin('dossiers_access', 'dossier_id', 'dossiers_dossier');
"""


class Migration(migrations.Migration):
    dependencies = [("dossiers", "0005_access"), ("providers", "0006_sealed_tenant")]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
