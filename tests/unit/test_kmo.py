"""The EU definition of SMEs: what the worked cases do not ask."""

from dataclasses import replace
from datetime import date
from decimal import Decimal as D

import pytest

from cstraject import kmo


@pytest.mark.parametrize(
    ("headcount", "turnover", "balance", "category"),
    [
        ("9.99", "2000000", "9e9", "micro"),
        ("10", "1", "1", "small"),
        ("49.99", "10000000.01", "10000000", "small"),
        ("249.99", "50000000", "43000001", "medium"),
        ("249.99", "50000000.01", "43000000", "medium"),
        ("249.99", "50000000.01", "43000000.01", "large"),
        ("250", "1", "1", "large"),
        ("9", None, "1", "micro"),
        (None, "1", "1", None),
        ("9", None, None, None),
        ("300", None, None, "large"),
    ],
)
def test_ceilings_compare_exactly(headcount, turnover, balance, category):
    figures = kmo.Figures(*(None if x is None else D(x) for x in (headcount, turnover, balance)))
    assert kmo.category_of(kmo.Sums.of(figures)) == category


@pytest.mark.parametrize(
    ("headcounts_newest_first", "category"),
    [
        (["260"], "large"),
        (["260", "240"], "medium"),
        (["260", "260", "240"], "large"),
        (["240", "260"], "large"),
        (["240", "260", "240"], "medium"),
        (["240", "240", "260"], "medium"),
    ],
)
def test_a_status_changes_only_over_two_consecutive_periods(headcounts_newest_first, category):
    periods = [
        kmo.Sums.of(kmo.Figures(D(h), D(20_000_000), D(20_000_000)))
        for h in headcounts_newest_first
    ]
    assert kmo.status_after(periods).category == category


SMALL = kmo.Figures(D(20), D(3_000_000), D(2_000_000))
BIG = kmo.Figures(D(400), D(90_000_000), D(80_000_000))


def entity(key, figures=SMALL, years=(2021,), kind="enterprise", **more):
    periods = tuple(kmo.Period(year, figures) for year in years) if figures else ()
    return kmo.Entity(key, key, kind, periods, **more)


def person(key):
    return entity(key, None, kind="natural_person")


def holds(owner, owned, votes, capital=None, **more):
    pct = D(str(votes))
    return kmo.Holding(owner, owned, pct if capital is None else D(str(capital)), pct, **more)


def graph(*entities, holdings=(), findings=None, **more):
    return kmo.Graph(
        "A",
        {each.key: each for each in entities},
        tuple(holdings),
        findings or kmo.Findings(),
        **more,
    )


def doubts(size):
    return {doubt.why for doubt in size.doubts}


def test_headcount_is_counted_in_full_time_years():
    staff = [
        kmo.Staff("employee", D(3)),
        kmo.Staff("employee", D(1), fraction=D("0.5"), months=D(5)),
        kmo.Staff("employee", D(1), fraction=D("0.5"), months=D(7)),
        kmo.Staff("owner_manager", D(1)),
        kmo.Staff("active_partner", D(1), fraction=D("0.2")),
        *(kmo.Staff(kind, D(9)) for kind in ("apprentice", "student", "parental_leave")),
        kmo.Staff("agency_worker", D(9)),
    ]
    assert kmo.headcount_of(staff) == D("4.7")


# ---- Takeover, dates -----------------------------------------------------------------------------


def test_after_a_takeover_the_last_accounts_decide_with_the_owners_of_today():
    own = entity("A", years=(2021, 2020, 2019))
    owner = entity("G", BIG, years=(2021, 2020, 2019))
    for bought_on, periods in ((date(2022, 1, 10), 1), (date(2021, 3, 1), 1), (None, 3)):
        bought = replace(holds("G", "A", 100), valid_from=bought_on)
        size = kmo.size_of(graph(own, owner, holdings=[bought]), on=date(2022, 2, 1))
        assert (size.category, len(size.periods)) == ("large", periods)
        assert size.ownership_changed == (bought_on is not None)


def test_a_group_that_was_left_counts_no_more():
    own, owner = entity("A", years=(2021, 2020)), entity("G", BIG, years=(2021, 2020))
    sold = replace(holds("G", "A", 100), valid_until=date(2022, 1, 10))
    size = kmo.size_of(graph(own, owner, holdings=[sold]), on=date(2022, 2, 1))

    assert (size.category, size.relation) == ("small", "autonomous")
    assert size.ownership_changed


def test_a_daughter_that_was_founded_is_no_takeover():
    own, daughter = entity("A", years=(2021, 2020)), entity("D", years=(2021,))
    founded = replace(holds("A", "D", 100), valid_from=date(2021, 5, 1))
    size = kmo.size_of(graph(own, daughter, holdings=[founded]), on=date(2022, 2, 1))

    assert not size.ownership_changed
    assert [period.sums.headcount.total for period in size.periods] == [40, 20]


def test_a_partner_counts_from_the_year_in_which_it_came():
    own, partner = entity("A", years=(2021, 2020)), entity("P", years=(2021, 2020))
    came = replace(holds("P", "A", 25), valid_from=date(2021, 5, 1))
    size = kmo.size_of(graph(own, partner, holdings=[came]), on=date(2022, 2, 1))

    assert [period.sums.headcount.total for period in size.periods] == [25, 20]


def test_periods_stop_at_a_gap_and_where_somebody_has_no_figures():
    size = kmo.size_of(graph(entity("A", years=(2021, 2019))))
    assert [period.year for period in size.periods] == [2021]
    own, daughter = entity("A", years=(2021, 2020)), entity("D", years=(2021,))
    size = kmo.size_of(graph(own, daughter, holdings=[holds("A", "D", 100)]))
    assert [period.year for period in size.periods] == [2021]


def test_without_accounts_nothing_is_told():
    size = kmo.size_of(graph(entity("A", None)))

    assert (size.category, size.is_sme, size.raw_category) == (None, None, None)
    assert (size.lines, size.missing, size.sums) == ((), (), kmo.Sums())


def test_the_last_accounts_must_be_there():
    """Also where those of the year before would carry the status."""
    own, daughter = entity("A", years=(2021, 2020)), entity("D", years=(2020,))
    size = kmo.size_of(graph(own, daughter, holdings=[holds("A", "D", 100)]))

    assert (size.category, size.is_sme, size.missing) == (None, None, ("D",))


def test_an_sme_may_be_told_where_its_class_cannot():
    figures = kmo.Figures(D(9), None, D(9_000_000))
    size = kmo.size_of(graph(entity("A", figures)))
    assert (size.category, size.is_sme) == (None, True)


# ---- Consolidated accounts -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "headcount", "turnover"),
    [
        ({}, 40, 6_000_000),
        ({"included_in": "A"}, 20, 3_000_000),
        ({"included_in": "A", "staff_included": False}, 40, 3_000_000),
        ({"included_in": "A", "included_pct": D(50)}, 30, 4_500_000),
        ({"included_in": "Z"}, 40, 6_000_000),
    ],
)
def test_what_consolidated_accounts_hold_is_not_added_again(more, headcount, turnover):
    entities = (entity("A"), entity("D", **more), entity("Z"))
    sums = kmo.size_of(graph(*entities, holdings=[holds("A", "D", 100)])).sums
    assert (sums.headcount.total, sums.turnover.total) == (headcount, turnover)


@pytest.mark.parametrize(
    ("included", "headcount"), [(D(30), 20), (D(40), 20), (D(20), 22), (D(0), 26)]
)
def test_a_partner_that_is_included_for_its_share_is_not_added_again(included, headcount):
    partner = entity("P", included_in="A", included_pct=included)
    size = kmo.size_of(graph(entity("A"), partner, holdings=[holds("A", "P", 30)]))
    assert size.sums.headcount.total == headcount


def test_accounts_within_accounts_are_followed_up():
    mother = entity("M")
    middle, daughter = entity("H", included_in="M"), entity("A", included_in="H")
    size = kmo.size_of(
        graph(mother, middle, daughter, holdings=[holds("M", "H", 100), holds("H", "A", 100)])
    )
    assert size.sums.headcount.total == 20
    assert {line.entity.key: line.added_pct for line in size.lines} == {"A": 0, "H": 0, "M": 100}


