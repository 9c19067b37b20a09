"""An edition's terms: everything that may change from one edition of the programme to the next."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from cstraject.refusal import Refusal


@dataclass(frozen=True)
class PackageTerms:
    """A package that may be offered: price band in euro excluding VAT, days of validity."""

    code: str
    price_min: Decimal
    price_max: Decimal
    valid_from: date
    valid_until: date


@dataclass(frozen=True)
class Terms:
    """What an edition promises and asks. Shares are fractions (0.45), amounts euro."""

    name: str
    valid_from: date
    valid_until: date
    rate: Decimal
    """The agency's share of the price excluding VAT."""
    vat_rate: Decimal
    """VAT on that share; the subsidy includes it [domain 5.4]."""
    packages: tuple[PackageTerms, ...]
    extended_price_max: Decimal
    """An extension goes on top of a package, up to this price in all."""
    first_tranche_share: Decimal
    """What the first tranche pays of the grant."""
    first_tranche_threshold: Decimal
    """What must be shown to be delivered before the first tranche is paid."""
    once_only_years: int
    """An enterprise is helped once in so many years, counted between approvals."""
    claim_window_days: int
    """How many calendar days after a quarter it may be claimed."""
    run_day: int
    """The day of the month after the quarter on which its run is drawn up."""
    legal_forms: Mapping[str, date]
    """Legal forms accepted, each from a day on [R-BE-30]."""
    legal_forms_refused: frozenset[str]
    """Legal forms refused; any other is left to a person."""
    de_minimis_includes_vat: bool
    """Whether aid is registered with the VAT on it: yes, the safe side [R-PRG-04]."""
    maatwerk_exempt_from: date | None
    """From when on a recognised maatwerkbedrijf passes whatever its size [R-BE-40]."""

    def package_for(
        self, *, code: str, with_extension: bool, price_excl_vat: Decimal, on: date
    ) -> PackageTerms:
        """The package that an offer of this day falls under.

        Refuses an unknown package, one that is not offered on that day and a price outside its
        band; with an extension the band ends at `extended_price_max`.
        """
        for package in self.packages:
            if package.code == code:
                break
        else:
            raise Refusal("unknown-package", given=code[:40])
        if not package.valid_from <= on <= package.valid_until:
            raise Refusal(
                "package-not-offered",
                package=code,
                valid_from=package.valid_from,
                valid_until=package.valid_until,
            )
        price_max = self.extended_price_max if with_extension else package.price_max
        if not package.price_min <= price_excl_vat <= price_max:
            raise Refusal(
                "price-outside-band",
                price=price_excl_vat,
                price_min=package.price_min,
                price_max=price_max,
            )
        return package
