"""De minimis aid on a line of days: what counts until when, and how much room that leaves.

The same picture in several widths, of which a screen shows the one that fits without scrolling.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext

from apps.backoffice.pictures import breadth
from apps.design import figures

WIDTHS = {"small": 284, "medium": 560, "wide": 1120}
EDGE, TOP, BAND_TOP = 12, 14, 20
ROW, BAR = 40, 12
ROOM, GAP, YEARS = 90, 24, 24
YEAR_WIDTH, NEAR = 44, 16


@dataclass(frozen=True)
class Words:
    """A text in the picture, and which side of it stands at `x`: starts, ends or middle."""

    text: str
    x: int
    y: int
    side: str


@dataclass(frozen=True)
class Bar:
    """One earlier aid that counts, from its grant until it frees up."""

    aid: Mapping[str, Any]
    x: int
    width: int
    y: int
    words: Words
    height: int = BAR


@dataclass(frozen=True)
class Year:
    x: int
    words: Words | None
    """Not every year is named where there is little room."""


@dataclass(frozen=True)
class TimeLine:
    name: str
    width: int
    height: int
    since_x: int
    on_x: int
    today: Words
    bars: tuple[Bar, ...]
    years: tuple[Year, ...]
    steps: tuple[tuple[int, int], ...]
    """The corners of the room that is left, from the day that is looked at."""
    room: tuple[Words, ...]
    asked_y: int
    asked: Words
    top: int = BAND_TOP

    @property
    def end_x(self) -> int:
        return self.width - EDGE

    @property
    def base(self) -> int:
        """Where the years begin."""
        return self.height - YEARS

    @property
    def window_width(self) -> int:
        return max(1, self.on_x - self.since_x)

    @property
    def window_height(self) -> int:
        return self.base - self.top

    @property
    def path(self) -> str:
        return "M " + " L ".join(f"{x} {y}" for x, y in self.steps)


def time_lines(room: Mapping[str, Any]) -> list[TimeLine]:
    """The line in every width."""
    return [time_line(room, name=name) for name in WIDTHS]


def time_line(room: Mapping[str, Any], *, name: str) -> TimeLine:
    """The window, what counts in it, when that frees up, and the room from then on."""
    days = _Days(room, WIDTHS[name])
    on_x = days.x(room["on"])
    bars = tuple(_bar(aid, nth, days) for nth, aid in enumerate(_counted(room)))
    top = BAND_TOP + max(1, len(bars)) * ROW + GAP
    bottom = top + ROOM
    lefts = [(room["on"], room["left"]), *((r["on"], r["left"]) for r in room["releases"])]
    most = max(Decimal(1), Decimal(room["amount"]), *(Decimal(left) for _, left in lefts))

    def y(amount: str) -> int:
        return bottom - round(Decimal(amount) / most * ROOM)

    now_y, asked_y = y(room["left"]), y(room["amount"])
    steps = [(on_x, now_y)]
    for day, left in lefts[1:]:
        steps += [(days.x(day), steps[-1][1]), (days.x(day), y(left))]
    now, asked = _today(room, on_x - 6, now_y, asked_y)
    height = bottom + YEARS + 6
    return TimeLine(
        name=name,
        width=WIDTHS[name],
        height=height,
        since_x=days.x(room["since"]),
        on_x=on_x,
        today=_within(figures.day(room["on"]), on_x, TOP, WIDTHS[name]),
        bars=bars,
        years=_years(days, height - 6),
        steps=(*steps, (days.end, steps[-1][1])),
        room=(now, *_room([(days.x(day), y(left), left) for day, left in lefts[1:]], days.end)),
        asked_y=asked_y,
        asked=asked,
    )


def _counted(room: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [aid for aid in room["aid"] if aid["why"] == "counted"]


class _Days:
    """Where a day stands; the line runs over whole years."""

    def __init__(self, room: Mapping[str, Any], width: int) -> None:
        days = [room["on"], room["since"], *(release["on"] for release in room["releases"])]
        days += [aid["frees_on"] for aid in _counted(room) if aid["frees_on"]]
        self.first = date(date.fromisoformat(min(days)).year, 1, 1)
        self.last = date(date.fromisoformat(max(days)).year + 1, 1, 1)
        self.end = width - EDGE

    def x(self, day: str | date) -> int:
        read = date.fromisoformat(day) if isinstance(day, str) else day
        along = (min(max(read, self.first), self.last) - self.first).days
        return EDGE + round(along * (self.end - EDGE) / (self.last - self.first).days)


def _bar(aid: Mapping[str, Any], nth: int, days: _Days) -> Bar:
    start, end = days.x(aid["on"]), days.x(aid["frees_on"] or days.last)
    y = BAND_TOP + nth * ROW + ROW - BAR - 2
    told = {
        "name": aid.get("name") or figures.enterprise_number(aid["recipient"]),
        "amount": figures.whole_euro(aid["counted"]),
        "day": figures.day(aid["frees_on"]),
    }
    text = gettext("%(name)s: %(amount)s, free on %(day)s") % told
    if breadth(text) > end - EDGE:
        text = gettext("%(amount)s, free on %(day)s") % told
    fits = breadth(text) <= end - EDGE
    words = Words(text, end if fits else EDGE, y - 6, "ends" if fits else "starts")
    return Bar(aid, start, max(2, end - start), y, words)


def _today(room: Mapping[str, Any], x: int, now_y: int, asked_y: int) -> tuple[Words, Words]:
    """What is left and what is asked, before the day that is looked at; the upper one gives way."""
    if abs(now_y - asked_y) < NEAR:
        if now_y < asked_y:
            now_y = asked_y - NEAR
        else:
            asked_y = now_y - NEAR
    asked = gettext("asked %(amount)s") % {"amount": figures.whole_euro(room["amount"])}
    return (
        Words(figures.whole_euro(room["left"]), x, now_y + 4, "ends"),
        Words(asked, x, asked_y + 4, "ends"),
    )


def _room(steps: Sequence[tuple[int, int, str]], end: int) -> tuple[Words, ...]:
    """How much room there is from a step on, where there is place to say so; the last always."""
    told: list[Words] = []
    until = end
    for x, y, left in reversed(steps):
        text = figures.whole_euro(left)
        if x + 4 + breadth(text) <= until:
            told.append(Words(text, x + 4, y - 5, "starts"))
            until = x
        elif not told:
            told.append(Words(text, end, y - 5, "ends"))
            until = end - breadth(text)
    return tuple(reversed(told))


def _years(days: _Days, y: int) -> tuple[Year, ...]:
    years = range(days.first.year, days.last.year + 1)
    each = -(-YEAR_WIDTH * len(years) // (days.end - EDGE))
    return tuple(
        Year(
            x := days.x(date(year, 1, 1)),
            _within(str(year), x, y, days.end + EDGE) if nth % each == 0 else None,
        )
        for nth, year in enumerate(years)
    )


def _within(text: str, x: int, y: int, width: int) -> Words:
    """A text around a place, or beside it where the picture ends."""
    half = breadth(text) // 2
    if x - half < 0:
        return Words(text, max(x, 2), y, "starts")
    if x + half > width:
        return Words(text, min(x, width - 2), y, "ends")
    return Words(text, x, y, "middle")
