"""Facts are stated by a provider, assessed and found by the agency, changed by nobody."""

from django.db import migrations

SQL = """
CALL cst_wall('eligibility_factsheet', 'SELECT, INSERT', 'SELECT, INSERT');
CALL cst_wall('eligibility_assessment', 'SELECT', 'SELECT, INSERT');
CALL cst_wall('eligibility_answer', 'SELECT', 'SELECT, INSERT');
CALL cst_wall('eligibility_finding', 'SELECT', 'SELECT, INSERT');
CALL cst_kin('eligibility_assessment', 'facts_id', 'eligibility_factsheet');
CALL cst_kin('eligibility_answer', 'assessment_id', 'eligibility_assessment');
CALL cst_kin('eligibility_finding', 'assessment_id', 'eligibility_assessment');

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON eligibility_factsheet
    FOR EACH STATEMENT EXECUTE FUNCTION cst_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON eligibility_assessment
    FOR EACH STATEMENT EXECUTE FUNCTION cst_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON eligibility_answer
    FOR EACH STATEMENT EXECUTE FUNCTION cst_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON eligibility_finding
    FOR EACH STATEMENT EXECUTE FUNCTION cst_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("eligibility", "0001_initial"),
        ("providers", "0001_database_roles"),
    ]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
