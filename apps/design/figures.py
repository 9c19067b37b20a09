"""How amounts, shares, days, quarters and numbers are written on screen, in the active language."""

import re
from datetime import date, datetime
from decimal import ROUND_FLOOR, Decimal, InvalidOperation

from django.utils.formats import get_format, number_format
from django.utils.translation import gettext

from cstraject.money import to_cents
from cstraject.quarter import FLANDERS, Quarter
from cstraject.refusal import Refusal

NOTHING = "–"
"""What stands where there is nothing to tell."""


def euro(amount: object, /) -> str:
    """15000.5 -> `€ 15.000,50` in Dutch, `€15,000.50` in English."""
    read = _read(amount)
    return _plain(amount) if read is None else _in_euro(to_cents(read), decimals=2)


def whole_euro(amount: object, /) -> str:
    """Like `euro`, without cents where there are none: for turnovers and ceilings."""
    read = _read(amount)
    if read is None:
        return _plain(amount)
    return _in_euro(to_cents(read), decimals=0 if read == read.to_integral_value() else 2)


def _in_euro(amount: Decimal, *, decimals: int) -> str:
    figure = number_format(abs(amount), decimal_pos=decimals, force_grouping=True)
    if amount < 0:
        return gettext("-€%(figure)s") % {"figure": figure}
    return gettext("€%(figure)s") % {"figure": figure}


def percent(fraction: object, /) -> str:
    """0.62 -> `62 %` in Dutch, `62%` in English; one decimal when it is not whole.

    Never rounded up: 59.99 % is not the 60 % that it is held against.
    """
    read = _read(fraction)
    if read is None:
        return _plain(fraction)
    return percentage(in_hundredths(read))


def rounded_percent(fraction: object, /) -> str:
    """Like `percent`, rounded to the nearest: where it is held against nothing."""
    read = _read(fraction)
    return _plain(fraction) if read is None else percentage(round(read * 100, 1))


def in_hundredths(fraction: Decimal) -> Decimal:
    """0.62 -> 62.0, never rounded up: as a file holds what a page tells with `percent`."""
    return (fraction * 100).quantize(Decimal("0.1"), rounding=ROUND_FLOOR)


def percentage(amount: object, /) -> str:
    """12.5 -> `12,5 %`: what is counted in hundredths already."""
    read = _read(amount)
    if read is None:
        return _plain(amount)
    return gettext("%(figure)s%%") % {"figure": _short(read)}


def number(amount: object, /) -> str:
    """12.50 -> `12,5`: no zeros that say nothing, thousands apart."""
    read = _read(amount)
    return _plain(amount) if read is None else _short(read)


def amount(value: object, /) -> str:
    """3000.5 -> `3.000,50`, 3000 -> `3.000`: an amount as one types it in a field."""
    read = _read(value)
    if read is None:
        return _plain(value)
    return number_format(read, decimal_pos=2 if read % 1 else 0, force_grouping=True)


def _short(amount: Decimal) -> str:
    text = f"{amount:f}"
    decimals = len(text.partition(".")[2].rstrip("0"))
    return number_format(amount, decimal_pos=decimals, force_grouping=True)


def day(value: object, /) -> str:
    """A day as dd/mm/yyyy, in both languages; an instant as its day in Flanders."""
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value[:10])
        except ValueError:
            return _plain(value)
    if isinstance(value, datetime):
        value = value.astimezone(FLANDERS)
    return f"{value:%d/%m/%Y}" if isinstance(value, date) else _plain(value)


def moment(at: object, /) -> str:
    """An instant as dd/mm/yyyy HH:MM in Flanders."""
    return f"{at.astimezone(FLANDERS):%d/%m/%Y %H:%M}" if isinstance(at, datetime) else _plain(at)


def quarter(value: object, /) -> str:
    """2022-Q1 -> `1e kwartaal 2022` in Dutch, `Q1 2022` in English."""
    if isinstance(value, str):
        try:
            value = Quarter.parse(value)
        except Refusal:
            return _plain(value)
    if not isinstance(value, Quarter):
        return _plain(value)
    return gettext("Q%(number)s %(year)s") % {"number": value.number, "year": value.year}


def enterprise_number(digits: object, /) -> str:
    """0428315871 -> 0428.315.871."""
    text = _plain(digits)
    if len(text) == 10 and text.isdecimal():
        return f"{text[:4]}.{text[4:7]}.{text[7:]}"
    return text


def iban(account: object, /) -> str:
    """BE68539007547034 -> BE68 5390 0754 7034."""
    text = _plain(account).replace(" ", "")
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


def typed_number(text: str, /) -> str:
    """A number as typed in the active language, as a number is stated: 1.500,5 -> 1500.5 in Dutch.

    The language's own mark sets decimals apart; the other one groups by three, or else does the
    same. What is no number comes back as it is.
    """
    bare = re.sub(r"[\s€%]", "", text)
    own = str(get_format("DECIMAL_SEPARATOR"))
    other = "." if own == "," else ","
    whole, _mark, decimals = bare.partition(own)
    if re.fullmatch(rf"-?\d{{1,3}}({re.escape(other)}\d{{3}})+", whole):
        whole = whole.replace(other, "")
    elif not decimals and whole.count(other) == 1:
        whole, _mark, decimals = whole.partition(other)
    if not re.fullmatch(r"-?\d+", whole) or not re.fullmatch(r"\d*", decimals):
        return text.strip()
    return f"{whole}.{decimals}" if decimals else whole


def _read(amount: object) -> Decimal | None:
    try:
        read = Decimal(str(amount))
    except InvalidOperation:
        return None
    return read if read.is_finite() else None


def _plain(value: object) -> str:
    return NOTHING if value is None or value == "" else str(value)
