"""An extract of the KBO's open data, as a folder or a ZIP: its files, read line by line.

Layout: Cookbook KBO Open Data. A full extract holds `enterprise.csv` and its like; an update
holds of each a `_delete.csv` (numbers) and an `_insert.csv`. Nothing is unpacked to disk, and no
more than a batch is ever in memory.
"""

import csv
import io
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path
from typing import IO, Any

from apps.enterprises.models import FULL, LEGAL_PERSON, NATURAL_PERSON, UPDATE
from cstraject.refusal import Refusal

# A line is never longer; what is, comes in pieces, which are wrong rows.
LINE_MAX = 65_536
META = ("Variable", "Value")
META_ROWS_MAX = 100
COLUMNS = {
    "code": "Category Code Language Description",
    "enterprise": "EnterpriseNumber Status JuridicalSituation TypeOfEnterprise JuridicalForm "
    "JuridicalFormCAC StartDate",
    "establishment": "EstablishmentNumber StartDate EnterpriseNumber",
    "denomination": "EntityNumber Language TypeOfDenomination Denomination",
    "address": "EntityNumber TypeOfAddress CountryNL CountryFR Zipcode MunicipalityNL "
    "MunicipalityFR StreetNL StreetFR HouseNumber Box ExtraAddressInfo DateStrikingOff",
    "activity": "EntityNumber ActivityGroup NaceVersion NaceCode Classification",
}


@dataclass(frozen=True)
class File:
    """One file of an extract: what it tells of, and whether it adds or takes away."""

    name: str
    about: str
    deletes: bool = False

    @property
    def columns(self) -> list[str]:
        columns = COLUMNS[self.about].split()
        return columns[:1] if self.deletes else columns


FILES = {
    FULL: tuple(File(f"{about}.csv", about) for about in COLUMNS),
    UPDATE: tuple(
        File(f"{about}_{deed}.csv", about, deletes=deed == "delete")
        for about in COLUMNS
        if about != "code"
        for deed in ("delete", "insert")
    ),
}


class Extract:
    """An open extract: which it is, and the rows of its files."""

    def __init__(self, open_file: Callable[[str], IO[bytes]]) -> None:
        self._open = open_file
        with self._reader("meta.csv", list(META)) as rows:
            told = islice(rows, META_ROWS_MAX)
            meta = {row[0]: row[1] for row in told if row and len(row) == 2}
        number, kind = meta.get("ExtractNumber", ""), meta.get("ExtractType", "").lower()
        if not (number.isascii() and number.isdecimal() and len(number) < 9) or kind not in FILES:
            raise Refusal("extract-unknown", file="meta.csv")
        self.number = int(number)
        self.kind = kind
        self.snapshot_on = date.fromisoformat(day(meta.get("SnapshotDate", "")))
        self.files = FILES[kind]
        for file in self.files:
            with self._reader(file.name, file.columns):
                pass  # It is there and has the columns.

    @contextmanager
    def rows(self, file: File) -> Iterator["Rows"]:
        with self._reader(file.name, file.columns) as rows:
            yield rows

    @contextmanager
    def _reader(self, name: str, columns: list[str]) -> Iterator["Rows"]:
        try:
            raw = self._open(name)
        except (KeyError, OSError):
            raise Refusal("file-missing", file=name) from None
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError):
            raise Refusal("archive-broken", file=name) from None
        with raw, io.TextIOWrapper(raw, encoding="utf-8-sig", newline="") as text:
            rows = Rows(text, name)
            if next(rows, None) != columns:
                raise Refusal("extract-columns", file=name, columns=",".join(columns))
            yield rows


class Rows:
    """The rows of a file; None for one that is not CSV. `line` is where the last one ended."""

    def __init__(self, text: IO[str], name: str) -> None:
        self.name = name
        self._csv = csv.reader(iter(partial(text.readline, LINE_MAX), ""), strict=True)
        self._rows = self._read()

    def _read(self) -> Iterator[list[str] | None]:
        while True:
            try:
                yield from self._csv
            except csv.Error:
                yield None
            except UnicodeDecodeError:
                raise Refusal("file-not-text", file=self.name) from None
            except (zipfile.BadZipFile, zlib.error, EOFError):
                raise Refusal("archive-broken", file=self.name) from None
            else:
                return

    def __iter__(self) -> Iterator[list[str] | None]:
        return self._rows

    def __next__(self) -> list[str] | None:
        return next(self._rows)

    @property
    def line(self) -> int:
        return self._csv.line_num


@contextmanager
def open_extract(path: Path) -> Iterator[Extract]:
    """Open a folder or a ZIP and look at what is in it.

    Refuses what is neither (`archive-broken`), lacks a file (`file-missing`), has other columns
    (`extract-columns`), does not say which extract it is (`extract-unknown`), or is not text.
    """
    if path.is_dir():
        yield Extract(lambda name: (path / name).open("rb"))
        return
    try:
        archive = zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile):
        raise Refusal("archive-broken", file=path.name) from None
    with archive:
        yield Extract(lambda name: archive.open(name))


# ---- What stands in a row ------------------------------------------------------------------------


