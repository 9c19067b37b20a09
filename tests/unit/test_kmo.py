"""The EU definition of SMEs: what the worked cases do not ask."""

from decimal import Decimal as D

import pytest

from cstraject import kmo


@pytest.mark.parametrize(
    ("headcount", "turnover", "balance", "category"),
    [
        ("9.99", "2000000", "9e9", "micro"),
        ("10", "1", "1", "small"),
        ("49.99", "10000000.01", "10000000", "small"),
        ("249.99", "50000000", "43000001", "medium"),
        ("249.99", "50000000.01", "43000000", "medium"),
        ("249.99", "50000000.01", "43000000.01", "large"),
        ("250", "1", "1", "large"),
        ("9", None, "1", "micro"),
        (None, "1", "1", None),
        ("9", None, None, None),
        ("300", None, None, "large"),
    ],
)
def test_ceilings_compare_exactly(headcount, turnover, balance, category):
    figures = kmo.Figures(*(None if x is None else D(x) for x in (headcount, turnover, balance)))
    assert kmo.category_of(kmo.Sums.of(figures)) == category


@pytest.mark.parametrize(
    ("headcounts_newest_first", "category"),
    [
        (["260"], "large"),
        (["260", "240"], "medium"),
        (["260", "260", "240"], "large"),
        (["240", "260"], "large"),
        (["240", "260", "240"], "medium"),
        (["240", "240", "260"], "medium"),
    ],
)
def test_a_status_changes_only_over_two_consecutive_periods(headcounts_newest_first, category):
    periods = [
        kmo.Sums.of(kmo.Figures(D(h), D(20_000_000), D(20_000_000)))
        for h in headcounts_newest_first
    ]
    assert kmo.status_after(periods).category == category
