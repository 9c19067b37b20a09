"""What a correction changed, and where each fact comes from after it."""

from copy import deepcopy

import pytest

from cstraject.corrections import Change, changes, same, sourced
from cstraject.facts import facts_from_json, joined
from tests import factories as make

OWN, OWNER = make.enterprise_number(1), make.enterprise_number(4_801)


def stated(**more):
    owner = {
        "number": f"BE {OWNER}",
        "name": "Boven",
        "periods": [{"year": "2021", "headcount": "5", "turnover": "1e6"}],
    }
    return make.facts(
        OWN,
        others=[owner],
        holdings=[{"owner": OWNER, "owned": OWN, "capital_pct": "60"}],
        aid=[{"on": "2021-05-01", "amount": "9", "regulation": "1407/2013", "recipient": OWN}],
        **more,
    )


def corrected(before, change, **more):
    after = deepcopy(before)
    change(after)
    return sourced(before, after, was="aanvraag", now="NBB", sources={}, **more)


@pytest.mark.parametrize(
    ("one", "other", "are"),
    [
        ("12", "12.0", True), ("1e6", 1_000_000, True), (None, "", True), (None, False, True),
        (None, [], False), (True, 1, True), ("0", None, False), ("bv", "nv", False),
        ({"a": "1", "source": "x"}, {"a": "1.0"}, True), ([1], [1, 2], False),
    ],
)  # fmt: skip
def test_the_same_is_stated_in_other_words(one, other, are):
    assert same(one, other) is are
    assert same(other, one) is are


def test_what_changed_alone_has_another_source():
    before = stated(sources={"equity": "NBB 2020", "aid": "eigen opgave"})
    after = corrected(before, lambda facts: facts.update(legal_form="nv", nace_label="Anders"))

    read = facts_from_json(after, source="NBB", stated_on=make.AT.date())
    told = {fact: read.source_of(fact) for fact in ("equity", "aid", "legal_form", "nace_code")}
    assert told == {
        "equity": "NBB 2020", "aid": "eigen opgave", "legal_form": "NBB", "nace_code": "NBB"
    }  # fmt: skip
    assert {read.source_of(fact) for fact in ("periods", "holdings", "others", "postal_code")} == {
        "aanvraag"
    }
    # Also what is not known was not corrected.
    less = {name: value for name, value in before.items() if name != "public_share_pct"}
    after = corrected(less, lambda facts: facts.update(equity="1"))
    assert after["sources"]["public_share_pct"] == "aanvraag"
    assert after["sources"]["equity"] == "NBB"


def test_a_figure_has_its_source_in_its_period():
    before = stated()
    before["periods"][1]["source"] = "NBB 2020"

    after = corrected(before, lambda facts: facts["periods"][0].update(headcount="13"))

    assert [period["source"] for period in after["periods"]] == ["NBB; aanvraag", "NBB 2020"]
    assert after["sources"]["periods"] == "NBB; aanvraag"
    assert after["others"][0]["periods"][0]["source"] == "aanvraag"
    figures = {"headcount": "1", "turnover": "2", "balance_total": "3"}
    after = corrected(before, lambda facts: facts["others"][0]["periods"][0].update(figures))
    assert after["others"][0]["periods"][0]["source"] == "NBB"
    new = {"year": 2022, "headcount": "1"}
    after = corrected(before, lambda facts: facts["periods"].insert(0, new))
    assert [p["source"] for p in after["periods"]] == ["NBB", "aanvraag", "NBB 2020"]


def test_earlier_aid_has_each_its_source():
    before = stated(sources={"aid": "eigen opgave"})
    more = {**before["aid"][0], "amount": "41000", "inherited": True}

    after = corrected(before, lambda facts: facts["aid"].append(more))
    assert [aid["source"] for aid in after["aid"]] == ["eigen opgave", "NBB"]
    assert after["sources"]["aid"] == "NBB; eigen opgave"
    again = sourced(after, {**after, "equity": "1"}, was="NBB", now="x", sources={})
    assert [aid["source"] for aid in again["aid"]] == ["eigen opgave", "NBB"]
    waived = corrected(after, lambda facts: facts["aid"][0].update(excluded=True))
    assert [aid["source"] for aid in waived["aid"]] == ["NBB; eigen opgave", "NBB"]
    read = facts_from_json(after, source="x", stated_on=make.AT.date())
    assert [aid.source for aid in read.aid] == ["eigen opgave", "NBB"]


