"""What the agency knows of others stands in the workings: no provider reads them."""

from django.db import migrations

SQL = """
CALL cst_wall('eligibility_workings', '', 'SELECT, INSERT');
CALL cst_wall('eligibility_confirmation', 'SELECT', 'SELECT, INSERT');
CALL cst_kin('eligibility_workings', 'assessment_id', 'eligibility_assessment');
CALL cst_kin('eligibility_factsheet', 'replaces_id', 'eligibility_factsheet');

-- Who found and who confirmed stand in one row, so one CHECK keeps them apart.
ALTER TABLE eligibility_confirmation ADD CONSTRAINT eligibility_confirmation_of_its_finding
    FOREIGN KEY (finding_id, provider_id, found_by_id)
    REFERENCES eligibility_finding (id, provider_id, found_by_id);

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON eligibility_workings
    FOR EACH STATEMENT EXECUTE FUNCTION cst_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON eligibility_confirmation
    FOR EACH STATEMENT EXECUTE FUNCTION cst_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("eligibility", "0003_workings")]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
