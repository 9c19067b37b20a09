"""Many at once on the same euro, tranche, run or enterprise: one gets it, the others are told why.

Everything here is really committed, by threads with connections of their own. Where an order
matters it is not left to luck: a lock of the test's own holds the deeds up until all of them wait.
"""

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import partial
from threading import Barrier, Thread
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from apps.accounts.selectors import timetable
from apps.audit.models import Entry
from apps.claims.models import Claim
from apps.claims.services import (
    ENDED_EARLY,
    NOT_ENTITLED,
    STOP_CAUSES,
    file_claim,
    send_back_claim,
    stop_dossier,
    verify_claim,
)
from apps.contracts.models import Contract
from apps.contracts.selectors import committed_and_paid, ledger_differences
from apps.dossiers.models import Dossier, Draft
from apps.dossiers.services import (
    approve_dossier,
    assess_dossier,
    correct_facts,
    withdraw_dossier,
)
from apps.payouts.models import Payment, PaymentLine, Run
from apps.payouts.services import (
    approve_run,
    check_run,
    draw_up_run,
    mark_sent,
    settle_payment,
    write_payment_file,
)
from apps.providers.scope import Scope, across_providers, inside
from cstraject.refusal import Refusal
from tests import factories
from tests.factories import AT, IN_WINDOW, Q1, RUN_DAY

PATIENCE_SECONDS = 30
AT_ONCE = 32
ROOM = 10
GRANT = Decimal("16335.00")  # 30,000.00 -> 13,500.00 + 2,835.00 of VAT
FIRST_TRANCHE = Decimal("9801.00")
VERIFIED_AT = IN_WINDOW + timedelta(days=3)

Outcome = Any
"""What a deed returned, or the exception that it raised."""


# How things are made to happen at once.


def begin(
    deed: Callable[[], object],
    *,
    go: Callable[[], object] = lambda: None,
    scope: Callable[[], AbstractContextManager[None]] = across_providers,
) -> "Doing":
    """Do something in a thread with a connection of its own, in the agency's scope if not said."""
    doing = Doing()

    def work() -> None:
        try:
            connection.ensure_connection()
            go()
            with scope():
                doing.outcome = deed()
        except Exception as error:
            doing.outcome = error
        finally:
            connection.close()

    doing.thread = Thread(target=work, daemon=True)
    doing.thread.start()
    return doing


class Doing:
    thread: Thread
    outcome: Outcome = None

    def done(self) -> Outcome:
        self.thread.join(PATIENCE_SECONDS)
        assert not self.thread.is_alive(), "a deed hangs"
        return self.outcome


def at_once(*deeds: Callable[[], object]) -> list[Outcome]:
    """Do all of them from the same moment on."""
    start = Barrier(len(deeds), timeout=PATIENCE_SECONDS)
    return [doing.done() for doing in [begin(deed, go=start.wait) for deed in deeds]]


def codes(outcomes: list[Outcome]) -> list[str]:
    """What came of each deed: ok, the code of a refusal, or what went wrong; sorted."""

    def code(outcome: Outcome) -> str:
        if isinstance(outcome, Refusal):
            return outcome.code
        return repr(outcome) if isinstance(outcome, Exception) else "ok"

    return sorted(map(code, outcomes))