def test_accounts_that_include_each_other_give_no_size():
    entities = (entity("A", included_in="D"), entity("D", included_in="A"))
    size = kmo.size_of(graph(*entities, holdings=[holds("A", "D", 100)]))
    assert {doubt.why for doubt in size.contradictions} == {"accounts-include-each-other"}
    assert (size.category, size.needs_a_person) == (None, True)


# ---- Contradictions and doubts -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("holdings", "why"),
    [
        ([holds("B", "A", 60), holds("C", "A", 50)], "shares-over-100"),
        ([holds("B", "A", 10, capital=60), holds("C", "A", 10, capital=50)], "shares-over-100"),
    ],
)
def test_shares_that_cannot_be_true_give_no_size(holdings, why):
    size = kmo.size_of(graph(*map(entity, "ABC"), holdings=holdings))
    assert [doubt.why for doubt in size.contradictions] == [why]
    assert (size.category, size.is_sme, size.needs_a_person) == (None, None, True)


def test_what_is_wrong_elsewhere_does_not_matter():
    holdings = [holds("B", "C", 60), holds("D", "C", 60)]
    size = kmo.size_of(graph(*map(entity, "ABCD"), holdings=holdings))
    assert (size.category, size.contradictions) == ("small", ())


def test_a_ring_of_owners_ends():
    ring = [holds("A", "B", 60), holds("B", "C", 60), holds("C", "A", 60)]
    size = kmo.size_of(graph(*map(entity, "ABC"), holdings=ring))
    assert (size.sums.headcount.total, size.relation) == (60, "linked")


def test_a_share_that_is_not_known_is_for_a_person_either_way():
    unknown = [kmo.Holding("B", "A", D(60), None)]
    years = (2021, 2020)
    size = kmo.size_of(graph(entity("A", years=years), entity("B", BIG, years), holdings=unknown))
    assert (doubts(size), size.needs_a_person) == ({"share-not-known"}, True)
    controlled = [kmo.Holding("B", "A", control="board_majority")]
    size = kmo.size_of(graph(entity("A"), entity("B"), holdings=controlled))
    assert (doubts(size), size.relation) == (set(), "linked")


@pytest.mark.parametrize(
    ("ours", "theirs", "relation", "why"),
    [
        ({"m"}, {"m"}, "linked", set()),
        ({"m"}, {"n"}, "linked", set()),
        ({"m"}, {"o"}, "autonomous", set()),
        ({"m"}, set(), "autonomous", {"markets-not-known"}),
    ],
)
def test_a_person_links_on_the_same_or_an_adjacent_market(ours, theirs, relation, why):
    entities = (
        *(person("P"), entity("A", markets=frozenset(ours))),
        entity("B", markets=frozenset(theirs)),
    )
    findings = kmo.Findings(adjacent_markets=(("m", "n"), ("n", "o")))
    size = kmo.size_of(
        graph(*entities, holdings=[holds("P", "A", 100), holds("P", "B", 51)], findings=findings)
    )
    assert (size.relation, doubts(size)) == (relation, why)


def test_what_is_large_already_needs_nobody_for_what_could_only_add():
    entities = (person("P"), over_years("A", 900, 900), entity("B"))
    size = kmo.size_of(graph(*entities, holdings=[holds("P", "A", 100), holds("P", "B", 51)]))
    assert (size.category, doubts(size)) == ("large", {"markets-not-known"})
    assert not size.needs_a_person


def test_enterprises_found_to_act_jointly_hold_together():
    findings = kmo.Findings(acting_jointly=(("V", "W"),))
    investors = [entity(key, kind="venture_capital") for key in "VW"]
    holdings = [holds("V", "A", 30), holds("W", "A", 30)]
    apart = kmo.size_of(graph(entity("A"), *investors, holdings=holdings))
    assert (apart.relation, doubts(apart)) == ("autonomous", {"investors-together"})
    jointly = kmo.size_of(graph(entity("A"), *investors, holdings=holdings, findings=findings))
    assert (jointly.relation, jointly.sums.headcount.total) == ("linked", 60)
    assert {tie.why for tie in jointly.ties} == {"acting_jointly"}


@pytest.mark.parametrize(
    ("ours", "theirs", "relation"),
    [(set(), set(), "linked"), ({"m"}, {"m"}, "linked"), ({"m"}, {"o"}, "autonomous")],
)
def test_a_single_economic_unit_is_found_by_a_person(ours, theirs, relation):
    findings = kmo.Findings(single_economic_unit=(("A", "X", "P"),))
    entities = (
        *(person("P"), entity("A", markets=frozenset(ours))),
        entity("X", markets=frozenset(theirs)),
    )
    assert kmo.size_of(graph(*entities, findings=findings)).relation == relation


def test_declared_dispersed_capital_is_for_a_person():
    size = kmo.size_of(graph(entity("A"), dispersed_capital=True))
    assert (doubts(size), size.needs_a_person) == ({"dispersed-capital"}, True)


# ---- Investors and public bodies -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "more", "relation", "why"),
    [
        ("business_angel", {"total_investment": D("1249999.99")}, "autonomous", set()),
        ("business_angel", {"total_investment": D(1_250_000)}, "partner", set()),
        ("business_angel", {}, "autonomous", {"investor-facts-missing"}),
        ("venture_capital", {"total_investment": D(9_000_000)}, "autonomous", set()),
        ("institutional_investor", {}, "autonomous", set()),
    ],
)
def test_an_exempt_investor_leaves_the_enterprise_autonomous(kind, more, relation, why):
    size = kmo.size_of(
        graph(entity("A"), entity("Z", kind=kind, **more), holdings=[holds("Z", "A", 30)])
    )
    assert (size.relation, doubts(size)) == (relation, why)
    if relation == "autonomous":
        assert [(out.entity.key, out.why) for out in size.left_out] == [("Z", "exempt-investor")]


def test_business_angels_are_counted_together():
    angels = [entity(k, kind="business_angel", total_investment=D(700_000)) for k in "YZ"]
    size = kmo.size_of(
        graph(entity("A"), *angels, holdings=[holds("Y", "A", 25), holds("Z", "A", 25)])
    )
    assert size.relation == "partner"


def test_an_investor_held_downstream_is_a_partner():
    fund = entity("V", kind="venture_capital")
    assert (
        kmo.size_of(graph(entity("A"), fund, holdings=[holds("A", "V", 30)])).relation == "partner"
    )


def test_an_investor_with_its_daughter_may_reach_a_quarter():
    entities = (entity("A"), entity("V", kind="venture_capital"), entity("T"))
    holdings = [holds("V", "T", 60), holds("V", "A", 20), holds("T", "A", 10)]
    assert doubts(kmo.size_of(graph(*entities, holdings=holdings))) == {"investor-jointly"}


@pytest.mark.parametrize(
    ("more", "pct", "public", "why"),
    [
        ({"budget": D("9999999.99"), "inhabitants": 4999}, 50, False, set()),
        ({"budget": D("9999999.99"), "inhabitants": 4999}, "50.01", True, set()),
        ({"budget": D("9999999.99"), "inhabitants": 5000}, 25, True, set()),
        ({"budget": D(10_000_000), "inhabitants": 4999}, 25, True, set()),
        ({"budget": D(20_000_000), "inhabitants": 10}, 25, True, set()),
        ({"budget": D(1), "inhabitants": 6000}, 25, True, set()),
        ({"budget": D(1)}, 40, False, {"investor-facts-missing"}),
        ({"inhabitants": 1}, 40, False, {"investor-facts-missing"}),
    ],
)
def test_a_small_local_authority_is_an_exempt_investor(more, pct, public, why):
    town = entity("G", None, kind="local_authority_small", **more)
    size = kmo.size_of(graph(entity("A"), town, holdings=[holds("G", "A", pct)]))
    assert (size.public, size.is_sme, doubts(size)) == (public, not public, why)


def test_small_authorities_that_act_jointly_are_no_exempt_investors():
    towns = [
        entity(k, None, kind="local_authority_small", budget=D(1), inhabitants=1) for k in "GH"
    ]
    holdings = [holds("G", "A", 30), holds("H", "A", 30)]
    findings = kmo.Findings(acting_jointly=(("G", "H"),))
    assert not kmo.size_of(graph(entity("A"), *towns, holdings=holdings)).public
    assert kmo.size_of(graph(entity("A"), *towns, holdings=holdings, findings=findings)).public


