"""Balances are the sums of the ledger, whatever is done; and who falsifies them is found out."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO
from uuid import uuid4

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from apps.accounts.selectors import timetable
from apps.claims import services as claims
from apps.claims.models import Claim
from apps.contracts.models import AWARD, COMMIT, KINDS, RELEASE, RETURN, Contract, LedgerEntry
from apps.contracts.selectors import committed_and_paid, ledger_differences
from apps.contracts.services import Move, enter
from apps.dossiers import services as dossiers
from apps.dossiers.models import Dossier
from apps.payouts import services as payouts
from apps.payouts.models import Payment
from apps.programme.selectors import terms_of
from apps.providers.scope import across_providers
from cstraject.quarter import day_of
from cstraject.refusal import Refusal
from cstraject.subsidy import granted_for
from tests import factories
from tests.conftest import ROOT
from tests.factories import AT, Q1

WALK = settings(
    max_examples=25,
    stateful_step_count=15,
    # A walk is short enough to read as it is; to shorten it would take minutes.
    phases=[Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
ZERO = Decimal("0.00")
PERCENTS = st.sampled_from([59, 60, 80, 99, 100])
CENTS = st.integers(1, 9_000_000).map(lambda cents: Decimal(cents) / 100)


class RolledBack(RuleBasedStateMachine):
    """A walk in a transaction of its own, of which nothing stays."""

    def __init__(self) -> None:
        super().__init__()
        self.walk = transaction.atomic()
        self.walk.__enter__()
        self.actor = timetable()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.walk.__exit__(None, None, None)


# A walk along the ledger itself.


class Entries(RolledBack):
    """Moves at random on two contracts, good and bad; kept beside them what the sums must be."""

    def __init__(self) -> None:
        super().__init__()
        self.contracts = [factories.make_contract(budget="50000.00") for _ in range(2)]
        self.sums = [{"budget": Decimal(50000), "committed": ZERO, "paid": ZERO} for _ in "ab"]
        self.entries = 2

    @rule(
        moves=st.lists(
            st.tuples(st.integers(0, 1), st.sampled_from(KINDS), CENTS, st.booleans()),
            min_size=1,
            max_size=4,
        )
    )
    def moves_are_entered_whole_or_not_at_all(self, moves):
        after = [dict(sums) for sums in self.sums]
        for nth, kind, amount, lower in moves:
            balance = {AWARD: "budget", COMMIT: "committed", RELEASE: "committed"}.get(kind, "paid")
            less = kind in (RELEASE, RETURN) or (kind == AWARD and lower)
            after[nth][balance] += -amount if less else amount
        fits = all(0 <= a["paid"] <= a["committed"] <= a["budget"] for a in after)
        try:
            with transaction.atomic():
                enter(
                    [
                        Move(
                            self.contracts[nth],
                            kind,
                            -amount if kind == AWARD and lower else amount,
                            on=AT.date(),
                            case_id=uuid4(),
                        )
                        for nth, kind, amount, lower in moves
                    ],
                    actor=self.actor,
                )
        except IntegrityError:
            assert not fits
        else:
            assert fits
            self.sums = after
            self.entries += len(moves)

    @invariant()
    def balances_are_the_sums(self):
        for contract, sums in zip(self.contracts, self.sums, strict=True):
            contract.refresh_from_db()
            assert {name: getattr(contract, name) for name in sums} == sums
        assert LedgerEntry.objects.count() == self.entries
        assert ledger_differences() == []


def test_balances_are_the_sums_of_any_entries(agency):
    run_state_machine_as_test(Entries, settings=WALK)


# A walk of dossiers through the services.


class Deeds(RolledBack):
    """Whatever is done to dossiers, in any order; what is refused changes nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.contract = factories.make_contract(budget="65000.00")
        self.coach, self.officer, self.approver = (
            factories.make_user(name) for name in ("coach", "officer", "approver")
        )
        self.quarter = Q1
        self.dossiers = [
            factories.started(self.contract, price=price, coach=self.coach)
            for price in ("30000.00", "25150.00", "15000.01")
        ]

    @property
    def now(self) -> datetime:
        """A day in the window in which the last quarter may be claimed."""
        return datetime.combine(self.quarter.ends, datetime.min.time(), UTC) + timedelta(4.5)

    @contextmanager
    def may_refuse(self) -> Iterator[None]:
        entries = LedgerEntry.objects.count()
        try:
            with transaction.atomic():
                yield
        except Refusal:
            assert LedgerEntry.objects.count() == entries

    def one(self, nth: int) -> Dossier:
        return Dossier.objects.get(pk=self.dossiers[nth % len(self.dossiers)].pk)

    @rule(price=st.integers(1_500_000, 5_000_000).map(lambda cents: f"{Decimal(cents) / 100:.2f}"))
    def approve(self, price):
        dossier = factories.assessed(self.contract, price=price, coach=self.coach)
        with self.may_refuse():
            dossiers.approve_dossier(dossier=dossier, actor=self.officer, at=AT)
        self.dossiers.append(dossier)

    @rule(nth=st.integers(0, 9))
    def start(self, nth):
        with self.may_refuse():
            dossiers.start_dossier(
                dossier=self.one(nth), on=AT.date(), actor=self.coach, at=self.now
            )

    @rule(nth=st.integers(0, 9))
    def complete(self, nth):
        with self.may_refuse():
            claims.complete_dossier(
                dossier=self.one(nth), on=self.quarter.last_day, actor=self.coach, at=self.now
            )

    @rule(nth=st.integers(0, 9), percent=PERCENTS, tranches=st.sampled_from([(), (1,), (1, 2)]))
    def claim(self, nth, percent, tranches=(1, 2)):
        dossier = self.one(nth)
        with self.may_refuse():
            claims.file_statement(
                dossier=dossier,
                quarter=self.quarter,
                person_days=Decimal(percent) * 30 / 100,
                amount=round(dossier.price_excl_vat * percent / 100, 2),
                actor=self.coach,
                at=self.now,
            )
        for tranche in tranches:
            with self.may_refuse():
                claims.file_claim(
                    dossier=dossier,
                    tranche=tranche,
                    quarter=self.quarter,
                    actor=self.coach,
                    at=self.now,
                )

    @rule()
    def verify(self):
        for claim in Claim.objects.filter(state="submitted"):
            claims.verify_claim(claim=claim, actor=self.officer, at=self.now)

    @rule()
    def release_rests(self):
        for dossier in self.dossiers:
            before, _ = committed_and_paid(dossier.pk)
            released = claims.release_rest(dossier=dossier, actor=self.actor, at=self.now)
            committed, paid = committed_and_paid(dossier.pk)
            assert committed == before - released
            if released:
                last = dossier.statements.order_by("quarter", "version").last()
                final = granted_for(last.amount, terms=terms_of(self.contract.edition)).granted
                assert committed == paid >= final

    @rule(nth=st.integers(0, 9), cause=st.sampled_from(["withdraw", *claims.STOP_CAUSES]))
    def end(self, nth, cause):
        with self.may_refuse():
            if cause == "withdraw":
                dossiers.withdraw_dossier(
                    dossier=self.one(nth), reason="no", actor=self.coach, at=self.now
                )
            else:
                claims.stop_dossier(
                    dossier=self.one(nth), cause=cause, reason="no", actor=self.officer, at=self.now
                )

    @rule(
        percents=st.lists(PERCENTS, min_size=3, max_size=3),
        complete=st.booleans(),
        tranches=st.sampled_from([(1,), (1, 2)]),
        outcome=st.sampled_from(["pay", "pay", "pay", "refuse", "abandon"]),
    )
    def a_whole_quarter(self, percents, complete, tranches, outcome):
        for nth, percent in enumerate(percents):
            if complete:
                self.complete(nth)
            self.claim(nth, percent, tranches)
        self.verify()
        at = self.now + timedelta(14)
        with self.may_refuse():
            run = payouts.draw_up_run(quarter=self.quarter, actor=self.actor, at=at)
            payouts.check_run(run=run, actor=self.officer, at=at)
            run = payouts.approve_run(run=run, actor=self.approver, at=at)
            if outcome == "abandon":
                payouts.abandon_run(run=run, reason="no", actor=self.officer, at=at)
            else:
                payouts.write_payment_file(run=run, actor=self.actor, at=at)
                payouts.mark_sent(run=run, actor=self.officer, at=at)
                payouts.settle_payment(
                    payment=run.payments.get(),
                    outcome=outcome,
                    on=day_of(at),
                    actor=self.officer,
                    at=at,
                )
        self.quarter = self.quarter.next

    @rule()
    def money_comes_back(self):
        payment = Payment.objects.filter(state="paid").first()
        if payment is None:
            return
        with self.may_refuse():
            payouts.settle_payment(
                payment=payment,
                outcome="return",
                on=day_of(self.now),
                actor=self.officer,
                at=self.now,
            )

    @invariant()
    def the_ledger_agrees(self):
        assert ledger_differences() == []
        self.contract.refresh_from_db()
        sums = [committed_and_paid(dossier.pk) for dossier in self.dossiers]
        assert self.contract.committed == sum(committed for committed, _ in sums)
        assert self.contract.paid == sum(paid for _, paid in sums)

    @invariant()
    def every_dossier_has_what_it_should(self):
        for dossier in self.dossiers:
            dossier.refresh_from_db()
            committed, paid = committed_and_paid(dossier.pk)
            live = Claim.objects.filter(dossier=dossier).exclude(state="sent_back")
            assert paid == sum((c.amount for c in live if c.state == "paid"), ZERO)
            assert paid <= committed <= (dossier.granted_incl_vat or ZERO)
            if dossier.state in ("submitted", "refused", "withdrawn"):
                assert committed == ZERO
            elif dossier.state == "stopped":
                assert committed == dossier.keeps + dossier.comes_back
            # Enough is left for all that was asked, also of who stopped.
            assert sum((c.amount for c in live), ZERO) <= committed