@dataclass(frozen=True)
class Server:
    """The server of a test's database, as its superuser sees it."""

    url: str
    database: str

    @contextmanager
    def link(self) -> Iterator[psycopg.Connection]:
        with psycopg.connect(self.url, autocommit=True) as link:
            yield link

    def run(self, statement: str) -> list[tuple]:
        with self.link() as link:
            answer = link.execute(statement.encode())
            return answer.fetchall() if answer.description else []

    @contextmanager
    def holding(self, statement: str) -> Iterator[None]:
        """Keep what a statement locks until the block ends."""
        with self.link() as link, link.transaction():
            link.execute(statement.encode())
            yield

    def wait_until_waiting(self, *doings: "Doing") -> None:
        """Until all of these, and nothing else, wait for a lock."""
        waiting = (
            "SELECT count(*) FROM pg_stat_activity "
            f"WHERE datname = '{self.database}' AND wait_event_type = 'Lock'"
        )
        deadline = time.monotonic() + PATIENCE_SECONDS
        with self.link() as link:
            while link.execute(waiting.encode()).fetchone() != (len(doings),):
                early = [doing.outcome for doing in doings if not doing.thread.is_alive()]
                assert not early, f"done without waiting: {early!r}"
                assert time.monotonic() < deadline, "they never waited at once"
                time.sleep(0.005)

    def in_turn(self, hold: str, *deeds: Callable[[], object]) -> list[Outcome]:
        """Let deeds pass one lock in this order, each waiting before the next one comes."""
        doings = []
        with self.holding(hold):
            for deed in deeds:
                doings.append(begin(deed))
                self.wait_until_waiting(*doings)
        return [doing.done() for doing in doings]


@pytest.fixture
def server(servers, committed) -> Server:
    return Server(servers.database_url("postgres", committed), committed)


@pytest.fixture
def agency_at_work(server) -> Iterator[None]:
    """The agency's scope; every service commits by itself."""
    with across_providers():
        yield


pytestmark = pytest.mark.usefixtures("agency_at_work")


# What must hold afterwards.


def committed_of(contract: Contract) -> Decimal:
    with transaction.atomic():
        contract.refresh_from_db()
    return contract.committed


def must_agree() -> None:
    with transaction.atomic():
        assert ledger_differences() == []


def deeds(action: str) -> int:
    with transaction.atomic():
        return Entry.objects.filter(action=action).count()


# 32 approvals, room for ten.


@dataclass(frozen=True)
class Queue:
    contract: Contract
    approvals: list[Callable[[], object]]


@pytest.fixture
def queue(agency_at_work) -> Queue:
    """One contract with room for exactly ten grants, and 32 dossiers that could be approved."""
    with transaction.atomic():
        contract = factories.make_contract(budget=str(GRANT * ROOM))
        coach, officer = factories.make_user("coach"), factories.make_user("officer")
        dossiers = [factories.assessed(contract, coach=coach) for _ in range(AT_ONCE)]
    return Queue(
        contract,
        [
            lambda dossier=dossier: approve_dossier(dossier=dossier, actor=officer, at=AT)
            for dossier in dossiers
        ],
    )


def without_its_lock(contract_id: int) -> Contract:
    """What a hurried colleague would write instead of `lock_contract`."""
    return Contract.objects.select_related("edition").get(pk=contract_id)


def approved_dossiers() -> int:
    with transaction.atomic():
        return Dossier.objects.filter(state="approved").count()


def test_approvals_at_once_commit_exactly_the_budget(queue):
    outcomes = at_once(*queue.approvals)

    assert codes(outcomes) == ["budget-exhausted"] * (AT_ONCE - ROOM) + ["ok"] * ROOM
    assert committed_of(queue.contract) == GRANT * ROOM == queue.contract.budget
    assert approved_dossiers() == deeds("dossier.approve") == ROOM
    must_agree()


def test_approvals_without_the_lock_are_refused_by_the_database(queue, monkeypatch):
    everyone_has_read = Barrier(AT_ONCE, timeout=PATIENCE_SECONDS)

    def read_together(contract_id: int) -> Contract:
        contract = without_its_lock(contract_id)
        everyone_has_read.wait()
        return contract

    monkeypatch.setattr("apps.dossiers.services.lock_contract", read_together)

    outcomes = at_once(*queue.approvals)

    broken = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert len(broken) == AT_ONCE - ROOM
    assert {type(error) for error in broken} == {IntegrityError}
    assert all("contract_commits_within_budget" in str(error) for error in broken)
    assert committed_of(queue.contract) == GRANT * ROOM
    assert approved_dossiers() == deeds("dossier.approve") == ROOM
    must_agree()


