"""The register can be read by all; imports write it, in the agency's role."""

from django.db import migrations

SQL = """
GRANT SELECT ON enterprises_enterprise, enterprises_establishment, enterprises_activity,
    enterprises_code, enterprises_accounts, enterprises_registerimport
    TO cst_doorkeeper, cst_provider, cst_backoffice;
GRANT SELECT ON enterprises_importedfile, enterprises_registerimporterror TO cst_backoffice;
GRANT INSERT, UPDATE ON enterprises_enterprise, enterprises_establishment, enterprises_activity,
    enterprises_code, enterprises_accounts, enterprises_registerimport,
    enterprises_importedfile, enterprises_registerimporterror
    TO cst_backoffice;
-- Lines of an activity that ended; and an import that begins anew. Enterprises stay for ever.
GRANT DELETE ON enterprises_activity, enterprises_importedfile, enterprises_registerimporterror
    TO cst_backoffice;

-- A register of those alone that dossiers name would be a list of who was helped; so would the
-- difference between those that such an import renewed and the others. Nobody but the agency
-- reads it until a whole extract has come over it.
CREATE FUNCTION enterprises_whole() RETURNS boolean LANGUAGE sql STABLE
RETURN (
    SELECT coalesce(
        max(number) FILTER (WHERE kind = 'full' AND selection = '' AND finished_at IS NOT NULL)
            > coalesce(max(number) FILTER (WHERE selection <> ''), 0),
        false
    )
    FROM public.enterprises_registerimport
);
ALTER TABLE enterprises_enterprise ENABLE ROW LEVEL SECURITY;
ALTER TABLE enterprises_establishment ENABLE ROW LEVEL SECURITY;
ALTER TABLE enterprises_activity ENABLE ROW LEVEL SECURITY;
CREATE POLICY everything ON enterprises_enterprise TO cst_backoffice
    USING (true) WITH CHECK (true);
CREATE POLICY everything ON enterprises_establishment TO cst_backoffice
    USING (true) WITH CHECK (true);
CREATE POLICY everything ON enterprises_activity TO cst_backoffice
    USING (true) WITH CHECK (true);
CREATE POLICY when_whole ON enterprises_enterprise FOR SELECT TO cst_doorkeeper, cst_provider
    USING ((SELECT enterprises_whole()));
CREATE POLICY when_whole ON enterprises_establishment FOR SELECT TO cst_doorkeeper, cst_provider
    USING ((SELECT enterprises_whole()));
CREATE POLICY when_whole ON enterprises_activity FOR SELECT TO cst_doorkeeper, cst_provider
    USING ((SELECT enterprises_whole()));

-- Numbers are found whole; nobody searches by their beginning.
DROP INDEX enterprises_enterprise_number_3cfca16f_like;
DROP INDEX enterprises_establishment_number_32441bba_like;
-- A row is written and then named and placed: there is room for that on its page.
ALTER TABLE enterprises_enterprise SET (fillfactor = 60);
ALTER TABLE enterprises_establishment SET (fillfactor = 60);

-- The rows of one batch, between file and table. Nobody may make temporary tables; this one is
-- empty outside a transaction, and not logged, for what is lost in a crash is read again.
CREATE UNLOGGED TABLE enterprises_incoming
    (c1 text, c2 text, c3 text, c4 text, c5 text, c6 text);
GRANT SELECT, INSERT, TRUNCATE ON enterprises_incoming TO cst_backoffice;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("enterprises", "0001_initial"),
        ("providers", "0001_database_roles"),
    ]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
