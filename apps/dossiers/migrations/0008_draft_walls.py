"""A draft is its provider's; the agency counts them, and does not read what was typed."""

from django.db import migrations

SQL = """
CALL cst_wall(
    'dossiers_draft',
    'SELECT, INSERT, UPDATE (changed_at, changed_by_id, steps, saved, enterprise_number, '
    'enterprise_name, nace_code, postal_code, headcount, offer_id, declaration_id, '
    'discarded_on, filed_on, dossier_id)',
    'INSERT, SELECT (id, provider_id, started_at, changed_at, saved, nace_code, postal_code, headcount, discarded_on, '
    'filed_on)'
);
CALL cst_kin('dossiers_draft', 'offer_id', 'documents_document');
CALL cst_kin('dossiers_draft', 'declaration_id', 'documents_document');
CALL cst_kin('dossiers_draft', 'dossier_id', 'dossiers_dossier');

ALTER POLICY own_deeds ON audit_entry WITH CHECK (action IN (
    'document.receive', 'dossier.file', 'dossier.start', 'dossier.complete',
    'dossier.receive_end_report', 'dossier.withdraw', 'statement.file', 'claim.file',
    'member.shut_out', 'token.issue', 'token.revoke', 'invitation.send', 'invitation.withdraw',
    'draft.discard'
));
"""


class Migration(migrations.Migration):
    dependencies = [("dossiers", "0007_drafts"), ("members", "0002_walls")]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
