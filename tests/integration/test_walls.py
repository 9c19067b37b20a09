"""The walls between tenants: what raw SQL in a provider's role can and cannot do."""

from uuid import uuid4

import psycopg
import pytest
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.contrib.sessions.models import Session
from django.db import DatabaseError, connection, transaction

from apps.accounts.keys import in_name_of, sealed
from apps.accounts.session_store import SessionStore
from apps.claims.services import stop_dossier
from apps.documents.services import note_document_held_elsewhere
from apps.dossiers.models import Dossier
from apps.dossiers.services import refuse_dossier
from apps.eligibility.services import keep_facts
from apps.providers.scope import Scope, across_providers, inside
from tests import factories as make

TENANT_TABLES = sorted(
    model._meta.db_table
    for model in apps.get_models()
    # A library's own "provider" is one of identities.
    if model._meta.app_config.name.startswith("apps.")
    if any(field.column == "provider_id" for field in model._meta.concrete_fields)
)


# What the agency alone knows and does: earlier help and aid by others, the register.
AGENCY_ALONE = {
    *("eligibility_workings", "dossiers_registerentry", "dossiers_access"),
    "handling_handler",
    "members_arrival",
}

# What a dossier gets later on: made by the test of it alone, since the others count rows.
COMES_LATER = ("claims_endreport", "dossiers_amendment")

# Of these the world of this file holds nothing.
EMPTY = {
    *("payouts_payment", "payouts_paymentline", "receipts_receipt", "members_invitation"),
    *("dossiers_registerentry", "dossiers_access", "eligibility_confirmation"),
    *("handling_handler", "members_arrival", "reporting_export", *COMES_LATER),
}


@pytest.fixture
def two_providers(committed):
    """Alfa and Beta, each with a paid-for history, really committed."""
    return make_two_providers()


def make_two_providers():
    with across_providers(), transaction.atomic():
        for slug in ("alfa", "beta"):
            provider = make.make_provider(slug)
            make.make_key(provider)
            make.draft(provider, make.make_user(slug))
            claim = make.verified_claim(make.make_contract(provider))
            make.message(claim.dossier, by_agency=False)
        return [contract.provider for contract in _contracts()]


def _contracts():
    from apps.contracts.models import Contract

    return Contract.objects.select_related("provider").order_by("provider__slug")


def rows(statement, params=()):
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return cursor.fetchall() if cursor.description else cursor.rowcount


def test_every_table_with_a_provider_has_the_wall_up(db):
    must_wall_every_table()


def must_wall_every_table():
    walled = rows(
        "SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity AND relkind='r'"
    )

    assert set(TENANT_TABLES) <= {name for (name,) in walled}
    assert "dossiers_dossier" in TENANT_TABLES
    assert len(TENANT_TABLES) >= 14


def test_a_provider_sees_its_own_rows_and_no_others(two_providers):
    must_see_its_own_rows_alone(*two_providers)


def must_see_its_own_rows_alone(alfa, beta):
    for table in set(TENANT_TABLES) - AGENCY_ALONE:
        with across_providers(), transaction.atomic():
            owners = {pk for (pk,) in rows(f"SELECT DISTINCT provider_id FROM {table}")}
        with inside(alfa.pk), transaction.atomic():
            seen = {pk for (pk,) in rows(f"SELECT DISTINCT provider_id FROM {table}")}
        assert seen == owners & {alfa.pk}
        assert owners <= {alfa.pk, beta.pk, None}
    with inside(alfa.pk), transaction.atomic():
        assert rows("SELECT slug FROM providers_provider") == [("alfa",)]


def test_also_of_what_comes_later_a_provider_sees_its_own_alone(two_providers):
    with across_providers(), transaction.atomic():
        for contract in _contracts():
            make.end_report(make.completed(contract))
            make.amended(make.approved(contract))
        for table in COMES_LATER:
            assert rows(f"SELECT count(DISTINCT provider_id) FROM {table}") == [(2,)]
    must_see_its_own_rows_alone(*two_providers)


@pytest.mark.parametrize("table", sorted(AGENCY_ALONE))
def test_what_the_agency_knows_of_others_no_provider_reads(two_providers, table):
    must_not_read(two_providers[0], table)


def must_not_read(provider, table):
    assert outcome_inside(provider, f"SELECT 1 FROM {table} LIMIT 1", ()) == "refused"


def test_what_could_leak_was_there(two_providers):
    """The test before this one means nothing for a table that holds nothing of Beta."""
    beta = two_providers[1]
    with across_providers(), transaction.atomic():
        for table in TENANT_TABLES:
            count = rows(f"SELECT count(*) FROM {table} WHERE provider_id = %s", [beta.pk])[0][0]
            assert (count > 0) == (table not in EMPTY), table


