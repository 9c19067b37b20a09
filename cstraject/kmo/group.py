"""The figures of an enterprise with all that counts with it, and the category they give.

Recommendation 2003/361/EC, Annex, articles 3(4), 4 and 6. Every line that was added up is kept,
so that a person can follow the sum.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from itertools import pairwise

from cstraject.kmo.ownership import (
    AUTHORITIES,
    PARTNER,
    PERSON,
    WHOLE,
    ZERO,
    Doubt,
    Entity,
    Findings,
    Holding,
    Partner,
    Period,
    Structure,
    Tie,
    share_of,
)
from cstraject.kmo.size import (
    CEILINGS,
    TWO_CONSECUTIVE,
    Figures,
    Status,
    Sums,
    category_of,
    status_after,
    within,
)

OWN, LINKED, PARTNERS, LINKED_TO_PARTNER = RELATIONS = (
    *("own", "linked"),
    *("partner", "linked_to_partner"),
)
AUTONOMOUS = "autonomous"
# Months after which newer accounts should have been approved and filed.
ACCOUNTS_OLD_AFTER = 24
NO_FIGURES = Figures(None, None, None)


@dataclass(frozen=True)
class Line:
    """One enterprise in the sum: its relation, its figures, and for how much of them it counts."""

    entity: Entity
    relation: str
    pct: Decimal
    """What the relation says: 100 % linked, a partner's share, nothing beyond."""
    added_pct: Decimal
    """What was added: less, if somebody's consolidated accounts hold it already."""
    added_staff_pct: Decimal
    period: Period | None
    """None: no figures of this year are known."""

    @property
    def figures(self) -> Figures:
        return self.period.figures if self.period else NO_FIGURES


@dataclass(frozen=True)
class LeftOut:
    """Somebody in the graph who counts for nothing, and why."""

    entity: Entity
    why: str


@dataclass(frozen=True)
class PeriodSum:
    """One accounting period of the group added up, with the category it would give alone."""

    year: int
    sums: Sums
    category: str | None
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Size:
    """The category and everything it rests on; None where it cannot be told.

    `raw_category` is that of the latest period before the period rule.
    """

    category: str | None
    is_sme: bool | None
    raw_category: str | None
    relation: str
    """The strongest relation that counts: autonomous, partner or linked."""
    public: bool
    public_holders: tuple[Holding, ...]
    periods: tuple[PeriodSum, ...]
    """Newest first: those that the status was told from."""
    ownership_changed: bool
    """The last accounts decide alone, with the owners of today [R-SME-33]."""
    ties: tuple[Tie, ...]
    partners: tuple[Partner, ...]
    left_out: tuple[LeftOut, ...]
    doubts: tuple[Doubt, ...]
    contradictions: tuple[Doubt, ...]

    @property
    def lines(self) -> tuple[Line, ...]:
        """The lines of the latest period."""
        return self.periods[0].lines if self.periods else ()

    @property
    def sums(self) -> Sums:
        """The sums of the latest period."""
        return self.periods[0].sums if self.periods else Sums()

    @property
    def missing(self) -> tuple[str, ...]:
        """Whose figures of the latest period are not known, wholly or in part."""
        return self.sums.missing

    @property
    def needs_a_person(self) -> bool:
        """Whether somebody must look before the result is relied on."""
        if self.contradictions:
            return True
        return any(self.is_sme is not False or not doubt.only_adds for doubt in self.doubts)


@dataclass(frozen=True)
class Graph:
    """All that is known of an applicant's owners and daughters, over time."""

    applicant: str
    entities: Mapping[str, Entity]
    holdings: tuple[Holding, ...] = ()
    findings: Findings = field(default_factory=Findings)
    ownership_changed: bool = False
    """Stated so, of after the last accounts."""
    dispersed_capital: bool = False
    """Declared in good faith: nobody is known to hold a quarter (article 3(5))."""

    def on(self, day: date | None) -> Structure:
        """Who is tied to whom on a day; without a day, whatever is stated."""
        holdings = [h for h in self.holdings if day is None or h.held_on(day)]
        return Structure(self.entities, holdings, self.findings)


