"""Euros as `Decimal`; the one place that rounds."""

import re
from decimal import ROUND_HALF_UP, Decimal

from cstraject.refusal import Refusal

CENT = Decimal("0.01")
ZERO = Decimal("0.00")


def to_cents(amount: Decimal) -> Decimal:
    """The amount in euro, rounded half up to the cent: 13,694.175 -> 13,694.18."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def read_euros(text: str, /) -> Decimal:
    """An amount as it stands in a file or request: `15000.50`, a dot and at most two decimals.

    Refuses (`unreadable-amount`) anything else and an amount below zero; and one of a billion or
    more (`amount-too-large`).
    """
    if re.fullmatch(r"[0-9]{10,40}(\.[0-9]{1,2})?", text.strip()):
        raise Refusal("amount-too-large", given=text[:40])
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,2})?", text.strip()) is None:
        raise Refusal("unreadable-amount", given=text[:40])
    return to_cents(Decimal(text.strip()))
