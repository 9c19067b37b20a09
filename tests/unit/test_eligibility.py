"""The questions put to a dossier, one by one."""

from dataclasses import replace
from datetime import date
from decimal import Decimal as D

import pytest
from django.utils import translation

from apps.design.words import words_for_finding
from cstraject.deminimis import Aid
from cstraject.eligibility import ABOUT_OTHERS, QUESTIONS, assess
from cstraject.facts import Helped, Known, Offer, facts_from_json
from cstraject.kmo import Figures
from cstraject.refusal import Refusal
from cstraject.terms import PER_UNDERTAKING, ActivityRule
from tests.factories import enterprise_number
from tests.factories import facts as stated
from tests.terms import TERMS

ON = date(2022, 2, 1)
OFFER = Offer("basis", False, D("30000.00"), D("30.0"))
OWN, OWNER, SISTER = (enterprise_number(nth) for nth in (901, 902, 903))


def assessment(offer=OFFER, known=None, on=ON, terms=TERMS, **changes):
    facts = facts_from_json(stated(OWN, **changes), source="test", stated_on=on)
    return assess(facts, offer=offer, terms=terms, on=on, known=known)


def found(question, **given):
    return {a.question: a for a in assessment(**given).answers}[question]


def answer(question, **given):
    told = found(question, **given)
    return told.outcome, told.finding


def test_every_question_is_answered_once_and_in_order():
    assert tuple(a.question for a in assessment().answers) == QUESTIONS


PUBLIC = {"key": "stad", "name": "Stad", "kind": "public_body"}


def held(by, pct, **more):
    holding = {"owner": by.get("key") or by["number"], "owned": OWN, "capital_pct": pct}
    return {"others": [by], "holdings": [{**holding, "voting_pct": pct, **more}]}


def staff(persons, kind="employee", **more):
    return {"kind": kind, "persons": persons, **more}


GRANTED = {"on": "2021-05-01", "regulation": "1407/2013", "recipient": OWN}


@pytest.mark.parametrize(
    ("question", "changes", "expected"),
    [
        ("size", {}, ("met", "size-is-sme")),
        ("size", {"periods": []}, ("unknown", "size-unknown")),
        ("size", held(PUBLIC, "25"), ("not_met", "size-public")),
        ("size", {"dispersed_capital": True}, ("person", "size-to-judge")),
        ("size", {"public_share_pct": "25"}, ("person", "size-public-stated")),
        ("size", {"public_share_pct": "24.99"}, ("met", "size-is-sme")),
        (
            "size",
            {"maatwerk_recognition": "WSE-1", "dispersed_capital": True},
            ("met", "size-exempt-anyway"),
        ),
        ("size", held(PUBLIC, "24.99"), ("met", "size-is-sme")),
        (
            "size",
            {"periods": [{"year": 2021, "headcount": "9", "balance_total": "9e6"}]},
            ("met", "size-is-sme-class-unknown"),
        ),
        ("legal_form", {}, ("met", "legal-form-accepted")),
        ("legal_form", {"legal_form": "BV"}, ("met", "legal-form-accepted")),
        ("legal_form", {"legal_form": "stichting"}, ("person", "legal-form-to-judge")),
        ("legal_form", {"legal_form": "maatschap"}, ("not_met", "legal-form-refused")),
        ("private_sector", {"public_share_pct": "24.99"}, ("met", "public-share-under")),
        ("private_sector", {"public_share_pct": "25"}, ("not_met", "public-share-over")),
        ("private_sector", {"public_share_pct": None}, ("unknown", "public-share-unknown")),
        ("private_sector", held(PUBLIC, "30"), ("not_met", "public-share-over")),
        (
            "private_sector",
            held(
                {"key": "pmv", "name": "PMV", "kind": "public_investment_corp", "public": True}, 30
            ),
            ("person", "public-share-investors"),
        ),
        # Control without a quarter; and a part that is known says nothing of the rest.
        (
            "private_sector",
            held(PUBLIC, "10", control="board_majority"),
            ("person", "public-control"),
        ),
        (
            "private_sector",
            {"controlled_by_public_bodies": True, "maatwerk_recognition": "WSE-1"},
            ("person", "public-control"),
        ),
        (
            "private_sector",
            {"public_share_pct": None, **held(PUBLIC, "5")},
            ("unknown", "public-share-unknown"),
        ),
        (
            "private_sector",
            {
                "public_share_pct": None,
                **held({"number": OWNER, "name": "Eigenaar"}, "100"),
            },
            ("met", "public-share-under"),
        ),
        ("main_activity", {}, ("person", "activity-to-judge")),
        ("region", {"postal_code": "B-9000"}, ("unknown", "postal-code-unreadable")),
        ("region", {"postal_code": "1000"}, ("not_met", "outside-flanders")),
        ("region", {}, ("met", "in-flanders")),
        ("equity", {"equity": "0"}, ("met", "equity-not-negative")),
        ("equity", {"equity": "-0.01"}, ("not_met", "equity-negative")),
        ("equity", {"equity": None}, ("unknown", "equity-unknown")),
        ("equity", {"equity": None, "legal_form": "eenmanszaak"}, ("met", "equity-of-a-person")),
        ("de_minimis", {}, ("unknown", "de-minimis-not-declared")),
        ("de_minimis", {"aid": []}, ("met", "de-minimis-within")),
        ("de_minimis", {"aid": [{**GRANTED, "amount": "183665"}]}, ("met", "de-minimis-within")),
        (
            "de_minimis",
            {"aid": [{**GRANTED, "amount": "183665.01"}]},
            ("not_met", "de-minimis-over"),
        ),
        (
            "de_minimis",
            {"aid": [{**GRANTED, "amount": "190000", "excluded": True}]},
            ("person", "de-minimis-to-judge"),
        ),
        (
            "de_minimis",
            {"aid": [], "aid_for_same_costs": True},
            ("person", "de-minimis-to-judge"),
        ),
        (
            "de_minimis",
            {"aid": [], "aid_sector": "primary_agriculture"},
            ("not_met", "de-minimis-out-of-scope"),
        ),
        (
            "de_minimis",
            {"aid": [{**GRANTED, "amount": "1", "recipient": "OLD BV"}]},
            ("person", "de-minimis-of-a-stranger"),
        ),
        (
            "de_minimis",
            {"aid": [{**GRANTED, "amount": "1", "recipient": "OLD BV", "inherited": True}]},
            ("met", "de-minimis-within"),
        ),
        ("declarations", {}, ("met", "declarations-complete")),
        ("declarations", {"declared_on": "2021-02-01"}, ("met", "declarations-complete")),
        ("declarations", {"declared_on": "2021-01-31"}, ("person", "declarations-old")),
        ("declarations", {"declarations": ["sme_status"]}, ("not_met", "declarations-missing")),
        ("declarations", {"declared_on": None}, ("person", "declarations-signature-to-judge")),
        ("declarations", {"declared_on": "2022-02-02"}, ("not_met", "declarations-signed-later")),
        ("independence", {}, ("met", "no-ties")),
        ("independence", {"provider_ties": None}, ("unknown", "ties-unknown")),
        ("independence", {"provider_ties": ["family"]}, ("person", "ties-to-judge")),
    ],
)
def test_a_question_is_answered_from_the_facts(question, changes, expected):
    assert answer(question, **changes) == expected


