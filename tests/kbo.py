"""Invented extracts of the register, in the files and columns of the real one.

The first ten thousand enterprises have numbers of the series that is not issued, 1999.xxx.xxx;
those after it have numbers with valid check digits from 0200.000.000 on. Per enterprise there is
what the real extract has on average: an establishment, 1.5 names, 1.5 addresses, 3.5 activities.
"""

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from random import Random

Row = list[str]
Files = dict[str, Iterable[Row]]

HEADERS = {
    "meta": "Variable,Value",
    "code": "Category,Code,Language,Description",
    "enterprise": "EnterpriseNumber,Status,JuridicalSituation,TypeOfEnterprise,JuridicalForm,"
    "JuridicalFormCAC,StartDate",
    "establishment": "EstablishmentNumber,StartDate,EnterpriseNumber",
    "denomination": "EntityNumber,Language,TypeOfDenomination,Denomination",
    "address": "EntityNumber,TypeOfAddress,CountryNL,CountryFR,Zipcode,MunicipalityNL,"
    "MunicipalityFR,StreetNL,StreetFR,HouseNumber,Box,ExtraAddressInfo,DateStrikingOff",
    "contact": "EntityNumber,EntityContact,ContactType,Value",
    "activity": "EntityNumber,ActivityGroup,NaceVersion,NaceCode,Classification",
    "branch": "Id,StartDate,EnterpriseNumber",
}
FORMS = {
    "610": ("Besloten Vennootschap", "Société à responsabilité limitée"),
    "014": ("Naamloze vennootschap", "Société anonyme"),
    "017": ("Vereniging zonder winstoogmerk", "Association sans but lucratif"),
}
NACE = {
    "2008": ("62010", "62020", "70220", "47410"),
    "2025": ("62100", "62200", "70200", "47401"),
}
TOWNS = {"2000": "Antwerpen", "3000": "Leuven", "9000": "Gent", "8500": "Kortrijk"}
FIRST_SNAPSHOT = date(2026, 11, 1)


def dotted(digits: str) -> str:
    """As the register writes it: 1999.000.150, and 2.000.000.339 for an establishment."""
    if digits[0] in "01":
        return f"{digits[:4]}.{digits[4:7]}.{digits[7:]}"
    return f"{digits[0]}.{digits[1:4]}.{digits[4:7]}.{digits[7:]}"


def _checked(base: int) -> str:
    return f"{base:08d}{97 - base % 97:02d}"


def enterprise(nth: int) -> str:
    return _checked(19_990_000 + nth if nth < 10_000 else 2_000_000 + nth)


def establishment(nth: int) -> str:
    return _checked(20_000_000 + nth)


def full(count: int, *, seed: int = 0) -> Files:
    """The files of an extract of so many enterprises; every tenth is a natural person."""
    return {
        "code": _codes(),
        "enterprise": (row for nth in range(count) for row in enterprise_rows(nth, seed)),
        "establishment": (
            [dotted(establishment(nth)), _day(nth, seed), dotted(enterprise(nth))]
            for nth in range(count)
        ),
        "denomination": (row for nth in range(count) for row in denomination_rows(nth, seed)),
        "address": (row for nth in range(count) for row in address_rows(nth)),
        "activity": (row for nth in range(count) for row in activity_rows(nth)),
        "contact": [],
        "branch": [],
    }


def _codes() -> Iterator[Row]:
    for code, (dutch, french) in FORMS.items():
        yield ["JuridicalForm", code, "NL", dutch]
        yield ["JuridicalForm", code, "FR", french]
    for version, codes in NACE.items():
        for code in codes:
            yield [f"Nace{version}", code, "NL", f"Activiteit {code}"]


def _day(nth: int, seed: int) -> str:
    return f"{date(1990, 1, 1) + timedelta(Random(seed * 7919 + nth).randrange(12_000)):%d-%m-%Y}"


def is_person(nth: int) -> bool:
    return nth % 10 == 9


def enterprise_rows(nth: int, seed: int = 0) -> list[Row]:
    form = "" if is_person(nth) else list(FORMS)[nth % 3]
    kind = "1" if is_person(nth) else "2"
    return [[dotted(enterprise(nth)), "AC", "000", kind, form, "", _day(nth, seed)]]


def denomination_rows(nth: int, seed: int = 0) -> list[Row]:
    number = dotted(enterprise(nth))
    dutch = [number, "2", "001", f"Voorbeeld {nth}" + (f" ({seed})" if seed else "")]
    return [[number, "1", "001", f"Exemple {nth}"], dutch] if nth % 2 else [dutch]


def address_rows(nth: int) -> list[Row]:
    """Of the establishment, and of the registered office, which a person has not."""
    code = list(TOWNS)[nth % 4]
    rest = ["", "", code, TOWNS[code], "", "Voorbeeldstraat", "", str(nth % 200 + 1), "", "", ""]
    rows = [[dotted(establishment(nth)), "BAET", *rest]]
    return rows if is_person(nth) else [*rows, [dotted(enterprise(nth)), "REGO", *rest]]


def activity_rows(nth: int) -> list[Row]:
    number, pick = dotted(enterprise(nth)), nth % 4
    rows = [
        [number, "001", "2008", NACE["2008"][pick], "MAIN"],
        [number, "001", "2025", NACE["2025"][pick], "MAIN"],
        [number, "006", "2008", NACE["2008"][pick - 1], "MAIN"],
    ]
    if nth % 2:
        rows.append([number, "001", "2008", NACE["2008"][pick - 2], "SECO"])
    return rows


def meta(number: int, kind: str, snapshot_on: date) -> list[Row]:
    return [
        ["SnapshotDate", f"{snapshot_on:%d-%m-%Y}"],
        ["ExtractTimestamp", f"{snapshot_on:%d-%m-%Y} 06:30:00"],
        ["ExtractType", kind],
        ["ExtractNumber", str(number)],
        ["Version", "1.0.0"],
    ]


def changes(
    *,
    deleted: Mapping[str, list[str]] | None = None,
    inserted: Mapping[str, list[Row]] | None = None,
) -> Files:
    """The files of an update: numbers to take away and rows to add, by what they tell of."""
    files: Files = {}
    for about in HEADERS:
        if about not in ("meta", "code"):
            files[f"{about}_delete"] = [[n] for n in (deleted or {}).get(about, [])]
            files[f"{about}_insert"] = (inserted or {}).get(about, [])
    return files


def write(
    path: Path,
    files: Files,
    *,
    number: int = 142,
    kind: str = "full",
    snapshot_on: date = FIRST_SNAPSHOT,
) -> Path:
    """Write an extract, to a ZIP where the name ends so and else to a folder."""
    with _target(path) as create:
        for name, rows in {"meta": meta(number, kind, snapshot_on), **files}.items():
            about, _, deed = name.partition("_")
            header = HEADERS[about].split(",")
            with create(f"{name}.csv") as raw, io.TextIOWrapper(raw, "utf-8", newline="") as text:
                csv.writer(text, lineterminator="\n").writerow(
                    header[:1] if deed == "delete" else header
                )
                # As in the real files: what stands in a cell stands between quotation marks.
                csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(rows)
    return path


@contextmanager
def _target(path: Path):
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            yield lambda name: archive.open(name, "w", force_zip64=True)
    else:
        path.mkdir()
        yield lambda name: (path / name).open("wb")
