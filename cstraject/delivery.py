"""What was delivered, and which tranche that entitles a provider to [answer 526, 3]."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from cstraject.money import ZERO
from cstraject.refusal import Refusal
from cstraject.subsidy import granted_for, tranches_of
from cstraject.terms import Terms

# What a trajectory consists of: finding what is weak, planning, doing it [evaluation answer, 2].
PHASES = ("analysis", "plan", "guidance")


@dataclass(frozen=True)
class Delivered:
    """A statement (prestatiestaat), cumulative: person-days, and euro excluding VAT."""

    person_days: Decimal
    amount: Decimal

    def __sub__(self, other: "Delivered") -> "Delivered":
        return Delivered(self.person_days - other.person_days, self.amount - other.amount)


NOTHING = Delivered(ZERO, ZERO)


def total_of(phases: Iterable[Delivered]) -> Delivered:
    """What the phases come to together."""
    parts = list(phases)
    return Delivered(
        sum((part.person_days for part in parts), ZERO), sum((part.amount for part in parts), ZERO)
    )


def phases_follow(
    stated: Mapping[str, Delivered],
    *,
    before: Mapping[str, Delivered] | None,
    after: Mapping[str, Delivered] | None,
) -> None:
    """Refuses a statement of which one phase shrinks, or exceeds what a later quarter stated."""
    for phase, now in stated.items():
        for what in ("person_days", "amount"):
            given = getattr(now, what)
            if before and given < (earlier := getattr(before[phase], what)):
                raise Refusal(
                    "statement-shrinks", what=what, stated=given, earlier=earlier, phase=phase
                )
            if after and given > (later := getattr(after[phase], what)):
                raise Refusal(
                    "statement-over-later", what=what, stated=given, later=later, phase=phase
                )


def must_follow(
    stated: Delivered,
    *,
    before: Delivered | None,
    after: Delivered | None,
    offered: Delivered,
) -> None:
    """Refuses a statement that shrinks against an earlier quarter, or exceeds the offer.

    `after` is the statement of the next stated quarter, if one was filed already.
    """
    for what in ("person_days", "amount"):
        now, offer = getattr(stated, what), getattr(offered, what)
        earlier = getattr(before, what) if before else ZERO
        later = getattr(after, what) if after else offer
        if now < earlier:
            raise Refusal("statement-shrinks", what=what, stated=now, earlier=earlier)
        if now > offer:
            raise Refusal("statement-over-offer", what=what, stated=now, offer=offer)
        if now > later:
            raise Refusal("statement-over-later", what=what, stated=now, later=later)


def share_delivered(stated: Delivered, *, offered: Delivered) -> Decimal:
    """The fraction delivered, by amount: that decides about a tranche [domain 5.3]."""
    return stated.amount / offered.amount


def measures_disagree(stated: Delivered, *, offered: Delivered, terms: Terms) -> bool:
    """Whether person-days and amount fall on different sides of the threshold: a person decides."""
    by_days = stated.person_days / offered.person_days >= terms.first_tranche_threshold
    by_amount = share_delivered(stated, offered=offered) >= terms.first_tranche_threshold
    return by_days != by_amount


def tranche_amount(
    tranche: int,
    *,
    stated: Delivered,
    offered: Delivered,
    granted: Decimal,
    claimed: Decimal,
    over: bool,
    terms: Terms,
) -> Decimal:
    """What a tranche pays in euro including VAT, given what was delivered by the quarter's end.

    The first pays its share of the grant once the threshold is delivered. The last pays the rest
    when the work is `over`: the final subsidy less what is `claimed` in the first, if anything
    [R-PRG-03]. Refuses (`not-delivered`, `not-completed`, `nothing-left`) otherwise.
    """
    first, _ = tranches_of(granted, terms=terms)
    final = final_grant(stated, granted=granted, terms=terms)
    if tranche == 1:
        delivered = share_delivered(stated, offered=offered)
        if delivered < terms.first_tranche_threshold:
            raise Refusal(
                "not-delivered", delivered=delivered, threshold=terms.first_tranche_threshold
            )
        return min(first, final) if over else first
    if tranche != 2:
        raise Refusal("unknown-tranche", given=tranche)
    if not over:
        raise Refusal("not-completed")
    if final <= claimed:
        raise Refusal("nothing-left", first=claimed)
    return final - claimed


def final_grant(stated: Delivered, *, granted: Decimal, terms: Terms) -> Decimal:
    """The subsidy on what was delivered in the end, never more than was granted [R-PRG-03]."""
    return min(granted, granted_for(stated.amount, terms=terms).granted)
