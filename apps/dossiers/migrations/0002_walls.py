"""Which side may write what of a dossier; an enterprise is helped once."""

from django.db import migrations

SQL = """
CALL cst_wall('dossiers_numbering', 'SELECT, INSERT, UPDATE', 'SELECT, INSERT, UPDATE');
CALL cst_wall(
    'dossiers_dossier',
    'SELECT, INSERT, UPDATE (state, started_on, completed_on, end_report_on, '
    'ended_on, ended_reason, keeps, comes_back, helped_until)',
    'SELECT, INSERT, UPDATE (state, assessment_id, decided_on, decided_at, decided_by_id, '
    'decision_reason, share, vat, granted_incl_vat, helped_until, started_on, completed_on, '
    'end_report_on, ended_on, ended_reason, keeps, comes_back)'
);
CALL cst_kin('dossiers_dossier', 'contract_id', 'contracts_contract');
CALL cst_kin('dossiers_dossier', 'facts_id', 'eligibility_factsheet');
CALL cst_kin('dossiers_dossier', 'assessment_id', 'eligibility_assessment');
CALL cst_kin('dossiers_dossier', 'offer_id', 'documents_document');
CALL cst_kin('dossiers_dossier', 'declaration_id', 'documents_document');

-- A provider files, starts, completes and withdraws; it never decides about its own dossier.
CREATE POLICY begins_submitted ON dossiers_dossier AS RESTRICTIVE FOR INSERT TO cst_provider
    WITH CHECK (
        state = 'submitted' AND decided_by_id IS NULL AND assessment_id IS NULL
        AND started_on IS NULL AND ended_on IS NULL AND helped_until IS NULL
    );

CREATE FUNCTION dossiers_provider_moves() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    way text := OLD.state || ' ' || NEW.state;
BEGIN
    IF current_user <> 'cst_provider' THEN
        RETURN NEW;
    END IF;
    IF way NOT IN (
        'submitted withdrawn', 'approved withdrawn', 'approved in_delivery',
        'in_delivery completed', 'completed completed'
    )
    OR NEW.started_on IS DISTINCT FROM OLD.started_on
        AND NOT (way = 'approved in_delivery' AND OLD.started_on IS NULL)
    OR NEW.completed_on IS DISTINCT FROM OLD.completed_on
        AND NOT (way = 'in_delivery completed' AND OLD.completed_on IS NULL)
    OR NEW.end_report_on IS DISTINCT FROM OLD.end_report_on
        AND NOT (way = 'completed completed' AND OLD.end_report_on IS NULL)
    OR (NEW.ended_on, NEW.ended_reason, NEW.keeps, NEW.comes_back, NEW.helped_until)
        IS DISTINCT FROM
        (OLD.ended_on, OLD.ended_reason, OLD.keeps, OLD.comes_back, OLD.helped_until)
        AND NOT (
            NEW.state = 'withdrawn' AND NEW.helped_until IS NULL
            AND NEW.keeps = 0 AND NEW.comes_back = 0
        )
    THEN
        RAISE EXCEPTION 'a provider does not do this' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER provider_moves BEFORE UPDATE ON dossiers_dossier
    FOR EACH ROW EXECUTE FUNCTION dossiers_provider_moves();

-- What a provider releases is the grant of a dossier of its own that it withdrew: all of it, once.
CREATE POLICY releases_what_it_withdrew ON contracts_ledgerentry
    AS RESTRICTIVE FOR INSERT TO cst_provider
    WITH CHECK (
        kind = 'release' AND cause_id = case_id AND EXISTS (
            SELECT FROM dossiers_dossier AS dossier
            WHERE dossier.id = case_id
                AND dossier.contract_id = contracts_ledgerentry.contract_id
                AND dossier.state = 'withdrawn'
                AND dossier.granted_incl_vat = amount
        )
    );

-- A dossier is judged by an assessment of its own facts.
ALTER TABLE dossiers_dossier ADD CONSTRAINT dossiers_dossier_assessment_of_its_facts
    FOREIGN KEY (assessment_id, facts_id) REFERENCES eligibility_assessment (id, facts_id);

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
        ("contracts", "0002_walls"),
        ("documents", "0002_walls"),
        ("providers", "0001_database_roles"),
    ]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
