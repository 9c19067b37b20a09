"""What stands below each letter of decision is no term: it changes though dossiers were decided."""

from django.db import migrations

SQL = """
CREATE OR REPLACE FUNCTION programme_stands() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    touched bigint;
BEGIN
    IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - 'letter_note' = to_jsonb(OLD) - 'letter_note' THEN
        RETURN NEW;
    END IF;
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
"""


class Migration(migrations.Migration):
    dependencies = [("dossiers", "0010_amendment_walls")]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
