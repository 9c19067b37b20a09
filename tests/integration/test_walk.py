"""The walk of a dossier, and every way in which it is told no."""

from datetime import date, datetime, timedelta
from decimal import Decimal as D

import pytest

from apps.accounts.selectors import timetable
from apps.audit.models import Entry
from apps.claims import services as claims
from apps.claims.models import Claim, Statement
from apps.contracts.models import LedgerEntry
from apps.contracts.selectors import committed_and_paid, ledger_differences
from apps.contracts.services import amend_budget
from apps.documents.models import Document
from apps.dossiers import services
from apps.dossiers.models import Dossier
from cstraject.quarter import FLANDERS, Quarter
from cstraject.refusal import Refusal
from tests import factories as make
from tests.factories import AT, IN_WINDOW, Q1

pytestmark = pytest.mark.usefixtures("agency")


def refused(do, *args, **kwargs) -> Refusal:
    """The refusal that a deed meets; nothing may have been stored or recorded by it."""
    before = [model.objects.count() for model in (Entry, LedgerEntry, Dossier, Statement, Claim)]
    with pytest.raises(Refusal) as caught:
        do(*args, **kwargs)
    after = [model.objects.count() for model in (Entry, LedgerEntry, Dossier, Statement, Claim)]
    assert after == before
    return caught.value


@pytest.fixture
def contract():
    return make.make_contract()


def test_file_numbers_dossiers_per_provider_and_year(contract):
    slug = contract.provider.slug.upper()
    other = make.make_contract()

    references = [make.submitted(c).reference for c in (contract, contract, other)]

    assert references == [
        f"{slug}-2022-001",
        f"{slug}-2022-002",
        f"{other.provider.slug.upper()}-2022-001",
    ]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"package": "premium"}, "unknown-package"),
        ({"price": "50000.01"}, "price-outside-band"),
        ({"package": "light", "price": "20000.01"}, "price-outside-band"),
        ({"number": "1999000151"}, "wrong-enterprise-number"),
        ({"nace_code": "x"}, "wrong-nace"),
        ({"at": datetime(2025, 1, 2, tzinfo=FLANDERS)}, "no-contract"),
    ],
)
def test_file_refuses_what_cannot_be(contract, given, code):
    assert len(Dossier.objects.all()) == 0
    with pytest.raises(Refusal) as caught:
        make.submitted(contract, **given)

    assert caught.value.code == code
    assert not Dossier.objects.exists()


def test_file_refuses_a_dossier_without_signed_papers(contract):
    paper = make.submitted(contract).offer_id

    def file(offer, declaration):
        return services.file_dossier(
            provider_id=contract.provider_id,
            package="basis",
            with_extension=False,
            price_excl_vat=D(30_000),
            person_days=D(30),
            facts=make.facts(),
            facts_source="test",
            offer=offer,
            declaration=declaration,
            actor=timetable(),
            at=AT,
        )

    assert refused(file, None, None).facts["missing"] == ["offer", "declaration"]
    assert refused(file, paper, paper).facts["missing"] == ["declaration"]


def test_approve_commits_the_grant_and_nothing_else_does(contract):
    dossier = make.assessed(contract)
    assert committed_and_paid(dossier.pk) == (0, 0)

    dossier = services.approve_dossier(dossier=dossier, actor=make.make_user(), at=AT)

    assert (dossier.share, dossier.vat) == (D("13500.00"), D("2835.00"))
    assert committed_and_paid(dossier.pk) == (D("16335.00"), 0)
    contract.refresh_from_db()
    assert (contract.committed, contract.left) == (D("16335.00"), D("83665.00"))
    assert dossier.helped_until == date(2026, 2, 1)


def test_approve_refuses_what_was_not_assessed_or_is_still_open(contract):
    dossier, officer = make.submitted(contract), make.make_user()

    def approve(dossier):
        return services.approve_dossier(dossier=dossier, actor=officer, at=AT)

    assert refused(approve, dossier).code == "assessment-missing"
    services.assess_dossier(dossier=dossier, actor=timetable(), at=AT)
    assert refused(approve, dossier).facts["questions"] == ["main_activity", "de_minimis"]
    services.find(
        dossier=dossier,
        question="main_activity",
        outcome="not_met",
        reason="een bank",
        actor=officer,
        at=AT,
    )
    assert refused(approve, dossier).facts["questions"] == ["main_activity"]


