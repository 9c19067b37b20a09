"""What signing in keeps: second factors and sessions. The doorkeeper's, as sessions are."""

from django.db import migrations

SQL = """
GRANT SELECT, INSERT, UPDATE, DELETE ON mfa_authenticator, usersessions_usersession
    TO cst_doorkeeper;
-- Addresses are those of the accounts; this table of the library stays empty.
GRANT SELECT ON account_emailaddress TO cst_doorkeeper;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_automatic"),
        ("account", "0009_emailaddress_unique_primary_email"),
        ("mfa", "0003_authenticator_type_uniq"),
        ("usersessions", "0001_initial"),
    ]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
