"""Pictures of the workings: everybody has a place, whatever the graph."""

from datetime import date

import pytest

from apps.backoffice.pictures import BOX_HEIGHT, BOX_WIDTH, ownership, time_line


def size(holdings=(), keys="A", counted="A"):
    return {
        "applicant": "A",
        "entities": [{"key": k, "name": f"{k} " * 20, "kind": "enterprise"} for k in keys],
        "holdings": [
            {"owner": by, "owned": of, "capital_pct": capital, "voting_pct": votes, "control": ""}
            for by, of, capital, votes in holdings
        ],
        "periods": [
            {"lines": [{"key": k, "relation": "own", "pct": "100"} for k in counted]},
        ],
    }


def places(graph):
    return {box.key: (box.x, box.y) for box in graph.boxes}


def test_owners_stand_above_and_daughters_below():
    graph = ownership(size([("B", "A", "60", "60"), ("A", "C", "100", "51.50")], "ABC", "ABC"))
    at = places(graph)

    assert at["B"][1] < at["A"][1] < at["C"][1]
    assert [arrow.label for arrow in graph.arrows] == ["60 %", "100 / 51.5 %"]
    assert {box.counts_pct for box in graph.boxes} == {"100"}


def test_owners_stand_above_those_they_own():
    holdings = [(by, of, "60", "60") for by, of in ("XZ", "YB", "BA", "ZA")]
    at = places(ownership(size(holdings, "ABXYZ")))

    assert (at["X"][0] < at["Y"][0]) == (at["Z"][0] < at["B"][0])
    assert {at[key][1] for key in "XY"}.isdisjoint({at[key][1] for key in "BZ"})


def test_a_long_name_is_cut_in_its_box_and_kept_in_full():
    [box] = ownership(size()).boxes
    assert box.short.endswith("…")
    assert len(box.short) < len(box.name)


def test_rings_and_self_holdings_end_and_nobody_stands_on_another():
    keys = [chr(65 + n) for n in range(26)] + [f"n{n}" for n in range(24)]
    ring = [(a, b, "10", None) for a, b in zip(keys, [*keys[1:], "A"], strict=True)]
    graph = ownership(size([*ring, ("A", "A", "1", "1"), ("B", "A", "1", "1")], keys))

    assert len(graph.boxes) == 50
    boxes = sorted(places(graph).values())
    for nth, (x, y) in enumerate(boxes):
        assert 0 <= x <= graph.width - BOX_WIDTH
        assert 0 <= y <= graph.height - BOX_HEIGHT
        for other_x, other_y in boxes[nth + 1 :]:
            assert abs(x - other_x) >= BOX_WIDTH or abs(y - other_y) >= BOX_HEIGHT
    assert {arrow.label for arrow in graph.arrows} == {"10 / ? %", "1 %"}


def test_who_hangs_together_with_nobody_is_drawn_too():
    assert set(places(ownership(size(keys="AZ")))) == {"A", "Z"}


def aid(on, frees_on, why="counted"):
    return {"on": on, "frees_on": frees_on, "why": why, "amount": "1", "counted": "1"}


def room(*aids, since="2021-11-04", on="2024-11-04"):
    releases = [{"on": a["frees_on"]} for a in aids if a["frees_on"]]
    return {"on": on, "since": since, "aid": list(aids), "releases": releases}


def test_aid_stands_on_the_line_from_its_grant_until_it_frees_up():
    line = time_line(
        room(
            aid("2022-03-14", "2025-03-15"),
            aid("2024-05-20", "2027-05-21"),
            aid("2019-01-01", None, "before-the-window"),
        )
    )
    assert len(line.bars) == 2
    first, second = line.bars
    assert line.since_x < first.x < second.x < line.on_x < first.x + first.width
    assert first.y < second.y
    assert [year.on for year in line.years] == [str(year) for year in range(2021, 2029)]
    assert second.x + second.width <= line.width


@pytest.mark.parametrize("on", ["2024-02-29", "2020-12-31"])
def test_a_line_without_aid_still_shows_the_window(on):
    since = date.fromisoformat(on).replace(year=date.fromisoformat(on).year - 3, day=28)
    line = time_line(room(since=since.isoformat(), on=on))
    assert line.bars == ()
    assert line.window_width > 0
    assert line.window_height > 0