@pytest.mark.parametrize(
    ("holdings", "public"),
    [
        ([holds("G", "H", 60), holds("H", "A", 30)], True),
        ([holds("G", "H", 50), holds("H", "A", 30)], False),
        ([holds("G", "H", 30), holds("K", "H", 30), holds("H", "A", 25)], True),
        ([holds("G", "H", 60), holds("H", "A", 15), holds("G", "A", 10)], True),
        ([holds("G", "A", 1, control="dominant_influence")], True),
        ([holds("G", "A", "24.99")], False),
        ([holds("G", "A", 0, capital=25)], True),
    ],
)
def test_a_quarter_in_public_hands_also_through_others_is_no_sme(holdings, public):
    entities = (
        *(entity("A"), entity("H"), entity("G", None, kind="public_body")),
        entity("K", None, kind="local_authority"),
    )
    size = kmo.size_of(graph(*entities, holdings=holdings))
    assert size.public == public
    assert (size.category == "large") == public


def test_the_applicant_may_itself_be_found_to_be_in_public_hands():
    assert kmo.size_of(graph(entity("A", controlled_by_public_bodies=True))).public


def test_an_owner_with_a_public_quarter_is_for_a_person():
    entities = (entity("A"), entity("H"), entity("G", None, kind="public_body"))
    holdings = [holds("G", "H", 40), holds("H", "A", 100)]
    size = kmo.size_of(graph(*entities, holdings=holdings))
    assert (size.public, doubts(size)) == (False, {"public-in-group"})


# ---- Who is left out, what would change it -------------------------------------------------------


def test_who_counts_for_nothing_is_told_with_the_reason():
    entities = (
        *(entity("A"), person("P"), entity("G", None, kind="public_body")),
        *(entity("B"), entity("C"), entity("D"), entity("Z")),
    )
    holdings = [
        *(holds("P", "A", 40), holds("G", "A", 5), holds("B", "A", 10)),
        *(holds("C", "A", 30), holds("D", "C", 30)),
    ]
    size = kmo.size_of(graph(*entities, holdings=holdings))
    assert {out.entity.key: out.why for out in size.left_out} == {
        "B": "below-a-quarter",
        "D": "beyond-partners",
        "G": "public-body",
        "P": "natural-person",
        "Z": "beyond-partners",
    }


def test_without_which_holding_it_would_be_another_answer():
    asked = graph(
        *(entity("A"), entity("B", BIG), entity("C")),
        holdings=[holds("B", "A", 60), holds("A", "C", 60)],
    )
    size = kmo.size_of(asked)
    pivots = kmo.pivots_of(asked, size)

    assert size.is_sme is False
    assert [(p.holding.owner, p.category, p.is_sme) for p in pivots] == [("B", "small", True)]
    assert kmo.room_of(size)["headcount"] == -190


def test_whoever_holds_must_be_in_the_graph():
    with pytest.raises(AssertionError):
        kmo.size_of(graph(entity("A"), holdings=[holds("B", "A", 10)]))


# ---- Found by changing the code on purpose -------------------------------------------------------


@pytest.mark.parametrize(
    ("headcount", "turnover", "balance", "category"),
    [
        ("9.99", "2000000.01", "2000000", "micro"),
        ("50", "1", "1", "medium"),
        ("49.99", "10000000", "10000000.01", "small"),
        ("49.99", "10000000.01", "10000000.01", "medium"),
    ],
)
def test_each_ceiling_is_exact_to_the_cent(headcount, turnover, balance, category):
    figures = kmo.Figures(*map(D, (headcount, turnover, balance)))
    assert kmo.category_of(kmo.Sums.of(figures)) == category


def test_one_of_two_periods_looks_at_the_last_two_alone():
    small, big = kmo.Sums.of(SMALL), kmo.Sums.of(BIG)
    for periods, category in (
        ([big, small], "small"),
        ([small, big], "small"),
        ([big, big, small], "large"),
        ([big], "large"),
    ):
        assert kmo.status_after(periods, rule="one_of_two").category == category


def test_a_link_may_open_the_next():
    """The owners of A are only one group once C is found to belong to it."""
    holdings = [
        *(holds("B", "A", 30), holds("C", "A", 30)),
        *(holds("B", "C", 30), holds("D", "C", 30), holds("B", "D", 60)),
    ]
    size = kmo.size_of(graph(*map(entity, "ABCD"), holdings=holdings))
    assert size.sums.headcount.total == 80
    assert {tie.why for tie in size.ties} == {"votes", "votes_together"}


@pytest.mark.parametrize(
    ("shares", "why"),
    [((25, 25), set()), ((25, "25.01"), {"investors-together"}), ((50,), set())],
)
def test_exempt_investors_are_looked_at_when_they_hold_a_majority_together(shares, why):
    investors = [entity(key, kind="venture_capital") for key in "VW"[: len(shares)]]
    holdings = [holds(v.key, "A", pct) for v, pct in zip(investors, shares, strict=True)]
    assert doubts(kmo.size_of(graph(entity("A"), *investors, holdings=holdings))) == why


def test_a_partner_through_several_holdings_counts_for_the_greatest():
    holdings = [holds("P", "A", 25), holds("P", "D", 40), holds("A", "D", 60)]
    size = kmo.size_of(graph(*map(entity, "ADP"), holdings=holdings))
    assert {line.entity.key: line.pct for line in size.lines}["P"] == 40


def test_a_contradiction_at_the_far_end_of_the_graph_matters():
    holdings = [holds("B", "A", 30), holds("C", "B", 60), holds("D", "B", 60)]
    size = kmo.size_of(graph(*map(entity, "ABCD"), holdings=holdings))
    assert [doubt.why for doubt in size.contradictions] == ["shares-over-100"]


def test_a_gap_ends_the_years_also_where_older_ones_follow():
    size = kmo.size_of(graph(entity("A", years=(2021, 2019, 2018))))
    assert [period.year for period in size.periods] == [2021]


def test_a_first_period_that_is_not_known_leaves_a_status_undecided():
    unknown, small, large = (
        kmo.Sums.of(kmo.Figures(None if h is None else D(h), D(1), D(1))) for h in (None, 20, 300)
    )
    assert kmo.status_after([small, unknown]).is_sme is None
    assert kmo.status_after([large, large, unknown]).is_sme is False
    assert kmo.status_after([small, small, unknown]).is_sme is True


def test_the_lines_are_those_of_the_latest_period():
    ours = kmo.Entity(
        "A", "A", "enterprise", (kmo.Period(2021, SMALL), kmo.Period(2020, BIG))
    )  # fmt: skip
    [line] = kmo.size_of(graph(ours)).lines
    assert line.period.year == 2021


def test_a_doubt_about_a_size_that_is_not_known_needs_a_person():
    size = kmo.size_of(graph(entity("A", None), dispersed_capital=True))
    assert (size.is_sme, size.needs_a_person) == (None, True)


def test_accounts_within_accounts_count_to_the_hundredth():
    entities = (
        entity("A"),
        entity("B", included_in="A", included_pct=D(50)),
        entity("C", included_in="B", included_pct=D("33.3")),
    )
    holdings = [holds("A", "B", 60), holds("B", "C", 60)]
    lines = {
        line.entity.key: line for line in kmo.size_of(graph(*entities, holdings=holdings)).lines
    }
    assert lines["C"].added_pct == D("66.7")


def test_who_is_held_for_less_than_a_quarter_is_named_apart_from_who_is_further_off():
    fund = entity("V", kind="venture_capital")
    holdings = [
        *(holds("A", "D", 10), holds("V", "A", 10), holds("P", "A", 30)),
        holds("Q", "P", 30),
    ]
    size = kmo.size_of(graph(*map(entity, "ADPQ"), fund, holdings=holdings))
    assert {out.entity.key: out.why for out in size.left_out} == {
        "D": "below-a-quarter",
        "V": "below-a-quarter",
        "Q": "beyond-partners",
    }


def test_a_holding_without_which_the_size_would_be_known_is_named():
    asked = graph(entity("A"), entity("M", None), holdings=[holds("M", "A", 60)])
    size = kmo.size_of(asked)
    assert size.is_sme is None
    [pivot] = kmo.pivots_of(asked, size)
    assert (pivot.holding.owner, pivot.is_sme) == ("M", True)


