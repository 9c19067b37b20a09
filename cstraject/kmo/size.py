"""Ceilings and periods: which category an enterprise of these figures is in."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

CATEGORIES = ("micro", "small", "medium", "large")

# Headcount must stay under the first; turnover or balance sheet total may reach the others.
CEILINGS = {
    "micro": (Decimal(10), Decimal(2_000_000), Decimal(2_000_000)),
    "small": (Decimal(50), Decimal(10_000_000), Decimal(10_000_000)),
    "medium": (Decimal(250), Decimal(50_000_000), Decimal(43_000_000)),
}


@dataclass(frozen=True)
class Figures:
    """One accounting period: headcount in annual work units, turnover and balance total in euro.

    None is unknown, which is not zero [R-SME-04].
    """

    headcount: Decimal | None
    turnover: Decimal | None
    balance_total: Decimal | None

    def __add__(self, other: "Figures") -> "Figures":
        def both(mine: Decimal | None, theirs: Decimal | None) -> Decimal | None:
            return None if mine is None or theirs is None else mine + theirs

        return Figures(
            both(self.headcount, other.headcount),
            both(self.turnover, other.turnover),
            both(self.balance_total, other.balance_total),
        )


def within(category: str, figures: Figures) -> bool | None:
    """Whether figures stay within a category's ceilings (article 2); None when they do not tell.

    Headcount is compulsory and strict, the two amounts are alternatives and inclusive.
    """
    headcount_max, turnover_max, balance_max = CEILINGS[category]
    amounts = [
        None if amount is None else amount <= ceiling
        for amount, ceiling in (
            (figures.turnover, turnover_max),
            (figures.balance_total, balance_max),
        )
    ]
    financial = True if True in amounts else None if None in amounts else False
    staff = None if figures.headcount is None else figures.headcount < headcount_max
    if staff is False or financial is False:
        return False
    return None if staff is None or financial is None else True


def category_of(figures: Figures) -> str | None:
    """The category by one period's figures alone; None when an unknown figure could change it."""
    for category in CEILINGS:
        inside = within(category, figures)
        if inside is not False:
            return category if inside else None
    return "large"


def status_after(periods: Sequence[Figures]) -> str | None:
    """The category after the two-period rule (article 4(2)), from periods newest first [R-SME-32].

    A ceiling changes the status only when it is crossed over two consecutive periods. None when
    there is no period, or an unknown figure leaves a ceiling undecided.
    """
    if not periods:
        return None
    for category in CEILINGS:
        states = [within(category, figures) for figures in reversed(periods)]
        if None in states:
            return None
        inside = states[0]
        for earlier, later in pairwise(states):
            if earlier == later:
                inside = later
        if inside:
            return category
    return "large"
