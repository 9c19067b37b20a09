"""A statement by phase: worked out first, filed once, corrected by a new version."""

from datetime import UTC, datetime
from decimal import Decimal

import lxml.html
import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from apps.accounts.selectors import timetable
from apps.claims.models import Statement
from apps.claims.services import file_claim, file_statement, stop_dossier, verify_claim
from apps.payouts import services as payouts
from apps.payouts.models import Payment
from apps.providers.scope import across_providers
from cstraject.delivery import Delivered
from cstraject.quarter import Quarter
from cstraject.refusal import Refusal
from tests import factories as make

Q1, Q2 = Quarter(2022, 1), Quarter(2022, 2)
NOW = datetime(2022, 7, 5, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def in_july(monkeypatch):
    for module in ("statements", "dossiers", "overview"):
        monkeypatch.setattr(f"apps.portal.views.{module}.timezone.now", lambda: NOW)


@pytest.fixture
def dossier(db):
    """Of 30,000 euro and 30 person-days, started on 1 February 2022."""
    with across_providers():
        contract = make.make_contract(make.make_provider("alfa"))
        return make.started(contract)


@pytest.fixture
def coach(dossier):
    with across_providers():
        person = make.make_member(dossier.provider, "coach")
    client = Client(headers={"accept-language": "nl"})
    make.sign_in(client, person)
    return client


def address(dossier):
    return reverse("portal:statement", args=["alfa", dossier.pk])


def typed(quarter, *figures, deed="file"):
    names = [
        f"{phase}_{what}"
        for phase in ("analysis", "plan", "guidance")
        for what in ("person_days", "amount")
    ]
    return {"quarter": str(quarter), "deed": deed, **dict(zip(names, figures, strict=True))}


def statements():
    with across_providers():
        return list(Statement.objects.order_by("quarter", "version"))


def test_it_is_worked_out_without_being_kept_and_then_filed_with_its_phases(dossier, coach):
    first = typed(Q1, "5", "6.000", "2,5", "3.000,50", "0", "0")
    assert coach.post(address(dossier), first).status_code == 302
    [kept] = statements()
    assert kept.phases == {
        "analysis": Delivered(Decimal("5.0"), Decimal("6000.00")),
        "plan": Delivered(Decimal("2.5"), Decimal("3000.50")),
        "guidance": Delivered(Decimal("0.0"), Decimal("0.00")),
    }
    assert (kept.person_days, kept.amount) == (Decimal("7.5"), Decimal("9000.50"))

    # The next begins with what was stated last.
    page = coach.get(address(dossier))
    assert page.context["form"]["plan_amount"].value() == "3.000,50"
    assert page.context["form"]["quarter"].value() == "2022-Q2"
    second = typed(Q2, "5", "6.000", "4", "5.000,50", "10", "9.000", deed="look")
    page = coach.post(address(dossier), second)
    looked = page.context["looked"]
    assert looked["was"] == Delivered(Decimal("7.5"), Decimal("9000.50"))
    assert looked["now"] == Delivered(Decimal("11.5"), Decimal("11000.00"))
    assert looked["whole"] == Delivered(Decimal("19.0"), Decimal("20000.50"))
    assert looked["left"] == Delivered(Decimal("11.0"), Decimal("9999.50"))
    assert [(phase, now.amount) for phase, _, now, _ in looked["rows"]] == [
        *(("analysis", Decimal("0.00")), ("plan", Decimal("2000.00"))),
        ("guidance", Decimal("9000.00")),
    ]
    assert "66,6" in page.content.decode()
    assert len(statements()) == 1


def test_the_same_again_is_no_new_version_and_another_is(dossier, coach):
    figures = ("5", "6.000", "2", "3.000", "0", "0")
    for _ in range(2):
        coach.post(address(dossier), typed(Q1, *figures))
    assert [one.version for one in statements()] == [1]
    coach.post(address(dossier), typed(Q1, "4", "6.000", "3", "3.000", "0", "0"))
    # The same whole, otherwise divided.
    assert [(one.version, one.plan_days) for one in statements()] == [
        *((1, Decimal("2.0")), (2, Decimal("3.0"))),
    ]


def test_what_could_not_be_filed_is_said_when_it_is_worked_out(dossier, coach):
    """With the sentence that filing would give; nothing is kept of the trying."""
    coach.post(address(dossier), typed(Q1, "5", "6.000", "2", "3.000", "0", "0"))
    page = coach.post(
        address(dossier), typed(Q2, "4", "6.000", "5", "5.000", "0", "0", deed="look")
    )
    assert page.status_code == 422
    assert "voor analyse is 4 mandagen minder dan 5 mandagen" in page.content.decode()
    assert "kan zo niet worden ingediend" in page.content.decode()
    assert not page.context["would_do"]
    page = coach.post(
        address(dossier), typed(Q2, "5", "6.000", "5", "5.000", "0", "0", deed="look")
    )
    assert page.context["would_do"]
    assert "kan zo niet worden ingediend" not in page.content.decode()
    assert [one.quarter for one in statements()] == ["2022-Q1"]


def test_a_receipt_says_what_was_filed_and_what_was_filed_can_be_corrected(dossier, coach):
    first = typed(Q1, "5", "6.000", "2", "3.000", "0", "0")
    page = coach.post(address(dossier), first, follow=True).content.decode()
    assert (
        f"De prestatiestaat van {dossier.reference} voor het 1e kwartaal 2022 is ingediend" in page
    )
    assert "versie 1: 30 % van de offerte" in page.replace("\u00a0", " ")
    choices = coach.get(address(dossier)).context["form"].fields["quarter"].widget.choices
    assert choices == [
        ("2022-Q2", "2e kwartaal 2022"),
        ("2022-Q1", "1e kwartaal 2022 (verbeter wat ingediend is)"),
    ]


def test_of_two_windows_the_second_is_told_what_came_meanwhile(dossier, coach):
    first = typed(Q1, "5", "6.000", "2", "3.000", "0", "0")
    coach.post(address(dossier), first)
    seen = coach.get(address(dossier)).context["seen"]
    coach.post(address(dossier), typed(Q1, "6", "7.000", "2", "3.000", "0", "0") | {"seen": seen})
    other = typed(Q1, "5", "6.000", "3", "4.000", "0", "0") | {"seen": seen}
    for deed in ("look", "file"):
        page = coach.post(address(dossier), other | {"deed": deed})
        assert page.status_code == 422
        assert "Intussen is een prestatiestaat ingediend" in page.content.decode()
        assert page.context["form"]["plan_person_days"].value() == "3"
        assert page.context["looked"]["corrects"].person_days == Decimal("8.0")
    assert len(statements()) == 2
    # Whoever looked at it and files again, means it.
    again = coach.post(address(dossier), other | {"seen": page.context["seen"]}, follow=True)
    assert [one.version for one in statements()] == [1, 2, 3]
    assert "Gewijzigd: analyse en actieplan" in again.content.decode()
    # The same again is no matter of who was first.
    assert coach.post(address(dossier), other).status_code == 302


def test_work_is_not_completed_before_what_was_stated_later(dossier, coach):
    coach.post(address(dossier), typed(Q1, "5", "6.000", "2", "3.000", "0", "0"))
    coach.post(address(dossier), typed(Q2, "5", "6.000", "4", "5.000", "0", "0"))
    complete = reverse("portal:dossier-complete", args=["alfa", dossier.pk])
    page = coach.post(complete, {"on": "15/03/2022"})
    assert page.status_code == 422
    assert page.context["complete_form"].errors["on"] == [
        "Voor het 2e kwartaal 2022 gaf u meer geleverd werk op. Geef een dag in dat kwartaal of"
        " later, of verbeter eerst die prestatiestaat."
    ]
    # A later statement of nothing more says nothing else than that the work was done.
    coach.post(address(dossier), typed(Q2, "5", "6.000", "2", "3.000", "0", "0"))
    assert coach.post(complete, {"on": "15/03/2022"}).status_code == 302


def test_who_completes_before_anything_was_stated_is_told_when_that_can_be_done(db):
    with across_providers():
        case = make.started(make.make_contract(make.make_provider("beta")), at=NOW)
        person = make.make_member(case.provider, "coach")
    client = Client(headers={"accept-language": "nl"})
    make.sign_in(client, person)
    told = "kan ingediend worden vanaf 01/10/2022, ook als het werk al voltooid is"
    page = reverse("portal:dossier", args=["beta", case.pk])
    assert told in client.get(page).content.decode()
    complete = reverse("portal:dossier-complete", args=["beta", case.pk])
    after = client.post(complete, {"on": "05/07/2022"}, follow=True)
    assert dict(after.context["not_yet"]) == {
        "Prestatiestaat": "zodra dit kwartaal voorbij is, vanaf 01/10/2022."
    }


def test_a_phase_never_shrinks_even_where_the_whole_grows(dossier, coach):
    coach.post(address(dossier), typed(Q1, "5", "6.000", "2", "3.000", "0", "0"))
    page = coach.post(address(dossier), typed(Q2, "4", "6.000", "5", "5.000", "5", "5.000"))
    assert page.status_code == 422
    assert "voor analyse is 4 mandagen minder dan 5 mandagen" in page.content.decode()
    assert page.context["form"]["plan_amount"].value() == "5.000"
    # Nor may an earlier quarter come to say more than a later one.
    coach.post(address(dossier), typed(Q2, "5", "6.000", "3", "3.500", "0", "0"))
    page = coach.post(address(dossier), typed(Q1, "5", "5.900", "2", "3.600", "0", "0"))
    told = page.content.decode().replace("\u00a0", " ")
    assert "Voor actieplan is € 3.600,00 meer dan € 3.500,00" in told
    assert [(one.quarter, one.version) for one in statements()] == [("2022-Q1", 1), ("2022-Q2", 1)]


def test_what_is_missing_or_unreadable_is_told_and_the_rest_is_kept(dossier, coach):
    page = coach.post(address(dossier), typed(Q1, "vijf", "6.000", "", "3.000", "0", "😀"))
    assert page.status_code == 422
    assert set(page.context["form"].errors) == {
        "analysis_person_days",
        "plan_person_days",
        "guidance_amount",
    }
    assert page.context["form"]["analysis_amount"].value() == "6.000"
    assert statements() == []


def test_what_cannot_be_done_yet_is_told_with_its_day(dossier, coach):
    with across_providers():
        filed, approved = make.submitted(dossier.contract), make.approved(dossier.contract)

    def told(case):
        page = coach.get(reverse("portal:dossier", args=["alfa", case.pk]))
        return dict(page.context["not_yet"])

    state, end_report = "Prestatiestaat", "Eindverslag"
    assert told(filed) == {"Werk starten": "zodra VLAIO het dossier goedgekeurd heeft."}
    assert told(approved) == {
        state: "zodra het werk gestart is.",
        "Werk voltooien": "zodra het werk gestart is.",
    }
    # Two quarters are over: they can be stated now.
    assert set(told(dossier)) == {end_report, "Dossier intrekken"}
    with across_providers():
        fresh = make.started(dossier.contract, at=NOW)
    assert told(fresh)[state] == "zodra dit kwartaal voorbij is, vanaf 01/10/2022."


def test_figures_that_came_too_late_are_still_there(dossier, coach):
    """The work was stopped while the page was open."""
    with across_providers():
        stop_dossier(
            dossier=dossier, cause="ended_early", reason="x", actor=make.make_officer(), at=NOW
        )
    page = coach.post(address(dossier), typed(Q1, "5", "6.000", "2", "3.000", "0", "0"))
    assert page.status_code == 422
    assert page.context["form"]["analysis_amount"].value() == "6.000"
    assert statements() == []


def test_phases_must_add_up_whoever_writes_them(dossier):
    phases = dict.fromkeys(("analysis", "plan", "guidance"), Delivered(Decimal(1), Decimal(100)))
    with across_providers(), pytest.raises(Refusal) as refused:
        file_statement(
            dossier=dossier,
            quarter=Q1,
            person_days=Decimal(4),
            amount=Decimal(300),
            phases=phases,
            actor=make.make_user(),
            at=NOW,
        )
    assert refused.value.code == "phases-do-not-add-up"
    with (
        across_providers(),
        pytest.raises(IntegrityError, match="statement_phases_add_up"),
        transaction.atomic(),
    ):
        Statement.objects.create(
            provider=dossier.provider,
            dossier=dossier,
            quarter="2022-Q1",
            person_days=Decimal(3),
            amount=Decimal(301),
            **{f"{phase}_days": 1 for phase in phases},
            **{f"{phase}_amount": 100 for phase in phases},
            filed_on=NOW.date(),
            filed_at=NOW,
            filed_by=make.make_user(),
        )


def test_where_nothing_is_to_be_stated_the_dossier_says_so(dossier, coach):
    with across_providers():
        approved = make.approved(dossier.contract)
    page = coach.get(reverse("portal:statement", args=["alfa", approved.pk]), follow=True)
    assert page.redirect_chain == [(reverse("portal:dossier", args=["alfa", approved.pk]), 302)]
    assert "geen kwartaal" in page.content.decode()


def paid_for_the_first_quarter(dossier):
    """60 % of the grant of 16,335.00, on the statement of the first quarter."""
    make.stated(dossier, "20000.00")
    claim = file_claim(
        dossier=dossier, tranche=1, quarter=Q1, actor=make.make_user(), at=make.IN_WINDOW
    )
    verify_claim(claim=claim, actor=make.make_user(), at=make.IN_WINDOW)
    at = make.RUN_DAY
    run = payouts.draw_up_run(quarter=Q1, actor=timetable(), at=at)
    payouts.check_run(run=run, actor=make.make_officer(), at=at)
    payouts.approve_run(run=run, actor=make.make_officer("payments_approver"), at=at)
    payouts.write_payment_file(run=run, actor=timetable(), at=at)
    payouts.mark_sent(run=run, actor=make.make_officer(), at=at)
    payouts.settle_payment(
        payment=Payment.objects.get(), outcome="pay", on=at.date(), actor=make.make_user(), at=at
    )


def test_one_table_tells_what_answer_526_asks_for(dossier, coach):
    """In all, delivered earlier, in this quarter, paid, and still to deliver of 30,000 euro."""
    with across_providers():
        paid_for_the_first_quarter(dossier)
        make.stated(dossier, "26000.00", quarter=Q2, person_days="24.5", at=NOW)
        person = make.make_officer()
    officer = Client(headers={"accept-language": "nl"})
    make.sign_in(officer, person)
    for page in (
        coach.get(reverse("portal:dossier", args=["alfa", dossier.pk])),
        officer.get(reverse("backoffice:dossier", args=[dossier.pk])),
    ):
        [table] = lxml.html.fromstring(page.content.decode()).xpath(
            "//table[caption[@id='statements-caption']]"
        )
        second, first = (
            [" ".join(cell.text_content().split()) for cell in row.xpath("./td")][:5]
            for row in table.xpath("./tbody/tr")
        )
        assert second == [
            "20 mandagen€ 20.000,00",
            "4,5 mandagen€ 6.000,00",
            "24,5 mandagen€ 26.000,00 86,6 %",
            "€ 9.801,00",
            "5,5 mandagen€ 4.000,00",
        ]
        assert (first[0], first[1], first[3]) == (
            "0 mandagen€ 0,00",
            "20 mandagen€ 20.000,00",
            "€ 9.801,00",
        )
    look = typed(Q2, "20", "20.000", "5", "7.000", "0", "0", deed="look")
    page = coach.post(address(dossier), look)
    assert "Tot nu betaald, inclusief btw" in page.content.decode()
    assert page.context["paid"] == Decimal("9801.00")
