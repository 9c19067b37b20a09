"""Who signs in at ACM/IDM: an account of one's own per subject, by one narrow function.

The doorkeeper itself reads and writes nothing of the library's tables: whoever could write there
would tie a subject of their own to somebody else's account.
"""

from django.db import migrations

SQL = """
GRANT SELECT (user_id, provider, uid),
    INSERT (user_id, provider, uid, last_login, date_joined, extra_data)
    ON socialaccount_socialaccount TO cst_porter;
GRANT INSERT (action, subject_id, at, actor_id, actor_name, facts) ON audit_entry TO cst_porter;
-- What the porter lets happen stands on record, and nothing else does by its hand.
CREATE POLICY tells ON audit_entry FOR INSERT TO cst_porter
    WITH CHECK (action IN ('user.add', 'invitation.accept', 'sign_in.refuse'));

-- The account of a subject of ACM/IDM. At the first coming it is made, and that is on record.
CREATE FUNCTION cst_welcome(subject text, called text, moment timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    found_id bigint;
BEGIN
    -- Somebody who comes twice at the same moment is welcomed one time after the other.
    PERFORM pg_advisory_xact_lock(hashtextextended('acmidm:' || subject, 0));
    SELECT a.user_id INTO found_id FROM socialaccount_socialaccount a
        WHERE a.provider = 'acmidm' AND a.uid = subject;
    IF found_id IS NULL THEN
        INSERT INTO accounts_user (email, name, kind, is_active, is_superuser, password)
            VALUES (gen_random_uuid() || '@acmidm.invalid', called, 'person', true, false, '!')
            RETURNING id INTO found_id;
        INSERT INTO socialaccount_socialaccount
            (user_id, provider, uid, last_login, date_joined, extra_data)
            VALUES (found_id, 'acmidm', subject, moment, moment, '{}');
        INSERT INTO audit_entry (action, subject_id, at, actor_id, actor_name, facts)
            VALUES ('user.add', found_id::text, moment, found_id, called,
                '{"kind": "person", "by": "acmidm"}');
    END IF;
    RETURN found_id;
END
$$;
REVOKE ALL ON FUNCTION cst_welcome(text, text, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION cst_welcome(text, text, timestamptz) TO cst_doorkeeper;

GRANT CREATE ON SCHEMA public TO cst_porter;
ALTER FUNCTION cst_welcome(text, text, timestamptz) OWNER TO cst_porter;
REVOKE CREATE ON SCHEMA public FROM cst_porter;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_guests"),
        ("audit", "0002_walls"),
        ("providers", "0005_people_and_machines"),
        ("socialaccount", "0006_alter_socialaccount_extra_data"),
    ]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
