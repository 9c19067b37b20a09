"""What the agency pays towards a trajectory, and in which tranches."""

from dataclasses import dataclass
from decimal import Decimal

from cstraject.money import ZERO, to_cents
from cstraject.refusal import must
from cstraject.terms import Terms


@dataclass(frozen=True)
class Subsidy:
    """Share of the price and VAT on that share, in euro; granted is their sum."""

    share: Decimal
    vat: Decimal

    @property
    def granted(self) -> Decimal:
        """What the agency pays, including VAT."""
        return self.share + self.vat


def granted_for(price_excl_vat: Decimal, *, terms: Terms) -> Subsidy:
    """The subsidy for a price in euro excluding VAT: two roundings, as on an invoice [R-PRG-01].

    25,150.00 -> 11,317.50 + 2,376.68 = 13,694.18.
    """
    share = to_cents(price_excl_vat * terms.rate)
    return Subsidy(share=share, vat=to_cents(share * terms.vat_rate))


@dataclass(frozen=True)
class OwnPart:
    """What remains for the SME: the rest of the price, and VAT on it, in euro."""

    rest: Decimal
    vat: Decimal

    @property
    def total(self) -> Decimal:
        """What the SME pays, including VAT."""
        return self.rest + self.vat


def own_part_of(price_excl_vat: Decimal, *, terms: Terms) -> OwnPart:
    """The part of a price that the provider invoices to the SME [domain 5.4].

    30,000.00 -> 16,500.00 + 3,465.00 = 19,965.00.
    """
    rest = price_excl_vat - granted_for(price_excl_vat, terms=terms).share
    return OwnPart(rest=rest, vat=to_cents(rest * terms.vat_rate))


def tranches_of(granted: Decimal, *, terms: Terms) -> tuple[Decimal, Decimal]:
    """The two tranches of a grant: the first rounded, the second the remainder [R-PRG-02].

    13,694.18 -> 8,216.51 and 5,477.67.
    """
    first = to_cents(granted * terms.first_tranche_share)
    return first, granted - first


@dataclass(frozen=True)
class Winding:
    """What becomes of a grant that ends early, in euro.

    `keeps` stays with the provider, `released` returns to the budget at once, `comes_back` was
    paid beyond `keeps` and must be recovered; until then it stays committed.
    """

    keeps: Decimal
    released: Decimal
    comes_back: Decimal


def wind_up(*, committed: Decimal, paid: Decimal, entitled: Decimal) -> Winding:
    """Split what is committed for a dossier, of which `paid` is paid, by what it is entitled to.

    `entitled` above `committed` counts as `committed`: more than the offer is for the SME.
    """
    must(ZERO <= paid <= committed and entitled >= ZERO, "paid never exceeds what is committed")
    keeps = min(entitled, committed)
    released = committed - max(keeps, paid)
    comes_back = max(ZERO, paid - keeps)
    must(released + max(keeps, paid) == committed, "winding up neither makes nor loses a cent")
    return Winding(keeps=keeps, released=released, comes_back=comes_back)
