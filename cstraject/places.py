"""Where in Flanders: postal code -> province, as of a day [R-BE-21, R-BE-22]."""

from datetime import date

PROVINCES = ("Antwerpen", "Limburg", "Oost-Vlaanderen", "Vlaams-Brabant", "West-Vlaanderen")

# First and last postal code of each range that lies in the Flemish Region.
RANGES = (
    (1500, 1999, "Vlaams-Brabant"),
    (2000, 2999, "Antwerpen"),
    (3000, 3499, "Vlaams-Brabant"),
    (3500, 3999, "Limburg"),
    (8000, 8999, "West-Vlaanderen"),
    (9000, 9999, "Oost-Vlaanderen"),
)

# Municipalities that changed province: postal code, first day, province from then on.
MOVES = ((2070, date(2025, 1, 1), "Oost-Vlaanderen"),)


def province_of(postal_code: str, /, *, on: date) -> str | None:
    """The Flemish province of a postal code on a day, or None outside the Flemish Region."""
    if not (postal_code.isascii() and postal_code.isdecimal() and len(postal_code) == 4):
        return None
    code = int(postal_code)
    for moved, since, province in MOVES:
        if code == moved and on >= since:
            return province
    for first, last, province in RANGES:
        if first <= code <= last:
            return province
    return None


def is_postal_code(text: str, /) -> bool:
    """Whether it is written as a Belgian postal code; the first in use is 1000."""
    return text.isascii() and text.isdecimal() and len(text) == 4 and text[0] != "0"