def test_room_is_what_is_left_under_each_ceiling():
    room = kmo.room_of(kmo.size_of(graph(entity("A", BIG))))
    assert room == {
        "headcount": D(-150),
        "turnover": D(-40_000_000),
        "balance_total": D(-37_000_000),
    }


def test_a_holding_of_the_last_day_of_the_year_counts_for_it():
    day = date(2020, 12, 31)
    held = holds("M", "A", 60, valid_from=day)
    entities = [entity(key, years=(2021, 2020)) for key in "AM"]
    size = kmo.size_of(graph(*entities, holdings=[held]), on=date(2022, 1, 1))
    assert [len(period.lines) for period in size.periods] == [2, 2]


def test_bodies_that_act_jointly_are_no_persons():
    bodies = [entity(key, None, kind="public_body", public=True) for key in "XY"]
    holdings = [holds(body, held, 30) for body in "XY" for held in "AB"]
    market = frozenset({"m"})
    asked = graph(
        *(entity("A", markets=market), entity("B", markets=market), *bodies),
        holdings=holdings,
        findings=kmo.Findings(acting_jointly=(("X", "Y"),)),
    )
    assert {tie.why for tie in kmo.size_of(asked).ties} <= {"acting_jointly"}


def test_only_what_angels_invest_counts_against_an_angel():
    angel = entity("Y", kind="business_angel", total_investment=D(1_000_000))
    fund = entity("V", kind="venture_capital", total_investment=D(2_000_000))
    holdings = [holds("Y", "A", 30), holds("V", "A", 10)]
    assert kmo.size_of(graph(entity("A"), angel, fund, holdings=holdings)).relation == "autonomous"


@pytest.mark.parametrize(
    ("fund", "daughter", "why"),
    [(10, 5, set()), (15, 10, {"investor-jointly"}), (24, 26, {"investor-jointly"})],
)
def test_an_investor_and_its_daughter_are_looked_at_from_a_quarter_on(fund, daughter, why):
    entities = (entity("A"), entity("V", kind="venture_capital"), entity("T"))
    holdings = [holds("V", "T", 60), holds("V", "A", fund), holds("T", "A", daughter)]
    assert doubts(kmo.size_of(graph(*entities, holdings=holdings))) == why


def test_what_angels_invest_is_no_matter_of_a_fund():
    angels = [entity(k, kind="business_angel", total_investment=D(700_000)) for k in "YZ"]
    holdings = [holds("V", "A", 30), holds("Y", "A", 5), holds("Z", "A", 5)]
    size = kmo.size_of(
        graph(entity("A"), entity("V", kind="venture_capital"), *angels, holdings=holdings)
    )
    assert size.relation == "autonomous"


def test_votes_stand_in_for_a_capital_that_was_not_stated():
    assert kmo.Holding("B", "A", None, D(30)).capital == 30


def test_a_body_as_target_does_not_end_the_search():
    body = entity("G", None, kind="public_body")
    holdings = [
        *(holds("B", "G", 10), holds("B", "A", 30), holds("C", "A", 30)),
        holds("B", "C", 60),
    ]
    size = kmo.size_of(graph(*map(entity, "ABC"), body, holdings=holdings))
    assert size.relation == "linked"


def test_each_line_tells_whether_the_partner_or_somebody_linked_to_it():
    above = [holds("P", "A", 30), holds("P", "Q", 60)]
    below = [holds("A", "P", 30), holds("Q", "P", 60)]
    for holdings in (above, below):
        size = kmo.size_of(graph(*map(entity, "APQ"), holdings=holdings))
        assert {line.entity.key: line.relation for line in size.lines} == {
            "A": "own",
            "P": "partner",
            "Q": "linked_to_partner",
        }


def test_accounts_within_a_partners_accounts_count_by_its_share():
    entities = (entity("A"), entity("P"), entity("Q", included_in="P", included_pct=D(50)))
    holdings = [holds("P", "A", "33.3"), holds("P", "Q", 60)]
    size = kmo.size_of(graph(*entities, holdings=holdings))
    assert {line.entity.key: line.added_pct for line in size.lines}["Q"] == D("16.65")


def test_who_holds_a_quarter_and_does_not_count_is_told_why():
    funds, town = entity("V", kind="venture_capital"), entity("G", None, kind="public_body")
    holdings = [holds("V", "A", 25), holds("G", "A", 30)]
    size = kmo.size_of(graph(entity("A"), funds, town, holdings=holdings))
    assert {out.entity.key: out.why for out in size.left_out} == {
        "V": "exempt-investor",
        "G": "public-body",
    }


def test_each_holding_is_left_out_alone():
    asked = graph(
        *(entity("A"), entity("B", BIG), entity("C")),
        holdings=[holds("A", "C", 60), holds("B", "A", 60), holds("A", "C", 1)],
    )
    assert [p.holding.owner for p in kmo.pivots_of(asked, kmo.size_of(asked))] == ["B"]


def test_a_share_that_is_not_known_elsewhere_does_not_matter():
    unknown = kmo.Holding("X", "Y", None, None)
    assert doubts(kmo.size_of(graph(*map(entity, "AXY"), holdings=[unknown]))) == set()


@pytest.mark.parametrize(
    ("holdings", "why"),
    [
        # One of them is in the group of two.
        ([("P", "A"), ("P", "X"), ("A", "B")], {"markets-not-known"}),
        # Both are in it already; neither is.
        ([("P", "A"), ("P", "B"), ("A", "B")], set()),
        ([("P", "X"), ("P", "Y"), ("A", "B")], set()),
        # A body is no person.
        ([("G", "A"), ("G", "X")], set()),
    ],
)
def test_markets_matter_where_a_person_would_add_somebody_to_the_group(holdings, why):
    everybody = (*map(entity, "ABXY"), person("P"), entity("G", None, kind="public_body"))
    shares = [holds(by, of, 30 if by == "A" else 51) for by, of in holdings]
    shares = [replace(h, control="board") if h.owner == "A" else h for h in shares]
    assert doubts(kmo.size_of(graph(*everybody, holdings=shares))) == why


def test_markets_matter_between_a_group_and_its_partner():
    shares = [holds("P", "A", 51), holds("P", "X", 51), holds("A", "X", 30)]
    both = graph(*map(entity, "AX"), person("P"), holdings=shares)
    assert doubts(kmo.size_of(both)) == {"markets-not-known"}


def test_investors_without_a_majority_together_need_nobody():
    funds = [entity(key, kind="venture_capital") for key in "VW"]
    holdings = [holds("V", "A", 10), holds("W", "A", 25)]
    assert doubts(kmo.size_of(graph(entity("A"), *funds, holdings=holdings))) == set()


def test_control_is_followed_in_whatever_order_it_is_stated():
    holdings = [holds("B", "C", 60), holds("A", "C", 1), holds("P", "B", 60), holds("P", "A", 60)]
    entities = {each.key: each for each in (*map(entity, "ABC"), person("P"))}
    assert set(kmo.Structure(entities, holdings).controlled_by({"P"})) == {"A", "B", "C"}


# ---- What a lawyer would not leave to a machine --------------------------------------------------


def staff(headcount):
    """An enterprise of so many people, whose amounts decide nothing."""
    return kmo.Figures(D(headcount), D(20_000_000), D(20_000_000))


def over_years(key, *headcounts, last=2023, **more):
    """Accounts newest first; None is a year without any."""
    periods = (
        kmo.Period(last - ago, staff(headcount))
        for ago, headcount in enumerate(headcounts)
        if headcount is not None
    )
    return kmo.Entity(key, key, periods=tuple(periods), **more)


def since(holding, *day):
    return replace(holding, valid_from=date(*day))


