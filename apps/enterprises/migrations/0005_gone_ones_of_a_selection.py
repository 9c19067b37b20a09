"""What an import of a selection told of who has gone since stays the agency's."""

from django.db import migrations

SQL = """
-- A whole extract comes over a selected one; whoever it no longer holds keeps the number of the
-- selected one, and that number says that a dossier named it.
CREATE FUNCTION enterprises_selected() RETURNS integer LANGUAGE sql STABLE
RETURN (
    SELECT coalesce(max(number) FILTER (WHERE selection <> ''), 0)
    FROM public.enterprises_registerimport
);
ALTER POLICY when_whole ON enterprises_enterprise
    USING ((SELECT enterprises_whole()) AND extract > (SELECT enterprises_selected()));
ALTER POLICY when_whole ON enterprises_establishment
    USING ((SELECT enterprises_whole()) AND extract > (SELECT enterprises_selected()));
ALTER POLICY when_whole ON enterprises_activity
    USING ((SELECT enterprises_whole()) AND extract > (SELECT enterprises_selected()));
"""


class Migration(migrations.Migration):
    dependencies = [("enterprises", "0004_accounts_wall")]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
