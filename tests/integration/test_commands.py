"""What runs without a page: commands, given by whoever runs the servers, and tasks, by themselves.

Of each is declared as which roles of the database it works, of whom it tells and whom it may
change; what is not declared fails the suite. Given to one tenant, none touches or tells of another.
"""

import io
import json
import shutil
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core import mail
from django.core.cache import cache
from django.core.management import CommandError, call_command, get_commands
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from psycopg import Cursor
from psycopg.errors import InsufficientPrivilege
from psycopg.pq import TransactionStatus

import manage
from apps.accounts.models import User
from apps.accounts.selectors import timetable
from apps.audit.models import Entry
from apps.notices import services, tasks
from apps.providers.commands import AcrossProviders
from apps.providers.scope import across_providers
from config.celery import app
from tests import kbo, tenants
from tests.conftest import ROOT, own_database
from tests.integration.test_portfolio import keep, rows_of

AGENCY, DOORKEEPER, OWNER = "cst_backoffice", "cst_doorkeeper", "cst_owner"
PROVIDER = "cst_provider"
# Of whom something tells, or what it may change: nobody, the tenant it was given, or everybody.
NOBODY, NORTH, EVERYBODY = "nobody", "north", "everybody"


@dataclass(frozen=True)
class Declared:
    """As what a command or a task works, of whom it tells, and whose rows it may change."""

    works_as: frozenset[str]
    tells_of: str = NOBODY
    changes: str = NOBODY
    actor: str = "timetable"
    """In whose name it goes on record: only a portfolio brings people of its own."""


def works_as(*roles: str, **how: str) -> Declared:
    return Declared(frozenset(roles), **how)


COMMANDS = {
    "add_person": works_as(AGENCY, tells_of=NORTH, changes=NORTH),
    "answer": works_as(AGENCY),
    "assess": works_as(),
    "check_ledger": works_as(AGENCY),
    "follow_settings": works_as(AGENCY),
    # The lock, by which one import runs at a time, belongs to the connection.
    "import_kbo": works_as(AGENCY, DOORKEEPER),
    "import_nbb": works_as(AGENCY),
    "import_portfolio": works_as(AGENCY, actor="those who filed it"),
    # On a server it does nothing; what it does in the demo, tests/integration/test_portfolio tells.
    "load_demo": works_as(),
    "migrate": works_as(OWNER, AGENCY),
    # To the agency, which pays them all.
    "run_quarter": works_as(AGENCY, tells_of=EVERYBODY, changes=EVERYBODY),
    "shut_account": works_as(AGENCY, tells_of=NORTH, changes=NORTH),
}
TASKS = {
    "accounts.clear_sessions": works_as(DOORKEEPER),
    # Between two dossiers it asks who the timetable is.
    "claims.release_rests": works_as(AGENCY, DOORKEEPER, changes=EVERYBODY),
    "dossiers.assess_submitted": works_as(AGENCY, changes=EVERYBODY),
    "dossiers.write_letters": works_as(AGENCY, changes=EVERYBODY),
    "notices.send_waiting": works_as(AGENCY),
    "payouts.draw_up_due_run": works_as(AGENCY, changes=EVERYBODY),
    "payouts.write_payment_files": works_as(AGENCY, changes=EVERYBODY),
    "reporting.clear_exports": works_as(AGENCY),
    # A list of a tenant is read in its own role.
    "reporting.make_exports": works_as(AGENCY, PROVIDER, changes=EVERYBODY),
}


@pytest.fixture(scope="module")
def made(servers, template, django_db_setup, django_db_blocker):
    """Two tenants with their histories, in a database that is copied for each test."""
    with own_database(servers, template, django_db_blocker) as name:
        world = tenants.make_world(servers.database_url("postgres", name))
        with transaction.atomic(), across_providers():
            known = world.south.people["coach"]
            known.set_password("een lang wachtwoord")
            known.save(update_fields=["password"])
        connection.close()
        yield name, world


@pytest.fixture
def world(servers, made, django_db_blocker, monkeypatch):
    """A copy of it, in which what is done is really committed; and past all walls, to look."""
    template, world = made
    monkeypatch.setattr(timezone, "now", lambda: tenants.NOW)
    with own_database(servers, template, django_db_blocker) as name:
        yield world, servers.database_url("postgres", name)


# ---- How each is given ---------------------------------------------------------------------------

Given = list[object]