def test_a_fact_tells_where_it_comes_from():
    told = found("equity", sources={"equity": "NBB, neerlegging 2021-00012345"})

    assert told.source == "NBB, neerlegging 2021-00012345"
    assert found("equity").source == "test"


def test_shares_that_contradict_each_other_give_no_size():
    others = [{"number": n, "name": n, "periods": []} for n in (OWNER, SISTER)]
    holdings = [
        {"owner": n, "owned": OWN, "capital_pct": "60", "voting_pct": "60"} for n in (OWNER, SISTER)
    ]
    assert answer("size", others=others, holdings=holdings) == ("person", "size-contradicts")


def test_a_provider_among_the_owners_is_for_a_person():
    known = Known(provider=OWNER)
    assert answer("independence", known=known, **owned(voting=10)) == (
        *("person", "provider-among-owners"),
    )


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([("2008", "62", True)], ("met", "activity-accepted")),
        ([("2008", "62", False)], ("not_met", "activity-refused")),
        ([("2008", "62", False), ("2008", "6201", True)], ("met", "activity-accepted")),
        ([("2025", "62", False)], ("person", "activity-to-judge")),
    ],
)
def test_an_activity_is_judged_by_the_closest_rule_of_its_version(rules, expected):
    activities = tuple(
        ActivityRule(version, prefix, accepted, date(2021, 1, 1), None)
        for version, prefix, accepted in rules
    )
    assert answer("main_activity", terms=replace(TERMS, activities=activities)) == expected


def test_a_rule_on_an_activity_holds_for_a_while():
    rule = ActivityRule("2008", "62", False, date(2021, 1, 1), date(2022, 1, 31))
    assert answer("main_activity", terms=replace(TERMS, activities=(rule,)))[0] == "person"


def test_an_enterprise_is_helped_once_in_four_years():
    before, after = (Known(helped=(Helped(OWN, date(2018, 2, day)),)) for day in (1, 2))
    assert answer("once_only", known=before) == ("met", "not-helped-before")
    assert answer("once_only", known=after) == ("not_met", "helped-before")
    assert found("once_only", known=after).figures == {"not_before": "2022-02-02"}


