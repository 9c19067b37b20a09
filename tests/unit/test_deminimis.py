"""De minimis aid: what the worked cases and properties do not ask."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal as D

import pytest

from cstraject import deminimis, kmo
from cstraject.deminimis import Aid, Reading, Undertaking, headroom_on
from cstraject.refusal import Refusal

US = Undertaking(frozenset({"A"}))
READING = deminimis.DEFAULT_READING


def aid(on, amount, regulation="1407/2013", recipient="A", **more):
    return Aid(date.fromisoformat(on), D(amount), regulation, recipient, **more)


def room(on, *history, **asked):
    return headroom_on(date.fromisoformat(on), undertaking=US, history=history, **asked)


@pytest.mark.parametrize(
    ("on", "cited", "expected"),
    [
        ("2014-01-01", None, "1407/2013"),
        ("2023-12-31", None, "1407/2013"),
        ("2024-01-01", None, "2023/2831"),
        ("2024-06-30", "1407/2013", "1407/2013"),
        ("2024-07-01", "1407/2013", "2023/2831"),
        ("2023-12-31", "2023/2831", "2023/2831"),
        ("2031-06-30", None, "2023/2831"),
        ("2022-01-01", "360/2012", "360/2012"),
    ],
)
def test_the_regulation_goes_by_the_day_of_the_grant(on, cited, expected):
    assert room(on, cited=cited).regulation == expected


@pytest.mark.parametrize("on", ["2013-12-31", "2031-07-01"])
def test_a_day_without_a_regulation_is_refused(on):
    with pytest.raises(Refusal, match="no-regulation"):
        room(on)


def test_a_regulation_cited_out_of_its_time_is_for_a_person():
    assert room("2024-07-01", cited="1407/2013").doubts == ("regulation-expired",)
    assert room("2023-12-31", cited="2023/2831").doubts == ("regulation-before-its-day",)
    assert room("2024-06-30", cited="1407/2013").doubts == ()


def test_an_edition_may_cite_the_old_regulation_in_the_transition():
    old = Reading(old_in_transition=True)
    assert room("2024-06-30", reading=old).regulation == "1407/2013"
    assert room("2024-07-01", reading=old).regulation == "2023/2831"


@pytest.mark.parametrize(
    ("sector", "on", "expected"),
    [
        ("primary_agriculture", "2022-01-01", "out_of_scope_of_general"),
        ("primary_fishery", "2025-01-01", "out_of_scope_of_general"),
        ("fish_processing", "2023-12-31", "out_of_scope_of_general"),
        ("fish_processing", "2024-01-01", "2023/2831"),
        ("processing", "2022-01-01", "1407/2013"),
    ],
)
def test_the_general_regulation_has_a_scope(sector, on, expected):
    found = room(on, sector=sector)

    assert found.regulation == expected
    assert found.allows(D("0.01")) == (expected != deminimis.OUT_OF_SCOPE)
    assert found.allows(D(0)) == (expected != deminimis.OUT_OF_SCOPE)


@pytest.mark.parametrize(
    ("on", "sector", "ceiling", "doubts"),
    [
        ("2022-01-01", "road_freight", 100_000, ()),
        ("2022-01-01", "road_freight_mixed_separated", 200_000, ("road-freight-kept-apart",)),
        ("2024-01-01", "road_freight", 300_000, ()),
        ("2024-01-01", "road_freight_mixed_separated", 300_000, ()),
    ],
)
def test_road_freight_had_a_ceiling_of_its_own(on, sector, ceiling, doubts):
    found = room(on, sector=sector)
    assert (found.ceiling, found.doubts) == (ceiling, doubts)


@pytest.mark.parametrize(
    ("cited", "on", "limits"),
    [
        ("360/2012", "2022-06-01", [(500_000, "2020-01-01"), (500_000, "2020-01-01")]),
        ("2023/2832", "2025-06-01", [(750_000, "2022-06-01")]),
        ("1408/2013", "2019-03-13", [(15_000, "2017-01-01"), (200_000, "2017-01-01")]),
        ("1408/2013", "2019-03-14", [(20_000, "2017-01-01"), (200_000, "2017-01-01")]),
        ("1408/2013", "2024-12-15", [(20_000, "2022-01-01"), (300_000, "2021-12-15")]),
        (
            *("2024/3118", "2024-12-16"),
            [(50_000, "2021-12-16"), (50_000, "2021-12-16"), (300_000, "2021-12-16")],
        ),
        ("717/2014", "2022-06-01", [(30_000, "2020-01-01"), (200_000, "2020-01-01")]),
        (
            *("2023/2391", "2025-06-01"),
            [(30_000, "2023-01-01"), (50_000, "2022-06-01"), (300_000, "2022-06-01")],
        ),
    ],
)
def test_the_other_regulations_have_their_ceilings(cited, on, limits):
    found = room(on, cited=cited)
    assert [(x.ceiling, x.since.isoformat()) for x in found.limits] == limits


def test_general_aid_and_services_of_general_interest_shared_a_ceiling_until_2024():
    history = [aid("2021-05-01", 450_000, "360/2012"), aid("2021-05-01", 20_000)]
    assert room("2022-06-01", *history).left == 30_000
    assert room("2024-04-01", *history).left == 280_000


def test_earlier_aid_tells_why_it_counts_or_not():
    found = room(
        "2024-07-01",
        aid("2021-06-30", 1),
        aid("2021-07-01", 2),
        aid("2022-01-01", 4, excluded=True),
        aid("2022-01-01", 8, recipient="B"),
        aid("2022-01-01", 16, "360/2012"),
        aid("2022-01-01", 32, recipient="B", inherited=True),
        aid("2022-01-01", 64, recipient="B", allocated=D(10)),
        aid("2024-07-02", 128),
    )
    assert [(line.why, line.counted) for line in found.lines] == [
        *(("before-the-window", 0), ("counted", 2), ("waived", 0), ("other-undertaking", 0)),
        *(("other-regulation", 0), ("counted", 32), ("counted", 10), ("not-yet", 0)),
    ]
    assert found.counted == 44
    assert found.doubts == ("aid-waived",)


def test_lawful_aid_above_the_ceiling_leaves_no_room_and_no_debt():
    found = room("2022-06-01", aid("2021-01-01", 250_000))
    assert (found.left, found.counted) == (0, 250_000)
    assert found.allows(D(0))
    assert not found.allows(D("0.01"))


def graph(*holdings, **kinds):
    keys = {"A", *kinds, *(key for h in holdings for key in (h.owner, h.owned))}
    entities = {k: kmo.Entity(k, k, kinds.get(k, "enterprise")) for k in keys}
    return kmo.Graph("A", entities, tuple(holdings))


def holds(owner, owned, votes, **more):
    return kmo.Holding(owner, owned, D(votes), D(votes), **more)


def undertaking(*holdings, on=None, **kinds):
    return deminimis.undertaking_of(graph(*holdings, **kinds), on=on, fiscal_year=(1, 1))


@pytest.mark.parametrize(
    ("holdings", "kinds", "members"),
    [
        ([holds("B", "A", 50)], {}, "A"),
        ([holds("B", "A", "50.01")], {}, "AB"),
        ([holds("B", "A", 1, control="board_majority")], {}, "AB"),
        ([holds("B", "A", 60), holds("B", "C", 60)], {}, "ABC"),
        ([holds("B", "A", 30), holds("C", "A", 30), holds("B", "C", 60)], {}, "ABC"),
        ([holds("G", "A", 60), holds("G", "B", 60)], {"G": "public_body"}, "A"),
        (
            [holds("G", "H", 60), holds("H", "A", 60), holds("H", "B", 60)],
            {"G": "public_body"},
            "ABH",
        ),
        ([holds("V", "A", 60), holds("V", "B", 60)], {"V": "venture_capital"}, "ABV"),
    ],
)
def test_a_single_undertaking_is_tied_by_control_alone(holdings, kinds, members):
    assert undertaking(*holdings, **kinds).members == set(members)


def test_an_undertaking_tells_why_its_members_are_members():
    found = undertaking(
        *(holds("B", "A", 60), holds("C", "B", 10, control="board_majority")),
        *(holds("D", "A", 40), holds("D", "E", 100)),
    )
    assert [(tie.why, tie.by, tie.to, tie.pct) for tie in found.ties] == [
        ("votes", ("B",), ("A",), 60),
        ("board_majority", ("C",), ("B",), None),
    ]


def test_what_one_person_owns_is_not_joined_but_looked_at():
    found = undertaking(
        *(holds("P", "A", 100), holds("P", "B", 100), holds("Q", "C", 100)),
        P="natural_person",
        Q="natural_person",
    )
    assert found.members == {"A"}
    assert found.through_persons == {"B"}
    asked = headroom_on(date(2025, 1, 1), undertaking=found, history=())
    assert asked.doubts == ("person-may-be-an-undertaking",)


def test_the_undertaking_is_that_of_the_day():
    owner = replace(holds("B", "A", 100), valid_from=date(2022, 1, 1), valid_until=date(2023, 1, 1))
    for day, members in (("2021-12-31", "A"), ("2022-01-01", "AB"), ("2023-01-01", "A")):
        assert undertaking(owner, on=date.fromisoformat(day)).members == set(members)


@pytest.mark.parametrize(
    ("on", "regulation", "deadline"),
    [
        ("2025-12-31", "2023/2831", None),
        ("2026-01-01", "2023/2831", "2026-01-29"),
        ("2026-03-30", "2023/2831", "2026-04-28"),
        ("2026-12-31", "2024/3118", None),
        ("2027-01-04", "2024/3118", "2027-02-01"),
    ],
)
def test_a_grant_must_stand_in_the_register_within_twenty_working_days(on, regulation, deadline):
    found = deminimis.register_deadline(date.fromisoformat(on), regulation=regulation)
    assert (found and found.isoformat()) == deadline


def test_a_declaration_is_asked_until_the_register_covers_three_years():
    assert deminimis.declaration_required(date(2028, 12, 31))
    assert not deminimis.declaration_required(date(2029, 1, 1))


# ---- Found by changing the code on purpose -------------------------------------------------------


def releases(on, *history, reading=READING, fiscal_year=(1, 1)):
    us = Undertaking(US.members, fiscal_year)
    found = deminimis.releases_after(
        date.fromisoformat(on), undertaking=us, history=history, reading=reading
    )
    return [(r.on.isoformat(), r.freed, r.left) for r in found]


def test_room_frees_up_on_the_day_after_three_years():
    assert releases(
        "2025-06-01",
        aid("2023-02-28", 1_000),
        aid("2024-02-29", 2_000, "2023/2831"),
        aid("2024-02-29", 4_000, "2023/2831", "B"),
        aid("2025-06-02", 8_000, "2023/2831"),
    ) == [("2026-03-01", 1_000, 298_000), ("2027-03-01", 2_000, 300_000)]


def test_room_changes_with_the_regulation_and_may_shrink():
    """From 2024 on the ceiling is higher, but three years to the day look further back."""
    assert releases("2023-12-01", aid("2020-12-31", 90_000), fiscal_year=(1, 1)) == [
        ("2024-01-01", 100_000, 300_000)
    ]
    assert releases("2023-06-30", aid("2021-03-01", 190_000), fiscal_year=(7, 1)) == [
        ("2023-07-01", 190_000, 200_000),
        ("2024-01-01", -90_000, 110_000),
        ("2024-03-02", 190_000, 300_000),
    ]
    old = Reading(old_in_transition=True)
    assert releases("2024-06-01", aid("2022-02-01", 50_000), reading=old) == [
        ("2024-07-01", 100_000, 250_000),
        ("2025-02-02", 50_000, 300_000),
    ]


def test_the_first_day_of_a_window_is_that_of_the_regulations_own_ceiling():
    found = room("2025-06-01", cited="717/2014")
    assert (found.since.isoformat(), found.ceiling) == ("2023-01-01", 30_000)


@pytest.mark.parametrize(
    ("on", "first_day", "start"),
    [
        ("2022-08-01", (7, 1), "2020-07-01"),
        ("2022-06-30", (7, 1), "2019-07-01"),
        ("2024-02-29", (2, 29), "2022-02-28"),
        ("2022-12-31", (12, 31), "2020-12-31"),
        ("2022-12-30", (12, 31), "2019-12-31"),
    ],
)
def test_fiscal_years_begin_on_their_own_day(on, first_day, start):
    found = deminimis.fiscal_window_start(date.fromisoformat(on), first_day)
    assert found.isoformat() == start


def test_a_regulation_of_its_own_goes_before_what_the_sector_would_exclude():
    for cited in ("1408/2013", "717/2014"):
        told = room("2022-03-01", cited=cited, sector="primary_agriculture")
        assert told.regulation == cited


def test_the_new_regulation_may_be_cited_from_its_first_day():
    assert room("2024-01-01", cited="2023/2831").doubts == ()


@pytest.mark.parametrize(
    ("granted", "on", "regulation", "frees_on"),
    [
        # By fiscal years while the old Regulation holds.
        ("2019-06-15", "2021-03-01", "1407/2013", "2022-01-01"),
        ("2020-01-01", "2021-03-01", "1407/2013", "2023-01-01"),
        # Day by day under the new one: the day three years later still counts.
        ("2023-06-15", "2024-03-01", "2023/2831", "2026-06-16"),
        ("2023-01-01", "2024-03-01", "2023/2831", "2026-01-02"),
        # Granted under the old one, passed under the new.
        ("2021-06-15", "2022-03-01", "1407/2013", "2024-06-16"),
    ],
)
def test_each_aid_tells_when_it_frees_up(granted, on, regulation, frees_on):
    [line] = room(on, aid(granted, "1000", regulation)).lines
    assert line.frees_on == date.fromisoformat(frees_on)


def test_a_fiscal_year_may_begin_on_the_last_day_of_a_month():
    assert deminimis.fiscal_year_start(date(2024, 3, 1), (1, 31)) == date(2024, 1, 31)
    assert deminimis.fiscal_year_start(date(2024, 3, 1), (2, 29)) == date(2024, 2, 28)


def test_aid_of_the_day_itself_counts():
    same = aid("2024-03-01", "1000", "2023/2831")
    assert room("2024-03-01", same).left == 299_000
    [freed] = deminimis.releases_after(date(2024, 3, 1), undertaking=US, history=[same])
    assert freed.on == date(2027, 3, 2)


@pytest.mark.parametrize(("on", "ceiling"), [("2023-12-31", 200_000), ("2024-01-01", 300_000)])
def test_what_farms_receive_cumulates_under_the_ceiling_of_the_day(on, ceiling):
    assert room(on, cited="1408/2013").limits[-1].ceiling == ceiling


def test_a_regulation_cited_in_its_time_needs_nobody():
    assert room("2022-01-01", cited="1407/2013").doubts == ()
    assert room("2025-01-01", cited="2023/2831").doubts == ()


def test_the_boundary_of_the_window_counts_unless_read_otherwise():
    assert deminimis.window_start(date(2026, 6, 16)) == date(2023, 6, 16)
    assert deminimis.window_start(date(2026, 6, 16), boundary_counts=False) == date(2023, 6, 17)


def test_nothing_is_declared_any_more_once_the_register_tells():
    assert not deminimis.declaration_required(date(2031, 1, 1))


def test_what_a_person_ties_is_named_apart_from_the_undertaking():
    """A controls D; a person controls D and X: they meet, yet X is no part of the undertaking."""
    market = frozenset({"m"})
    entities = {key: kmo.Entity(key, key, markets=market) for key in "ADX"}
    entities["P"] = kmo.Entity("P", "P", "natural_person")
    shares = [("A", "D", 40, "board"), ("P", "D", 60, None), ("P", "X", 60, None)]
    holdings = tuple(kmo.Holding(by, of, D(p), D(p), control) for by, of, p, control in shares)
    told = deminimis.undertaking_of(kmo.Graph("A", entities, holdings), on=None, fiscal_year=(1, 1))
    assert (told.members, told.through_persons) == ({"A", "D"}, {"X"})


def test_farms_enter_the_register_from_2027_on():
    for regulation, first in (("2024/3118", date(2027, 1, 1)), ("2023/2831", date(2026, 1, 1))):
        assert deminimis.register_deadline(first, regulation=regulation)
        before = deminimis.register_deadline(first - timedelta(days=1), regulation=regulation)
        assert before is None


def test_aid_of_the_day_itself_is_told_once():
    asked = room("2025-03-01", aid("2025-03-01", 100, "2023/2831"))
    assert [each.why for each in asked.lines] == ["counted"]
