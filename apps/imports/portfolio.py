"""A portfolio in files: contracts, enterprises, relations, dossiers and statements, read whole.

Everything is read and checked before anything is filed. What is wrong is listed with file, line
and reason; one wrong row keeps the whole set out.
"""

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from apps.design.words import words_for
from cstraject.identifiers import enterprise_number, iban, nace_code
from cstraject.money import read_euros
from cstraject.places import PROVINCES, province_of
from cstraject.quarter import Quarter
from cstraject.refusal import Refusal

COLUMNS = {
    "contracts.csv": "provider name kbo_number budget_eur valid_from valid_until iban",
    "enterprises.csv": "kbo_number name legal_form nace_2008 nace_label postal_code municipality "
    "province year_1 headcount_1 turnover_1 balance_1 year_2 headcount_2 turnover_2 balance_2",
    "relations.csv": "owner_kbo owned_kbo capital_pct voting_pct valid_from",
    "dossiers.csv": "reference provider kbo_number package extension price_excl_vat mandays "
    "submitted_on decided_on decision reason started_on completed_on end_report_on",
    "statements.csv": "reference period_end mandays_delivered amount_delivered",
}


@dataclass(frozen=True, order=True)
class RowError:
    """What is wrong with a row: in which file, on which line, and why."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"

    @classmethod
    def of(cls, refusal: Refusal, *, file: str, line: int) -> "RowError":
        """What the programme refuses, in words, with its code."""
        return cls(file, line, f"{words_for(refusal)} [{refusal.code}]")


@dataclass(frozen=True)
class Place:
    """Where a row stands."""

    file: str
    line: int


@dataclass(frozen=True)
class ContractRow:
    place: Place
    slug: str
    name: str
    enterprise_number: str
    budget: Decimal
    valid_from: date
    valid_until: date
    iban: str


@dataclass(frozen=True)
class EnterpriseRow:
    place: Place
    number: str
    name: str
    legal_form: str
    nace_code: str
    nace_label: str
    postal_code: str
    periods: list[dict[str, Any]]


@dataclass(frozen=True)
class RelationRow:
    place: Place
    owner: str
    owned: str
    capital_pct: str
    voting_pct: str
    valid_from: date


@dataclass(frozen=True)
class DossierRow:
    place: Place
    reference: str
    provider: str
    enterprise_number: str
    package: str
    with_extension: bool
    price_excl_vat: Decimal
    person_days: Decimal
    submitted_on: date
    decided_on: date
    approved: bool
    reason: str
    started_on: date | None
    completed_on: date | None
    end_report_on: date | None


@dataclass(frozen=True)
class StatementRow:
    place: Place
    reference: str
    period_end: date
    person_days: Decimal
    amount: Decimal

    @property
    def quarter(self) -> Quarter:
        return Quarter.containing(self.period_end)


@dataclass
class Portfolio:
    """A whole set of files, checked."""

    contracts: dict[str, ContractRow] = field(default_factory=dict)
    enterprises: dict[str, EnterpriseRow] = field(default_factory=dict)
    relations: list[RelationRow] = field(default_factory=list)
    dossiers: dict[str, DossierRow] = field(default_factory=dict)
    statements: list[StatementRow] = field(default_factory=list)

    def facts_of(self, number: str) -> dict[str, Any]:
        """What the files state about an enterprise and those tied to it, as a dossier states it."""
        row = self.enterprises[number]
        group = {number}
        while more := {
            tied
            for relation in self.relations
            for tied in (relation.owner, relation.owned)
            if {relation.owner, relation.owned} & group and tied not in group
        }:
            group |= more
        return {
            "number": number,
            "name": row.name,
            "legal_form": row.legal_form,
            "nace_version": "2008",
            "nace_code": row.nace_code,
            "nace_label": row.nace_label,
            "postal_code": row.postal_code,
            "periods": row.periods,
            "others": [
                {
                    "number": other,
                    "name": self.enterprises[other].name,
                    "periods": self.enterprises[other].periods,
                }
                for other in sorted(group - {number})
            ],
            "holdings": [
                {
                    "owner": relation.owner,
                    "owned": relation.owned,
                    "capital_pct": relation.capital_pct,
                    "voting_pct": relation.voting_pct,
                    "valid_from": relation.valid_from.isoformat(),
                }
                for relation in self.relations
                if relation.owner in group
            ],
            "declarations": ["sme_status", "legal_form", "de_minimis", "main_activity"],
        }


def read_portfolio(folder: Path) -> tuple[Portfolio, list[RowError]]:
    """Read a folder of files; the portfolio, and everything that is wrong with it."""
    reader = _Reader(folder)
    portfolio = reader.read()
    return portfolio, sorted(reader.errors)


class _Wrong(Exception):
    """A value that cannot be read; its text is the reason."""


Row = Mapping[str, str]


class _Reader:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.errors: list[RowError] = []
        self.into = Portfolio()

    def read(self) -> Portfolio:
        self._each("contracts.csv", self._contract)
        self._each("enterprises.csv", self._enterprise)
        self._each("relations.csv", self._relation)
        self._each("dossiers.csv", self._dossier)
        self._each("statements.csv", self._statement)
        return self.into

    def _each(self, file: str, take: Callable[[Place, Row], None]) -> None:
        for place, row in self._rows(file):
            try:
                take(place, row)
            except _Wrong as wrong:
                self.errors.append(RowError(place.file, place.line, str(wrong)))
            except Refusal as refusal:
                self.errors.append(RowError.of(refusal, file=place.file, line=place.line))

    def _rows(self, file: str) -> Iterator[tuple[Place, Row]]:
        line = 0
        try:
            columns = COLUMNS[file].split()
            for line, cells in _cells(self.folder / file, columns):
                if len(cells) == len(columns):
                    row = {name: cell.strip() for name, cell in zip(columns, cells, strict=True)}
                    yield Place(file, line), row
                else:
                    wrong = Refusal("row-length", found=len(cells), needed=len(columns))
                    self.errors.append(RowError.of(wrong, file=file, line=line))
        except Refusal as refusal:
            self.errors.append(RowError.of(refusal, file=file, line=line))

    def _contract(self, place: Place, row: Row) -> None:
        slug = _text(row, "provider", 30)
        if not slug.isascii() or not slug.replace("-", "").isalnum() or slug != slug.lower():
            raise _Wrong(f"provider {slug!r} is not a short name of small letters")
        if slug in self.into.contracts:
            raise _Wrong(f"provider {slug} stands twice")
        contract = ContractRow(
            place=place,
            slug=slug,
            name=_text(row, "name", 200),
            enterprise_number=enterprise_number(row["kbo_number"]),
            budget=read_euros(row["budget_eur"]),
            valid_from=_day(row, "valid_from"),
            valid_until=_day(row, "valid_until"),
            iban=iban(row["iban"]),
        )
        if contract.valid_until < contract.valid_from:
            raise _Wrong("valid_until lies before valid_from")
        self.into.contracts[slug] = contract

    def _enterprise(self, place: Place, row: Row) -> None:
        number = enterprise_number(row["kbo_number"])
        if number in self.into.enterprises:
            raise _Wrong(f"enterprise {number} stands twice")
        periods = []
        for nth in ("1", "2"):
            if not row[f"year_{nth}"]:
                continue
            period: dict[str, Any] = {"year": int(_number(row, f"year_{nth}"))}
            for name, column in (
                ("headcount", "headcount"),
                ("turnover", "turnover"),
                ("balance_total", "balance"),
            ):
                given = row[f"{column}_{nth}"]
                period[name] = str(_number(row, f"{column}_{nth}")) if given else None
            periods.append(period)
        if row["province"] not in PROVINCES:
            raise _Wrong(f"province {row['province']!r} is not one of Flanders")
        if province_of(row["postal_code"], on=date(2022, 1, 1)) != row["province"]:
            raise _Wrong(f"postal code {row['postal_code']} does not lie in {row['province']}")
        self.into.enterprises[number] = EnterpriseRow(
            place=place,
            number=number,
            name=_text(row, "name", 200),
            legal_form=_text(row, "legal_form", 20),
            nace_code=nace_code(row["nace_2008"]),
            nace_label=_text(row, "nace_label", 200),
            postal_code=row["postal_code"],
            periods=periods,
        )

    def _relation(self, place: Place, row: Row) -> None:
        owner, owned = enterprise_number(row["owner_kbo"]), enterprise_number(row["owned_kbo"])
        for number in (owner, owned):
            if number not in self.into.enterprises:
                raise _Wrong(f"enterprise {number} is not in enterprises.csv")
        shares = [_number(row, name) for name in ("capital_pct", "voting_pct")]
        if any(share > 100 for share in shares):
            raise _Wrong("a percentage lies above 100")
        self.into.relations.append(
            RelationRow(
                place, owner, owned, str(shares[0]), str(shares[1]), _day(row, "valid_from")
            )
        )

    def _dossier(self, place: Place, row: Row) -> None:
        reference = _text(row, "reference", 50)
        if reference in self.into.dossiers:
            raise _Wrong(f"dossier {reference} stands twice")
        number = enterprise_number(row["kbo_number"])
        if row["provider"] not in self.into.contracts:
            raise _Wrong(f"provider {row['provider']!r} is not in contracts.csv")
        if number not in self.into.enterprises:
            raise _Wrong(f"enterprise {number} is not in enterprises.csv")
        if row["extension"] not in ("yes", "no"):
            raise _Wrong(f"extension must be yes or no, not {row['extension']!r}")
        if row["decision"] not in ("approved", "refused"):
            raise _Wrong(f"decision must be approved or refused, not {row['decision']!r}")
        dossier = DossierRow(
            place=place,
            reference=reference,
            provider=row["provider"],
            enterprise_number=number,
            package=_text(row, "package", 20),
            with_extension=row["extension"] == "yes",
            price_excl_vat=read_euros(row["price_excl_vat"]),
            person_days=_number(row, "mandays"),
            submitted_on=_day(row, "submitted_on"),
            decided_on=_day(row, "decided_on"),
            approved=row["decision"] == "approved",
            reason=row["reason"],
            started_on=_day_or_none(row, "started_on"),
            completed_on=_day_or_none(row, "completed_on"),
            end_report_on=_day_or_none(row, "end_report_on"),
        )
        if not dossier.approved and not dossier.reason:
            raise _Wrong("a refusal needs a reason")
        days = [dossier.submitted_on, dossier.decided_on]
        ended = False
        for day in (dossier.started_on, dossier.completed_on, dossier.end_report_on):
            if day is not None and (ended or not dossier.approved):
                raise _Wrong("a date stands where the one before it is missing")
            ended = ended or day is None
            days += [day] if day else []
        if days != sorted(days):
            raise _Wrong("the dates are not in order: filed, decided, started, completed, report")
        self.into.dossiers[reference] = dossier

    def _statement(self, place: Place, row: Row) -> None:
        dossier = self.into.dossiers.get(row["reference"])
        if dossier is None:
            raise _Wrong(f"dossier {row['reference']!r} is not in dossiers.csv")
        if dossier.started_on is None:
            raise _Wrong(f"dossier {row['reference']} never started")
        self.into.statements.append(
            StatementRow(
                place=place,
                reference=row["reference"],
                period_end=_day(row, "period_end"),
                person_days=_number(row, "mandays_delivered"),
                amount=read_euros(row["amount_delivered"]),
            )
        )


def _cells(path: Path, columns: list[str]) -> Iterator[tuple[int, list[str]]]:
    """The rows of a file under its header, each with its line; refuses what cannot be read."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError:
        raise Refusal("file-missing", file=path.name) from None
    except UnicodeDecodeError:
        raise Refusal("file-not-text", file=path.name) from None
    if "\x00" in text:
        raise Refusal("file-not-text", file=path.name)
    if not text.endswith("\n"):
        raise Refusal("file-cut-off", file=path.name)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        if next(reader, []) != columns:
            raise Refusal("file-columns", columns=",".join(columns))
        for cells in reader:
            yield reader.line_num, cells
    except csv.Error:
        raise Refusal("file-not-csv", line=reader.line_num) from None


def _text(row: Row, name: str, length_max: int) -> str:
    if not 0 < len(row[name]) <= length_max:
        raise _Wrong(f"{name} must have between 1 and {length_max} characters")
    return row[name]


def _day(row: Row, name: str) -> date:
    try:
        return date.fromisoformat(row[name])
    except ValueError:
        raise _Wrong(f"{name} {row[name][:20]!r} is not a day (YYYY-MM-DD)") from None


def _day_or_none(row: Row, name: str) -> date | None:
    return _day(row, name) if row[name] else None


def _number(row: Row, name: str) -> Decimal:
    try:
        number = Decimal(row[name])
    except InvalidOperation:
        raise _Wrong(f"{name} {row[name][:20]!r} is not a number") from None
    if not number.is_finite() or not 0 <= number < 10**13:
        raise _Wrong(f"{name} {row[name][:20]!r} is out of range")
    return number
