"""Pictures made of the workings of an assessment: who owns whom, and aid over time.

Only places and sizes are decided here; the templates write the SVG, and the same as a table.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

BOX_WIDTH, BOX_HEIGHT, GAP_X, GAP_Y, EDGE = 192, 72, 24, 84, 12
NAME_MAX = 21
PER_ROW = 6
SWEEPS = 4


@dataclass(frozen=True)
class Box:
    """Somebody in the ownership graph, and where; `counts_pct` is empty for who does not count."""

    key: str
    name: str
    short: str
    kind: str
    relation: str
    counts_pct: str
    x: int
    y: int

    @property
    def middle(self) -> int:
        return self.x + BOX_WIDTH // 2

    @property
    def bottom(self) -> int:
        return self.y + BOX_HEIGHT


@dataclass(frozen=True)
class Arrow:
    """Who holds how much of whom, as a line with its label."""

    holding: Mapping[str, Any]
    owner: str
    owned: str
    counts: bool
    path: str
    label: str
    x: int
    y: int


@dataclass(frozen=True)
class Graph:
    width: int
    height: int
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    box_width: int = BOX_WIDTH
    box_height: int = BOX_HEIGHT


def ownership(size: Mapping[str, Any]) -> Graph:
    """The ownership graph: the applicant in the middle, owners above it, daughters below."""
    entities = {entity["key"]: entity for entity in size["entities"]}
    lines = {line["key"]: line for line in (size["periods"] or [{"lines": []}])[0]["lines"]}
    rows = _rows(size["applicant"], entities, size["holdings"])
    widest = max(map(len, rows))
    width = 2 * EDGE + widest * BOX_WIDTH + (widest - 1) * GAP_X
    boxes: dict[str, Box] = {}
    for nth, row in enumerate(rows):
        left = (width - len(row) * BOX_WIDTH - (len(row) - 1) * GAP_X) // 2
        for place, key in enumerate(row):
            name, line = entities[key]["name"], lines.get(key)
            boxes[key] = Box(
                key=key,
                name=name,
                short=name if len(name) <= NAME_MAX else f"{name[: NAME_MAX - 1]}…",
                kind=entities[key]["kind"],
                relation=line["relation"] if line else "",
                counts_pct=line["pct"] if line else "",
                x=left + place * (BOX_WIDTH + GAP_X),
                y=EDGE + nth * (BOX_HEIGHT + GAP_Y),
            )
    arrows = tuple(
        _arrow(holding, boxes[holding["owner"]], boxes[holding["owned"]], nth)
        for nth, holding in enumerate(size["holdings"])
    )
    height = 2 * EDGE + len(rows) * BOX_HEIGHT + (len(rows) - 1) * GAP_Y
    return Graph(width, height, tuple(boxes.values()), arrows)


def _rows(
    applicant: str, entities: Mapping[str, Any], holdings: Sequence[Mapping[str, Any]]
) -> list[list[str]]:
    """Keys from top to bottom: as many steps above the applicant as it takes to reach them."""
    level, frontier = {applicant: 0}, [applicant]
    while frontier:
        at = frontier.pop(0)
        for holding in holdings:
            for here, there, step in (
                (holding["owned"], holding["owner"], -1),
                (holding["owner"], holding["owned"], 1),
            ):
                if here == at and there not in level:
                    level[there] = level[at] + step
                    frontier.append(there)
    below = max(level.values()) + 1
    by_level: dict[int, list[str]] = defaultdict(list)
    for key in sorted(entities):
        by_level[level.get(key, below)].append(key)
    _uncross(by_level, holdings)
    return [
        keys[start : start + PER_ROW]
        for _, keys in sorted(by_level.items())
        for start in range(0, len(keys), PER_ROW)
    ]


def _uncross(by_level: dict[int, list[str]], holdings: Sequence[Mapping[str, Any]]) -> None:
    """Put everybody under or above whom they are tied to, so that fewer lines cross."""
    tied: dict[str, list[str]] = defaultdict(list)
    for holding in holdings:
        tied[holding["owner"]].append(holding["owned"])
        tied[holding["owned"]].append(holding["owner"])
    place: dict[str, float] = {}

    def note(keys: list[str]) -> None:
        place.update((key, nth - (len(keys) - 1) / 2) for nth, key in enumerate(keys))

    def pull(key: str) -> float:
        places = [place[other] for other in tied[key]]
        return sum(places) / len(places) if places else place[key]

    for keys in by_level.values():
        note(keys)
    downwards = sorted(by_level)
    for levels in (downwards, downwards[::-1]) * SWEEPS:
        for level in levels:
            by_level[level].sort(key=pull)
            note(by_level[level])


def _arrow(holding: Mapping[str, Any], owner: Box, owned: Box, nth: int) -> Arrow:
    if owner.y < owned.y:
        start, end = (owner.middle, owner.bottom), (owned.middle, owned.y)
    elif owner.y > owned.y:
        start, end = (owner.middle, owner.y), (owned.middle, owned.bottom)
    else:  # Beside each other, or itself: an arc above.
        start, end = (owner.middle - 20, owner.y), (owned.middle + 20, owned.y)
    bend = GAP_Y // 2 if owner.y == owned.y else 0
    middle_x, middle_y = (start[0] + end[0]) // 2, (start[1] + end[1]) // 2
    # Labels stand at different places along the lines, so that those of lines that meet differ.
    along = (nth % 3 + 1) / 4 if not bend else 0.5
    return Arrow(
        holding=holding,
        owner=owner.name,
        owned=owned.name,
        counts=bool(owner.counts_pct) and bool(owned.counts_pct),
        path=f"M {start[0]} {start[1]} Q {middle_x} {middle_y - bend} {end[0]} {end[1]}",
        label=_label(holding),
        x=round(start[0] + along * (end[0] - start[0])),
        y=round(start[1] + along * (end[1] - start[1])) - bend // 2 + 4,
    )


def _label(holding: Mapping[str, Any]) -> str:
    """The share: one number where capital and votes agree, else both."""
    shares = [
        "?" if holding[name] is None else f"{Decimal(holding[name]).normalize():f}"
        for name in ("capital_pct", "voting_pct")
    ]
    label = f"{shares[0]} %" if shares[0] == shares[1] else f"{shares[0]} / {shares[1]} %"
    return f"{label} +" if holding["control"] else label


# ---- Aid over time -------------------------------------------------------------------------------

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
