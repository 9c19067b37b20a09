"""A provider states and claims; the agency verifies."""

from django.db import migrations

SQL = """
CALL cst_wall('claims_statement', 'SELECT, INSERT', 'SELECT, INSERT');
CALL cst_wall(
    'claims_claim',
    'SELECT, INSERT',
    'SELECT, INSERT, UPDATE (state, verified_at, verified_by_id, sent_back_reason)'
);
CALL cst_kin('claims_statement', 'dossier_id', 'dossiers_dossier');
CALL cst_kin('claims_claim', 'dossier_id', 'dossiers_dossier');
CALL cst_kin('claims_claim', 'statement_id', 'claims_statement');
-- A claim rests on a statement of its own dossier.
ALTER TABLE claims_claim ADD CONSTRAINT claims_claim_statement_of_its_dossier
    FOREIGN KEY (statement_id, dossier_id) REFERENCES claims_statement (id, dossier_id);
CREATE POLICY begins_submitted ON claims_claim AS RESTRICTIVE FOR INSERT TO cst_provider
    WITH CHECK (state = 'submitted');

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON claims_statement
    FOR EACH STATEMENT EXECUTE FUNCTION cst_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("claims", "0001_initial"),
        ("dossiers", "0002_walls"),
    ]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