def test_help_to_a_sister_counts_where_the_edition_says_so():
    known, group = Known(helped=(Helped(OWNER, date(2021, 2, 1)),)), owned(voting=100)

    assert answer("once_only", known=known, **group)[0] == "met"
    per_undertaking = replace(TERMS, once_only_per="undertaking")
    assert answer("once_only", known=known, terms=per_undertaking, **group)[0] == "not_met"


def test_aid_of_the_programme_counts_and_the_same_aid_counts_once():
    aid = Aid(date(2021, 5, 1), D(183_665), "1407/2013", OWN)
    declared = {"aid": [{**GRANTED, "amount": "183665"}]}

    assert answer("de_minimis", known=Known(aid=(aid,)), **declared)[0] == "met"
    one_cent_more = Known(aid=(aid, Aid(date(2021, 6, 1), D("0.01"), "1407/2013", OWN)))
    told = found("de_minimis", known=one_cent_more, **declared)
    assert told.outcome == "not_met"


def test_what_others_granted_is_not_told_to_the_provider():
    """Answers are the provider's to read: no amount, day or number of what it did not state."""
    known = Known(
        helped=(Helped(OWNER, date(2021, 3, 4)),),
        aid=(Aid(date(2021, 3, 4), D("123456.78"), "1407/2013", OWNER, note="BETA-2021-001"),),
    )
    told = " ".join(
        value
        for a in assessment(known=known, aid=[], **owned(voting=100)).answers
        for value in a.figures.values()
    )
    for secret in ("123456.78", "2021-03-04", "BETA", "76543.22"):
        assert secret not in told


def test_on_a_day_without_a_regulation_a_person_judges():
    terms = replace(TERMS, valid_until=date(2040, 1, 1))
    on = date(2032, 1, 1)
    assert answer("de_minimis", aid=[], on=on, terms=terms) == (
        *("person", "de-minimis-no-regulation"),
    )


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
    told = assessment(**owned(voting=51))

    assert (told.size_class, told.answers[0].outcome) == ("large", "not_met")
    assert told.answers[0].figures["headcount"] == "422"
    assert told.answers[0].figures["linked"] == "1"


def test_a_holder_of_half_the_votes_is_a_partner():
    told = assessment(**owned(voting=50))

    # The holder has all the capital: it counts for the greater of the two.
    assert (told.size_class, told.size.relation) == ("large", "partner")


def test_figures_are_added_year_by_year():
    """An owner's 2020 is not added to our 2021; without its 2021 the size is not known."""
    old = [{"year": 2020, "headcount": "1", "turnover": "1", "balance_total": "1"}]

    assert answer("size", **owned(voting=100, periods=old)) == ("unknown", "size-unknown")


def test_a_recognised_maatwerkbedrijf_passes_whatever_its_size():
    outcome = answer("size", maatwerk_recognition="MW-2020-17", **owned(voting=100))
    assert outcome == ("met", "size-exempt")


def test_an_exempt_enterprise_is_not_called_large_where_that_is_not_known():
    recognised = {"maatwerk_recognition": "MW-2020-17"}
    assert answer("size", **recognised, periods=[]) == ("met", "size-exempt-anyway")


def test_the_exception_for_maatwerkbedrijven_has_a_first_day():
    last_day = date(2021, 12, 31)
    told = found("size", on=last_day, maatwerk_recognition="MW-2020-17", **owned(voting=100))
    assert told.finding == "size-is-large"


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
        {"periods": [{"year": 2021, "months": 6, "staff": [staff(2, months=7)]}]},
        {"others": [{**PUBLIC, "periods": [{"year": 2021, "whole_group": True}]}]},
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


def test_a_short_period_is_put_on_an_annual_basis():
    parts = [staff(80), staff(6, months=2), staff(9, kind="student")]
    short = {"year": 2021, "months": 6, "turnover": "6000000", "balance_total": "1", "staff": parts}
    facts = facts_from_json(stated(OWN, periods=[short]), source="test", stated_on=ON)

    [period] = facts.graph.entities[OWN].periods
    assert period.figures == Figures(D(82), D(12_000_000), D(1))


@pytest.mark.parametrize("data", [None, [], "text", 5])
def test_facts_that_are_no_object_are_refused(data):
    with pytest.raises(Refusal, match="unreadable-facts"):
        facts_from_json(data, source="test", stated_on=ON)


def years(*headcounts):
    return [
        {
            "year": 2021 - ago,
            "headcount": str(count),
            "turnover": "60000000" if count >= 250 else "3000000",
            "balance_total": "60000000" if count >= 250 else "3000000",
        }
        for ago, count in enumerate(headcounts)
    ]


