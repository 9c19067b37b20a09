"""The published portfolio through the real system: filed, paid, answered, and nothing lost."""

import csv
import json
import re
import shutil
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.models import Sum

from apps.contracts.models import LedgerEntry
from apps.contracts.selectors import ledger_differences
from apps.dossiers.models import Dossier
from apps.dossiers.selectors import register_duties_open
from apps.eligibility.models import Workings
from apps.payouts.models import PaymentFile, Run
from apps.providers.scope import across_providers
from apps.reporting.selectors import answer_as_of
from tests.conftest import ROOT

OWNERS = {"1999099922"}
PUBLISHED = json.loads((ROOT / "demo" / "published.json").read_text())


@pytest.fixture
def agency_of_portfolio(portfolio):
    with across_providers(), transaction.atomic():
        yield


def test_answer_as_of_the_day_of_the_answer_equals_what_was_published(agency_of_portfolio):
    answer = answer_as_of(date(2022, 4, 1)).as_json()

    for table in ("by_province", "by_size", "by_sector", "total"):
        assert answer[table] == PUBLISHED[table]
    counts = {
        year: {package: cell[0] for package, cell in packages.items()}
        for year, packages in answer["by_package"].items()
    }
    assert counts == PUBLISHED["by_package"]
    assert (answer["applications"], answer["refused"]) == (72, PUBLISHED["refused_not_an_sme"])
    assert answer["evaluation"] == {"started": 67, "light": 9, "completed": 0}


def test_answer_as_of_the_evaluation_counts_what_the_evaluation_counted(agency_of_portfolio):
    published = PUBLISHED["evaluation"]

    answer = answer_as_of(date(2022, 9, 15)).as_json()

    assert answer["evaluation"] == {
        name: published[name] for name in ("started", "light", "completed")
    }


def test_answer_before_the_programme_is_empty(agency_of_portfolio):
    answer = answer_as_of(date(2020, 12, 31))

    assert (answer.applications, answer.total, answer.tables["by_size"]) == (0, {}, {})


@pytest.mark.parametrize("day", [date(2021, 7, 1), date(2022, 1, 1), date(2023, 1, 1)])
def test_every_table_of_an_answer_adds_up_to_its_total(agency_of_portfolio, day):
    answer = answer_as_of(day)

    for groups in answer.tables.values():
        for year, total in answer.total.items():
            cells = groups[year].values()
            assert sum(count for count, _ in cells) == total[0]
            assert sum(amount for _, amount in cells) == total[1]


def test_runs_pay_what_the_statements_entitle_to(agency_of_portfolio):
    runs = Run.objects.order_by("quarter").values_list("quarter", "lines_count", "total", "state")

    assert list(runs) == [
        ("2021-Q4", 7, Decimal("72626.88"), "settled"),
        ("2022-Q1", 11, Decimal("113650.57"), "settled"),
        ("2022-Q2", 41, Decimal("343364.62"), "settled"),
        ("2022-Q3", 1, Decimal("6534.00"), "drawn_up"),
    ]


def test_payment_files_add_up_to_the_ledger(agency_of_portfolio):
    files = [
        bytes(content).decode() for content in PaymentFile.objects.values_list("content", flat=True)
    ]
    transferred = [
        Decimal(a) for file in files for a in re.findall(r"<InstdAmt[^>]*>([\d.]+)<", file)
    ]
    paid = LedgerEntry.objects.filter(kind="pay").aggregate(total=Sum("amount"))["total"]

    assert len(files) == 3
    assert sum(transferred) == paid == Decimal("529642.07")
    assert ledger_differences() == []


def test_importing_the_same_portfolio_again_changes_nothing(portfolio):
    def all_counts():
        from django.apps import apps

        with across_providers(), transaction.atomic():
            return {
                model._meta.label: model.objects.count()
                for model in apps.get_models()
                if model._meta.app_label in ("dossiers", "claims", "payouts", "contracts", "audit")
            }

    before = all_counts()
    call_command("import_portfolio", ROOT / "demo")

    assert all_counts() == before
    assert before["dossiers.Dossier"] == 86