def test_what_is_added_to_a_list_stands_beside_what_was_there():
    before = stated(provider_ties=[])
    after = corrected(before, lambda facts: facts["aid"].append({**facts["aid"][0], "amount": "1"}))
    assert after["sources"]["aid"] == "NBB; aanvraag"
    assert after["sources"]["holdings"] == "aanvraag"
    after = corrected(before, lambda facts: facts.update(provider_ties=["family"]))
    assert after["sources"]["provider_ties"] == "NBB"


def test_single_facts_may_come_from_elsewhere():
    before, after = stated(), stated(equity="1", name="Anders")
    after["periods"][0]["headcount"] = "14"
    told = sourced(
        before, after, was="a", now="KBO", sources={"equity": "NBB 1", "periods.2021": "NBB 2"}
    )
    assert (told["sources"]["equity"], told["sources"]["name"]) == ("NBB 1", "KBO")
    assert told["periods"][0]["source"] == "NBB 2; a"


def test_what_is_asked_with_aid_keeps_its_own_source():
    before = stated(sources={"aid": "eigen opgave"})
    aid = {**before["aid"][0], "amount": "41000"}

    after = corrected(before, lambda facts: facts["aid"].append(aid))
    after = sourced(after, {**after, "aid_sector": "road_freight"}, was="x", now="KBO", sources={})
    read = facts_from_json(after, source="x", stated_on=make.AT.date())
    assert read.source_of("aid") == "NBB; eigen opgave"
    assert read.source_of("aid_for_same_costs") == "eigen opgave"
    assert read.source_of("aid_sector") == "KBO"


def test_two_sources_are_told_as_far_as_there_is_place():
    assert joined("a", "b; a; c") == "a; b; c"
    assert joined("a", "") == "a"
    assert joined("a; b", "b", "a; c") == "a; b; c"
    assert joined("a" * 150, f"{'b' * 40}; {'c' * 40}") == f"{'a' * 150}; {'b' * 40}"
    assert joined("a" * 200, "b") == "a" * 200


def test_what_changed_is_told_line_by_line():
    before, after = stated(), stated(equity="-1", declared_on="2021-02-01")
    after["periods"][0]["headcount"] = "13"
    after["periods"][1]["turnover"] = "1400000.00"
    after["others"][0]["periods"].insert(0, {"year": 2022, "headcount": "6"})
    after["others"].append({"key": "added-1", "name": "Een vennoot", "kind": "natural_person"})
    after["holdings"][0]["capital_pct"] = "24"
    after["holdings"].append(held := {"owner": "added-1", "owned": OWNER})
    after["aid"][0]["excluded"] = True

    assert changes(before, after) == [
        Change("periods.headcount", (OWN, "2021"), "12", "13"),
        Change("equity", (), "50000", "-1"),
        Change("declared_on", (), "2022-02-01", "2021-02-01"),
        Change("periods.headcount", (OWNER, "2022"), None, "6"),
        Change("others", ("added-1",), None, after["others"][1]),
        Change("holdings.capital_pct", (OWNER, OWN), "60", "24"),
        Change("holdings", ("added-1", OWNER), None, held),
        Change("aid.excluded", (OWN, "2021-05-01"), None, True),
    ]
    assert changes(before, before) == []
    # Aid that nobody had asked for, where none was declared before.
    none = {**before, "aid": None}
    assert [c.what for c in changes(none, before)] == ["aid"]
    assert [c.what for c in changes(none, {**before, "aid": []})] == ["aid"]
