"""De minimis aid: what one undertaking may receive, to the day.

Regulations 1407/2013 and 2023/2831 (general), 360/2012 and 2023/2832 (services of general economic
interest), 1408/2013 with 2019/316 and 2024/3118 (agriculture), 717/2014 with 2023/2391 (fishery).
Amounts in euro, gross. The day of a grant is that of the legal right to it: the approval
[R-DM-02].
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from cstraject import kmo
from cstraject.money import ZERO
from cstraject.quarter import years_later
from cstraject.refusal import Refusal
from cstraject.workdays import working_days_after

OLD, NEW = "1407/2013", "2023/2831"
OUT_OF_SCOPE = "out_of_scope_of_general"
GENERAL, SGEI, AGRICULTURE, FISHERY = FAMILIES = ("general", "sgei", "agriculture", "fishery")
FAMILY_OF = {
    OLD: GENERAL,
    NEW: GENERAL,
    "360/2012": SGEI,
    "2023/2832": SGEI,
    "1408/2013": AGRICULTURE,
    "2019/316": AGRICULTURE,
    "2024/3118": AGRICULTURE,
    "717/2014": FISHERY,
    "2023/2391": FISHERY,
}
ROAD_FREIGHT, ROAD_FREIGHT_APART = "road_freight", "road_freight_mixed_separated"
PRIMARY_AGRICULTURE, PRIMARY_FISHERY = "primary_agriculture", "primary_fishery"
FISH_PROCESSING = "fish_processing"
SECTORS = (
    *(ROAD_FREIGHT, ROAD_FREIGHT_APART, PRIMARY_AGRICULTURE, PRIMARY_FISHERY),
    *("processing", FISH_PROCESSING),
)

# 2023/2831 holds to the end of 2030; for a scheme half a year longer.
FROM_2014, FROM_2024, LAST_DAY = date(2014, 1, 1), date(2024, 1, 1), date(2031, 6, 30)
TRANSITION_ENDS = date(2024, 6, 30)
AGRICULTURE_CHANGES = (date(2019, 3, 14), date(2024, 12, 16))
# Belgium kept neither the register nor the sector cap that would have raised these.
AGRICULTURE_CEILING, FISHERY_CEILING = Decimal(20_000), Decimal(30_000)
REGISTER_SINCE = date(2026, 1, 1)
AGRICULTURE_REGISTER_SINCE = date(2027, 1, 1)
REGISTER_COVERS_THREE_YEARS = date(2029, 1, 1)
REGISTER_WORKING_DAYS = 20
YEARS = 3

ALL = frozenset(FAMILIES)
TOGETHER = frozenset({GENERAL, AGRICULTURE, FISHERY})


@dataclass(frozen=True)
class Aid:
    """De minimis aid granted before: day of the legal right, gross amount, Regulation, to whom."""

    on: date
    amount: Decimal
    regulation: str
    recipient: str
    inherited: bool = False
    """It came with a merger or a split; whoever received it then [R-DM-10, R-DM-11]."""
    allocated: Decimal | None = None
    """The part of it that falls on this undertaking after a split."""
    excluded: bool = False
    """Waived or withdrawn, on record before the new grant (C-608/19)."""
    note: str = ""
    source: str = ""
    """Where it was read, if not where the facts were read it stands in."""

    @property
    def falls_on_us(self) -> Decimal:
        return self.amount if self.allocated is None else self.allocated


@dataclass(frozen=True)
class Undertaking:
    """A single undertaking, and how its fiscal years run (month, day of the first day)."""

    members: frozenset[str]
    fiscal_year: tuple[int, int] = (1, 1)
    through_persons: frozenset[str] = frozenset()
    """Enterprises tied to it by a natural person only: not part of it, but to be looked at."""
    ties: tuple[kmo.Tie, ...] = ()
    """Why its members are members."""


@dataclass(frozen=True)
class Reading:
    """What the law leaves open, as an edition reads it [domain 8]."""

    boundary_counts: bool = True
    """Whether aid of the same day three years earlier still counts: yes, the safe side."""
    old_in_transition: bool = False
    """Whether grants of January to June 2024 cite the old Regulation, as a scheme may."""


DEFAULT_READING = Reading()


@dataclass(frozen=True)
class Limit:
    """A ceiling over aid of some families since a day, and what counts under it."""

    families: frozenset[str]
    ceiling: Decimal
    since: date
    counted: Decimal = ZERO

    @property
    def headroom(self) -> Decimal:
        """Never below zero: aid that was lawful stays so [R-DM-10]."""
        return max(ZERO, self.ceiling - self.counted)


@dataclass(frozen=True)
class CountedAid:
    """One earlier aid: what of it counts now, why (or why not), and from when it counts no more."""

    aid: Aid
    counted: Decimal
    why: str
    frees_on: date | None


@dataclass(frozen=True)
class Headroom:
    """How much may still be granted on a day, under which Regulation, and what was counted."""

    regulation: str
    on: date
    limits: tuple[Limit, ...]
    """The Regulation's own ceiling first, then those over aid that cumulates with it."""
    lines: tuple[CountedAid, ...]
    doubts: tuple[str, ...]

    @property
    def ceiling(self) -> Decimal:
        return self.limits[0].ceiling

    @property
    def since(self) -> date:
        """The first day of the window."""
        return self.limits[0].since

    @property
    def counted(self) -> Decimal:
        return self.limits[0].counted

    @property
    def left(self) -> Decimal:
        """The smallest over all ceilings that apply."""
        return min(limit.headroom for limit in self.limits)

    def allows(self, amount: Decimal) -> bool:
        """All or nothing: what would exceed a ceiling may not be granted in part [R-DM-04]."""
        return self.regulation != OUT_OF_SCOPE and amount <= self.left


