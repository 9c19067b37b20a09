"""Budgets amended, shifted and used up; offers amended; what a stop means in money."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from threading import Barrier, Thread

import pytest
from django.core import mail
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from apps.backoffice.water_line import water_lines
from apps.claims.services import amend_dossier, stop_dossier
from apps.contracts.models import Contract, LedgerEntry, Shift
from apps.contracts.selectors import (
    awards_of,
    balances_by_month,
    forecasts,
    ledger_differences,
)
from apps.contracts.services import amend_budget, decide_shift, propose_shift
from apps.design import figures
from apps.design.words import words_for
from apps.dossiers.models import Amendment, Dossier
from apps.dossiers.services import withdraw_dossier
from apps.notices.tasks import send_waiting
from apps.programme.selectors import terms_of
from apps.providers.scope import across_providers, inside
from apps.reporting.selectors import answer_as_of
from cstraject.forecast import forecast, pace_since
from cstraject.refusal import Refusal
from cstraject.subsidy import granted_for, tranches_of
from tests import factories as make

AT = datetime(2022, 5, 10, 9, tzinfo=UTC)
TODAY = AT.date()


@pytest.fixture(autouse=True)
def in_may(monkeypatch):
    for module in ("contracts", "amendments", "dossiers"):
        monkeypatch.setattr(f"apps.backoffice.views.{module}.timezone.now", lambda: AT)


@pytest.fixture
def contracts(db):
    """Alfa with 100,000 of which 16,335 is committed; Beta with 50,000 untouched."""
    with across_providers():
        alfa = make.make_contract(make.make_provider("alfa"), budget="100000.00")
        beta = make.make_contract(make.make_provider("beta"), budget="50000.00")
        make.approved(alfa)
        return alfa, beta


@pytest.fixture
def officer(db):
    with across_providers():
        return make.make_officer("payments_officer")


@pytest.fixture
def approver(db):
    with across_providers():
        return make.make_officer("payments_approver")


def browser_of(person) -> Client:
    client = Client(headers={"accept-language": "nl"})
    make.sign_in(client, person)
    return client


def budgets():
    with across_providers(), transaction.atomic():
        return dict(Contract.objects.values_list("provider__slug", "budget"))


def contract_page(name, contract):
    return reverse(f"backoffice:{name}", args=[contract.pk])


def test_a_budget_is_raised_and_lowered_with_a_reason_never_under_what_is_committed(
    contracts, officer
):
    alfa, _beta = contracts
    browser = browser_of(officer)
    sent = {"budget": "120.000", "seen": "100.000", "reason": "extra middelen"}
    assert browser.post(contract_page("contract-amend", alfa), sent).status_code == 302
    assert budgets()["alfa"] == Decimal("120000.00")
    # Sent once more from the page as it was: refused, not raised again.
    page = browser.post(contract_page("contract-amend", alfa), sent)
    assert page.status_code == 422
    assert "intussen gewijzigd" in page.content.decode()
    assert page.context["amend_form"]["reason"].value() == "extra middelen"
    low = {"budget": "16.334,99", "seen": "120.000", "reason": "terug"}
    page = browser.post(contract_page("contract-amend", alfa), low)
    assert page.status_code == 422
    told = page.content.decode().replace("\xa0", " ")
    assert "Een budget van € 16.334,99 is minder dan de € 16.335,00 die" in told
    to_the_cent = {**low, "budget": "16.335,00"}
    assert browser.post(contract_page("contract-amend", alfa), to_the_cent).status_code == 302
    assert budgets()["alfa"] == Decimal("16335.00")
    page = browser.get(contract_page("contract", alfa))
    assert [award.amount for award in page.context["awards"]] == [
        *(Decimal("100000.00"), Decimal("20000.00"), Decimal("-103665.00"))
    ]
    with across_providers():
        assert ledger_differences() == []


@pytest.mark.parametrize(("price", "warned"), [("30000.00", True), ("15000.00", False)])
def test_who_decides_is_told_that_the_budget_is_too_small(contracts, price, warned):
    """Of 50,000 three grants of 13,612.50 leave 9,162.50: room for 8,167.50, not for 16,335."""
    _alfa, beta = contracts
    with across_providers():
        for _ in range(3):
            make.approved(beta, price="25000.00")
        dossier = make.assessed(beta, price=price)
        reviewer = make.make_officer()
    page = browser_of(reviewer).get(reverse("backoffice:dossier", args=[dossier.pk]))
    assert ("Het budget van het contract is er te klein voor" in page.content.decode()) == warned


def test_a_shift_that_is_proposed_twice_is_one(contracts, officer):
    alfa, beta = contracts
    browser = browser_of(officer)
    for amount in ("1.000", "1.000", "2.000"):
        sent = {"target": beta.pk, "amount": amount, "reason": "herverdeling"}
        assert browser.post(contract_page("shift-propose", alfa), sent).status_code == 302
    with across_providers():
        amounts = Shift.objects.order_by("amount").values_list("amount", flat=True)
        assert list(amounts) == [Decimal("1000.00"), Decimal("2000.00")]


def test_a_shift_takes_two_people_and_what_the_source_can_miss(contracts, officer, approver):
    alfa, beta = contracts
    first, second = browser_of(officer), browser_of(approver)
    sent = {"target": beta.pk, "amount": "83.665,01", "reason": "herverdeling"}
    assert first.post(contract_page("shift-propose", alfa), sent).status_code == 422
    sent["amount"] = "83.665,00"
    first.post(contract_page("shift-propose", alfa), sent)
    with across_providers():
        shift = Shift.objects.get()
    page = first.get(reverse("backoffice:contracts")).content.decode()
    assert "Een collega voert het uit." in page
    carry_out = reverse("backoffice:shift-carry-out", args=[shift.pk])
    first.post(carry_out)
    assert budgets() == {"alfa": Decimal("100000.00"), "beta": Decimal("50000.00")}
    second.post(carry_out)
    second.post(carry_out)
    assert budgets() == {"alfa": Decimal("16335.00"), "beta": Decimal("133665.00")}
    with across_providers():
        assert ledger_differences() == []
        assert Shift.objects.get().decided_by_id == approver.pk
    # Neither provider reads of it.
    with (
        inside(alfa.provider_id),
        pytest.raises(Exception, match="permission denied"),
        transaction.atomic(),
    ):
        Shift.objects.count()


def test_a_shift_goes_to_a_contract_that_runs_and_waits_for_who_may_decide_it(
    contracts, officer, approver, monkeypatch
):
    alfa, beta = contracts
    with across_providers():
        make.make_contract(make.make_provider("weg"), valid_until=date(2022, 5, 9))
        name = beta.provider.name
    first, second = browser_of(officer), browser_of(approver)
    page = first.get(contract_page("contract", alfa))
    offered = page.content.decode().split('name="target"')[1].split("</select>")[0]
    assert re.findall(r'value="\d+">([^<]+)<', offered) == [
        f"{name} · 2021-2024 (nog €\xa050.000,00 over)"
    ]
    sent = {"target": beta.pk, "amount": "1.000", "reason": "herverdeling"}
    assert first.post(contract_page("shift-propose", alfa), sent).status_code == 302
    monkeypatch.setattr("apps.backoffice.views.work.timezone.now", lambda: AT)
    work = second.get(reverse("backoffice:work"), {"kind": "shift"})
    [waits] = work.context["page"].object_list
    assert (waits.about.target_id, waits.since) == (beta.pk, TODAY)
    assert "Verschuiving van €\xa01.000,00" in work.content.decode()
    menu = {item["label"]: item["waiting"] for item in work.context["nav"]}
    assert menu["Te doen"] == menu["Contracten"] == 1
    # Who proposed it cannot decide, and has nothing to do.
    own = first.get(reverse("backoffice:work"))
    assert own.context["page"].object_list == []
    carry_out = reverse("backoffice:shift-carry-out", args=[waits.about.pk])
    assert carry_out in second.get(contract_page("contract", alfa)).content.decode()
    assert carry_out not in first.get(contract_page("contract", alfa)).content.decode()


def test_what_stands_in_the_way_of_a_contract_is_told_on_its_page(contracts, officer, monkeypatch):
    with across_providers():
        gone = make.make_contract(make.make_provider("aarde"), valid_until=date(2022, 5, 9))
    # Years after the last of them ended.
    now = datetime.now(UTC)
    monkeypatch.setattr("apps.backoffice.views.contracts.timezone.now", lambda: now)
    browser = browser_of(officer)
    page = browser.get(contract_page("contract", gone)).content.decode()
    assert "Dit contract liep af op 09/05/2022" in page
    assert "Er loopt nu geen ander contract" in page
    assert reverse("backoffice:shift-propose", args=[gone.pk]) not in page
    assert "<dt>Niet gebruikt</dt>" in page
    assert (
        reverse("backoffice:editions")
        in browser.get(reverse("backoffice:contracts")).content.decode().split("<h1>")[1]
    )


def test_a_contract_that_ended_stands_after_those_that_run(contracts, officer):
    alfa, beta = contracts
    with across_providers():
        gone = make.make_contract(make.make_provider("aarde"), valid_until=date(2022, 5, 9))
    page = browser_of(officer).get(reverse("backoffice:contracts"))
    assert [one for one, *_ in page.context["contracts"]] == [alfa, beta, gone]
    # What is left of it is not added to what can still be used.
    left = {one.pk: one.left for one, *_ in page.context["contracts"]}
    assert page.context["running"]["left"] == left[alfa.pk] + left[beta.pk]
    assert page.context["ended"]["left"] == Decimal("100000.00")
    own = browser_of(officer).get(contract_page("contract", gone)).content.decode()
    assert "Ga na of wat ervan overblijft" in own
    own = browser_of(officer).get(contract_page("contract", alfa)).content.decode()
    assert "Ga na of wat ervan overblijft" not in own
    # Of whom to choose nobody is chosen yet.
    assert ">Kies</option>" in own


def test_a_shift_can_be_dropped_by_who_proposed_it(contracts, officer):
    alfa, beta = contracts
    with across_providers():
        shift = propose_shift(
            source=alfa, target=beta, amount=Decimal(1), reason="x", actor=officer, at=AT
        )
    browser_of(officer).post(reverse("backoffice:shift-drop", args=[shift.pk]))
    with across_providers():
        assert Shift.objects.get().done is False
        with pytest.raises(Refusal, match="shift-decided"):
            decide_shift(shift=shift, done=True, actor=make.make_user(), at=AT)
    assert budgets() == {"alfa": Decimal("100000.00"), "beta": Decimal("50000.00")}


def test_the_database_lets_nobody_carry_out_what_they_proposed(contracts, officer):
    alfa, beta = contracts
    with (
        across_providers(),
        pytest.raises(IntegrityError, match="shift_done_by_another"),
        transaction.atomic(),
    ):
        Shift.objects.create(
            source=alfa,
            target=beta,
            amount=1,
            reason="x",
            proposed_at=AT,
            proposed_by=officer,
            decided_at=AT,
            decided_by=officer,
            done=True,
        )


def test_a_source_that_was_used_up_meanwhile_keeps_what_is_committed(contracts, officer, approver):
    alfa, beta = contracts
    with across_providers():
        shift = propose_shift(
            source=alfa, target=beta, amount=Decimal(80_000), reason="x", actor=officer, at=AT
        )
        make.approved(alfa)
    address = reverse("backoffice:shift-carry-out", args=[shift.pk])
    page = browser_of(approver).post(address, follow=True)
    assert "67.330,00" in page.content.decode()
    with across_providers():
        assert Shift.objects.get().done is None
    assert budgets()["alfa"] == Decimal("100000.00")


def test_shifts_there_and_back_at_once_wait_for_each_other_and_lose_nothing(committed):
    """Locked in the order of contracts, whichever way the budget goes."""
    with across_providers(), transaction.atomic():
        one = make.make_contract(make.make_provider("alfa"), budget="1000.00")
        two = make.make_contract(make.make_provider("beta"), budget="1000.00")
        people = [make.make_user(), make.make_user()]
        shifts = [
            propose_shift(
                source=source,
                target=target,
                amount=Decimal(600),
                reason="x",
                actor=people[0],
                at=AT,
            )
            for source, target in ((one, two), (two, one))
        ]
    start, failed = Barrier(2), []

    def carry_out(shift):
        try:
            start.wait(10)
            with across_providers(), transaction.atomic():
                decide_shift(shift=shift, done=True, actor=people[1], at=AT)
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [Thread(target=carry_out, args=(shift,)) for shift in shifts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failed == []
    assert budgets() == {"alfa": Decimal("1000.00"), "beta": Decimal("1000.00")}


# ---- What lies ahead -----------------------------------------------------------------------------


def test_the_forecast_goes_by_the_net_pace_since_the_contract_began(contracts):
    alfa, beta = contracts
    with across_providers():
        # 16,335 in 494 days, of which the last 365 count: committed on 1 February 2022.
        told = forecasts([alfa, beta], on=TODAY)
    ahead = told[alfa.pk]
    assert (ahead.committed, ahead.days) == (Decimal("16335.00"), 365)
    # 83,665 at 16,335 a year: after the contract ends.
    assert ahead.used_up_on is None
    assert told[beta.pk].used_up_on is None
    with across_providers():
        for _ in range(4):
            make.approved(alfa)
        alfa.refresh_from_db()
        told = forecasts([alfa], on=TODAY)
    # 18,325 left at 81,675 a year: 81.9 days.
    assert told[alfa.pk].used_up_on == date(2022, 7, 31)


AMOUNTS = st.integers(0, 10**9).map(lambda cents: Decimal(cents) / 100)


@given(left=AMOUNTS, committed=AMOUNTS, since=st.integers(0, 800), until=st.integers(0, 2000))
def test_on_the_day_that_is_told_the_pace_has_used_what_is_left(left, committed, since, until):
    on = date(2022, 5, 10)
    begins, ends = (
        date.fromordinal(on.toordinal() - since),
        date.fromordinal(on.toordinal() + until),
    )
    told = forecast(left, committed=committed, valid_from=begins, valid_until=ends, on=on)
    days = (on - pace_since(begins, on=on)).days
    if left <= 0:
        assert told is not None
        assert told.used_up_on == on
    elif days < 30:
        assert told is None
    elif told.used_up_on is None:
        assert committed * (ends - on).days <= left * days or committed <= 0
    else:
        ahead = (told.used_up_on - on).days
        assert committed * ahead >= left * days
        assert committed * (ahead - 1) < left * days


def test_the_picture_stays_within_its_frame_and_ends_at_what_is_committed(contracts):
    alfa, _beta = contracts
    with across_providers():
        balances = balances_by_month(alfa, until=TODAY)
        ahead = forecasts([alfa], on=TODAY)[alfa.pk]
        awards = list(awards_of(alfa))
    assert [(b.on, b.committed) for b in balances if b.on >= date(2022, 1, 1)] == [
        (date(2022, 1, 31), Decimal("0.00")),
        *((day, Decimal("16335.00")) for day in (date(2022, 2, 28), date(2022, 3, 31))),
        *((day, Decimal("16335.00")) for day in (date(2022, 4, 30), TODAY)),
    ]
    for line in water_lines(alfa, balances, awards, ahead, on=TODAY):
        steps = [int(x) for x in re.findall(r"[MH] (\d+)", line.committed)]
        assert steps == sorted(steps)
        assert steps[-1] == line.today_x <= line.width
        # 16.335 of 100.000 of the height.
        assert line.committed.rsplit("V ", 1)[1].split()[0] == str(line.base - round(0.16335 * 200))


def test_a_budget_changes_in_the_picture_on_the_day_on_which_it_did(contracts, officer):
    """Raised on 20 April 2022: 474 of the 1,460 days of the contract's years, no sooner."""
    alfa, _beta = contracts
    raised = datetime(2022, 4, 20, 9, tzinfo=UTC)
    with across_providers():
        amend_budget(contract=alfa, by=Decimal(20_000), reason="x", actor=officer, at=raised)
    page = browser_of(officer).get(contract_page("contract", alfa))
    line = next(line for line in page.context["lines"] if line.name == "wide")
    steps = re.findall(r"H (\d+) V (\d+)", line.budget)
    days = (alfa.valid_until - alfa.valid_from).days
    along = (raised.date() - alfa.valid_from).days * (line.width - 24) / days
    assert [int(x) for x, _y in steps] == [12, 12 + round(along)]
    assert steps[-1][1] == str(line.top)


