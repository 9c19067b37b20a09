"""The enterprises that a majority of votes ties together, and their figures added up."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from cstraject.kmo.size import Figures, status_after

MAJORITY = Decimal(50)


@dataclass(frozen=True)
class Holding:
    """One enterprise holds capital and votes of another, in percent."""

    owner: str
    owned: str
    capital_pct: Decimal
    voting_pct: Decimal


@dataclass(frozen=True)
class Enterprise:
    """An enterprise by its number, with its accounting periods, the newest first."""

    number: str
    name: str
    periods: tuple[Figures, ...]


@dataclass(frozen=True)
class SizeFinding:
    """The category, and what it rests on: the linked enterprises and their sum per period."""

    category: str | None
    linked: tuple[Enterprise, ...]
    aggregated: tuple[Figures, ...]
    missing: tuple[str, ...]
    """Numbers of linked enterprises whose figures are not known."""


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

    As many periods are compared as every member of the group has. A linked enterprise without
    figures leaves the category unknown, never small by silence.
    """
    linked = linked_to(applicant.number, holdings)
    missing = tuple(n for n in linked if n not in others or not others[n].periods)
    members = tuple(others[number] for number in linked if number not in missing)
    known = min((len(member.periods) for member in (applicant, *members)), default=0)
    aggregated = tuple(
        sum((member.periods[nth] for member in members), applicant.periods[nth])
        for nth in range(known)
    )
    category = None if missing else status_after(aggregated)
    return SizeFinding(category, members, aggregated, missing)
