"""What a provider reads at its desk is true, said once, and nothing that it filed gets lost."""

from datetime import UTC, datetime

import lxml.html
import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from apps.accounts.selectors import timetable
from apps.claims.end_reports import send_back_end_report
from apps.claims.models import EndReport
from apps.claims.services import stop_dossier
from apps.contracts.models import Contract
from apps.design import figures
from apps.design.fields import DayField, WholeEuroField
from apps.design.words import words_for
from apps.documents.services import receive_document
from apps.dossiers.services import assess_dossier, correct_facts, refuse_dossier, withdraw_dossier
from apps.providers.scope import across_providers
from cstraject.refusal import Refusal
from tests import factories as make

APRIL = datetime(2022, 4, 5, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def in_april(clock):
    clock.at = APRIL


@pytest.fixture
def contract(db) -> Contract:
    with across_providers():
        return make.make_contract(make.make_provider("alfa"))


@pytest.fixture
def coach(contract) -> Client:
    return member(contract, "coach")


def member(contract, role: str) -> Client:
    with across_providers():
        person = make.make_member(contract.provider, role)
    client = Client(headers={"accept-language": "nl"})
    make.sign_in(client, person)
    return client


def portal(name, dossier, *more) -> str:
    return reverse(f"portal:{name}", args=["alfa", dossier.pk, *more])


def text_of(answer, xpath: str = "//main") -> str:
    found = lxml.html.fromstring(answer.content.decode()).xpath(xpath)
    return " ".join(" ".join(one.text_content() for one in found).split())


def test_what_a_withdrawal_does_stands_at_the_withdrawal_alone(contract, coach):
    with across_providers():
        dossier = make.approved(contract)
    page = coach.get(portal("dossier", dossier))
    assert text_of(page).count("Dit kan niet ongedaan gemaakt worden") == 1
    write = portal("message-write", dossier)
    assert "ongedaan" not in text_of(page, f"//form[@action='{write}']")


# ---- The end report ------------------------------------------------------------------------------


def signed(name: str = "eindrapport.pdf", content: bytes = b"") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content or make.pdf(b"ondertekend"))


def sent_back(contract, coach):
    """A report with its signed document, sent back."""
    with across_providers():
        dossier = make.completed(contract)
    sent = {**make.REPORT_TYPED, "document": signed()}
    assert coach.post(portal("dossier-end-report", dossier), sent).status_code == 302
    with across_providers():
        send_back_end_report(
            report=EndReport.objects.get(), reason="Meer uitleg.", actor=make.make_user(), at=APRIL
        )
    return dossier


def test_a_corrected_report_keeps_its_signed_document(contract, coach):
    dossier = sent_back(contract, coach)
    address, file = portal("dossier-end-report", dossier), portal("document", dossier, "end_report")
    assert "Ontvangen: eindrapport.pdf. Een ander bestand komt in de plaats." in text_of(
        coach.get(address)
    )
    assert coach.post(address, make.REPORT_TYPED).status_code == 302
    assert coach.get(file).content == make.pdf(b"ondertekend")


def test_another_signed_document_takes_the_place_of_the_first(contract, coach):
    dossier = sent_back(contract, coach)
    other = signed(content=make.pdf(b"nieuw"))
    sent = {**make.REPORT_TYPED, "document": other}
    assert coach.post(portal("dossier-end-report", dossier), sent).status_code == 302
    assert coach.get(portal("document", dossier, "end_report")).content == make.pdf(b"nieuw")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "Kies dit bestand opnieuw: het is niet bewaard."),
        (b"<html></html>", "geen pdf of afbeelding"),
    ],
)
def test_a_file_is_judged_together_with_the_rest_and_is_to_be_chosen_again(
    contract, coach, content, told
):
    with across_providers():
        dossier = make.completed(contract)
    sent = {**make.REPORT_TYPED, "person_days": "veel", "document": signed(content=content)}
    page = coach.post(portal("dossier-end-report", dossier), sent)
    assert page.status_code == 422
    errors = page.context["form"].errors
    assert set(errors) == {"person_days", "document"}
    assert told in str(errors["document"])


# ---- Completing the work -------------------------------------------------------------------------