def test_approvals_without_lock_and_constraint_overspend(queue, server, monkeypatch):
    """The control: this set-up does race. Who takes both guards away spends too much."""
    server.run("ALTER TABLE contracts_contract DROP CONSTRAINT contract_commits_within_budget")
    monkeypatch.setattr("apps.dossiers.services.lock_contract", without_its_lock)

    outcomes = at_once(*queue.approvals)

    assert committed_of(queue.contract) > GRANT * ROOM
    assert approved_dossiers() == codes(outcomes).count("ok") > ROOM
    # Even so the trigger loses no entry: the balance is wrong by no cent, only too high.
    must_agree()


# The ledger against raw SQL.


@pytest.fixture
def contract(agency_at_work) -> Contract:
    """A contract of 100,000.00 of which one grant is committed."""
    with transaction.atomic():
        contract = factories.make_contract()
        factories.approved(contract)
    return contract


ROLES = ("cst_doorkeeper", "cst_provider", "cst_backoffice", "cst_keeper", "cst_owner", "postgres")


@contextmanager
def as_role(servers, server: Server, role: str, provider_id: int) -> Iterator[psycopg.Connection]:
    """A connection in a role, as the web takes it; nothing that it does is kept."""
    login = role if role in ("cst_owner", "postgres") else "cst_web"
    if role == "cst_keeper":  # No login may become the keeper but the one that migrates.
        login = "cst_owner"
    with psycopg.connect(servers.database_url(login, server.database)) as link:
        if login != role:
            link.execute(f"SET ROLE {role}".encode())
        told = Scope(role, provider_id).told
        link.execute("SELECT set_config('app.provider', %s, true)", [told])
        yield link
        link.rollback()


def entry(contract: Contract, amount: Decimal, kind: str = "commit") -> str:
    with transaction.atomic():
        made_by = timetable().pk
    return (
        "INSERT INTO contracts_ledgerentry (id, provider_id, contract_id, kind, amount, "
        '"on", case_id, reason, made_by_id) '
        f"VALUES ('{uuid4()}', {contract.provider_id}, {contract.pk}, '{kind}', {amount}, "
        f"'2022-02-01', '{uuid4()}', '', {made_by})"
    )


def test_an_entry_over_the_budget_is_refused_whoever_writes_it(servers, server, contract):
    left = contract.budget - GRANT
    for role in ("cst_backoffice", "postgres"):
        with as_role(servers, server, role, contract.provider_id) as link:
            link.execute(entry(contract, left).encode())
            with pytest.raises(
                psycopg.errors.CheckViolation, match="contract_commits_within_budget"
            ):
                link.execute(entry(contract, Decimal("0.01")).encode())
    assert committed_of(contract) == GRANT


def test_an_entry_that_pays_what_is_not_committed_is_refused(servers, server, contract):
    with (
        as_role(servers, server, "cst_backoffice", contract.provider_id) as link,
        pytest.raises(psycopg.errors.CheckViolation, match="contract_pays_what_is_committed"),
    ):
        link.execute(entry(contract, GRANT + Decimal("0.01"), "pay").encode())


@pytest.mark.parametrize("kind", ["award", "commit", "release", "pay", "return"])
def test_a_provider_moves_no_money_by_itself(servers, server, contract, kind):
    """What it may release, through the service, is the grant of a dossier that it withdrew."""
    with (
        as_role(servers, server, "cst_provider", contract.provider_id) as link,
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"),
    ):
        link.execute(entry(contract, Decimal("1.00"), kind).encode())


@pytest.mark.parametrize("balance", ["budget", "committed", "paid"])
@pytest.mark.parametrize("role", ROLES)
def test_balances_have_no_other_writer(servers, server, contract, role, balance):
    update = f"UPDATE contracts_contract SET {balance} = {balance} + 1 WHERE id = {contract.pk}"
    with as_role(servers, server, role, contract.provider_id) as link:
        if role == "cst_keeper":
            # The one writer: its functions run as this role. That the web can never take it is
            # what the next test is about.
            with pytest.raises(psycopg.errors.CheckViolation):
                link.execute(update.replace("+ 1", "- 1000000").encode())
            return
        with pytest.raises(
            (psycopg.errors.InsufficientPrivilege, psycopg.errors.RestrictViolation)
        ) as refused:
            link.execute(update.encode())
        refused_by_trigger = isinstance(refused.value, psycopg.errors.RestrictViolation)
        assert refused_by_trigger is (role in ("cst_owner", "postgres"))