@lru_cache(maxsize=65_536)
def day(text: str) -> str:
    """A day as the register writes it, 31-12-2021; refuses (`wrong-day`) what is none."""
    with suppress(ValueError):
        if len(text) == 10 and text[2] == text[5] == "-":
            return date(int(text[6:]), int(text[3:5]), int(text[:2])).isoformat()
    raise Refusal("wrong-day", given=text[:20])


# Rows of one entity mostly follow one another.
@lru_cache(maxsize=1024)
def entity(text: str) -> str:
    """The ten digits of an enterprise or establishment; refuses one that cannot exist.

    Their check digits are alike [R-BE-01, R-BE-03]. Empty for a branch (9.), which is not read.
    """
    if text.startswith("9."):
        return ""
    digits = text.replace(".", "")
    if (
        len(digits) == 10
        and digits.isascii()
        and digits.isdecimal()
        and digits[0] != "9"
        and 97 - int(digits[:8]) % 97 == int(digits[8:])
    ):
        return digits
    raise Refusal("wrong-register-number", given=text[:20])


def enterprise(text: str) -> str:
    """The ten digits of an enterprise."""
    digits = entity(text)
    if digits[:1] not in ("0", "1"):
        raise Refusal("wrong-register-number", given=text[:20])
    return digits


def establishment(text: str) -> str:
    """The ten digits of an establishment."""
    digits = entity(text)
    if digits[:1] in ("", "0", "1"):
        raise Refusal("wrong-register-number", given=text[:20])
    return digits


def words(text: str, longest: int) -> str:
    """Text that fits; refuses (`wrong-text`) what is too long or no text at all."""
    if len(text) > longest or "\0" in text:
        raise Refusal("wrong-text", given=text[:20])
    return text


Kept = dict[Any, tuple[Any, ...]]
KIND_OF = {"1": NATURAL_PERSON, "2": LEGAL_PERSON}
# The name in the deeds before an abbreviation, and that before a trade name; Dutch before other.
DUTCH = "2"
NAME_RANKS = {"001": 0, "002": 10, "003": 20, "004": 30}
REGISTERED_OFFICE = "REGO"
OF_ESTABLISHMENT = "BAET"


class Wanted:
    """Which rows are kept: all, or those of some enterprises and of their establishments."""

    def __init__(self, enterprises: frozenset[str] | None) -> None:
        self.enterprises = enterprises
        self.establishments: set[str] = set()

    def __contains__(self, number: str) -> bool:
        if self.enterprises is None:
            return True
        return number in self.enterprises or number in self.establishments


# Each reads a row and keeps it among those of its batch, the last of a key or the best; it tells
# whether the row is kept, and refuses one that is wrong.


def keep_number(row: list[str], kept: Kept, wanted: Wanted) -> bool:
    number = entity(row[0])
    if not number or number not in wanted:
        return False
    kept[number] = (number,)
    return True


def keep_code(row: list[str], kept: Kept, wanted: Wanted) -> bool:
    category, code, language, description = row
    key = (words(category, 40), words(code, 20), words(language, 2))
    kept[key] = (*key, words(description, 1000))
    return True


def keep_enterprise(row: list[str], kept: Kept, wanted: Wanted) -> bool:
    number = enterprise(row[0])
    if number not in wanted:
        return False
    kept[number] = (
        number,
        words(row[1], 10),
        KIND_OF.get(row[3], ""),
        words(row[4], 10),
        day(row[6]) if row[6] else "",
    )
    return True


def keep_establishment(row: list[str], kept: Kept, wanted: Wanted) -> bool:
    number, owner = establishment(row[0]), enterprise(row[2])
    started = day(row[1]) if row[1] else ""
    if owner not in wanted:
        return False
    kept[number] = (number, owner, started)
    return True


def keep_denomination(row: list[str], kept: Kept, wanted: Wanted) -> bool:
    number = entity(row[0])
    if number[:1] not in ("0", "1") or number not in wanted:
        return False
    name = words(row[3], 320)
    rank = NAME_RANKS.get(row[2], 40) + (row[1] != DUTCH)
    if number not in kept or (rank, name) < kept[number][1:]:
        kept[number] = (number, rank, name)
    return True


def keep_address(row: list[str], kept: Kept, wanted: Wanted) -> bool:
    number = entity(row[0])
    if row[12]:
        day(row[12])  # Struck off, and yet the last address known.
    if row[1] not in (REGISTERED_OFFICE, OF_ESTABLISHMENT) or not number or number not in wanted:
        return False
    kept[number] = (
        number,
        words(row[4], 20),
        words(row[5] or row[6], 200),
        words(row[2] or row[3], 100),
    )
    return True


def keep_activity(row: list[str], kept: Kept, wanted: Wanted) -> bool:
    number = entity(row[0])
    if row[4] not in ("MAIN", "SECO") or not number or number not in wanted:
        return False
    code = row[3]
    if not (code.isascii() and code.isdecimal() and len(code) <= 7):
        raise Refusal("wrong-nace", given=code[:20])
    key = (number, words(row[1], 6), words(row[2], 4), code, row[4])
    kept[key] = key
    return True


KEEP = {
    "code": keep_code,
    "enterprise": keep_enterprise,
    "establishment": keep_establishment,
    "denomination": keep_denomination,
    "address": keep_address,
    "activity": keep_activity,
}
