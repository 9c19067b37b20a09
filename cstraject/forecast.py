"""When a budget is used up, if what is committed goes on at the pace of late."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_CEILING, Decimal

PACE_DAYS = 365
# Of fewer days than this nothing can be said.
PACE_DAYS_MIN = 30


@dataclass(frozen=True)
class Forecast:
    """What was committed net since a day, in euro over so many days, and when nothing is left."""

    committed: Decimal
    since: date
    days: int
    used_up_on: date | None
    """None: not before the contract ends."""

    @property
    def per_month(self) -> Decimal:
        """Euro in a twelfth of a year."""
        return self.committed / self.days * Decimal("365.25") / 12


def pace_since(valid_from: date, *, on: date) -> date:
    """From which day on the pace is counted: a year ago, or from the contract's first day."""
    return max(valid_from, on - timedelta(days=PACE_DAYS))


def forecast(
    left: Decimal, *, committed: Decimal, valid_from: date, valid_until: date, on: date
) -> Forecast | None:
    """The forecast of a contract as on a day; None where there is no pace to go by.

    `left` can still be committed, `committed` was since `pace_since`, both in euro. Nothing left
    is used up today.
    """
    since = pace_since(valid_from, on=on)
    days = (on - since).days
    if not valid_from <= on <= valid_until or (days < PACE_DAYS_MIN and left > 0):
        return None
    if left <= 0:
        return Forecast(committed, since, max(days, 1), on)
    if committed <= 0:
        return Forecast(committed, since, days, None)
    to_go = int((left * days / committed).to_integral_value(ROUND_CEILING))
    ends = on + timedelta(days=to_go) if to_go <= (valid_until - on).days else None
    return Forecast(committed, since, days, ends)