def size_of(graph: Graph, *, on: date | None = None, rule: str = TWO_CONSECUTIVE) -> Size:
    """The size of the applicant on a day, with linked and partner enterprises counted (article 6).

    Figures are added year by year, back from the applicant's latest accounts that were closed on
    that day, for as long as everybody who counts has figures. A year from before a takeover or
    merger is not looked at: the last accounts then decide with the owners of today [R-SME-33].
    Where a figure is not known the category is only told when no value of it could change it.
    """
    now = graph.on(on)
    group = now.group_of(graph.applicant)
    partners = now.partners_of(group)
    years = _years(graph, now, on)
    change = _takeover(graph, now, years)
    deciding = years if change is None else years[: max(1, change)]
    periods = [year.summed for year in deciding if year.whole]
    status = status_after([period.sums for period in periods], rule=rule)
    raw = periods[0].category if periods else None
    if periods and raw is None:
        # The last accounts must be there, also where the one before could carry the status.
        told = within("medium", periods[0].sums) is not None
        status = Status(None, status.is_sme if told else None)
    doubts = _doubts(now, graph, group, partners)
    public = now.is_public(graph.applicant)
    if public:
        status, raw = Status("large", False), "large"
    elif periods and status.is_sme is not None:
        doubts += _doubts_about_years(graph, now, years, change, status, on=on, rule=rule)
    contradictions = _about(now.contradictions(), group | _reach(now, graph.applicant))
    if contradictions:
        status, raw = Status(None, None), None
    return Size(
        category=status.category,
        is_sme=status.is_sme,
        raw_category=raw,
        relation=LINKED if len(group) > 1 else PARTNERS if partners else AUTONOMOUS,
        public=public,
        public_holders=tuple(now.public_holdings(graph.applicant)),
        periods=tuple(periods),
        ownership_changed=change is not None,
        ties=tuple(now.ties),
        partners=tuple(partners),
        left_out=tuple(_left_out(now, group, partners)),
        doubts=tuple(doubts),
        contradictions=contradictions,
    )


# ---- Back through the years ----------------------------------------------------------------------


@dataclass(frozen=True)
class _Year:
    """A period added up: the last with the owners of today, those before with those of then."""

    period: Period
    then: Structure
    summed: PeriodSum
    whole: bool
    """Everybody who counts has figures of it, or it exceeds the ceilings without them."""


def _years(graph: Graph, now: Structure, on: date | None) -> list[_Year]:
    """The periods that follow one another back from the last that was closed on a day.

    It ends with the first that is not whole.
    """
    found: list[_Year] = []
    closed = [p for p in _closed(graph.entities[graph.applicant], on) if not p.estimate]
    # An estimate is for an enterprise without approved accounts (article 4(3)) [R-SME-35].
    for period in closed or _closed(graph.entities[graph.applicant], on):
        if found and not (found[-1].whole and _follows(found[-1].period, period)):
            break
        then = graph.on(period.closing) if on else now
        lines = _lines(then if found else now, graph.applicant, period, on)
        sums = _added(lines)
        whole = all(line.period for line in lines) or within("medium", sums) is False
        summed = PeriodSum(period.year, sums, category_of(sums), lines)
        found.append(_Year(period, then, summed, whole or not found))
    return found


def _closed(entity: Entity, on: date | None) -> list[Period]:
    """The periods that were closed on a day; an estimate is of a year that still runs."""
    return [p for p in entity.periods if on is None or p.estimate or p.closing <= on]


def _follows(later: Period, earlier: Period) -> bool:
    """Whether no period lies between; one of more than a year can leave a calendar year out."""
    if later.closed_on and earlier.closed_on:
        return _months(later.closed_on, earlier.closed_on) < 24
    return earlier.year == later.year - 1


def _months(later: date, earlier: date) -> int:
    return (later.year - earlier.year) * 12 + later.month - earlier.month


def _takeover(graph: Graph, now: Structure, years: Sequence[_Year]) -> int | None:
    """The first period back that closed before the linked group became what it is now [R-SME-33].

    Who had no figures yet of that period was founded since, as far as is known.
    """
    if graph.ownership_changed:
        return 0
    for nth, year in enumerate(years):
        if any(
            now.entities[key].period(year.period.year) for key in _joined_or_left(now, year, graph)
        ):
            return nth
    return None


def _joined_or_left(now: Structure, year: _Year, graph: Graph) -> frozenset[str]:
    return now.group_of(graph.applicant) ^ year.then.group_of(graph.applicant)


