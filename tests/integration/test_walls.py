"""The walls between tenants: what raw SQL in a provider's role can and cannot do."""

import psycopg
import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction

from apps.claims.services import stop_dossier
from apps.documents.services import note_document_held_elsewhere
from apps.dossiers.models import Dossier
from apps.dossiers.services import refuse_dossier
from apps.eligibility.services import keep_facts
from apps.providers.scope import across_providers, inside
from tests import factories as make

TENANT_TABLES = sorted(
    model._meta.db_table
    for model in apps.get_models()
    # A library's own "provider" is one of identities.
    if model._meta.app_config.name.startswith("apps.")
    if any(field.column == "provider_id" for field in model._meta.concrete_fields)
)


# What the agency alone knows and does: earlier help and aid by others, the register.
AGENCY_ALONE = {"eligibility_workings", "dossiers_registerentry"}


@pytest.fixture
def two_providers(committed):
    """Alfa and Beta, each with a paid-for history, really committed."""
    with across_providers(), transaction.atomic():
        for slug in ("alfa", "beta"):
            provider = make.make_provider(slug)
            make.make_key(provider)
            make.verified_claim(make.make_contract(provider))
        return [contract.provider for contract in _contracts()]


def _contracts():
    from apps.contracts.models import Contract

    return Contract.objects.select_related("provider").order_by("provider__slug")


def rows(statement, params=()):
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return cursor.fetchall() if cursor.description else cursor.rowcount


def test_every_table_with_a_provider_has_the_wall_up(db):
    walled = rows(
        "SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity AND relkind='r'"
    )

    assert set(TENANT_TABLES) <= {name for (name,) in walled}
    assert "dossiers_dossier" in TENANT_TABLES
    assert len(TENANT_TABLES) >= 14


def test_a_provider_sees_its_own_rows_and_no_others(two_providers):
    alfa, beta = two_providers
    for table in set(TENANT_TABLES) - AGENCY_ALONE:
        with across_providers(), transaction.atomic():
            owners = {pk for (pk,) in rows(f"SELECT DISTINCT provider_id FROM {table}")}
        with inside(alfa.pk), transaction.atomic():
            seen = {pk for (pk,) in rows(f"SELECT DISTINCT provider_id FROM {table}")}
        assert seen == owners & {alfa.pk}
        assert owners <= {alfa.pk, beta.pk, None}
    with inside(alfa.pk), transaction.atomic():
        assert rows("SELECT slug FROM providers_provider") == [("alfa",)]


@pytest.mark.parametrize("table", sorted(AGENCY_ALONE))
def test_what_the_agency_knows_of_others_no_provider_reads(two_providers, table):
    with (
        inside(two_providers[0].pk),
        pytest.raises(DatabaseError, match="permission denied"),
        transaction.atomic(),
    ):
        rows(f"SELECT 1 FROM {table} LIMIT 1")


def test_what_could_leak_was_there(two_providers):
    """The test before this one means nothing for a table that holds nothing of Beta."""
    beta = two_providers[1]
    empty = {
        *("payouts_payment", "payouts_paymentline", "receipts_receipt"),
        *("dossiers_registerentry", "eligibility_confirmation"),
    }
    with across_providers(), transaction.atomic():
        for table in TENANT_TABLES:
            count = rows(f"SELECT count(*) FROM {table} WHERE provider_id = %s", [beta.pk])[0][0]
            assert (count > 0) == (table not in empty), table


def test_without_a_scope_the_database_refuses_loudly(two_providers):
    for table in TENANT_TABLES:
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            rows(f"SELECT 1 FROM {table} LIMIT 1")
    with pytest.raises(DatabaseError, match="permission denied"):
        Dossier.objects.count()


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
    alfa, beta = two_providers
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
    with (
        inside(alfa.pk),
        pytest.raises(DatabaseError, match="dossiers_dossier_contract_id_kin"),
        transaction.atomic(),
    ):
        rows(statement)
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
        *("replaces", "assessment", "finding"),
        # Of a random secret.
        "digest",
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
