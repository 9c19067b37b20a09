"""The enterprises that a majority of votes ties together, and their figures added up."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from cstraject.kmo.size import Figures, status_after

MAJORITY = Decimal(50)
PARTNER = Decimal(25)


@dataclass(frozen=True)
class Holding:
    """One enterprise holds capital and votes of another, in percent."""

    owner: str
    owned: str
    capital_pct: Decimal
    voting_pct: Decimal


@dataclass(frozen=True)
class Enterprise:
    """An enterprise by its number, with its accounting periods by the year in which they closed."""

    number: str
    name: str
    periods: Mapping[int, Figures]


@dataclass(frozen=True)
class SizeFinding:
    """The category, and what it rests on: the linked enterprises and their sum per year."""

    category: str | None
    linked: tuple[Enterprise, ...]
    years: tuple[int, ...]
    aggregated: tuple[Figures, ...]
    missing: tuple[str, ...]
    """Numbers of linked enterprises whose figures of the latest year are not known."""
    to_judge: tuple[str, ...]
    """Who holds a quarter or more in the group, or is so held, without a majority of votes."""


def linked_to(applicant: str, holdings: tuple[Holding, ...]) -> tuple[str, ...]:
    """Every enterprise in the applicant's group by a majority of votes, itself left out, sorted.

    Linked is an equivalence: up to owners, down to daughters, and across [R-SME-10].
    """
    ties: dict[str, set[str]] = {}
    for holding in holdings:
        if holding.voting_pct > MAJORITY:
            ties.setdefault(holding.owner, set()).add(holding.owned)
            ties.setdefault(holding.owned, set()).add(holding.owner)
    group, frontier = {applicant}, [applicant]
    while frontier:
        for other in ties.get(frontier.pop(), set()) - group:
            group.add(other)
            frontier.append(other)
    return tuple(sorted(group - {applicant}))


def size_of(
    applicant: Enterprise, *, others: Mapping[str, Enterprise], holdings: tuple[Holding, ...]
) -> SizeFinding:
    """The applicant's category with every linked enterprise counted in full (articles 3(3), 6(2)).

    Figures are added year by year, for the run of years up to the applicant's latest that every
    member of the group has. A linked enterprise without figures of that year leaves the category
    unknown, never small by silence. Partners (a quarter or more, no majority) are not counted:
    they are named, for a person to judge.
    """
    linked = linked_to(applicant.number, holdings)
    latest = max(applicant.periods, default=None)
    missing = tuple(n for n in linked if n not in others or latest not in others[n].periods)
    members = (applicant, *(others[number] for number in linked if number not in missing))
    years: list[int] = []
    while latest is not None and all(latest in member.periods for member in members):
        years.append(latest)
        latest -= 1
    aggregated = tuple(
        sum((member.periods[year] for member in members[1:]), applicant.periods[year])
        for year in years
    )
    return SizeFinding(
        category=None if missing else status_after(aggregated),
        linked=members[1:],
        years=tuple(years),
        aggregated=aggregated,
        missing=missing,
        to_judge=_partners({applicant.number, *linked}, others, holdings),
    )


def _partners(
    group: set[str], others: Mapping[str, Enterprise], holdings: tuple[Holding, ...]
) -> tuple[str, ...]:
    """Who stands outside the group with holdings in it that add up to a quarter, or is so held."""
    shares: dict[tuple[str, str], list[Decimal]] = {}
    for holding in holdings:
        if (holding.owner in group) != (holding.owned in group):
            outsider = holding.owned if holding.owner in group else holding.owner
            sums = shares.setdefault((outsider, holding.owned), [Decimal(0), Decimal(0)])
            sums[0] += holding.capital_pct
            sums[1] += holding.voting_pct
    held = {outsider for (outsider, _), sums in shares.items() if max(sums) >= PARTNER}
    # Several small holders may be linked to each other: together they may reach a quarter.
    small = [key for key in shares if key[0] not in held]
    for owned in {owned for _, owned in small}:
        joint = [shares[key] for key in small if key[1] == owned and key[0] != owned]
        if len(joint) > 1 and max(sum(s[0] for s in joint), sum(s[1] for s in joint)) >= PARTNER:
            held |= {key[0] for key in small if key[1] == owned}
    return tuple(sorted(others[number].name if number in others else number for number in held))