@pytest.mark.parametrize(
    ("headcounts", "expected", "says"),
    [
        ((20, 300, 300), ("not_met", "size-is-large-by-periods"), "Kleine onderneming"),
        ((300, 20, 20), ("met", "size-is-sme-by-periods"), "Grote onderneming"),
        ((300, 300), ("not_met", "size-is-large"), ""),
    ],
)
def test_a_size_that_hangs_on_two_years_says_so(headcounts, expected, says):
    told = found("size", periods=years(*headcounts))
    assert (told.outcome, told.finding) == expected
    with translation.override("nl"):
        sentence = words_for_finding(told.finding, told.figures)
    assert says in sentence
    assert ("artikel 4, lid 2" in sentence) == bool(says)


def test_whose_figures_of_which_year_are_missing_is_told():
    told = found("size", periods=[{"year": 2021, "headcount": "12", "balance_total": "1"},
                                  {"year": 2020, "turnover": "300000000"}])  # fmt: skip
    assert (told.finding, told.figures["year"]) == ("size-unknown", "2020")


def test_the_ceiling_that_is_exceeded_is_the_one_that_is_told():
    """General aid fits under its own ceiling; together with aid for services it does not."""
    others = [
        {**GRANTED, "amount": "400000", "regulation": "360/2012"},
        {**GRANTED, "amount": "90000"},
    ]
    told = found("de_minimis", aid=others)
    assert (told.finding, told.figures["ceiling"]) == ("de-minimis-over", "500000")
    assert "sgei" in told.figures["over"]


GROUP = held({"number": OWNER, "name": "Eigenaar"}, "100")


@pytest.mark.parametrize("recipient", [OWN, OWNER])
def test_what_others_of_a_group_received_of_the_agency_is_not_told(recipient):
    """Whoever may ask about a group of its own making could ask about everybody."""
    granted = Aid(date(2021, 6, 1), D(190_000), "1407/2013", recipient)
    known = Known(helped=(Helped(recipient, date(2021, 6, 1)),), aid=(granted,))
    per_group = replace(TERMS, once_only_per=PER_UNDERTAKING)
    result = assessment(known=known, terms=per_group, aid=[], **GROUP)
    whole = {a.question: a.outcome for a in result.answers}
    told = {a.question: a.outcome for a in result.told}
    assert (whole["de_minimis"], whole["once_only"]) == ("not_met", "not_met")
    expected = "not_met" if recipient == OWN else "met"
    assert (told["de_minimis"], told["once_only"]) == (expected, expected)
    assert all(told[q] == whole[q] for q in QUESTIONS if q not in ABOUT_OTHERS)


def test_help_and_aid_count_as_on_the_day_of_the_grant():
    known = Known(helped=(Helped(OWN, date(2018, 2, 4)),))
    facts = facts_from_json(stated(OWN, aid=[]), source="test", stated_on=ON)
    for granted_on, outcome in ((ON, "not_met"), (date(2022, 2, 4), "met")):
        result = assess(facts, offer=OFFER, terms=TERMS, on=ON, granted_on=granted_on, known=known)
        assert {a.question: a.outcome for a in result.answers}["once_only"] == outcome


@pytest.mark.parametrize("number", ["0E-270000000", "1E-40", "0E+900", "1E-999999999"])
def test_a_number_that_would_fill_the_memory_is_not_read(number):
    with pytest.raises(Refusal) as refused:
        assessment(public_share_pct=number)
    assert refused.value.facts == {"field": "public_share_pct"}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"adjacent_markets": [["m"] * 21]}, "adjacent_markets"),
        ({"adjacent_markets": [["m"]] * 21}, "adjacent_markets: 21 > 20"),
        ({"markets": ["m"] * 21}, "markets: 21 > 20"),
        ({"periods": years(*[5] * 11)}, "periods: 11 > 10"),
        ({"aid": [GRANTED] * 201}, "aid: 201 > 200"),
    ],
)
def test_more_than_any_group_has_is_not_read(changes, field):
    with pytest.raises(Refusal) as refused:
        assessment(**changes)
    assert refused.value.facts == {"field": field}


@pytest.mark.parametrize(
    ("amount", "finding", "together"),
    [("100000", "de-minimis-within", "116335.00"), ("190000", "de-minimis-over", "206335.00")],
)
def test_the_sum_of_what_was_stated_is_told(amount, finding, together):
    mine = [{"on": "2021-03-04", "amount": amount, "regulation": "1407/2013", "recipient": OWN}]
    told = found("de_minimis", aid=mine)
    assert told.finding == finding
    assert (D(told.figures["declared"]), told.figures["together"]) == (D(amount), together)


def test_no_sum_tells_what_the_agency_granted_to_the_enterprise_itself():
    aid = Aid(date(2021, 3, 4), D("190000.78"), "1407/2013", OWN, note="BETA-2021-001")
    told = assessment(known=Known(aid=(aid,)), aid=[]).told
    [one] = [one for one in told if one.question == "de_minimis"]
    assert one.finding == "de-minimis-over"
    assert "together" not in one.figures
