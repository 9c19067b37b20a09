"""A provider's receipts are its own."""

from django.db import migrations

SQL = """
CALL cst_wall('receipts_receipt', 'SELECT, INSERT', 'SELECT, INSERT');
"""


class Migration(migrations.Migration):
    dependencies = [
        ("receipts", "0001_initial"),
        ("providers", "0001_database_roles"),
    ]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
