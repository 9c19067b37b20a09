"""Euros as `Decimal`; the one place that rounds."""

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from cstraject.refusal import Refusal

CENT = Decimal("0.01")
ZERO = Decimal("0.00")


def to_cents(amount: Decimal) -> Decimal:
    """The amount in euro, rounded half up to the cent: 13,694.175 -> 13,694.18."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def read_euros(text: str, /) -> Decimal:
    """An amount as it stands in a file or request: `15000.50`, a dot and at most two decimals.

    Refuses (`unreadable-amount`) anything else, an amount below zero and one of a billion or more.
    """
    try:
        amount = Decimal(text.strip())
    except InvalidOperation:
        raise Refusal("unreadable-amount", given=text[:40]) from None
    if not amount.is_finite() or not 0 <= amount < 10**9 or amount != to_cents(amount):
        raise Refusal("unreadable-amount", given=text[:40])
    return to_cents(amount)