@pytest.mark.parametrize(
    ("ours", "theirs", "bought", "category", "changed", "why"),
    [
        # Founded or taken over? Without accounts of then nobody can tell.
        ((40, 40, 40), (9000,), (2023, 6, 1), "medium", False, {"ownership-changed"}),
        ((260, 240, 240), (), (2024, 2, 1), "medium", False, {"ownership-changed"}),
        ((40, 40, 40), (30,), (2023, 6, 1), "medium", False, set()),
        # One person more makes nobody large: the excess was there before.
        ((260, 240, 240), (1, 1, 1), (2024, 2, 1), "large", True, {"ownership-changed"}),
        ((40, 40, 40), (9000, 9000, 9000), (2024, 2, 1), "large", True, set()),
        ((40, 40, 40), (30, 30, 30), (2024, 2, 1), "medium", True, set()),
    ],
)
def test_a_takeover_decides_only_where_it_makes_the_difference(
    ours, theirs, bought, category, changed, why
):
    size = kmo.size_of(
        graph(
            over_years("A", *ours),
            over_years("G", *theirs),
            holdings=[since(holds("G", "A", 100), *bought)],
        ),
        on=date(2024, 3, 1),
    )
    assert (size.category, size.ownership_changed, doubts(size)) == (category, changed, why)
    assert size.needs_a_person == bool(why)


def test_who_leaves_a_large_group_is_judged_by_the_last_accounts():
    sold = replace(holds("G", "A", 100), valid_until=date(2024, 2, 1))
    size = kmo.size_of(
        graph(over_years("A", 40, 40), over_years("G", 9000, 9000), holdings=[sold]),
        on=date(2024, 3, 1),
    )
    assert (size.category, size.ownership_changed, doubts(size)) == ("medium", True, set())


@pytest.mark.parametrize(
    ("ours", "partner", "why"),
    [
        ((40, 40, 40), 9000, {"ownership-changed"}),
        ((40, 40, 40), 30, set()),
        ((260, 240, 240), 30, set()),
    ],
)
def test_a_new_partner_that_makes_it_large_is_for_a_person(ours, partner, why):
    size = kmo.size_of(
        graph(
            over_years("A", *ours),
            over_years("G", partner, partner, partner),
            holdings=[since(holds("G", "A", 49), 2024, 2, 1)],
        ),
        on=date(2024, 3, 1),
    )
    assert (size.category, doubts(size)) == ("medium", why)


@pytest.mark.parametrize(
    ("ours", "partner", "category", "why"),
    [
        ((260, 240, 240), (4,), "large", {"history-short"}),
        ((240, 260, 240), (4, 4), "large", {"history-short"}),
        ((240, 260), (), "large", {"history-short"}),
        # What is over without them is over.
        ((260, 260, 240), (4,), "large", set()),
        ((260, 260), (), "large", set()),
        # Above in one year alone: the year before would decide, and was not stated.
        ((260, 240), (), "medium", {"history-short"}),
        ((260,), (), "large", {"history-short"}),
        ((260, 240, 240), (), "medium", set()),
        ((40, 40), (4,), "medium", set()),
    ],
)
def test_nobody_is_large_by_years_that_were_not_stated(ours, partner, category, why):
    holdings = [holds("D", "A", 25)] if partner else []
    size = kmo.size_of(graph(over_years("A", *ours), over_years("D", *partner), holdings=holdings))
    assert (size.category, doubts(size)) == (category, why)


def test_by_one_of_two_years_no_third_is_asked_for():
    size = kmo.size_of(graph(over_years("A", 240, 260)), rule=kmo.PERIOD_RULES[1])
    assert (size.category, doubts(size)) == ("medium", set())


def test_by_one_of_two_years_one_above_the_ceilings_proves_nothing_alone():
    """The year before, which nobody stated, may have been within them."""
    rule = kmo.PERIOD_RULES[1]
    size = kmo.size_of(graph(over_years("A", 300)), rule=rule)
    assert (size.category, doubts(size)) == ("large", {"history-short"})
    size = kmo.size_of(graph(over_years("A", 300, 300)), rule=rule)
    assert (size.category, doubts(size)) == ("large", set())


def test_an_exercise_of_fifteen_months_follows_the_one_before_it():
    periods = (
        kmo.Period(2023, staff(260), date(2023, 3, 31)),
        kmo.Period(2021, staff(240), date(2021, 12, 31)),
    )
    assert kmo.size_of(graph(kmo.Entity("A", periods=periods))).category == "medium"
    apart = (periods[0], replace(periods[1], closed_on=date(2021, 3, 31)))
    assert kmo.size_of(graph(kmo.Entity("A", periods=apart))).category == "large"


def test_accounts_count_from_the_day_on_which_they_closed():
    own = over_years("A", 240, 240, 300, 300)
    sized = [kmo.size_of(graph(own), on=day) for day in (date(2022, 3, 1), date(2023, 12, 31))]
    assert [size.category for size in sized] == ["large", "medium"]
    assert [size.periods[0].year for size in sized] == [2021, 2023]


def test_an_estimate_counts_before_its_year_ends():
    estimate = kmo.Period(2024, staff(240), estimate=True)
    size = kmo.size_of(graph(kmo.Entity("A", periods=(estimate,))), on=date(2024, 3, 1))
    assert size.category == "medium"


@pytest.mark.parametrize(("on", "why"), [((2025, 12, 31), set()), ((2026, 1, 1), {"accounts-old"})])
def test_accounts_of_more_than_two_years_ago_are_for_a_person(on, why):
    size = kmo.size_of(graph(over_years("A", 40, 40)), on=date(*on))
    assert (doubts(size), size.needs_a_person) == (why, bool(why))


@pytest.mark.parametrize("year", [2019, 2030])
def test_old_figures_and_estimates_of_another_year_may_also_be_too_high(year):
    old = kmo.size_of(graph(over_years("A", 900, 900, last=2019)), on=date(2022, 2, 3))
    guess = kmo.Entity("A", periods=(kmo.Period(year, staff(900), estimate=True),))
    guessed = kmo.size_of(graph(guess), on=date(2022, 2, 3))
    assert (old.is_sme, doubts(old), old.needs_a_person) == (False, {"accounts-old"}, True)
    either_way = {doubt.why for doubt in guessed.doubts if not doubt.only_adds}
    assert (guessed.is_sme, "estimate-of-another-year" in either_way) == (False, True)


@pytest.mark.parametrize(
    ("shares", "market", "relation", "why"),
    [
        (((50, 50), (50, 50)), "m", "autonomous", {"persons-together"}),
        (((40, 40), (50, 50)), "m", "autonomous", {"persons-together"}),
        (((50, 50), (50, 50)), "n", "autonomous", set()),
        (((25, 25), (50, 50)), "m", "autonomous", set()),
        (((50, 50), (20, 30)), "m", "autonomous", set()),
    ],
)
def test_the_same_persons_behind_two_enterprises_are_asked_after(shares, market, relation, why):
    entities = (
        *(person("P"), person("Q")),
        entity("A", years=(2021, 2020), markets=frozenset("m")),
        entity("B", BIG, (2021, 2020), markets=frozenset(market)),
    )
    holdings = [
        holds(who, owned, pct)
        for owned, both in zip("AB", shares, strict=True)
        for who, pct in zip("PQ", both, strict=True)
    ]
    size = kmo.size_of(graph(*entities, holdings=holdings))
    assert (size.relation, doubts(size), size.needs_a_person) == (relation, why, bool(why))
    found = kmo.Findings(acting_jointly=(("P", "Q"),))
    if why:
        size = kmo.size_of(graph(*entities, holdings=holdings, findings=found))
        assert (size.relation, doubts(size)) == ("linked", set())


@pytest.mark.parametrize("kind", ["enterprise", "public_body"])
def test_a_person_and_a_body_are_not_the_same_persons(kind):
    other = entity("Q", SMALL if kind == "enterprise" else None, kind=kind)
    two = [entity(key, markets=frozenset("m")) for key in "AB"]
    shares = [holds("P", owned, 50) for owned in "AB"] + [holds("Q", owned, 20) for owned in "AB"]
    size = kmo.size_of(graph(*two, person("P"), other, holdings=shares))
    assert doubts(size) == set()


def test_the_same_persons_are_found_behind_holdings():
    entities = (person("P"), person("Q"), entity("A"), entity("B"), entity("H"))
    holdings = [holds(who, owned, 50) for who in "PQ" for owned in "AH"] + [holds("H", "B", 80)]
    size = kmo.size_of(graph(*entities, holdings=holdings))
    told = [doubt.who for doubt in size.doubts if doubt.why == "persons-together"]
    assert told == [("P", "Q", "A", "B", "H")]