def test_the_page_draws_it_in_three_widths_with_a_table(contracts, officer):
    page = browser_of(officer).get(contract_page("contract", contracts[0])).content.decode()
    assert page.count('<svg class="water" role="img"') == 3
    assert f"Sinds {figures.day(TODAY - timedelta(days=365))}" in page


# ---- An offer amended ----------------------------------------------------------------------------


@pytest.fixture
def reviewer(db):
    with across_providers():
        return make.make_officer("reviewer")


def mailed_about(dossier) -> str:
    """The one mail that its filer got; not why, which is read after signing in."""
    send_waiting()
    [told] = [one for one in mail.outbox if one.to == [dossier.submitted_by.email]]
    assert "minder werk" not in told.body
    assert "gestopt op vraag" not in told.body
    return told.body


def test_an_offer_is_amended_after_its_effect_in_money_was_looked_at(contracts, reviewer):
    alfa, _beta = contracts
    with across_providers():
        dossier = Dossier.objects.get()
        make.employ(dossier.submitted_by, dossier.provider)
    address = reverse("backoffice:dossier-amend", args=[dossier.pk])
    browser = browser_of(reviewer)
    sent = {"price_excl_vat": "28.000", "person_days": "25", "reason": "minder werk"}
    page = browser.post(address, {**sent, "deed": "look"})
    # 28,000 x 45 % with VAT is 15,246.00: 1,089.00 less.
    assert page.context["released"] == Decimal("1089.00")
    assert page.context["left_after"] == Decimal("84754.00")
    sent |= {"deed": "amend", "seen": page.context["seen"]}
    # What nobody looked at is shown first, also once something was looked at.
    other = browser.post(address, {**sent, "price_excl_vat": "20.000"})
    assert other.context["becomes"].granted == Decimal("10890.00")
    assert "Deze cijfers zijn andere dan die u bekeek." in other.content.decode()
    with across_providers():
        assert not Amendment.objects.exists()
    assert browser.post(address, sent).status_code == 302
    assert mailed_about(dossier).startswith(f"VLAIO wijzigde de offerte van dossier {dossier}.")
    with across_providers():
        dossier.refresh_from_db()
        alfa.refresh_from_db()
        amendment = Amendment.objects.get()
        assert (dossier.price_excl_vat, dossier.granted_incl_vat) == (
            *(Decimal("28000.00"), Decimal("15246.00")),
        )
        assert (amendment.price_before, amendment.granted_before) == (
            *(Decimal("30000.00"), Decimal("16335.00")),
        )
        assert alfa.committed == Decimal("15246.00")
        # What was answered as of the day before is answered still.
        assert answer_as_of(date(2022, 5, 9)).total == {"2022": (1, Decimal("16335.00"))}
        assert answer_as_of(TODAY).total == {"2022": (1, Decimal("15246.00"))}
        # Withdrawn after that, the rest returns to the cent.
        withdraw_dossier(dossier=dossier, reason="ziet ervan af", actor=make.make_user(), at=AT)
        assert ledger_differences() == []
        alfa.refresh_from_db()
        assert alfa.committed == 0


