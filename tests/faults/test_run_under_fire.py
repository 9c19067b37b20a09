"""A run of 20,000 claims while everything is killed that can be: paid once, to the cent.

The state of the rows is the queue, a message is only a bell. So a worker that dies leaves a
transaction that is rolled back and a row that still waits; bells that are lost are rung again,
bells rung too often find nothing to do.

That each kill hit work in progress is not left to luck: a process is killed when the database
sees its transaction, which has written already, at a chosen statement, and afterwards that very
transaction must be known as aborted.

Controls that were seen to fail: a COMMIT in the middle of `draw_up_run`, of `write_payment_file` or
of `settle_payment` (half of it remains after the kill); writing files without locking the run (two
write at once).
"""

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from threading import Thread

import pytest
from django.db import OperationalError, connection, transaction
from django.db.models import Sum
from django.utils import timezone

from apps.claims.models import Claim
from apps.contracts.models import PAY, Contract, LedgerEntry
from apps.contracts.selectors import ledger_differences
from apps.payouts import services
from apps.payouts.models import Payment, PaymentFile, PaymentLine, Run
from apps.payouts.selectors import due_quarter
from apps.payouts.tasks import draw_up_due_run, write_payment_files
from cstraject.quarter import Quarter, day_of
from tests import factories
from tests.faults.conftest import (
    DRAWS_UP_LINES,
    ENTERS,
    TAKES_CLAIMS,
    TELLS,
    WRITES_FILE,
    Site,
)
from tests.many import make_many, nine_contracts

CLAIMS = 20_000


@pytest.fixture
def quarter(site) -> Quarter:
    """20,000 verified claims of the quarter whose run is due today, of nine providers."""
    with site.agency():
        with transaction.atomic():
            quarter = due_quarter(on=day_of(timezone.now()))
        assert quarter is not None
        make_many(
            site.url(),
            nine_contracts(),
            dossiers=CLAIMS // 2 + 2_000,
            claimed=CLAIMS // 2,
            quarter=quarter,
            filed_on=quarter.ends + timedelta(days=4),
        )
    return quarter


