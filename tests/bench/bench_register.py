"""What taking in an extract of the register costs, against reading the same files as CSV.

`REGISTER_ENTERPRISES=2000000` does it at another size: that of the real one.
"""

import csv
import io
import os
import subprocess
import sys
import zipfile

import psycopg
import pytest
from django.db import transaction
from django.utils import timezone

from apps.enterprises.selectors import registered
from apps.enterprises.services import import_register
from apps.providers.scope import across_providers
from tests import kbo
from tests.bench.conftest import side_by_side
from tests.conftest import ROOT, own_database

SIZES = [int(size) for size in os.environ.get("REGISTER_ENTERPRISES", "100000,200000").split(",")]
TABLES = ("enterprise", "establishment", "activity", "code", "importedfile", "registerimport")
READ = ("code", "enterprise", "establishment", "denomination", "address", "activity")


@pytest.fixture(params=SIZES, ids=lambda size: f"{size:,}")
def extract(request, tmp_path_factory):
    """How many enterprises, and the ZIP with them."""
    path = tmp_path_factory.mktemp("kbo") / "full.zip"
    return request.param, kbo.write(path, kbo.full(request.param))


def test_import(servers, template, django_db_setup, django_db_blocker, extract):
    count, path = extract
    with own_database(servers, template, django_db_blocker) as name:
        superuser = servers.database_url("postgres", name)

        def service():
            with across_providers():
                taken, done = import_register(path, only=None, now=timezone.now)
            assert done
            with across_providers(), transaction.atomic():
                return sum(taken.files.values_list("rows_read", flat=True))

        def plain_csv():
            rows = 0
            with zipfile.ZipFile(path) as archive:
                for about in READ:
                    with archive.open(f"{about}.csv") as raw:
                        text = io.TextIOWrapper(raw, encoding="utf-8", newline="")
                        rows += sum(1 for _ in csv.reader(text)) - 1
            return rows

        def empty():
            with psycopg.connect(superuser) as link:
                tables = ", ".join(f"enterprises_{table}" for table in TABLES)
                link.execute(f"TRUNCATE {tables} CASCADE")

        assert service() == plain_csv()
        empty()
        side_by_side(
            f"an extract of {count:,} enterprises ({plain_csv():,} rows): per 100,000 enterprises",
            {"import_register: checked, merged, committed": service, "plain CSV": plain_csv},
            times=2,
            per=count / 100_000,
            tidy=empty,
        )


def test_command(servers, template, django_db_setup, django_db_blocker, extract):
    """The whole command as a process of its own: rate and peak memory; first, and on top."""
    count, path = extract
    following = kbo.write(path.parent / "next.zip", kbo.full(count, seed=1), number=143)
    with own_database(servers, template, django_db_blocker) as name:
        for title, file in (("into nothing", path), ("over what stood", following)):
            begun = timezone.now()
            process = subprocess.Popen(
                [sys.executable, "manage.py", "import_kbo", file],
                cwd=ROOT,
                env={**os.environ, "DATABASE_URL": servers.database_url("cst_web", name)},
                stdout=subprocess.PIPE,
                text=True,
            )
            told = process.stdout.read()
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            process.stdout.close()
            assert process.returncode == 0
            seconds = (timezone.now() - begun).total_seconds()
            sys.stdout.write(
                f"\nimport_kbo, {count:,} enterprises {title}: {seconds:.1f} s, "
                f"{usage.ru_maxrss / 1024:.0f} MB at most, {usage.ru_utime:.1f} s of its own\n"
                f"  {told.splitlines()[-1]}\n"
            )


def test_look_up(servers, template, django_db_setup, django_db_blocker, extract):
    count, path = extract
    with own_database(servers, template, django_db_blocker):
        with across_providers():
            import_register(path, only=None, now=timezone.now)
        turns = iter(range(count))

        def selector():
            with across_providers(), transaction.atomic():
                return registered(kbo.enterprise(next(turns))).name

        def nothing():
            with across_providers(), transaction.atomic():
                return registered(kbo.enterprise(count))

        assert selector() == "Voorbeeld 0"
        side_by_side(
            f"one enterprise of {count:,}",
            {"registered: five questions": selector, "a number nobody has: one": nothing},
            times=300,
        )
