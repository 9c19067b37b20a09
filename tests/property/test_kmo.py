"""The SME definition, whatever the group: conservation, order, monotony, the unknown."""

from dataclasses import replace
from decimal import Decimal as D

from hypothesis import assume, given
from hypothesis import strategies as st

from cstraject import kmo

ORDER = {category: nth for nth, category in enumerate(kmo.CATEGORIES)}
NAMES = ("A", "B", "C", "D", "E", "F")

amounts = st.decimals(0, 60_000_000, places=2)
headcounts = st.decimals(0, 300, places=2)
figures = st.builds(kmo.Figures, headcounts, amounts, amounts)
partly_known = st.builds(
    kmo.Figures, st.none() | headcounts, st.none() | amounts, st.none() | amounts
)
shares = st.sampled_from(
    [D(n) for n in ("5", "10", "20", "24.99", "25", "30", "50", "50.01", "75")]
)
kinds = st.sampled_from(["enterprise"] * 4 + ["natural_person", "public_body", "venture_capital"])


@st.composite
def graphs(draw, each=figures, kinds=kinds, periods=1):
    """A few enterprises, persons and bodies that hold each other in whatever way."""
    names = NAMES[: draw(st.integers(1, len(NAMES)))]
    entities = {
        name: kmo.Entity(
            name,
            name,
            "enterprise" if name == "A" else draw(kinds),
            tuple(kmo.Period(2022 - nth, draw(each)) for nth in range(periods)),
            markets=frozenset(draw(st.sampled_from([(), ("m",), ("n",)]))),
        )
        for name in names
    }
    pairs = draw(
        st.lists(
            st.tuples(st.sampled_from(names), st.sampled_from(names)).filter(
                lambda p: p[0] != p[1]
            ),
            unique=True,
            max_size=8,
        )
    )
    holdings = tuple(kmo.Holding(owner, owned, *(draw(shares),) * 2) for owner, owned in pairs)
    graph = kmo.Graph("A", entities, holdings)
    assume(not graph.on(None).contradictions())
    return graph


def told(size):
    return (
        *(size.category, size.is_sme, size.raw_category, size.relation, size.public),
        tuple(figure.total for figure in (size.sums.headcount, size.sums.turnover)),
        size.sums.balance_total.total,
        {(line.entity.key, line.relation, line.pct) for line in size.lines},
    )


@given(graphs(), st.randoms(use_true_random=False))
def test_the_order_of_holdings_and_entities_changes_nothing(graph, random):
    holdings, keys = list(graph.holdings), list(graph.entities)
    random.shuffle(holdings)
    random.shuffle(keys)
    other = replace(
        graph, entities={key: graph.entities[key] for key in keys}, holdings=tuple(holdings)
    )

    assert told(kmo.size_of(other)) == told(kmo.size_of(graph))


@given(graphs(), st.permutations(NAMES))
def test_names_change_nothing(graph, names):
    new = dict(zip(NAMES, (f"n-{name}" for name in names), strict=True))
    renamed = kmo.Graph(
        new["A"],
        {new[k]: replace(e, key=new[k]) for k, e in graph.entities.items()},
        tuple(replace(h, owner=new[h.owner], owned=new[h.owned]) for h in graph.holdings),
    )
    before, after = told(kmo.size_of(graph)), told(kmo.size_of(renamed))

    assert after[:-1] == before[:-1]
    assert after[-1] == {(new[key], *rest) for key, *rest in before[-1]}


@given(graphs(kinds=st.just("enterprise")), figures, st.sampled_from(NAMES), shares)
def test_a_further_holder_or_daughter_never_makes_the_group_smaller(graph, more, whom, share):
    """With one period; the period rule may carry an earlier status."""
    assume(whom in graph.entities)
    entities = {**graph.entities, "Z": kmo.Entity("Z", periods=(kmo.Period(2022, more),))}
    daughter = kmo.Holding(whom, "Z", share, share)
    before = kmo.size_of(graph)
    after = kmo.size_of(replace(graph, entities=entities, holdings=(*graph.holdings, daughter)))

    assert ORDER[after.category] >= ORDER[before.category]
    assert after.sums.headcount.known >= before.sums.headcount.known


@given(graphs(periods=3), st.sampled_from(NAMES), st.integers(0, 2), figures)
def test_the_category_is_monotone_in_each_figure(graph, whose, when, more):
    assume(whose in graph.entities)
    entity = graph.entities[whose]
    periods = list(entity.periods)
    old = periods[when].figures
    periods[when] = replace(
        periods[when],
        figures=kmo.Figures(
            old.headcount + more.headcount,
            old.turnover + more.turnover,
            old.balance_total + more.balance_total,
        ),
    )
    larger = {**graph.entities, whose: replace(entity, periods=tuple(periods))}
    before, after = kmo.size_of(graph), kmo.size_of(replace(graph, entities=larger))

    assert ORDER[after.category] >= ORDER[before.category]