def test_nobody_decides_about_a_dossier_they_filed(contract):
    coach = make.make_user("coach")
    dossier = make.assessed(contract, coach=coach)

    assert refused(services.approve_dossier, dossier=dossier, actor=coach, at=AT).code == (
        "self-decided"
    )
    assert (
        refused(services.refuse_dossier, dossier=dossier, reason="x", actor=coach, at=AT).code
        == "self-decided"
    )


def test_a_finding_answers_only_what_the_rules_left_open(contract):
    dossier = make.submitted(contract)
    services.assess_dossier(dossier=dossier, actor=timetable(), at=AT)
    given = {"dossier": dossier, "actor": make.make_user(), "at": AT}

    def find(question, outcome, reason):
        return refused(
            services.find, question=question, outcome=outcome, reason=reason, **given
        ).code

    assert find("size", "met", "toch") == "question-answered"
    assert find("colour", "met", "x") == "unknown-question"
    assert find("de_minimis", "unknown", "x") == "unknown-question"
    assert find("de_minimis", "met", " ") == "reason-missing"


def test_an_enterprise_is_helped_once_by_whichever_provider(contract):
    number = make.enterprise_number(777)
    make.approved(contract, number=number)
    other = make.make_contract()

    again = make.assessed(other, number=number)

    refusal = refused(services.approve_dossier, dossier=again, actor=make.make_user(), at=AT)
    assert refusal.facts["questions"] == ["once_only"]
    told = again.assessment.answers.get(question="once_only")
    assert told.figures == {"not_before": "2026-02-01"}


def test_an_enterprise_that_was_helped_meanwhile_is_refused_by_the_database(contract):
    number = make.enterprise_number(778)
    first = make.assessed(contract, number=number)
    second = make.assessed(make.make_contract(), number=number)
    services.approve_dossier(dossier=first, actor=make.make_user(), at=AT)

    refusal = refused(services.approve_dossier, dossier=second, actor=make.make_user(), at=AT)

    assert refusal.code == "helped-meanwhile"


def test_approve_refuses_more_than_the_budget_that_is_left():
    contract = make.make_contract(budget="32669.99")
    make.approved(contract)

    refusal = refused(
        services.approve_dossier, dossier=make.assessed(contract), actor=make.make_user(), at=AT
    )

    assert refusal.code == "budget-exhausted"
    assert refusal.facts == {"asked": D("16335.00"), "left": D("16334.99")}


def test_a_budget_is_never_lowered_under_what_is_committed(contract):
    make.approved(contract)
    given = {"contract": contract, "reason": "bijsturing", "actor": make.make_user(), "at": AT}

    refusal = refused(amend_budget, by=D("-83665.01"), **given)
    assert refusal.code == "budget-below-committed"
    assert refusal.facts == {"asked": D("16334.99"), "committed": D("16335.00")}
    assert amend_budget(by=D("-83665.00"), **given).budget == D("16335.00")


def test_refuse_asks_a_reason_and_is_final(contract):
    dossier, officer = make.assessed(contract), make.make_user()
    given = {"dossier": dossier, "actor": officer, "at": AT}

    assert refused(services.refuse_dossier, reason=" ", **given).code == "reason-missing"
    dossier = services.refuse_dossier(reason="geen kmo", **given)

    assert (dossier.state, dossier.granted_incl_vat) == ("refused", None)
    assert refused(services.approve_dossier, **given).code == "not-now"


def test_start_before_approval_is_refused(contract):
    coach = make.make_user()
    waiting, approved = make.assessed(contract), make.approved(contract)

    def start(dossier, on):
        return refused(services.start_dossier, dossier=dossier, on=on, actor=coach, at=AT).code

    assert start(waiting, AT.date()) == "start-before-approval"
    assert start(approved, AT.date() - timedelta(days=1)) == "start-before-approval"
    assert start(approved, AT.date() + timedelta(days=1)) == "future-date"