def _doubts_about_years(
    graph: Graph,
    now: Structure,
    years: Sequence[_Year],
    change: int | None,
    status: Status,
    *,
    on: date | None,
    rule: str,
) -> list[Doubt]:
    """Where the answer hangs on how a change of owners is read, or on years that are not known."""
    found = []
    last = years[0].period
    if on and _months(on, last.closing) > ACCOUNTS_OLD_AFTER:
        found.append(Doubt("accounts-old", (graph.applicant,), only_adds=False))
    if on and last.estimate and last.year != on.year:
        found.append(Doubt("estimate-of-another-year", (graph.applicant,), only_adds=False))
    if last.whole_group and (change is not None or _exceeded_by_a_member(now, graph, last, on)):
        found.append(Doubt("whole-group-to-check", (graph.applicant,), only_adds=False))
    sums = [year.summed.sums for year in years if year.whole]
    other = status_after(sums[:1] if change is None else sums, rule=rule)
    if other.is_sme is not status.is_sme and not graph.ownership_changed:
        found += _doubts_about_change(graph, now, years, change, on)
    inside = [within("medium", each) for each in sums]
    undecided = all(one is not two for one, two in pairwise(inside))
    # A year within the ceilings is enough to begin with; one above them proves nothing alone.
    above = inside[0] is False or (len(years) > 1 and not status.is_sme)
    # With one year alone no rule is met that asks for two.
    asks_two = rule == TWO_CONSECUTIVE or len(sums) == 1
    if undecided and above and change is None and asks_two:
        found.append(Doubt("history-short", _who_tells_no_more(graph, years), only_adds=False))
    return found


def _exceeded_by_a_member(structure: Structure, graph: Graph, of: Period, on: date | None) -> bool:
    """Whether somebody in the group alone has more than what is stated as the sum of the group."""
    figures = [
        (line.figures, of.figures)
        for line in _lines(structure, graph.applicant, replace(of, whole_group=False), on)
        if line.relation == LINKED
    ]
    return any(
        own is not None and stated is not None and own > stated
        for alone, group in figures
        for own, stated in (
            (alone.headcount, group.headcount),
            (alone.turnover, group.turnover),
            (alone.balance_total, group.balance_total),
        )
    )


def _who_tells_no_more(graph: Graph, years: Sequence[_Year]) -> tuple[str, ...]:
    """Whose figures of the year before those that count are not known; the applicant's, if none."""
    silent = [line.entity.key for line in years[-1].summed.lines if not line.period]
    return tuple(silent) or (graph.applicant,)


def _doubts_about_change(
    graph: Graph, now: Structure, years: Sequence[_Year], change: int | None, on: date | None
) -> list[Doubt]:
    """Whether a change of owners makes the last accounts decide alone, where that matters.

    A takeover does not, if the last accounts are the same side of the ceilings without it. Who
    joined without figures may have been founded or taken over; a partner is no takeover, and yet
    can be what makes the enterprise exceed.
    """
    group = now.group_of(graph.applicant)

    def decisive(year: _Year) -> bool:
        before = _added(_lines(year.then, graph.applicant, years[0].period, on))
        return within("medium", before) is not within("medium", years[0].summed.sums)

    if change is not None:
        who = _joined_or_left(now, years[change], graph)
        return [] if decisive(years[change]) else [_changed(who)]
    for year in years:
        if joined := _joined_or_left(now, year, graph):
            return [_changed(joined)]
        if now.partners_of(group) != year.then.partners_of(group) and decisive(year):
            return [_changed(group)]
    return []


def _changed(who: Set[str]) -> Doubt:
    return Doubt("ownership-changed", tuple(sorted(who)), only_adds=False)


def _lines(structure: Structure, applicant: str, of: Period, on: date | None) -> tuple[Line, ...]:
    """Everybody who counts in a period, the applicant first, then by relation and key.

    Accounts that were not closed on a day are not looked at.
    """
    group = structure.group_of(applicant)
    if of.whole_group:
        entity = structure.entities[applicant]
        return (Line(entity, OWN, WHOLE, WHOLE, WHOLE, of),)
    counts: dict[str, tuple[str, Decimal]] = dict.fromkeys(group, (LINKED, WHOLE))
    for partner in structure.partners_of(group):
        held_by_us = partner.held in partner.members
        direct = {partner.held} if held_by_us else set(partner.holders)
        for key in partner.members:
            counts[key] = (PARTNERS if key in direct else LINKED_TO_PARTNER, partner.pct)
    counts[applicant] = (OWN, WHOLE)
    covered = {key: _covered(structure, key, counts) for key in counts}
    lines = []
    for key, (relation, pct) in counts.items():
        entity = structure.entities[key]
        added = max(ZERO, pct - covered[key])
        staff = added if entity.staff_included else pct
        period = next((p for p in _closed(entity, on) if p.year == of.year), None)
        lines.append(Line(entity, relation, pct, added, staff, period))
    return tuple(sorted(lines, key=lambda line: (RELATIONS.index(line.relation), line.entity.key)))