@pytest.mark.parametrize(
    ("holdings", "why"),
    [
        ([holds("P", "A", 30), kmo.Holding("P", "Q", D(49), None)], "share-not-known"),
        (
            [holds("P", "A", 30), holds("N", "P", 70), holds("N", "Q", 100)],
            "markets-not-known",
        ),
        (
            [
                holds("P", "A", 30),
                holds("N", "P", 50),
                holds("M", "P", 50),
                holds("N", "Q", 50),
                holds("M", "Q", 50),
            ],
            "persons-together",
        ),
        ([holds("P", "A", 40), kmo.Holding("G", "P", D(20), None)], "share-not-known"),
        ([holds("V", "A", 40), kmo.Holding("G", "V", D(20), None)], "share-not-known"),
    ],
)
def test_a_doubt_about_a_partners_group_is_one_about_ours(holdings, why):
    entities = (
        *(entity("A"), entity("P"), entity("Q", BIG), person("N"), person("M")),
        *(entity("G", None, kind="public_body"), entity("V", kind="venture_capital")),
    )
    size = kmo.size_of(graph(*entities, holdings=holdings))
    assert (size.is_sme, doubts(size), size.needs_a_person) == (True, {why}, True)


@pytest.mark.parametrize(
    ("kind", "relation", "why"),
    [("enterprise", "partner", {"joint-control"}), ("venture_capital", "linked", set())],
)
def test_enterprises_that_control_together_stay_partners(kind, relation, why):
    entities = (entity("A"), entity("V", kind=kind), entity("W", kind=kind))
    size = kmo.size_of(
        graph(
            *entities,
            holdings=[holds("V", "A", 50), holds("W", "A", 50)],
            findings=kmo.Findings(acting_jointly=(("V", "W"),)),
        )
    )
    assert (size.relation, doubts(size)) == (relation, why)


@pytest.mark.parametrize(
    ("province", "university", "public", "why"),
    [
        (20, 24, False, {"public-with-exempt"}),
        (0, 25, False, set()),
        (1, 24, False, {"public-with-exempt"}),
        (0, 40, False, set()),
        (0, 24, False, set()),
        (10, 14, False, set()),
        (25, 10, True, set()),
    ],
)
def test_public_holders_beside_exempt_ones_are_for_a_person(province, university, public, why):
    entities = (
        entity("A"),
        entity("G", None, kind="public_body"),
        entity("U", None, kind="university", public=True),
    )
    holdings = [holds("G", "A", province), holds("U", "A", university)]
    size = kmo.size_of(graph(*entities, holdings=[h for h in holdings if h.votes]))
    assert (size.public, doubts(size)) == (public, why)


def test_accounts_of_an_outsider_that_hold_ours_are_for_a_person():
    size = kmo.size_of(graph(entity("A", included_in="X"), entity("X", BIG)))
    assert (size.category, doubts(size), size.needs_a_person) == (
        *("small", {"consolidated-outside"}),
        True,
    )


def test_accounts_that_include_each_other_are_found_behind_a_finding():
    entities = (
        *(entity("A"), entity("B", BIG, included_in="C"), entity("C", BIG, included_in="B")),
    )
    found = kmo.Findings(single_economic_unit=(("A", "B"), ("B", "C")))
    size = kmo.size_of(graph(*entities, findings=found))
    assert {doubt.why for doubt in size.contradictions} == {"accounts-include-each-other"}


def test_own_shares_are_lawful_and_for_a_person():
    holdings = [holds("A", "A", 0, capital=10), holds("P", "A", 100, capital=90)]
    size = kmo.size_of(graph(entity("A"), person("P"), holdings=holdings))
    assert (size.category, doubts(size), size.contradictions) == ("small", {"holds-itself"}, ())


def test_headcount_of_a_short_first_period_is_on_an_annual_basis():
    assert kmo.headcount_of([kmo.Staff("employee", D(80), months=D(6))], months=6) == 80


# ---- What a lawyer found missing -----------------------------------------------------------------


def test_sums_of_a_whole_group_from_before_a_takeover_are_for_a_person():
    ours = [replace(p, whole_group=True) for p in over_years("A", 20, 20, last=2021).periods]
    one = replace(over_years("A"), periods=tuple(ours))
    taken = since(holds("B", "A", 60), 2022, 1, 15)
    size = kmo.size_of(
        graph(one, over_years("B", 1000, 1000, last=2021), holdings=[taken]), on=date(2022, 2, 3)
    )
    assert (doubts(size), size.needs_a_person) == ({"whole-group-to-check"}, True)
    # Without days: the daughter alone is larger than what is stated of all.
    undated = graph(one, over_years("B", 1000, 1000, last=2021), holdings=[holds("B", "A", 60)])
    assert doubts(kmo.size_of(undated)) == {"whole-group-to-check"}
    for many in (10, 20):
        inside = graph(one, over_years("B", many, many, last=2021), holdings=[holds("B", "A", 60)])
        assert doubts(kmo.size_of(inside)) == set()


@pytest.mark.parametrize(
    ("estimated", "approved", "category", "why"),
    [
        (200, (200, 900, 900), "large", set()),
        (900, (900, 200, 200), "medium", set()),
        (9, (), "medium", set()),
    ],
)
def test_an_estimate_counts_for_want_of_accounts_alone(estimated, approved, category, why):
    guess = kmo.Period(2022, staff(estimated), estimate=True)
    one = over_years("A", *approved, last=2021)
    size = kmo.size_of(graph(replace(one, periods=(guess, *one.periods))), on=date(2022, 2, 3))
    assert (size.category, doubts(size)) == (category, why)


def test_an_estimate_of_another_year_is_for_a_person():
    guess = kmo.Entity("A", periods=(kmo.Period(2030, staff(9), estimate=True),))
    size = kmo.size_of(graph(guess), on=date(2022, 2, 3))
    assert (size.category, doubts(size)) == ("medium", {"estimate-of-another-year"})


def test_accounts_that_close_later_are_nobodys_yet():
    ours = kmo.Entity("A", periods=(kmo.Period(2021, staff(20), date(2021, 6, 30)),))
    owner = kmo.Entity(
        "B", periods=(kmo.Period(2021, staff(10), date(2021, 12, 31)), kmo.Period(2020, staff(900)))
    )
    known = graph(ours, owner, holdings=[holds("B", "A", 60)])
    size = kmo.size_of(known, on=date(2021, 9, 1))
    assert (size.is_sme, size.missing) == (None, ("B",))
    assert kmo.size_of(known, on=date(2022, 1, 1)).sums.headcount.total == 30


H_J = ("H", "J")


@pytest.mark.parametrize(
    ("holdings", "why"),
    [
        ([kmo.Holding("H", "J")], {"share-not-known"}),
        ([kmo.Holding("H", "J", D(40), None)], {"share-not-known"}),
        ([holds("H", "J", 60)], set()),
        ([holds("P", "H", 60), holds("P", "J", 60)], {"markets-not-known"}),
        (
            [holds(who, owned, 50) for who in "PQ" for owned in H_J],
            {"persons-together"},
        ),
    ],
)
def test_what_owners_of_less_than_a_quarter_are_to_one_another_matters(holdings, why):
    entities = (
        *(over_years(key, 1000, 1000) for key in H_J),
        *(over_years("A", 20, 20), person("P"), person("Q")),
    )
    shared = [holds(key, "A", 20) for key in H_J]
    size = kmo.size_of(graph(*entities, holdings=[*shared, *holdings]))
    assert doubts(size) == why
    # From just a quarter between them on; with less it does not.
    quarter = [holds(key, "A", "12.5") for key in H_J]
    assert doubts(kmo.size_of(graph(*entities, holdings=[*quarter, *holdings]))) == why
    little = [holds(key, "A", 12) for key in H_J]
    assert doubts(kmo.size_of(graph(*entities, holdings=[*little, *holdings]))) == set()


