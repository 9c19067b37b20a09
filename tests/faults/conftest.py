"""Servers that may be broken, and real workers and clocks that may be killed.

The instance is these tests' own, so that nobody else loses a server.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psycopg
import pytest
from celery import Celery
from django.db import connection

from apps.providers.scope import across_providers
from config import embedded
from tests.conftest import ROOT, WORKER, manage

PATIENCE_SECONDS = 180
BELL_SECONDS = "0.3"
numbers = count(1)

# A moment in the work of a process: what its transaction, which has written already, is doing.
DRAWS_UP_LINES = 'INSERT INTO "payouts_paymentline"%'
TAKES_CLAIMS = 'UPDATE "claims_claim"%'
WRITES_FILE = 'INSERT INTO "payouts_paymentfile"%'
TELLS = 'INSERT INTO "audit_entry"%'
ENTERS = 'INSERT INTO "contracts_ledgerentry"%'


@dataclass
class Site:
    """A database of its own on servers that may be broken, and the processes that work on it."""

    instance: embedded.Instance
    database: str
    logs: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    # What people and the test itself do.

    def url(self, role: str = "postgres") -> str:
        return self.instance.database_url(role, self.database)

    @contextmanager
    def agency(self) -> Iterator[None]:
        """At work for the agency, over a new connection: the last one may have been broken."""
        connection.close()
        try:
            with across_providers():
                yield
        finally:
            connection.close()

    def ask(self, question: str) -> object:
        """One figure, as the superuser sees it."""
        with psycopg.connect(self.url()) as link:
            row = link.execute(question.encode()).fetchone()
            return row[0] if row else None

    @contextmanager
    def holding(self, table: str) -> Iterator[None]:
        """Nobody can write to a table until the block ends, or the server is restarted."""
        link = psycopg.connect(self.url())
        try:
            link.execute(f"LOCK TABLE {table} IN SHARE MODE".encode())
            yield
        finally:
            link.close()

    # Processes.

    def start(self, name: str, *command: str) -> subprocess.Popen[bytes]:
        """A process with a group of its own; the database knows it by its name."""
        log = (self.logs / f"{name}.log").open("ab")
        with log:
            process = subprocess.Popen(
                [sys.executable, "-m", *command],
                cwd=ROOT,
                env={
                    **os.environ,
                    "DJANGO_SETTINGS_MODULE": "config.settings.test",
                    "DATABASE_URL": self.url("cst_web"),
                    "REDIS_URL": self.instance.redis_url,
                    "BELL_SECONDS": BELL_SECONDS,
                    "PGAPPNAME": name,
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.processes.append(process)
        return process

    def worker(self, name: str) -> subprocess.Popen[bytes]:
        return self.start(
            name,
            *("celery", "-A", "config.celery", "worker", "--concurrency", "2"),
            *("--hostname", f"{name}@test", "--loglevel", "INFO"),
            *("--without-gossip", "--without-mingle"),
        )

    def beat(self, name: str) -> subprocess.Popen[bytes]:
        return self.start(
            name,
            *("celery", "-A", "config.celery", "beat", "--pidfile="),
            *("--schedule", str(self.logs / f"{name}.schedule")),
        )

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """Kill it with all its children, without a word."""
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def ring(self, times: int) -> None:
        """Ring for both tasks so many times, as many clocks would."""
        url = self.instance.redis_url.replace("unix://", "redis+socket://", 1)
        with Celery("bell", broker=url) as bell:
            for _ in range(times):
                bell.send_task("payouts.draw_up_due_run")
                bell.send_task("payouts.write_payment_files")

    # Moments.

    def wait_until(self, condition: Callable[[], object], what: str) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            assert time.monotonic() < deadline, f"never happened: {what}\n{self._ends_of_logs()}"
            time.sleep(0.05)

    def wait_for_moment(self, name: str, doing: str) -> str:
        """Until a transaction of this process has written and does this; its number."""
        moment = (
            "SELECT backend_xid FROM pg_stat_activity WHERE datname = %s "
            "AND application_name = %s AND backend_xid IS NOT NULL AND query LIKE %s"
        )
        deadline = time.monotonic() + PATIENCE_SECONDS
        with psycopg.connect(self.url(), autocommit=True) as link:
            while True:
                row = link.execute(moment, [self.database, name, doing]).fetchone()
                if row is not None:
                    return str(row[0])
                assert time.monotonic() < deadline, f"{name} never: {doing}\n{self._ends_of_logs()}"
                time.sleep(0.002)

    def must_be_undone(self, name: str, transaction: str) -> None:
        """What a process was doing when it was killed has left nothing behind."""
        connected = f"SELECT count(*) FROM pg_stat_activity WHERE application_name = '{name}'"
        self.wait_until(lambda: self.ask(connected) == 0, f"the server lets go of {name}")
        assert self.ask(f"SELECT pg_xact_status('{transaction}'::xid8)") == "aborted"

    def _ends_of_logs(self) -> str:
        """What went wrong in every log, wherever it stands, and how it ends."""
        told = []
        for log in sorted(self.logs.glob("*.log")):
            lines = log.read_text(errors="replace").splitlines()
            wrong = [n for n, line in enumerate(lines) if "ERROR" in line or "raised" in line]
            told += [f"== {log.name}", *("\n".join(lines[n : n + 30]) for n in wrong[:3])]
            told += ["...", *lines[-12:]]
        return "\n".join(told)


@pytest.fixture(scope="session")
def breakable() -> Iterator[embedded.Instance]:
    """Servers that may be broken, with an empty migrated database to copy."""
    here = embedded.instance(f"faults_{os.getpid()}", disposable=True)
    try:
        with here.in_use():
            with psycopg.connect(
                here.database_url("postgres", "postgres"), autocommit=True
            ) as link:
                link.execute("CREATE DATABASE cst_template OWNER cst_owner")
            manage(
                "migrate",
                "--verbosity=0",
                database=here.database_url("cst_owner", "cst_template"),
            )
            yield here
    finally:
        here.destroy()
        for lock in here.home.glob(f"{here.name}.*"):
            lock.unlink()


@pytest.fixture
def site(breakable, django_db_blocker, tmp_path) -> Iterator[Site]:
    name = f"cst_site_{WORKER}_{next(numbers)}"
    breakable.start()
    with psycopg.connect(breakable.database_url("postgres", "postgres"), autocommit=True) as link:
        link.execute(f"CREATE DATABASE {name} TEMPLATE cst_template OWNER cst_owner".encode())
    here = Site(breakable, name, tmp_path)
    ours = connection.settings_dict
    before = {key: ours[key] for key in ("NAME", "HOST")}
    connection.close()
    ours.update(NAME=name, HOST=str(breakable.sockets))
    try:
        with django_db_blocker.unblock():
            yield here
    finally:
        for process in here.processes:
            here.kill(process)
        connection.close()
        ours.update(before)
        breakable.lose_redis()
