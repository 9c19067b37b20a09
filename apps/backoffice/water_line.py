"""A contract's money on a line of months: its budget, what is committed and paid, what is to come.

The same picture in several widths, of which a screen shows the one that fits. The table beside it
tells the same.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import accumulate

from apps.backoffice.time_line import WIDTHS, Words
from apps.contracts.models import Contract, LedgerEntry
from apps.contracts.selectors import Balance
from apps.design import figures
from cstraject.forecast import Forecast

EDGE, TOP, HEIGHT, FOOT = 12, 26, 200, 24
YEAR_WIDTH = 48


@dataclass(frozen=True)
class WaterLine:
    name: str
    width: int
    height: int
    budget: str
    committed: str
    paid: str
    ahead: str
    """From today on, at the pace of late; empty where there is no forecast."""
    today_x: int
    top: int
    base: int
    years: tuple[tuple[int, str], ...]
    words: tuple[Words, ...]


def water_lines(
    contract: Contract,
    balances: Sequence[Balance],
    awards: Sequence[LedgerEntry],
    ahead: Forecast | None,
    *,
    on: date,
) -> list[WaterLine]:
    """The line in every width; none before the first entry. A budget changes on its own day."""
    if not balances:
        return []
    so_far = [award for award in awards if award.on <= on]
    totals = accumulate(award.amount for award in so_far)
    budgets = list(zip((award.on for award in so_far), totals, strict=True))
    return [_line(name, contract, balances, budgets, ahead, on=on) for name in WIDTHS]


def _line(
    name: str,
    contract: Contract,
    balances: Sequence[Balance],
    budgets: Sequence[tuple[date, Decimal]],
    ahead: Forecast | None,
    *,
    on: date,
) -> WaterLine:
    width, base = WIDTHS[name], TOP + HEIGHT
    first = min(contract.valid_from, balances[0].on.replace(day=1))
    last = max(contract.valid_until, balances[-1].on, on)
    most = max([Decimal(1), *(budget for _, budget in budgets)])
    days = max(1, (last - first).days)

    def x(day: date) -> int:
        return EDGE + round((min(max(day, first), last) - first).days * (width - 2 * EDGE) / days)

    def y(amount: Decimal) -> int:
        return base - round(min(amount, most) / most * HEIGHT)

    def steps(amounts: Sequence[tuple[date, Decimal]], until: date) -> str:
        """A line that rises where an amount does and is level in between."""
        rises = [f"H {x(day)} V {y(amount)}" for day, amount in amounts]
        return " ".join([f"M {x(first)} {base}", *rises, f"H {x(until)}"])

    now = balances[-1]
    path = ""
    if ahead is not None and ahead.committed > 0 and contract.left > 0:
        until = ahead.used_up_on or contract.valid_until
        rise = ahead.committed * (until - on).days / ahead.days
        path = f"M {x(on)} {y(now.committed)} L {x(until)} {y(now.committed + rise)}"
    words = [Words(figures.whole_euro(now.budget), width - EDGE, TOP - 8, "ends")]
    return WaterLine(
        name=name,
        width=width,
        height=base + FOOT + 6,
        budget=steps(budgets, last),
        committed=steps([(balance.on, balance.committed) for balance in balances], on),
        paid=steps([(balance.on, balance.paid) for balance in balances], on),
        ahead=path,
        today_x=x(on),
        top=TOP,
        base=base,
        years=_years(first, last, x, width),
        words=tuple(words),
    )


def _years(
    first: date, last: date, x: Callable[[date], int], width: int
) -> tuple[tuple[int, str], ...]:
    years = [year for year in range(first.year, last.year + 1) if date(year, 1, 1) >= first]
    each = -(-YEAR_WIDTH * max(1, len(years)) // (width - 2 * EDGE))
    return tuple(
        (x(date(year, 1, 1)), str(year) if nth % each == 0 else "")
        for nth, year in enumerate(years)
    )
