"""De minimis aid on a line of days."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

LINE_WIDTH, ROW_HEIGHT, TOP, LEFT = 720, 34, 34, 30


@dataclass(frozen=True)
class Bar:
    """One earlier aid that counts, from its grant until it frees up."""

    aid: Mapping[str, Any]
    x: int
    width: int
    y: int


@dataclass(frozen=True)
class Mark:
    """A day that matters on the line."""

    on: str
    x: int
    label_y: int


@dataclass(frozen=True)
class TimeLine:
    width: int
    height: int
    since_x: int
    on_x: int
    bars: tuple[Bar, ...]
    years: tuple[Mark, ...]

    @property
    def window_width(self) -> int:
        return max(1, self.on_x - self.since_x)

    @property
    def base(self) -> int:
        """Where the years begin."""
        return self.height - 22

    @property
    def window_height(self) -> int:
        return self.base - 20


def time_line(room: Mapping[str, Any]) -> TimeLine:
    """De minimis aid on a line of days: the window, what counts in it, when it frees up."""
    counted = [aid for aid in room["aid"] if aid["why"] == "counted"]
    on, since = date.fromisoformat(room["on"]), date.fromisoformat(room["since"])
    days = [on, since]
    days += [date.fromisoformat(aid["frees_on"]) for aid in counted if aid["frees_on"]]
    days += [date.fromisoformat(release["on"]) for release in room["releases"]]
    first, last = date(min(days).year, 1, 1), date(max(days).year + 1, 1, 1)

    def x(day: date) -> int:
        along = (min(max(day, first), last) - first).days / (last - first).days
        return LEFT + round(along * LINE_WIDTH)

    bars = []
    for nth, aid in enumerate(counted):
        start = x(date.fromisoformat(aid["on"]))
        end = x(date.fromisoformat(aid["frees_on"])) if aid["frees_on"] else x(last)
        bars.append(Bar(aid, start, max(2, end - start), TOP + nth * ROW_HEIGHT))
    height = TOP + max(1, len(bars)) * ROW_HEIGHT + 28
    years = tuple(
        Mark(str(year), x(date(year, 1, 1)), height - 8)
        for year in range(first.year, last.year + 1)
    )
    return TimeLine(LINE_WIDTH + 2 * LEFT, height, x(since), x(on), tuple(bars), years)