@dataclass(frozen=True)
class Release:
    """From a day on, so much more room, and how much room there then is."""

    on: date
    freed: Decimal
    left: Decimal


def undertaking_of(
    graph: kmo.Graph, *, on: date | None, fiscal_year: tuple[int, int]
) -> Undertaking:
    """The applicant with every enterprise tied to it by control, also through others [R-DM-07].

    Partners are no part of it, nor what only a person or a public body ties together.
    """
    everything = graph.on(on)
    control = kmo.Structure(everything.entities, everything.holdings, through_persons=False)
    members = control.group_of(graph.applicant)
    by_persons: set[str] = set()
    for entity in graph.entities.values():
        if entity.kind == "natural_person":
            controlled = control.controlled_by({entity.key})
            if members & set(controlled):
                by_persons |= set(controlled) - members
    ties = tuple(tie for tie in control.ties if members & set(tie.to))
    return Undertaking(members, fiscal_year, frozenset(by_persons), ties)


def regulation_for(
    on: date, *, cited: str | None = None, sector: str | None = None, reading: Reading
) -> tuple[str, tuple[str, ...]]:
    """The Regulation of a grant by its day, and what a person must judge about it [R-DM-01].

    A Regulation that is cited is followed where it can hold on that day.
    """
    if cited is not None and FAMILY_OF[cited] != GENERAL:
        return cited, ()
    doubts = []
    general = OLD if on < FROM_2024 else NEW
    if general == NEW and on <= TRANSITION_ENDS and reading.old_in_transition:
        general = OLD
    if cited == OLD and on > TRANSITION_ENDS:
        doubts.append("regulation-expired")
    elif cited is not None:
        if cited == NEW and on < FROM_2024:
            doubts.append("regulation-before-its-day")
        general = cited
    out_of_scope = {PRIMARY_AGRICULTURE, PRIMARY_FISHERY} | (
        {FISH_PROCESSING} if general == OLD else set()
    )
    if sector in out_of_scope:
        return OUT_OF_SCOPE, tuple(doubts)
    if sector == ROAD_FREIGHT_APART and general == OLD:
        doubts.append("road-freight-kept-apart")
    return general, tuple(doubts)


def window_start(on: date, *, boundary_counts: bool = True) -> date:
    """The first day of the three years before a grant, day by day [R-DM-06]; 29 February clamps."""
    start = years_later(on, -YEARS)
    return start if boundary_counts else start + timedelta(days=1)


