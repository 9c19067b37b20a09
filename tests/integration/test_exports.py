"""A list that is too long to wait for: made by itself, for who asked it, with what is in sight."""

import csv
from datetime import timedelta
from io import StringIO

import pytest
from django.core.cache import cache
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.accounts.selectors import timetable
from apps.accounts.services import grant_agency_role
from apps.dossiers import services as dossiers
from apps.members.services import take_agency_role
from apps.providers.scope import across_providers
from apps.reporting import background, export_pages
from apps.reporting.background import progress_of
from apps.reporting.models import Export
from apps.reporting.tasks import clear_exports, make_exports
from tests import factories as make
from tests.factories import AT


@pytest.fixture(autouse=True)
def two_at_once(monkeypatch):
    monkeypatch.setattr(export_pages, "AT_ONCE_MAX", 2)
    monkeypatch.setattr(background, "CHUNK", 2)


@pytest.fixture
def world(db):
    with across_providers():
        alfa, beta = make.make_provider("alfa"), make.make_provider("beta")
        contract = make.make_contract(alfa, budget="500000.00")
        own = [make.submitted(contract) for _ in range(3)]
        own.append(make.approved(contract))
        of_beta = make.make_contract(beta)
        others = [make.submitted(of_beta) for _ in range(3)]
        return {
            "own": own,
            "others": others,
            "coach": make.make_member(alfa, "coach"),
            "colleague": make.make_member(alfa, "coach"),
            "officer": make.make_officer(),
        }


def browser_of(person) -> Client:
    client = Client(headers={"accept-language": "nl"})
    make.sign_in(client, person)
    return client


def close(dossier, person, kind="closed"):
    dossiers.give_access(
        reference=dossier.reference,
        user=person,
        kind=kind,
        until=timezone.now().date() + timedelta(days=7),
        reason="belang",
        actor=make.make_user(),
        at=timezone.now(),
    )


def exports():
    with across_providers():
        return list(Export.objects.order_by("asked_at"))


def references_in(answer):
    rows = list(csv.reader(StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
    return {row[0] for row in rows[1:]}


def test_a_long_list_is_awaited_and_then_holds_what_was_asked_of_ones_own(world):
    coach = browser_of(world["coach"])
    asked = reverse("portal:dossiers-file", args=["alfa", "csv"]) + "?state=submitted"
    answer = coach.get(asked)
    # Pressed twice, it is made once.
    assert coach.get(asked)["Location"] == answer["Location"]
    [export] = exports()
    page = coach.get(answer["Location"])
    assert page["Refresh"] == "3"
    assert "0 van 3 dossiers" in page.content.decode()
    assert make_exports() == 1
    page = coach.get(answer["Location"])
    assert "Refresh" not in page
    assert references_in(coach.get(page.context["file"])) == {
        one.reference for one in world["own"][:3]
    }
    # The list says that it is ready; a colleague's is not there, nor for another door.
    overview = coach.get(reverse("portal:overview", args=["alfa"])).content.decode()
    assert "is klaar" in overview
    for person in (world["colleague"], world["officer"]):
        assert browser_of(person).get(answer["Location"]).status_code == 404
    at_agency = reverse("backoffice:export-file", args=[export.pk])
    assert browser_of(world["officer"]).get(at_agency).status_code == 404


def test_at_the_agency_it_holds_all_but_what_is_closed_to_who_asked(world):
    officer = browser_of(world["officer"])
    with across_providers():
        close(world["others"][0], world["officer"])
    answer = officer.get(reverse("backoffice:dossiers-file", args=["csv"]))
    assert make_exports() == 1
    file = officer.get(officer.get(answer["Location"]).context["file"])
    # On a server the portal does not reach that folder.
    assert [export.file.name.partition("/")[0] for export in exports()] == ["agency"]
    assert references_in(file) == {one.reference for one in (*world["own"], *world["others"][1:])}
    excel = officer.get(reverse("backoffice:dossiers-file", args=["xlsx"]) + "?provider=beta")
    # Of Beta two are in sight: few enough to have at once.
    assert excel.status_code == 200


@pytest.mark.parametrize("lost", ["the role", "one dossier", "the day"])
def test_what_was_listed_is_not_fetched_once_it_is_not_theirs_to_see(world, lost, monkeypatch):
    person = world["officer"]
    officer = browser_of(person)
    if lost == "the day":
        with across_providers():
            take_agency_role(user=person, role="reviewer", actor=make.make_user(), at=AT)
            grant_agency_role(user=person, role="guest", actor=timetable(), at=AT)
            for dossier in world["own"]:
                close(dossier, person, kind="opened")
    answer = officer.get(reverse("backoffice:dossiers-file", args=["csv"]))
    assert make_exports() == 1
    page = officer.get(answer["Location"])
    assert officer.get(page.context["file"]).status_code == 200
    if lost == "the role":
        with across_providers():
            take_agency_role(user=person, role="reviewer", actor=make.make_user(), at=AT)
            grant_agency_role(user=person, role="guest", actor=timetable(), at=AT)
    elif lost == "one dossier":
        with across_providers():
            close(world["others"][0], person)
    else:
        later = timezone.now() + timedelta(days=1)
        monkeypatch.setattr("apps.backoffice.views.dossiers.timezone.now", lambda: later)
        make.sign_in(officer, person, ago=-24 * 3600)
    assert officer.get(page.context["file"]).status_code == 404
    assert officer.get(answer["Location"]).status_code == 404
    assert page.context["file"] not in officer.get(reverse("backoffice:dossiers")).content.decode()


def test_how_far_it_is_can_be_seen_while_it_is_made(world, monkeypatch):
    coach = browser_of(world["coach"])
    coach.get(reverse("portal:dossiers-file", args=["alfa", "csv"]))
    told, keep = [], cache.set
    monkeypatch.setattr(
        background.cache, "set", lambda key, n, *rest: (told.append(n), keep(key, n, *rest))
    )
    [export] = exports()
    assert progress_of(export) == 0
    make_exports()
    assert told == [2, 4]
    assert progress_of(exports()[0]) == 4


def test_one_that_fails_is_told_and_keeps_no_other_waiting(world, monkeypatch):
    coach, officer = browser_of(world["coach"]), browser_of(world["officer"])
    first = coach.get(reverse("portal:dossiers-file", args=["alfa", "csv"]))
    officer.get(reverse("backoffice:dossiers-file", args=["csv"]))
    whole = background.dossiers_content

    def stumbling(listed, form, *, with_provider, more):
        if not with_provider:
            raise RuntimeError("no")
        return whole(listed, form, with_provider=with_provider, more=more)

    monkeypatch.setattr(background, "dossiers_content", stumbling)
    assert make_exports() == 1
    assert "kon niet gemaakt worden" in coach.get(first["Location"]).content.decode()
    file = reverse("portal:export-file", args=["alfa", exports()[0].pk])
    assert coach.get(file).status_code == 404


def test_after_a_week_nothing_of_it_is_left(world, monkeypatch):
    browser_of(world["coach"]).get(reverse("portal:dossiers-file", args=["alfa", "csv"]))
    make_exports()
    [export] = exports()
    assert default_storage.exists(export.file.name)
    assert clear_exports() == 0
    later = timezone.now() + timedelta(days=7)
    monkeypatch.setattr("apps.reporting.tasks.timezone.now", lambda: later)
    assert clear_exports() == 1
    assert exports() == []
    assert not default_storage.exists(export.file.name)
