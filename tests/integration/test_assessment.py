"""An assessment is kept whole; what a person finds against it takes two; facts may be corrected."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal as D

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from apps.accounts.selectors import timetable
from apps.audit.models import Entry
from apps.design.figures import day
from apps.dossiers import selectors, services
from apps.dossiers.models import Dossier
from apps.dossiers.selectors import known_about, register_duties
from apps.eligibility.models import Confirmation, FactSheet, Workings
from apps.eligibility.selectors import known_of, standings_of
from apps.eligibility.services import keep_finding
from apps.providers.scope import across_providers, inside
from cstraject.refusal import Refusal
from tests import factories as make
from tests.factories import AT

OWNER = make.enterprise_number(4_801)
GROUP = {
    "others": [
        {
            "number": OWNER,
            "name": "<b>Boven & Co</b>",
            "periods": [
                {"year": 2021, "headcount": "5", "turnover": "1e6", "balance_total": "1e6"},
                {"year": 2020, "headcount": "5", "turnover": "1e6", "balance_total": "1e6"},
            ],
        }
    ],
    "holdings": [{"owner": OWNER, "capital_pct": "60", "voting_pct": "60"}],
}


def group(number):
    return {**GROUP, "holdings": [{**GROUP["holdings"][0], "owned": number}]}


@pytest.fixture
def contract(agency):
    return make.make_contract(budget="500000.00")


def assessed(contract, number=None, **stated):
    number = number or make.some_number()
    dossier = make.submitted(contract, number=number, **stated)
    return services.assess_dossier(dossier=dossier, actor=timetable(), at=AT)


def standing(dossier, question):
    dossier = Dossier.objects.select_related("assessment").get(pk=dossier.pk)
    return {s.answer.question: s for s in standings_of(dossier.assessment)}[question]


def refused(deed, **given):
    with pytest.raises(Refusal) as told:
        deed(**given)
    return told.value


def test_what_an_assessment_rests_on_is_kept_with_it(contract):
    number = make.enterprise_number(4_701)
    dossier = assessed(contract, number, **group(number), aid=[])
    workings = Workings.objects.get(assessment=dossier.assessment)

    assert workings.size["relation"] == "linked"
    assert [line["pct"] for line in workings.size["periods"][0]["lines"]] == ["100", "100"]
    assert workings.room["ceiling"] == "200000"
    assert workings.room["allows"] is True


def test_an_override_counts_once_a_second_officer_confirms_it(contract):
    dossier, first, second = assessed(contract), make.make_officer(), make.make_officer()
    finding = {"question": "equity", "outcome": "not_met", "reason": "jongere jaarrekening"}
    services.find(dossier=dossier, actor=first, at=AT, **finding)

    assert standing(dossier, "equity").outcome == "met"
    assert standing(dossier, "equity").pending.found_by_id == first.pk
    once = {"dossier": dossier, "question": "equity", "at": AT}
    assert refused(services.confirm_override, actor=first, **once).code == "self-confirmed"
    services.confirm_override(actor=second, **once)

    assert standing(dossier, "equity").outcome == "not_met"
    assert standing(dossier, "equity").pending is None
    assert refused(services.confirm_override, actor=second, **once).code == "nothing-to-confirm"
    told = list(Entry.objects.filter(case_id=dossier.pk).values_list("action", flat=True))
    assert {"dossier.override", "dossier.confirm_override"} <= set(told)


def test_a_dossier_is_not_approved_while_an_override_waits(contract):
    dossier = make.assessed(contract)
    services.find(
        dossier=dossier,
        question="equity",
        outcome="not_met",
        reason="x",
        actor=make.make_officer(),
        at=AT,
    )
    told = refused(services.approve_dossier, dossier=dossier, actor=make.make_user(), at=AT)
    assert (told.code, told.facts["questions"]) == ("override-pending", ["equity"])


def test_the_database_keeps_the_two_officers_apart(contract):
    dossier, officer = assessed(contract), make.make_officer()
    services.find(
        dossier=dossier, question="equity", outcome="not_met", reason="x", actor=officer, at=AT
    )
    finding = standing(dossier, "equity").pending
    row = {"provider_id": dossier.provider_id, "finding": finding, "confirmed_at": AT}
    other = make.make_officer()
    for found_by, confirmed_by in ((officer, officer), (other, officer)):
        with pytest.raises(IntegrityError), transaction.atomic():
            Confirmation.objects.create(**row, found_by=found_by, confirmed_by=confirmed_by)


def test_an_edition_may_trust_one_officer(contract):
    assessment = assessed(contract).assessment
    assessment.edition.overrides_by_two = False
    finding = keep_finding(
        assessment=assessment,
        question="equity",
        outcome="not_met",
        reason="x",
        actor=make.make_officer(),
        at=AT,
    )
    assert (finding.overrides, finding.needs_a_second) == (True, False)
    assert {s.answer.question: s.outcome for s in standings_of(assessment)}["equity"] == "not_met"


def test_a_term_of_the_edition_is_not_waived(contract):
    cheap = make.submitted(contract, price="15000.00", package="basis", equity="-1")
    services.assess_dossier(dossier=cheap, actor=timetable(), at=AT)
    asked = {"dossier": cheap, "reason": "x", "actor": make.make_officer(), "at": AT}
    services.find(question="equity", outcome="met", **asked)
    assert standing(cheap, "equity").pending
    services.find(question="offer", outcome="not_met", **asked)
    told = refused(services.find, question="size", outcome="met", **asked)
    assert told.code == "question-answered"


def test_what_was_helped_before_is_not_waived(contract):
    number = make.enterprise_number(4_702)
    make.approved(contract, number=number)
    again = assessed(make.make_contract(), number)
    told = refused(
        services.find,
        dossier=again,
        question="once_only",
        outcome="met",
        reason="x",
        actor=make.make_officer(),
        at=AT,
    )
    assert told.code == "not-to-be-waived"


def test_corrected_facts_leave_what_was_stated_as_it_was(contract):
    dossier = assessed(contract, equity="-5")
    before, judged = dossier.facts, dossier.assessment
    officer = make.make_officer()
    asked = {"dossier": dossier, "seen": before.pk, "actor": officer, "at": AT}
    stated = {**before.stated, "equity": "1000"}

    assert refused(services.correct_facts, stated=stated, source="", reason="x", **asked).code == (
        "source-missing"
    )
    told = refused(services.correct_facts, stated=stated, source="NBB", reason=" ", **asked)
    assert told.code == "reason-missing"
    other = {**stated, "number": OWNER}
    told = refused(services.correct_facts, stated=other, source="NBB", reason="x", **asked)
    assert told.code == "other-enterprise"
    equal = {**before.stated, "equity": "-5.00"}
    told = refused(services.correct_facts, stated=equal, source="NBB", reason="x", **asked)
    assert told.code == "nothing-changes"
    after = services.correct_facts(stated=stated, source="NBB 2021", reason="nieuw", **asked)

    assert standing(after, "equity").outcome == "met"
    assert (after.facts.replaces_id, after.facts.replaced_by) == (before.pk, officer)
    answers = {s.answer.question: s.answer.source for s in standings_of(after.assessment)}
    assert (answers.pop("equity"), answers.pop("once_only"), answers.pop("offer")) == (
        *("NBB 2021", "cstraject", "offerte"),
    )
    assert set(answers.values()) == {make.SOURCE}
    # Whoever saw the facts of before does not correct these.
    told = refused(services.correct_facts, stated=equal, source="NBB", reason="x", **asked)
    assert told.code == "facts-changed"
    assert FactSheet.objects.get(pk=before.pk).stated["equity"] == "-5"
    assert {s.answer.question: s.outcome for s in standings_of(judged)}["equity"] == "not_met"


def test_aid_granted_to_the_group_meanwhile_counts_at_approval(contract):
    """Reserved by approval: what is granted to a sister after the filing leaves less room."""
    own, sister = make.enterprise_number(4_703), OWNER
    aid = [{"on": "2021-05-01", "amount": "170000", "regulation": "1407/2013", "recipient": own}]
    dossier = assessed(contract, own, **group(own), aid=aid)
    for question in ("main_activity",):
        services.find(
            dossier=dossier,
            question=question,
            outcome="met",
            reason="x",
            actor=make.make_officer(),
            at=AT,
        )
    make.approved(make.make_contract(), number=sister)
    known = known_about(dossier, on=date(2022, 2, 1))
    assert [(a.recipient, a.amount) for a in known.aid] == [(sister, D("16335.00"))]
    assert known_of(Workings.objects.get(assessment=dossier.assessment)).aid == ()

    told = refused(services.approve_dossier, dossier=dossier, actor=make.make_user(), at=AT)
    assert (told.code, told.facts["left"]) == ("de-minimis-exceeded", D("13665.00"))


def test_a_provider_reads_no_workings_and_its_answers_tell_nothing_of_others(contract):
    own, sister = make.enterprise_number(4_704), OWNER
    make.approved(make.make_contract(), number=sister)
    dossier = assessed(contract, own, **group(own), aid=[], declared_on="2022-01-31")
    assert Workings.objects.get(assessment=dossier.assessment).known["aid"]

    with inside(dossier.provider_id):
        answers = dossier.assessment.answers.all()
        told = " ".join(str(answer.figures) for answer in answers)
    assert "2022-02-01" not in told.replace("'since'", "")
    assert sister not in told


def test_the_pages_of_the_workings_show_every_line(committed):
    own = make.enterprise_number(4_705)
    aid = [{"on": "2021-05-01", "amount": "41000", "regulation": "1407/2013", "recipient": own}]
    with across_providers(), transaction.atomic():
        dossier = assessed(make.make_contract(), own, **group(own), aid=aid)
        officer = make.make_officer()
    client = Client()
    make.sign_in(client, officer)

    page = client.get(f"/agency/dossiers/{dossier.pk}/size/", headers={"accept-language": "nl"})
    html = page.content.decode()
    assert page.status_code == 200
    assert "&lt;b&gt;Boven &amp; Co&lt;/b&gt;" in html
    assert "<b>Boven" not in html
    assert "<svg" in html
    assert "style=" not in html
    assert "60\N{NO-BREAK SPACE}%" in html

    page = client.get(
        f"/agency/dossiers/{dossier.pk}/de-minimis/", headers={"accept-language": "nl"}
    )
    html = page.content.decode()
    assert page.status_code == 200
    assert "01/01/2024" in html
    assert "41.000" in html
    page = client.get(f"/agency/dossiers/{dossier.pk}/", headers={"accept-language": "nl"})
    assert f"/agency/dossiers/{dossier.pk}/size/" in page.content.decode()


def test_a_dossier_assessed_after_its_day_of_filing_tells_both_days_and_why(committed):
    later = AT + timedelta(days=6)
    with across_providers():
        alfa = make.make_provider("alfa")
        dossier = make.submitted(make.make_contract(alfa))
        same = make.submitted(dossier.contract)
        services.assess_dossier(dossier=dossier, actor=timetable(), at=later)
        services.assess_dossier(dossier=same, actor=timetable(), at=AT)
        officer, coach = make.make_officer(), make.make_member(alfa, "coach")
    told = (
        f"zoals op {day(dossier.submitted_on)}, de dag van indiening. Eerdere hulp en steun tellen"
        f" zoals op {day(later)}, de dag van de beoordeling"
    )
    for person, place, pages in (
        (officer, "/agency", ("", "de-minimis/")),
        (coach, "/p/alfa", ("",)),
    ):
        client = Client(headers={"accept-language": "nl"})
        make.sign_in(client, person)
        for page in pages:
            for about, differs in ((dossier, True), (same, False)):
                address = f"{place}/dossiers/{about.pk}/{page}"
                assert (told in client.get(address).content.decode()) == differs, address


def test_trying_out_tells_the_difference_and_stores_nothing(committed):
    own = make.enterprise_number(4_706)
    with across_providers(), transaction.atomic():
        dossier = assessed(make.make_contract(), own, **group(own), aid=[])
        officer = make.make_officer()
    client = Client()
    make.sign_in(client, officer)
    address = f"/agency/dossiers/{dossier.pk}/facts/"

    def tried(**given):
        with across_providers(), transaction.atomic():
            edition = str(dossier.contract.edition_id)
        return client.get(address, {"edition": edition, "on": "01/02/2022", **given})

    same = tried()
    assert same.context["tried"]["different"] == 0
    larger = tried(change="others.0.periods.2021.headcount", value="400")
    rows = {row["question"]: row for row in larger.context["tried"]["rows"]}
    assert larger.context["tried"]["different"] == 1
    # The period before still carries the status, and nobody told of the one before that.
    assert rows["size"]["after"].outcome == "person"
    assert rows["size"]["after"].figures["category"] == "small"
    assert rows["size"]["after"].figures["raw_category"] == "large"
    held = tried(change="holdings.0", value="24,99")
    assert held.context["tried"]["rows"][0]["after"].figures["relation"] == "autonomous"
    earlier = tried(on="01/03/2021")
    assert {r["question"] for r in earlier.context["tried"]["rows"] if r["differs"]} >= {
        "de_minimis"
    }
    for wrong in (
        {"value": "4"},
        {"unknown": "on"},
        {"change": "nowhere"},
        {"change": "equity", "value": "veel"},
        {"on": "x"},
    ):
        assert tried(**wrong).status_code == 422
    with across_providers(), transaction.atomic():
        assert Dossier.objects.get().assessment_id == dossier.assessment_id
        assert FactSheet.objects.count() == Workings.objects.count() == 1


# ---- The register duty ---------------------------------------------------------------------------


@pytest.fixture
def duty_since_2022(monkeypatch):
    """The duty began in 2026, after the only edition of the tests: here it begins with that."""
    monkeypatch.setattr(selectors, "REGISTER_SINCE", date(2022, 1, 1))


def test_a_grant_is_due_in_the_register_within_twenty_working_days(contract, duty_since_2022):
    dossier = make.approved(contract, at=datetime(2022, 3, 28, 10, tzinfo=UTC))
    [duty] = register_duties(on=date(2022, 4, 22))

    assert (duty.dossier.pk, duty.amount) == (dossier.pk, D("16335.00"))
    # Easter Monday, 18 April, is no working day.
    assert (duty.due_on, duty.days_left, duty.is_done) == (date(2022, 4, 26), 2, False)
    assert register_duties(on=date(2022, 4, 29))[0].days_left == -3


def test_an_entry_is_noted_once_and_again_when_the_aid_shrinks(contract, duty_since_2022):
    dossier, officer, on = make.approved(contract), make.make_officer(), AT.date()
    entry = {"dossier": dossier, "actor": officer, "at": AT}
    told = refused(services.enter_in_register, reference=" ", on=on, **entry)
    assert told.code == "register-reference-missing"
    told = refused(services.enter_in_register, reference="R", on=date(2022, 1, 31), **entry)
    assert told.code == "date-order"
    services.enter_in_register(reference="EAID-1", on=on, **entry)
    again = refused(services.enter_in_register, reference="EAID-1", on=on, **entry)
    assert again.code == "nothing-to-register"

    services.withdraw_dossier(dossier=dossier, reason="ziet ervan af", actor=officer, at=AT)
    [duty] = register_duties(on=on)
    assert (duty.amount, duty.is_done, duty.entry.amount) == (0, False, D("16335.00"))
    assert services.enter_in_register(reference="EAID-2", on=on, **entry).amount == 0
    assert register_duties(on=on)[0].is_done


def test_what_was_withdrawn_before_its_entry_is_not_due(contract, duty_since_2022):
    dossier = make.approved(contract)
    services.withdraw_dossier(dossier=dossier, reason="x", actor=make.make_user(), at=AT)
    assert register_duties(on=AT.date()) == []


def test_grants_of_before_2026_need_no_entry(contract):
    make.approved(contract)
    assert register_duties(on=date(2026, 4, 1)) == []
    with across_providers():
        assert Dossier.objects.count() == 1
