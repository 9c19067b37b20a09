"""PostgreSQL breaks every connection in the middle of a run: there is a whole run or none."""

from datetime import UTC, datetime, timedelta
from threading import Thread

import pytest
from django.db import OperationalError, connection, transaction

from apps.accounts.selectors import timetable
from apps.audit.models import Entry
from apps.claims.models import Claim
from apps.contracts.selectors import ledger_differences
from apps.payouts import services
from apps.payouts.models import Payment, PaymentFile, PaymentLine, Run
from apps.providers.scope import across_providers
from tests import factories
from tests.faults.conftest import DRAWS_UP_LINES, ENTERS, TAKES_CLAIMS, TELLS, WRITES_FILE, Site
from tests.many import make_many, nine_contracts

RUN_DAY = datetime(2022, 4, 20, 9, 0, tzinfo=UTC)
CLAIMS = 400
# A statement of the work, and a table to lock so that the work stands still just there.
DRAWING_UP = {
    "while lines are drawn up": (DRAWS_UP_LINES, "payouts_paymentline"),
    "while claims are taken": (TAKES_CLAIMS, "claims_claim"),
    "just before the end": (TELLS, "audit_entry"),
}


@pytest.fixture
def claims_wait(site) -> None:
    with site.agency():
        make_many(
            site.url(),
            nine_contracts(),
            dossiers=CLAIMS // 2,
            claimed=CLAIMS // 2,
            quarter=factories.Q1,
            filed_on=factories.IN_WINDOW.date(),
        )


def break_in_the_middle(site: Site, deed, moment: str, table: str) -> None:
    """Do a deed, and restart the server immediately while it is at that statement."""
    broken: list[Exception] = []
    name = "cst_broken"

    def work() -> None:
        try:
            with across_providers():
                with transaction.atomic(), connection.cursor() as cursor:
                    cursor.execute("SELECT set_config('application_name', %s, false)", [name])
                deed()
        except Exception as error:
            broken.append(error)
        finally:
            connection.close()

    thread = Thread(target=work, daemon=True)
    with site.holding(table):
        thread.start()
        site.wait_for_moment(name, moment)
        site.instance.restart_postgres_immediately()
    thread.join(30)
    assert not thread.is_alive()
    assert [type(error) for error in broken] == [OperationalError]


def draw_up() -> Run:
    with transaction.atomic():
        actor = timetable()
    return services.draw_up_run(quarter=factories.Q1, actor=actor, at=RUN_DAY)


@pytest.mark.parametrize("when", DRAWING_UP)
def test_a_run_is_drawn_up_whole_or_not_at_all(site, claims_wait, when):
    moment, table = DRAWING_UP[when]

    break_in_the_middle(site, draw_up, moment, table)

    with site.agency(), transaction.atomic():
        for model in (Run, Payment, PaymentLine):
            assert not model.objects.exists()
        assert Claim.objects.filter(state="verified").count() == CLAIMS
        assert not Entry.objects.filter(action="run.draw_up").exists()
    with site.agency():
        run = draw_up()
        with transaction.atomic():
            assert run.lines_count == PaymentLine.objects.count() == CLAIMS


@pytest.mark.parametrize(
    ("moment", "table"), [(WRITES_FILE, "payouts_paymentfile"), (TELLS, "audit_entry")]
)
def test_a_file_is_written_whole_or_not_at_all(site, claims_wait, moment, table):
    with site.agency():
        run = draw_up()
        with transaction.atomic():
            officer, approver = factories.make_user("officer"), factories.make_user("approver")
        services.check_run(run=run, actor=officer, at=RUN_DAY)
        services.approve_run(run=run, actor=approver, at=RUN_DAY)

    def write() -> Run:
        return services.write_payment_file(run=run, actor=officer, at=RUN_DAY)

    break_in_the_middle(site, write, moment, table)

    with site.agency():
        with transaction.atomic():
            assert Run.objects.get().state == "approved"
            assert not PaymentFile.objects.exists()
        assert write().state == "filed"


def test_a_payment_is_settled_whole_or_not_at_all(site, claims_wait):
    with site.agency():
        run = draw_up()
        with transaction.atomic():
            officer, approver = factories.make_user("officer"), factories.make_user("approver")
        services.check_run(run=run, actor=officer, at=RUN_DAY)
        services.approve_run(run=run, actor=approver, at=RUN_DAY)
        services.write_payment_file(run=run, actor=officer, at=RUN_DAY)
        services.mark_sent(run=run, actor=officer, at=RUN_DAY)
        with transaction.atomic():
            payment = run.payments.order_by("-amount")[0]

    def settle() -> Payment:
        return services.settle_payment(
            payment=payment,
            outcome="pay",
            on=RUN_DAY.date() + timedelta(days=1),
            actor=officer,
            at=RUN_DAY + timedelta(days=2),
        )

    break_in_the_middle(site, settle, ENTERS, "contracts_ledgerentry")

    with site.agency():
        with transaction.atomic():
            payment.refresh_from_db()
            assert payment.state == "planned"
            assert not Claim.objects.filter(state="paid").exists()
            assert ledger_differences() == []
        assert settle().state == "paid"
        with transaction.atomic():
            assert Claim.objects.filter(state="paid").count() == payment.lines.count()
            assert ledger_differences() == []
