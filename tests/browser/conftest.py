"""A real server, a real browser, on the published portfolio."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.db import transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.selectors import timetable
from apps.contracts.models import Contract
from apps.dossiers.models import OPENED
from apps.dossiers.selectors import dossiers_newest_first
from apps.dossiers.services import assess_dossier, enter_in_register, give_access, withdraw_dossier
from apps.providers.models import Provider
from apps.providers.scope import across_providers
from apps.providers.services import grant_provider_role
from cstraject.quarter import day_of
from cstraject.roles import AGENCY_ROLES, PROVIDER_ROLES
from tests import factories as make
from tests.conftest import ROOT, own_database

# The browser's own event loop runs in this thread; our queries in it are meant to be plain.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

PASSWORD = "alleen in de testen"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
CHROMIUM = next(
    (
        path
        for name in ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
        if (path := shutil.which(name))
    ),
    None,
)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    assert CHROMIUM, "a Chromium is needed: make test installs one"
    return {
        **browser_type_launch_args,
        "executable_path": CHROMIUM,
        "args": ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
    }


@dataclass(frozen=True)
class Site:
    """A running site, and the addresses of the people who can sign in."""

    url: str
    people: dict[str, str]
    database: str


@pytest.fixture(scope="module")
def site(servers, portfolio_template, django_db_blocker) -> Iterator[Site]:
    with own_database(servers, portfolio_template, django_db_blocker) as name:
        make.add_edition_of_2026()
        people = _people()
        _open_one_to(people["guest"])
        with _served(servers.database_url("cst_web", name)) as url:
            yield Site(url, people, name)


@pytest.fixture(scope="module")
def strict_site(servers, template, django_db_blocker) -> Iterator[Site]:
    """A site at which a password alone opens nothing, and three people with nothing more yet."""
    with own_database(servers, template, django_db_blocker) as name:
        with transaction.atomic(), across_providers():
            one, other = make.make_provider("alfa"), make.make_provider("beta")
            people = {
                "coach": make.make_member(one, "coach"),
                "reader": make.make_member(one, "reader"),
                "both": make.make_member(one, "manager"),
            }
            grant_provider_role(
                user=people["both"], provider=other, role="reader", actor=timetable(), at=make.AT
            )
            for person in people.values():
                person.set_password(PASSWORD)
                person.save(update_fields=["password"])
        with _served(servers.database_url("cst_web", name), SECOND_FACTOR="1") as url:
            yield Site(url, {role: person.email for role, person in people.items()}, name)


@transaction.atomic
def _people() -> dict[str, str]:
    with across_providers():
        toreon = Provider.objects.get(slug="toreon")
        people = {role: make.make_member(toreon, role) for role in PROVIDER_ROLES}
        people |= {role: make.make_officer(role) for role in AGENCY_ROLES}
        _file_a_group(toreon)
        _grant_in_2026()
        make.make_contract_of_2026(toreon)
        for person in people.values():
            person.set_password(PASSWORD)
            person.save(update_fields=["password"])
        return {role: person.email for role, person in people.items()}


@transaction.atomic
def _open_one_to(address: str) -> None:
    with across_providers():
        at = timezone.now()
        give_access(
            reference=dossiers_newest_first().filter(provider__slug="toreon")[0].reference,
            user=User.objects.get(email=address),
            kind=OPENED,
            until=day_of(at) + timedelta(days=1),
            reason="audit",
            actor=timetable(),
            at=at,
        )


def _file_a_group(provider: Provider) -> None:
    """A dossier that has everything: owners of all kinds, a ring, earlier aid, an odd name."""
    own, owner, sister, partner, beyond = (make.enterprise_number(4_900 + n) for n in range(5))
    periods = [
        {"year": 2023, "headcount": "41.5", "turnover": "6200000", "balance_total": "4100000"},
        {"year": 2022, "headcount": "39", "turnover": "5900000", "balance_total": "4000000"},
    ]
    others = [
        *(
            {"number": number, "name": name, "periods": periods, "markets": ["drukwerk"]}
            for number, name in (
                (owner, "Voorbeeld Holding van de familie in Oost-Vlaanderen nv"),
                (sister, "Voorbeeld <Zuster> & Co bv"),
                (partner, "Voorbeeld Partner nv"),
                (beyond, "Voorbeeld Verder nv"),
            )
        ),
        {"key": "persoon 1", "name": "Persoon 1", "kind": "natural_person"},
        {"key": "fonds", "name": "Voorbeeldfonds", "kind": "venture_capital", "periods": periods},
        {"key": "stad", "name": "Voorbeeldstad", "kind": "public_body"},
    ]
    shares = (
        *((owner, own, 60), (owner, sister, 100), (partner, own, 25), (beyond, partner, 30)),
        *(("persoon 1", owner, 80), ("fonds", sister, 0), ("stad", owner, 5), (sister, partner, 2)),
    )
    aid = {"regulation": "2023/2831", "recipient": own}
    dossier = make.submitted(
        Contract.objects.get(provider=provider),
        at=datetime(2024, 11, 4, 9, tzinfo=UTC),
        number=own,
        periods=periods,
        markets=["drukwerk"],
        others=others,
        holdings=[
            {"owner": by, "owned": of, "capital_pct": str(pct), "voting_pct": str(pct)}
            for by, of, pct in shares
        ],
        aid=[
            {**aid, "on": "2022-03-14", "amount": "41000", "regulation": "1407/2013"},
            {**aid, "on": "2023-06-01", "amount": "12500.50", "regulation": "1407/2013"},
            {**aid, "on": "2024-05-20", "amount": "80000", "recipient": sister},
            {**aid, "on": "2020-01-01", "amount": "9000", "regulation": "1407/2013"},
            {**aid, "on": "2024-01-15", "amount": "5000", "recipient": partner},
        ],
    )
    assess_dossier(dossier=dossier, actor=timetable(), at=datetime(2024, 11, 4, 10, tzinfo=UTC))


def _grant_in_2026() -> None:
    """Grants that must stand in the register: late, due again, and done."""
    contract = make.make_contract_of_2026()
    at = datetime(2026, 3, 30, 9, tzinfo=UTC)
    late, withdrawn, done = (make.approved(contract, at=at) for _ in range(3))
    for dossier, reference in ((withdrawn, "EAID-1"), (done, "EAID-2")):
        enter_in_register(
            dossier=dossier, reference=reference, on=at.date(), actor=make.make_officer(), at=at
        )
    withdraw_dossier(dossier=withdrawn, reason="ziet ervan af", actor=make.make_user(), at=at)
    assert late.state == "approved"


@contextmanager
def _served(database: str, *, application: str = "config.wsgi", **environ: str) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "gunicorn", application, f"--bind=127.0.0.1:{port}"),
            *("--worker-class=gthread", "--threads=4", "--no-control-socket"),
            *("--log-level=warning",),
        ],
        cwd=ROOT,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings.test",
            "DATABASE_URL": database,
            **environ,
        },
    )
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 30
        while not _answers(f"{url}/health/"):
            assert server.poll() is None, "the server ended by itself"
            assert time.monotonic() < deadline, "the server does not answer"
        yield url
    finally:
        server.terminate()
        server.wait(10)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status == 200
    except OSError:
        time.sleep(0.05)
        return False


@pytest.fixture
def visit(browser):
    """Opens a browser of one's own at the page where people sign in; what it says is kept."""
    contexts = []

    def come(url: str, language: str = "nl", **options):
        context = browser.new_context(base_url=url, **options)
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        page.reports = []
        page.on("console", lambda message: page.reports.append(message.text))
        page.on("pageerror", lambda error: page.reports.append(str(error)))
        page.goto("/sign-in/")
        if language == "en":
            follow(page.get_by_role("button", name="English"))
        return page

    yield come
    for context in contexts:
        context.close()


@pytest.fixture
def sign_in(site, visit):
    """A page in a browser of one's own, signed in as somebody, in a language."""

    def signed_in(role: str, language: str = "nl", **options):
        page = visit(site.url, language, **options)
        with_password(page, site.people[role])
        page.wait_for_url(lambda url: "/sign-in/" not in url)
        return page

    return signed_in


def follow(way) -> None:
    """Press what leads to another page (or this one, answered), and wait until that is there."""
    with way.page.expect_navigation():
        way.click()


def with_password(page, email: str, password: str = PASSWORD) -> None:
    page.locator("input[name=login]").fill(email)
    page.locator("input[name=password]").fill(password)
    follow(page.locator("main button[type=submit], main button.button").first)


def wrong_on(page) -> list[str]:
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": TAGS}})
    return [
        f"{violation['id']}: {violation['nodes'][0]['html'][:120]}"
        for violation in found.response["violations"]
    ]


def is_sound(page) -> None:
    """Whether everybody can use a page, at this width, within its policy."""
    assert wrong_on(page) == []
    width = page.viewport_size["width"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert [report for report in page.reports if "Content Security" in report] == []
