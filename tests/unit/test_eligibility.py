"""The questions put to a dossier, and the EU size of an enterprise with its majority owners."""

from datetime import date
from decimal import Decimal as D

import pytest

from cstraject import kmo
from cstraject.eligibility import QUESTIONS, Offer, assess, facts_from_json
from cstraject.refusal import Refusal
from tests.factories import enterprise_number
from tests.factories import facts as stated
from tests.terms import TERMS

ON = date(2022, 2, 1)
OFFER = Offer("basis", False, D("30000.00"), D("30.0"))
OWN, OWNER, SISTER = (enterprise_number(nth) for nth in (901, 902, 903))


def assessment(offer=OFFER, helped_on=(), **changes):
    facts = facts_from_json(stated(OWN, **changes), source="test", stated_on=ON)
    return assess(facts, offer=offer, terms=TERMS, on=ON, helped_on=helped_on)


def answer(question, **given):
    found = {a.question: a for a in assessment(**given).answers}[question]
    return found.outcome, found.finding


def test_every_question_is_answered_once_and_in_order():
    assert tuple(a.question for a in assessment().answers) == QUESTIONS


@pytest.mark.parametrize(
    ("question", "changes", "expected"),
    [
        ("size", {}, ("met", "size-is-sme")),
        ("size", {"periods": []}, ("unknown", "size-unknown")),
        ("legal_form", {}, ("met", "legal-form-accepted")),
        ("legal_form", {"legal_form": "stichting"}, ("person", "legal-form-to-judge")),
        ("legal_form", {"legal_form": "maatschap"}, ("not_met", "legal-form-refused")),
        ("private_sector", {"public_share_pct": "24.99"}, ("met", "public-share-under")),
        ("private_sector", {"public_share_pct": "25"}, ("not_met", "public-share-over")),
        ("private_sector", {"public_share_pct": None}, ("unknown", "public-share-unknown")),
        ("main_activity", {}, ("person", "activity-to-judge")),
        ("region", {"postal_code": "1000"}, ("not_met", "outside-flanders")),
        ("region", {}, ("met", "in-flanders")),
        ("equity", {"equity": "0"}, ("met", "equity-not-negative")),
        ("equity", {"equity": "-0.01"}, ("not_met", "equity-negative")),
        ("equity", {"equity": None}, ("unknown", "equity-unknown")),
        ("de_minimis", {}, ("person", "de-minimis-to-judge")),
        ("declarations", {"declarations": ["sme_status"]}, ("not_met", "declarations-missing")),
    ],
)
def test_a_question_is_answered_from_the_facts(question, changes, expected):
    assert answer(question, **changes) == expected


def test_an_enterprise_is_helped_once_in_four_years():
    assert answer("once_only", helped_on=[date(2018, 2, 1)]) == ("met", "not-helped-before")
    assert answer("once_only", helped_on=[date(2018, 2, 2)]) == ("not_met", "helped-before")


def test_a_price_outside_its_band_is_not_met():
    offer = Offer("basis", False, D("50000.01"), D(30))
    assert answer("offer", offer=offer) == ("not_met", "price-outside-band")


LARGE = [
    {"year": year, "headcount": "410", "turnover": "98e6", "balance_total": "77e6"}
    for year in (2021, 2020)
]


def owned(voting, **more):
    return {
        "others": [{"number": OWNER, "name": "Groep", "periods": more.get("periods", LARGE)}],
        "holdings": [
            {"owner": OWNER, "owned": OWN, "capital_pct": "100", "voting_pct": str(voting)}
        ],
    }


def test_a_majority_owner_counts_in_full():
    found = assessment(**owned(voting=51))

    assert (found.size_class, found.answers[0].outcome) == ("large", "not_met")
    assert found.answers[0].figures["headcount"] == "422"
    assert found.answers[0].figures["names"] == "Groep"


def test_a_holder_of_a_quarter_without_a_majority_is_left_to_a_person():
    found = assessment(**owned(voting=50))

    assert (found.size_class, found.answers[0].outcome) == ("small", "person")
    assert found.answers[0].finding == "size-relations-to-judge"
    assert found.answers[0].figures["holders"] == "Groep"


def test_a_holder_of_less_than_a_quarter_counts_for_nothing():
    holding = {"owner": OWNER, "owned": OWN, "capital_pct": "24.99", "voting_pct": "24.99"}
    changes = {**owned(voting=50), "holdings": [holding]}

    assert assessment(**changes).answers[0].outcome == "met"


def test_figures_are_added_year_by_year():
    """An owner's 2020 is not added to our 2021; without its 2021 the size is not known."""
    old = [{"year": 2020, "headcount": "1", "turnover": "1", "balance_total": "1"}]

    assert answer("size", **owned(voting=100, periods=old)) == ("unknown", "size-unknown")


def test_an_owner_whose_figures_are_not_known_leaves_the_size_unknown():
    found = assessment(**owned(voting=51, periods=[]))

    assert (found.size_class, found.answers[0].outcome) == (None, "unknown")


def test_a_sister_counts_through_the_common_owner():
    figures = {2021: kmo.Figures(D(30), D(1), D(1))}
    own, owner, sister = (kmo.Enterprise(n, n, figures) for n in (OWN, OWNER, SISTER))
    holdings = tuple(kmo.Holding(OWNER, number, D(60), D(60)) for number in (OWN, SISTER))

    found = kmo.size_of(own, others={OWNER: owner, SISTER: sister}, holdings=holdings)

    assert {e.number for e in found.linked} == {OWNER, SISTER}
    assert found.aggregated[0].headcount == D(90)


def test_a_recognised_maatwerkbedrijf_passes_whatever_its_size():
    outcome = answer("size", maatwerk_recognition="MW-2020-17", **owned(voting=100))
    assert outcome == ("met", "size-exempt")


def test_the_exception_for_maatwerkbedrijven_has_a_first_day():
    facts = facts_from_json(
        stated(OWN, maatwerk_recognition="MW-2020-17", **owned(voting=100)),
        source="test",
        stated_on=date(2021, 12, 31),
    )
    found = assess(facts, offer=OFFER, terms=TERMS, on=date(2021, 12, 31))
    assert found.answers[0].finding == "size-is-large"


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
    assert kmo.category_of(figures) == category


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
    periods = [kmo.Figures(D(h), D(20_000_000), D(20_000_000)) for h in headcounts_newest_first]
    assert kmo.status_after(periods) == category


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"name": "x" * 201},
        {"name": 7},
        {"name": "a\x00b"},
        {"nace_code": "6201"},
        {"periods": [{"year": 2021, "headcount": "-1"}]},
        {"periods": [{"year": "soon"}]},
        {"periods": {}},
        {"periods": [{"year": 2020}, {"year": 2021}]},
        {"public_share_pct": "NaN"},
        {"public_share_pct": "-5"},
        {"public_share_pct": "100.01"},
        {"equity": True},
        {"declarations": ["everything"]},
        {"holdings": [{"owner": OWNER, "owned": OWN, "capital_pct": "10", "voting_pct": "10"}]},
        {"unheard_of": 1},
    ],
)
def test_facts_that_cannot_be_read_are_refused(changes):
    with pytest.raises(Refusal) as refused:
        facts_from_json(stated(OWN, **changes), source="test", stated_on=ON)

    assert refused.value.code in ("unreadable-facts", "wrong-nace")


@pytest.mark.parametrize("data", [None, [], "text", 5])
def test_facts_that_are_no_object_are_refused(data):
    with pytest.raises(Refusal, match="unreadable-facts"):
        facts_from_json(data, source="test", stated_on=ON)
