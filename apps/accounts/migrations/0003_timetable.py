"""The account in whose name work runs by itself. It never signs in."""

from django.db import migrations

SQL = """
INSERT INTO accounts_user (email, name, kind, is_active, is_superuser, password)
VALUES ('timetable@cstraject.invalid', 'Uurrooster', 'robot', false, false, '!');
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_walls")]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
