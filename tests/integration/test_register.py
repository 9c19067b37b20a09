"""The public register and the annual accounts: taken in from files, and looked up by number."""

import json
import os
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal as D
from io import StringIO

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from apps.eligibility.services import keep_facts
from apps.enterprises import services
from apps.enterprises.models import (
    Accounts,
    Activity,
    Enterprise,
    Establishment,
    ImportedFile,
    RegisterImport,
    RegisterImportError,
)
from apps.enterprises.selectors import (
    RegisteredActivity,
    RegisteredEstablishment,
    as_facts,
    registered,
)
from apps.enterprises.services import import_register
from apps.portal.asked import accounts_typed
from apps.providers.scope import across_providers, inside
from cstraject.facts import facts_from_json
from cstraject.refusal import Refusal
from tests import factories as make
from tests import kbo
from tests.conftest import ROOT, own_database

AT = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)
LATER = date(2026, 12, 1)
# More rows than are read when the columns of a file are looked at.
FURTHER_ON = 1000
REGISTER = ("enterprise", "establishment", "activity", "code")


def take(path, only=None):
    with across_providers():
        return import_register(path, only=only, now=lambda: AT)


def look_up(number):
    with across_providers(), transaction.atomic():
        return registered(number)


def all_of(table):
    """Every row of a table of the register, as it stands."""
    with across_providers(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM enterprises_{table} ORDER BY 1, 2, 3, 4, 5")
        return cursor.fetchall()


def the_register():
    return {table: all_of(table) for table in REGISTER}


def ask(query):
    with across_providers(), transaction.atomic():
        return list(query)


def refused(path, only=None):
    before = the_register()
    with pytest.raises(Refusal) as refusal:
        take(path, only)
    assert the_register() == before
    return refusal.value.code


@pytest.fixture
def full(committed, tmp_path):
    """A full extract of 40 enterprises, taken in."""
    path = kbo.write(tmp_path / "full.zip", kbo.full(40))
    take(path)
    return path


# A full extract.


def test_import_takes_in_everything_that_a_form_needs(full):
    known = look_up(f"BE {kbo.dotted(kbo.enterprise(3))}")

    assert (known.number, known.name, known.kind) == (
        *("1999000348", "Voorbeeld 3"),
        "legal_person",
    )
    assert (known.legal_form_code, known.legal_form) == ("610", "Besloten Vennootschap")
    assert known.started_on.strftime("%d-%m-%Y") == kbo.enterprise_rows(3)[0][6]
    assert known.gone_since is None
    assert (known.postal_code, known.municipality) == ("8500", "Kortrijk")
    assert [(e.number, e.postal_code, e.municipality) for e in known.establishments] == [
        (kbo.establishment(3), "8500", "Kortrijk")
    ]
    assert [(a.nace_version, a.group, a.code, a.label) for a in known.main_activities] == [
        ("2025", "001", "47401", "Activiteit 47401"),
        ("2008", "001", "47410", "Activiteit 47410"),
        ("2008", "006", "70220", "Activiteit 70220"),
    ]
    assert (known.periods, known.equity) == ((), None)
    assert known.source == "KBO, uittreksel 142 van 01/11/2026"


def test_a_natural_person_has_no_form_and_is_placed_by_its_establishment(full):
    known = look_up(kbo.enterprise(9))

    assert (known.kind, known.legal_form, known.postal_code) == ("natural_person", "", "")
    assert known.establishments[0].municipality == "Leuven"


def test_look_up_of_a_number_that_nobody_has_finds_nothing(full):
    assert look_up(kbo.enterprise(40)) is None
    with pytest.raises(Refusal, match="wrong-enterprise-number"):
        look_up("1999.000.151")


def test_a_folder_and_a_zip_are_alike(full, tmp_path, servers, template, django_db_blocker):
    as_zip = the_register()
    folder = kbo.write(tmp_path / "folder", kbo.full(40))

    with own_database(servers, template, django_db_blocker):
        take(folder)
        assert the_register() == as_zip
    assert len(as_zip["enterprise"]) == len(as_zip["establishment"]) == 40


def test_import_of_what_is_in_already_changes_nothing(full):
    before = the_register(), ask(RegisterImport.objects.values())

    _, done = take(full)

    assert not done
    assert (the_register(), ask(RegisterImport.objects.values())) == before


def test_rows_may_come_in_any_order_and_batches_cut_anywhere(
    full, tmp_path, servers, template, django_db_blocker, monkeypatch
):
    one_piece = the_register()
    files = {about: list(rows)[::-1] for about, rows in kbo.full(40).items()}
    monkeypatch.setattr(services, "BATCH", 7)

    with own_database(servers, template, django_db_blocker):
        take(kbo.write(tmp_path / "reversed.zip", files))
        assert the_register() == one_piece


def test_the_name_in_the_deeds_goes_before_others_and_dutch_before_french(committed, tmp_path):
    number = kbo.dotted(kbo.enterprise(0))
    names = [("2", "003", "Winkel"), ("1", "001", "La SA"), ("2", "002", "DE"), ("2", "001", "De")]
    files = kbo.full(1) | {"denomination": [[number, *name] for name in names]}

    take(kbo.write(tmp_path / "names.zip", files))
    assert look_up(kbo.enterprise(0)).name == "De"

    files["denomination"] = [[number, *name] for name in names[:3]]
    files["enterprise"] = kbo.enterprise_rows(0)
    take(kbo.write(tmp_path / "next.zip", files, number=143, snapshot_on=LATER))
    assert look_up(kbo.enterprise(0)).name == "La SA"


def test_what_a_full_extract_no_longer_holds_is_gone_and_stays(full, tmp_path):
    files = kbo.full(39, seed=1)
    files["activity"] = [row for row in files["activity"] if row[4] == "MAIN" and row[1] == "001"]
    files["address"] = [row for row in files["address"] if row[1] == "BAET"]

    take(kbo.write(tmp_path / "next.zip", files, number=143, snapshot_on=LATER))

    gone, there = look_up(kbo.enterprise(39)), look_up(kbo.enterprise(3))
    assert (gone.gone_since, gone.name) == (LATER, "Voorbeeld 39")
    assert gone.source == "KBO, uittreksel 142 van 01/11/2026"
    assert len(gone.establishments) == 1
    assert len(gone.main_activities) == 3
    assert (there.gone_since, there.name) == (None, "Voorbeeld 3 (1)")
    assert (there.postal_code, len(there.main_activities)) == ("", 2)
    assert there.source == "KBO, uittreksel 143 van 01/12/2026"
    # Once it is back, it is not gone.
    take(kbo.write(tmp_path / "back.zip", kbo.full(40), number=144, snapshot_on=LATER))
    assert look_up(kbo.enterprise(39)).gone_since is None


# Wrong rows.


def test_wrong_rows_are_listed_with_their_line_and_stop_nothing(committed, tmp_path):
    number = kbo.dotted(kbo.enterprise(0))
    files = kbo.full(3)
    files["enterprise"] = [
        *kbo.enterprise_rows(0),
        ["1999.000.151", "AC", "000", "2", "610", "", "01-01-2020"],
        [*kbo.enterprise_rows(1)[0][:6], "31-02-2020"],
        [number, "AC"],
        ["2.000.000.096", "AC", "000", "2", "610", "", "01-01-2020"],
        *kbo.enterprise_rows(2),
    ]
    files["denomination"] = [
        [number, "2", "001", "Over twee\nregels"],
        [number, "2", "001", "x" * 321],
        [number, "2", "001", "\0"],
        ["\0", "2", "001", "Voorbeeld"],
    ]
    files["activity"] = [[number, "001", "2008", "62.01", "MAIN"], *kbo.activity_rows(2)]
    path = kbo.write(tmp_path / "wrong.zip", files)

    out, err = StringIO(), StringIO()
    call_command("import_kbo", path, stdout=out, stderr=err)

    assert ask(
        RegisterImportError.objects.order_by("id").values_list("file", "line", "reason")
    ) == [
        ("enterprise.csv", 3, "wrong-register-number"),
        ("enterprise.csv", 4, "wrong-day"),
        ("enterprise.csv", 5, "row-length"),
        ("enterprise.csv", 6, "wrong-register-number"),
        ("denomination.csv", 4, "wrong-text"),
        ("denomination.csv", 5, "wrong-text"),
        ("denomination.csv", 6, "wrong-register-number"),
        ("activity.csv", 2, "wrong-nace"),
    ]
    assert look_up(number).name == "Over twee\nregels"
    assert look_up(kbo.enterprise(2)).main_activities
    assert look_up(kbo.enterprise(1)) is None
    assert "enterprise.csv:3:" in err.getvalue()
    assert "enterprise.csv: 4 rows were left out" in err.getvalue()
    assert "8 wrong" in out.getvalue()


def test_a_stray_quotation_mark_costs_its_row_alone(committed, tmp_path):
    path = kbo.write(tmp_path / "folder", kbo.full(3))
    file = path / "enterprise.csv"
    lines = file.read_text().splitlines(keepends=True)
    lines[2] = lines[2].replace('"AC"', '"A"C"')
    file.write_text("".join(lines))

    take(path)

    assert ask(RegisterImportError.objects.values_list("line", "reason")) == [(3, "row-unreadable")]
    assert len(all_of("enterprise")) == 2


def test_of_very_many_wrong_rows_the_rest_is_counted(committed, tmp_path, monkeypatch):
    monkeypatch.setattr(services, "ERRORS_PER_FILE", 10)
    monkeypatch.setattr(services, "BATCH", 4)
    files = kbo.full(2) | {"activity": [["x", "001", "2008", "62010", "MAIN"]] * 25}

    taken, _ = take(kbo.write(tmp_path / "wrong.zip", files))

    assert len(ask(RegisterImportError.objects.all())) == 10
    assert ask(taken.files.filter(name="activity.csv").values_list("rows_wrong", flat=True)) == [25]


# What is refused.


def test_an_extract_older_than_the_last_is_refused(full, tmp_path):
    older = kbo.write(tmp_path / "older.zip", kbo.full(3), number=141)

    assert refused(older) == "extract-older"


@pytest.mark.parametrize(
    ("harm", "code"),
    [
        (lambda folder: (folder / "meta.csv").unlink(), "file-missing"),
        (lambda folder: (folder / "activity.csv").unlink(), "file-missing"),
        (lambda folder: (folder / "address.csv").write_text("a,b\n"), "extract-columns"),
        (lambda folder: (folder / "address.csv").write_text(""), "extract-columns"),
        (lambda folder: (folder / "code.csv").write_bytes(b"Categ\xeb\n"), "file-not-text"),
        (lambda folder: (folder / "meta.csv").write_text("Variable,Value\n"), "extract-unknown"),
    ],
)
def test_a_folder_that_is_no_extract_is_refused(full, tmp_path, harm, code):
    folder = kbo.write(tmp_path / "folder", kbo.full(3), number=143)
    harm(folder)

    assert refused(folder) == code


def test_a_zip_that_is_none_or_not_there_is_refused(full, tmp_path):
    (tmp_path / "no.zip").write_bytes(b"PK no zip")
    (tmp_path / "cut.zip").write_bytes(full.read_bytes()[:-30])

    for name in ("no.zip", "cut.zip", "nowhere.zip"):
        assert refused(tmp_path / name) == "archive-broken"


def test_bytes_that_changed_inside_a_zip_stop_the_import(committed, tmp_path):
    path = kbo.write(tmp_path / "full.zip", kbo.full(2000))
    with zipfile.ZipFile(path) as archive:
        place = archive.getinfo("activity.csv").header_offset + 2000
    content = bytearray(path.read_bytes())
    content[place : place + 40] = bytes(40)
    path.write_bytes(content)

    with pytest.raises(Refusal) as refusal:
        take(path)

    assert refusal.value.code in ("archive-broken", "file-not-text")
    assert ask(RegisterImport.objects.values_list("finished_at", flat=True)) == [None]


def test_a_file_that_is_no_text_further_on_stops_the_import_and_marks_nobody_gone(full, tmp_path):
    folder = kbo.write(tmp_path / "folder", kbo.full(3), number=143, snapshot_on=LATER)
    with open(folder / "activity.csv", "ab") as file:
        file.write(b'"1999.000.150","001","2008","62010","MAIN"\n' * FURTHER_ON)
        file.write(b'"1999.000.150","001","2008","\xff","MAIN"\n')

    out = StringIO()
    with pytest.raises(CommandError, match="file-not-text"):
        call_command("import_kbo", folder, stdout=out)

    assert "address.csv: 6 rows" in out.getvalue()
    assert ask(Enterprise.objects.exclude(gone_since=None)) == []
    # Mended, it goes on.
    mended = kbo.write(tmp_path / "mended", kbo.full(3), number=143, snapshot_on=LATER)
    take(mended)
    assert len(ask(Enterprise.objects.exclude(gone_since=None))) == 37


def test_two_imports_at_once_are_refused(full, tmp_path, servers, committed):
    path = kbo.write(tmp_path / "next.zip", kbo.full(3), number=143)
    with psycopg.connect(servers.database_url("cst_web", committed), autocommit=True) as other:
        held = other.execute("SELECT pg_try_advisory_lock(%s)", [services.LOCK])
        assert held.fetchone() == (True,)  # An import that has ended holds it no longer.

        assert refused(path) == "import-running"
        other.execute("SELECT pg_advisory_unlock(%s)", [services.LOCK])
    assert take(path)[1]


# An update.


def test_an_update_deletes_then_inserts(full, tmp_path):
    a, b, c = (kbo.dotted(kbo.enterprise(nth)) for nth in (0, 1, 2))
    unit = kbo.dotted(kbo.establishment(0))
    update = kbo.changes(
        deleted={
            "enterprise": [a, c, kbo.dotted(kbo.enterprise(3))],
            "establishment": [kbo.dotted(kbo.establishment(2))],
            "denomination": [a, c],
            "address": [unit, c],
            "activity": [a, c],
        },
        inserted={
            "enterprise": [[a, "AC", "000", "2", "014", "", "01-01-2020"]],
            "denomination": [[a, "2", "001", "Anders"]],
            "address": [
                [unit, "BAET", "", "", "9000", "Gent", "", "", "", "", "", "", ""],
            ],
            "activity": [[a, "001", "2025", "62200", "MAIN"]],
        },
    )

    take(kbo.write(tmp_path / "u.zip", update, number=143, kind="update", snapshot_on=LATER))

    changed, untouched, gone = look_up(a), look_up(b), look_up(c)
    assert (changed.name, changed.legal_form_code, changed.gone_since) == ("Anders", "014", None)
    assert [e.municipality for e in changed.establishments] == ["Gent"]
    assert [a.code for a in changed.main_activities] == ["62200"]
    assert changed.source == "KBO, uittreksel 143 van 01/12/2026"
    assert (untouched.name, untouched.gone_since) == ("Voorbeeld 1", None)
    assert (gone.gone_since, gone.name) == (LATER, "Voorbeeld 2")
    assert (len(gone.establishments), len(gone.main_activities)) == (1, 3)
    assert len(look_up(kbo.enterprise(3)).establishments) == 1
    assert len(all_of("enterprise")) == 40


def test_an_update_is_taken_whole_or_not_at_all(full, tmp_path):
    a = kbo.dotted(kbo.enterprise(0))
    folder = kbo.write(
        tmp_path / "u",
        kbo.changes(deleted={"enterprise": [a], "activity": [a]}),
        number=143,
        kind="update",
    )
    with open(folder / "activity_insert.csv", "ab") as file:
        file.write(b'"1999.000.150","001","2008","62010","MAIN"\n' * FURTHER_ON)
        file.write(b"\xff\n")

    assert refused(folder) == "file-not-text"
    assert len(ask(RegisterImport.objects.all())) == 1


def test_an_update_follows_the_extract_before_it(full, tmp_path):
    for number in (142, 144):
        path = kbo.write(tmp_path / f"{number}.zip", kbo.changes(), number=number, kind="update")
        assert refused(path) == "update-does-not-follow"
    following = kbo.write(tmp_path / "143.zip", kbo.changes(), number=143, kind="update")
    assert take(following)[1]
    assert not take(following)[1]


def test_an_update_of_nothing_is_refused(committed, tmp_path):
    path = kbo.write(tmp_path / "u.zip", kbo.changes(), kind="update")

    assert refused(path) == "update-without-full"


# Broken off.


def test_a_killed_import_goes_on_where_it_stopped(
    committed, tmp_path, servers, template, django_db_blocker
):
    """Killed while it waits for somebody's lock, in the middle of a file and of a batch."""
    count = services.BATCH + 1000
    path = kbo.write(tmp_path / "full.zip", kbo.full(count))
    superuser = servers.database_url("postgres", committed)
    with psycopg.connect(superuser) as somebody:
        somebody.execute(
            "INSERT INTO enterprises_enterprise VALUES (%s, '', 0, 0, '', '', '', NULL, '', '', '',"
            " 0, NULL, 0, now())",
            [kbo.enterprise(services.BATCH + 500)],
        )
        started = subprocess.Popen(
            [sys.executable, "manage.py", "import_kbo", path],
            cwd=ROOT,
            env={
                **os.environ,
                "DATABASE_URL": servers.database_url("cst_web", committed),
                "PGAPPNAME": "killed",
            },
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert waits(superuser)
        finally:
            started.kill()
        told, _ = started.communicate()
        somebody.rollback()
    assert "enterprise.csv: 50,000 rows" in told
    assert gone_from(superuser)
    assert len(ask(Enterprise.objects.only("pk"))) == services.BATCH
    reached = ImportedFile.objects.filter(name="enterprise.csv")
    assert ask(reached.values_list("rows_read", "done")) == [(services.BATCH, False)]

    out = StringIO()
    call_command("import_kbo", path, stdout=out)

    assert "enterprise.csv: 50,000 rows" not in out.getvalue()
    assert "enterprise.csv: 51,000 rows" in out.getvalue()
    resumed = the_register()
    assert len(resumed["enterprise"]) == count
    with own_database(servers, template, django_db_blocker):
        take(path)
        assert the_register() == resumed


def waits(superuser):
    return until(
        superuser,
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'killed'"
        " AND wait_event_type = 'Lock'",
        1,
    )


def gone_from(superuser):
    left = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'killed'"
    return until(superuser, left, 0)


def until(superuser, question, answer):
    with psycopg.connect(superuser, autocommit=True) as link:
        for _ in range(600):
            if link.execute(question).fetchone() == (answer,):
                return True
            time.sleep(0.1)
    return False


# Only some.


def test_only_needed_keeps_those_that_dossiers_name(committed, tmp_path):
    one, other, owner = (kbo.enterprise(nth) for nth in (3, 5, 7))
    with across_providers(), transaction.atomic():
        keep_facts(
            provider_id=make.make_provider().pk,
            stated=make.facts(
                one,
                others=[
                    {"number": kbo.dotted(other), "name": "X", "periods": []},
                    {"key": owner, "name": "X", "periods": []},
                    {"key": "An Voorbeeld", "kind": "natural_person", "name": "X", "periods": []},
                ],
            ),
            source="test",
            stated_on=make.AT.date(),
        )
    path = kbo.write(tmp_path / "full.zip", kbo.full(40))

    call_command("import_kbo", path, "--only-needed", stdout=StringIO())

    assert set(ask(Enterprise.objects.values_list("number", flat=True))) == {one, other, owner}
    assert set(ask(Establishment.objects.values_list("number", flat=True))) == {
        kbo.establishment(nth) for nth in (3, 5, 7)
    }
    assert look_up(one).establishments[0].postal_code == "8500"
    assert len(ask(Activity.objects.values("pk"))) == 12


def test_only_needed_says_nothing_of_those_that_were_not_asked_for(full, tmp_path):
    path = kbo.write(tmp_path / "next.zip", kbo.full(3), number=143, snapshot_on=LATER)

    take(path, only={kbo.enterprise(2), kbo.enterprise(30)})

    gone = Enterprise.objects.filter(gone_since=LATER)
    assert ask(gone.values_list("number", flat=True)) == [kbo.enterprise(30)]


def test_only_needed_reads_again_for_those_asked_for_later(committed, tmp_path):
    path = kbo.write(tmp_path / "full.zip", kbo.full(10))
    take(path, only={kbo.enterprise(1)})
    assert not take(path, only={kbo.enterprise(1)})[1]

    take(path, only={kbo.enterprise(1), kbo.enterprise(2)})

    assert len(all_of("enterprise")) == len(all_of("establishment")) == 2


def test_a_register_of_those_that_dossiers_name_is_the_agencys_alone(committed, tmp_path):
    """Whether a number is in it would tell a provider who was helped by another."""
    number = kbo.enterprise(1)
    path = kbo.write(tmp_path / "full.zip", kbo.full(10))
    with across_providers(), transaction.atomic():
        provider = make.make_provider()

    def seen():
        with inside(provider.pk), transaction.atomic():
            counts = [
                model.objects.filter(pk__isnull=False).count()
                for model in (Enterprise, Establishment, Activity)
            ]
            return counts, registered(number) is not None

    take(path, only={number})
    assert seen() == ([0, 0, 0], False)
    assert Enterprise.objects.count() == 0
    assert look_up(number)

    take(path)
    assert seen() == ([10, 10, 35], True)
    assert Enterprise.objects.count() == 10

    take(
        kbo.write(tmp_path / "143.zip", kbo.full(10), number=143, snapshot_on=LATER), only={number}
    )
    assert seen() == ([0, 0, 0], False)


def test_who_was_selected_and_has_gone_since_stays_the_agencys(committed, tmp_path):
    """The number of the extract on the row would say that a dossier named it."""
    selected = kbo.enterprise(9)
    take(kbo.write(tmp_path / "142.zip", kbo.full(10)), only={selected})
    take(kbo.write(tmp_path / "143.zip", kbo.full(3), number=143, snapshot_on=LATER))
    with across_providers(), transaction.atomic():
        provider = make.make_provider()

    assert look_up(selected).gone_since == LATER
    with inside(provider.pk), transaction.atomic():
        assert registered(selected) is None
        assert registered(kbo.enterprise(2)).name == "Voorbeeld 2"
        for model in (Enterprise, Establishment, Activity):
            assert set(model.objects.values_list("extract", flat=True)) == {143}


# Who may write.


def test_a_provider_reads_the_register_and_writes_nothing(full):
    with across_providers(), transaction.atomic():
        provider = make.make_provider()
    with inside(provider.pk), transaction.atomic():
        assert registered(kbo.enterprise(0)).name == "Voorbeeld 0"
    for statement in (
        "UPDATE enterprises_enterprise SET name = 'x'",
        "DELETE FROM enterprises_activity",
        "INSERT INTO enterprises_incoming VALUES ('x')",
        "SELECT 1 FROM enterprises_incoming",
    ):
        with (
            inside(provider.pk),
            pytest.raises(DatabaseError, match="permission denied"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


def test_nobody_deletes_an_enterprise(full):
    with (
        across_providers(),
        pytest.raises(DatabaseError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("DELETE FROM enterprises_enterprise")


# Annual accounts.


def rubrics(**figures):
    """Rubrics of an exercise, each beside that of the exercise before, which does not count."""
    codes = {"balance": "20/58", "equity": "10/15", "headcount": "1003", "average": "9087"}
    return [
        {"Code": codes.get(name, name.lstrip("r")), "Value": given, "Period": period}
        for name, value in figures.items()
        for period, given in (("N", value), ("NM1", "1.00"))
    ]


def item(reference, *, year=2021, **changes):
    return {
        "ReferenceNumber": reference,
        "EnterpriseNumber": kbo.enterprise(3),
        "DepositDate": f"{year + 1}-06-30",
        "ExerciseDates": {"startDate": f"{year}-01-01", "endDate": f"{year}-12-31"},
        "ModelType": "m02-f",
        **changes,
    }


def nbb(*paths, **options):
    out, err = StringIO(), StringIO()
    call_command("import_nbb", *paths, stdout=out, stderr=err, **options)
    return out.getvalue(), err.getvalue()


def test_accounts_in_a_zip_with_references_beside_them(full, tmp_path):
    path = tmp_path / "day.zip"
    with zipfile.ZipFile(path, "w") as archive:
        items = [item("2022-001"), item("2023-002", year=2022)]
        for listed in items:
            del listed["EnterpriseNumber"]
        archive.writestr(f"{kbo.enterprise(3)}-references.json", json.dumps(items))
        whole = rubrics(r70="1500000.50", headcount="12.3", average="9", balance="9e5", equity=-5)
        archive.writestr("2022-001.json", json.dumps({"Rubrics": whole}))
        short = rubrics(average="11", balance="800000", r9900="400000")
        told = {"ReferenceNumber": "2023-002", "Rubrics": short}
        archive.writestr("any.json", json.dumps(told))

    out, err = nbb(path)

    assert ("kept 2 deposits" in out, err) == (True, "")
    known = look_up(kbo.enterprise(3))
    assert [
        (p.year, p.months, p.headcount, p.turnover, p.balance_total, p.source)
        for p in known.periods
    ] == [
        (2022, 12, D(11), None, D(800000), "NBB, neerlegging 2023-002"),
        (2021, 12, D("12.3"), D("1500000.50"), D(900000), "NBB, neerlegging 2022-001"),
    ]
    # The latest does not tell; what an earlier one told is not passed off as today's.
    assert known.equity is None
    assert known.periods[1].equity == D(-5)
    assert known.periods[0].closed_on == date(2022, 12, 31)


def test_accounts_that_tell_all_themselves(full, tmp_path):
    path = tmp_path / "2022-001.json"
    path.write_text(json.dumps(item("2022-001") | {"Rubrics": rubrics(equity=0, headcount=0)}))

    nbb(path)
    before = ask(Accounts.objects.values())
    out, _ = nbb(path)

    assert "kept 0 deposits; 1 stood already" in out
    assert ask(Accounts.objects.values()) == before
    assert (look_up(kbo.enterprise(3)).equity, before[0]["headcount"]) == (D(0), D(0))


def test_accounts_that_were_fetched_for_some_are_the_agencys_alone(full, tmp_path):
    """Whose accounts are here would tell a provider who was helped by another."""
    with across_providers(), transaction.atomic():
        provider = make.make_provider()
    (tmp_path / "2022-001.json").write_text(
        json.dumps(item("2022-001") | {"Rubrics": rubrics(equity=7)})
    )

    def seen():
        with inside(provider.pk), transaction.atomic():
            return registered(kbo.enterprise(3)).equity, Accounts.objects.count()

    nbb(tmp_path)
    assert (seen(), Accounts.objects.count()) == ((None, 0), 0)
    assert look_up(kbo.enterprise(3)).equity == D(7)

    # They come again among those of everybody, and stay so when they are fetched once more.
    assert "kept 1 deposits" in nbb(tmp_path, of_everyone=True)[0]
    assert "kept 0 deposits; 1 stood already" in nbb(tmp_path)[0]
    assert (seen(), Accounts.objects.count()) == ((D(7), 1), 1)


def test_what_the_register_tells_is_told_as_a_dossier_states_it(full):
    found = look_up(kbo.enterprise(3))
    brussels, ghent = (RegisteredEstablishment("2", code, "") for code in ("1000", "9000"))
    old = RegisteredActivity("2003", "72000", "", "001")
    long = RegisteredActivity("2025", "6210", "", "001")
    known = RegisteredActivity("2008", "62010", "Activiteit", "006")

    def told(**changes):
        return as_facts(replace(found, **changes), on=date(2026, 1, 5))

    facts = told(
        establishments=(brussels, ghent), main_activities=(long, known, old), postal_code="4000"
    )
    assert [facts[name] for name in ("legal_form", "postal_code", "nace_version", "nace_code")] == [
        *("bv", "9000", "2008", "62010")
    ]
    assert facts["sources"]["nace_code"] == found.source
    # None in Flanders; none that a dossier may state; words that no edition knows.
    facts = told(establishments=(brussels,), main_activities=(old,), legal_form="Gilde (oud)")
    assert (facts["postal_code"], facts["legal_form"]) == ("1000", "Gilde (oud)")
    assert "nace_code" not in facts
    facts = told(establishments=(), postal_code="4000", kind="natural_person", legal_form="")
    assert (facts["postal_code"], facts["legal_form"]) == ("4000", "eenmanszaak")
    assert "postal_code" not in told(establishments=(), postal_code="")


def test_of_a_year_in_which_accounts_were_closed_twice_the_last_ones_are_told(full, tmp_path):
    """A broken exercise of six months after one of twelve: none of it is told as the other."""
    for reference, first, last, value in (
        ("2021-7", "2020-07-01", "2021-06-30", "1"),
        ("2022-2", "2021-07-01", "2021-12-31", "2"),
    ):
        dates = {"startDate": first, "endDate": last}
        deposit = item(reference, ExerciseDates=dates, DepositDate="2022-03-01")
        file = tmp_path / f"{reference}.json"
        file.write_text(json.dumps(deposit | {"Rubrics": rubrics(equity=value)}))
    nbb(tmp_path)
    found = look_up(kbo.enterprise(3))
    assert [period.months for period in found.periods] == [6, 12]
    facts = as_facts(found, on=date(2022, 6, 1))
    assert [(p["year"], p["closed_on"]) for p in facts["periods"]] == [(2021, "2021-12-31")]
    facts_from_json(facts, source="", stated_on=date(2022, 6, 1))
    # Nor does a form fill in the earlier ones as if they were the last.
    typed = accounts_typed(found, on=date(2022, 6, 1))
    assert typed["year"] == "2021"
    assert {typed[name] for name in ("headcount", "turnover", "balance_total")} == {""}
    assert typed["equity"] == "2"


def test_accounts_filed_again_and_of_a_long_exercise(full, tmp_path):
    long = {"startDate": "2020-07-01", "endDate": "2021-12-31"}
    for reference, day, value in (("2022-001", "2022-06-30", "1"), ("2022-9", "2022-09-01", "2")):
        deposit = item(reference, ExerciseDates=long, DepositDate=day)
        file = tmp_path / f"{reference}.json"
        file.write_text(json.dumps(deposit | {"Rubrics": rubrics(equity=value)}))

    nbb(tmp_path)

    [period] = look_up(kbo.enterprise(3)).periods
    assert (period.equity, period.months, period.source) == (D(2), 18, "NBB, neerlegging 2022-9")


def test_wrong_accounts_are_listed_and_stop_nothing(full, tmp_path, monkeypatch):
    monkeypatch.setattr("apps.enterprises.deposits.BYTES_MAX", 2000)
    good = item("2022-001") | {"Rubrics": rubrics(equity="1")}
    files = {
        "good": good,
        "no-rubrics": item("2022-002"),
        "no-number": good | {"EnterpriseNumber": "1999000151"},
        "no-day": good | {"DepositDate": "soon"},
        "no-exercise": {"Rubrics": []},
        "backwards": good | {"ExerciseDates": {"startDate": "2021-12-31", "endDate": "2021-01-01"}},
        "no-figure": good | {"Rubrics": rubrics(equity="many")},
        "too-much": good | {"Rubrics": rubrics(equity="1e40")},
        "large": good | {"Note": "x" * 2000},
        "of-another": good | {"EnterpriseNumber": kbo.enterprise(4)},
        "a-references": {"no": "list"},
    }
    for name, said in files.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(said))
    (tmp_path / "no-json.json").write_text("{")
    (tmp_path / "no-text.json").write_bytes(b'"\xff"')

    out, err = nbb(tmp_path)

    assert "kept 1 deposits; 0 stood already; 12 files are wrong" in out
    assert "large.json" in next(line for line in err.splitlines() if "too-large" in line)
    assert sorted(line.split(":")[0].removesuffix(".json") for line in err.splitlines()) == sorted(
        [*(set(files) - {"good", "of-another"}), "2022-001", "no-json", "no-text"]
    )
    assert ask(Accounts.objects.values_list("enterprise_number", flat=True)) == [kbo.enterprise(3)]
    with pytest.raises(CommandError, match="kept 0"):
        nbb(tmp_path / "no-json.json")
    with pytest.raises(CommandError, match="file-missing"):
        nbb(tmp_path / "nowhere")
