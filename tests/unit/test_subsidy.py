"""Price -> share, VAT, granted; tranches; winding up. The published single amounts to the cent."""

from decimal import Decimal as D

import pytest

from cstraject.subsidy import granted_for, own_part_of, tranches_of, wind_up
from tests.terms import TERMS

PUBLISHED = {
    "30000": "16335.00",
    "25150": "13694.18",
    "18000": "9801.00",
    "29300": "15953.85",
    "27280": "14853.96",
    "49300": "26843.85",
    "41920": "22825.44",
    "36072": "19641.20",
    "16779": "9136.17",
    "15700": "8548.65",
    "15140": "8243.73",
    "29621.25": "16128.77",
    "27549.50": "15000.71",  # Only with two roundings: one gives 15,000.70.
}


@pytest.mark.parametrize(("price", "granted"), PUBLISHED.items())
def test_granted_is_what_was_published(price, granted):
    assert granted_for(D(price), terms=TERMS).granted == D(granted)


def test_granted_rounds_half_up_at_each_of_two_steps():
    subsidy = granted_for(D("27549.50"), terms=TERMS)

    assert (subsidy.share, subsidy.vat) == (D("12397.28"), D("2603.43"))


def test_the_sme_pays_the_rest_with_its_vat():
    own = own_part_of(D(30_000), terms=TERMS)
    assert (own.rest, own.vat, own.total) == (D(16_500), D(3_465), D(19_965))

    # 16,737.325 with the VAT: each invoice rounds its own.
    odd = own_part_of(D(25_150), terms=TERMS)
    assert (odd.rest, odd.vat, odd.total) == (D("13832.50"), D("2904.83"), D("16737.33"))


def test_tranches_are_the_first_rounded_and_the_rest():
    assert tranches_of(D("13694.18"), terms=TERMS) == (D("8216.51"), D("5477.67"))


@pytest.mark.parametrize(
    ("committed", "paid", "entitled", "keeps", "released", "comes_back"),
    [
        ("100.00", "0.00", "0.00", "0.00", "100.00", "0.00"),
        ("100.00", "60.00", "0.00", "0.00", "40.00", "60.00"),
        ("100.00", "60.00", "60.00", "60.00", "40.00", "0.00"),
        ("100.00", "60.00", "80.00", "80.00", "20.00", "0.00"),
        ("100.00", "60.00", "250.00", "100.00", "0.00", "0.00"),
        ("100.00", "60.00", "45.50", "45.50", "40.00", "14.50"),
    ],
)
def test_winding_up_says_what_is_kept_released_and_comes_back(
    committed, paid, entitled, keeps, released, comes_back
):
    winding = wind_up(committed=D(committed), paid=D(paid), entitled=D(entitled))

    assert (winding.keeps, winding.released, winding.comes_back) == (
        D(keeps),
        D(released),
        D(comes_back),
    )