def test_the_demo_has_something_to_do_today(portfolio, servers, settings, tmp_path, monkeypatch):
    settings.DEMO_SIGN_INS = tmp_path / "sign-ins"
    today = SimpleNamespace(now=lambda: datetime(2026, 11, 24, 9, tzinfo=UTC))
    monkeypatch.setattr("apps.imports.management.commands.load_demo.timezone", today)
    monkeypatch.setenv("OWNER_DATABASE_URL", servers.database_url("cst_owner", portfolio))

    def loaded():
        call_command("load_demo")
        with across_providers(), transaction.atomic():
            filed = Dossier.objects.filter(contract__edition__name="2026-2028")
            states = dict(filed.order_by("enterprise_name").values_list("enterprise_name", "state"))
            group = filed.get(enterprise_name="Voorbeeld Verspaning bv")
            size = Workings.objects.get(assessment=group.assessment_id).size
            return states, size["category"], register_duties_open()

    expected = {
        "Voorbeeld Bakkerij bv": "submitted",
        "Voorbeeld Drukwerk nv": "approved",
        "Voorbeeld Verspaning bv": "submitted",
    }
    assert loaded() == (expected, "medium", 1)
    signs = settings.DEMO_SIGN_INS.read_text()
    assert loaded() == (expected, "medium", 1)
    assert settings.DEMO_SIGN_INS.read_text() == signs


@pytest.fixture
def folder(tmp_path) -> Path:
    return Path(shutil.copytree(ROOT / "demo", tmp_path / "demo"))


@pytest.fixture
def small(folder) -> Path:
    """A few dossiers of it, in the order in which they stand there: two of them refused."""
    dossiers = rows_of(folder, "dossiers.csv")
    kept = [*dossiers[:7], *(row for row in dossiers if row[0] == "CSV-2021-039"), *dossiers[-2:]]
    references, numbers = (
        {row[0] for row in kept},
        {cell for row in kept for cell in row[2:3]} | OWNERS,
    )
    keep(folder, "dossiers.csv", kept)
    keep(
        folder,
        "statements.csv",
        [r for r in rows_of(folder, "statements.csv") if r[0] in {"reference", *references}],
    )
    keep(
        folder,
        "enterprises.csv",
        [r for r in rows_of(folder, "enterprises.csv") if r[0] in {"kbo_number", *numbers}],
    )
    return folder


def rows_of(folder: Path, file: str) -> list[list[str]]:
    with (folder / file).open(newline="") as told:
        return list(csv.reader(told))


def keep(folder: Path, file: str, rows: list[list[str]]) -> None:
    with (folder / file).open("w", newline="") as told:
        csv.writer(told, lineterminator="\n").writerows(rows)


def change(folder: Path, file: str, old: str, new: str) -> None:
    text = (folder / file).read_text()
    assert text.count(old) >= 1
    (folder / file).write_text(text.replace(old, new, 1))