def test_acting_jointly_with_an_enterprise_needs_one_market_and_its_votes():
    jointly = kmo.Findings(acting_jointly=(("P", "E"),))

    def size(ours, theirs, holdings, *more):
        return kmo.size_of(
            graph(
                over_years("A", 20, 20, markets=frozenset(ours)),
                over_years("E", 500, 500, markets=frozenset(theirs)),
                *(person("P"), *more),
                holdings=holdings,
                findings=jointly,
            )
        )

    both = [holds("P", "A", 30), holds("E", "A", 30)]
    assert size("m", "m", both).category == "large"
    assert size("m", "n", both).relation == "partner"
    # What the person owns alone is not tied to the enterprise by what they own together.
    apart = [holds("P", "A", 100), holds("P", "X", 30), holds("E", "X", 30)]
    shared = over_years("X", 20, 20, markets=frozenset("n"))
    assert size("m", "n", apart, shared).relation == "autonomous"


@pytest.mark.parametrize("alone", "0Z")
def test_what_the_person_controls_alone_hides_nothing_else(alone):
    jointly = kmo.Findings(acting_jointly=(("P", "E"),))
    same = [entity(key, markets=frozenset("m")) for key in ("A", "E", alone)]
    shares = [holds("P", alone, 60), holds("P", "A", 30), holds("E", "A", 21)]
    size = kmo.size_of(graph(*same, person("P"), holdings=shares, findings=jointly))
    assert "E" in {line.entity.key for line in size.lines if line.relation == "linked"}


def test_an_investor_and_an_enterprise_acting_jointly_are_for_a_person():
    size = kmo.size_of(
        graph(
            *(over_years("A", 20, 20), over_years("E", 500, 500)),
            over_years("V", 10, 10, kind="venture_capital"),
            holdings=[holds("V", "A", 30), holds("E", "A", 30)],
            findings=kmo.Findings(acting_jointly=(("V", "E"),)),
        )
    )
    assert "joint-control" in doubts(size)
    assert size.needs_a_person


def test_an_investors_quarter_makes_no_partner_from_its_own_side():
    size = kmo.size_of(
        graph(
            over_years("A", 20, 20),
            over_years("V", 10, 10, kind="venture_capital"),
            over_years("T", 1000, 1000),
            holdings=[holds("V", "A", 60), holds("V", "T", 30)],
        )
    )
    assert (size.category, size.sums.headcount.total) == ("medium", 30)


def test_a_public_body_with_a_quarter_of_an_owner_is_for_a_person():
    owner = [holds("G", "H", 49), holds("H", "A", 49)]
    entities = (over_years("A", 20, 20), over_years("H", 20, 20))
    public = kmo.size_of(graph(*entities, entity("G", None, kind="public_body"), holdings=owner))
    assert (doubts(public), public.needs_a_person) == ({"public-in-group"}, True)


def test_shares_that_a_daughter_holds_in_its_mother_are_for_a_person():
    size = kmo.size_of(
        graph(
            *(over_years("A", 20, 20), over_years("D", 5, 5), over_years("B", 200, 200)),
            holdings=[holds("A", "D", 100), holds("D", "A", 30), holds("B", "A", 40)],
        )
    )
    assert (doubts(size), size.needs_a_person) == ({"holds-itself"}, True)


def test_whose_earlier_accounts_are_missing_is_told():
    size = kmo.size_of(
        graph(
            *(over_years("A", 20, 20), over_years("B", 900)),
            holdings=[holds("B", "A", 60)],
        )
    )
    assert [d.who for d in size.doubts if d.why == "history-short"] == [("B",)]


# ---- What mutants asked for, once more -----------------------------------------------------------


def test_accounts_that_do_not_all_say_when_they_closed_follow_by_their_years():
    dated = kmo.Period(2021, SMALL, closed_on=date(2021, 12, 31))
    for periods in ((dated, kmo.Period(2020, SMALL)), (kmo.Period(2022, SMALL), dated)):
        size = kmo.size_of(graph(replace(entity("A"), periods=periods)))
        assert len(size.periods) == 2


def test_a_year_after_one_that_is_not_whole_counts_no_more():
    own = over_years("A", 260, 200, 240, last=2021)
    daughter = replace(entity("B"), periods=tuple(kmo.Period(year, SMALL) for year in (2021, 2019)))
    size = kmo.size_of(graph(own, daughter, holdings=[holds("A", "B", 100)]))
    assert (size.category, doubts(size)) == ("large", {"history-short"})


@pytest.mark.parametrize(
    "holdings", [[("A", "D", 100), ("D", "A", 30)], [("A", "A", 10), ("P", "A", 90)]]
)
def test_large_as_it_stands_a_share_in_oneself_is_still_for_a_person(holdings):
    entities = (over_years("A", 900, 900), over_years("D", 5, 5), person("P"))
    size = kmo.size_of(graph(*entities, holdings=[holds(*held) for held in holdings]))
    assert (size.category, size.needs_a_person) == ("large", True)


def test_a_year_of_which_a_partner_is_silent_is_no_second_year():
    """By one of two years: what the year before would tell is not known, so one stands alone."""
    own, partner = over_years("A", 260, 240), over_years("D", 4)
    held = [holds("D", "A", 25)]
    size = kmo.size_of(graph(own, partner, holdings=held), rule=kmo.PERIOD_RULES[1])
    assert (size.category, doubts(size)) == ("large", {"history-short"})


def test_large_by_one_year_alone_is_for_a_person():
    size = kmo.size_of(graph(over_years("A", 900)))
    assert (size.category, doubts(size), size.needs_a_person) == ("large", {"history-short"}, True)


def test_who_owns_one_enterprise_and_who_owns_another_are_not_the_same_persons():
    two = [entity(key, markets=frozenset("m")) for key in "AB"]
    holdings = [holds("P", "A", 60), holds("Q", "B", 60)]
    size = kmo.size_of(graph(*two, person("P"), person("Q"), holdings=holdings))
    assert (size.relation, doubts(size)) == ("autonomous", set())


def test_who_acts_jointly_with_the_owner_is_not_tied_by_what_the_owner_has_alone():
    two = [entity(key, markets=frozenset("m")) for key in "AE"]
    size = kmo.size_of(
        graph(
            *(*two, person("P")),
            holdings=[holds("P", "A", 60), holds("E", "A", 10)],
            findings=kmo.Findings(acting_jointly=(("P", "E"),)),
        )
    )
    assert size.relation == "autonomous"


@pytest.mark.parametrize("above", "0Z")
def test_an_owner_with_a_public_quarter_is_for_a_person_by_whatever_name(above):
    body = entity("G", None, kind="public_body")
    holdings = [holds("G", above, 30), holds(above, "A", 60)]
    size = kmo.size_of(graph(entity("A"), entity(above), body, holdings=holdings))
    assert "public-in-group" in doubts(size)


def test_what_others_hold_does_not_count_for_a_public_owner():
    holdings = [holds("G", "A", 20), holds("P", "A", 30)]
    body = entity("G", SMALL, public=True)
    size = kmo.size_of(graph(entity("A"), body, person("P"), holdings=holdings))
    assert doubts(size) == set()


def test_accounts_with_years_between_them_do_not_follow():
    closings = (date(2021, 12, 31), date(2018, 12, 31))
    periods = tuple(kmo.Period(day.year, SMALL, closed_on=day) for day in closings)
    assert len(kmo.size_of(graph(replace(entity("A"), periods=periods))).periods) == 1


@pytest.mark.parametrize("other", "BP")
def test_a_quarter_of_others_is_no_quarter_of_an_owner_in_public_hands(other):
    holdings = [holds("G", "H", 30), holds("H", "A", 20), holds(other, "A", 30)]
    body = entity("G", None, kind="public_body")
    size = kmo.size_of(graph(*map(entity, ("A", "H", other)), body, holdings=holdings))
    assert doubts(size) == set()


def test_large_by_a_sum_of_the_group_to_check_is_for_a_person():
    periods = tuple(replace(p, whole_group=True) for p in over_years("A", 300, 300).periods)
    own = replace(over_years("A", 300, 300), periods=periods)
    holdings = [holds("A", "B", 100)]
    size = kmo.size_of(graph(own, over_years("B", 400, 400), holdings=holdings))
    assert (size.is_sme, doubts(size), size.needs_a_person) == (
        *(False, {"whole-group-to-check"}, True),
    )


def test_one_year_that_is_not_known_is_no_short_history():
    unknown = entity("A", kmo.Figures(None, None, None), years=(2023,))
    assert "history-short" not in doubts(kmo.size_of(graph(unknown)))


