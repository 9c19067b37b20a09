"""The register's entries are the agency's; an officer may put other facts beside a dossier's."""

from django.db import migrations

SQL = """
CALL cst_wall('dossiers_registerentry', '', 'SELECT, INSERT');
CALL cst_kin('dossiers_registerentry', 'dossier_id', 'dossiers_dossier');
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON dossiers_registerentry
    FOR EACH STATEMENT EXECUTE FUNCTION cst_append_only();
GRANT UPDATE (facts_id) ON dossiers_dossier TO cst_backoffice;
"""


class Migration(migrations.Migration):
    dependencies = [("dossiers", "0003_register"), ("eligibility", "0004_workings_walls")]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
