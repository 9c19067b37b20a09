"""Everybody may post; only what works across providers reads and sends."""

from django.db import migrations

SQL = """
GRANT INSERT ON notices_mail TO cst_doorkeeper, cst_provider;
GRANT SELECT, INSERT, UPDATE (tries, sent_at, given_up_at, next_try_at, locked) ON notices_mail
    TO cst_backoffice;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("notices", "0001_initial"),
        ("providers", "0001_database_roles"),
    ]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
