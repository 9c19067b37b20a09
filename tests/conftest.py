"""How we know. Real PostgreSQL and Redis of our own, made for this session and removed after it.

A database is made by copying a template, never by emptying tables: some of them are append-only.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from fcntl import LOCK_EX, flock
from io import StringIO
from itertools import count
from pathlib import Path

import hypothesis
import psycopg
import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from config import embedded

ROOT = Path(__file__).parent.parent
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
numbers = count(1)

# Nothing is asserted by the clock: a machine may be slow.
hypothesis.settings.register_profile(
    "no clock",
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("no clock")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--vectors",
        metavar="DIR",
        help="worked cases of your own: kmo*.json and deminimis*.json in DIR",
    )


@pytest.fixture(scope="session")
def servers() -> Iterator[embedded.Instance]:
    """This session's PostgreSQL and Redis; the last worker to leave stops and removes them."""
    here = embedded.instance(os.environ["CSTRAJECT_INSTANCE"], disposable=True)
    with here.in_use():
        yield here
    with here.unused() as alone:
        if alone:
            here.destroy()
            for lock in ("users", "starting"):
                (here.home / f"{here.name}.{lock}").unlink(missing_ok=True)


def on_server(servers: embedded.Instance, statement: str) -> list[tuple]:
    """Run one statement as the superuser of the server, outside every database of ours."""
    with psycopg.connect(servers.database_url("postgres", "postgres"), autocommit=True) as link:
        answer = link.execute(statement.encode())
        return answer.fetchall() if answer.description else []


def copy_database(servers: embedded.Instance, template: str, name: str) -> None:
    on_server(servers, f"CREATE DATABASE {name} TEMPLATE {template} OWNER cst_owner")


@pytest.fixture(scope="session")
def template(servers) -> str:
    """An empty, migrated database, made by the command that a server is migrated with."""
    with open(servers.folder / "template.lock", "w") as lock:
        flock(lock, LOCK_EX)
        made = on_server(servers, "SELECT 1 FROM pg_database WHERE datname = 'cst_template'")
        if not made:
            on_server(servers, "CREATE DATABASE cst_making OWNER cst_owner")
            manage(
                "migrate", "--verbosity=0", database=servers.database_url("cst_owner", "cst_making")
            )
            on_server(servers, "ALTER DATABASE cst_making RENAME TO cst_template")
    return "cst_template"


def manage(*command: str, database: str, **environ: str) -> str:
    """Run a management command as its own process, on a database; what it printed."""
    done = subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=ROOT,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings.test",
            "DATABASE_URL": database,
            "OWNER_DATABASE_URL": database,
            **environ,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    return done.stdout


@pytest.fixture(scope="session")
def django_db_setup(servers, template, django_db_blocker) -> Iterator[None]:
    """The database that tests share, each in a transaction that is rolled back."""
    name = f"cst_shared_{WORKER}"
    copy_database(servers, template, name)
    with django_db_blocker.unblock(), using(name):
        yield


@contextmanager
def using(name: str) -> Iterator[None]:
    """Connect to another database for a while."""
    before = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before


@contextmanager
def own_database(servers, template: str, django_db_blocker) -> Iterator[str]:
    name = f"cst_own_{WORKER}_{next(numbers)}"
    copy_database(servers, template, name)
    try:
        with django_db_blocker.unblock(), using(name):
            yield name
    finally:
        on_server(servers, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def committed(servers, template, django_db_setup, django_db_blocker) -> Iterator[str]:
    """An empty database of this test's own, in which what is done is really committed."""
    with own_database(servers, template, django_db_blocker) as name:
        yield name


@pytest.fixture(scope="session")
def portfolio_template(servers, template, django_db_setup, django_db_blocker) -> str:
    """A database with the published portfolio, filed once per worker, to be copied."""
    name = f"cst_portfolio_{WORKER}"
    copy_database(servers, template, name)
    with django_db_blocker.unblock(), using(name):
        call_command("import_portfolio", ROOT / "demo", stdout=StringIO())
    return name


@pytest.fixture
def portfolio(servers, portfolio_template, django_db_blocker) -> Iterator[str]:
    """The published portfolio in a database of this test's own."""
    with own_database(servers, portfolio_template, django_db_blocker) as name:
        yield name


class Clock:
    """What time it is for whoever asks Django; stopped."""

    at = datetime(2022, 2, 1, 9, 0, tzinfo=UTC)


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(timezone, "now", lambda: clock.at)
    return clock


@pytest.fixture
def agency(db) -> Iterator[None]:
    """Inside the agency's scope, in a transaction that is rolled back."""
    from apps.providers.scope import across_providers

    with across_providers():
        yield