def test_complete_and_end_report_come_in_order(contract):
    dossier, coach = make.started(contract), make.make_user()
    later = AT + timedelta(days=100)

    def told(service, on):
        return refused(service, dossier=dossier, on=on, actor=coach, at=later).code

    assert told(services.receive_end_report, later.date()) == "end-report-early"
    assert told(claims.complete_dossier, date(2022, 1, 31)) == "date-order"
    claims.complete_dossier(dossier=dossier, on=date(2022, 3, 31), actor=coach, at=later)
    assert told(services.receive_end_report, date(2022, 3, 30)) == "date-order"
    dossier = services.receive_end_report(
        dossier=dossier, on=date(2022, 4, 2), actor=coach, at=later
    )
    assert dossier.end_report_on == date(2022, 4, 2)
    assert told(services.receive_end_report, later.date()) == "end-report-early"


def test_withdraw_releases_the_commitment_and_the_enterprise(contract):
    number = make.enterprise_number(779)
    dossier = make.approved(contract, number=number)

    dossier = services.withdraw_dossier(
        dossier=dossier, reason="kmo ziet ervan af", actor=make.make_user(), at=AT
    )

    assert (dossier.state, dossier.comes_back) == ("withdrawn", 0)
    assert committed_and_paid(dossier.pk) == (0, 0)
    assert make.approved(make.make_contract(), number=number).state == "approved"
    assert ledger_differences() == []


def test_withdraw_after_the_start_is_refused(contract):
    dossier = make.started(contract)
    code = refused(
        services.withdraw_dossier, dossier=dossier, reason="x", actor=make.make_user(), at=AT
    ).code
    assert code == "not-now"


def test_a_statement_of_a_quarter_that_is_not_over_is_refused(contract):
    dossier = make.started(contract)

    def state(**given):
        return refused(
            claims.file_statement,
            **{
                "dossier": dossier,
                "quarter": Q1,
                "person_days": D(20),
                "amount": D(20_000),
                "actor": make.make_user(),
                "at": IN_WINDOW,
                **given,
            },
        ).code

    assert state(at=datetime(2022, 3, 31, 23, 59, tzinfo=FLANDERS)) == "quarter-not-over"
    assert state(quarter=Quarter(2021, 4)) == "date-order"
    assert state(amount=D("30000.01")) == "statement-over-offer"
    make.stated(dossier, "20000.00")
    later = {"quarter": Q1.next, "at": IN_WINDOW + timedelta(days=91)}
    assert state(amount=D("19999.99"), **later) == "statement-shrinks"


def test_a_statement_can_be_corrected_until_a_claim_rests_on_it(contract):
    dossier = make.stated(make.started(contract), "15000.00")

    make.stated(dossier, "20000.00")
    claims.file_claim(dossier=dossier, tranche=1, quarter=Q1, actor=make.make_user(), at=IN_WINDOW)

    assert Statement.objects.filter(dossier=dossier).count() == 2
    with pytest.raises(Refusal, match="statement-claimed"):
        make.stated(dossier, "21000.00")


def claim(dossier, **given):
    return claims.file_claim(
        **{
            "dossier": dossier,
            "tranche": 1,
            "quarter": Q1,
            "actor": timetable(),
            "at": IN_WINDOW,
            **given,
        }
    )


@pytest.mark.parametrize(
    ("day", "code"),
    [
        (date(2022, 3, 31), "quarter-not-over"),
        (date(2022, 4, 16), "window-closed"),
    ],
)
def test_a_claim_outside_its_window_is_refused(contract, day, code):
    dossier = make.stated(make.started(contract), "20000.00")
    at = datetime(day.year, day.month, day.day, 12, tzinfo=FLANDERS)

    assert refused(claim, dossier, at=at).code == code


def test_a_claim_needs_a_statement_and_enough_delivered(contract):
    dossier = make.started(contract)

    assert refused(claim, dossier).code == "no-statement"
    make.stated(dossier, "17999.99")
    assert refused(claim, dossier).code == "not-delivered"
    assert refused(claim, dossier, tranche=2).code == "not-completed"


def test_claims_never_exceed_the_grant(contract):
    dossier = make.stated(make.started(contract), "20000.00")

    assert refused(claim, dossier, amount=D("16335.01")).code == "over-grant"
    assert refused(claim, dossier, amount=D("9801.01")).code == "amount-differs"
    assert claim(dossier, amount=D("9801.00")).amount == D("9801.00")
    assert refused(claim, dossier).code == "already-claimed"


