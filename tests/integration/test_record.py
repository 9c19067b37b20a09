"""The record of what happened: everything to an auditor, people alone to who sees no dossier."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from apps.accounts.services import grant_agency_role
from apps.dossiers.services import give_access
from apps.members.services import invite, withdraw_invitation
from apps.providers.scope import across_providers
from tests import factories as make

RECORD = reverse("backoffice:record")
NOW = datetime(2022, 4, 5, 9, tzinfo=UTC)


@pytest.fixture
def world(db, clock):
    clock.at = NOW
    with across_providers():
        contract = make.make_contract(make.make_provider("alfa"))
        dossier, other = make.approved(contract), make.submitted(contract)
        boss, els = make.make_officer("administrator"), make.make_user("Els")
        grant_agency_role(user=els, role="reviewer", actor=boss, at=NOW)
        link = {"link": lambda key: key, "provider": None, "actor": boss, "at": NOW}
        asked = invite(email="gust@vlaio.example", name="Gust", role="reviewer", **link)
        withdraw_invitation(invitation=asked.pk, provider=None, actor=boss, at=NOW)
        give_access(
            reference=dossier.reference,
            user=els,
            kind="closed",
            until=date(2022, 4, 30),
            reason="familie",
            actor=boss,
            at=NOW,
        )
    return {"dossier": dossier, "other": other, "boss": boss, "els": els}


def browser_of(person) -> Client:
    client = Client(headers={"accept-language": "nl"})
    make.sign_in(client, person)
    return client


@pytest.fixture
def auditor(world):
    with across_providers():
        return make.make_officer("auditor")


def told(client, **asked) -> list[str]:
    return [row.what for row in client.get(RECORD, asked).context["rows"]]


def test_an_auditor_reads_all_that_happened_the_newest_first(world, auditor):
    answer = browser_of(auditor).get(RECORD)
    rows = answer.context["rows"]
    assert [one.at for one in rows] == sorted((one.at for one in rows), reverse=True)
    known = {(one.what, one.reference, one.whom) for one in rows}
    reference, els = world["dossier"].reference, world["els"].name
    closed = f"Dossier {reference} gesloten voor {els} tot en met 30/04/2022. Reden: familie"
    assert {
        ("Dossier ingediend", reference, ""),
        ("Rol gegeven: dossierbehandelaar", "", world["els"].name),
        ("Uitgenodigd als dossierbehandelaar", "", "Gust"),
        ("Uitnodiging ingetrokken", "", "Gust"),
        (closed, "", ""),
    } <= known
    assert not any("Vastgelegd: " in one.what for one in rows)


def test_the_record_is_searched_by_day_person_kind_and_dossier(world, auditor):
    client, reference = browser_of(auditor), world["dossier"].reference
    els = world["els"].name
    whole = told(client)
    before = told(client, until="04/04/2022")
    since = told(client, since="05/04/2022")
    assert before
    assert since
    assert sorted(before + since) == sorted(whole)
    assert told(client, kind="money") == [
        "Raamcontract gegund: € 100.000,00".replace("€ ", "€\u00a0")
    ]
    assert "Rol gegeven: dossierbehandelaar" in told(client, person="els", kind="people")
    assert told(client, person="gust") == [
        "Uitnodiging ingetrokken",
        "Uitgenodigd als dossierbehandelaar",
    ]
    of_one = client.get(RECORD, {"reference": reference.lower()}).context["rows"]
    assert {one.reference for one in of_one} == {reference, ""}
    assert [one.what for one in of_one if not one.reference] == [
        f"Dossier {reference} gesloten voor {els} tot en met 30/04/2022. Reden: familie"
    ]
    # A day that is none is said, not left out in silence.
    wrong = client.get(RECORD, {"since": "gisteren"})
    assert wrong.status_code == 422
    assert 'href="#found_since"' in wrong.content.decode()


def test_who_sees_no_dossier_reads_of_the_people_of_the_agency_alone(world):
    with across_providers():
        coach = make.make_member(world["dossier"].provider, "coach")
    client = browser_of(world["boss"])
    rows = client.get(RECORD).context["rows"]
    assert "Rol gegeven: dossierbehandelaar" in {one.what for one in rows}
    assert {one.reference for one in rows} == {""}
    assert coach.name not in {one.whom for one in rows}
    assert not any("Raamcontract" in one.what for one in rows)
    assert not any("Alfa" in f"{one.what} {one.provider}" for one in rows)
    # Nor by a kind that they are not offered, or the reference.
    assert told(client, kind="dossiers", reference=world["other"].reference) == []


def test_of_a_dossier_that_is_closed_to_them_an_auditor_reads_nothing(world, auditor):
    reference = world["dossier"].reference
    with across_providers():
        give_access(
            reference=reference,
            user=auditor,
            kind="closed",
            until=(NOW + timedelta(days=7)).date(),
            reason="belang",
            actor=world["boss"],
            at=NOW,
        )
    answer = browser_of(auditor).get(RECORD)
    assert reference not in answer.content.decode()
    assert world["other"].reference in answer.content.decode()
    file = browser_of(auditor).get(RECORD, {"file": "record.csv"}).content.decode()
    assert reference not in file
    assert world["other"].reference in file
