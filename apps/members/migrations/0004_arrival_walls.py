"""Who comes by ACM/IDM: kept, seen and shut out by narrow functions, the table itself by nobody."""

from django.db import migrations

SQL = """
CALL cst_wall('members_arrival', '', 'SELECT');
GRANT SELECT, INSERT, UPDATE ON members_arrival TO cst_porter;
GRANT USAGE ON SEQUENCE members_arrival_id_seq TO cst_porter;
CREATE POLICY by_function ON members_arrival TO cst_porter USING (true) WITH CHECK (true);

-- Of people of ACM/IDM alone: nobody else's account can be made to stand among them.
CREATE FUNCTION cst_arrived(who bigint, place text, told varchar[], moment timestamptz)
RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    INSERT INTO members_arrival (user_id, provider_id, roles, at)
    SELECT u.id, p.id, told, moment FROM accounts_user u, providers_provider p
    WHERE u.id = who AND u.email LIKE '%@acmidm.invalid' AND p.slug = place
    ON CONFLICT (user_id, provider_id) DO UPDATE SET roles = excluded.roles, at = excluded.at
$$;

CREATE FUNCTION cst_shut_from(who bigint) RETURNS SETOF varchar
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT p.slug FROM members_arrival a JOIN providers_provider p ON p.id = a.provider_id
    WHERE a.user_id = who AND a.shut_out_at IS NOT NULL
$$;

-- With those who came by ACM/IDM; who is shut out has no role.
CREATE OR REPLACE FUNCTION cst_members()
RETURNS TABLE (user_id bigint, name text, email text, role text, last_login timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT here.* FROM (
    SELECT u.id, u.name, u.email, split_part(g.name, ':', 3), u.last_login
    FROM accounts_user u
    JOIN accounts_user_groups m ON m.user_id = u.id
    JOIN auth_group g ON g.id = m.group_id
    JOIN providers_provider p ON g.name ^@ ('provider:' || p.slug || ':')
    WHERE p.id = cst_tenant() AND u.kind = 'person'
    UNION ALL
    SELECT u.id, u.name, u.email, told.role, a.at
    FROM members_arrival a
    JOIN accounts_user u ON u.id = a.user_id
    CROSS JOIN LATERAL unnest(
        CASE WHEN a.shut_out_at IS NULL THEN a.roles ELSE ARRAY['']::varchar[] END
    ) AS told (role)
    WHERE a.provider_id = cst_tenant() AND u.is_active
    ) AS here (id, name, email, role, last_login) ORDER BY lower(here.name), here.id, here.role
$$;

CREATE OR REPLACE FUNCTION cst_shut_out(member bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    was_in boolean;
BEGIN
    DELETE FROM accounts_user_groups m USING auth_group g, providers_provider p
    WHERE m.user_id = member AND g.id = m.group_id AND p.id = cst_tenant()
        AND g.name ^@ ('provider:' || p.slug || ':');
    was_in := FOUND;
    UPDATE members_arrival SET shut_out_at = now()
    WHERE user_id = member AND provider_id = cst_tenant() AND shut_out_at IS NULL;
    RETURN was_in OR FOUND;
END
$$;

CREATE FUNCTION cst_let_in(member bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE members_arrival SET shut_out_at = NULL
    WHERE user_id = member AND provider_id = cst_tenant() AND shut_out_at IS NOT NULL;
    RETURN FOUND;
END
$$;

REVOKE ALL ON FUNCTION cst_arrived(bigint, text, varchar[], timestamptz), cst_shut_from(bigint),
    cst_let_in(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION cst_arrived(bigint, text, varchar[], timestamptz),
    cst_shut_from(bigint) TO cst_doorkeeper;
GRANT EXECUTE ON FUNCTION cst_let_in(bigint) TO cst_provider;
GRANT CREATE ON SCHEMA public TO cst_porter;
ALTER FUNCTION cst_arrived(bigint, text, varchar[], timestamptz) OWNER TO cst_porter;
ALTER FUNCTION cst_shut_from(bigint) OWNER TO cst_porter;
ALTER FUNCTION cst_let_in(bigint) OWNER TO cst_porter;
REVOKE CREATE ON SCHEMA public FROM cst_porter;

ALTER POLICY own_deeds ON audit_entry WITH CHECK (action IN (
    'document.receive', 'dossier.file', 'dossier.start', 'dossier.complete',
    'dossier.receive_end_report', 'dossier.withdraw', 'statement.file', 'claim.file',
    'member.shut_out', 'member.let_in', 'token.issue', 'token.revoke', 'invitation.send',
    'invitation.withdraw', 'draft.discard', 'message.write', 'message.read', 'end_report.file'
));
"""


class Migration(migrations.Migration):
    dependencies = [
        ("members", "0003_arrivals"),
        ("providers", "0007_keys_of_who_left"),
        ("accounts", "0008_federated"),
        ("handling", "0002_walls"),
    ]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