def portfolio_of_two(folder: Path) -> Path:
    """The first two dossiers of the published portfolio, without statements."""
    shutil.copytree(ROOT / "demo", folder)
    dossiers = rows_of(folder, "dossiers.csv")[:3]
    numbers = {row[2] for row in dossiers}
    keep(folder, "dossiers.csv", dossiers)
    keep(folder, "statements.csv", rows_of(folder, "statements.csv")[:1])
    keep(folder, "relations.csv", rows_of(folder, "relations.csv")[:1])
    keep(
        folder,
        "enterprises.csv",
        [r for r in rows_of(folder, "enterprises.csv") if r[0] in numbers],
    )
    return folder


def deposit(path: Path, world: tenants.World) -> Path:
    """Annual accounts of an enterprise that both tenants helped, and a file that is none."""
    path.mkdir()
    listed = {
        "ReferenceNumber": "2022-001",
        "EnterpriseNumber": tenants.SHARED,
        "DepositDate": "2022-06-30",
        "ExerciseDates": {"startDate": "2021-01-01", "endDate": "2021-12-31"},
        "ModelType": "m02-f",
    }
    rubric = {"Code": "70", "Value": "1500000", "Period": "N"}
    (path / "2022-001.json").write_text(json.dumps({**listed, "Rubrics": [rubric]}))
    (path / "2022-002.json").write_text("[]")
    return path


def lines_of(command: str, world: tenants.World, here: Path) -> list[Given]:
    """Each way in which a command is given that could make a difference."""
    south = world.south.people["coach"]
    lines: dict[str, Callable[[], list[Given]]] = {
        "add_person": lambda: [
            ["nieuw@test.example", "Nieuw", "coach", "--provider", world.north.slug],
            # Who works for another tenant already: nothing is told or taken of that.
            [south.email, "Nieuw", "reader", "--provider", world.north.slug],
            ["baas@test.example", "Baas", "auditor"],
            ["iemand@test.example", "Iemand", "coach", "--provider", "niemand"],
        ],
        "answer": lambda: [
            ["--as-of", "2023-04-05", "--output", here / "a.xlsx", "--json", here / "a.json"]
        ],
        "assess": lambda: [[ROOT / "tests" / "vectors" / "kmo.json", "--explain", "nl"]],
        "import_kbo": lambda: [
            [kbo.write(here / "whole.zip", kbo.full(3))],
            [kbo.write(here / "some.zip", kbo.full(3), number=143), "--only-needed"],
        ],
        "import_nbb": lambda: [[deposit(here / "nbb", world)]],
        "import_portfolio": lambda: [[portfolio_of_two(here / "set")]],
        "run_quarter": lambda: [
            *(["2022-Q1", "--dry-run"], ["2022-Q2", "--dry-run"]),
            *(["2022-Q1"], ["2022-Q2"], ["2023-Q1"]),
        ],
        "shut_account": lambda: [
            [world.north.typed["member"]],
            [world.north.people["coach"].email],
            ["niemand@test.example"],
        ],
    }
    return lines[command]() if command in lines else [[]]


# ---- What is seen of it --------------------------------------------------------------------------


@dataclass
class Seen:
    """As which roles statements were made, and what was told."""

    roles: set[str] = field(default_factory=set)
    told: str = ""


@contextmanager
def watched() -> Iterator[Seen]:
    """Ask the database before each statement as whom it is made."""
    seen = Seen()

    def ask(execute, sql, params, many, context):
        link = connection.connection
        if link.info.transaction_status != TransactionStatus.INERROR:
            seen.roles |= set(Cursor(link).execute("SELECT current_user").fetchone())
        return execute(sql, params, many, context)

    with connection.execute_wrapper(ask):
        yield seen


@contextmanager
def signed_in_as(login: str, *, role: str | None = DOORKEEPER) -> Iterator[None]:
    """For a while this process has another login of the database."""
    kept = dict(connection.settings_dict), dict(connection.settings_dict["OPTIONS"])
    connection.close()
    connection.settings_dict["USER"] = login
    connection.settings_dict["OPTIONS"]["assume_role"] = role
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(kept[0])
        connection.settings_dict["OPTIONS"] = kept[1]


def run(command: str, given: Given, monkeypatch) -> Seen:
    """Give a command; what it wrote anywhere, an error too, counts as told."""
    monkeypatch.setattr("sys.stdin", io.StringIO("een lang eerste wachtwoord\n"))
    out = io.StringIO()
    with watched() as seen:
        try:
            call_command(command, *given, stdout=out, stderr=out)
        except CommandError as error:
            out.write(str(error))
    files = [option for option in given if isinstance(option, Path) and option.stem == "a"]
    seen.told = out.getvalue() + "".join(text_of(file) for file in files)
    return seen


