"""Who may read and change accounts."""

from django.db import migrations

SQL = """
-- The doorkeeper reads who someone is and keeps sessions; accounts are the agency's to change.
GRANT SELECT ON accounts_user, accounts_user_groups, accounts_user_user_permissions,
    accounts_token, django_migrations, auth_group, auth_group_permissions, auth_permission, django_content_type
    TO cst_doorkeeper, cst_backoffice;
GRANT UPDATE (last_login, password) ON accounts_user TO cst_doorkeeper;
GRANT SELECT, INSERT, UPDATE, DELETE ON django_session TO cst_doorkeeper;
GRANT INSERT, UPDATE (name, kind, is_active, password) ON accounts_user TO cst_backoffice;
GRANT INSERT, DELETE ON accounts_user_groups TO cst_backoffice;
GRANT INSERT ON auth_group, auth_group_permissions TO cst_backoffice;
GRANT INSERT, UPDATE (revoked_at) ON accounts_token TO cst_backoffice;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("providers", "0001_database_roles"),
        ("sessions", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
