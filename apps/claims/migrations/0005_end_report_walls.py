"""A provider reports; the agency accepts the report or sends it back."""

from django.db import migrations

SQL = """
CALL cst_wall(
    'claims_endreport',
    'SELECT, INSERT',
    'SELECT, INSERT, UPDATE (state, judged_on, judged_by_id, sent_back_reason)'
);
CALL cst_kin('claims_endreport', 'dossier_id', 'dossiers_dossier');
CALL cst_kin('claims_endreport', 'document_id', 'documents_document');
CREATE POLICY begins_filed ON claims_endreport AS RESTRICTIVE FOR INSERT TO cst_provider
    WITH CHECK (state = 'filed');
"""


class Migration(migrations.Migration):
    dependencies = [("claims", "0004_end_reports"), ("dossiers", "0002_walls")]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