def text_of(file: Path) -> str:
    if file.suffix != ".xlsx":
        return file.read_text()
    with zipfile.ZipFile(file) as book:
        return "".join(book.read(name).decode(errors="replace") for name in book.namelist())


def marks_in(text: str, *of: tenants.Tenant) -> list[str]:
    return [mark for tenant in of for mark in tenant.marks if mark in text]


def not_told_of(world: tenants.World, declared: str) -> list[tenants.Tenant]:
    """Of whom nothing may be told, or whose rows stay as they are."""
    return {NOBODY: [world.north, world.south], NORTH: [world.south], EVERYBODY: []}[declared]


def standing_of(superuser: str, *of: tenants.Tenant) -> list[dict[str, str]]:
    """What stands in the rows of each tenant."""
    return [tenants.digests(superuser, tenant.provider) for tenant in of]


def deeds() -> list[Entry]:
    with across_providers(), transaction.atomic():
        return list(Entry.objects.order_by("id"))


def timetable_account() -> int:
    with across_providers(), transaction.atomic():
        return timetable().pk


# ---- Commands ------------------------------------------------------------------------------------


def test_every_command_is_declared():
    ours = {name for name, where in get_commands().items() if where.startswith("apps.")}
    assert ours == set(COMMANDS)


def test_the_owner_is_taken_for_migrations_alone():
    declared = {name for name, how in COMMANDS.items() if OWNER in how.works_as}
    assert declared == manage.AS_OWNER & set(COMMANDS) == {"migrate"}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_works_as_declared_and_tells_and_changes_nothing_else(
    world, name, monkeypatch, tmp_path, caplog
):
    world, superuser = world
    given = lines_of(name, world, tmp_path)
    must_do_as_declared(world, superuser, name, given, monkeypatch, caplog)


def must_do_as_declared(world, superuser, name, lines, monkeypatch, caplog):
    declared, roles = COMMANDS[name], set()
    hidden, spared = (not_told_of(world, of) for of in (declared.tells_of, declared.changes))
    before, on_record = standing_of(superuser, *spared), deeds()
    as_owner = signed_in_as(OWNER, role=None) if OWNER in declared.works_as else nullcontext()

    with as_owner:
        for given in lines:
            seen = run(name, given, monkeypatch)
            assert seen.told
            roles |= seen.roles
            # What was typed may come back, in the answer to it.
            told = f"{seen.told} {caplog.text}"
            assert [mark for mark in marks_in(told, *hidden) if mark not in str(given)] == []
            caplog.clear()

    assert roles == declared.works_as
    assert standing_of(superuser, *spared) == before
    actors = {deed.actor_id for deed in deeds()[len(on_record) :]}
    assert actors <= {timetable_account()} or declared.actor != "timetable"


def test_what_could_be_told_and_changed_is_there(world, monkeypatch, tmp_path):
    """The test before this one means nothing of a command that tells and does nothing."""
    world, superuser = world
    told = run("run_quarter", ["2022-Q1", "--dry-run"], monkeypatch).told
    for tenant in (world.north, world.south):
        assert {tenant.mark, f"{tenant.slug.upper()}-"} <= set(marks_in(told, tenant))
    for name in ("add_person", "shut_account"):
        before = standing_of(superuser, world.north, world.south)
        for given in lines_of(name, world, tmp_path):
            run(name, given, monkeypatch)
        north, south = standing_of(superuser, world.north, world.south)
        assert (north != before[0], south != before[1]) == (True, False), name


def test_a_command_that_tells_of_a_tenant_is_noticed(world, monkeypatch, caplog):
    command = "apps.contracts.management.commands.check_ledger"
    monkeypatch.setattr(f"{command}.ledger_differences", lambda: [world[0].south.mark])
    with pytest.raises(AssertionError, match="Zuidkanarie"):
        must_do_as_declared(*world, "check_ledger", [[]], monkeypatch, caplog)


def test_a_command_that_works_as_another_is_noticed(world, monkeypatch, caplog):
    monkeypatch.setattr(
        AcrossProviders, "handle", lambda self, **options: f"{User.objects.count()} accounts"
    )
    with pytest.raises(AssertionError, match="cst_doorkeeper"):
        must_do_as_declared(*world, "check_ledger", [[]], monkeypatch, caplog)


