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

import pytest
from django.db import transaction

from apps.providers.models import Provider
from apps.providers.scope import across_providers
from tests import factories as make
from tests.conftest import ROOT, own_database

# The browser's own event loop runs in this thread; our queries in it are meant to be plain.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

PASSWORD = "alleen in de testen"
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


@pytest.fixture(scope="module")
def site(servers, portfolio_template, django_db_blocker) -> Iterator[Site]:
    with own_database(servers, portfolio_template, django_db_blocker) as name:
        people = _people()
        with _served(servers.database_url("cst_web", name)) as url:
            yield Site(url, people)


@transaction.atomic
def _people() -> dict[str, str]:
    with across_providers():
        toreon = Provider.objects.get(slug="toreon")
        people = {role: make.make_member(toreon, role) for role in ("reader", "coach", "manager")}
        people["officer"], people["approver"] = make.make_officer(), make.make_officer("approver")
        for person in people.values():
            person.set_password(PASSWORD)
            person.save(update_fields=["password"])
        return {role: person.email for role, person in people.items()}


@contextmanager
def _served(database: str) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "gunicorn", "config.wsgi", f"--bind=127.0.0.1:{port}"),
            *("--worker-class=gthread", "--threads=4", "--no-control-socket"),
            *("--log-level=warning",),
        ],
        cwd=ROOT,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings.test",
            "DATABASE_URL": database,
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
def sign_in(site, browser):
    """Opens a page in a browser of one's own, signed in as somebody, in a language."""
    contexts = []

    def signed_in(role: str, language: str = "nl", **options):
        context = browser.new_context(base_url=site.url, **options)
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        page.goto("/sign-in/")
        if language == "en":
            page.get_by_role("button", name="English").click()
        page.locator("input[name=username]").fill(site.people[role])
        page.locator("input[name=password]").fill(PASSWORD)
        page.locator("main button[type=submit], main button.button").first.click()
        page.wait_for_url(lambda url: "/sign-in/" not in url)
        return page

    yield signed_in
    for context in contexts:
        context.close()
