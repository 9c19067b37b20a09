"""Who is tied to whom: linked and partner enterprises, persons, public bodies, investors.

Recommendation 2003/361/EC, Annex, article 3. Everything here speaks of one moment; `group` adds
the figures up. De minimis aid reads the same graph without persons [R-DM-07].
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import combinations

from cstraject.kmo.size import Figures
from cstraject.refusal import must

ENTERPRISE, PERSON = "enterprise", "natural_person"
AUTHORITIES = ("public_body", "local_authority", "local_authority_small")
ANGEL = "business_angel"
INVESTORS = (
    *("venture_capital", "public_investment_corp", ANGEL),
    *("university", "institutional_investor", "regional_dev_fund"),
)
KINDS = (ENTERPRISE, PERSON, *AUTHORITIES, *INVESTORS)
CONTROLS = ("board_majority", "agreement_majority", "dominant_influence")

ZERO, MAJORITY, PARTNER, WHOLE = Decimal(0), Decimal(50), Decimal(25), Decimal(100)
ANGELS_INVEST_UNDER = Decimal(1_250_000)
SMALL_BUDGET_UNDER, SMALL_INHABITANTS_UNDER = Decimal(10_000_000), 5_000


@dataclass(frozen=True)
class Period:
    """An approved accounting period, named by the year in which it closed (article 4)."""

    year: int
    figures: Figures
    closed_on: date | None = None
    whole_group: bool = False
    """These are sums of the whole group already: nothing is added to them."""
    estimate: bool = False
    """Estimated in good faith by a new enterprise, without approved accounts (article 4(3))."""
    source: str = ""

    @property
    def closing(self) -> date:
        return self.closed_on or date(self.year, 12, 31)


@dataclass(frozen=True)
class Entity:
    """Somebody in the ownership graph, by a key of its own: an enterprise number or a name."""

    key: str
    name: str = ""
    kind: str = ENTERPRISE
    periods: tuple[Period, ...] = ()
    """Newest first."""
    markets: frozenset[str] = frozenset()
    country: str = "BE"
    public: bool = False
    """An exempt investor that is itself a public body."""
    controlled_by_public_bodies: bool = False
    """Found so: a majority of its board is proposed by public bodies, say [R-SME-22]."""
    total_investment: Decimal | None = None
    budget: Decimal | None = None
    inhabitants: int | None = None
    included_in: str | None = None
    """Whose consolidated accounts hold its figures already (article 6(2))."""
    included_pct: Decimal = WHOLE
    staff_included: bool = True

    def period(self, year: int) -> Period | None:
        return next((period for period in self.periods if period.year == year), None)

    @property
    def has_accounts(self) -> bool:
        """Whether it is an enterprise in this graph: persons and authorities have no figures."""
        return self.kind == ENTERPRISE or self.kind in INVESTORS


@dataclass(frozen=True)
class Holding:
    """Somebody holds capital and votes of an enterprise, in percent; None is not known.

    `control` marks control by other means: article 3(3)(b), (d) or (c).
    """

    owner: str
    owned: str
    capital_pct: Decimal | None = None
    voting_pct: Decimal | None = None
    control: str | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    """The first day on which it is held no more."""

    def held_on(self, day: date) -> bool:
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_until is None or day < self.valid_until
        )

    @property
    def capital(self) -> Decimal:
        """The share of the capital; where it is not stated, that of the votes."""
        return self.capital_pct if self.capital_pct is not None else self.voting_pct or ZERO

    @property
    def votes(self) -> Decimal:
        """The share of the votes; where it is not stated, that of the capital."""
        return self.voting_pct if self.voting_pct is not None else self.capital_pct or ZERO


@dataclass(frozen=True)
class Findings:
    """What a person found and signed for, as groups of keys; never inferred [R-SME-20]."""

    acting_jointly: tuple[tuple[str, ...], ...] = ()
    single_economic_unit: tuple[tuple[str, ...], ...] = ()
    adjacent_markets: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class Tie:
    """Why enterprises are linked: `by` are those who hold or act, `to` what they tie.

    `why` is votes, votes_together, a control, acting_jointly, through_persons or
    single_economic_unit; `pct` the votes that made it.
    """

    why: str
    by: tuple[str, ...]
    to: tuple[str, ...]
    pct: Decimal | None = None


@dataclass(frozen=True)
class Partner:
    """A linked group of enterprises that is partner of another, at a percentage (article 3(2))."""

    members: frozenset[str]
    pct: Decimal
    holders: tuple[str, ...]
    """Who holds: partners upstream, or members of our group downstream."""
    held: str


@dataclass(frozen=True)
class Doubt:
    """Something a person must judge before the result may be relied on."""

    why: str
    who: tuple[str, ...]
    only_adds: bool = True
    """It can only make the group larger: what is large already stays so."""


@dataclass
class Structure:
    """The ownership graph at one moment.

    `through_persons` is false for a single undertaking: no links through persons, none by the
    findings about them, and none by the mere hand of a public body (Regulation 2023/2831, 2(2)).
    """

    entities: Mapping[str, Entity]
    holdings: Sequence[Holding]
    findings: Findings = field(default_factory=Findings)
    through_persons: bool = True

    def __post_init__(self) -> None:
        self.ties: list[Tie] = []
        self._group = {k: {k} for k, entity in self.entities.items() if entity.has_accounts}
        self._into: dict[str, list[Holding]] = defaultdict(list)
        self._out_of: dict[str, list[Holding]] = defaultdict(list)
        for holding in self.holdings:
            must(
                holding.owner in self.entities and holding.owned in self.entities,
                "whoever holds or is held is in the graph",
            )
            self._into[holding.owned].append(holding)
            self._out_of[holding.owner].append(holding)
        self._adjacent = [frozenset(group) for group in self.findings.adjacent_markets]
        self._controlled: dict[frozenset[str], tuple[str, ...]] = {}
        self._link()

    # ---- Linked enterprises (article 3(3)) -------------------------------------------------------

    def group_of(self, key: str) -> frozenset[str]:
        """The enterprise and all that is linked with it, directly or through others."""
        return frozenset(self._group[key])

    def _join(self, tie: Tie, keys: Iterable[str]) -> bool:
        """Make one group of those that the tie links; whether that was new."""
        groups = [self._group[key] for key in keys]
        merged = set().union(*groups)
        if all(len(group) == len(merged) for group in groups):
            return False
        for key in merged:
            self._group[key] = merged
        self.ties.append(tie)
        return True

    def _link(self) -> None:
        for holding in self.holdings:
            if holding.owner in self._group and holding.owned in self._group:
                by = (holding.owner,)
                if holding.votes > MAJORITY:
                    tie = Tie("votes", by, (holding.owned,), holding.votes)
                    self._join(tie, (holding.owner, holding.owned))
                elif holding.control:
                    tie = Tie(holding.control, by, (holding.owned,))
                    self._join(tie, (holding.owner, holding.owned))
        if self.through_persons:
            for unit in self.findings.single_economic_unit:
                for one, other in combinations(self._enterprises(unit), 2):
                    # The finding itself says that they meet on a market, unless theirs are stated.
                    if self.same_market(one, other) is not False:
                        self._join(Tie("single_economic_unit", (one,), (other,)), (one, other))
        while self._link_by_groups() or (self.through_persons and self._link_through_holders()):
            pass

    def _enterprises(self, keys: Iterable[str]) -> list[str]:
        return [key for key in keys if key in self._group]

    def _link_by_groups(self) -> bool:
        """Link with every group whose votes in a target are a majority together [R-SME-13]."""
        joined = False
        for target, holdings in self._into.items():
            if target not in self._group:
                continue
            votes: dict[int, list[Holding]] = defaultdict(list)
            for holding in holdings:
                if holding.owner in self._group:
                    votes[id(self._group[holding.owner])].append(holding)
            for held in votes.values():
                together = sum((holding.votes for holding in held), ZERO)
                if together > MAJORITY:
                    by = tuple(sorted({holding.owner for holding in held}))
                    tie = Tie("votes_together", by, (target,), together)
                    joined |= self._join(tie, (by[0], target))
        return joined

    def _link_through_holders(self) -> bool:
        """Link what a person, or persons acting jointly, hold on one market [R-SME-19, 20]."""
        joined = False
        for holders in self._holders():
            controlled = self.controlled_by(holders)
            with_person = any(self.entities[key].kind == PERSON for key in holders)
            for enterprise in self._enterprises(holders):
                invests = self.entities[enterprise].kind in INVESTORS
                if with_person or invests:
                    alone = self.controlled_by(holders - {enterprise})
                    for target in controlled:
                        # The others control it without this one; persons tie on one market.
                        if target in alone or (
                            not invests and self.same_market(enterprise, target) is False
                        ):
                            continue
                        tie = Tie("acting_jointly", tuple(sorted(holders)), (target,))
                        joined |= self._join(tie, (enterprise, target))
            if with_person:
                for one, other in combinations(controlled, 2):
                    apart = self._group[one] is not self._group[other]
                    if apart and self.same_market(one, other):
                        tie = Tie("through_persons", tuple(sorted(holders)), (one, other))
                        joined |= self._join(tie, (one, other))
        return joined

    def _holders(self) -> Iterator[frozenset[str]]:
        """Each natural person alone, and each group that was found to act jointly."""
        for entity in self.entities.values():
            if entity.kind == PERSON:
                yield frozenset({entity.key})
        for group in self.findings.acting_jointly:
            yield frozenset(group)

    def controlled_by(self, holders: Iterable[str]) -> tuple[str, ...]:
        """What these control together, by votes or otherwise, also through what they control."""
        key = frozenset(holders)
        if key not in self._controlled:
            self._controlled[key] = tuple(sorted(self._controlled_anew(key)))
        return self._controlled[key]

    def _controlled_anew(self, holders: frozenset[str]) -> Iterator[str]:
        """Holding by holding, from every hand to what it holds, each hand once."""
        votes: dict[str, Decimal] = defaultdict(Decimal)
        hands, frontier = set(holders), sorted(holders)
        while frontier:
            for holding in self._out_of[frontier.pop()]:
                target = holding.owned
                votes[target] += holding.votes
                controls = votes[target] > MAJORITY or holding.control
                if controls and target not in hands and self.entities[target].has_accounts:
                    hands.add(target)
                    frontier.append(target)
                    yield target

    def same_market(self, one: str, other: str) -> bool | None:
        """Whether two enterprises meet on the same or an adjacent market; None when not known."""
        ours, theirs = self.entities[one].markets, self.entities[other].markets
        if not ours or not theirs:
            return None
        return bool(ours & theirs) or any(
            ours & group and theirs & group for group in self._adjacent
        )

    # ---- Partner enterprises (article 3(2)) ------------------------------------------------------

    def partners_of(self, group: frozenset[str]) -> list[Partner]:
        """Groups that hold a quarter or more in ours, or are so held, jointly; the greatest share.

        The share is the greater of capital and votes, counted once per partner (article 6(2)).
        Exempt investors are left out.
        """
        held: dict[tuple[frozenset[str], str], list[Holding]] = defaultdict(list)
        for holding in self.holdings:
            if holding.owner not in self._group or holding.owned not in self._group:
                continue
            # An investor's quarter leaves its daughter without partners, seen from either side.
            exempt = self.is_exempt(holding.owner, holding.owned)
            if holding.owner in group and holding.owned not in group and not exempt:
                held[self.group_of(holding.owned), holding.owned].append(holding)
            elif holding.owned in group and holding.owner not in group and not exempt:
                held[self.group_of(holding.owner), holding.owned].append(holding)
        greatest: dict[frozenset[str], Partner] = {}
        for (members, target), holdings in held.items():
            pct = share_of(holdings)
            if pct >= PARTNER and (members not in greatest or pct > greatest[members].pct):
                by = tuple(sorted({holding.owner for holding in holdings}))
                greatest[members] = Partner(members, pct, by, target)
        return sorted(greatest.values(), key=lambda partner: sorted(partner.members))

    def is_exempt(self, investor: str, enterprise: str) -> bool:
        """Whether an investor's holding leaves the enterprise autonomous [R-SME-15 to R-SME-18].

        Of what is not known the favourable is taken here, and a doubt is kept.
        """
        entity = self.entities[investor]
        if entity.kind in INVESTORS:
            linked = investor in self._group[enterprise]
            return not linked and (
                entity.kind != ANGEL or self._angels_invest(enterprise) < ANGELS_INVEST_UNDER
            )
        if entity.kind == "local_authority_small":
            small = (entity.budget or ZERO) < SMALL_BUDGET_UNDER and (
                entity.inhabitants or 0
            ) < SMALL_INHABITANTS_UNDER
            return small and not any(
                enterprise in self.controlled_by(holders)
                for holders in ({investor}, *self.findings.acting_jointly)
                if investor in holders
            )
        return False

    def _angels_invest(self, enterprise: str) -> Decimal:
        """What all business angels together invested in an enterprise (article 3(2)(a))."""
        angels = {
            holding.owner
            for holding in self._into[enterprise]
            if self.entities[holding.owner].kind == ANGEL
        }
        return sum((self.entities[angel].total_investment or ZERO for angel in angels), ZERO)

    # ---- Public bodies (article 3(4)) ------------------------------------------------------------

    def public_holdings(self, enterprise: str, *, with_exempt: bool = False) -> list[Holding]:
        """What public bodies, and those whom they control, hold of an enterprise [R-SME-21].

        Investors of article 3(2) who are not linked with it are left out, public or not.
        """
        public = {
            key
            for key, entity in self.entities.items()
            if entity.kind in AUTHORITIES or entity.public or entity.controlled_by_public_bodies
        }
        public |= set(self.controlled_by(public))
        return [
            holding
            for holding in self._into[enterprise]
            if holding.owner in public
            and (with_exempt or not self.is_exempt(holding.owner, enterprise))
        ]

    def is_public(self, enterprise: str) -> bool:
        """Whether a quarter or more is controlled by public bodies: then never an SME."""
        holdings = self.public_holdings(enterprise)
        return (
            self.entities[enterprise].controlled_by_public_bodies
            or share_of(holdings) >= PARTNER
            or any(holding.control for holding in holdings)
        )

    def public_with_exempt(self, enterprise: str) -> tuple[str, ...]:
        """Public holders who reach a quarter together only with exempt investors among them.

        The exception of article 3(4) is for cases in which such an investor reaches it itself.
        """
        if self.is_public(enterprise):
            return ()
        held: dict[str, list[Holding]] = defaultdict(list)
        for holding in self.public_holdings(enterprise, with_exempt=True):
            held[holding.owner].append(holding)
        small = [share_of(each) < PARTNER for each in held.values()]
        together = share_of([holding for each in held.values() for holding in each])
        return tuple(sorted(held)) if any(small) and together >= PARTNER else ()

    def consolidators_of(self, key: str) -> Iterator[str]:
        """Whose consolidated accounts hold an enterprise's figures, and theirs, each once."""
        seen: set[str] = set()
        while (above := self.entities[key].included_in) is not None and above not in seen:
            seen.add(above)
            yield above
            key = above

    # ---- What a person must judge, and what cannot be true ---------------------------------------

    def contradictions(self) -> list[Doubt]:
        """Percentages and accounts that cannot be true together; the size is then not known."""
        found = []
        for target, holdings in self._into.items():
            capital = sum((h.capital_pct for h in holdings if h.capital_pct), ZERO)
            votes = sum((h.voting_pct for h in holdings if h.voting_pct), ZERO)
            if max(capital, votes) > WHOLE:
                found.append(Doubt("shares-over-100", (target,)))
        for key in self.entities:
            above = list(self.consolidators_of(key))
            if key in above:
                found.append(Doubt("accounts-include-each-other", tuple(sorted(above))))
        return found

    def doubts_about(self, group: frozenset[str], *partners: frozenset[str]) -> list[Doubt]:
        """What the rules cannot settle by themselves about a group, or about its partners'."""
        owners = self._owners_together(group)
        near = group.union(*partners, owners)
        found = [
            Doubt("share-not-known", (holding.owner, holding.owned), only_adds=False)
            for holding in self.holdings
            if (holding.capital_pct is None or holding.voting_pct is None)
            and not holding.control
            and {holding.owner, holding.owned} & near
        ]
        among: dict[str, set[int]] = defaultdict(set)
        for nth, members in enumerate((group, *partners)):
            for key in members:
                among[key].add(nth)
        for holders in self._holders():
            controlled = self.controlled_by(holders)
            unknown = {
                key
                for one, other in combinations(controlled, 2)
                if (among[one] != among[other] or self._both_near(one, other, owners))
                and self.same_market(one, other) is None
                for key in (one, other)
            }
            if unknown:
                found.append(Doubt("markets-not-known", (*sorted(holders), *sorted(unknown))))
            if all(self.entities[key].has_accounts for key in holders):
                found += [
                    Doubt("joint-control", (*sorted(holders), target))
                    for target in controlled
                    if target in group and holders - group
                ]
        behind = {key: self._persons_behind(key) for key in self._group}
        for members in (group, *partners):
            found += self._doubts_about_persons(members, behind.keys() - members, behind)
        for owner in sorted(owners & behind.keys()):
            others = {key for key in owners & behind.keys() if key not in self._group[owner]}
            found += self._doubts_about_persons({owner}, others, behind)
        for key in sorted(group):
            if {holding.owner for holding in self._into[key]} & {key, *self.controlled_by({key})}:
                found.append(Doubt("holds-itself", (key,), only_adds=False))
        for target in sorted(group):
            found += self._doubts_about_investors(target, group)
        return list(dict.fromkeys(found))

    def _owners_together(self, group: frozenset[str]) -> frozenset[str]:
        """Who, outside a group, owns a part of one of it of which a quarter is owned in all.

        Each may hold less; what they are to one another then matters.
        """
        found: set[str] = set()
        for target in group:
            outside = [h for h in self._into[target] if h.owner not in group]
            if share_of(outside) >= PARTNER:
                found |= {holding.owner for holding in outside}
        return frozenset(found)

    def _both_near(self, one: str, other: str, owners: frozenset[str]) -> bool:
        """Whether two unlinked enterprises are, or are linked with, such owners."""
        apart = self._group[one] is not self._group[other]
        return apart and bool(self._group[one] & owners) and bool(self._group[other] & owners)

    def _doubts_about_persons(
        self, members: Set[str], others: Set[str], behind: Mapping[str, frozenset[str]]
    ) -> Iterator[Doubt]:
        """The same persons hold another enterprise too: do they act jointly [R-SME-20]?"""
        together: dict[frozenset[str], set[str]] = defaultdict(set)
        for one in members:
            for other in others:
                persons = behind[one] & behind[other]
                if (
                    len(persons) > 1
                    and self.same_market(one, other) is not False
                    and {one, other} <= set(self.controlled_by(persons))
                ):
                    together[persons] |= {one, other}
        for persons, enterprises in sorted(together.items(), key=lambda each: sorted(each[0])):
            yield Doubt("persons-together", (*sorted(persons), *sorted(enterprises)))

    def _persons_behind(self, key: str) -> frozenset[str]:
        """The natural persons who hold an enterprise, directly or through others."""
        seen, frontier = {key}, [key]
        while frontier:
            owners = {holding.owner for holding in self._into[frontier.pop()]} - seen
            seen |= owners
            frontier += owners
        return frozenset(k for k in seen if self.entities[k].kind == PERSON)

    def _doubts_about_investors(self, target: str, group: frozenset[str]) -> Iterator[Doubt]:
        outside = [h for h in self._into[target] if h.owner not in group]
        exempt = [h for h in outside if self.is_exempt(h.owner, target)]
        investors = tuple(sorted({holding.owner for holding in exempt}))
        # One alone with a majority is linked, and no exempt investor.
        if sum((h.votes for h in exempt), ZERO) > MAJORITY:
            yield Doubt("investors-together", investors)
        for investor in investors:
            entity = self.entities[investor]
            if (entity.kind == ANGEL and entity.total_investment is None) or (
                entity.kind == "local_authority_small"
                and (entity.budget is None or entity.inhabitants is None)
            ):
                yield Doubt("investor-facts-missing", (investor,))
            friends = self._group.get(investor, set())
            beside = [h for h in outside if h.owner in friends and h not in exempt]
            own = [h for h in exempt if h.owner in friends]
            if beside and share_of(beside + own) >= PARTNER:
                yield Doubt("investor-jointly", (investor, *sorted({h.owner for h in beside})))


def share_of(holdings: Sequence[Holding]) -> Decimal:
    """What these hold together: the greater of capital and votes [R-SME-11]."""
    return max(
        sum((holding.capital for holding in holdings), ZERO),
        sum((holding.votes for holding in holdings), ZERO),
    )
