"""Who comes too late reads why, and finds all that they typed in fields that stand open."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from secrets import token_hex

import lxml.html
import pytest
from django.contrib.sessions.models import Session
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from apps.accounts.selectors import timetable
from apps.accounts.session_store import SessionStore
from apps.claims.end_reports import accept_end_report
from apps.claims.services import file_claim, stop_dossier
from apps.contracts.models import Contract
from apps.contracts.services import amend_budget
from apps.dossiers import drafts, selectors, services
from apps.dossiers.models import Draft
from apps.members.selectors import members
from apps.members.services import shut_out
from apps.payouts import services as payouts
from apps.payouts.models import Payment
from apps.programme.selectors import edition_on
from apps.providers.scope import across_providers, inside
from tests import factories as make

APRIL = datetime(2022, 4, 5, 9, 0, tzinfo=UTC)
WHY = "omdat het zo is"


@pytest.fixture(autouse=True)
def in_april(clock):
    clock.at = APRIL


@pytest.fixture
def contract(db) -> Contract:
    with across_providers():
        return make.make_contract(make.make_provider("alfa"))


def officer(role="reviewer") -> Client:
    with across_providers():
        person = make.make_officer(role)
    return browser_of(person)


def member(contract, role="manager") -> Client:
    with across_providers():
        person = make.make_member(contract.provider, role)
    return browser_of(person)


def browser_of(person) -> Client:
    client = Client(headers={"accept-language": "nl"})
    make.sign_in(client, person)
    return client


def page_of(name, *args) -> str:
    return reverse(f"backoffice:{name}", args=args)


def in_sight(page) -> dict[str, list[str]]:
    """What stands in the fields of a page that nobody has to unfold first."""
    found: dict[str, list[str]] = {}
    for field in lxml.html.fromstring(page.content).xpath("//input | //textarea | //select"):
        if field.xpath("ancestor::details[not(@open)]"):
            continue
        if field.get("type") in ("radio", "checkbox") and field.get("checked") is None:
            continue
        told = "on" if field.get("type") == "checkbox" else ""
        value = field.value if field.tag == "select" else field.get("value", field.text or told)
        found.setdefault(field.name or "", []).append((value or "").strip("\r\n"))
    return found


def must_stand(page, typed) -> None:
    """The sentence that says why, and everything typed."""
    assert page.status_code in (409, 422), page.status_code
    assert 'role="alert"' in page.content.decode()
    shown = in_sight(page)
    lost = {name: value for name, value in typed.items() if value not in shown.get(name, [])}
    assert lost == {}, shown


# ---- The agency ----------------------------------------------------------------------------------


def refused_meanwhile(contract):
    dossier = make.assessed(contract)
    services.refuse_dossier(
        dossier=dossier, reason="te laat", actor=make.make_user(), at=make.IN_WINDOW
    )
    return dossier


def stopped_meanwhile(contract):
    return stop_dossier(
        dossier=make.started(contract),
        cause="ended_early",
        reason="gestopt",
        actor=make.make_user(),
        at=make.IN_WINDOW,
    )


def report_accepted_meanwhile(contract):
    dossier = make.completed(contract)
    accept_end_report(report=make.end_report(dossier), actor=make.make_user(), at=APRIL)
    return dossier


OFFER = {"price_excl_vat": "28.000", "person_days": "20", "reason": WHY, "deed": "amend"}
STOP = {"cause": "not_entitled", "reason": WHY, "sure": "on"}


@pytest.mark.parametrize(
    ("made", "role", "deed", "typed"),
    [
        (refused_meanwhile, "reviewer", "dossier-refuse", {"reason": WHY}),
        (
            refused_meanwhile,
            "reviewer",
            "dossier-find",
            {"question": "equity", "outcome": "met", "reason": WHY},
        ),
        (refused_meanwhile, "controller", "dossier-stop", STOP),
        (stopped_meanwhile, "controller", "dossier-stop", STOP),
        (stopped_meanwhile, "reviewer", "dossier-amend", OFFER),
        (report_accepted_meanwhile, "reviewer", "end-report-send-back", {"reason": WHY}),
    ],
)
def test_a_deed_on_a_dossier_that_comes_too_late_keeps_what_was_typed(
    contract, made, role, deed, typed
):
    with across_providers():
        dossier = made(contract)
    answer = officer(role).post(page_of(deed, dossier.pk), typed)
    must_stand(answer, {name: value for name, value in typed.items() if name != "deed"})


def test_a_claim_that_is_in_a_run_by_now_is_not_sent_back_and_the_reason_stands(contract):
    with across_providers():
        claim = make.verified_claim(contract)
        payouts.draw_up_run(quarter=make.Q1, actor=timetable(), at=make.RUN_DAY)
    answer = officer().post(page_of("claim-send-back", claim.pk), {"reason": WHY})
    must_stand(answer, {"reason": WHY})


def test_an_edition_that_decided_meanwhile_keeps_the_terms_that_were_typed(contract):
    with across_providers():
        make.approved(contract)
        edition = edition_on(date(2022, 1, 1))
        typed = make.edition_typed(edition, once_only_years="7", p1_max="41.000")
    answer = officer("administrator").post(page_of("edition-beside", edition.pk) + "?change", typed)
    must_stand(answer, {"once_only_years": "7", "p1_max": "41.000"})
    answer = officer("administrator").post(page_of("edition-beside", edition.pk), typed)
    must_stand(answer, {"name": edition.name, "once_only_years": "7", "p1_max": "41.000"})


def test_a_contract_that_is_there_already_keeps_what_was_typed_of_another(contract):
    typed = {
        "provider": str(contract.provider_id),
        "budget": "75.000",
        "valid_from": "01/01/2022",
        "valid_until": "31/12/2023",
    }
    page = page_of("contract-award", contract.edition_id)
    must_stand(officer("payments_officer").post(page, typed), typed)


def test_a_budget_that_was_amended_meanwhile_can_be_amended_from_what_it_is_now(contract):
    seen = {"budget": "120.000", "seen": "100.000", "reason": WHY}
    with across_providers():
        amend_budget(
            contract=contract, by=Decimal(5_000), reason="intussen", actor=timetable(), at=APRIL
        )
    page, browser = page_of("contract-amend", contract.pk), officer("payments_officer")
    answer = browser.post(page, seen)
    now = {**seen, "seen": "105.000"}
    must_stand(answer, now)
    assert browser.post(page, now).status_code == 302
    with across_providers():
        contract.refresh_from_db()
        assert contract.budget == Decimal("120000.00")


def test_a_shift_of_more_than_is_left_stands_as_it_was_typed(contract):
    with across_providers():
        other = make.make_contract(make.make_provider("beta"))
    typed = {"target": str(other.pk), "amount": "100.000,01", "reason": WHY}
    must_stand(
        officer("payments_officer").post(page_of("shift-propose", contract.pk), typed), typed
    )


def sent_run(contract):
    make.verified_claim(contract)
    run = payouts.draw_up_run(quarter=make.Q1, actor=timetable(), at=make.RUN_DAY)
    payouts.check_run(run=run, actor=make.make_officer(), at=make.RUN_DAY)
    payouts.approve_run(run=run, actor=make.make_officer("payments_approver"), at=make.RUN_DAY)
    payouts.write_payment_file(run=run, actor=timetable(), at=make.RUN_DAY)
    return payouts.mark_sent(run=run, actor=make.make_officer(), at=make.RUN_DAY)


def settle(payment, outcome):
    return payouts.settle_payment(
        payment=payment,
        outcome=outcome,
        on=make.RUN_DAY.date(),
        actor=make.make_user(),
        at=make.RUN_DAY,
    )


@pytest.mark.parametrize("meanwhile", ["pay", "refuse"])
def test_a_payment_that_was_settled_meanwhile_keeps_what_the_bank_said(contract, clock, meanwhile):
    clock.at = make.RUN_DAY + timedelta(days=2)
    with across_providers():
        sent_run(contract)
        payment = Payment.objects.get()
        settle(payment, meanwhile)
    typed = {"outcome": "pay", "on": "21/04/2022"}
    browser = officer("payments_officer")
    must_stand(browser.post(page_of("payment-settle", payment.pk), typed), typed)


def test_a_run_that_was_filed_meanwhile_is_not_abandoned_and_the_reason_stands(contract, clock):
    clock.at = make.RUN_DAY + timedelta(days=2)
    with across_providers():
        run = sent_run(contract)
    answer = officer("payments_officer").post(page_of("run-abandon", run.pk), {"reason": WHY})
    must_stand(answer, {"reason": WHY})


# ---- The provider --------------------------------------------------------------------------------


def portal(name, dossier) -> str:
    return reverse(f"portal:{name}", args=["alfa", dossier.pk])


def claimed_meanwhile(contract):
    dossier = make.stated(make.started(contract), "20000.00")
    file_claim(dossier=dossier, tranche=1, quarter=make.Q1, actor=make.make_user(), at=APRIL)
    return dossier


@pytest.mark.parametrize(
    ("made", "deed", "typed"),
    [
        (make.started, "dossier-start", {"on": "01/03/2022"}),
        (make.completed, "dossier-complete", {"on": "31/03/2022"}),
        (stopped_meanwhile, "dossier-withdraw", {"reason": WHY}),
        (claimed_meanwhile, "claim-file", {"quarter": "2022-Q1", "tranche": "1"}),
        (stopped_meanwhile, "statement", {"quarter": "2022-Q1", **make.PHASES_TYPED}),
        (make.completed, "statement", {"quarter": "2022-Q2", **make.PHASES_TYPED}),
        (stopped_meanwhile, "dossier-end-report", make.REPORT_TYPED),
    ],
)
def test_what_a_provider_typed_stands_though_it_is_too_late_for_it(contract, made, deed, typed):
    with across_providers():
        dossier = made(contract)
    must_stand(member(contract).post(portal(deed, dossier), typed), typed)


def test_of_a_refused_report_the_file_is_to_be_chosen_again(contract):
    with across_providers():
        dossier = stopped_meanwhile(contract)
    file = SimpleUploadedFile("verslag.pdf", make.pdf())
    answer = member(contract).post(
        portal("dossier-end-report", dossier), {**make.REPORT_TYPED, "document": file}
    )
    must_stand(answer, make.REPORT_TYPED)
    assert "Kies dit bestand opnieuw: het is niet bewaard." in answer.content.decode()


# ---- A draft -------------------------------------------------------------------------------------


@pytest.fixture
def coach(contract) -> Client:
    return member(contract, "coach")


def begun(client) -> str:
    answer = client.post(reverse("portal:draft-start", args=["alfa"]))
    return answer["Location"].rpartition("enterprise/")[0]


def kept(contract, step) -> dict[str, list[str]]:
    with inside(contract.provider_id):
        return drafts.typed_in(Draft.objects.get(), step).fields


OFFER_TYPED = {"package": "basis", "price": "31.000,00", "person_days": "24"}


@pytest.mark.parametrize("wrong", [{}, {"price": "veel"}])
def test_a_contract_that_ended_during_a_draft_loses_nothing(contract, coach, clock, wrong):
    draft, typed = begun(coach), OFFER_TYPED | wrong
    clock.at = datetime(2025, 2, 3, 9, 0, tzinfo=UTC)
    coach = member(contract, "coach")
    answer = coach.post(f"{draft}offer/", {**typed, "seen": 0, "deed": "next"})
    assert answer.status_code == 409
    must_stand(answer, typed)
    assert "Er is geen raamcontract" in answer.content.decode()
    assert kept(contract, "offer")["price"] == [typed["price"]]
    # Whoever comes back later finds it, and is told why it cannot be filed.
    for page in ("offer/", "check/"):
        later = coach.get(draft + page)
        assert later.status_code == 200
        assert "Er is geen raamcontract" in later.content.decode()
    assert coach.post(f"{draft}file/").status_code == 409


def test_a_draft_that_was_set_aside_meanwhile_loses_nothing(coach):
    draft = begun(coach)
    coach.post(f"{draft}offer/", {**OFFER_TYPED, "seen": 0, "deed": "save"})
    coach.post(f"{draft}discard/")
    typed = make.TYPED["enterprise"]
    answer = coach.post(f"{draft}enterprise/", {**typed, "seen": 0, "deed": "next"})
    must_stand(answer, {**typed, "nace_code": "31.001"})
    assert "intussen ingediend of verwijderd" in answer.content.decode()


def test_a_file_that_is_none_of_the_precheck_is_told_on_the_page_where_it_was_chosen(coach):
    file = SimpleUploadedFile("iets.json", b"{}")
    answer = coach.post(reverse("portal:draft-start", args=["alfa"]), {"answers": file})
    must_stand(answer, {})
    page = lxml.html.fromstring(answer.content)
    assert page.xpath("//details[@open]//input[@name='answers']")
    assert "Kies dit bestand opnieuw" not in answer.content.decode()


# ---- Beside its field ----------------------------------------------------------------------------


def must_be_told_at(page, name) -> None:
    """What is wrong stands beside its field, and above with a link to it; the title says so."""
    tree = lxml.html.fromstring(page.content)
    (field,) = tree.xpath(f"//*[@name='{name}'][@aria-invalid='true']")
    beside = tree.xpath(f"//*[@id='{field.get('id')}_error']")
    assert beside, page.content.decode()
    assert tree.xpath(f"//*[@role='alert']//a[@href='#{field.get('id')}']")
    assert tree.xpath("string(//title)").startswith("Fout: ")
    # Once, and not in a box of its own as well.
    assert len(tree.xpath("//*[@role='alert']")) == 1


def a_dossier(make_one, role, deed, typed):
    def made(contract):
        with across_providers():
            dossier = make_one(contract)
        return officer(role), page_of(deed, dossier.pk), typed

    return made


def of_the_provider(make_one, deed, typed):
    def made(contract):
        with across_providers():
            dossier = make_one(contract)
        return member(contract), portal(deed, dossier), typed

    return made


def a_payment(contract):
    with across_providers():
        sent_run(contract)
        payment = Payment.objects.get()
    typed = {"outcome": "pay", "on": "01/08/2022"}
    return officer("payments_officer"), page_of("payment-settle", payment.pk), typed


def a_shift(contract):
    with across_providers():
        other = make.make_contract(make.make_provider("beta"))
    typed = {"target": other.pk, "amount": "100.000,01", "reason": WHY}
    return officer("payments_officer"), page_of("shift-propose", contract.pk), typed


def an_award(contract):
    typed = {
        "provider": str(contract.provider_id),
        "budget": "75.000",
        "valid_from": "01/01/2022",
        "valid_until": "31/12/2023",
    }
    return officer("payments_officer"), page_of("contract-award", contract.edition_id), typed


def an_access(contract):
    with across_providers():
        person = make.make_officer()
    typed = {
        "person": person.pk,
        "reference": "ALFA-2022-999",
        "kind": "closed",
        "until": "30/04/2022",
        "reason": WHY,
    }
    return officer("administrator"), page_of("access-give"), typed


def an_early_run(contract):
    return officer("payments_officer"), page_of("run-draw-up"), {"quarter": "2022-Q2"}


def a_budget(contract):
    with across_providers():
        make.approved(contract)
    typed = {"budget": "1,00", "seen": "100.000,00", "reason": WHY}
    return officer("payments_officer"), page_of("contract-amend", contract.pk), typed


def a_smaller_statement(contract):
    with across_providers():
        dossier = make.started(contract)
    browser, address = member(contract), portal("statement", dossier)
    browser.post(address, {"quarter": "2022-Q1", **make.PHASES_TYPED})
    moved = {"analysis_person_days": "2", "plan_person_days": "3"}
    return browser, address, {"quarter": "2022-Q2", **make.PHASES_TYPED, **moved}


@pytest.mark.parametrize(
    ("made", "field"),
    [
        (a_payment, "on"),
        (a_shift, "amount"),
        (an_award, "provider"),
        (an_access, "reference"),
        (an_early_run, "quarter"),
        (a_budget, "budget"),
        (
            a_dossier(
                make.approved,
                "reviewer",
                "register-enter",
                {"reference": "SA.1", "on": "01/07/2022"},
            ),
            "on",
        ),
        (
            a_dossier(
                make.submitted,
                "reviewer",
                "message-write",
                {"text": "Wat?", "asks": "on", "answer_by": "01/07/2023"},
            ),
            "answer_by",
        ),
        (
            a_dossier(make.started, "reviewer", "dossier-amend", {**OFFER, "price_excl_vat": "9"}),
            "price_excl_vat",
        ),
        (of_the_provider(make.approved, "dossier-start", {"on": "01/07/2022"}), "on"),
        (of_the_provider(make.started, "dossier-complete", {"on": "01/07/2022"}), "on"),
        (
            of_the_provider(make.started, "statement", {"quarter": "2022-Q2", **make.PHASES_TYPED}),
            "quarter",
        ),
        (a_smaller_statement, "analysis_person_days"),
    ],
)
def test_what_the_rules_refuse_is_told_beside_its_field(contract, clock, monkeypatch, made, field):
    monkeypatch.setattr(selectors, "REGISTER_SINCE", date(2021, 1, 1))
    if made in (a_payment, a_smaller_statement):
        clock.at = datetime(2022, 7, 5, 9, 0, tzinfo=UTC)
    browser, address, typed = made(contract)
    must_be_told_at(browser.post(address, typed), field)


def test_a_page_that_says_what_went_wrong_has_a_title_that_says_so(contract):
    with across_providers():
        dossier = refused_meanwhile(contract)
    answer = officer().post(page_of("dossier-assess", dossier.pk), follow=True)
    title = lxml.html.fromstring(answer.content).xpath("string(//title)")
    assert title.startswith("Fout: ")


# ---- Back ----------------------------------------------------------------------------------------

BROWSER = {"sec-fetch-mode": "navigate"}


@pytest.fixture
def answered(contract, coach) -> str:
    """The address of a page that answered a wrong form in a browser."""
    answer = coach.post(
        f"{begun(coach)}offer/",
        {**OFFER_TYPED, "price": "veel", "seen": 0, "deed": "next"},
        headers=BROWSER,
    )
    assert answer.status_code == 302
    return answer["Location"]


def test_back_shows_an_answered_form_as_it_was(coach, answered):
    for _ in range(2):
        page = coach.get(answered, headers=BROWSER)
        must_stand(page, OFFER_TYPED | {"price": "veel"})
    # The next answer has an address of its own, beside this one.
    again = coach.post(answered, OFFER_TYPED | {"seen": 1, "deed": "next", "price": "0"})
    assert again.status_code == 422, "a program is answered at once"
    again = coach.post(
        answered, OFFER_TYPED | {"seen": 2, "deed": "next", "price": "0"}, headers=BROWSER
    )
    assert again["Location"].count("answer=") == 1
    assert in_sight(coach.get(again["Location"]))["price"] == ["0"]
    assert in_sight(coach.get(answered))["price"] == ["veel"]


def test_an_answer_is_shown_to_who_sent_the_form_alone(contract, coach, answered):
    def shown(client, address=answered, **headers) -> int:
        return client.get(address, headers=headers).status_code

    assert shown(coach) == 422
    # In another browser, at another address, in another language: the page as it is now.
    assert shown(member(contract, "coach")) == 200
    assert shown(coach, answered.replace("/offer/", "/enterprise/")) == 200
    coach.cookies["django_language"] = "en"
    assert shown(coach) == 200
    del coach.cookies["django_language"]
    for name in ("geen", "%00", "a" * 32, coach.session.session_key):
        assert shown(coach, f"{answered.rpartition('=')[0]}={name}") == 200, name


def test_so_many_answers_of_a_session_are_kept_and_no_more(coach, monkeypatch):
    monkeypatch.setattr("apps.accounts.answers.KEPT", 2)
    address = f"{begun(coach)}offer/"
    sent = {**OFFER_TYPED, "price": "veel", "deed": "next"}
    answers = [coach.post(address, sent, headers=BROWSER)["Location"] for _ in range(3)]
    names = [answer.rpartition("=")[2] for answer in answers]
    assert Session.objects.filter(pk__in=names).count() == 2
    assert [coach.get(answer).status_code for answer in answers] == [200, 422, 422]


def test_an_answer_of_any_length_is_shown_and_a_very_long_one_not_kept(coach):
    long = token_hex(250_000)
    address = f"{begun(coach)}offer/"
    answer = coach.post(address, {**OFFER_TYPED, "price": long}, headers=BROWSER)
    assert (answer.status_code, in_sight(answer)["price"]) == (422, [long])


def test_an_answer_is_shown_to_nobody_whose_role_was_taken(contract, coach, answered):
    by_itself = timetable()
    with inside(contract.provider_id):
        (who,) = members()
        shut_out(provider=contract.provider, member=who.user_id, actor=by_itself, at=APRIL)
    assert coach.get(answered).status_code == 404


def test_an_answer_cannot_be_read_in_the_database(answered):
    name = answered.rpartition("=")[2]
    assert "page" in SessionStore(name)
    # Nor under another name: it is sealed with its own.
    row = Session.objects.get(pk=name)
    row.pk = "a" * 32
    row.save(force_insert=True)
    assert "page" not in SessionStore(row.pk)
