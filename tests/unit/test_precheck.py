"""What can be told before any dossier: the verdict, what is left open, what is not guessed."""

from dataclasses import replace
from datetime import date
from decimal import Decimal as D

import pytest

from cstraject.precheck import JUDGE, NO, NOBODY, VERDICTS, YES, Said, outlook, readable
from cstraject.refusal import Refusal
from cstraject.terms import ActivityRule
from tests.terms import TERMS

ON = date(2024, 11, 4)
FACTS = {
    "name": "Voorbeeld",
    "legal_form": "bv",
    "postal_code": "9000",
    "periods": [{"year": 2023, "headcount": "12", "turnover": "1", "balance_total": "1"}],
    "public_share_pct": "0",
    "equity": "0",
    "aid": [],
}
GRANT = {"on": "2024-02-01", "regulation": "2023/2831"}


def told(*, on=ON, terms=TERMS, facts=None, without=(), **said):
    stated = {k: v for k, v in {**FACTS, **(facts or {})}.items() if k not in without}
    outcome = outlook(Said(facts=stated, **said), terms=terms, on=on)
    return outcome, {line.question: (line.outcome, line.finding) for line in outcome.lines}


def test_all_that_can_be_known_is_met():
    outcome, lines = told()

    assert outcome.verdict == YES
    assert outcome.open == ("main_activity",)
    assert (lines["offer"], outcome.offer_fits) == ((None, "no-price"), False)
    assert told(price=D(30_000))[0].offer_fits
    assert not told(price=D(60_000))[0].offer_fits
    assert {lines[q] for q in ("once_only", "declarations", "independence")} == {
        (None, "when-filed")
    }


@pytest.mark.parametrize(
    ("given", "verdict", "question", "line"),
    [
        ({"without": ("legal_form",)}, JUDGE, "legal_form", ("person", "other-legal-form")),
        ({}, YES, "main_activity", ("unknown", "activity-not-said")),
        (
            {"facts": {"nace_version": "2008", "nace_code": "62010"}},
            *(YES, "main_activity", ("person", "activity-to-judge")),
        ),
        ({"without": ("equity",)}, JUDGE, "equity", ("unknown", "equity-unknown")),
        (
            {"without": ("equity",), "negative_equity": True},
            *(NO, "equity", ("not_met", "equity-said-negative")),
        ),
        (
            {"without": ("equity",), "negative_equity": False},
            *(YES, "equity", ("met", "equity-said-not-negative")),
        ),
        # An amount says more than a word.
        ({"negative_equity": True}, YES, "equity", ("met", "equity-not-negative")),
        ({"without": ("aid",)}, JUDGE, "de_minimis", ("unknown", "de-minimis-not-declared")),
        ({"price": D(14_999)}, NO, "offer", ("not_met", "price-outside-band")),
        ({"price": D(50_000)}, YES, "offer", ("met", "offer-within-band")),
        (
            {"price": D(20_001), "package": "light"},
            *(NO, "offer", ("not_met", "price-outside-band")),
        ),
        (
            {"price": D(20_001), "package": "light", "with_extension": True},
            *(YES, "offer", ("met", "offer-within-band")),
        ),
        ({"price": D(20_000), "package": "groot"}, NO, "offer", ("not_met", "unknown-package")),
        # On a day on which nothing is offered: no answer, but a price outside the band is one.
        (
            {"price": D(30_000), "package": "basis", "on": date(2025, 6, 1)},
            *(YES, "offer", (None, "package-not-offered")),
        ),
        (
            {"price": D(30_000), "package": "light", "on": date(2025, 6, 1)},
            *(NO, "offer", ("not_met", "price-outside-band")),
        ),
    ],
)
def test_what_is_said_gives_a_line_and_a_verdict(given, verdict, question, line):
    outcome, lines = told(**given)

    assert (outcome.verdict, lines[question]) == (verdict, line)
    assert outcome.verdict in VERDICTS


@pytest.mark.parametrize(
    ("amount", "price", "line"),
    [
        # 27,225 for the dearest offer, 8,167.50 for the cheapest.
        ("272775", None, ("met", "de-minimis-within")),
        ("272775.01", None, ("unknown", "de-minimis-by-price")),
        ("291832.50", None, ("unknown", "de-minimis-by-price")),
        ("291832.51", None, ("not_met", "de-minimis-over")),
        ("272775.01", D(30_000), ("met", "de-minimis-within")),
        ("290000", D(30_000), ("not_met", "de-minimis-over")),
    ],
)
def test_without_a_price_every_price_is_thought_of(amount, price, line):
    _, lines = told(facts={"aid": [{**GRANT, "amount": amount}]}, price=price)
    assert lines["de_minimis"] == line


def test_a_refused_activity_decides_and_an_unlisted_one_does_not():
    rule = ActivityRule("2008", "84", False, date(2021, 1, 1), None)
    terms = replace(TERMS, activities=(rule,))
    facts = {"nace_version": "2008", "nace_code": "84110"}

    assert told(terms=terms, facts=facts)[0].verdict == NO
    assert told(terms=terms, facts={**facts, "nace_code": "62010"})[0].verdict == YES


def test_who_gives_no_number_is_read_as_nobody():
    holdings = [{"owner": "R1", "capital_pct": "30", "voting_pct": "30"}]
    read = readable({**FACTS, "holdings": holdings, "aid": [{**GRANT, "amount": "1"}]})

    assert read["number"] == read["aid"][0]["recipient"] == NOBODY
    assert read["holdings"] == [{"owned": NOBODY, **holdings[0]}]
    assert readable({"number": "0428315871"})["aid"] is None


def test_what_contradicts_itself_is_refused():
    with pytest.raises(Refusal) as refusal:
        told(facts={"holdings": [{"owner": "wie", "capital_pct": "30"}]})
    assert refusal.value.code == "unreadable-facts"