@given(
    own=figures,
    daughters=st.lists(figures, max_size=4),
    partners=st.lists(st.tuples(st.sampled_from([D(25), D(30), D(50)]), figures), max_size=3),
)
def test_a_tree_adds_up_as_by_hand(own, daughters, partners):
    """Daughters in full, partners pro rata, a partner's own daughter inside its share."""
    entities = {"A": kmo.Entity("A", periods=(kmo.Period(2022, own),))}
    holdings = []
    by_hand = [own.headcount, own.turnover, own.balance_total]

    def add(key, holder, pct, its, weight):
        entities[key] = kmo.Entity(key, periods=(kmo.Period(2022, its),))
        holdings.append(kmo.Holding(holder, key, pct, pct))
        for nth, value in enumerate((its.headcount, its.turnover, its.balance_total)):
            by_hand[nth] += weight * value / 100

    holder = "A"
    for nth, its in enumerate(daughters):
        add(f"D{nth}", holder, D(100), its, D(100))
        holder = f"D{nth}"
    for nth, (pct, its) in enumerate(partners):
        add(f"P{nth}", "A", pct, its, pct)
        add(f"Q{nth}", f"P{nth}", D(51), its, pct)
        # A partner of the partner counts for nothing.
        entities[f"R{nth}"] = kmo.Entity(f"R{nth}", periods=(kmo.Period(2022, own),))
        holdings.append(kmo.Holding(f"R{nth}", f"P{nth}", D(49), D(49)))

    sums = kmo.size_of(kmo.Graph("A", entities, tuple(holdings))).sums
    assert [sums.headcount.total, sums.turnover.total, sums.balance_total.total] == by_hand


@given(figures, figures, figures, st.sampled_from([D(n) for n in (24, 30, 50, 60, 100)]), shares)
def test_a_holding_split_over_two_linked_holders_equals_one(own, first, second, whole, part):
    assume(part < whole)
    entities = {
        name: kmo.Entity(name, periods=(kmo.Period(2022, its),))
        for name, its in zip("AHS", (own, first, second), strict=True)
    }
    linked = kmo.Holding("H", "S", D(100), D(100))
    one = kmo.Graph("A", entities, (linked, kmo.Holding("H", "A", whole, whole)))
    rest = whole - part
    two = kmo.Graph(
        "A",
        entities,
        (linked, kmo.Holding("H", "A", part, part), kmo.Holding("S", "A", rest, rest)),
    )
    before, after = kmo.size_of(one), kmo.size_of(two)

    assert before.sums == after.sums
    assert (before.category, before.relation) == (after.category, after.relation)


@given(graphs(each=partly_known, periods=2), st.data())
def test_what_is_told_holds_whatever_the_unknown_figures_are(graph, data):
    """A category is only told when no value of an unknown figure could change it."""
    size = kmo.size_of(graph)
    drawn = {
        key: replace(
            entity,
            periods=tuple(
                replace(
                    period,
                    figures=kmo.Figures(
                        *(
                            data.draw(each) if value is None else value
                            for value, each in zip(
                                (
                                    period.figures.headcount,
                                    period.figures.turnover,
                                    period.figures.balance_total,
                                ),
                                (headcounts, amounts, amounts),
                                strict=True,
                            )
                        )
                    ),
                )
                for period in entity.periods
            ),
        )
        for key, entity in graph.entities.items()
    }
    known = kmo.size_of(replace(graph, entities=drawn))

    assert size.category in (None, known.category)
    assert size.is_sme in (None, known.is_sme)
    assert size.raw_category in (None, known.raw_category)


@given(st.lists(figures, min_size=1, max_size=6))
def test_the_period_rule_is_that_of_the_guide(newest_first):
    """A ceiling is lost, or won, when the last two periods agree; else the status stays."""
    sums = [kmo.Sums.of(each) for each in newest_first]

    def keeps(category):
        headcount_max, turnover_max, balance_max = kmo.CEILINGS[category]
        within = [
            f.headcount < headcount_max
            and (f.turnover <= turnover_max or f.balance_total <= balance_max)
            for f in reversed(newest_first)
        ]
        status = within[0]
        for nth in range(1, len(within)):
            if within[nth] is within[nth - 1]:
                status = within[nth]
        return status

    expected = next((c for c in kmo.CEILINGS if keeps(c)), "large")
    assert kmo.status_after(sums).category == expected
    assert kmo.status_after(sums).is_sme is keeps("medium")


@given(st.lists(figures, min_size=1, max_size=4))
def test_one_of_two_periods_is_enough_where_the_edition_says_so(newest_first):
    sums = [kmo.Sums.of(each) for each in newest_first]
    best = min((kmo.category_of(each) for each in sums[:2]), key=ORDER.__getitem__)

    assert kmo.status_after(sums, rule="one_of_two").category == best