def test_what_completing_too_early_costs_is_told_before_and_after(contract, coach):
    """Of 30,000 euro 21,000 was delivered: 45 % with VAT is 11,434.50 instead of 16,335.00."""
    with across_providers():
        dossier = make.stated(make.started(contract), "21000.00")
    page = text_of(coach.get(portal("dossier", dossier)))
    assert (
        "Volgens uw laatste prestatiestaat is 70 % geleverd. Legt u nu de voltooiing vast en komt"
        " er niets meer bij, dan wordt schijf 2 € 1.633,50 in plaats van € 6.534,00."
    ) in page
    assert "€ 1.633,50 in plaats van € 6.534,00" not in text_of(
        coach.get(portal("dossier", dossier)), "//table"
    )
    coach.post(portal("dossier-complete", dossier), {"on": "31/03/2022"})
    tranches = text_of(coach.get(portal("dossier", dossier)), "//table[caption='Schijven']")
    assert "is 70 % geleverd: € 1.633,50 in plaats van € 6.534,00." in tranches


@pytest.mark.parametrize(
    ("amount", "told"),
    [
        ("30000.00", None),
        ("12000.00", "krijgt u in het geheel € 6.534,00 in plaats van € 16.335,00"),
    ],
)
def test_completing_costs_nothing_where_all_was_delivered_and_all_of_tranche_1_below_its_threshold(
    contract, coach, amount, told
):
    with across_providers():
        dossier = make.stated(make.started(contract), amount)
    page = text_of(coach.get(portal("dossier", dossier)))
    assert told in page if told else "in plaats van" not in page


# ---- Filing twice --------------------------------------------------------------------------------


def draft_of(contract, number, **papers):
    with across_providers():
        person = make.make_member(contract.provider, "coach")
        return make.draft(contract.provider, person, number=number, **papers)


def test_a_second_dossier_for_an_enterprise_is_warned_of_to_its_own_provider_alone(contract, coach):
    number, strange = make.some_number(), make.some_number()
    with across_providers():
        filed = make.submitted(contract, number=number)
        other = make.make_contract(make.make_provider("beta"))
        make.submitted(other, number=strange)
    told = f"is er al dossier {filed.reference} (ingediend op 01/02/2022)."
    draft = draft_of(contract, number)
    for page in ("draft-check", "draft-step"):
        more = ["enterprise"] if page == "draft-step" else []
        assert told in text_of(coach.get(portal(page, draft, *more)))
        assert "is er al" not in text_of(
            coach.get(portal(page, draft_of(contract, strange), *more))
        )
    assert "is er al" not in text_of(coach.get(portal("draft-step", draft, "offer")))


def test_a_withdrawn_dossier_is_no_reason_to_warn(contract, coach):
    number = make.some_number()
    with across_providers():
        filed = make.submitted(contract, number=number)
        withdraw_dossier(dossier=filed, reason="x", actor=make.make_user(), at=APRIL)
    page = coach.get(portal("draft-check", draft_of(contract, number)))
    assert "is er al" not in text_of(page)


def test_the_same_file_as_offer_and_declaration_is_asked_about(contract, coach):
    def papers(declaration: bytes):
        return {
            kind: receive_document(
                provider_id=contract.provider_id,
                kind=kind,
                name="x.pdf",
                content=make.pdf(content),
                actor=make.make_user(),
                at=APRIL,
            ).pk
            for kind, content in (("offer", b"een"), ("declaration", declaration))
        }

    with across_providers():
        same, differ = papers(b"een"), papers(b"twee")
    number = make.some_number()
    for given, asked in ((same, True), (differ, False)):
        page = text_of(coach.get(portal("draft-check", draft_of(contract, number, **given))))
        assert ("zijn hetzelfde bestand" in page) is asked


# ---- What was filed ------------------------------------------------------------------------------


