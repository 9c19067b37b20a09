"""An edition's terms: everything that may change from one edition of the programme to the next."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from cstraject.deminimis import Reading
from cstraject.refusal import Refusal

# Whether help once counts for the enterprise alone, or for its whole single undertaking.
PER_ENTERPRISE, PER_UNDERTAKING = ONCE_ONLY_PER = ("enterprise", "undertaking")


@dataclass(frozen=True)
class ActivityRule:
    """Activities by the beginning of their NACE-BEL code: accepted or refused, for a while.

    The list of the programme was not found: what no rule speaks of goes to a person [domain 4.7].
    """

    nace_version: str
    prefix: str
    accepted: bool
    valid_from: date
    valid_until: date | None


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
    period_rule: str
    """How two accounting periods decide (`kmo.PERIOD_RULES`): article 4(2) [R-SME-34]."""
    once_only_per: str
    """Whether help once counts per enterprise or per single undertaking."""
    reading: Reading
    """How the edition reads what the law of de minimis aid leaves open."""
    activities: tuple[ActivityRule, ...]
    overrides_by_two: bool
    """Whether a second officer must confirm when somebody goes against an answer of the rules."""

    def activity_rule(self, *, version: str, code: str, on: date) -> ActivityRule | None:
        """The rule on an activity that speaks of it most closely on a day, if there is one."""
        rules = [
            rule
            for rule in self.activities
            if rule.nace_version == version
            and code.startswith(rule.prefix)
            and rule.valid_from <= on
            and (rule.valid_until is None or on <= rule.valid_until)
        ]
        return max(rules, key=lambda rule: len(rule.prefix), default=None)

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
