"""Which side may write what of a dossier; an enterprise is helped once."""

from django.db import migrations

SQL = """
CALL cst_wall('dossiers_numbering', 'SELECT, INSERT, UPDATE', 'SELECT, INSERT, UPDATE');
CALL cst_wall(
    'dossiers_dossier',
    'SELECT, INSERT, UPDATE (state, started_on, completed_on, end_report_on, '
    'ended_on, ended_reason, comes_back, helped_until)',
    'SELECT, INSERT, UPDATE (state, assessment_id, decided_on, decided_at, decided_by_id, '
    'decision_reason, share, vat, granted_incl_vat, helped_until, started_on, completed_on, '
    'end_report_on, ended_on, ended_reason, comes_back)'
);
CALL cst_kin('dossiers_dossier', 'contract_id', 'contracts_contract');
CALL cst_kin('dossiers_dossier', 'facts_id', 'eligibility_factsheet');
CALL cst_kin('dossiers_dossier', 'assessment_id', 'eligibility_assessment');
CALL cst_kin('dossiers_dossier', 'offer_id', 'documents_document');
CALL cst_kin('dossiers_dossier', 'declaration_id', 'documents_document');

-- A provider files, starts, completes and withdraws; it never decides about its own dossier.
CREATE POLICY begins_submitted ON dossiers_dossier AS RESTRICTIVE FOR INSERT TO cst_provider
    WITH CHECK (state = 'submitted' AND decided_by_id IS NULL);
CREATE POLICY never_decides ON dossiers_dossier AS RESTRICTIVE FOR UPDATE TO cst_provider
    USING (true)
    WITH CHECK (state IN ('submitted', 'in_delivery', 'completed', 'withdrawn'));

-- An enterprise is helped once in the years that the edition says, by whichever provider.
-- (Plain GiST: an equality of numbers is an overlap of ranges of one number.)
ALTER TABLE dossiers_dossier ADD CONSTRAINT dossier_helps_an_enterprise_once
    EXCLUDE USING gist (
        int8range(enterprise_number::bigint, enterprise_number::bigint, '[]') WITH &&,
        daterange(decided_on, helped_until) WITH &&
    ) WHERE (helped_until IS NOT NULL);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("dossiers", "0001_initial"),
        ("eligibility", "0002_walls"),
        ("providers", "0001_database_roles"),
    ]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