def test_without_a_scope_the_database_refuses_loudly(two_providers):
    for table in TENANT_TABLES:
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            rows(f"SELECT 1 FROM {table} LIMIT 1")
    with pytest.raises(DatabaseError, match="permission denied"):
        Dossier.objects.count()


def ask_as(role, told, question):
    """Ask in a role of the database, with a tenant that SQL itself names."""
    with transaction.atomic():
        rows(
            "SELECT set_config('role', %s, true), set_config('app.provider', %s, true)",
            [role, told],
        )
        return rows(question)


def must_not_name_another(alfa, beta):
    alfa, beta = (Scope("cst_provider", provider.pk).told for provider in (alfa, beta))
    number, _, seal = beta.partition(".")
    for told in (
        *(number, f"{number}.", f"{number}.{'0' * 64}", f"{number}.{seal[:-1]}", f"0{beta}"),
        f"{number}.{alfa.partition('.')[2]}",
    ):
        for question in (
            "SELECT reference FROM dossiers_dossier",
            "SELECT * FROM cst_members()",
            "UPDATE dossiers_dossier SET started_on = NULL",
            "SELECT contracts_lock(id) FROM contracts_contract",
        ):
            with pytest.raises(DatabaseError, match="permission denied: no such scope"):
                ask_as("cst_provider", told, question)
    # With its seal the same works: nothing else stood in the way.
    assert len(ask_as("cst_provider", beta, "SELECT reference FROM dossiers_dossier")) == 1


def test_sql_cannot_name_another_tenant(two_providers):
    must_not_name_another(*two_providers)


@pytest.mark.parametrize("role", ["cst_doorkeeper", "cst_provider", "cst_backoffice"])
def test_nobody_reads_the_key_of_the_seals(two_providers, role):
    with pytest.raises(DatabaseError, match="permission denied for table"):
        ask_as(role, "", "SELECT * FROM cst_seal")


def test_running_statements_show_no_seal(two_providers):
    seal = Scope("", two_providers[0].pk).told.partition(".")[2]
    with inside(two_providers[0].pk), transaction.atomic():
        rows("RESET ROLE")
        [(seen,)] = rows("SELECT string_agg(query, '|') FROM pg_stat_activity")
    assert "pg_stat_activity" in seen
    assert seal not in seen


def test_every_wall_asks_for_the_seal(db):
    unsealed = rows(
        "SELECT tablename, policyname FROM pg_policies"
        " WHERE concat(qual, with_check) LIKE '%%app.provider%%'"
        " UNION SELECT proname, '' FROM pg_proc"
        " WHERE prosrc LIKE '%%app.provider%%' AND proname <> 'cst_tenant'"
    )
    assert unsealed == []


@pytest.mark.parametrize("table", TENANT_TABLES)
def test_a_provider_writes_nothing_of_another(two_providers, table):
    alfa, beta = two_providers
    for statement in (
        f"UPDATE {table} SET provider_id = provider_id WHERE provider_id = %(beta)s",
        f"UPDATE {table} SET provider_id = %(beta)s",
        f"DELETE FROM {table} WHERE provider_id = %(beta)s",
        f"DELETE FROM {table}",
    ):
        assert outcome_inside(alfa, statement, {"beta": beta.pk}) in ("refused", 0), statement


def outcome_inside(provider, statement, params):
    """How many rows a statement changes in a provider's role, or that it is refused."""
    with inside(provider.pk):
        try:
            with transaction.atomic():
                return rows(statement, params)
        except DatabaseError as error:
            told = (
                *("permission denied", "row-level security", "append-only"),
                "a provider does not do this",
            )
            return "refused" if any(words in str(error) for words in told) else str(error)


def test_a_provider_cannot_point_its_own_row_at_another_provider(two_providers):
    """Checks of foreign keys look past row level security; the composite keys do not let it."""
    must_not_point_at_another(*two_providers)