def in_threads(site: Site, number: int, deed: Callable[[], object]) -> list[object]:
    """Do the same in so many threads; what came of each.

    Whoever waits for a lock for longer than anybody should gives up: the bell rings again.
    """
    outcomes: list[object] = []

    def work() -> None:
        try:
            outcomes.append(deed())
        except OperationalError as error:
            outcomes.append("gave-up" if "lock timeout" in str(error) else str(error))
        finally:
            connection.close()

    threads = [Thread(target=work, daemon=True) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    return outcomes


def must_have_no_run(site: Site) -> None:
    with site.agency(), transaction.atomic():
        assert not Run.objects.exists()
        assert not Payment.objects.exists()
        assert not PaymentLine.objects.exists()
        assert Claim.objects.filter(state="verified").count() == CLAIMS


def count_of(site: Site, state: str) -> object:
    return site.ask(f"SELECT count(*) FROM payouts_payment WHERE state = '{state}'")


def test_a_run_under_fire_pays_every_claim_once(site, quarter):
    with site.agency(), transaction.atomic():
        officer = factories.make_officer("payments_officer")
        approver = factories.make_officer("payments_approver")
        settler = factories.make_user("settler")
        asked = Claim.objects.aggregate(total=Sum("amount"))["total"]
    clocks = [site.beat(f"beat{nth}") for nth in (1, 2)]
    kills = 0

    # The run is drawn up, at the fifth attempt.
    for nth, moment in enumerate((DRAWS_UP_LINES, TAKES_CLAIMS, TELLS), start=1):
        worker = site.worker(f"drawing{nth}")
        # The last deed of a transaction is over in a moment: it is held up to be hit.
        with site.holding("audit_entry"):
            site.ring(20)
            undone = site.wait_for_moment(f"drawing{nth}", moment)
            site.kill(worker)
            kills += 1
        site.must_be_undone(f"drawing{nth}", undone)
        must_have_no_run(site)

    site.instance.lose_redis()
    site.instance.start_redis()

    worker = site.worker("drawing4")
    with site.holding("audit_entry"):  # Without its last deed it cannot have been committed.
        site.wait_for_moment("drawing4", DRAWS_UP_LINES)
        site.instance.restart_postgres_immediately()

    # The same worker goes on with a server that came back, beside four more who draw up.
    told = in_threads(site, 4, draw_up_due_run)
    assert set(told) <= {str(quarter), "run-exists", "gave-up"}
    site.ring(20)
    site.wait_until(lambda: site.ask("SELECT count(*) FROM payouts_run"), "the run is drawn up")
    with site.agency(), transaction.atomic():
        run = Run.objects.get()
        assert (run.quarter, run.state) == (str(quarter), "drawn_up")
    assert worker.poll() is None
    site.kill(worker)

    # People sign; the file is written at the third attempt.
    with site.agency():
        now = timezone.now()
        services.check_run(run=run, actor=officer, at=now)
        services.approve_run(run=run, actor=approver, at=now)
    for nth, (table, moment) in enumerate(
        (("payouts_paymentfile", WRITES_FILE), ("audit_entry", TELLS)), start=1
    ):
        worker = site.worker(f"writing{nth}")
        with site.holding(table):
            site.ring(20)
            undone = site.wait_for_moment(f"writing{nth}", moment)
            site.kill(worker)
            kills += 1
        site.must_be_undone(f"writing{nth}", undone)
        with site.agency(), transaction.atomic():
            assert Run.objects.get().state == "approved"
            assert not PaymentFile.objects.exists()
    assert kills == 5
    worker = site.worker("writing3")
    site.ring(20)
    written = in_threads(site, 4, write_payment_files)
    site.wait_until(
        lambda: site.ask("SELECT state FROM payouts_run") == "filed", "the file is written"
    )
    assert set(written) <= {0, 1}

    # It goes to the bank and is settled, at the third attempt.
    with site.agency():
        services.mark_sent(run=run, actor=officer, at=timezone.now())
    for nth, moment in enumerate((ENTERS, TELLS)):
        settling = site.start(f"settling{nth}", "tests.faults.settle")
        site.wait_until(lambda settled=nth: count_of(site, "paid") == settled, "one is settled")
        undone = site.wait_for_moment(f"settling{nth}", moment)
        site.kill(settling)
        site.must_be_undone(f"settling{nth}", undone)
        assert count_of(site, "paid") == nth
    with site.agency(), transaction.atomic():
        assert Run.objects.get().state == "sent"
    assert site.start("settling2", "tests.faults.settle").wait(60) == 0

    # Everything still rings, and finds nothing to do.
    site.ring(20)
    assert in_threads(site, 2, draw_up_due_run) == ["run-exists"] * 2
    assert in_threads(site, 2, write_payment_files) == [0] * 2
    assert [process.poll() for process in (*clocks, worker)] == [None] * 3

    with site.agency(), transaction.atomic():
        must_be_paid_once(asked)
        assert set(LedgerEntry.objects.filter(kind=PAY).values_list("made_by", flat=True)) == {
            settler.pk
        }


def must_be_paid_once(asked: Decimal) -> None:
    run = Run.objects.get()
    assert run.state == "settled"
    assert (run.total, run.lines_count) == (asked, CLAIMS)
    assert services.content_digest(run) == run.content_sha256

    lines = PaymentLine.objects.filter(released_at=None)
    assert PaymentLine.objects.count() == lines.count() == CLAIMS
    assert lines.values("claim").distinct().count() == CLAIMS
    assert Claim.objects.filter(state="paid").count() == CLAIMS
    assert Payment.objects.filter(state="paid").count() == Payment.objects.count() == 9
    assert Payment.objects.aggregate(total=Sum("amount"))["total"] == asked

    paid = LedgerEntry.objects.filter(kind=PAY)
    assert paid.count() == paid.values("cause_id").distinct().count() == CLAIMS
    assert set(paid.values_list("cause_id", "amount")) == set(lines.values_list("id", "amount"))
    assert paid.aggregate(total=Sum("amount"))["total"] == asked
    assert Contract.objects.aggregate(total=Sum("paid"))["total"] == asked
    assert ledger_differences() == []

    content = bytes(PaymentFile.objects.get().content).decode()
    amounts = [Decimal(amount) for amount in re.findall(r"<InstdAmt[^>]*>([\d.]+)<", content)]
    assert len(amounts) == 9
    assert sum(amounts) == asked
