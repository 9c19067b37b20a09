"""The embedded servers: started by whoever comes first, stopped by whoever leaves last."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from config import embedded

# Uses the servers of the instance in the environment, says so, and leaves when told to.
USER = """
import os, sys
from config import embedded
with embedded.running(os.environ):
    print(embedded.instance(os.environ["CSTRAJECT_INSTANCE"]).postgres_pid, flush=True)
    sys.stdin.readline()
"""


@contextmanager
def instance_of_this_test(name: str) -> Iterator[embedded.Instance]:
    here = embedded.instance(name, disposable=True)
    yield here
    here.destroy()
    for lock in here.home.glob(f"{here.name}.*"):
        lock.unlink()


@pytest.fixture
def servers() -> Iterator[embedded.Instance]:
    with instance_of_this_test(f"embedded_{os.getpid()}") as here:
        yield here


@pytest.fixture
def too_deep() -> Iterator[embedded.Instance]:
    with instance_of_this_test(f"embedded_{os.getpid()}_{'x' * 100}") as here:
        yield here


@pytest.fixture
def user_of(servers: embedded.Instance) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Starts one more process that uses the servers; none outlives the test."""
    given = ("DATABASE_URL", "OWNER_DATABASE_URL", "REDIS_URL", "DOCUMENTS_DIR")
    environ = {name: value for name, value in os.environ.items() if name not in given}
    environ["DJANGO_SETTINGS_MODULE"] = "config.settings.dev"
    environ["CSTRAJECT_INSTANCE"] = servers.name
    started = []

    def start() -> subprocess.Popen[str]:
        user = subprocess.Popen(
            [sys.executable, "-c", USER],
            cwd=embedded.PROJECT,
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(user)
        return user

    yield start
    for user in started:
        user.kill()
        user.communicate()


def leave(user: subprocess.Popen[str]) -> None:
    user.communicate("\n", timeout=30)
    assert user.returncode == 0


def ask(servers: embedded.Instance, question: str, role: str = "cst_owner") -> object:
    with psycopg.connect(servers.database_url(role), autocommit=True) as connection:
        answer = connection.execute(question.encode())
        row = answer.fetchone() if answer.description else None
        return row[0] if row else None


def test_start_makes_the_database_and_its_two_logins(servers: embedded.Instance) -> None:
    servers.start()

    # What migrations do: the owner makes a role, and the web may take it.
    ask(servers, "CREATE ROLE embedded_scope NOLOGIN; GRANT embedded_scope TO cst_web")
    assert ask(servers, "SELECT rolsuper FROM pg_roles WHERE rolname = 'cst_owner'") is False
    assert ask(servers, "SELECT current_setting('listen_addresses')") == ""
    with psycopg.connect(servers.database_url("cst_web")) as connection:
        connection.execute("SET ROLE embedded_scope")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE TABLE grabbed ()")


def test_what_was_written_survives_stop_and_kill(servers: embedded.Instance) -> None:
    servers.start()
    ask(servers, "CREATE TABLE kept AS SELECT 42 AS figure")

    servers.stop()
    assert (servers.postgres_pid, servers.redis_pid) == (None, None)
    servers.start()
    assert ask(servers, "SELECT figure FROM kept") == 42

    postmaster = servers.postgres_pid
    assert postmaster is not None
    os.kill(postmaster, signal.SIGKILL)
    servers.kill_redis()
    servers.start()
    assert servers.postgres_pid != postmaster
    assert ask(servers, "SELECT figure FROM kept") == 42


def test_a_restart_breaks_connections_and_loses_nothing(servers: embedded.Instance) -> None:
    servers.start()
    ask(servers, "CREATE TABLE kept AS SELECT 42 AS figure")
    with psycopg.connect(servers.database_url("cst_owner")) as connection:
        servers.restart_postgres_immediately()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    assert ask(servers, "SELECT figure FROM kept") == 42


def test_start_again_changes_nothing(servers: embedded.Instance) -> None:
    servers.start()
    before = servers.postgres_pid, servers.redis_pid
    servers.start()
    assert (servers.postgres_pid, servers.redis_pid) == before
    assert None not in before


def test_six_at_once_share_one_server_which_the_last_one_stops(
    servers: embedded.Instance, user_of: Callable[[], subprocess.Popen[str]]
) -> None:
    users = [user_of() for _ in range(6)]
    pids = {int(user.stdout.readline()) for user in users if user.stdout}
    assert pids == {servers.postgres_pid}

    *early, last = users
    for user in early:
        leave(user)
    assert pids == {servers.postgres_pid}
    assert servers.redis_pid is not None

    leave(last)
    assert (servers.postgres_pid, servers.redis_pid) == (None, None)


def test_a_killed_user_does_not_keep_the_servers_up_for_ever(
    servers: embedded.Instance, user_of: Callable[[], subprocess.Popen[str]]
) -> None:
    killed = user_of()
    assert killed.stdout
    killed.stdout.readline()
    killed.kill()
    killed.wait()
    assert servers.postgres_pid is not None

    leave(user_of())
    assert servers.postgres_pid is None


def test_nobody_comes_in_while_the_servers_are_unused_for_somebody(
    servers: embedded.Instance, user_of: Callable[[], subprocess.Popen[str]]
) -> None:
    with servers.unused() as unused:
        assert unused
        waiting = user_of()
        time.sleep(0.5)
        assert servers.postgres_pid is None
    assert waiting.stdout
    waiting.stdout.readline()
    with servers.unused() as unused:
        assert not unused
    leave(waiting)


def test_given_addresses_are_left_alone() -> None:
    given = {
        "DATABASE_URL": "postgresql://somebody@example.org/theirs",
        "REDIS_URL": "redis://example.org",
        "DOCUMENTS_DIR": "/theirs",
        "CSTRAJECT_INSTANCE": "embedded_unused",
    }
    environ = dict(given)
    with embedded.running(environ):
        pass
    embedded.fill_environment(environ)
    assert environ == given
    assert not embedded.instance("embedded_unused").folder.exists()


def test_other_settings_start_nothing() -> None:
    environ = {"DJANGO_SETTINGS_MODULE": "config.settings.prod"}
    with embedded.running(environ):
        assert environ == {"DJANGO_SETTINGS_MODULE": "config.settings.prod"}


@pytest.mark.parametrize(("as_owner", "login"), [("0", "cst_web"), ("1", "cst_owner")])
def test_the_missing_addresses_are_filled_in_without_starting(as_owner: str, login: str) -> None:
    environ = {"DATABASE_AS_OWNER": as_owner, "CSTRAJECT_INSTANCE": "embedded_unused"}
    embedded.fill_environment(environ)
    assert f"user={login}&" in environ["DATABASE_URL"]
    assert "user=cst_owner&" in environ["OWNER_DATABASE_URL"]
    assert environ["REDIS_URL"].startswith("unix:///")
    assert not embedded.instance("embedded_unused").folder.exists()


def test_a_path_too_long_for_a_socket_works(too_deep: embedded.Instance) -> None:
    too_deep.start()
    assert too_deep.sockets.parent == Path("/tmp")
    assert too_deep.sockets.stat().st_mode & 0o077 == 0
    assert ask(too_deep, "SELECT 1") == 1


def test_a_short_folder_of_somebody_else_is_not_trusted(too_deep: embedded.Instance) -> None:
    too_deep.sockets.mkdir()
    too_deep.sockets.chmod(0o755)
    with pytest.raises(embedded.CannotStart, match="remove it"):
        too_deep.start()
    with pytest.raises(embedded.CannotStart, match="remove it"):
        too_deep.destroy()
    too_deep.sockets.rmdir()


def test_the_secret_key_is_made_once(
    servers: embedded.Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CSTRAJECT_INSTANCE", servers.name)
    first = embedded.secret_key()
    assert embedded.secret_key() == first
    assert len(first) >= 50
    assert (servers.folder / "secret-key").stat().st_mode & 0o777 == 0o600
