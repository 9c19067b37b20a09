"""Signing in and out by ACM/IDM in a browser, with a real OP on the other side."""

import json
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from importlib import import_module

import pytest
from django.conf import settings
from django.db import transaction

from apps.members.models import Invitation
from apps.providers.scope import across_providers
from tests import factories as make
from tests.browser.conftest import _answers, _served, follow, is_sound

AGENCY = "OVO000001"


@dataclass
class World:
    """Our site, the OP, and a provider with a contract."""

    url: str
    op: str
    number: str

    def tell(self, subject, **claims):
        """From now on the OP tells this of somebody."""
        asked = urllib.request.Request(
            f"{self.op}/users/{subject}",
            data=json.dumps(claims).encode(),
            headers={"Content-Type": "application/json"},
            method="PUT",
        )
        urllib.request.urlopen(asked, timeout=5).close()

    def tell_of_provider(self, subject, *roles):
        self.tell(
            subject,
            given_name="Jo",
            family_name="Voorbeeld",
            vo_doelgroepcode="EA",
            vo_orgcode=self.number,
            cstraject_rol_3d=[f"{role}:{self.number}" for role in roles],
        )

    def tell_of_agency(self, subject, *roles):
        self.tell(
            subject,
            given_name="Kim",
            family_name="Voorbeeld",
            vo_doelgroepcode="GID",
            vo_orgcode=AGENCY,
            cstraject_rol_3d=[f"{role}:{AGENCY}" for role in roles],
        )

    def seen(self, path):
        """With what the OP was asked at one of its addresses."""
        with urllib.request.urlopen(f"{self.op}/seen", timeout=5) as answer:
            return [asked["args"] for asked in json.load(answer) if asked["path"] == path]


@pytest.fixture(scope="module")
def op():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "tests.browser.acmidm_op", str(port)],
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 30
        while not _answers(f"{url}/seen"):
            assert server.poll() is None, "the OP ended by itself"
            assert time.monotonic() < deadline, "the OP does not answer"
        yield url
    finally:
        server.terminate()
        server.wait(10)


@pytest.fixture(scope="module")
def world(servers, template, django_db_blocker, op):
    from tests.conftest import own_database

    with own_database(servers, template, django_db_blocker) as name:
        with transaction.atomic(), across_providers():
            provider = make.make_provider("alfa")
            make.make_contract(provider)
        with _served(
            servers.database_url("cst_web", name),
            SECOND_FACTOR="1",
            ACMIDM_ISSUER=op,
            ACMIDM_CLIENT_ID="cstraject",
            ACMIDM_CLIENT_SECRET="only for tests",
            ACMIDM_AGENCY_CODE=AGENCY,
        ) as url:
            yield World(url, op, provider.enterprise_number)


@pytest.fixture
def opened(world, visit):
    return lambda language="nl", **options: visit(world.url, language, **options)


def sign_in(page, world, subject):
    follow(page.locator("form[action='/sign-in/acmidm/'] button"))
    show_who(page, world, subject)


def show_who(page, world, subject):
    """On the page of the OP."""
    page.wait_for_url(f"{world.op}/oauth2/authorize?*")
    page.locator("input[name=sub]").fill(subject)
    follow(page.get_by_role("button", name="Authorize"))
    page.wait_for_url(f"{world.url}/**")


def within_policy(page):
    return [report for report in page.reports if "Content Security" in report] == []


@pytest.mark.parametrize(("language", "width"), [("nl", 1280), ("en", 320)])
def test_a_coach_signs_in_and_lands_at_their_own_provider(world, opened, language, width):
    world.tell_of_provider("coach", "Coach")
    page = opened(language, viewport={"width": width, "height": 900})
    is_sound(page)
    sign_in(page, world, "coach")
    assert page.url == f"{world.url}/p/alfa/"
    assert "Jo Voorbeeld" in page.locator(".who").inner_text()
    is_sound(page)
    # Who comes from there has no password and no second factor here to look after.
    follow(page.locator(".who a").last)
    assert page.url.endswith("/account/sessions/")
    is_sound(page)
    assert page.goto("/p/alfa/people/").status == 403
    assert page.goto("/agency/").status == 404
    assert within_policy(page)


def test_who_was_on_the_way_to_a_page_gets_there(world, opened):
    world.tell_of_provider("reader", "Lezer")
    page = opened()
    page.goto("/p/alfa/?page=1")
    sign_in(page, world, "reader")
    assert page.url == f"{world.url}/p/alfa/?page=1"


