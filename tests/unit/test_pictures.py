"""Pictures of the workings: everybody has a place, and nothing lies on anything else."""

import random
from itertools import combinations, pairwise

import pytest
from django.utils import translation

from apps.backoffice.pictures import BOX_MAX, FRAME, breadth, ownership

NAME = "Voorbeeld Holding van de familie in Oost-Vlaanderen nv"


def size(holdings=(), keys="A", counted="A", name=""):
    return {
        "applicant": "A",
        "entities": [{"key": k, "name": f"{k} {name}", "kind": "enterprise"} for k in keys],
        "holdings": [
            {"owner": by, "owned": of, "capital_pct": capital, "voting_pct": votes, "control": ""}
            for by, of, capital, votes in holdings
        ],
        "periods": [
            {"lines": [{"key": k, "relation": "own", "pct": "100"} for k in counted]},
        ],
    }


def a_group(members, *, seed=0, around_one=False):
    """A group in which some hold each other, and more hold across."""
    chance = random.Random(seed)
    keys = ["A", *(f"n{nth}" for nth in range(1, members))]
    pairs = []
    for nth in range(1, members):
        other = keys[0 if around_one else chance.randrange(max(0, nth - 6), nth)]
        pairs.append((keys[nth], other) if chance.random() < 0.5 else (other, keys[nth]))
    for _ in range(members // 3):
        one, other = chance.sample(keys, 2)
        pairs += [(one, other), (other, one)]
    shares = ("60", "12.50", "33.33", "100", None)
    held = [(by, of, chance.choice(shares), chance.choice(shares)) for by, of in pairs]
    return size([*held, ("A", "A", "1", "1")], keys, keys[::2], NAME)


def places(graph):
    return {box.key: (box.x, box.y) for box in graph.boxes}


def area(thing):
    return thing.x, thing.y, thing.x + thing.width, thing.y + thing.height


def meet(one, other):
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def stretches(arrow):
    """The straight parts of a line, each as the area it takes."""
    return [
        (min(ax, bx), min(ay, by), max(ax, bx), max(ay, by))
        for (ax, ay), (bx, by) in pairwise(arrow.points)
    ]


def lie_on(one, other):
    """Whether two stretches run along each other: a crossing is none."""
    across = one[1] == one[3] == other[1] == other[3] and one[0] < other[2] and other[0] < one[2]
    down = one[0] == one[2] == other[0] == other[2] and one[1] < other[3] and other[1] < one[3]
    return across or down


def test_owners_stand_above_and_daughters_below():
    graph = ownership(size([("B", "A", "60", "60"), ("A", "C", "100", "51.50")], "ABC", "ABC"))
    at = places(graph)

    assert at["B"][1] < at["A"][1] < at["C"][1]
    assert {box.counts_pct for box in graph.boxes} == {"100"}


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("nl", ["12,5 %", "100 % / 33,33 %", "? / 1 %"]),
        ("en", ["12.5%", "100% / 33.33%", "? / 1%"]),
    ],
)
def test_shares_are_written_as_elsewhere(language, told):
    shares = [("B", "A", "12.50", "12.5"), ("A", "C", "100", "33.33"), ("B", "C", None, "1")]
    with translation.override(language):
        graph = ownership(size(shares, "ABC"))
    assert [arrow.label.replace("\N{NO-BREAK SPACE}", " ") for arrow in graph.arrows] == told


def test_owners_stand_above_those_they_own():
    holdings = [(by, of, "60", "60") for by, of in ("XZ", "YB", "BA", "ZA")]
    at = places(ownership(size(holdings, "ABXYZ")))

    assert (at["X"][0] < at["Y"][0]) == (at["Z"][0] < at["B"][0])
    assert {at[key][1] for key in "XY"}.isdisjoint({at[key][1] for key in "BZ"})


def test_a_name_stands_on_two_lines_in_its_box_and_is_kept_in_full():
    [box] = ownership(size(name=NAME)).boxes
    assert " ".join(box.lines) == box.name == f"A {NAME}"
    assert len(box.lines) == 2
    [box] = ownership(size(name=NAME * 3)).boxes
    assert len(box.lines) == 2
    assert box.lines[1].endswith("…")
    assert all(breadth(line) < box.width <= BOX_MAX for line in box.lines)
    assert ownership(size(name="bv")).boxes[0].lines == ("A bv",)


def test_two_that_hold_each_other_have_two_lines_apart_and_each_its_arrow():
    graph = ownership(size([("B", "A", "60", "60"), ("A", "B", "5", "5")], "AB"))
    down, up = graph.arrows
    at = {box.key: area(box) for box in graph.boxes}

    # From edge to edge: the arrowhead stands at the last point.
    assert (down.points[0][1], down.points[-1][1]) == (at["B"][3], at["A"][1])
    assert (up.points[0][1], up.points[-1][1]) == (at["A"][1], at["B"][3])
    assert abs(down.points[0][0] - up.points[-1][0]) >= 12
    assert abs(down.points[-1][0] - up.points[0][0]) >= 12


@pytest.mark.parametrize(
    "group",
    [
        size(),
        size(keys="AZ"),
        size([("A", "A", "1", "1")]),
        size([("B", "A", "60", "60")] * 4, "AB"),
        *(
            a_group(members, seed=seed, around_one=around_one)
            for members in (3, 12, 30, 50)
            for seed in (1, 2)
            for around_one in (False, True)
        ),
    ],
)
def test_nothing_lies_on_anything_else_and_every_holding_is_drawn_once(group):
    graph = ownership(group)

    assert {box.key for box in graph.boxes} == {entity["key"] for entity in group["entities"]}
    assert [arrow.holding for arrow in graph.arrows] == group["holdings"]
    boxes, labels = [area(box) for box in graph.boxes], [area(arrow) for arrow in graph.arrows]
    for one, other in combinations([*boxes, *labels], 2):
        assert not meet(one, other)
    lines = [(arrow, stretch) for arrow in graph.arrows for stretch in stretches(arrow)]
    for arrow, stretch in lines:
        assert not any(meet(stretch, box) for box in boxes)
        assert not any(
            meet(stretch, area(other)) for other in graph.arrows if other is not arrow
        )  # fmt: skip
    for (arrow, one), (another, other) in combinations(lines, 2):
        assert arrow is another or not lie_on(one, other)
    for left, top, right, bottom in (*boxes, *labels, *(stretch for _, stretch in lines)):
        assert left >= 0
        assert top >= 0
        assert right <= graph.width
        assert bottom <= graph.height


@pytest.mark.parametrize("group", [a_group(12), a_group(30), a_group(50)])
def test_a_picture_fits_its_frame_and_labels_stand_near_the_owner(group):
    graph = ownership(group)
    assert graph.width <= FRAME
    for arrow in graph.arrows:
        x, y = arrow.points[0]
        assert arrow.x <= x <= arrow.x + arrow.width
        assert min(abs(y - arrow.y), abs(y - arrow.y - arrow.height)) < 100


def test_an_arrow_starts_and_ends_where_its_line_does():
    graph = ownership(size([("B", "A", "60", "60"), ("B", "C", "5", "5")], "ABC"))
    for arrow in graph.arrows:
        first, last = arrow.points[0], arrow.points[-1]
        assert arrow.path.startswith(f"M {first[0]} {first[1]} ")
        assert arrow.path.endswith(f"L {last[0]} {last[1]}")