def test_balances_are_the_sums_whatever_is_done_to_dossiers(agency):
    run_state_machine_as_test(Deeds, settings=WALK)


# The command that checks it.


@pytest.fixture
def books(committed) -> Contract:
    """A contract with one grant committed, really stored."""
    with across_providers(), transaction.atomic():
        contract = factories.make_contract()
        factories.approved(contract)
    return contract


def check_ledger(servers, database: str) -> subprocess.CompletedProcess[str]:
    """The command as the timetable of a server runs it."""
    return subprocess.run(
        [sys.executable, "manage.py", "check_ledger"],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": servers.database_url("cst_web", database)},
        capture_output=True,
        text=True,
        check=False,
    )


def falsify(servers, database: str, statement: str) -> None:
    """What nobody but the superuser can do: change a balance past the trigger."""
    with psycopg.connect(servers.database_url("postgres", database)) as link:
        link.execute("SET LOCAL session_replication_role = replica")
        link.execute(statement.encode())


def test_check_ledger_agrees_with_good_books(servers, committed, books):
    done = check_ledger(servers, committed)

    assert (done.returncode, done.stderr) == (0, "")
    assert "the ledger agrees: 1 contracts, 2 entries" in done.stdout


def test_check_ledger_finds_a_falsified_balance(servers, committed, books):
    falsify(servers, committed, "UPDATE contracts_contract SET committed = committed + 0.01")

    done = check_ledger(servers, committed)

    assert done.returncode != 0
    assert "committed is 16335.01, its entries say 16335.00" in done.stderr
    assert "1 differences" in done.stderr


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE contracts_contract SET budget = 90000", "budget is 90000.00"),
        ("UPDATE contracts_contract SET paid = 1", "paid is 1.00, its entries say 0"),
        (
            "UPDATE contracts_ledgerentry SET amount = 1 WHERE kind = 'commit'",
            "committed is 16335.00, its entries say 1.00",
        ),
        (
            "DELETE FROM contracts_ledgerentry",
            "budget is 100000.00, its entries say 0",
        ),
    ],
)
def test_check_ledger_lists_every_difference(servers, committed, books, statement, told):
    falsify(servers, committed, statement)
    errors = StringIO()

    with pytest.raises(CommandError, match="differences"):
        call_command("check_ledger", stderr=errors)

    assert told in errors.getvalue()
