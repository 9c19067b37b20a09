"""Ceilings and periods: which category an enterprise of these figures is in.

Recommendation 2003/361/EC, Annex, articles 2, 4 and 5.
"""

from collections.abc import Iterable, Sequence
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

# How periods decide: article 4(2), or the laxer words of the agency's page of 2021 [R-SME-34].
TWO_CONSECUTIVE, ONE_OF_TWO = PERIOD_RULES = ("two_consecutive", "one_of_two")


@dataclass(frozen=True)
class Figures:
    """One accounting period: headcount in annual work units, turnover and balance total in euro.

    None is unknown, which is not zero [R-SME-04].
    """

    headcount: Decimal | None
    turnover: Decimal | None
    balance_total: Decimal | None


@dataclass(frozen=True)
class Sum:
    """What is known of one figure added up over a group, and whose part of it is not known."""

    known: Decimal = Decimal(0)
    missing: tuple[str, ...] = ()

    @property
    def total(self) -> Decimal | None:
        return None if self.missing else self.known

    def plus(self, amount: Decimal | None, *, share: Decimal, whose: str) -> "Sum":
        """With a share (a fraction) of somebody's figure added."""
        if not share:
            return self
        if amount is None:
            return Sum(self.known, (*self.missing, whose))
        return Sum(self.known + amount * share, self.missing)


@dataclass(frozen=True)
class Sums:
    """The figures of a group in one period."""

    headcount: Sum = Sum()
    turnover: Sum = Sum()
    balance_total: Sum = Sum()

    @classmethod
    def of(cls, figures: Figures, whose: str = "") -> "Sums":
        """The figures of one enterprise alone."""
        one = Decimal(1)
        return cls().plus(figures, share=one, staff_share=one, whose=whose)

    def plus(self, figures: Figures, *, share: Decimal, staff_share: Decimal, whose: str) -> "Sums":
        """With shares (fractions) of an enterprise's amounts and of its staff added."""
        return Sums(
            self.headcount.plus(figures.headcount, share=staff_share, whose=whose),
            self.turnover.plus(figures.turnover, share=share, whose=whose),
            self.balance_total.plus(figures.balance_total, share=share, whose=whose),
        )

    @property
    def missing(self) -> tuple[str, ...]:
        """Whose figures are not known, wholly or in part; each once."""
        sums = (self.headcount, self.turnover, self.balance_total)
        return tuple(dict.fromkeys(name for each in sums for name in each.missing))


def within(category: str, sums: Sums) -> bool | None:
    """Whether figures stay within a category's ceilings (article 2); None when they do not tell.

    Headcount is compulsory and strict, the two amounts are alternatives and inclusive. A figure
    of which a part is not known can exceed its ceiling, never prove that it does not.
    """
    headcount_max, turnover_max, balance_max = CEILINGS[category]
    turnover = _stays(sums.turnover, sums.turnover.known <= turnover_max)
    balance = _stays(sums.balance_total, sums.balance_total.known <= balance_max)
    staff = _stays(sums.headcount, sums.headcount.known < headcount_max)
    if staff is False or (turnover is False and balance is False):
        return False
    return True if staff and (turnover or balance) else None


def _stays(figure: Sum, so_far: bool) -> bool | None:
    return None if so_far and figure.missing else so_far


def category_of(sums: Sums) -> str | None:
    """The category by one period's figures alone; None when an unknown figure could change it."""
    return _first([{within(category, sums)} for category in CEILINGS])


@dataclass(frozen=True)
class Status:
    """What the periods make of an enterprise; None where unknown figures leave it undecided."""

    category: str | None
    is_sme: bool | None


def status_after(periods: Sequence[Sums], *, rule: str = TWO_CONSECUTIVE) -> Status:
    """The status after the period rule, from periods newest first [R-SME-32, R-SME-34].

    A ceiling changes the status only when it is crossed over two consecutive periods (article
    4(2)); under `one_of_two` it is enough that the last or the last but one stays within. Each
    ceiling is looked at apart.
    """
    if not periods:
        return Status(None, None)
    possible = [
        _inside_after([within(category, sums) for sums in reversed(periods)], rule)
        for category in CEILINGS
    ]
    medium = possible[-1]
    return Status(_first(possible), None if None in medium else True in medium)


def _inside_after(states: Sequence[bool | None], rule: str) -> set[bool | None]:
    """Whether a ceiling is respected after periods oldest first; {None} when it may be either."""
    if rule == ONE_OF_TWO:
        last = states[-2:]
        return {True if True in last else None if None in last else False}
    # Each pair is (the status so far, within in the last period): all that may have happened.
    runs = {(inside, inside) for inside in _may_be(states[0])}
    for _, later in pairwise(states):
        runs = {
            (now if now == before else status, now)
            for status, before in runs
            for now in _may_be(later)
        }
    may_be = {status for status, _ in runs}
    return {None} if len(may_be) > 1 else set(may_be)


def _may_be(inside: bool | None) -> Iterable[bool]:
    return (True, False) if inside is None else (inside,)


def _first(possible: Sequence[set[bool | None]]) -> str | None:
    """The first category that is respected; None when one before it is undecided."""
    for category, inside in zip(CEILINGS, possible, strict=True):
        if None in inside:
            return None
        if True in inside:
            return category
    return "large"
