"""What runs by itself is called so, on every time line from now on."""

from django.db import migrations

SQL = "UPDATE accounts_user SET name = 'Automatisch' WHERE email = 'timetable@cstraject.invalid';"


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_roles_of_the_agency")]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
