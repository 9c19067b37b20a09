"""The ownership graph of an assessment as a picture: who owns whom, for how much.

What is drawn and in which row is decided here, where it stands in `wiring`; the template writes
the SVG, and the same as a table.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from apps.backoffice.wiring import LABEL_HEIGHT, Point, Wire, wired
from apps.design.figures import percentage
from apps.design.words import words_for_working

BOX_HEIGHT, BOX_MIN, BOX_MAX, PADDING = 84, 132, 280, 8
FRAME = 1160
"""What fits beside the edges of a page on a common screen."""
FULLER = (1.0, 0.85, 0.7, 0.55, 0.4)
"""How much of the frame boxes may take in a row; the lines that pass it need the rest."""
GAP = 28
CORNER = 6
SWEEPS = 4
BREADTHS = (
    ("ijlI.,:;'’| \N{NO-BREAK SPACE}", 4.8),
    ("tfr()-/", 6.4),
    ("mwMWOQ@%&…", 13.4),
)
"""Of bold letters in the broadest face that a device may have."""


@dataclass(frozen=True)
class Box:
    """Somebody in the ownership graph, and where; `counts_pct` is empty for who does not count."""

    key: str
    name: str
    lines: tuple[str, ...]
    """The name as it is drawn: on two lines at most."""
    kind: str
    kind_line: str
    relation: str
    counts_pct: str
    x: int
    y: int
    width: int
    height: int = BOX_HEIGHT

    @property
    def middle(self) -> int:
        return self.x + self.width // 2

    @property
    def written(self) -> tuple[tuple[int, str], ...]:
        """The lines of the name, each with where it stands."""
        first = self.y + (22 if len(self.lines) > 1 else 30)
        return tuple((first + nth * 17, line) for nth, line in enumerate(self.lines))


@dataclass(frozen=True)
class Arrow:
    """Who holds how much of whom, as a line with its label near the owner."""

    holding: Mapping[str, Any]
    owner: str
    owned: str
    counts: bool
    points: tuple[Point, ...]
    label: str
    x: int
    y: int
    width: int
    height: int = LABEL_HEIGHT

    @property
    def middle(self) -> int:
        return self.x + self.width // 2

    @property
    def path(self) -> str:
        """The line with its corners rounded."""
        told = ["M {} {}".format(*self.points[0])]
        for before, corner, after in zip(
            self.points, self.points[1:], self.points[2:], strict=False
        ):
            into, out = _towards(corner, before), _towards(corner, after)
            told.append("L {} {} Q {} {} {} {}".format(*into, *corner, *out))
        return " ".join([*told, "L {} {}".format(*self.points[-1])])


@dataclass(frozen=True)
class Graph:
    width: int
    height: int
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


def ownership(size: Mapping[str, Any]) -> Graph:
    """The ownership graph: the applicant in the middle, owners above it, daughters below."""
    entities = {entity["key"]: entity for entity in size["entities"]}
    counted = {line["key"]: line for line in (size["periods"] or [{"lines": []}])[0]["lines"]}
    names = {key: _on_two_lines(entity["name"]) for key, entity in entities.items()}
    kinds = {key: words_for_working("kind", entity["kind"]) for key, entity in entities.items()}
    widths = {
        key: min(BOX_MAX, max(BOX_MIN, *map(breadth, (*lines, kinds[key]))) + 2 * PADDING)
        for key, lines in names.items()
    }
    labels = [_label(holding) for holding in size["holdings"]]
    wires = [
        Wire(holding["owner"], holding["owned"], breadth(label) + PADDING)
        for holding, label in zip(size["holdings"], labels, strict=True)
    ]
    levels = _levels(size["applicant"], entities, size["holdings"])
    tries = (
        wired(
            _rows(levels, widths, size["holdings"], round(FRAME * full)),
            wires,
            widths,
            height=BOX_HEIGHT,
            frame=FRAME,
        )
        for full in FULLER
    )
    placed = next(tries)
    for another in tries:
        if placed.width <= FRAME:
            break
        placed = min(placed, another, key=lambda each: each.width)
    boxes = {
        key: Box(
            key=key,
            name=entities[key]["name"],
            lines=names[key],
            kind=entities[key]["kind"],
            kind_line=_cut(kinds[key], placed.widths[key] - 2 * PADDING),
            relation=counted[key]["relation"] if key in counted else "",
            counts_pct=counted[key]["pct"] if key in counted else "",
            x=x,
            y=y,
            width=placed.widths[key],
        )
        for key, (x, y) in placed.boxes.items()
    }
    arrows = tuple(
        Arrow(
            holding=holding,
            owner=boxes[wire.owner].name,
            owned=boxes[wire.owned].name,
            counts=bool(boxes[wire.owner].counts_pct and boxes[wire.owned].counts_pct),
            points=tuple(points),
            label=label,
            x=x,
            y=y,
            width=wire.label,
        )
        for holding, wire, label, points, (x, y) in zip(
            size["holdings"], wires, labels, placed.lines, placed.labels, strict=True
        )
    )
    return Graph(placed.width, placed.height, tuple(boxes.values()), arrows)


# ---- Rows ----------------------------------------------------------------------------------------


def _levels(
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
    return _uncrossed([keys for _, keys in sorted(by_level.items())], holdings)


def _rows(
    levels: Sequence[Sequence[str]],
    widths: Mapping[str, int],
    holdings: Sequence[Mapping[str, Any]],
    limit: int,
) -> list[list[str]]:
    """Levels that are too wide become several rows, about as wide as each other."""
    rows = []
    for keys in levels:
        total = sum(widths[key] + GAP for key in keys) - GAP
        parts: list[list[str]] = [[] for _ in range(max(1, -(-total // limit)))]
        before = 0
        for key in keys:
            middle = before + widths[key] / 2
            parts[min(len(parts) - 1, int(middle * len(parts) / total))].append(key)
            before += widths[key] + GAP
        rows += [part for part in parts if part]
    return _uncrossed(rows, holdings)


def _uncrossed(
    rows: Sequence[Sequence[str]], holdings: Sequence[Mapping[str, Any]]
) -> list[list[str]]:
    """Everybody under or above whom they are tied to, so that fewer lines cross."""
    tied: dict[str, list[str]] = defaultdict(list)
    for holding in holdings:
        tied[holding["owner"]].append(holding["owned"])
        tied[holding["owned"]].append(holding["owner"])
    place: dict[str, float] = {}
    ordered = [list(keys) for keys in rows]

    def note(keys: list[str]) -> None:
        place.update((key, nth - (len(keys) - 1) / 2) for nth, key in enumerate(keys))

    def pull(key: str) -> float:
        places = [place[other] for other in tied[key]]
        return sum(places) / len(places) if places else place[key]

    for keys in ordered:
        note(keys)
    for downwards in (ordered, ordered[::-1]) * SWEEPS:
        for keys in downwards:
            keys.sort(key=pull)
            note(keys)
    return ordered


# ---- Words ---------------------------------------------------------------------------------------


def breadth(text: str) -> int:
    """About how wide a text is drawn, in pixels; rather too much than too little."""
    return round(sum(map(_breadth, text)))


def _breadth(letter: str) -> float:
    for letters, pixels in BREADTHS:
        if letter in letters:
            return pixels
    return 10.2 if letter.isupper() else 9.0


def _on_two_lines(name: str) -> tuple[str, ...]:
    """A name on as few lines as it takes, two at most, about as long as each other."""
    most, words = BOX_MAX - 2 * PADDING, name.split()
    if breadth(name) <= BOX_MIN or len(words) < 2:
        return (_cut(name, most),)
    ways = [(" ".join(words[:at]), " ".join(words[at:])) for at in range(1, len(words))]
    whole = [way for way in ways if breadth(way[0]) <= most]
    first, second = min(whole or ways, key=lambda way: max(map(breadth, way)))
    return _cut(first, most), _cut(second, most)


def _cut(text: str, most: int) -> str:
    if breadth(text) <= most:
        return text
    while text and breadth(f"{text}…") > most:
        text = text[:-1]
    return f"{text.rstrip()}…"


def _label(holding: Mapping[str, Any]) -> str:
    """The share: one number where capital and votes agree, else both."""
    shares = [
        "?" if holding[name] is None else percentage(holding[name])
        for name in ("capital_pct", "voting_pct")
    ]
    label = shares[0] if shares[0] == shares[1] else " / ".join(shares)
    return f"{label} +" if holding["control"] else label


def _towards(corner: Point, other: Point) -> Point:
    """A little from a corner on the way to another point, half of the way at most."""
    across, down = other[0] - corner[0], other[1] - corner[1]
    far = abs(across) + abs(down)
    step = min(CORNER, far // 2)
    return corner[0] + across * step // far, corner[1] + down * step // far
