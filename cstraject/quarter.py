"""Days of Flanders, quarters, and the window in which a quarter may be claimed."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from cstraject.refusal import Refusal

FLANDERS = ZoneInfo("Europe/Brussels")


def day_of(at: datetime) -> date:
    """The day in Flanders on which an instant falls."""
    return at.astimezone(FLANDERS).date()


def years_later(day: date, years: int) -> date:
    """The same date so many years on; 29 February becomes 28 February."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


@dataclass(frozen=True, order=True)
class Quarter:
    """A quarter of a calendar year, half-open: it starts on `starts` and no longer holds `ends`."""

    year: int
    number: int

    @classmethod
    def parse(cls, text: str, /) -> Self:
        """`2022-Q1`; refuses (`unknown-quarter`) anything else."""
        found = re.fullmatch(r"(20\d\d)-Q([1-4])", text.strip())
        if found is None:
            raise Refusal("unknown-quarter", given=text[:20])
        return cls(int(found[1]), int(found[2]))

    @classmethod
    def containing(cls, day: date) -> Self:
        return cls(day.year, (day.month + 2) // 3)

    @property
    def starts(self) -> date:
        return date(self.year, 3 * self.number - 2, 1)

    @property
    def ends(self) -> date:
        """The first day after the quarter."""
        return self.next.starts

    @property
    def last_day(self) -> date:
        return self.ends - timedelta(days=1)

    @property
    def next(self) -> "Quarter":
        return Quarter(self.year + (self.number == 4), self.number % 4 + 1)

    @property
    def previous(self) -> "Quarter":
        return Quarter(self.year - (self.number == 1), (self.number + 2) % 4 + 1)

    def __contains__(self, day: date) -> bool:
        return self.starts <= day < self.ends

    def __str__(self) -> str:
        return f"{self.year}-Q{self.number}"


@dataclass(frozen=True)
class ClaimWindow:
    """The days on which a quarter may be claimed: the first days of the next one [answer 526, 3].

    Half-open: open from `opens_on`, shut again on `shuts_on`.
    """

    quarter: Quarter
    days: int

    @property
    def opens_on(self) -> date:
        return self.quarter.ends

    @property
    def shuts_on(self) -> date:
        return self.opens_on + timedelta(days=self.days)

    @property
    def last_day(self) -> date:
        return self.shuts_on - timedelta(days=1)

    def must_be_open(self, on: date) -> None:
        """Refuses a claim before the quarter is over or outside the window."""
        if on < self.opens_on:
            raise Refusal("quarter-not-over", quarter=str(self.quarter), opens_on=self.opens_on)
        if on >= self.shuts_on:
            raise Refusal(
                "window-closed",
                quarter=str(self.quarter),
                opens_on=self.opens_on,
                last_day=self.last_day,
            )


def run_day_for(quarter: Quarter, *, run_day: int, on: date) -> date:
    """The first run day, from a day on, that can pay a claim of a quarter.

    A claim that is verified too late for the run of its quarter rides with a later one.
    """
    day = quarter.ends.replace(day=run_day)
    while day < on:
        quarter = quarter.next
        day = quarter.ends.replace(day=run_day)
    return day
