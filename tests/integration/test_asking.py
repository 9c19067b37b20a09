"""Who was helped is nobody's business: what a provider may learn by filing, and what it may not."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.db import connection, transaction
from django.test import Client

from apps.accounts.selectors import timetable
from apps.audit.models import Entry
from apps.dossiers import services, tasks
from apps.dossiers.models import Dossier
from apps.eligibility.selectors import standings_of
from apps.providers.scope import across_providers, inside
from cstraject.refusal import Refusal
from tests import factories as make
from tests.factories import AT

OWN, TARGET = (make.enterprise_number(6_500 + nth) for nth in range(2))


def group(*members):
    """An enterprise of one's own invention that owns all of these, and nearly no room left."""
    return {
        "number": OWN,
        "others": [{"number": number, "name": "X", "periods": []} for number in members],
        "holdings": [
            {"owner": OWN, "owned": number, "capital_pct": "100", "voting_pct": "100"}
            for number in members
        ],
        "aid": [
            {"on": "2021-05-01", "amount": "183665", "regulation": "1407/2013", "recipient": OWN}
        ],
    }


def outcomes(dossier, *, told):
    standings = standings_of(dossier.assessment, told=told)
    return {s.answer.question: s.outcome for s in standings}


@pytest.fixture
def contract(agency):
    make.approved(make.make_contract(), number=TARGET)
    return make.make_contract(budget="500000.00")


def assessed(contract, *, at=AT, **stated):
    dossier = make.submitted(contract, at=at, **stated)
    return services.assess_dossier(dossier=dossier, actor=timetable(), at=at)


def test_a_group_of_ones_own_making_tells_nothing_of_its_members(contract):
    innocent = make.enterprise_number(6_510)
    with_target = assessed(contract, **group(TARGET))
    without = assessed(contract, **group(innocent))

    assert outcomes(with_target, told=True) == outcomes(without, told=True)
    assert outcomes(without, told=False)["de_minimis"] == "met"
    # The agency knows, and its own answer counts.
    assert outcomes(with_target, told=False)["de_minimis"] == "not_met"
    with inside(contract.provider_id), transaction.atomic():
        read = with_target.assessment.answers.get(question="de_minimis")
        assert (read.outcome, read.finding) == ("met", "de-minimis-within")
    with pytest.raises(Refusal, match="not-eligible"):
        services.approve_dossier(dossier=with_target, actor=make.make_officer(), at=AT)


def test_of_itself_an_enterprise_that_signed_an_offer_is_told(contract):
    told = outcomes(assessed(contract, number=TARGET), told=True)
    assert told["once_only"] == "not_met"


def test_after_enough_was_told_in_a_week_the_rest_is_the_agencys(contract):
    """Many filed at once are taken, and answered alike whoever was helped."""
    other = make.make_contract(budget="500000.00")
    helped = [make.enterprise_number(6_520 + nth) for nth in range(8)]
    for number in helped[:7]:
        make.approved(other, number=number)
    filed = [make.submitted(contract, number=number) for number in helped]
    for dossier in filed:
        services.assess_dossier(dossier=dossier, actor=timetable(), at=AT)

    filed = Dossier.objects.filter(pk__in=[d.pk for d in filed]).select_related("assessment")
    told = {d.enterprise_number: outcomes(d, told=True)["once_only"] for d in filed}
    assert [told[number] for number in helped] == ["not_met"] * 5 + ["person"] * 3
    known = {d.enterprise_number: outcomes(d, told=False)["once_only"] for d in filed}
    assert [known[number] for number in helped] == ["not_met"] * 7 + ["met"]


def test_a_dossier_that_waits_is_assessed_again_as_of_a_later_day(contract):
    number = make.enterprise_number(6_530)
    dossier = assessed(contract, number=number, aid=[])
    make.approved(make.make_contract(), number=number, at=AT + timedelta(days=1))
    assert outcomes(dossier, told=False)["once_only"] == "met"

    again = services.assess_dossier(
        dossier=dossier, actor=make.make_officer(), at=AT + timedelta(days=2)
    )

    assert outcomes(again, told=False)["once_only"] == "not_met"
    deeds = Entry.objects.filter(case_id=dossier.pk).order_by("id").values_list("action", flat=True)
    assert list(deeds)[-2:] == ["dossier.assess", "dossier.assess_again"]


