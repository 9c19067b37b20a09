"""What one may ask: the terms of an edition, and which edition holds."""

from datetime import date

from apps.programme.models import Edition
from cstraject.deminimis import Reading
from cstraject.refusal import Refusal
from cstraject.terms import ActivityRule, PackageTerms, Terms


def edition_on(day: date) -> Edition:
    """The newest edition that has begun by a day; refuses a day before the first.

    An edition that has ended still rules the payment of what was granted under it.
    """
    edition = Edition.objects.filter(valid_from__lte=day).order_by("-valid_from").first()
    if edition is None:
        raise Refusal("no-edition", on=day)
    return edition


def terms_of(edition: Edition) -> Terms:
    """An edition as the programme speaks of it."""
    forms = dict(edition.legal_forms.order_by("code").values_list("code", "accepted_from"))
    return Terms(
        name=edition.name,
        valid_from=edition.valid_from,
        valid_until=edition.valid_until,
        rate=edition.rate,
        vat_rate=edition.vat_rate,
        packages=tuple(
            PackageTerms(
                code=package.code,
                price_min=package.price_min,
                price_max=package.price_max,
                valid_from=package.valid_from,
                valid_until=package.valid_until,
            )
            for package in edition.packages.order_by("code")
        ),
        extended_price_max=edition.extended_price_max,
        first_tranche_share=edition.first_tranche_share,
        first_tranche_threshold=edition.first_tranche_threshold,
        once_only_years=edition.once_only_years,
        claim_window_days=edition.claim_window_days,
        run_day=edition.run_day,
        legal_forms={code: day for code, day in forms.items() if day is not None},
        legal_forms_refused=frozenset(code for code, day in forms.items() if day is None),
        de_minimis_includes_vat=edition.de_minimis_includes_vat,
        maatwerk_exempt_from=edition.maatwerk_exempt_from,
        period_rule=edition.period_rule,
        once_only_per=edition.once_only_per,
        reading=Reading(
            boundary_counts=edition.de_minimis_boundary_counts,
            old_in_transition=edition.de_minimis_old_in_transition,
        ),
        activities=tuple(
            ActivityRule(
                nace_version=rule.nace_version,
                prefix=rule.prefix,
                accepted=rule.accepted,
                valid_from=rule.valid_from,
                valid_until=rule.valid_until,
            )
            for rule in edition.activities.order_by("nace_version", "prefix", "valid_from")
        ),
        overrides_by_two=edition.overrides_by_two,
    )