WRONG = {
    "unknown package": (
        "dossiers.csv",
        "1999000150,basis",
        "1999000150,premium",
        "dossiers.csv:2: unknown-package",
    ),
    "price outside the band": (
        "dossiers.csv",
        "27443.37",
        "14999.99",
        "dossiers.csv:2: price-outside-band",
    ),
    "light before it was offered": (
        "dossiers.csv",
        "1999000249,basis,no,29647.25",
        "1999000249,light,no,19647.25",
        "dossiers.csv:3: package-not-offered",
    ),
    "wrong enterprise number": (
        "dossiers.csv",
        "1999000150",
        "1999000151",
        "dossiers.csv:2: wrong-enterprise-number",
    ),
    "wrong IBAN": (
        "contracts.csv",
        "BE78999000050186",
        "BE79999000050186",
        "contracts.csv:2: wrong-iban",
    ),
    "work before approval": (
        "dossiers.csv",
        "2021-09-15,approved,,2021-09-22",
        "2021-09-15,approved,,2021-09-14",
        "dossiers.csv:2: the dates are not in order",
    ),
    "statement that shrinks": (
        "statements.csv",
        "CSV-2021-001,2021-12-31,6.5,6510.29",
        "CSV-2021-001,2021-12-31,6.5,500.78",
        "statements.csv:3: statement-shrinks",
    ),
    "statement over the offer": (
        "statements.csv",
        "18328.97",
        "27443.38",
        "statements.csv:5: statement-over-offer",
    ),
    "unreadable amount": ("statements.csv", "500.79", "500,79", "statements.csv:2: row-length"),
    "unknown dossier": (
        "statements.csv",
        "CSV-2021-001,2021-09-30",
        "CSV-2021-999,2021-09-30",
        "statements.csv:2: dossier 'CSV-2021-999'",
    ),
    "dossier twice": (
        "dossiers.csv",
        "CSV-2021-002",
        "CSV-2021-001",
        "dossiers.csv:3: dossier CSV-2021-001 stands twice",
    ),
    "refused without a reason": (
        "dossiers.csv",
        "refused,kmo-definitie: 250 of meer werkzame personen",
        "refused,",
        "dossiers.csv:10: a refusal needs a reason",
    ),
    "province that does not match": (
        "enterprises.csv",
        "8500,Kortrijk,West-Vlaanderen",
        "8500,Kortrijk,Limburg",
        "enterprises.csv:2: postal code 8500",
    ),
    "budget too small": ("contracts.csv", "400000.00", "10000.00", "budget-exhausted"),
    "not an SME but approved": (
        "enterprises.csv",
        "2020,36.4,",
        "2020,436.4,",
        "dossiers.csv:2: not-eligible",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_bad_set_is_listed_with_file_line_and_reason_and_nothing_is_kept(
    committed, small, case, capsys
):
    file, old, new, expected = WRONG[case]
    if case == "not an SME but approved":
        change(small, file, "2019,36.04,", "2019,436.04,")
    change(small, file, old, new)

    with pytest.raises(CommandError, match="nothing was kept"):
        call_command("import_portfolio", small)

    place, _, why = expected.rpartition(": ")
    told = capsys.readouterr().err.splitlines()
    assert any(line.startswith(place) and why in line for line in told), told
    with across_providers(), transaction.atomic():
        assert not Dossier.objects.exists()
        assert not LedgerEntry.objects.exists()


def test_work_completed_at_the_threshold_claims_one_tranche_and_the_set_is_kept(committed, small):
    """Sixty percent of 25,150.00 and no more: the first tranche paid for all of it."""
    rows = rows_of(small, "statements.csv")
    for row in rows:
        if row[0] == "CSV-2021-039" and float(row[3]) > 15_090:
            row[3] = "15090.00"
    keep(small, "statements.csv", rows)

    call_command("import_portfolio", small)

    with across_providers(), transaction.atomic():
        dossier = Dossier.objects.get(imported_as="CSV-2021-039")
        assert dossier.state == "completed"
        assert [claim.tranche for claim in dossier.claims.all()] == [1]
        assert ledger_differences() == []


@pytest.mark.parametrize("file", ["contracts.csv", "dossiers.csv", "statements.csv"])
@pytest.mark.parametrize("harm", ["cut off", "missing", "not text", "NUL", "other columns"])
def test_an_unreadable_file_is_refused(committed, folder, file, harm, capsys):
    path = folder / file
    content = path.read_bytes()
    if harm == "missing":
        path.unlink()
    elif harm == "other columns":
        path.write_bytes(b"a,b\n1,2\n")
    else:
        harmed = {
            "cut off": content[:-9],
            "not text": b"\xff\xfe" + content,
            "NUL": b"\0" + content,
        }
        path.write_bytes(harmed[harm])

    with pytest.raises(CommandError, match="nothing was kept"):
        call_command("import_portfolio", folder)

    expected = {
        "cut off": "[file-cut-off]",
        "missing": "[file-missing]",
        "not text": "[file-not-text]",
        "NUL": "[file-not-text]",
        "other columns": "[file-columns]",
    }[harm]
    told = capsys.readouterr().err.splitlines()
    assert any(line.startswith(f"{file}:") and expected in line for line in told), told
