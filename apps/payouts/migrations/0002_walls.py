"""A provider sees what it is paid; lines and file are frozen."""

from django.db import migrations

SQL = """
-- A run is across providers: none of them sees it.
GRANT SELECT, INSERT ON payouts_run, payouts_paymentfile TO cst_backoffice;
GRANT UPDATE (
    state, content_sha256, pays_on, checked_at, checked_by_id, approved_at, approved_by_id,
    filed_at, sent_at, sent_by_id, settled_at, abandoned_at, abandoned_by_id, abandoned_reason
) ON payouts_run TO cst_backoffice;
CALL cst_wall('payouts_payment', 'SELECT', 'SELECT, INSERT, UPDATE (state, settled_on, returned_on)');
CALL cst_wall('payouts_paymentline', 'SELECT', 'SELECT, INSERT, UPDATE (released_at)');
CALL cst_kin('payouts_paymentline', 'payment_id', 'payouts_payment');
CALL cst_kin('payouts_paymentline', 'claim_id', 'claims_claim');
CALL cst_kin('payouts_paymentline', 'contract_id', 'contracts_contract');

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON payouts_paymentfile
    FOR EACH STATEMENT EXECUTE FUNCTION cst_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("payouts", "0001_initial"),
        ("claims", "0002_walls"),
    ]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
