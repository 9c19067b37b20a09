"""Amendments and letters are the agency's deeds; an edition stands once it decided a dossier."""

from django.db import migrations

SQL = """
CALL cst_wall('dossiers_amendment', 'SELECT', 'SELECT, INSERT');
CALL cst_kin('dossiers_amendment', 'dossier_id', 'dossiers_dossier');
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON dossiers_amendment
    FOR EACH STATEMENT EXECUTE FUNCTION cst_append_only();

GRANT UPDATE (letter_id, price_excl_vat, person_days) ON dossiers_dossier TO cst_backoffice;
CALL cst_kin('dossiers_dossier', 'letter_id', 'documents_document');

-- Terms are prepared at the agency, and stand once a dossier was decided by them.
GRANT INSERT, UPDATE, DELETE ON programme_edition, programme_package, programme_legalform,
    programme_activityrule TO cst_backoffice;
CREATE FUNCTION programme_stands() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    touched bigint;
BEGIN
    touched := CASE TG_OP WHEN 'INSERT' THEN to_jsonb(NEW) ELSE to_jsonb(OLD) END
        ->> TG_ARGV[0];
    IF EXISTS (
        SELECT FROM dossiers_dossier AS dossier
        JOIN contracts_contract AS contract ON contract.id = dossier.contract_id
        WHERE contract.edition_id = touched AND dossier.decided_on IS NOT NULL
    ) THEN
        RAISE EXCEPTION 'a dossier was decided under this edition'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'edition_stands';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END
$$;
CREATE TRIGGER stands BEFORE UPDATE OR DELETE ON programme_edition
    FOR EACH ROW EXECUTE FUNCTION programme_stands('id');
CREATE TRIGGER stands BEFORE INSERT OR UPDATE OR DELETE ON programme_package
    FOR EACH ROW EXECUTE FUNCTION programme_stands('edition_id');
CREATE TRIGGER stands BEFORE INSERT OR UPDATE OR DELETE ON programme_legalform
    FOR EACH ROW EXECUTE FUNCTION programme_stands('edition_id');
CREATE TRIGGER stands BEFORE INSERT OR UPDATE OR DELETE ON programme_activityrule
    FOR EACH ROW EXECUTE FUNCTION programme_stands('edition_id');
"""


class Migration(migrations.Migration):
    dependencies = [
        ("dossiers", "0009_amendments_and_letters"),
        ("contracts", "0004_contract_holder"),
        ("programme", "0006_terms_of_service"),
    ]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