def test_aid_of_after_the_filing_is_told_once_it_was_assessed_again(contract):
    later = {"on": "2022-02-10", "regulation": "1407/2013", "recipient": OWN, "amount": "199000"}
    dossier = assessed(contract, number=OWN, aid=[later])
    assert outcomes(dossier, told=False)["de_minimis"] == "met"
    lines = dossier.assessment.workings.room["aid"]
    assert [(line["why"], line["counted"]) for line in lines] == [("not-yet", "0.00")]

    again = services.assess_dossier(
        dossier=dossier, actor=make.make_officer(), at=AT + timedelta(days=20)
    )
    assert outcomes(again, told=False)["de_minimis"] == "not_met"


def test_an_officer_assesses_again_in_the_browser(db, clock):
    clock.at = datetime(2022, 2, 20, 9, tzinfo=UTC)
    with across_providers():
        dossier, officer = assessed(make.make_contract()), make.make_officer()
    client = Client(headers={"accept-language": "nl"})
    make.sign_in(client, officer)
    page = client.get(f"/agency/dossiers/{dossier.pk}/").content.decode()
    assert "Eerdere steun is geteld op 01/02/2022." in page
    client.post(f"/agency/dossiers/{dossier.pk}/assess/")
    page = client.get(f"/agency/dossiers/{dossier.pk}/").content.decode()
    assert "Opnieuw beoordelen op vandaag" not in page
    assert "opnieuw beoordeeld op vandaag" in page


def test_trying_nothing_out_changes_nothing(db, clock):
    """Beside the agency's own answers, and with aid of between filing and assessing."""
    clock.at = AT + timedelta(days=30)
    with across_providers():
        make.approved(make.make_contract(), number=TARGET, at=AT)
        contract = make.make_contract()
        later = {"on": "2022-02-10", "regulation": "1407/2013", "recipient": OWN}
        aid = [{**later, "amount": "183665"}]
        dossier = make.submitted(contract, **{**group(TARGET), "aid": aid})
        dossier = services.assess_dossier(dossier=dossier, actor=timetable(), at=clock.at)
        assert outcomes(dossier, told=False)["de_minimis"] == "not_met"
        assert outcomes(dossier, told=True)["de_minimis"] == "met"
        officer, edition = make.make_officer(), contract.edition_id
    client = Client()
    make.sign_in(client, officer)

    page = client.get(
        f"/agency/dossiers/{dossier.pk}/facts/", {"edition": edition, "on": "01/02/2022"}
    )

    rows = {row["question"]: row for row in page.context["tried"]["rows"]}
    assert rows["de_minimis"]["before"].outcome == "not_met"
    assert page.context["tried"]["different"] == 0


def test_a_dossier_on_which_the_rules_stumble_keeps_nobody_waiting(committed, monkeypatch, caplog):
    with across_providers(), transaction.atomic():
        contract = make.make_contract()
        bad, good = make.submitted(contract), make.submitted(contract)
    assess = services.assess_dossier

    def stumbling(*, dossier, **given):
        if dossier.pk == bad.pk:
            raise ZeroDivisionError
        return assess(dossier=dossier, **given)

    monkeypatch.setattr(services, "assess_dossier", stumbling)
    assert tasks.assess_submitted() == 1

    with across_providers(), transaction.atomic():
        state = dict(Dossier.objects.values_list("pk", "assessment_id"))
    assert state[bad.pk] is None
    assert state[good.pk]
    assert str(bad.pk) in caplog.text


def test_who_waits_in_vain_for_a_dossier_is_asked_to_come_back(servers, committed):
    with across_providers(), transaction.atomic():
        dossier, officer = make.assessed(make.make_contract()), make.make_officer()
    client = Client(headers={"accept-language": "nl"})
    make.sign_in(client, officer)
    with psycopg.connect(servers.database_url("postgres", committed)) as other:
        other.execute("SELECT FROM dossiers_dossier WHERE id = %s FOR UPDATE", [dossier.pk])
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '100ms'")
        answer = client.post(f"/agency/dossiers/{dossier.pk}/refuse/", {"reason": "geen kmo"})

    assert (answer.status_code, answer["Retry-After"]) == (503, "30")
    assert "Iemand anders is hier nu mee bezig." in answer.content.decode()
    assert client.post(f"/agency/dossiers/{dossier.pk}/refuse/", {"reason": "x"}).status_code == 302