@pytest.mark.parametrize("role", ["cst_keeper", "cst_owner", "postgres"])
def test_the_web_never_becomes(servers, server, role):
    with (
        psycopg.connect(servers.database_url("cst_web", server.database)) as link,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        link.execute(f"SET ROLE {role}".encode())


def test_a_contract_begins_with_nothing_on_it(servers, server, contract):
    insert = (
        "INSERT INTO contracts_contract "
        "(provider_id, edition_id, valid_from, valid_until, budget, committed, paid) "
        "SELECT provider_id, edition_id, valid_from, valid_until, 1, 0, 0 FROM contracts_contract"
    )
    for role in ("cst_backoffice", "postgres"):
        with (
            as_role(servers, server, role, contract.provider_id) as link,
            pytest.raises(psycopg.errors.RestrictViolation, match="follow from the ledger"),
        ):
            link.execute(insert.encode())


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE contracts_ledgerentry SET amount = amount + 1",
        "DELETE FROM contracts_ledgerentry",
        "TRUNCATE contracts_ledgerentry",
    ],
)
@pytest.mark.parametrize("role", ROLES)
def test_an_entry_is_never_changed(servers, server, contract, role, change):
    with as_role(servers, server, role, contract.provider_id) as link:
        with pytest.raises(
            (psycopg.errors.InsufficientPrivilege, psycopg.errors.RestrictViolation)
        ) as refused:
            link.execute(change.encode())
        refused_by_trigger = isinstance(refused.value, psycopg.errors.RestrictViolation)
        assert refused_by_trigger is (role in ("cst_owner", "postgres"))


# Two runs of one quarter.


def draw_up() -> Run:
    return draw_up_run(quarter=Q1, actor=timetable(), at=RUN_DAY)


def verify_another(contract: Contract) -> None:
    with transaction.atomic():
        factories.verified_claim(contract)


def must_have_one_run(*, lines: int) -> None:
    with transaction.atomic():
        run = Run.objects.get()
        assert run.lines_count == lines == PaymentLine.objects.filter(released_at=None).count()
        assert run.total == sum(payment.amount for payment in Payment.objects.all())
        assert Claim.objects.filter(state="in_run").count() == lines
    must_agree()


@pytest.fixture
def claims_wait(contract) -> Contract:
    for _ in range(2):
        verify_another(contract)
    return contract


def test_two_runs_drawn_up_at_once_are_one(server, claims_wait):
    both_wait = "SELECT pg_advisory_xact_lock(20210101)"

    outcomes = server.in_turn(both_wait, draw_up, draw_up)

    assert codes(outcomes) == ["ok", "run-exists"]
    must_have_one_run(lines=2)


def second_run_with_a_claim_of_its_own(server, contract) -> list[Outcome]:
    """Two draw up, the second after one more claim was verified and before the first is done."""
    with server.holding("LOCK TABLE payouts_run IN SHARE MODE"):
        first = begin(draw_up)
        server.wait_until_waiting(first)
        verify_another(contract)
        second = begin(draw_up)
        server.wait_until_waiting(first, second)
    return [first.done(), second.done()]


def test_a_claim_verified_meanwhile_makes_no_second_run(server, claims_wait):
    outcomes = second_run_with_a_claim_of_its_own(server, claims_wait)

    assert codes(outcomes) == ["ok", "run-exists"]
    must_have_one_run(lines=2)