def test_what_was_filed_is_read_again_as_it_was_stated_and_not_as_it_was_corrected(contract, coach):
    with across_providers():
        nobody = {"aid": [], "holdings": [], "others": []}
        dossier = make.assessed(contract, name="Voorbeeld bv", postal_code="2018", **nobody)
        stated = {**dossier.facts.stated, "equity": "77777", "postal_code": "9000"}
        correct_facts(
            dossier=dossier,
            seen=dossier.facts_id,
            stated=stated,
            source="NBB",
            reason="neergelegd",
            actor=make.make_officer(),
            at=APRIL,
        )
    page = lxml.html.fromstring(coach.get(portal("dossier", dossier)).content.decode())
    [filed] = page.xpath("//details[summary='Wat u indiende']")
    told = "; ".join(" ".join(one.xpath("./*/text()")) for one in filed.xpath("./dl/div"))
    told = told.replace("\xa0", " ")
    for line in (
        *("Naam Voorbeeld bv", "Postcode 2018", "NACE-code 62010", "Eigen vermogen € 50.000"),
        *("Personeel van Voorbeeld bv in 2021 12", "Verklaringen ondertekend 01/02/2022"),
        *("Participaties Geen", "Eerdere steun Geen"),
    ):
        assert line in told
    assert "77.777" not in told
    assert "neergelegd" not in told


# ---- The statement -------------------------------------------------------------------------------


def test_a_quarter_to_correct_is_opened_with_its_own_figures(contract, clock):
    clock.at = datetime(2022, 7, 5, 9, 0, tzinfo=UTC)
    coach = member(contract, "coach")
    with across_providers():
        dossier = make.started(contract)
    address = portal("statement", dossier)
    for quarter, amount in (("2022-Q1", "1.000"), ("2022-Q2", "4.000")):
        sent = {**make.PHASES_TYPED, "plan_amount": amount, "quarter": quarter, "deed": "file"}
        assert coach.post(address, sent).status_code == 302
    page = coach.get(address)
    assert page.context["form"]["plan_amount"].value() == "4.000"
    assert f'href="{address}?quarter=2022-Q1"' in page.content.decode()
    page = coach.get(f"{address}?quarter=2022-Q1")
    assert page.context["form"]["plan_amount"].value() == "1.000"
    assert page.context["form"]["quarter"].value() == "2022-Q1"
    # Whatever else stands in the address is the last one.
    for other in ("2019-Q1", "x", ""):
        page = coach.get(f"{address}?quarter={other}")
        assert page.context["form"]["quarter"].value() == "2022-Q2"


def test_what_was_stated_in_one_sum_is_shown_where_the_fields_are_empty(contract, coach):
    with across_providers():
        dossier = make.stated(make.started(contract), "12345.00")
    page = coach.get(portal("statement", dossier))
    assert page.context["form"]["plan_amount"].value() is None
    assert "€ 12.345,00" in text_of(page)
    assert "als bestand" not in text_of(page)


# ---- Days that differ ----------------------------------------------------------------------------


def test_days_that_differ_from_the_statement_are_asked_about_once(contract, coach):
    with across_providers():
        dossier = make.completed(contract)
        make.stated(dossier, "20000.00", person_days="21.0")
    address = portal("dossier-end-report", dossier)
    sent = {**make.REPORT_TYPED, "person_days": "30", "document": signed()}
    page = coach.post(address, sent)
    assert page.status_code == 422
    told = text_of(page)
    assert "U geeft 30 mandagen op; in uw laatste prestatiestaat staat 21 mandagen." in told
    assert "Kies dit bestand opnieuw" in told
    [sure] = lxml.html.fromstring(page.content.decode()).xpath("//button[@name='sure']/@value")
    # Sure of 30 is not sure of 31.
    other = {**make.REPORT_TYPED, "person_days": "31", "sure": sure}
    assert coach.post(address, other).status_code == 422
    assert coach.post(address, {**other, "person_days": "30"}).status_code == 302


def test_days_that_agree_with_the_statement_are_not_asked_about(contract, coach):
    with across_providers():
        dossier = make.completed(contract)
        make.stated(dossier, "20000.00", person_days="21.0")
    sent = {**make.REPORT_TYPED, "person_days": "21"}
    assert coach.post(portal("dossier-end-report", dossier), sent).status_code == 302


# ---- What waits, and what is over ----------------------------------------------------------------


def test_a_report_that_was_sent_back_waits_as_such(contract, coach):
    sent_back(contract, coach)
    with across_providers():
        make.completed(contract)
    waits = coach.get(reverse("portal:overview", args=["alfa"])).context["waits"]
    assert sorted(what for what, _dossier, _day in waits) == [
        "Het eindverslag moet nog komen",
        "VLAIO stuurde het eindverslag terug: verbeter het",
    ]


