"""Messages are for both sides; who handles a dossier is the agency's business."""

from django.db import migrations

SQL = """
CALL cst_wall(
    'handling_message',
    'SELECT, INSERT, UPDATE (handled_on, handled_by_id)',
    'SELECT, INSERT, UPDATE (handled_on, handled_by_id)'
);
CALL cst_kin('handling_message', 'dossier_id', 'dossiers_dossier');
CALL cst_kin('handling_message', 'document_id', 'documents_document');
-- A provider writes in its own name and asks nothing that stops a clock; it handles what came in.
CREATE POLICY writes_as_itself ON handling_message AS RESTRICTIVE FOR INSERT TO cst_provider
    WITH CHECK (NOT by_agency AND handled_on IS NULL);
CREATE POLICY handles_what_came ON handling_message AS RESTRICTIVE FOR UPDATE TO cst_provider
    USING (by_agency);
CALL cst_wall('handling_handler', '', 'SELECT, INSERT, UPDATE (ended_at)');
CALL cst_kin('handling_handler', 'dossier_id', 'dossiers_dossier');

-- What the agency decided comes from the agency alone.
CREATE POLICY no_letters ON documents_document AS RESTRICTIVE FOR INSERT TO cst_provider
    WITH CHECK (kind <> 'letter');

ALTER POLICY own_deeds ON audit_entry WITH CHECK (action IN (
    'document.receive', 'dossier.file', 'dossier.start', 'dossier.complete',
    'dossier.receive_end_report', 'dossier.withdraw', 'statement.file', 'claim.file',
    'member.shut_out', 'token.issue', 'token.revoke', 'invitation.send', 'invitation.withdraw',
    'draft.discard', 'message.write', 'message.read', 'end_report.file'
));
"""


class Migration(migrations.Migration):
    dependencies = [
        ("handling", "0001_initial"),
        ("dossiers", "0008_draft_walls"),
        ("documents", "0003_kinds"),
    ]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