def test_an_answer_says_of_which_version_of_nace_a_code_is(contracts):
    with across_providers():
        make.approved(contracts[0], nace_version="2025", nace_code="62100", nace_label="Software")
        answer = answer_as_of(TODAY)
        officer = make.make_officer("reporting_officer")
    sectors = answer.tables["by_sector"]["2022"]
    assert "62100 (2025)" in sectors
    assert answer.sector_labels["62100 (2025)"] == "Software"
    assert any(sector.isdecimal() for sector in sectors)
    page = browser_of(officer).get(reverse("backoffice:answer")).content.decode()
    assert "62100 (2025) Software" in page
    assert "NACE-BEL 2008" not in page


@pytest.mark.parametrize(
    ("price", "days", "code"),
    [
        ("30000.01", "30.0", "amend-raises"),
        ("30000.00", "30.0", "nothing-changes"),
        ("14999.99", "30.0", "price-outside-band"),
        ("19999.99", "30.0", "amend-below-delivered"),
        ("25000.00", "19.9", "amend-below-delivered"),
        ("25000.00", "0", "unreadable-person-days"),
    ],
)
def test_an_offer_is_not_amended_beyond_what_was_granted_or_delivered(contracts, price, days, code):
    with across_providers():
        dossier = make.stated(make.started(contracts[0]), "20000.00")
        with pytest.raises(Refusal) as refused:
            amend_dossier(
                dossier=dossier,
                price_excl_vat=Decimal(price),
                person_days=Decimal(days),
                reason="minder",
                actor=make.make_user(),
                at=AT,
            )
        assert refused.value.code == code


