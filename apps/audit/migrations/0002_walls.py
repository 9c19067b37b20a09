"""Who may see and write deeds; nobody changes them."""

from django.db import migrations

SQL = """
CALL cst_wall('audit_entry', 'SELECT, INSERT', 'SELECT, INSERT');-- A provider tells of its own deeds; what the agency did it cannot write down.
CREATE POLICY own_deeds ON audit_entry AS RESTRICTIVE FOR INSERT TO cst_provider
    WITH CHECK (action IN (
        'document.receive', 'dossier.file', 'dossier.start', 'dossier.complete',
        'dossier.receive_end_report', 'dossier.withdraw', 'statement.file', 'claim.file'
    ));

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry
    FOR EACH STATEMENT EXECUTE FUNCTION cst_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0001_initial"),
        ("providers", "0001_database_roles"),
    ]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
