"""Lines between boxes that stand in rows: every line on a way of its own.

A line leaves its box straight, turns only in the channel between two rows, on a track that no
other line uses there, and passes a row through a gap between its boxes. Places across are taken
from lattices that do not meet (`BELOW`, `ABOVE`, `BETWEEN`), so that no two lines share a stretch.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count, pairwise

STEP = 12
BELOW, ABOVE = 0, 6
"""Where lines touch the lower and the upper edge of a box: this, modulo `STEP`."""
BETWEEN, HALF_STEP = 3, 6
"""Where lines pass a row: this, modulo `HALF_STEP`."""
GAP, EDGE, CLEAR, HEAD = 28, 12, 10, 14
LABEL_HEIGHT, LEVEL = 18, 22
LINE_HALF, BESIDE = 4, 8

Point = tuple[int, int]


@dataclass(frozen=True)
class Wire:
    """Who is to be tied to whom, and how wide the label is that stands where the line begins."""

    owner: str
    owned: str
    label: int


@dataclass(frozen=True)
class Wired:
    """Where everything stands: boxes and labels by their upper left corner, lines by points."""

    width: int
    height: int
    widths: Mapping[str, int]
    boxes: Mapping[str, Point]
    lines: Sequence[Sequence[Point]]
    labels: Sequence[Point]


@dataclass
class _Plan:
    rows: Sequence[Sequence[str]]
    wires: Sequence[Wire]
    widths: dict[str, int]
    frame: int
    row: dict[str, int] = field(default_factory=dict)
    left: dict[str, int] = field(default_factory=dict)
    ends: dict[tuple[int, bool], int] = field(default_factory=dict)
    """Across: where a line begins (True) and ends (False)."""
    taken: dict[int, dict[int, int]] = field(default_factory=lambda: defaultdict(dict))
    """By row, across: which line passes there."""

    def __post_init__(self) -> None:
        self.row = {key: nth for nth, keys in enumerate(self.rows) for key in keys}

    def side(self, wire: Wire, begins: bool) -> tuple[str, bool]:
        """Whose edge a line touches, and whether it is the lower one."""
        owner, owned = self.row[wire.owner], self.row[wire.owned]
        return (wire.owner, owned > owner) if begins else (wire.owned, owned < owner)

    def passed(self, wire: Wire) -> range:
        """The rows between the two ends, from the owner on."""
        owner, owned = self.row[wire.owner], self.row[wire.owned]
        return range(owner + 1, owned) if owned > owner else range(owner - 1, owned, -1)

    def middle(self, key: str) -> int:
        return self.left[key] + self.widths[key] // 2


def wired(
    rows: Sequence[Sequence[str]], wires: Sequence[Wire], widths: Mapping[str, int], *,
    height: int, frame: int,
) -> Wired:  # fmt: skip
    """Places for boxes of these widths, at least, and lines and labels that do not meet."""
    plan = _Plan(rows, wires, dict(widths), frame)
    _place_boxes(plan)
    edges = _edges(plan)
    for (key, _), ends in edges.items():
        plan.widths[key] = max(plan.widths[key], _needed(plan, ends))
    _place_boxes(plan)
    for (key, lower), ends in edges.items():
        _place_ends(plan, key, lower, ends)
    ways = [_way(plan, nth, wire) for nth, wire in enumerate(wires)]
    tracks = [_tracks(plan, ways, channel) for channel in range(len(rows))]
    levels = _levels(plan)
    return _drawn(plan, ways, tracks, levels, height)


# ---- Across --------------------------------------------------------------------------------------


def _place_boxes(plan: _Plan) -> None:
    """Each row around the middle, with gaps for the lines that pass it."""
    for nth, keys in enumerate(plan.rows):
        boxes = sum(plan.widths[key] for key in keys)
        passing = sum(nth in plan.passed(wire) for wire in plan.wires)
        wished = GAP + STEP * -(-passing // (len(keys) + 1))
        gap = max(GAP, min(wished, (plan.frame - boxes) // (len(keys) + 1)))
        x = -(boxes + (len(keys) - 1) * gap) // 2
        for key in keys:
            plan.left[key] = x
            x += plan.widths[key] + gap


End = tuple[int, bool]
"""Which line, and whether it begins here."""


def _edges(plan: _Plan) -> dict[tuple[str, bool], list[End]]:
    """By edge of a box the ends of lines on it, in the order of where those lines go to."""
    edges: dict[tuple[str, bool], list[End]] = defaultdict(list)
    for nth, wire in enumerate(plan.wires):
        for begins in (True, False):
            edges[plan.side(wire, begins)].append((nth, begins))

    def elsewhere(end: End) -> tuple[int, bool, int]:
        wire = plan.wires[end[0]]
        return plan.middle(wire.owned if end[1] else wire.owner), end[1], end[0]

    return {edge: sorted(ends, key=elsewhere) for edge, ends in edges.items()}


def _half(plan: _Plan, end: End) -> int:
    """Half of what stands around a line at its end: where it begins, its label."""
    return plan.wires[end[0]].label // 2 + 1 if end[1] else LINE_HALF


def _apart(plan: _Plan, ends: Sequence[End]) -> list[int]:
    """How far each end stands from the one before: no label hides another line."""
    return [
        -(-(max(_half(plan, one), _half(plan, other)) + BESIDE) // STEP) * STEP
        for one, other in pairwise(ends)
    ]


def _needed(plan: _Plan, ends: Sequence[End]) -> int:
    return sum(_apart(plan, ends)) + 2 * max(_half(plan, end) for end in ends) + STEP


def _place_ends(plan: _Plan, key: str, lower: bool, ends: Sequence[End]) -> None:
    """The ends on an edge spread around its middle."""
    evenly = plan.widths[key] // (len(ends) + 1) // STEP * STEP
    apart = _apart(plan, ends)
    if (len(ends) + 1) * max(apart, default=0) <= plan.widths[key]:
        apart = [max(evenly, each) for each in apart]
    first = plan.middle(key) - sum(apart) // 2
    x = first - HALF_STEP + -(first - HALF_STEP - (BELOW if lower else ABOVE)) % STEP
    for end, step in zip(ends, [*apart, 0], strict=True):
        plan.ends[end] = x
        x += step


def _way(plan: _Plan, nth: int, wire: Wire) -> list[int]:
    """Across, from the owner on: its edge, every row that is passed, the other edge."""
    begin, end = plan.ends[nth, True], plan.ends[nth, False]
    way = [begin]
    for row in plan.passed(wire):
        way.append(_passage(plan, row, nth, way[-1], end))
        plan.taken[row][way[-1]] = nth
    way.append(end)
    # What is nearly straight becomes straight.
    if plan.row[wire.owner] != plan.row[wire.owned]:
        if abs(way[0] - way[1]) <= HALF_STEP:
            way[0] = way[1]
        if len(way) > 2 and abs(way[-1] - way[-2]) <= HALF_STEP:
            way[-1] = way[-2]
    plan.ends[nth, True], plan.ends[nth, False] = way[0], way[-1]
    return way


def _passage(plan: _Plan, row: int, nth: int, before: int, end: int) -> int:
    """The free place in a row that is the shortest way."""

    def is_free(x: int) -> bool:
        return (
            all(
                x <= plan.left[key] - CLEAR or x >= plan.left[key] + plan.widths[key] + CLEAR
                for key in plan.rows[row]
            )
            and all(abs(x - other) >= STEP for other in plan.taken[row])
            and all(plan.taken[beside].get(x, nth) == nth for beside in (row - 1, row + 1))
        )

    low, high = min(before, end), max(before, end)
    start = low - (low - BETWEEN) % HALF_STEP
    tried: list[int] = [
        x for x in range(start, high + HALF_STEP, HALF_STEP) if is_free(x)
    ]  # fmt: skip
    if tried:
        return min(tried, key=lambda x: abs(x - before))
    return next(
        x
        for far in count(1)
        for x in (start - far * HALF_STEP, start + far * HALF_STEP)
        if is_free(x)
    )


# ---- Downwards -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Turn:
    """A line in a channel, from the row above to the row below; `arc`: both ends below."""

    nth: int
    upper: int
    lower: int
    arc: bool


def _turns(plan: _Plan, ways: Sequence[Sequence[int]], channel: int) -> list[_Turn]:
    """The lines that go across in the channel above a row."""
    turns = []
    for nth, wire in enumerate(plan.wires):
        owner, owned = plan.row[wire.owner], plan.row[wire.owned]
        way = ways[nth]
        if owner == owned == channel:
            turns.append(_Turn(nth, way[0], way[1], arc=True))
        elif owner < channel <= owned:
            at = channel - owner
            turns.append(_Turn(nth, way[at - 1], way[at], arc=False))
        elif owned < channel <= owner:
            at = owner - channel
            turns.append(_Turn(nth, way[at + 1], way[at], arc=False))
    return [turn for turn in turns if turn.upper != turn.lower]


def _tracks(plan: _Plan, ways: Sequence[Sequence[int]], channel: int) -> dict[int, int]:
    """The track of each line in a channel, from above; who goes furthest turns first."""

    def order(turn: _Turn) -> tuple[bool, int, int]:
        if turn.arc:
            return True, -abs(turn.upper - turn.lower), turn.nth
        return False, -turn.upper if turn.lower > turn.upper else turn.upper, turn.nth

    tracks: list[list[tuple[int, int]]] = []
    found = {}
    for turn in sorted(_turns(plan, ways, channel), key=order):
        low, high = min(turn.upper, turn.lower) - STEP, max(turn.upper, turn.lower) + STEP
        free = (
            nth
            for nth, spans in enumerate(tracks)
            if all(high <= other_low or low >= other_high for other_low, other_high in spans)
        )
        track = next(free, len(tracks))
        if track == len(tracks):
            tracks.append([])
        tracks[track].append((low, high))
        found[turn.nth] = track
    return found


def _levels(plan: _Plan) -> dict[int, int]:
    """How far from the box the label of each line stands: the nearest place that is free."""
    filled: dict[tuple[str, bool], list[int]] = defaultdict(list)
    levels = {}
    for nth, wire in sorted(enumerate(plan.wires), key=lambda each: plan.ends[each[0], True]):
        x, until = plan.ends[nth, True], filled[plan.side(wire, begins=True)]
        level = next((n for n, right in enumerate(until) if x - wire.label // 2 >= right), None)
        if level is None:
            level = len(until)
            until.append(0)
        until[level] = x + wire.label // 2 + 4
        levels[nth] = level
    return levels


def _drawn(
    plan: _Plan,
    ways: Sequence[Sequence[int]],
    tracks: Sequence[Mapping[int, int]],
    levels: Mapping[int, int],
    height: int,
) -> Wired:
    depth: dict[tuple[int, bool], int] = defaultdict(int)
    for nth, level in levels.items():
        key, lower = plan.side(plan.wires[nth], begins=True)
        depth[plan.row[key], lower] = max(depth[plan.row[key], lower], (level + 1) * LEVEL)
    tops, first_track, y = [], [], EDGE
    for nth, across in enumerate(tracks):
        above, below = depth[nth - 1, True], depth[nth, False]
        first_track.append(y + HEAD + above)
        if nth or across:
            y += 2 * HEAD + above + max(0, len(set(across.values())) - 1) * STEP + below
        tops.append(y)
        y += height
    places = [*plan.ends.values(), *(x for row in plan.taken.values() for x in row)]
    lefts = [*plan.left.values(), *places]
    rights = [*(plan.left[key] + plan.widths[key] for key in plan.left), *places]
    shift = EDGE - min(lefts)
    lines, labels = [], []
    for nth, wire in enumerate(plan.wires):
        points = _points(plan, nth, ways[nth], tracks, first_track, tops, height)
        lines.append([(x + shift, at) for x, at in points])
        lower = plan.side(wire, begins=True)[1]
        away = HEAD - 4 + levels[nth] * LEVEL
        begin = points[0][1] + away if lower else points[0][1] - away - LABEL_HEIGHT
        labels.append((points[0][0] + shift - wire.label // 2, begin))
    return Wired(
        width=max(rights) + shift + EDGE,
        height=y + EDGE,
        widths=plan.widths,
        boxes={key: (x + shift, tops[plan.row[key]]) for key, x in plan.left.items()},
        lines=lines,
        labels=labels,
    )


def _points(
    plan: _Plan,
    nth: int,
    way: Sequence[int],
    tracks: Sequence[Mapping[int, int]],
    first_track: Sequence[int],
    tops: Sequence[int],
    height: int,
) -> list[Point]:
    """A line from the edge of its owner, through its channels, to the other edge."""
    wire = plan.wires[nth]
    owner, owned = plan.row[wire.owner], plan.row[wire.owned]
    if owned > owner:
        channels = list(range(owner + 1, owned + 1))
    else:
        channels = list(range(owner, owned, -1)) or [owner]
    begin = tops[owner] + (height if owned > owner else 0)
    end = tops[owned] + (height if owned < owner else 0)
    points = [(way[0], begin)]
    for channel, (before, after) in zip(channels, pairwise(way), strict=True):
        if before != after:
            y = first_track[channel] + tracks[channel][nth] * STEP
            points += [(before, y), (after, y)]
    return [*points, (way[-1], end)]