def test_an_offer_is_not_amended_below_what_was_claimed(contracts):
    """A cent can lie between sixty percent of a grant and the grant on sixty percent."""
    with across_providers():
        terms = terms_of(contracts[0].edition)
        price, stated = next(
            (price, price * 6 / 10)
            for price in (Decimal(cents) / 100 for cents in range(3_000_005, 3_002_000, 5))
            if tranches_of(granted_for(price, terms=terms).granted, terms=terms)[0]
            > granted_for(price * 6 / 10, terms=terms).granted
        )
        dossier = make.submitted_claim(contracts[0], amount=str(stated), price=str(price)).dossier
        with pytest.raises(Refusal, match="amend-below-claimed"):
            amend_dossier(
                dossier=dossier,
                price_excl_vat=stated,
                person_days=dossier.person_days,
                reason="minder",
                actor=make.make_user(),
                at=AT,
            )


# ---- A stop --------------------------------------------------------------------------------------


def test_what_a_stop_means_is_told_before_and_is_what_happens(contracts):
    with across_providers():
        controller = make.make_officer("controller")
        claim = make.verified_claim(contracts[0])
        dossier = claim.dossier
    page = browser_of(controller).get(reverse("backoffice:dossier", args=[dossier.pk]))
    (_, early, _), (_, never, _) = page.context["stop_means"]
    assert (early.keeps, early.released, early.comes_back) == (
        *(Decimal("9801.00"), Decimal("6534.00"), Decimal("0.00")),
    )
    assert (never.keeps, never.released) == (Decimal("0.00"), Decimal("16335.00"))
    with across_providers():
        stop_dossier(dossier=dossier, cause="ended_early", reason="x", actor=controller, at=AT)
        dossier.refresh_from_db()
        assert dossier.keeps == early.keeps
        released = LedgerEntry.objects.filter(case_id=dossier.pk, kind="release").get()
        assert released.amount == early.released