def test_both_tranches_can_be_claimed_on_completion_but_not_the_second_alone(contract):
    dossier = make.started(contract)
    claims.complete_dossier(
        dossier=dossier, on=date(2022, 3, 20), actor=make.make_user(), at=IN_WINDOW
    )
    make.stated(dossier, "30000.00", person_days="30.0")

    assert refused(claim, dossier, tranche=2).code == "first-tranche-first"
    amounts = [claim(dossier, tranche=tranche).amount for tranche in (1, 2)]
    assert amounts == [D("9801.00"), D("6534.00")]


def completed(contract, amount, person_days="25.0"):
    dossier = make.started(contract)
    claims.complete_dossier(dossier=dossier, on=date(2022, 3, 20), actor=timetable(), at=IN_WINDOW)
    return make.stated(dossier, amount, person_days=person_days)


def test_less_delivered_than_offered_pays_less(contract):
    dossier = completed(contract, "25000.00")

    amounts = [claim(dossier, tranche=tranche).amount for tranche in (1, 2)]

    assert amounts == [D("9801.00"), D("3811.50")]


def test_work_completed_below_the_threshold_is_paid_in_one_last_tranche(contract):
    dossier = completed(contract, "15000.00")

    assert refused(claim, dossier).code == "not-delivered"
    assert claim(dossier, tranche=2).amount == D("8167.50")


def test_completed_work_can_be_claimed_in_a_later_window_on_its_last_statement(contract):
    dossier = completed(contract, "30000.00", "30.0")
    later = {"quarter": Q1.next, "at": IN_WINDOW + timedelta(days=91)}

    assert claim(dossier, **later).amount == D("9801.00")
    code = refused(
        claims.file_statement,
        dossier=dossier,
        person_days=D(30),
        amount=D(30_000),
        actor=timetable(),
        **later,
    ).code
    assert code == "work-completed"


def test_a_claim_is_worked_out_again_when_it_is_verified(contract):
    """Whatever wrote the claim: only what the statement entitles to is verified."""
    dossier = make.stated(make.started(contract), "20000.00")
    filed = claim(dossier)
    forged = Claim.objects.create(
        **{
            field.attname: getattr(filed, field.attname)
            for field in Claim._meta.concrete_fields
            if field.attname not in ("id", "tranche")
        },
        tranche=2,
    )
    code = refused(claims.verify_claim, claim=forged, actor=make.make_user(), at=IN_WINDOW).code
    assert code == "not-completed"


def test_a_claim_is_sent_back_with_a_reason_and_can_be_filed_again(contract):
    dossier = make.stated(make.started(contract), "20000.00")
    filed = claim(dossier)
    given = {"claim": filed, "actor": make.make_user(), "at": IN_WINDOW}

    assert refused(claims.send_back_claim, reason="", **given).code == "reason-missing"
    claims.send_back_claim(reason="prestatiestaat klopt niet", **given)
    make.stated(dossier, "19000.00")

    assert claim(dossier).amount == D("9801.00")


def test_nobody_verifies_a_claim_they_filed(contract):
    filed = claim(make.stated(make.started(contract), "20000.00"))
    code = refused(claims.verify_claim, claim=filed, actor=filed.filed_by, at=IN_WINDOW).code
    assert code == "self-decided"


def stop(dossier, cause):
    return claims.stop_dossier(
        dossier=dossier, cause=cause, reason="gestopt", actor=timetable(), at=IN_WINDOW
    )


def test_stopping_one_that_was_not_entitled_releases_all_and_sends_its_claims_back(contract):
    dossier = make.stated(make.started(contract), "20000.00")
    filed = claim(dossier)

    dossier = stop(dossier, "not_entitled")

    assert (dossier.state, dossier.keeps, dossier.comes_back) == ("stopped", 0, 0)
    assert committed_and_paid(dossier.pk) == (0, 0)
    filed.refresh_from_db()
    assert (filed.state, filed.sent_back_reason) == ("sent_back", "gestopt")
    assert ledger_differences() == []