class NoLock:
    """A connection on which the advisory lock is never taken."""

    @contextmanager
    def cursor(self) -> Iterator["NoLock"]:
        yield self

    def execute(self, statement: str, params: list[object]) -> None:
        assert "pg_advisory_xact_lock" in statement


def test_without_the_advisory_lock_the_database_refuses_a_second_run(
    server, claims_wait, monkeypatch
):
    monkeypatch.setattr("apps.payouts.services.connection", NoLock())

    first, second = second_run_with_a_claim_of_its_own(server, claims_wait)

    assert isinstance(first, Run)
    assert isinstance(second, IntegrityError)
    assert "run_one_per_quarter" in str(second)
    must_have_one_run(lines=2)


def test_without_lock_and_constraint_there_are_two_runs(server, claims_wait, monkeypatch):
    """The control: this set-up does race. Even so no claim is paid twice."""
    server.run("DROP INDEX run_one_per_quarter; DROP INDEX payment_found_by_its_end_to_end_id")
    monkeypatch.setattr("apps.payouts.services.connection", NoLock())

    outcomes = second_run_with_a_claim_of_its_own(server, claims_wait)

    assert codes(outcomes) == ["ok", "ok"]
    with transaction.atomic():
        claims = PaymentLine.objects.values_list("claim_id", flat=True)
        assert len(claims) == len(set(claims)) == 3


# One enterprise, two providers.


def approvals_of_one_enterprise(number: str) -> list[Callable[[], object]]:
    """The same enterprise through two providers, both assessed before either is approved."""
    with transaction.atomic():
        officer = factories.make_user("officer")
        dossiers = [factories.assessed(factories.make_contract(), number=number) for _ in range(2)]
    return [
        lambda dossier=dossier: approve_dossier(dossier=dossier, actor=officer, at=AT)
        for dossier in dossiers
    ]


def test_an_enterprise_is_helped_once_though_two_approve_at_once(server):
    first, second = approvals_of_one_enterprise(factories.enterprise_number(9001))
    # The first has written its dossier and waits before its deed; the second comes upon it.
    outcomes = server.in_turn("LOCK TABLE audit_entry IN SHARE MODE", first, second)

    assert isinstance(outcomes[0], Dossier)
    assert codes(outcomes[1:]) == ["helped-meanwhile"]
    assert approved_dossiers() == 1
    must_agree()


def test_the_second_to_approve_an_enterprise_waits_before_it_writes(server):
    """If both wrote first, each might wait for the other: one would get an error, not an answer."""
    first, second = approvals_of_one_enterprise(factories.enterprise_number(9002))
    writing = (
        f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{server.database}' "
        "AND wait_event_type = 'Lock' AND query LIKE 'UPDATE \"dossiers_dossier\"%'"
    )
    with server.holding("LOCK TABLE audit_entry IN SHARE MODE"):
        one = begin(first)
        server.wait_until_waiting(one)
        other = begin(second)
        server.wait_until_waiting(one, other)
        waits_with_its_row_written = server.run(writing)
    outcomes = [one.done(), other.done()]

    assert codes(outcomes) == ["helped-meanwhile", "ok"]
    assert waits_with_its_row_written == [(0,)]


def test_an_enterprise_is_helped_once_in_a_free_race(server):
    for nth in range(20):
        pair = approvals_of_one_enterprise(factories.enterprise_number(9100 + nth))

        assert codes(at_once(*pair)) == ["helped-meanwhile", "ok"]

    assert approved_dossiers() == 20
    must_agree()


# One dossier, two deeds.


def contract_row(contract: Contract) -> str:
    return f"SELECT FROM contracts_contract WHERE id = {contract.pk} FOR UPDATE"


