"""The terms of the edition of 2021-2024, for rules that are tested without a database."""

from datetime import date
from decimal import Decimal as D

from cstraject.deminimis import DEFAULT_READING
from cstraject.terms import PackageTerms, Terms

LAST = date(2024, 12, 31)
TERMS = Terms(
    name="2021-2024",
    valid_from=date(2021, 1, 1),
    valid_until=LAST,
    rate=D("0.45"),
    vat_rate=D("0.21"),
    packages=(
        PackageTerms("basis", D(15_000), D(50_000), date(2021, 1, 1), LAST),
        PackageTerms("light", D(15_000), D(20_000), date(2021, 9, 1), LAST),
    ),
    extended_price_max=D(50_000),
    first_tranche_share=D("0.60"),
    first_tranche_threshold=D("0.60"),
    once_only_years=4,
    claim_window_days=15,
    run_day=20,
    legal_forms={"bv": date(2021, 1, 1), "vzw": date(2021, 4, 1)},
    legal_forms_refused=frozenset({"maatschap"}),
    de_minimis_includes_vat=True,
    maatwerk_exempt_from=date(2022, 1, 1),
    period_rule="two_consecutive",
    once_only_per="enterprise",
    reading=DEFAULT_READING,
    activities=(),
    overrides_by_two=True,
)