def test_stopping_early_keeps_the_tranches_that_are_verified_and_releases_the_rest(contract):
    dossier = make.stated(make.started(contract), "20000.00")
    filed = claim(dossier)
    assert refused(stop, dossier, "ended_early").code == "claim-waits"
    claims.verify_claim(claim=filed, actor=make.make_user(), at=IN_WINDOW)

    dossier = stop(dossier, "ended_early")

    assert (dossier.keeps, dossier.comes_back) == (D("9801.00"), 0)
    assert committed_and_paid(dossier.pk) == (D("9801.00"), 0)
    filed.refresh_from_db()
    assert filed.state == "verified"
    given = {"claim": filed, "reason": "x", "actor": timetable(), "at": IN_WINDOW}
    assert refused(claims.send_back_claim, **given).code == "not-now"


def test_stopping_early_without_a_tranche_keeps_nothing_committed(contract):
    dossier = stop(make.stated(make.started(contract), "15000.00"), "ended_early")

    assert (dossier.keeps, committed_and_paid(dossier.pk)) == (0, (0, 0))


def test_a_document_serves_one_dossier(contract):
    used = make.submitted(contract)
    code = refused(
        services.file_dossier,
        provider_id=contract.provider_id,
        package="basis",
        with_extension=False,
        price_excl_vat=D(30_000),
        person_days=D(30),
        facts=make.facts(),
        facts_source="test",
        offer=used.offer_id,
        declaration=used.declaration_id,
        actor=timetable(),
        at=AT,
    ).code
    assert code == "document-used"


def test_asking_who_was_helped_before_by_filing_is_limited(contract):
    """Whom others helped is no provider's business."""
    other = make.make_contract(budget="500000.00")
    helped = [make.enterprise_number(6_000 + nth) for nth in range(6)]
    for number in helped:
        make.approved(other, number=number)
    for number in helped[:5]:
        dossier = make.submitted(contract, number=number)
        services.assess_dossier(dossier=dossier, actor=timetable(), at=AT)

    with pytest.raises(Refusal) as caught:
        make.submitted(contract, number=helped[5])
    assert caught.value.code == "too-many-helped-before"
    # A week later it is taken again.
    assert make.submitted(contract, number=helped[5], at=AT + timedelta(days=7))


def test_filing_more_than_a_day_can_hold_is_refused(contract):
    for _ in range(50):
        make.submitted(contract)

    with pytest.raises(Refusal, match="too-many-filed"):
        make.submitted(contract)
    assert make.submitted(make.make_contract())


def test_every_deed_is_on_the_time_line_once_with_who_and_when(contract):
    dossier = make.stated(make.started(contract), "20000.00")
    claim(dossier)

    deeds = Entry.objects.filter(case_id=dossier.pk).order_by("id").values_list("action", flat=True)

    assert list(deeds) == [
        *("dossier.file", "dossier.assess", "dossier.find", "dossier.find", "dossier.approve"),
        *("dossier.start", "statement.file", "claim.file"),
    ]
    assert all(
        entry.actor_name and entry.at and entry.provider_id == contract.provider_id
        for entry in Entry.objects.filter(case_id=dossier.pk)
    )


def test_documents_are_kept_by_their_content(contract):
    from apps.documents.services import receive_document

    def receive(content, name="offerte.pdf"):
        return receive_document(
            provider_id=contract.provider_id,
            kind="offer",
            name=name,
            content=content,
            actor=timetable(),
            at=AT,
        )

    pdf = make.pdf()
    document = receive(pdf, name="../../etc/passwd\x00\n.pdf")

    assert document.media_type == "application/pdf"
    # Under its own identifier, whatever name it came with.
    assert document.file.name == f"{contract.provider_id}/{document.pk}"
    assert document.file.read() == pdf
    document.file.close()
    for content, code in (
        (b"", "upload-unreadable"),
        (b"<html><script>", "upload-type"),
        (pdf[:-8], "upload-unreadable"),
        (b"MZ\x90\x00" + b"\0" * 200, "upload-type"),
        (b"%PDF-" + b"0" * (10 * 1024 * 1024), "upload-too-large"),
    ):
        with pytest.raises(Refusal) as caught:
            receive(content)
        assert caught.value.code == code, content[:8]
    assert Document.objects.filter(held_at="").count() == 1