def fiscal_year_start(on: date, first_day: tuple[int, int]) -> date:
    """The first day of the fiscal year of an undertaking in which a day lies."""
    month, day = first_day
    start = date(on.year, month, min(day, 28) if month == 2 else day)
    return start if start <= on else start.replace(year=start.year - 1)


def fiscal_window_start(on: date, first_day: tuple[int, int]) -> date:
    """The first day of the fiscal year of the grant and the two before it [R-DM-05]."""
    start = fiscal_year_start(on, first_day)
    return start.replace(year=start.year - (YEARS - 1))


def _limits(
    regulation: str, on: date, *, sector: str | None, fiscal_year: tuple[int, int], reading: Reading
) -> list[Limit]:
    """Every ceiling on a grant: its own first, then those over what cumulates [domain 3.1, 3.2]."""
    fiscal = fiscal_window_start(on, fiscal_year)
    rolling = window_start(on, boundary_counts=reading.boundary_counts)
    old_general = Limit(TOGETHER, Decimal(200_000), fiscal)
    new_general = Limit(TOGETHER, Decimal(300_000), rolling)
    all_old = Limit(ALL, Decimal(500_000), fiscal)
    family = FAMILY_OF[regulation]
    if regulation == OLD:
        if sector == ROAD_FREIGHT:
            old_general = Limit(TOGETHER, Decimal(100_000), fiscal)
        return [old_general, all_old]
    if regulation == NEW:
        return [new_general]
    if family == SGEI:
        if regulation == "360/2012":
            return [Limit(frozenset({SGEI}), Decimal(500_000), fiscal), all_old]
        return [Limit(frozenset({SGEI}), Decimal(750_000), rolling)]
    with_general = old_general if on < FROM_2024 else new_general
    agriculture, both = frozenset({AGRICULTURE}), frozenset({AGRICULTURE, FISHERY})
    first_change, last_change = AGRICULTURE_CHANGES
    own_agriculture = Limit(
        agriculture, Decimal(15_000) if on < first_change else AGRICULTURE_CEILING, fiscal
    )
    if on >= last_change:
        own_agriculture = Limit(agriculture, Decimal(50_000), rolling)
    own_fishery = Limit(frozenset({FISHERY}), FISHERY_CEILING, fiscal)
    own = own_agriculture if family == AGRICULTURE else own_fishery
    if on < last_change:
        return [own, with_general]
    higher = max(own_agriculture.ceiling, own_fishery.ceiling)
    return [own, Limit(both, higher, min(fiscal, rolling)), with_general]


def headroom_on(
    on: date,
    *,
    undertaking: Undertaking,
    history: Sequence[Aid],
    cited: str | None = None,
    sector: str | None = None,
    reading: Reading = DEFAULT_READING,
) -> Headroom:
    """What a single undertaking may still be granted on a day, after the aid it received.

    Aid of later days is told and does not count. Refuses a day on which no Regulation is known to
    hold.
    """
    if not FROM_2014 <= on <= LAST_DAY:
        raise Refusal("no-regulation", on=on)
    return _headroom(on, undertaking, history, cited, sector, reading)


