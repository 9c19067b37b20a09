"""Which package an offer falls under, and what is refused."""

from datetime import date
from decimal import Decimal as D

import pytest

from cstraject.refusal import Refusal
from tests.terms import TERMS


def package(code="basis", price="30000", on=date(2021, 10, 1), with_extension=False):
    return TERMS.package_for(
        code=code, with_extension=with_extension, price_excl_vat=D(price), on=on
    ).code


@pytest.mark.parametrize(
    ("code", "price", "with_extension"),
    [
        ("basis", "15000", False),
        ("basis", "50000", False),
        ("light", "15000", False),
        ("light", "20000", False),
        ("light", "50000", True),
        ("basis", "49300", True),
    ],
)
def test_an_offer_on_the_edge_of_its_band_is_accepted(code, price, with_extension):
    assert package(code, price, with_extension=with_extension) == code


@pytest.mark.parametrize(
    ("code", "price", "with_extension", "on", "refusal"),
    [
        ("basis", "14999.99", False, date(2021, 10, 1), "price-outside-band"),
        ("basis", "50000.01", False, date(2021, 10, 1), "price-outside-band"),
        ("light", "20000.01", False, date(2021, 10, 1), "price-outside-band"),
        ("light", "50000.01", True, date(2021, 10, 1), "price-outside-band"),
        ("light", "18000", False, date(2021, 8, 31), "package-not-offered"),
        ("basis", "30000", False, date(2025, 1, 1), "package-not-offered"),
        ("extension", "30000", False, date(2021, 10, 1), "unknown-package"),
        ("", "30000", False, date(2021, 10, 1), "unknown-package"),
    ],
)
def test_an_offer_outside_the_terms_is_refused(code, price, with_extension, on, refusal):
    with pytest.raises(Refusal) as refused:
        package(code, price, on, with_extension)

    assert refused.value.code == refusal


def test_light_is_offered_from_the_first_of_september_2021():
    assert package("light", "18000", date(2021, 9, 1)) == "light"