def must_not_point_at_another(alfa, beta):
    with across_providers(), transaction.atomic():
        [(foreign,)] = rows("SELECT id FROM contracts_contract WHERE provider_id=%s", [beta.pk])
        sheet = keep_facts(
            provider_id=alfa.pk, stated=make.facts(), source="test", stated_on=make.AT.date()
        ).pk
        [(own,)] = rows("SELECT id FROM contracts_contract WHERE provider_id=%s", [alfa.pk])
        offer, declaration = (
            note_document_held_elsewhere(
                provider_id=alfa.pk,
                kind=kind,
                name=kind,
                held_at="elsewhere",
                actor=make.make_user(),
                at=make.AT,
            ).pk
            for kind in ("offer", "declaration")
        )
    columns = {
        "id": "gen_random_uuid()",
        "provider_id": str(alfa.pk),
        "contract_id": str(foreign),
        "reference": "'X'",
        "imported_as": "''",
        "state": "'submitted'",
        "enterprise_number": "'1999000150'",
        "enterprise_name": "'X'",
        "facts_id": f"'{sheet}'",
        "offer_id": f"'{offer}'",
        "declaration_id": f"'{declaration}'",
        "package": "'basis'",
        "with_extension": "false",
        "price_excl_vat": "30000",
        "person_days": "30",
        "submitted_on": "'2022-02-01'",
        "submitted_at": "now()",
        "submitted_by_id": "1",
        "decision_reason": "''",
        "ended_reason": "''",
    }
    statement = (
        f"INSERT INTO dossiers_dossier ({', '.join(columns)}) "
        f"VALUES ({', '.join(columns.values())})"
    )
    assert "dossiers_dossier_contract_id_kin" in str(outcome_inside(alfa, statement, ()))
    # The same row on its own contract is accepted: nothing else was in the way.
    columns["contract_id"] = str(own)
    with inside(alfa.pk), transaction.atomic():
        assert rows(
            f"INSERT INTO dossiers_dossier ({', '.join(columns)}) "
            f"VALUES ({', '.join(columns.values())})"
        )


def test_a_provider_decides_nothing_about_its_own(two_providers):
    alfa = two_providers[0]
    for statement in (
        "UPDATE dossiers_dossier SET granted_incl_vat = 1",
        "UPDATE dossiers_dossier SET state = 'approved'",
        "UPDATE claims_claim SET state = 'verified'",
        "UPDATE contracts_contract SET budget = 1000000",
        "UPDATE contracts_contract SET valid_until = '2030-01-01'",
        "INSERT INTO eligibility_finding SELECT * FROM eligibility_finding",
        'INSERT INTO contracts_ledgerentry (id, provider_id, contract_id, kind, amount, "on", '
        "case_id, reason, made_by_id) SELECT gen_random_uuid(), provider_id, contract_id, 'pay', "
        "1, \"on\", case_id, '', made_by_id FROM contracts_ledgerentry LIMIT 1",
        "UPDATE contracts_ledgerentry SET amount = 1",
        "SELECT * FROM payouts_run",
        "SELECT * FROM payouts_paymentfile",
        "SELECT * FROM accounts_user",
        "SELECT * FROM accounts_user_groups",
        "SELECT * FROM providers_providergroupobjectpermission",
        "SELECT * FROM django_session",
        "CALL cst_wall('dossiers_dossier', '', '')",
        "ALTER TABLE dossiers_dossier DISABLE ROW LEVEL SECURITY",
    ):
        with (
            inside(alfa.pk),
            pytest.raises(DatabaseError, match=r"denied|row-level|must be owner|does not do this"),
            transaction.atomic(),
        ):
            rows(statement)


RELEASE = (
    'INSERT INTO contracts_ledgerentry (id, provider_id, contract_id, kind, amount, "on", case_id,'
    " cause_id, reason, made_by_id) SELECT gen_random_uuid(), provider_id, id, 'release',"
    " {amount}, '2022-02-02', {case}, {case}, '', 1 FROM contracts_contract"
)


def test_a_provider_releases_only_what_it_withdrew(two_providers):
    alfa = two_providers[0]
    with inside(alfa.pk), transaction.atomic():
        [(running,)] = rows("SELECT id FROM dossiers_dossier")
    for amount, case in (
        ("16335", "gen_random_uuid()"),
        ("16335", f"'{running}'"),
        ("1", f"'{running}'"),
    ):
        statement = RELEASE.format(amount=amount, case=case)
        assert outcome_inside(alfa, statement, ()) == "refused"


@pytest.fixture
def refused_and_stopped(two_providers):
    """Of Alfa: a refused and a stopped dossier, beside the one in delivery."""
    alfa = two_providers[0]
    with across_providers(), transaction.atomic():
        contract = alfa.contracts.get()
        refuse_dossier(
            dossier=make.assessed(contract), reason="x", actor=make.make_user(), at=make.AT
        )
        stop_dossier(
            dossier=make.started(contract),
            cause="not_entitled",
            reason="x",
            actor=make.make_user(),
            at=make.AT,
        )
        make.approved(contract)
    return alfa