@pytest.mark.parametrize(("before", "follows"), [(date(2022, 1, 31), 2), (date(2021, 12, 31), 1)])
def test_a_period_of_almost_two_years_follows_the_one_before(before, follows):
    periods = tuple(kmo.Period(day.year, SMALL, day) for day in (date(2023, 12, 31), before))
    assert len(kmo.size_of(graph(replace(entity("A"), periods=periods))).periods) == follows


def test_a_partner_that_left_and_had_made_it_large_is_for_a_person():
    left = replace(holds("G", "A", 49), valid_until=date(2024, 2, 1))
    own, partner = over_years("A", 40, 40, 40), over_years("G", 9000, 9000, 9000)
    size = kmo.size_of(graph(own, partner, holdings=[left]), on=date(2024, 3, 1))
    assert (size.category, doubts(size)) == ("large", {"ownership-changed"})


def test_of_a_size_that_is_not_known_it_is_not_told_that_the_accounts_are_old():
    unknown = entity("A", kmo.Figures(D(40), None, None), years=(2019,))
    size = kmo.size_of(graph(unknown), on=date(2024, 3, 1))
    assert (size.is_sme, doubts(size)) == (None, set())


@pytest.mark.parametrize("stranger", "0X")
def test_what_an_owner_and_a_stranger_are_to_one_another_does_not_matter(stranger):
    shares = [holds(key, "A", 20) for key in H_J]
    one_person = [holds("P", "H", 60), holds("P", stranger, 60)]
    entities = [over_years(key, 1000, 1000) for key in (*H_J, stranger)]
    known = graph(over_years("A", 20, 20), *entities, person("P"), holdings=shares + one_person)
    assert doubts(kmo.size_of(known)) == set()


@pytest.mark.parametrize("daughter", "0Z")
def test_what_a_public_body_holds_in_a_daughter_does_not_matter(daughter):
    held = [holds("A", daughter, 60), holds("G", daughter, 30)]
    # Nor what that daughter holds in another.
    held += [holds("A", "Y", 60), holds(daughter, "Y", 30)]
    body = entity("G", None, kind="public_body")
    size = kmo.size_of(graph(*map(entity, ("A", daughter, "Y")), body, holdings=held))
    assert doubts(size) == set()


def test_the_markets_of_two_owners_who_are_linked_anyway_do_not_matter():
    holdings = [holds("P", "X", 100), holds("X", "Y", 60), holds("X", "A", 15), holds("Y", "A", 12)]
    size = kmo.size_of(graph(*map(entity, "AXY"), person("P"), holdings=holdings))
    assert (size.relation, size.partners[0].pct, doubts(size)) == ("partner", 27, set())


def test_after_a_takeover_no_year_before_it_is_missed():
    bought = replace(holds("G", "A", 100), valid_from=date(2022, 1, 10))
    known = graph(entity("A"), entity("G", BIG), holdings=[bought])
    size = kmo.size_of(known, on=date(2022, 2, 1))
    assert (size.ownership_changed, size.category, doubts(size)) == (True, "large", set())


def test_who_states_that_the_owners_changed_is_not_asked_again():
    before = tuple(kmo.Period(year, SMALL, whole_group=True) for year in (2020, 2019))
    own = replace(entity("A"), periods=(*entity("A").periods, *before))
    known = graph(own, entity("G", BIG), holdings=[holds("G", "A", 100)], ownership_changed=True)
    size = kmo.size_of(known)
    assert (size.category, doubts(size), size.needs_a_person) == ("large", set(), False)


def test_a_short_history_is_that_of_the_enterprise_where_nobody_is_silent():
    assert kmo.size_of(graph(entity("A", BIG))).doubts == (
        kmo.Doubt("history-short", ("A",), only_adds=False),
    )


@pytest.mark.parametrize("control", kmo.CONTROLS)
def test_what_a_person_controls_otherwise_than_by_votes_is_linked_on_one_market(control):
    on_one = [entity(key, markets=frozenset({"m"})) for key in "AB"]
    holdings = [holds("P", "A", 30, control=control), holds("P", "B", 100)]
    size = kmo.size_of(graph(*on_one, person("P"), holdings=holdings))
    assert (size.relation, size.sums.headcount.total) == ("linked", 40)


def test_without_a_day_nobody_joined_or_left():
    bought = replace(holds("G", "A", 100), valid_from=date(2021, 6, 1))
    years = {"years": (2021, 2020)}
    size = kmo.size_of(graph(entity("A", **years), entity("G", BIG, **years), holdings=[bought]))
    assert (size.ownership_changed, len(size.periods)) == (False, 2)


def test_sums_of_a_group_that_changed_since_are_to_be_checked():
    own = replace(entity("A"), periods=(kmo.Period(2021, SMALL, whole_group=True),))
    assert doubts(kmo.size_of(graph(own, ownership_changed=True))) == {"whole-group-to-check"}


def test_sums_of_a_group_are_held_against_what_is_known_of_a_member():
    stated = kmo.Period(2021, kmo.Figures(D(20), None, D(2_000_000)), whole_group=True)
    own, member = replace(entity("A"), periods=(stated,)), kmo.Figures(D(5), D(1), None)
    size = kmo.size_of(graph(own, entity("B", member), holdings=[holds("A", "B", 100)]))
    assert (size.category, doubts(size)) == ("small", set())


def test_of_an_enterprise_in_public_hands_its_partner_is_not_asked_about():
    held = [holds("G", "B", 51), holds("B", "A", 30)]
    body = entity("G", None, kind="public_body")
    size = kmo.size_of(graph(*map(entity, "AB"), body, holdings=held))
    assert (size.public, doubts(size)) == (True, set())


def test_what_an_owner_in_public_hands_holds_elsewhere_does_not_matter():
    held = [holds("G", "H", 30), holds("H", "A", 10), holds("H", "X", 30)]
    body = entity("G", None, kind="public_body")
    assert doubts(kmo.size_of(graph(*map(entity, "AHX"), body, holdings=held))) == set()


def test_what_others_control_together_elsewhere_does_not_matter():
    found = kmo.Findings(acting_jointly=(("B", "C"),))
    held = [holds("B", "X", 30), holds("C", "X", 30)]
    assert doubts(kmo.size_of(graph(*map(entity, "ABCX"), holdings=held, findings=found))) == set()


def test_investors_who_act_jointly_are_linked_on_whatever_market():
    investors = [
        entity(key, kind="venture_capital", markets=frozenset({"funds"})) for key in ("V", "W")
    ]
    own = entity("A", markets=frozenset({"hosting"}))
    found = kmo.Findings(acting_jointly=(("V", "W"),))
    held = [holds("V", "A", 30), holds("W", "A", 30)]
    size = kmo.size_of(graph(own, *investors, holdings=held, findings=found))
    assert (size.relation, size.sums.headcount.total) == ("linked", 60)


def test_a_partner_may_have_more_than_the_sums_of_the_group():
    own = replace(entity("A"), periods=(kmo.Period(2021, SMALL, whole_group=True),))
    size = kmo.size_of(graph(own, over_years("B", 60, last=2021), holdings=[holds("B", "A", 25)]))
    assert (size.relation, doubts(size)) == ("partner", set())


def test_consolidated_accounts_of_who_is_counted_are_no_question():
    own = replace(entity("A"), included_in="H")
    assert doubts(kmo.size_of(graph(own, entity("H"), holdings=[holds("H", "A", 80)]))) == set()


def test_what_others_hold_beside_us_in_our_daughter_must_be_a_quarter_to_matter():
    held = [holds("A", "B", 60), holds("H", "B", 5), holds("J", "B", 5)]
    held += [holds("P", "H", 100), holds("P", "J", 100)]
    size = kmo.size_of(graph(*map(entity, "ABHJ"), person("P"), holdings=held))
    assert doubts(size) == set()


def test_the_same_persons_behind_two_owners_who_are_linked_anyway_do_not_matter():
    held = [holds("P", "X", 60), holds("Q", "X", 40), holds("X", "Y", 60)]
    held += [holds("X", "A", 15), holds("Y", "A", 12)]
    size = kmo.size_of(graph(*map(entity, "AXY"), *map(person, "PQ"), holdings=held))
    assert (size.relation, doubts(size)) == ("partner", set())