def _headroom(
    on: date,
    undertaking: Undertaking,
    history: Sequence[Aid],
    cited: str | None,
    sector: str | None,
    reading: Reading,
) -> Headroom:
    regulation, doubts = regulation_for(on, cited=cited, sector=sector, reading=reading)
    known = tuple(aid for aid in history if aid.on <= on)
    later = [CountedAid(aid, ZERO, "not-yet", None) for aid in history if aid.on > on]
    more = list(doubts)
    if undertaking.through_persons:
        more.append("person-may-be-an-undertaking")
    if any(aid.excluded for aid in known):
        more.append("aid-waived")
    if regulation == OUT_OF_SCOPE:
        nothing = Limit(TOGETHER, ZERO, on)
        shut = [CountedAid(aid, ZERO, "out-of-scope", None) for aid in known]
        return Headroom(regulation, on, (nothing,), (*shut, *later), tuple(more))
    limits = _limits(
        *(regulation, on), sector=sector, fiscal_year=undertaking.fiscal_year, reading=reading
    )
    ours = [(aid, _why_not(aid, undertaking)) for aid in known]
    counted = tuple(
        Limit(
            limit.families,
            limit.ceiling,
            limit.since,
            sum(
                (
                    aid.falls_on_us
                    for aid, why_not in ours
                    if not why_not
                    and FAMILY_OF[aid.regulation] in limit.families
                    and aid.on >= limit.since
                ),
                ZERO,
            ),
        )
        for limit in limits
    )
    first = min(limit.since for limit in counted)
    lines = []
    for aid, why_not in ours:
        families = frozenset[str]().union(*(limit.families for limit in counted))
        if not why_not and FAMILY_OF[aid.regulation] not in families:
            why_not = "other-regulation"
        if not why_not and aid.on < first:
            why_not = "before-the-window"
        if why_not:
            lines.append(CountedAid(aid, ZERO, why_not, None))
        else:
            frees_on = _frees_on(aid.on, on, undertaking, reading)
            lines.append(CountedAid(aid, aid.falls_on_us, "counted", frees_on))
    return Headroom(regulation, on, counted, (*lines, *later), tuple(more))


def _why_not(aid: Aid, undertaking: Undertaking) -> str:
    if aid.excluded:
        return "waived"
    if aid.recipient in undertaking.members or aid.inherited or aid.allocated is not None:
        return ""
    return "other-undertaking"


def _frees_on(granted: date, on: date, undertaking: Undertaking, reading: Reading) -> date:
    """The first day after `on` on which aid of a day is outside the window of that day."""
    return next(
        day
        for day in _days_of_change([granted], on, undertaking, reading)
        if _window(regulation_for(day, reading=reading)[0], day, undertaking, reading) > granted
    )


def _window(regulation: str, on: date, undertaking: Undertaking, reading: Reading) -> date:
    if regulation == OLD:
        return fiscal_window_start(on, undertaking.fiscal_year)
    return window_start(on, boundary_counts=reading.boundary_counts)


def _days_of_change(
    granted: Collection[date], on: date, undertaking: Undertaking, reading: Reading
) -> list[date]:
    """The days after `on` on which a window may pass aid of these days, or a Regulation begins."""
    days = {FROM_2024, TRANSITION_ENDS + timedelta(days=1)}
    for day in granted:
        fiscal = fiscal_year_start(day, undertaking.fiscal_year)
        days.add(fiscal.replace(year=fiscal.year + YEARS))
        passed = day.replace(year=day.year + YEARS, day=min(day.day, 28))
        while window_start(passed, boundary_counts=reading.boundary_counts) <= day:
            passed += timedelta(days=1)
        days.add(passed)
    return sorted(day for day in days if day > on)


def releases_after(
    on: date,
    *,
    undertaking: Undertaking,
    history: Sequence[Aid],
    sector: str | None = None,
    reading: Reading = DEFAULT_READING,
) -> list[Release]:
    """When how much frees up, if nothing more is granted: the days on which the room changes."""
    known = [aid for aid in history if aid.on <= on]
    left = _headroom(on, undertaking, known, None, sector, reading).left
    found = []
    for day in _days_of_change({aid.on for aid in known}, on, undertaking, reading):
        then = _headroom(day, undertaking, known, None, sector, reading).left
        if then != left:
            found.append(Release(day, then - left, then))
            left = then
    return found


def register_deadline(on: date, *, regulation: str = NEW) -> date | None:
    """By when a grant must stand in the register; None when it need not [R-DM-22]."""
    farms = FAMILY_OF.get(regulation) == AGRICULTURE
    if on < (AGRICULTURE_REGISTER_SINCE if farms else REGISTER_SINCE):
        return None
    return working_days_after(on, REGISTER_WORKING_DAYS)


def declaration_required(on: date) -> bool:
    """Whether the undertaking must declare its other aid before a grant of this day [R-DM-21].

    Until the register covers three years: not before 2029.
    """
    return on < REGISTER_COVERS_THREE_YEARS
