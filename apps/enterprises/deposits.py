"""Deposits of annual accounts (NBB, JSON) as a file, a folder or a daily ZIP.

A deposit is a `.json` file with `Rubrics`, a list of {Code, Value, Period}, as the service
`accountingData` answers it. What it does not tell itself (ReferenceNumber, EnterpriseNumber,
ExerciseDates, DepositDate, ModelType) stands in a list of references, as the service `references`
answers it: a file whose name ends in `references.json`, beside the deposits, in which an item
points by its ReferenceNumber at a deposit, named in it or else by its file:

    0428315871-references.json    [{"ReferenceNumber": "2022-00123456", ...}, ...]
    2022-00123456.json            {"Rubrics": [...]}

An item without EnterpriseNumber takes that with which the name of its list begins.
"""

import hashlib
import json
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path, PurePosixPath
from typing import IO, Any

from cstraject.identifiers import enterprise_number
from cstraject.refusal import Refusal

BYTES_MAX = 5 * 1024 * 1024
FILES_MAX = 100_000
REFERENCES = "references.json"
# The exercise itself; NM1 is the one before, told again.
EXERCISE = "N"
HEADCOUNT = ("1003", "9087")
TURNOVER = ("70",)
BALANCE_TOTAL = ("20/58",)
EQUITY = ("10/15",)
LARGEST = Decimal(10) ** 15


@dataclass(frozen=True)
class Deposit:
    """The figures of one deposit, in euro and full-time equivalents. None: not in the filing."""

    reference: str
    enterprise_number: str
    begins_on: date
    closed_on: date
    deposited_on: date
    model: str
    headcount: Decimal | None
    turnover: Decimal | None
    balance_total: Decimal | None
    equity: Decimal | None
    sha256: str


@dataclass(frozen=True)
class WrongFile:
    """A file that is left out, and why."""

    name: str
    refusal: Refusal


def read_deposits(path: Path) -> Iterator[Deposit | WrongFile]:
    """Every deposit in a file, folder or ZIP, one at a time; in place of a wrong file, why.

    Refuses what is not there (`file-missing`), is no ZIP (`archive-broken`), or holds more files
    than any day does (`too-many-files`).
    """
    with _files(path) as (names, open_file):
        if len(names) > FILES_MAX:
            raise Refusal("too-many-files", max=FILES_MAX)
        items: dict[str, Mapping[str, Any]] = {}
        for name in names:
            if name.endswith(REFERENCES):
                try:
                    _, listed = _json(name, open_file)
                    items.update(_items(name, listed))
                except Refusal as refusal:
                    yield WrongFile(name, refusal)
        for name in names:
            if not name.endswith(REFERENCES):
                try:
                    yield _deposit(name, *_json(name, open_file), items)
                except Refusal as refusal:
                    yield WrongFile(name, refusal)


@contextmanager
def _files(path: Path) -> Iterator[tuple[list[str], Callable[[str], IO[bytes]]]]:
    """The names of the JSON files, and how one is opened."""
    if path.is_dir():
        names = sorted(str(found.relative_to(path)) for found in path.rglob("*.json"))
        yield names, lambda name: (path / name).open("rb")
    elif not path.is_file():
        raise Refusal("file-missing", file=path.name)
    elif path.suffix == ".json":
        yield [path.name], lambda name: path.open("rb")
    else:
        try:
            archive = zipfile.ZipFile(path)
        except (OSError, zipfile.BadZipFile):
            raise Refusal("archive-broken", file=path.name) from None
        with archive:
            names = sorted(name for name in archive.namelist() if name.endswith(".json"))
            yield names, lambda name: archive.open(name)


def _json(name: str, open_file: Callable[[str], IO[bytes]]) -> tuple[str, Any]:
    """The digest of a file and what it says."""
    try:
        with open_file(name) as file:
            content = file.read(BYTES_MAX + 1)
    except (OSError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError):
        raise Refusal("file-missing", file=name) from None
    if len(content) > BYTES_MAX:
        raise Refusal("deposit-too-large", max_mb=BYTES_MAX // 1024 // 1024)
    try:
        said = json.loads(content, parse_float=Decimal)
    except (ValueError, RecursionError):
        raise Refusal("deposit-unreadable", field="JSON") from None
    return hashlib.sha256(content).hexdigest(), said


def _items(name: str, listed: Any) -> dict[str, Mapping[str, Any]]:
    if not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
        raise Refusal("deposit-unreadable", field="references")
    owner = PurePosixPath(name).name[:10]
    items = {}
    for item in listed:
        if owner.isdecimal():
            item = {"EnterpriseNumber": owner, **item}
        items[str(item.get("ReferenceNumber"))] = item
    return items


def _deposit(name: str, sha256: str, said: Any, items: Mapping[str, Mapping[str, Any]]) -> Deposit:
    if not isinstance(said, dict) or not isinstance(said.get("Rubrics"), list):
        raise Refusal("deposit-unreadable", field="Rubrics")
    reference = said.get("ReferenceNumber") or PurePosixPath(name).stem
    itself = {field: value for field, value in said.items() if value is not None}
    told = {**items.get(str(reference), {}), **itself}
    dates = told.get("ExerciseDates")
    if not isinstance(dates, dict):
        raise Refusal("deposit-unreadable", field="ExerciseDates")
    begins_on, closed_on = _day(dates, "startDate"), _day(dates, "endDate")
    if begins_on >= closed_on:
        raise Refusal("deposit-unreadable", field="endDate")
    figures = _figures(said["Rubrics"])
    return Deposit(
        reference=_text(str(reference), "ReferenceNumber", 30),
        enterprise_number=enterprise_number(str(told.get("EnterpriseNumber", ""))),
        begins_on=begins_on,
        closed_on=closed_on,
        deposited_on=_day(told, "DepositDate"),
        model=_text(str(told.get("ModelType") or ""), "ModelType", 40),
        headcount=_first(figures, HEADCOUNT),
        turnover=_first(figures, TURNOVER),
        balance_total=_first(figures, BALANCE_TOTAL),
        equity=_first(figures, EQUITY),
        sha256=sha256,
    )


def _figures(rubrics: list[Any]) -> dict[str, Any]:
    return {
        str(rubric.get("Code")): rubric.get("Value")
        for rubric in rubrics
        if isinstance(rubric, dict) and rubric.get("Period") == EXERCISE
    }


def _first(figures: Mapping[str, Any], codes: tuple[str, ...]) -> Decimal | None:
    for code in codes:
        if figures.get(code) is not None:
            try:
                value = Decimal(str(figures[code]))
            except InvalidOperation:
                raise Refusal("deposit-unreadable", field=code) from None
            if not value.is_finite() or abs(value) >= LARGEST:
                raise Refusal("deposit-unreadable", field=code)
            return round(value, 2)
    return None


def _day(told: Mapping[str, Any], field: str) -> date:
    try:
        return date.fromisoformat(str(told.get(field))[:10])
    except ValueError:
        raise Refusal("deposit-unreadable", field=field) from None


def _text(text: str, field: str, longest: int) -> str:
    if len(text) > longest or not text.isprintable():
        raise Refusal("deposit-unreadable", field=field)
    return text