def test_why_a_dossier_cannot_be_stopped_yet_is_told_instead(contracts):
    with across_providers():
        controller = make.make_officer("controller")
        dossier = make.submitted_claim(contracts[0]).dossier
    page = browser_of(controller).get(reverse("backoffice:dossier", args=[dossier.pk]))
    (_, early, why), (_, never, _) = page.context["stop_means"]
    assert early is None
    assert why == words_for(Refusal("claim-waits"))
    assert never.released == Decimal("16335.00")


def test_a_stop_is_confirmed_and_its_cause_stays_in_the_history(contracts):
    """96.6 % is delivered, the first tranche alone is verified: 9,801.00 is kept, no more."""
    with across_providers():
        controller = make.make_officer("controller")
        dossier = make.verified_claim(contracts[0], amount="28980.00").dossier
        make.employ(dossier.submitted_by, dossier.provider)
    browser, page_of = browser_of(controller), reverse("backoffice:dossier", args=[dossier.pk])
    before = browser.get(page_of)
    told = before.content.decode()
    assert before.context["stop_means"][0][1].keeps == Decimal("9801.00")
    assert "de dienstverlener behoudt de schijven die nagekeken of betaald zijn" in told
    assert "Neem dit dossier" in told
    stop = reverse("backoffice:dossier-stop", args=[dossier.pk])
    sent = {"cause": "ended_early", "reason": "gestopt op vraag"}
    unsure = browser.post(stop, sent)
    assert unsure.status_code == 422
    assert list(unsure.context["form"].errors) == ["sure"]
    sent |= {"sure": "on", "seen": before.context["stop_seen"]}
    changed = browser.post(stop, {**sent, "seen": "other amounts"})
    assert changed.status_code == 422
    assert "Deze cijfers zijn andere dan die u bekeek." in changed.content.decode()
    assert browser.post(stop, sent).status_code == 302
    assert mailed_about(dossier).startswith(f"VLAIO zette dossier {dossier} stop.")
    after = browser.get(page_of)
    assert after.context["deeds"][0]["what"].startswith("Stopgezet, want het eindigde vroegtijdig")
    assert "Neem dit dossier" not in after.content.decode()
    assert "Nog niemand behandelt" not in after.content.decode()