def test_facts_are_corrected_by_who_saw_them_as_they_are(server, contract):
    """Two officers correct from the same page: the second looks again."""
    with transaction.atomic():
        dossier = factories.submitted(contract, equity="1")
        dossier = assess_dossier(dossier=dossier, actor=timetable(), at=AT)
        officers = [factories.make_officer(), factories.make_officer()]
    corrections = [
        lambda officer=officer, equity=equity: correct_facts(
            dossier=dossier,
            seen=dossier.facts_id,
            stated={**dossier.facts.stated, "equity": equity},
            source="NBB",
            reason="x",
            actor=officer,
            at=AT,
        )
        for officer, equity in zip(officers, ("2", "3"), strict=True)
    ]
    row = f"SELECT FROM dossiers_dossier WHERE id = '{dossier.pk}' FOR UPDATE"
    first, second = server.in_turn(row, *corrections)

    assert codes([first]) == ["ok"]
    assert codes([second]) == ["facts-changed"]
    with transaction.atomic():
        stands = Dossier.objects.select_related("facts").get(pk=dossier.pk).facts
        assert stands.stated["equity"] == "2"


def within(provider_id: int, deed: Callable[[], object]) -> Callable[[], object]:
    """The deed in the provider's own scope."""

    def narrowed() -> object:
        with inside(provider_id):
            return deed()

    return narrowed


@dataclass(frozen=True)
class Pair:
    dossier: Dossier
    one: Callable[[], object]
    other: Callable[[], object]


def approve_and_withdraw(contract: Contract) -> Pair:
    with transaction.atomic():
        dossier = factories.assessed(contract)
        officer, coach = factories.make_user("officer"), factories.make_user("coach")
    return Pair(
        dossier,
        lambda: approve_dossier(dossier=dossier, actor=officer, at=AT),
        within(
            contract.provider_id,
            lambda: withdraw_dossier(dossier=dossier, reason="no time", actor=coach, at=AT),
        ),
    )


def must_be_withdrawn(pair: Pair, outcomes: list[Outcome]) -> None:
    approved, withdrawn = outcomes
    assert codes([approved]) in (["ok"], ["not-now"])
    assert codes([withdrawn]) == ["ok"]
    with transaction.atomic():
        pair.dossier.refresh_from_db()
        assert pair.dossier.state == "withdrawn"
        assert pair.dossier.helped_until is None
        assert (pair.dossier.decided_on is None) is (codes([approved]) == ["not-now"])
        assert committed_and_paid(pair.dossier.pk) == (0, 0)
    must_agree()


def test_approve_then_withdraw_at_once(server, contract):
    pair = approve_and_withdraw(contract)
    outcomes = server.in_turn(contract_row(contract), pair.one, pair.other)

    assert codes(outcomes) == ["ok", "ok"]
    must_be_withdrawn(pair, outcomes)


def test_withdraw_then_approve_at_once(server, contract):
    pair = approve_and_withdraw(contract)
    withdrawn, approved = server.in_turn(contract_row(contract), pair.other, pair.one)

    assert codes([approved]) == ["not-now"]
    must_be_withdrawn(pair, [approved, withdrawn])


def test_approve_and_withdraw_in_a_free_race(contract):
    for _ in range(10):
        pair = approve_and_withdraw(contract)
        must_be_withdrawn(pair, at_once(pair.one, pair.other))


@dataclass(frozen=True)
class ClaimedPair(Pair):
    claim: Claim

    @property
    def row(self) -> str:
        return f"SELECT FROM dossiers_dossier WHERE id = '{self.dossier.pk}' FOR UPDATE"


def verify_and_stop(contract: Contract, cause: str) -> ClaimedPair:
    with transaction.atomic():
        dossier = factories.stated(factories.started(contract), "20000.00")
        manager, officer = factories.make_user("manager"), factories.make_user("officer")
        claim = file_claim(dossier=dossier, tranche=1, quarter=Q1, actor=manager, at=IN_WINDOW)
    return ClaimedPair(
        dossier,
        lambda: verify_claim(claim=claim, actor=officer, at=VERIFIED_AT),
        lambda: stop_dossier(
            dossier=dossier, cause=cause, reason="gone", actor=officer, at=VERIFIED_AT
        ),
        claim,
    )