def _covered(structure: Structure, key: str, counts: Mapping[str, tuple[str, Decimal]]) -> Decimal:
    """How much of an enterprise is in the sum already, through consolidated accounts [R-SME-53]."""
    share, covered, below = WHOLE, ZERO, key
    for above in structure.consolidators_of(key):
        share = share * structure.entities[below].included_pct / WHOLE
        if above in counts:
            covered = max(covered, share * counts[above][1] / WHOLE)
        below = above
    return covered


def _added(lines: Sequence[Line]) -> Sums:
    sums = Sums()
    for line in lines:
        sums = sums.plus(
            line.figures,
            share=line.added_pct / WHOLE,
            staff_share=line.added_staff_pct / WHOLE,
            whose=line.entity.key,
        )
    return sums


def _reach(structure: Structure, applicant: str) -> set[str]:
    """Everybody who hangs together with the applicant by any holding, findings left aside."""
    reach, frontier = {applicant}, [applicant]
    while frontier:
        at = frontier.pop()
        for holding in structure.holdings:
            if at in (holding.owner, holding.owned):
                for other in {holding.owner, holding.owned} - reach:
                    reach.add(other)
                    frontier.append(other)
    return reach


def _about(doubts: Sequence[Doubt], reach: Set[str]) -> tuple[Doubt, ...]:
    return tuple(doubt for doubt in doubts if reach & set(doubt.who))


def _doubts(
    structure: Structure, graph: Graph, group: frozenset[str], partners: Sequence[Partner]
) -> list[Doubt]:
    found = structure.doubts_about(group, *(partner.members for partner in partners))
    counted = group.union(*(partner.members for partner in partners))
    for key in sorted(group):
        if key == graph.applicant or graph.applicant in structure.controlled_by({key}):
            if structure.is_public(key) and key != graph.applicant:
                found.append(Doubt("public-in-group", (key,)))
            elif together := structure.public_with_exempt(key):
                found.append(Doubt("public-with-exempt", together))
        found += [
            Doubt("consolidated-outside", (key, above))
            for above in structure.consolidators_of(key)
            if above not in counted
        ]
    for holder in sorted({h.owner for h in structure.holdings if h.owned in group} - group):
        theirs = [h for h in structure.holdings if h.owner == holder and h.owned in group]
        if (
            structure.entities[holder].has_accounts
            and share_of(theirs) >= PARTNER
            and structure.is_public(holder)
            and not structure.is_public(graph.applicant)
        ):
            found.append(Doubt("public-in-group", (holder,)))
    if graph.dispersed_capital:
        found.append(Doubt("dispersed-capital", (graph.applicant,)))
    return found


def _left_out(
    structure: Structure, group: frozenset[str], partners: Sequence[Partner]
) -> list[LeftOut]:
    counted = group.union(*(partner.members for partner in partners))
    found = []
    for key in sorted(structure.entities.keys() - counted):
        entity = structure.entities[key]
        held = [h for h in structure.holdings if h.owner == key and h.owned in group]
        holds = [h for h in structure.holdings if h.owned == key and h.owner in group]
        if entity.kind == PERSON:
            why = "natural-person"
        elif any(structure.is_exempt(key, h.owned) for h in held) and share_of(held) >= PARTNER:
            why = "exempt-investor"
        elif entity.kind in AUTHORITIES:
            why = "public-body"
        elif held or holds:
            why = "below-a-quarter"
        else:
            why = "beyond-partners"
        found.append(LeftOut(entity, why))
    return found


@dataclass(frozen=True)
class Pivot:
    """A holding without which the answer would be another."""

    holding: Holding
    category: str | None
    is_sme: bool | None


def pivots_of(
    graph: Graph, size: Size, *, on: date | None = None, rule: str = TWO_CONSECUTIVE
) -> list[Pivot]:
    """What would change it: each holding without which the enterprise would pass, or not pass."""
    found = []
    for nth, holding in enumerate(graph.holdings):
        rest = (*graph.holdings[:nth], *graph.holdings[nth + 1 :])
        other = size_of(replace(graph, holdings=rest), on=on, rule=rule)
        if other.is_sme is not size.is_sme:
            found.append(Pivot(holding, other.category, other.is_sme))
    return found


def room_of(size: Size) -> dict[str, Decimal]:
    """How far the latest sums are under the ceilings of an SME; below zero is above them."""
    headcount_max, turnover_max, balance_max = CEILINGS["medium"]
    sums = size.sums
    return {
        "headcount": headcount_max - sums.headcount.known,
        "turnover": turnover_max - sums.turnover.known,
        "balance_total": balance_max - sums.balance_total.known,
    }