def test_a_reviewer_signs_in_at_the_agency(world, opened):
    world.tell_of_agency("reviewer", "Dossierbehandelaar")
    page = opened()
    sign_in(page, world, "reviewer")
    assert page.url == f"{world.url}/agency/work/"
    assert page.goto("/agency/people/").status == 403


def test_who_has_two_roles_chooses_as_what_to_act(world, opened):
    world.tell_of_agency("two", "Auditor", "Betaalgoedkeurder")
    page = opened()
    sign_in(page, world, "two")
    assert page.get_by_role("heading", name="Kies een rol").count() == 1
    is_sound(page)
    follow(page.get_by_role("button", name="Auditor"))
    assert "Auditor" in page.locator(".who").inner_text()
    assert within_policy(page)


def test_signing_out_is_at_both_and_a_role_taken_away_is_gone_at_the_next_sign_in(world, opened):
    world.tell_of_provider("leaver", "Beheerder")
    page = opened()
    sign_in(page, world, "leaver")
    assert page.goto("/p/alfa/people/").status == 200
    before = len(world.seen("/oauth2/end_session"))
    follow(page.get_by_role("button", name="Afmelden"))
    page.wait_for_url(f"{world.op}/oauth2/end_session?*")
    [asked] = world.seen("/oauth2/end_session")[before:]
    assert asked["client_id"] == "cstraject"
    assert asked["id_token_hint"].count(".") == 2
    follow(page.locator("form button").first)
    page.wait_for_url(f"{world.url}/sign-in/")
    page.goto("/p/alfa/")
    assert page.url.startswith(f"{world.url}/sign-in/")

    world.tell_of_provider("leaver")
    sign_in(page, world, "leaver")
    assert page.get_by_role("heading", name="Aanmelden is niet gelukt").count() == 1
    is_sound(page)
    page.goto("/p/alfa/")
    assert page.url.startswith(f"{world.url}/sign-in/")
    assert within_policy(page)


def test_who_stops_at_the_op_is_told_so(world, opened):
    page = opened("en")
    follow(page.get_by_role("button", name="Sign in with ACM/IDM"))
    follow(page.get_by_role("button", name="Deny"))
    page.wait_for_url(f"{world.url}/**")
    assert "You stopped signing in" in page.locator("main").inner_text()
    follow(page.get_by_role("link", name="Back to signing in"))
    assert page.url == f"{world.url}/sign-in/"


def minutes_pass(page, minutes):
    [key] = [c["value"] for c in page.context.cookies() if c["name"] == "sessionid"]
    session = import_module(settings.SESSION_ENGINE).SessionStore(key.rpartition(":")[0])
    for record in session["account_authentication_methods"]:
        record["at"] -= minutes * 60
    session.save()


def give_rights(page):
    page.goto("/agency/people/")
    form = page.locator("form[action$='/people/invite/']")
    page.locator("summary", has_text="Nodig iemand uit").click()
    form.locator("input[name=email]").fill("nieuw@test.example")
    form.locator("input[name=name]").fill("Nieuw")
    form.locator("input[name=role][value=auditor]").check()
    follow(form.locator("button").first)


def given():
    with transaction.atomic(), across_providers():
        return Invitation.objects.filter(email="nieuw@test.example").exists()


def test_who_gives_rights_shows_again_at_the_op_that_it_is_they(world, opened):
    for subject in ("administrator", "another"):
        world.tell_of_agency(subject, "Toepassingsbeheerder")
    page = opened()
    sign_in(page, world, "administrator")
    assert page.url == f"{world.url}/agency/people/"
    minutes_pass(page, 6)
    give_rights(page)
    # Straight to the OP, across what the policy says of forms; as another it does not do.
    assert world.seen("/oauth2/authorize")[-1]["prompt"] == "login"
    show_who(page, world, "another")
    assert page.get_by_role("heading", name="Aanmelden is niet gelukt").count() == 1
    give_rights(page)
    assert not given()
    show_who(page, world, "administrator")
    # What was sent is there to be done, and has not been done.
    assert page.url == f"{world.url}/sign-in/go-on/"
    is_sound(page)
    assert not given()
    follow(page.get_by_role("button", name="Doe het nu"))
    page.wait_for_url("**/agency/people/")
    assert given()
    assert within_policy(page)
