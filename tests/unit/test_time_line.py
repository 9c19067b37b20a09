"""The line of de minimis aid: the same in every width, and nothing outside it."""

from datetime import date
from itertools import combinations, pairwise

import pytest
from django.utils import translation

from apps.backoffice.pictures import breadth
from apps.backoffice.time_line import WIDTHS, time_line, time_lines


def aid(on, frees_on, why="counted", amount="41000", name="Voorbeeld Zuster bv"):
    return {
        "on": on,
        "frees_on": frees_on,
        "why": why,
        "amount": amount,
        "counted": amount,
        "recipient": "1999490001",
        "name": name,
    }


def room(*aids, since="2021-11-04", on="2024-11-04", left="200000", amount="16335"):
    releases = [
        {"on": each["frees_on"], "left": str(int(left) + 40_000 * nth)}
        for nth, each in enumerate(aids, 1)
        if each["frees_on"]
    ]
    return {
        "on": on,
        "since": since,
        "aid": list(aids),
        "releases": releases,
        "left": left,
        "amount": amount,
    }


THREE = room(
    aid("2022-03-14", "2025-03-15"),
    aid("2024-05-20", "2027-05-21"),
    aid("2019-01-01", None, "before-the-window"),
)


def words(line):
    return [
        *(line.today, line.asked, *line.room),
        *(bar.words for bar in line.bars),
        *(year.words for year in line.years if year.words),
    ]


def span(text):
    wide = breadth(text.text)
    left = {"starts": text.x, "ends": text.x - wide, "middle": text.x - wide // 2}[text.side]
    return left, left + wide


@pytest.mark.parametrize("name", WIDTHS)
def test_aid_stands_on_the_line_from_its_grant_until_it_frees_up(name):
    line = time_line(THREE, name=name)

    assert len(line.bars) == 2
    first, second = line.bars
    assert line.since_x < first.x < second.x < line.on_x < first.x + first.width
    assert first.y < second.y
    assert second.x + second.width <= line.end_x
    assert next(year.words.text for year in line.years if year.words) == "2021"
    assert len(line.years) == 8


def test_each_bar_tells_its_amount_and_when_it_is_free_and_whose_it_is_where_there_is_place():
    with translation.override("nl"):
        told = {line.name: line.bars[0].words.text for line in time_lines(THREE)}
    told = {name: text.replace("\N{NO-BREAK SPACE}", " ") for name, text in told.items()}
    assert told["small"] == "€ 41.000, vrij op 15/03/2025"
    assert told["wide"] == "Voorbeeld Zuster bv: € 41.000, vrij op 15/03/2025"


def test_the_room_goes_up_by_steps_on_the_days_on_which_aid_frees_up():
    line = time_line(THREE, name="wide")

    assert line.steps[0][0] == line.on_x
    assert line.steps[-1][0] == line.end_x
    heights = [y for _, y in line.steps]
    assert heights == sorted(heights, reverse=True)
    ends = [bar.x + bar.width for bar in line.bars]
    assert [x for (x, y), (_, then) in pairwise(line.steps) if y != then] == ends
    # Less is asked than there is room for.
    assert line.asked_y > line.steps[0][1]


@pytest.mark.parametrize("name", WIDTHS)
@pytest.mark.parametrize(
    "told",
    [
        THREE,
        room(),
        room(left="0", amount="5000"),
        room(left="16000"),
        room(aid("2021-11-05", "2024-11-06"), aid("2021-11-06", "2024-11-07")),
        room(aid("2024-11-03", "2027-11-04", name="Voorbeeld met een heel lange naam " * 9)),
        room(*(aid(f"2022-0{n}-01", f"2025-0{n}-02") for n in range(1, 9))),
    ],
)
def test_every_word_stands_inside_and_apart(told, name):
    line = time_line(told, name=name)

    assert line.width == WIDTHS[name]
    for text in words(line):
        left, right = span(text)
        assert left >= 0, text
        assert right <= line.width, text
        assert 0 < text.y < line.height
    for one, other in combinations(words(line), 2):
        (left, right), (other_left, other_right) = span(one), span(other)
        beside = right <= other_left or other_right <= left
        assert beside or abs(one.y - other.y) >= 12, (one, other)


@pytest.mark.parametrize("on", ["2024-02-29", "2020-12-31"])
def test_a_line_without_aid_still_shows_the_window(on):
    since = date.fromisoformat(on).replace(year=date.fromisoformat(on).year - 3, day=28)
    line = time_line(room(since=since.isoformat(), on=on), name="small")
    assert line.bars == ()
    assert line.window_width > 0
    assert line.window_height > 0