# Which came first -> what came of verifying and of stopping, the states, what stays committed.
ENDS = {
    (ENDED_EARLY, "verify"): ("ok", "ok", "verified", "stopped", FIRST_TRANCHE),
    (ENDED_EARLY, "stop"): ("ok", "claim-waits", "verified", "in_delivery", GRANT),
    (NOT_ENTITLED, "verify"): ("ok", "ok", "sent_back", "stopped", 0),
    (NOT_ENTITLED, "stop"): ("not-now", "ok", "sent_back", "stopped", 0),
}


def end_of(pair: ClaimedPair, verified: Outcome, stopped: Outcome) -> tuple[object, ...]:
    must_agree()
    with transaction.atomic():
        pair.dossier.refresh_from_db()
        pair.claim.refresh_from_db()
        committed, paid = committed_and_paid(pair.dossier.pk)
        assert paid == 0
        assert (pair.claim.verified_at is not None) is (codes([verified]) == ["ok"])
        return (
            *codes([verified]),
            *codes([stopped]),
            pair.claim.state,
            pair.dossier.state,
            committed,
        )


@pytest.mark.parametrize("cause", STOP_CAUSES)
def test_verify_then_stop_at_once(server, contract, cause):
    pair = verify_and_stop(contract, cause)
    verified, stopped = server.in_turn(pair.row, pair.one, pair.other)

    assert end_of(pair, verified, stopped) == ENDS[cause, "verify"]


@pytest.mark.parametrize("cause", STOP_CAUSES)
def test_stop_then_verify_at_once(server, contract, cause):
    pair = verify_and_stop(contract, cause)
    stopped, verified = server.in_turn(pair.row, pair.other, pair.one)

    assert end_of(pair, verified, stopped) == ENDS[cause, "stop"]


@pytest.mark.parametrize("cause", STOP_CAUSES)
def test_verify_and_stop_in_a_free_race(agency_at_work, cause):
    with transaction.atomic():
        contract = factories.make_contract(budget="1000000.00")
    for _ in range(8):
        pair = verify_and_stop(contract, cause)
        end = end_of(pair, *at_once(pair.one, pair.other))

        assert end in (ENDS[cause, "verify"], ENDS[cause, "stop"])


def stop_and_draw_up(contract: Contract) -> tuple[str, Callable[[], object]]:
    """A verified claim: its row, and the stopping of its dossier, which was never entitled."""
    with transaction.atomic():
        officer = factories.make_user("officer")
        claim = factories.verified_claim(contract)
        dossier = claim.dossier
    return (
        f"SELECT FROM claims_claim WHERE id = '{claim.pk}' FOR UPDATE",
        lambda: stop_dossier(
            dossier=dossier, cause=NOT_ENTITLED, reason="gone", actor=officer, at=RUN_DAY
        ),
    )


def test_stop_then_draw_up_at_once_pays_nothing(server, contract):
    row, stop = stop_and_draw_up(contract)

    stopped, drawn_up = server.in_turn(row, stop, draw_up)

    assert codes([stopped, drawn_up]) == ["nothing-to-pay", "ok"]
    with transaction.atomic():
        assert not Run.objects.exists()
    must_agree()


def test_draw_up_then_stop_at_once_leaves_the_claim_in_the_run(server, contract):
    row, stop = stop_and_draw_up(contract)

    drawn_up, stopped = server.in_turn(row, draw_up, stop)

    assert isinstance(drawn_up, Run)
    assert codes([stopped]) == ["in-a-run"]
    must_have_one_run(lines=1)


