"""The quarterly run: drawn up, signed by two, filed once, sent, settled; and what it refuses."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal as D
from importlib.resources import files

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from lxml import etree
from stdnum.be import ogm_vcs

from apps.accounts.selectors import timetable
from apps.claims.models import Claim
from apps.claims.services import (
    complete_dossier,
    file_claim,
    release_rest,
    stop_dossier,
    verify_claim,
)
from apps.claims.tasks import release_rests
from apps.contracts.models import LedgerEntry
from apps.contracts.selectors import committed_and_paid, ledger_differences
from apps.payouts import services, tasks
from apps.payouts.models import Payment, PaymentFile, PaymentLine, Run
from apps.payouts.payment_file import Payer, Transfer, latin, payment_file
from apps.payouts.selectors import due_quarter, preflight
from cstraject.quarter import Quarter
from cstraject.refusal import Refusal
from tests import factories as make
from tests.factories import IN_WINDOW, Q1, RUN_DAY

pytestmark = pytest.mark.usefixtures("agency")

LATER = RUN_DAY + timedelta(days=1)


@pytest.fixture
def claims():
    """Three verified claims: two of one provider, one of another."""
    first, second = make.make_contract(), make.make_contract()
    return [
        make.verified_claim(first),
        make.verified_claim(first, price="25150.00"),
        make.verified_claim(second),
    ]


def draw_up(quarter=Q1, at=RUN_DAY, actor=None):
    return services.draw_up_run(quarter=quarter, actor=actor or timetable(), at=at)


def filed(run):
    services.check_run(run=run, actor=make.make_officer(), at=LATER)
    services.approve_run(run=run, actor=make.make_officer("payments_approver"), at=LATER)
    return services.write_payment_file(run=run, actor=timetable(), at=LATER)


def sent(run):
    return services.mark_sent(run=filed(run), actor=make.make_officer(), at=LATER)


def settle(payment, outcome="pay", on=LATER.date()):
    return services.settle_payment(
        payment=payment, outcome=outcome, on=on, actor=make.make_user(), at=LATER
    )


def code_of(do, *args, **kwargs):
    with pytest.raises(Refusal) as caught:
        do(*args, **kwargs)
    return caught.value.code


def test_draw_up_makes_one_payment_per_provider_of_frozen_lines(claims):
    run = draw_up()

    total = sum(claim.amount for claim in claims)
    assert (run.state, run.total, run.lines_count) == ("drawn_up", total, 3)
    assert sorted(run.payments.values_list("amount", flat=True)) == sorted(
        [claims[0].amount + claims[1].amount, claims[2].amount]
    )
    assert set(Claim.objects.values_list("state", flat=True)) == {"in_run"}
    assert all(
        ogm_vcs.is_valid(communication)
        for communication in run.payments.values_list("communication", flat=True)
    )


@pytest.mark.parametrize(
    ("at", "code"),
    [
        (datetime(2022, 3, 31, 12, tzinfo=UTC), "quarter-not-over"),
        (datetime(2022, 4, 15, 12, tzinfo=UTC), "window-open"),
    ],
)
def test_draw_up_before_the_claims_are_in_is_refused(claims, at, code):
    assert code_of(draw_up, at=at) == code


def test_draw_up_twice_or_of_nothing_is_refused(claims):
    assert code_of(draw_up, quarter=Quarter(2021, 4)) == "nothing-to-pay"
    draw_up()
    assert code_of(draw_up) == "run-exists"


def test_a_claim_that_is_verified_late_rides_with_the_next_run(claims):
    draw_up()
    late = make.verified_claim(make.make_contract())

    run = draw_up(quarter=Q1.next, at=RUN_DAY + timedelta(days=91))

    assert [line.claim_id for line in PaymentLine.objects.filter(payment__run=run)] == [late.pk]


def test_a_claim_is_in_one_payment_at_a_time_whatever_code_writes_it(claims):
    draw_up()
    line = PaymentLine.objects.first()

    with pytest.raises(IntegrityError, match="line_one_per_claim"), transaction.atomic():
        PaymentLine.objects.create(
            provider_id=line.provider_id,
            payment=line.payment,
            claim=line.claim,
            contract=line.contract,
            case_id=line.case_id,
            amount=line.amount,
        )


def test_nobody_signs_a_run_twice(claims):
    run, officer = draw_up(), make.make_officer()
    assert code_of(services.approve_run, run=run, actor=officer, at=LATER) == "not-now"
    services.check_run(run=run, actor=officer, at=LATER)

    assert code_of(services.approve_run, run=run, actor=officer, at=LATER) == "four-eyes"
    with pytest.raises(IntegrityError, match="run_approved_by_someone_else"), transaction.atomic():
        Run.objects.filter(pk=run.pk).update(
            state="approved", approved_by=officer, approved_at=LATER
        )


def test_who_drew_a_run_up_by_hand_does_not_approve_it(claims):
    officer = make.make_officer()
    run = services.check_run(run=draw_up(actor=officer), actor=make.make_officer(), at=LATER)

    assert code_of(services.approve_run, run=run, actor=officer, at=LATER) == "four-eyes"


def test_a_run_that_was_tampered_with_is_not_approved(claims):
    run = services.check_run(run=draw_up(), actor=make.make_officer(), at=LATER)
    Run.objects.filter(pk=run.pk).update(content_sha256="0" * 64)

    with pytest.raises(AssertionError, match="as it was drawn up"):
        services.approve_run(run=run, actor=make.make_officer("payments_approver"), at=LATER)


def schema():
    path = files("sepaxml") / "schemas" / "pain.001.001.09.xsd"
    return etree.XMLSchema(etree.fromstring(path.read_bytes()))


def test_the_file_is_valid_and_pays_the_run(claims):
    run = filed(draw_up())
    content = bytes(run.file.content)

    schema().assertValid(etree.fromstring(content))
    amounts = re.findall(r'<InstdAmt Ccy="EUR">([\d.]+)<', content.decode())
    assert sum(map(D, amounts)) == run.total
    assert f"<CtrlSum>{run.total}</CtrlSum>".encode() in content
    assert content.count(b"<NbOfTxs>2</NbOfTxs>") == 2
    references = re.findall(
        rb"<Cd>SCOR</Cd>.*?<Issr>BBA</Issr>.*?<Ref>(\d{12})</Ref>", content, re.S
    )
    assert len(references) == 2
    assert all(ogm_vcs.is_valid(ref.decode()) for ref in references)


def test_a_file_that_is_not_valid_would_be_noticed(claims):
    content = bytes(filed(draw_up()).file.content).replace(b"<ChrgBr>SLEV</ChrgBr>", b"")
    broken = content.replace(b"<PmtMtd>TRF</PmtMtd>", b"<PmtMtd>CASH</PmtMtd>")

    assert not schema().validate(etree.fromstring(broken))


def test_the_same_run_gives_the_same_bytes():
    given = {
        "message_id": "CST-2022-Q1-ABC",
        "payer": Payer("Agentschap Innoveren & Ondernemen", "BE56999000060088"),
        "transfers": [Transfer("E1", "Café Ünlü & Zn", make.iban(1), D("1.10"), "0" * 12)],
        "made_at": RUN_DAY,
        "pays_on": date(2022, 4, 22),
    }

    assert payment_file(**given) == payment_file(**given)
    assert b"<Nm>Cafe Unlu . Zn</Nm>" in payment_file(**given)
    schema().assertValid(etree.fromstring(payment_file(**given)))


@pytest.mark.parametrize(
    ("name", "plain"), [("Łódź", ".odz"), ("😀", "."), ("a" * 80, "a" * 70), ("李", ".")]
)
def test_names_are_written_in_the_characters_that_banks_accept(name, plain):
    assert latin(name, 70) == plain


def test_the_file_is_written_once(claims):
    run = filed(draw_up())

    assert code_of(services.write_payment_file, run=run, actor=timetable(), at=LATER) == "not-now"
    assert PaymentFile.objects.count() == 1
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        PaymentFile.objects.update(name="other.xml")


def test_without_an_account_to_pay_from_no_file_is_written(claims, settings):
    settings.PAYER_IBAN = ""
    assert code_of(filed, draw_up()) == "payer-unknown"


def test_settling_pays_into_the_ledger_and_settles_the_run(claims):
    run = sent(draw_up())
    first, second = run.payments.order_by("id")

    settle(first)
    run.refresh_from_db()
    assert run.state == "sent"
    settle(second)

    run.refresh_from_db()
    assert run.state == "settled"
    assert set(Claim.objects.values_list("state", flat=True)) == {"paid"}
    assert sum(LedgerEntry.objects.filter(kind="pay").values_list("amount", flat=True)) == run.total
    assert ledger_differences() == []
    assert code_of(settle, first) == "not-now"


def test_settling_is_refused_before_the_file_was_sent_or_for_a_day_to_come(claims):
    payment = filed(draw_up()).payments.first()
    assert code_of(settle, payment) == "not-now"
    services.mark_sent(run=payment.run, actor=make.make_officer(), at=LATER)
    assert code_of(settle, payment, on=LATER.date() + timedelta(days=1)) == "future-date"
    assert code_of(settle, payment, "lose") == "wrong-settlement"


def test_a_refused_payment_opens_the_tranche_again_and_the_next_run_pays_it(claims):
    run = sent(draw_up())
    for payment in run.payments.all():
        settle(payment, "refuse")
    run.refresh_from_db()
    assert run.state == "settled"
    assert not LedgerEntry.objects.filter(kind="pay").exists()

    again = sent(draw_up(quarter=Q1.next, at=RUN_DAY + timedelta(days=91)))

    assert again.total == run.total
    assert again.lines_count == 3


def test_a_returned_payment_is_entered_and_can_be_paid_again(claims):
    run = sent(draw_up())
    for payment in run.payments.all():
        settle(payment)
        settle(payment, "return")
    case = claims[0].dossier_id

    assert committed_and_paid(case)[1] == 0
    assert committed_and_paid(case, on=date(2022, 4, 1))[1] == 0
    again = sent(draw_up(quarter=Q1.next, at=RUN_DAY + timedelta(days=91)))
    for payment in again.payments.all():
        settle(payment)
    assert committed_and_paid(case)[1] == claims[0].amount
    assert ledger_differences() == []


def test_an_abandoned_run_sets_its_claims_free(claims):
    run = draw_up()
    given = {"run": run, "actor": make.make_officer(), "at": LATER}

    assert code_of(services.abandon_run, reason="", **given) == "reason-missing"
    services.abandon_run(reason="verkeerde rekening", **given)

    assert set(Claim.objects.values_list("state", flat=True)) == {"verified"}
    assert set(Payment.objects.values_list("state", flat=True)) == {"abandoned"}
    assert draw_up().lines_count == 3


def test_a_filed_run_cannot_be_abandoned(claims):
    run = filed(draw_up())
    given = {"run": run, "reason": "x", "actor": make.make_officer(), "at": LATER}
    assert code_of(services.abandon_run, **given) == "not-now"


def test_a_dossier_with_a_claim_in_a_run_is_not_stopped(claims):
    draw_up()
    code = code_of(
        stop_dossier,
        dossier=claims[0].dossier,
        cause="not_entitled",
        reason="x",
        actor=make.make_user(),
        at=LATER,
    )
    assert code == "in-a-run"


def stop(claim, cause="not_entitled"):
    return stop_dossier(
        dossier=claim.dossier,
        cause=cause,
        reason="achteraf geen kmo",
        actor=make.make_user(),
        at=LATER,
    )


def test_stopping_after_payment_says_what_must_come_back_and_keeps_it_committed(claims):
    for payment in sent(draw_up()).payments.all():
        settle(payment)

    dossier = stop(claims[0])

    assert (dossier.keeps, dossier.comes_back) == (0, D("9801.00"))
    assert committed_and_paid(dossier.pk) == (D("9801.00"), D("9801.00"))
    assert ledger_differences() == []


def test_what_the_bank_returns_of_a_stopped_dossier_is_not_paid_again(claims):
    payments = list(sent(draw_up()).payments.all())
    for payment in payments:
        settle(payment)
    dossier = stop(claims[0])
    kept = stop(claims[2], "ended_early")

    for payment in payments:
        settle(payment, "return")

    dossier.refresh_from_db()
    assert dossier.comes_back == 0
    assert committed_and_paid(dossier.pk) == (0, 0)
    # What the others are to keep rides with the next run.
    again = draw_up(quarter=Q1.next, at=RUN_DAY + timedelta(days=91))
    paid_again = set(PaymentLine.objects.filter(payment__run=again).values_list("claim", flat=True))
    assert paid_again == {claims[1].pk, claims[2].pk}
    assert committed_and_paid(kept.pk) == (D("9801.00"), 0)
    assert ledger_differences() == []


def test_what_completed_work_does_not_use_returns_to_the_budget_once_all_is_paid(claims):
    dossier = claims[0].dossier
    complete_dossier(dossier=dossier, on=date(2022, 3, 31), actor=timetable(), at=LATER)
    given = {"actor": timetable(), "at": LATER}
    # The statement of 20,000 of 30,000 still entitles to 1,089.00 more.
    assert release_rest(dossier=dossier, **given) == 0
    for payment in sent(draw_up()).payments.all():
        settle(payment)
    assert release_rest(dossier=dossier, **given) == 0
    last = file_claim(dossier=dossier, tranche=2, quarter=Q1, actor=timetable(), at=IN_WINDOW)
    assert last.amount == D("1089.00")
    assert release_rest(dossier=dossier, **given) == 0
    verify_claim(claim=last, actor=make.make_user(), at=IN_WINDOW)
    second = sent(draw_up(quarter=Q1.next, at=RUN_DAY + timedelta(days=91)))
    for payment in second.payments.all():
        settle(payment)

    assert release_rests() == 1

    assert committed_and_paid(dossier.pk) == (D("10890.00"), D("10890.00"))
    assert release_rests() == 0
    assert ledger_differences() == []


def test_settlement_days_follow_each_other(claims):
    payment = sent(draw_up()).payments.first()
    before = LATER.date() - timedelta(days=1)

    assert code_of(settle, payment, on=before) == "date-order"
    settle(payment)
    assert code_of(settle, payment, "return", on=before) == "date-order"
    returned = settle(payment, "return")
    assert (returned.settled_on, returned.returned_on) == (LATER.date(), LATER.date())


def test_the_timetable_leaves_an_abandoned_run_to_a_person(claims):
    run = draw_up()
    services.abandon_run(run=run, reason="fout", actor=make.make_officer(), at=RUN_DAY)

    assert tasks.draw_up_due_run(at=RUN_DAY.isoformat()) == "run-exists"
    assert draw_up().lines_count == 3


def test_after_the_run_day_the_timetable_waits_until_all_claims_are_verified(claims):
    dossier = make.stated(make.started(make.make_contract()), "20000.00")
    waiting = file_claim(dossier=dossier, tranche=1, quarter=Q1, actor=timetable(), at=IN_WINDOW)

    assert tasks.draw_up_due_run(at=LATER.isoformat()) == "claim-waits"
    verify_claim(claim=waiting, actor=make.make_user(), at=LATER)
    assert tasks.draw_up_due_run(at=LATER.isoformat()) == "2022-Q1"


def test_preflight_says_why_the_rest_is_not_paid(claims):
    contract = make.make_contract()
    silent = make.started(contract)
    slow = make.stated(make.started(contract), "3000.00")
    ready = make.stated(make.started(contract), "20000.00")
    unverified = make.stated(make.started(contract), "20000.00")
    file_claim(dossier=unverified, tranche=1, quarter=Q1, actor=make.make_user(), at=IN_WINDOW)

    ahead = preflight(Q1)

    assert {claim.pk for claim in ahead.claims} == {claim.pk for claim in claims}
    why = {(left.dossier.pk, left.tranche): left.why for left in ahead.left_out}
    assert why[silent.pk, 1] == "no-statement-yet"
    assert why[slow.pk, 1] == "not-delivered"
    assert why[ready.pk, 1] == "not-claimed"
    assert why[unverified.pk, 1] == "claim-not-verified"
    assert why[claims[0].dossier_id, 2] == "not-completed"
    assert (claims[0].dossier_id, 1) not in why


@pytest.mark.parametrize(
    ("on", "quarter"),
    [
        (date(2022, 4, 19), "2021-Q4"),
        (date(2022, 4, 20), "2022-Q1"),
        (date(2022, 7, 19), "2022-Q1"),
        (date(2026, 11, 21), "2026-Q3"),
    ],
)
def test_the_run_that_is_due_is_that_of_the_last_quarter_whose_run_day_came(on, quarter):
    assert str(due_quarter(on=on)) == quarter


def test_before_the_first_edition_no_run_is_due():
    assert due_quarter(on=date(2020, 6, 1)) is None


def test_the_timetable_draws_up_what_is_due_and_files_what_is_approved(claims):
    assert tasks.draw_up_due_run(at="2022-04-19T09:00:00+00:00") == "nothing-to-pay"
    assert tasks.draw_up_due_run(at=RUN_DAY.isoformat()) == "2022-Q1"
    assert tasks.draw_up_due_run(at=RUN_DAY.isoformat()) == "run-exists"
    assert tasks.write_payment_files() == 0
    run = Run.objects.get()
    services.check_run(run=run, actor=make.make_officer(), at=LATER)
    services.approve_run(run=run, actor=make.make_officer("payments_approver"), at=LATER)
    assert tasks.write_payment_files() == 1
    assert tasks.write_payment_files() == 0
    assert Run.objects.get().state == "filed"
