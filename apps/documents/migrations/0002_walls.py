"""Evidence is received, never changed."""

from django.db import migrations

SQL = """
CALL cst_wall('documents_document', 'SELECT, INSERT', 'SELECT, INSERT');
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON documents_document
    FOR EACH STATEMENT EXECUTE FUNCTION cst_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("documents", "0001_initial"),
        ("providers", "0001_database_roles"),
    ]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
