"""What is due -> one payment per provider, not a cent more or less."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby

from cstraject.money import ZERO
from cstraject.refusal import must


@dataclass(frozen=True, order=True)
class Due:
    """A verified claim that waits to be paid: to whom, which claim, how many euro."""

    payee: int
    claim: str
    amount: Decimal


@dataclass(frozen=True)
class PlannedPayment:
    """One payment to one provider, for the claims it names, in a fixed order."""

    payee: int
    claims: tuple[str, ...]
    amount: Decimal


def plan_payments(dues: Iterable[Due]) -> tuple[PlannedPayment, ...]:
    """One payment per provider, ordered by provider; the same dues give the same plan."""
    ordered = sorted(dues)
    must(all(due.amount > ZERO for due in ordered), "a claim asks something")
    must(len({due.claim for due in ordered}) == len(ordered), "a claim is due once")
    return tuple(
        PlannedPayment(
            payee=payee,
            claims=tuple(due.claim for due in own),
            amount=sum((due.amount for due in own), ZERO),
        )
        for payee, group in groupby(ordered, key=lambda due: due.payee)
        for own in [list(group)]
    )