def test_a_question_waits_no_longer_once_vlaio_decided(contract, coach):
    with across_providers():
        dossier = make.assessed(contract)
        make.message(dossier, by_agency=True, asks=True, at=APRIL)
    overview = reverse("portal:overview", args=["alfa"])
    assert len(coach.get(overview).context["waits"]) == 1
    with across_providers():
        refuse_dossier(dossier=dossier, reason="x", actor=make.make_officer(), at=APRIL)
    assert coach.get(overview).context["waits"] == []
    assert "Antwoord tegen" not in text_of(coach.get(portal("dossier", dossier)))


def test_what_vlaio_amended_or_stopped_is_told_on_the_overview_and_on_the_dossier(
    contract, coach, clock
):
    with across_providers():
        amended = make.amended(make.approved(contract), at=APRIL)
        stopped = stop_dossier(
            dossier=make.started(contract),
            cause="ended_early",
            reason="de onderneming stopt",
            actor=make.make_officer(),
            at=APRIL,
        )
        make.approved(contract)
    overview = reverse("portal:overview", args=["alfa"])
    told = {dossier.pk: what for what, dossier, _day in coach.get(overview).context["waits"]}
    assert told == {
        amended.pk: "VLAIO wijzigde de offerte op 05/04/2022: lees wat verandert",
        stopped.pk: "VLAIO zette het dossier stop op 05/04/2022: lees waarom",
    }
    page = text_of(coach.get(portal("dossier", amended)), "//*[contains(@class, 'alert')]")
    assert page.startswith("VLAIO wijzigde de offerte op 05/04/2022")
    assert page.endswith("vrijgegeven. minder werk")
    # A month later it is no news any more; the dossier still tells it.
    clock.at = datetime(2022, 5, 6, 9, 0, tzinfo=UTC)
    coach = member(contract, "coach")
    assert coach.get(overview).context["waits"] == []
    assert "VLAIO wijzigde de offerte" in text_of(coach.get(portal("dossier", amended)))


def test_of_a_dossier_that_ended_nothing_more_is_asked(contract, coach):
    with across_providers():
        dossier = make.submitted(contract)
        assess_dossier(dossier=dossier, actor=timetable(), at=APRIL)
        refuse_dossier(dossier=dossier, reason="x", actor=make.make_officer(), at=APRIL)
    page = text_of(coach.get(portal("dossier", dossier)))
    assert "Er is geen prestatiestaat ingediend." in page
    assert "voor elk kwartaal" not in page
    assert "Beoordeel" not in page


@pytest.mark.parametrize("role", ["coach", "reader"])
def test_who_cannot_claim_reads_when_a_manager_can(contract, role):
    with across_providers():
        dossier = make.stated(make.started(contract), "20000.00")
    page = text_of(member(contract, role).get(portal("dossier", dossier)))
    assert (
        "Een beheerder van uw organisatie kan schijf 1 aanvragen met het 1e kwartaal 2022" in page
    )
    assert "van 01/04/2022 tot en met 15/04/2022." in page


# ---- Figures and files ---------------------------------------------------------------------------


def test_a_share_of_the_budget_is_rounded_and_one_of_the_delivery_is_not():
    with override("nl"):
        assert figures.rounded_percent("0.0428").replace("\xa0", " ") == "4,3 %"
        assert figures.percent("0.5999").replace("\xa0", " ") == "59,9 %"


def test_a_day_that_lies_too_far_back_is_told_so():
    with override("nl"), pytest.raises(ValidationError, match="01/01/1990 ligt te ver terug"):
        DayField().clean("01/01/1990")


def test_an_amount_that_may_be_below_zero_is_not_asked_to_be_above():
    with override("nl"), pytest.raises(ValidationError, match="ook onder nul"):
        WholeEuroField(signed=True).clean("veel")


def test_an_empty_file_of_a_draft_is_called_empty(contract, coach):
    draft = draft_of(contract, make.some_number())
    sent = {**make.TYPED["documents"], "seen": 1, "deed": "next", "offer": signed()}
    sent["offer"] = SimpleUploadedFile("leeg.pdf", b"")
    page = coach.post(portal("draft-step", draft, "documents"), sent)
    assert "is leeg" in str(page.context["form"].errors["offer"])