@pytest.mark.parametrize(
    "change",
    [
        "state = 'in_delivery', ended_on = NULL, ended_reason = '', keeps = NULL,"
        " comes_back = NULL, completed_on = NULL WHERE state = 'stopped'",
        "state = 'in_delivery', helped_until = '2099-01-01', started_on = '2022-03-01'"
        " WHERE state = 'refused'",
        "started_on = '2022-01-15' WHERE state = 'in_delivery'",
        "helped_until = decided_on WHERE state = 'in_delivery'",
        "state = 'withdrawn', helped_until = NULL, ended_on = '2022-03-01', ended_reason = 'x',"
        " keeps = 0, comes_back = 0, started_on = NULL WHERE state = 'in_delivery'",
        "helped_until = NULL WHERE state = 'approved'",
        "state = 'withdrawn', ended_on = '2022-03-01', ended_reason = 'x', keeps = 0,"
        " comes_back = 500, helped_until = NULL WHERE state = 'approved'",
        "state = 'completed', completed_on = '2022-03-01', started_on = '2022-02-01'"
        " WHERE state = 'approved'",
    ],
)
def test_a_provider_moves_its_dossiers_no_other_way(refused_and_stopped, change):
    statement = f"UPDATE dossiers_dossier SET {change}"
    with (
        inside(refused_and_stopped.pk),
        pytest.raises(DatabaseError, match="a provider does not do this"),
        transaction.atomic(),
    ):
        rows(statement)


def test_a_provider_does_what_it_may_by_the_same_statements(refused_and_stopped):
    """Nothing else stood in the way of the statements before."""
    assert (
        outcome_inside(
            refused_and_stopped,
            "UPDATE dossiers_dossier SET state = 'in_delivery', started_on = '2022-03-01' "
            "WHERE state = 'approved'",
            (),
        )
        == 1
    )


def test_a_decision_without_its_amounts_is_refused_to_the_agency_too(two_providers):
    """A check passes where it says nothing: what must be there is asked for by name."""
    with across_providers(), transaction.atomic():
        dossier = make.assessed(two_providers[0].contracts.get())
    for change in (
        "state = 'approved', decided_on = '2022-02-01', decided_at = now(), decided_by_id = 1,"
        " helped_until = '2026-02-01', share = 1",
        "state = 'withdrawn', ended_on = '2022-02-01', ended_reason = 'x'",
    ):
        with (
            across_providers(),
            pytest.raises(DatabaseError, match=r"dossier_granted|dossier_ended"),
            transaction.atomic(),
        ):
            rows(f"UPDATE dossiers_dossier SET {change} WHERE id = %s", [dossier.pk])


def test_a_dossier_is_judged_by_an_assessment_of_its_own_facts(two_providers):
    with across_providers(), transaction.atomic():
        contract = two_providers[0].contracts.get()
        good, other = make.assessed(contract), make.submitted(contract)
    with (
        across_providers(),
        pytest.raises(DatabaseError, match="assessment_of_its_facts"),
        transaction.atomic(),
    ):
        rows(
            "UPDATE dossiers_dossier SET assessment_id = %s WHERE id = %s",
            [good.assessment_id, other.pk],
        )


def test_a_temporary_table_takes_no_balance_away(two_providers):
    alfa = two_providers[0]
    with across_providers(), transaction.atomic():
        dossier = make.assessed(alfa.contracts.get())
    with across_providers(), transaction.atomic():
        rows(
            "CREATE TEMPORARY TABLE contracts_contract ON COMMIT DROP AS "
            "SELECT * FROM public.contracts_contract"
        )
        rows("GRANT ALL ON contracts_contract TO cst_keeper")
        before = rows(
            "SELECT committed FROM public.contracts_contract WHERE provider_id = %s", [alfa.pk]
        )
        rows(
            "INSERT INTO contracts_ledgerentry (id, provider_id, contract_id, kind, amount,"
            ' "on", case_id, reason, made_by_id) SELECT gen_random_uuid(), provider_id, id,'
            " 'commit', 1, '2022-02-02', %s, '', 1 FROM public.contracts_contract"
            " WHERE provider_id = %s",
            [dossier.pk, alfa.pk],
        )
        after = rows(
            "SELECT committed FROM public.contracts_contract WHERE provider_id = %s", [alfa.pk]
        )
    assert after[0][0] - before[0][0] == 1


def test_nobody_makes_temporary_tables_in_a_migrated_database(servers, template):
    with psycopg.connect(servers.database_url("postgres", "postgres"), autocommit=True) as link:
        [(may,)] = link.execute(
            "SELECT has_database_privilege('cst_web', %s, 'TEMPORARY')", [template]
        ).fetchall()
    assert not may


def test_a_provider_writes_down_no_deed_of_the_agency(two_providers):
    alfa = two_providers[0]
    forged = (
        "INSERT INTO audit_entry (provider_id, action, subject_id, at, actor_id, actor_name, facts)"
        " VALUES (%s, %s, 'x', now(), 1, 'Officer', '{}')"
    )
    assert outcome_inside(alfa, forged, [alfa.pk, "dossier.approve"]) == "refused"
    assert outcome_inside(alfa, forged, [alfa.pk, "dossier.start"]) == 1