def test_return_and_send_back_at_once_do_not_wait_for_each_other(server, contract):
    with transaction.atomic():
        officer, approver = factories.make_user("officer"), factories.make_user("approver")
        claim = factories.verified_claim(contract)
        run = draw_up()
        check_run(run=run, actor=officer, at=RUN_DAY)
        approve_run(run=run, actor=approver, at=RUN_DAY)
        write_payment_file(run=run, actor=officer, at=RUN_DAY)
        mark_sent(run=run, actor=officer, at=RUN_DAY)
        payment = run.payments.get()

    def settle(outcome: str) -> Payment:
        return settle_payment(
            payment=payment, outcome=outcome, on=RUN_DAY.date(), actor=officer, at=RUN_DAY
        )

    settle("pay")

    returned, sent_back = server.in_turn(
        f"SELECT FROM payouts_run WHERE id = '{run.pk}' FOR UPDATE",
        lambda: settle("return"),
        lambda: send_back_claim(claim=claim, reason="wrong", actor=officer, at=RUN_DAY),
    )

    assert codes([returned]) == ["ok"]
    assert codes([sent_back]) in (["ok"], ["not-now"])
    must_agree()


# One claim, filed twice.


def test_a_claim_filed_twice_at_once_is_one_claim(server, contract):
    with transaction.atomic():
        dossier = factories.stated(factories.started(contract), "20000.00")
        manager = factories.make_user("manager")

    def claim() -> Claim:
        return file_claim(dossier=dossier, tranche=1, quarter=Q1, actor=manager, at=IN_WINDOW)

    row = f"SELECT FROM dossiers_dossier WHERE id = '{dossier.pk}' FOR UPDATE"
    outcomes = server.in_turn(
        row, within(contract.provider_id, claim), within(contract.provider_id, claim)
    )

    assert codes(outcomes) == ["already-claimed", "ok"]
    with transaction.atomic():
        assert Claim.objects.filter(dossier=dossier).count() == 1
    assert deeds("claim.file") == 1


def test_without_the_lock_the_database_refuses_the_second_claim(server, contract, monkeypatch):
    with transaction.atomic():
        dossier = factories.stated(factories.started(contract), "20000.00")
        manager = factories.make_user("manager")
    both_have_read = Barrier(2, timeout=PATIENCE_SECONDS)

    def read_together(dossier: Dossier) -> Dossier:
        return Dossier.objects.select_related("contract__edition", "assessment").get(pk=dossier.pk)

    def told_together(case_id: object) -> tuple[Decimal, Decimal]:
        both_have_read.wait()
        return committed_and_paid(case_id)

    monkeypatch.setattr("apps.claims.services.lock_dossier", read_together)
    monkeypatch.setattr("apps.claims.services.committed_and_paid", told_together)

    def claim() -> Claim:
        return file_claim(dossier=dossier, tranche=1, quarter=Q1, actor=manager, at=IN_WINDOW)

    outcomes = at_once(claim, claim)

    refused = [outcome for outcome in outcomes if isinstance(outcome, IntegrityError)]
    assert len(refused) == 1
    assert "claim_one_per_tranche" in str(refused[0])
    with transaction.atomic():
        assert Claim.objects.filter(dossier=dossier).count() == 1


# One page with the answers of a pre-check, sent twice.


def test_answers_of_a_pre_check_sent_twice_at_once_begin_one_draft(server, contract, clock):
    clock.at = AT
    with transaction.atomic():
        coach = factories.make_member(contract.provider, "coach")
    answers, page = b'{"answers": {"name": "Voorbeeld"}, "language": "nl"}', "page"

    def browser() -> Client:
        client = Client()
        factories.sign_in(client, coach)
        return client

    def send(client: Client) -> str:
        sent = {"answers": SimpleUploadedFile("x.json", answers), "page": page}
        address = reverse("portal:draft-start", args=[contract.provider.slug])
        return client.post(address, sent)["Location"]

    browsers = [begin(browser, scope=nullcontext).done() for _ in range(2)]
    key = hashlib.sha256(page.encode() + answers).hexdigest()
    lock = f"SELECT pg_advisory_xact_lock(hashtextextended('{key}', {contract.provider_id}))"
    with server.holding(lock):
        doings = [begin(partial(send, one), scope=nullcontext) for one in browsers]
        server.wait_until_waiting(*doings)

    first, second = (doing.done() for doing in doings)
    assert first == second
    with inside(contract.provider_id), transaction.atomic():
        assert [draft.saved for draft in Draft.objects.all()] == [1]