@pytest.mark.parametrize(
    ("found", "told"),
    [
        ("text/html", "Dit is een webpagina, geen pdf of afbeelding."),
        ("application/x-shockwave-flash", "Dit is geen pdf of afbeelding die gelezen kan worden."),
    ],
)
def test_a_wrong_file_is_called_as_people_call_it(found, told):
    with override("nl"):
        assert words_for(Refusal("upload-type", found=found)).startswith(told)


@pytest.mark.parametrize(
    ("made", "deed", "day", "told"),
    [
        (make.approved, "start", "06/04/2022", "06/04/2022 ligt in de toekomst"),
        (make.approved, "start", "31/01/2022", "vanaf de goedkeuring op 01/02/2022"),
        (make.started, "complete", "31/01/2022", "Het werk startte op 01/02/2022: geef die dag"),
    ],
)
def test_what_is_wrong_with_a_day_stands_beside_it(contract, coach, made, deed, day, told):
    with across_providers():
        dossier = made(contract)
    page = coach.post(portal(f"dossier-{deed}", dossier), {"on": day})
    assert page.status_code == 422
    assert told in text_of(page, "//p[@class='field-error']")
    assert page.context["form"]["on"].value() == day


def test_a_corrected_statement_tells_on_the_time_line_what_it_was(contract, coach):
    with across_providers():
        dossier = make.stated(make.started(contract), "20000.00")
        make.stated(dossier, "21000.00", person_days="21.0")
    told = text_of(coach.get(portal("dossier", dossier)), "//ol[@class='timeline']")
    assert "verbeterd (versie 2): 21 mandagen, € 21.000,00; eerst 20 mandagen, € 20.000,00" in told
    assert "Prestatiestaat voor het 1e kwartaal 2022 ingediend: 20 mandagen" in told


def test_nobody_is_invited_for_a_role_that_they_have_here(contract):
    with across_providers():
        coach = make.make_member(contract.provider, "coach")
    manager, address = member(contract, "manager"), reverse("portal:member-invite", args=["alfa"])
    asked = {"email": coach.email.upper(), "name": "Coach", "role": "coach"}
    page = manager.post(address, asked)
    assert page.status_code == 422
    assert "Deze persoon heeft hier die rol al." in text_of(page)
    assert manager.post(address, {**asked, "role": "reader"}).status_code == 302


def test_what_is_not_answered_is_asked_for_in_words_of_what_to_do(contract, coach):
    draft = draft_of(contract, make.some_number())
    page = coach.post(portal("draft-step", draft, "aid"), {"seen": 1, "deed": "next"})
    assert page.context["form"].errors["same_costs"] == ["Maak een keuze."]
    page = coach.post(portal("draft-step", draft, "documents"), {"seen": 1, "deed": "next"})
    assert page.context["form"].errors["declarations"] == ["Vink aan wat geldt."]
    page = member(contract, "manager").post(
        reverse("portal:key-issue", args=["alfa"]), {"name": "x", "days": "900"}
    )
    assert page.context["form"].errors["days"] == ["Een sleutel geldt hoogstens 365 dagen."]


def test_a_table_of_a_dossier_is_called_by_its_reference_as_a_file(contract, coach):
    with across_providers():
        dossier = make.approved(contract)
    answer = coach.get(portal("dossier", dossier) + "?file=tranches.csv")
    called = f'attachment; filename="schijven-{dossier.reference.lower()}.csv"'
    assert answer["Content-Disposition"] == called


def test_a_page_beside_the_desk_leads_back_to_it(contract, coach):
    for page in ("rights", "accessibility"):
        answer = coach.get(reverse(page))
        assert "Naar het begin" in text_of(answer, "//nav//a[@href='/']"), page
    # Who is not signed in has no desk.
    assert text_of(Client().get(reverse("accessibility")), "//nav") == ""


def test_a_draft_counts_its_steps_with_the_last_one(contract, coach):
    draft_of(contract, make.some_number())
    [row] = coach.get(reverse("portal:overview", args=["alfa"])).context["drafts"]
    assert (row["kept"], row["of"]) == (5, 6)