def test_the_doorkeeper_reads_who_someone_is_and_nothing_else(two_providers):
    readable = set()
    for model in apps.get_models():
        try:
            with transaction.atomic():
                rows(f"SELECT * FROM {model._meta.db_table} LIMIT 1")
        except DatabaseError:
            continue
        readable.add(model._meta.db_table)

    assert readable == {
        *("accounts_user", "auth_group", "auth_permission"),
        *("django_content_type", "django_session", "providers_providergroupobjectpermission"),
        # Second factors are encrypted, with a key that is not in the database.
        *("mfa_authenticator", "usersessions_usersession", "account_emailaddress"),
        # The terms are public: the pre-check is for everybody.
        *("programme_edition", "programme_package", "programme_legalform"),
        "programme_activityrule",
        # So are the register and the annual accounts; they do not say who was helped.
        *("enterprises_enterprise", "enterprises_establishment", "enterprises_activity"),
        *("enterprises_code", "enterprises_accounts", "enterprises_registerimport"),
    }
    with pytest.raises(DatabaseError, match="permission denied"):
        rows("SELECT iban FROM providers_provider")


def test_the_login_takes_no_role_but_its_three(servers, committed):
    with psycopg.connect(servers.database_url("cst_web", committed), autocommit=True) as link:
        for role in ("cst_owner", "cst_keeper", "postgres"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                link.execute(f"SET ROLE {role}")
        # Without a role it inherits nothing.
        for table in ("dossiers_dossier", "accounts_user", "contracts_contract"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                link.execute(f"SELECT 1 FROM {table}")


def test_a_scope_narrows_and_never_widens(two_providers):
    alfa, beta = two_providers
    with inside(alfa.pk):
        for widen in (across_providers, lambda: inside(beta.pk)):
            with pytest.raises(AssertionError, match="narrows"), widen():
                pass


def test_a_scope_ends_with_its_block_also_in_the_middle_of_a_transaction(two_providers):
    alfa, beta = two_providers
    with transaction.atomic():
        with across_providers():
            assert Dossier.objects.count() == 2
            with inside(alfa.pk):
                assert Dossier.objects.get().provider_id == alfa.pk
            with inside(beta.pk):
                assert Dossier.objects.get().provider_id == beta.pk
            assert Dossier.objects.count() == 2
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            Dossier.objects.count()


def test_a_connection_carries_no_tenant_to_whoever_uses_it_next(two_providers):
    alfa, _ = two_providers
    with inside(alfa.pk), transaction.atomic():
        rows("SELECT 1")

    assert rows("SELECT current_user, current_setting('app.provider', true)") in (
        [("cst_doorkeeper", "")],
        [("cst_doorkeeper", None)],
    )


def test_one_provider_tells_another_nothing_by_a_unique_key(two_providers):
    """References, keys of requests and names in files are unique per provider, not in all."""
    shared = rows_of_unique_keys()
    allowed_without_provider = {
        # Random or global by nature, and not a provider's to write.
        *("id", "run,provider", "end_to_end_id", "assessment,question", "claim", "facts"),
        # Within one dossier of one's own.
        *("dossier,quarter,version", "dossier,tranche", "case_id", "cause_id,kind"),
        # One's own papers, facts and statements, by random identifiers.
        *("offer", "declaration", "id,facts", "id,dossier"),
        *("replaces", "assessment", "finding", "dossier"),
        # Of a random secret.
        "digest",
        # Of papers and versions within one dossier.
        *("letter", "document", "dossier,version"),
    }
    for table, columns in shared:
        assert "provider" in columns.split(",") or columns in allowed_without_provider, (
            table,
            columns,
        )


def rows_of_unique_keys():
    for model in apps.get_models():
        if model._meta.db_table in TENANT_TABLES:
            for field in model._meta.concrete_fields:
                if field.unique and not field.primary_key:
                    yield model._meta.db_table, field.name
            for constraint in model._meta.constraints:
                if fields := getattr(constraint, "fields", ()):
                    yield model._meta.db_table, ",".join(fields)


# ---- What raw SQL can ask beside tables ----------------------------------------------------------


REFUSED = (
    # Files, programmes and copies past the walls.
    "COPY dossiers_dossier FROM STDIN",
    "COPY dossiers_dossier TO '/tmp/x'",
    "COPY (SELECT 1) TO PROGRAM 'id'",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT pg_ls_dir('.')",
    "SELECT lo_export(1, '/tmp/x')",
    "SELECT * FROM pg_largeobject",
    # Numbers that count for all.
    "SELECT nextval('audit_entry_id_seq')",
    "SELECT currval('audit_entry_id_seq')",
    "SELECT last_value FROM audit_entry_id_seq",
    "SELECT lastval() FROM (SELECT setval('accounts_user_id_seq', 1)) AS set",
    # What is known of the distribution of values.
    "SELECT * FROM pg_statistic",
    "SELECT * FROM pg_statistic_ext_data",
    # Code and tables of one's own, and other ways round the policy.
    "CREATE TABLE mine (a int)",
    "CREATE VIEW mine AS SELECT * FROM dossiers_dossier",
    "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE POLICY mine ON dossiers_dossier USING (true)",
    "DO $$ BEGIN PERFORM 1 FROM payouts_run; END $$",
    "DO $$ BEGIN SET LOCAL row_security = off; PERFORM 1 FROM dossiers_dossier; END $$",
    "TRUNCATE dossiers_dossier",
    "LOCK TABLE payouts_run IN ACCESS SHARE MODE",
    "ANALYZE payouts_run; SELECT 1 FROM payouts_run",
)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("statement", REFUSED)
def test_raw_sql_goes_round_no_wall(two_providers, statement):
    refused = r"denied|must be owner|not supported with row-level|affected by row-level"
    with inside(two_providers[0].pk), transaction.atomic():
        with pytest.raises(DatabaseError, match=refused):
            rows(statement)
        transaction.set_rollback(True)


def test_a_block_sees_its_own_rows_alone(two_providers):
    alfa, _ = two_providers
    counted = "DO $$ BEGIN IF (SELECT count(*) FROM dossiers_dossier) <> 1 THEN RAISE 'more';"
    with inside(alfa.pk), transaction.atomic():
        rows(f"{counted} END IF; END $$")
        assert rows("SELECT viewname FROM pg_views WHERE schemaname = 'public'") == []


# What a provider's role may call with the rights of another.
FUNCTIONS = {
    *("cst_tenant", "cst_members", "cst_shut_out", "cst_let_in", "cst_new_machine"),
    "contracts_lock",
}


def test_functions_with_other_rights_answer_for_ones_own_alone(two_providers):
    alfa, beta = two_providers
    with across_providers(), transaction.atomic():
        theirs = make.make_member(beta, "coach")
        came, shut = make.arrived(beta, "coach"), make.arrived(beta, "coach", shut_out=True)
        contract = beta.contracts.get().pk
    with inside(alfa.pk), transaction.atomic():
        found = rows(
            "SELECT proname FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace"
            " AND has_function_privilege(oid, 'EXECUTE') AND prorettype <> 'trigger'::regtype"
        )
        assert {name for (name,) in found} == FUNCTIONS
        assert rows("SELECT * FROM cst_members()") == []
        for nobody in (theirs.pk, came.pk, shut.pk, 10**15, -1):
            assert rows("SELECT cst_shut_out(%s)", [nobody]) == [(False,)]
            assert rows("SELECT cst_let_in(%s)", [nobody]) == [(False,)]
    # Of a contract of another the same is told as of one that is not there.
    unknown = "00000000-0000-4000-8000-000000000000" if len(str(contract)) == 36 else 10**15
    assert outcome_inside(alfa, "SELECT contracts_lock(%s)", [contract]) == outcome_inside(
        alfa, "SELECT contracts_lock(%s)", [unknown]
    )
    with inside(beta.pk), transaction.atomic():
        assert {(row[2], row[3]) for row in rows("SELECT * FROM cst_members()")} == {
            *((theirs.email, "coach"), (came.email, "coach"), (shut.email, "")),
        }


def test_statistics_and_plans_tell_no_value(two_providers, servers):
    alfa, beta = two_providers
    with across_providers(), transaction.atomic():
        [(name, number)] = rows(
            "SELECT enterprise_name, enterprise_number FROM dossiers_dossier"
            " WHERE provider_id = %s",
            [beta.pk],
        )
    database = connection.settings_dict["NAME"]
    with psycopg.connect(servers.database_url("postgres", database), autocommit=True) as link:
        link.execute("ANALYZE")
    with inside(alfa.pk), transaction.atomic():
        known = rows("SELECT tablename FROM pg_stats WHERE schemaname = 'public'")
        assert {table for (table,) in known}.isdisjoint(TENANT_TABLES)
        for asked in (name, "Voorbeeld nergens"):
            for how in ("EXPLAIN", "EXPLAIN (ANALYZE, TIMING OFF, SUMMARY OFF, BUFFERS OFF)"):
                plan = rows(
                    f"{how} SELECT * FROM dossiers_dossier WHERE enterprise_name = %s", [asked]
                )
                assert number not in str(plan).replace(asked, "")


@pytest.mark.parametrize("column", ["enterprise_name", "enterprise_number", "reference", "id"])
def test_a_plan_is_the_same_for_what_another_has_and_for_what_nobody_has(two_providers, column):
    alfa, beta = two_providers
    with across_providers(), transaction.atomic():
        [(theirs,)] = rows(
            f"SELECT {column}::text FROM dossiers_dossier WHERE provider_id = %s", [beta.pk]
        )
    nobodys = theirs.translate(str.maketrans("0123456789", "1234567890"))
    with inside(alfa.pk), transaction.atomic():
        one, other = (
            str(rows(f"EXPLAIN SELECT 1 FROM dossiers_dossier WHERE {column} = %s", [asked]))
            for asked in (theirs, nobodys)
        )
    assert one.replace(theirs, "") == other.replace(nobodys, "")


def test_what_others_ask_just_now_is_not_told(two_providers, servers):
    database = connection.settings_dict["NAME"]
    with psycopg.connect(servers.database_url("cst_web", database)) as other:
        other.execute("SELECT 'Kanarie', pg_advisory_xact_lock(hashtextextended('sleutel', 2))")
        with inside(two_providers[0].pk), transaction.atomic():
            [seen] = rows(
                "SELECT query, client_addr, application_name, state FROM pg_stat_activity"
                " WHERE pid = %s",
                [other.info.backend_pid],
            )
            locks = rows(
                "SELECT l::text FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
                " WHERE locktype = 'advisory' AND datname = current_database()"
            )
    assert seen == ("<insufficient privilege>", None, "", None)
    # That some key is used is seen, as a number; not which, nor whose.
    assert len(locks) == 1
    assert "sleutel" not in str(locks)


def test_what_the_portal_asks_just_now_nobody_sees_of_another_connection(servers, committed):
    """Also as the login itself, which all processes of the portal share: they ask in clear."""
    url = servers.database_url("cst_portal", committed)
    with psycopg.connect(url) as other, psycopg.connect(url, autocommit=True) as link:
        other.execute("SELECT 'Kanarie'")
        link.execute("SET ROLE NONE")
        seen = link.execute(
            "SELECT query FROM pg_stat_activity WHERE pid = %s", [other.info.backend_pid]
        ).fetchone()
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            link.execute("SET track_activities = on")
    assert seen == ("",)


def test_a_row_of_a_provider_names_no_file_of_another(two_providers):
    alfa, beta = two_providers
    theirs = f"{beta.pk}/{uuid4()}"
    for statement in (
        "INSERT INTO documents_document SELECT (jsonb_populate_record(d, jsonb_build_object("
        "'id', gen_random_uuid(), 'file', %s::text))).* FROM documents_document d LIMIT 1",
        "INSERT INTO reporting_export (id, provider_id, asked_by_id, asked_at, sees_all, query,"
        " form, rows, file) SELECT gen_random_uuid(), cst_tenant(), received_by_id, now(), false,"
        " '', 'csv', 1, %s FROM documents_document LIMIT 1",
    ):
        assert outcome_inside(alfa, statement, [theirs]) == "refused"
        assert outcome_inside(alfa, statement, [""]) != "refused"


@pytest.mark.parametrize("role", ["cst_doorkeeper", "cst_provider", "cst_backoffice"])
def test_nobody_but_the_owner_renews_the_key_of_the_seals(servers, committed, role):
    with psycopg.connect(servers.database_url("cst_web", committed), autocommit=True) as link:
        link.execute(f"SET ROLE {role}")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            link.execute("SELECT cst_keep_seal('x', 'y')")


def test_a_taken_key_tells_nothing_of_who_has_it(two_providers):
    """Whoever guessed a random identifier is told that it is taken, and not a word more."""
    alfa, beta = two_providers
    with across_providers(), transaction.atomic():
        [(theirs,)] = rows(
            "SELECT id FROM documents_document WHERE provider_id = %s LIMIT 1", [beta.pk]
        )
    told = outcome_inside(
        alfa,
        "INSERT INTO documents_document SELECT (jsonb_populate_record(d, jsonb_build_object("
        "'id', %s::text))).* FROM documents_document d LIMIT 1",
        [str(theirs)],
    )
    assert "documents_document_pkey" in told
    assert "DETAIL" not in told
    assert str(theirs) not in told


def test_by_raw_sql_a_provider_learns_how_many_rows_all_have_together(two_providers, servers):
    """What PostgreSQL tells every role, and only a superuser could take away: sums over all
    tenants, never whose or what. No page or endpoint sends such a statement."""
    alfa, _ = two_providers
    database = connection.settings_dict["NAME"]
    with psycopg.connect(servers.database_url("postgres", database), autocommit=True) as link:
        link.execute("ANALYZE dossiers_dossier")
    with inside(alfa.pk), transaction.atomic():
        [(estimate,)] = rows("SELECT reltuples FROM pg_class WHERE relname = 'dossiers_dossier'")
        plan = rows("EXPLAIN (ANALYZE, TIMING OFF) SELECT * FROM dossiers_dossier")
        own = rows("SELECT count(*) FROM dossiers_dossier")
    assert (own, int(estimate)) == ([(1,)], 2)
    assert "Rows Removed by Filter: 1" in str(plan)


def test_functions_with_other_rights_look_nowhere_but_in_our_tables(db):
    """Whoever may make a temporary table would else put one in the place of ours."""
    found = rows(
        "SELECT proname, coalesce(array_to_string(proconfig, ','), '') FROM pg_proc"
        " WHERE prosecdef AND pronamespace = 'public'::regnamespace"
    )
    assert len(found) > 8
    wanted = "search_path=pg_catalog, public, pg_temp"
    assert [name for name, config in found if config != wanted] == []


@pytest.mark.parametrize("login", ["cst_portal", "cst_web"])
def test_how_an_officer_signs_in_changes_at_the_office_alone(servers, committed, login):
    with across_providers(), transaction.atomic():
        officer, member = (
            make.make_officer("auditor"),
            make.make_member(make.make_provider(), "coach"),
        )
    changes = (
        "UPDATE accounts_user SET password = 'x' WHERE id = %s",
        "INSERT INTO mfa_authenticator (user_id, type, data, created_at)"
        " VALUES (%s, 'webauthn', '{}', now())",
        "DELETE FROM mfa_authenticator WHERE user_id = %s",
    )
    with psycopg.connect(servers.database_url(login, committed), autocommit=True) as link:
        link.execute("SET ROLE cst_doorkeeper")
        for change in changes:
            with link.transaction():
                tell(link, member)
                link.execute(change, [member.pk])
        with psycopg.connect(servers.database_url("postgres", committed)) as past_walls:
            tell(past_walls, officer)
            past_walls.execute(changes[1], [officer.pk])
        for change in changes:
            with link.transaction():
                tell(link, officer)
                if login == "cst_web":
                    link.execute(change.replace("webauthn", "totp"), [officer.pk])
                    continue
                refused = pytest.raises(
                    psycopg.errors.InsufficientPrivilege, match="at the office alone"
                )
                with refused, link.transaction():
                    link.execute(change, [officer.pk])


def tell(link, person):
    link.execute("SELECT set_config('app.person', %s, true)", [sealed(f"person:{person.email}")])


@pytest.mark.parametrize("told", ["nobody", "oneself", "unsealed", "borrowed"])
@pytest.mark.parametrize("login", ["cst_portal", "cst_web"])
def test_slipped_in_sql_changes_how_nobody_else_signs_in(servers, committed, login, told):
    """Whoever gets SQL into a process has the seal of their own, at the most."""
    mine, theirs = two_members()
    seal = {
        "nobody": "",
        "oneself": sealed(f"person:{mine.email}"),
        "unsealed": f"person:{theirs.email}",
        "borrowed": f"person:{theirs.email}." + sealed(f"person:{mine.email}")[-64:],
    }[told]
    with psycopg.connect(servers.database_url(login, committed), autocommit=True) as link:
        must_change_their_own_alone(link, mine, theirs, seal)
        if told == "oneself":
            link.execute("UPDATE accounts_user SET password = 'x' WHERE id = %s", [mine.pk])


def two_members():
    """Of one provider, with a second factor each."""
    with across_providers(), transaction.atomic():
        place = make.make_provider()
        two = make.make_member(place, "coach"), make.make_member(place, "manager")
    for person in two:
        with transaction.atomic():
            in_name_of(person.email)
            Authenticator.objects.create(user=person, type="totp", data={})
    return two


def must_change_their_own_alone(link, mine, theirs, seal):
    link.execute("SET ROLE cst_doorkeeper")
    link.execute("SELECT set_config('app.person', %s, false)", [seal])
    for change in (
        "UPDATE accounts_user SET password = 'x' WHERE id = %s",
        "INSERT INTO mfa_authenticator (user_id, type, data, created_at)"
        " VALUES (%s, 'webauthn', '{}', now())",
        "UPDATE mfa_authenticator SET data = '[]' WHERE user_id = %s",
        f"UPDATE mfa_authenticator SET user_id = %s, type = 'x' WHERE user_id = {mine.pk}",
        f"UPDATE mfa_authenticator SET user_id = {mine.pk}, type = 'x' WHERE user_id = %s",
        "DELETE FROM mfa_authenticator WHERE user_id = %s",
    ):
        refused = ""
        try:
            link.execute(change, [theirs.pk])
        except psycopg.errors.InsufficientPrivilege as error:
            refused = str(error)
        assert "own name" in refused or "no such scope" in refused, change


def test_a_session_opens_under_its_own_name_alone(db):
    """Whoever could write rows would else copy an officer's session into their own."""
    mine, theirs = SessionStore(), SessionStore()
    mine["who"], theirs["who"] = "me", "an officer"
    mine.save()
    theirs.save()
    assert SessionStore(mine.session_key)["who"] == "me"
    kept = Session.objects.get(pk=theirs.session_key).session_data
    assert "officer" not in kept
    Session.objects.filter(pk=mine.session_key).update(session_data=kept)
    assert "who" not in SessionStore(mine.session_key)