@pytest.mark.parametrize(
    "name",
    [
        name
        for name, how in COMMANDS.items()
        if {AGENCY} <= how.works_as and OWNER not in how.works_as
    ],
)
def test_with_the_login_of_the_portal_no_command_reaches_a_tenant(
    world, name, monkeypatch, tmp_path
):
    """Whoever runs the process of the portal alone runs nothing in the name of the agency."""
    world, superuser = world
    both = (world.north, world.south)
    before, given = standing_of(superuser, *both), lines_of(name, world, tmp_path)[0]
    out = io.StringIO()
    monkeypatch.setattr("sys.stdin", io.StringIO("een lang eerste wachtwoord\n"))
    with signed_in_as("cst_portal"), pytest.raises(InsufficientPrivilege, match="cst_backoffice"):
        call_command(name, *given, stdout=out, stderr=out)
    assert out.getvalue() == ""
    assert standing_of(superuser, *both) == before


@pytest.mark.parametrize("app_label", sorted({t.partition("_")[0] for t in tenants.TENANT_TABLES}))
def test_a_command_of_a_library_is_the_doorkeeper_and_reads_no_tenant(world, app_label):
    out = io.StringIO()
    with (
        watched() as seen,
        pytest.raises((DatabaseError, CommandError), match="permission denied"),
    ):
        call_command("dumpdata", app_label, stdout=out)
    assert marks_in(out.getvalue(), world[0].north, world[0].south) == []
    assert seen.roles <= {DOORKEEPER}


# ---- Tasks ---------------------------------------------------------------------------------------


# Not in a test: it sets up logging anew, and what is logged after it no test would see.
app.loader.import_default_modules()


def test_every_task_is_declared():
    assert {name for name in app.tasks if not name.startswith("celery.")} == set(TASKS)


@pytest.mark.parametrize("name", TASKS)
def test_a_task_works_as_declared_and_tells_nobody_what_it_worked_on(world, name, caplog):
    """What it returns and logs is read by whoever runs the servers."""
    must_work_as_declared_and_tell_nobody(*world, name, caplog)


def must_work_as_declared_and_tell_nobody(world, superuser, name, caplog):
    declared = TASKS[name]
    spared = not_told_of(world, declared.changes)
    before, on_record = standing_of(superuser, *spared), deeds()

    with watched() as seen:
        told = f"{app.tasks[name]()} {caplog.text}"

    assert seen.roles == declared.works_as
    assert marks_in(told, world.north, world.south) == []
    assert standing_of(superuser, *spared) == before
    assert {deed.actor_id for deed in deeds()[len(on_record) :]} <= {timetable_account()}


def test_a_task_that_logs_of_whom_it_worked_is_noticed(world, monkeypatch, caplog):
    def send(*, mail, at):
        tasks.log.info("to %s", mail.to)
        return services.send_mail_posted(mail=mail, at=at)

    monkeypatch.setattr(tasks, "services", SimpleNamespace(send_mail_posted=send))
    with pytest.raises(AssertionError, match="asked-"):
        must_work_as_declared_and_tell_nobody(*world, "notices.send_waiting", caplog)


@pytest.mark.parametrize("name", [name for name, how in TASKS.items() if AGENCY in how.works_as])
def test_with_the_login_of_the_portal_no_task_works(world, name):
    with signed_in_as("cst_portal"), pytest.raises(InsufficientPrivilege, match="cst_backoffice"):
        app.tasks[name]()


# ---- Mails ---------------------------------------------------------------------------------------


def test_a_mail_tells_its_reader_nothing_of_another_tenant(world):
    """Of each tenant somebody was invited, and somebody forgot their password."""
    world, _ = world
    cache.clear()
    mail.outbox.clear()
    both = (world.north, world.south)
    for tenant in both:
        asked = {"email": tenant.people["coach"].email}
        Client(REMOTE_ADDR="192.0.2.8").post(reverse("account_reset_password"), asked)

    assert app.tasks["notices.send_waiting"]() == len(mail.outbox) == 4

    of = [
        [
            tenant.slug
            for tenant in both
            if marks_in(f"{sent.to} {sent.subject} {sent.body}", tenant)
        ]
        for sent in mail.outbox
    ]
    assert sorted(of) == [["noord"], ["noord"], ["zuid"], ["zuid"]]
