"""The pages of what an assessment rests on: a person can follow every sum."""

import re

import pytest
from django.db import transaction
from django.test import Client

from apps.accounts.selectors import timetable
from apps.dossiers import services
from apps.eligibility import services as assessments
from apps.providers.scope import across_providers
from tests import factories as make
from tests.factories import AT

OWN, MOTHER, PARTNER = (make.enterprise_number(4_810 + nth) for nth in range(3))


@pytest.fixture
def opened(committed):
    """A page of the workings of a dossier, as an officer reads it: words without marks."""

    def told(name, language="nl", **stated):
        with across_providers(), transaction.atomic():
            dossier = make.submitted(make.make_contract(), number=OWN, **stated)
            dossier = services.assess_dossier(dossier=dossier, actor=timetable(), at=AT)
            officer = make.make_officer()
        client = Client(headers={"accept-language": language})
        make.sign_in(client, officer)
        answer = client.get(f"/agency/dossiers/{dossier.pk}/{name}/")
        assert answer.status_code == 200
        answer.text_told = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))
        return answer

    return told


def a_partner(**figures):
    periods = [
        {"year": 2021, "headcount": "120", "turnover": "24e6", "balance_total": "15e6", **figures},
        {"year": 2020, "headcount": "118", "turnover": "23e6", "balance_total": "15e6"},
    ]
    return {
        "others": [{"number": PARTNER, "name": "Vennoot nv", "periods": periods}],
        "holdings": [{"owner": PARTNER, "owned": OWN, "capital_pct": "25", "voting_pct": "25"}],
    }


def test_what_is_counted_adds_up_in_every_year(opened):
    answer = opened("size", **a_partner())
    latest, before = answer.context["periods"]

    for period, of_partner in ((latest, 30), (before, 118 / 4)):
        for nth, figure in enumerate(("headcount", "turnover", "balance_total")):
            counted = [line["cells"][nth]["counted"] for line in period["lines"]]
            assert sum(counted) == pytest.approx(float(period["sums"][figure]["known"]))
        assert period["lines"][1]["cells"][0]["counted"] == of_partner
    assert "30 (25 % van 120)" in answer.text_told
    assert "29,5 (25 % van 118)" in answer.text_told
    assert "≥" not in answer.text_told
    assert answer.content.count(b"<details") >= 1
    assert "Vennoot nv Onderneming Partner 25 %" in answer.text_told


def test_a_sum_that_is_only_known_in_part_says_so_wherever_it_stands(opened):
    answer = opened("size", "en", **a_partner(turnover=None))

    # In the year and in the overview of years; what is left of the ceiling is at most so much.
    assert answer.text_told.count("≥ €") == 2
    assert answer.text_told.count("≤ €") == 1
    assert "Not known" in answer.text_told


# ---- De minimis ----------------------------------------------------------------------------------

MOTHERS = {
    "others": [
        {"number": MOTHER, "name": "Moeder nv"},
        {"number": PARTNER, "name": "Vennoot nv"},
    ],
    "holdings": [
        {"owner": MOTHER, "owned": OWN, "capital_pct": "60", "voting_pct": "60"},
        {"owner": PARTNER, "owned": OWN, "capital_pct": "25", "voting_pct": "25"},
    ],
    "aid": [
        {"on": on, "amount": amount, "regulation": "1407/2013", "recipient": to, "note": note}
        for on, amount, to, note in (
            ("2021-05-01", "41000", MOTHER, "Stad"),
            ("2021-06-01", "5000", PARTNER, ""),
            ("2022-03-01", "7000", OWN, ""),
        )
    ],
    "sources": {"aid": "verklaring op eer"},
}


def test_each_aid_tells_whose_it_is_where_it_comes_from_and_why_it_counts_or_not(opened):
    told = opened("de-minimis", **MOTHERS).text_told

    assert "01/05/2021 Moeder nv 1999" in told
    for line in (
        "€ 41.000,00 € 41.000,00 telt mee 02/05/2024 Stad; verklaring op eer",
        "€ 5.000,00 € 0,00 toegekend aan een andere onderneming – verklaring op eer",
        # Granted after the day that is looked at.
        "€ 7.000,00 € 0,00 toegekend na de dag waarnaar gekeken wordt: telt nog niet mee –",
    ):
        assert line in told


def test_who_forms_the_undertaking_is_told_with_the_reason(opened):
    answer = opened("de-minimis", **MOTHERS)

    assert [member["name"] for member in answer.context["room"]["members"]] == [
        answer.context["dossier"].enterprise_name,
        "Moeder nv",
    ]
    assert "een meerderheid van de stemmen (artikel 2, lid 2, a)" in answer.text_told
    alone = opened("de-minimis", "en", aid=[])
    assert "Nobody controls the enterprise, and it controls nobody" in alone.text_told


def test_the_table_tells_when_how_much_frees_up_and_whether_it_then_fits(opened):
    aid = [{**MOTHERS["aid"][0], "recipient": OWN, "amount": "190000"}]
    answer = opened("de-minimis", "en", **{**MOTHERS, "aid": aid})

    assert [(each["on"], each["fits"]) for each in answer.context["rooms"]] == [
        ("2022-02-01", False),
        # A higher ceiling; then the aid leaves the window.
        ("2024-01-01", True),
        ("2024-05-02", True),
    ]
    # One picture for each width of screen, and a legend to all.
    assert [line.name for line in answer.context["lines"]] == ["small", "medium", "wide"]
    assert "free on 02/05/2024" in answer.text_told
    assert "the day that is looked at: 01/02/2022" in answer.text_told


def test_what_frees_up_while_the_ceiling_is_still_exceeded_stands_there_too(opened):
    first = {**MOTHERS["aid"][0], "recipient": OWN, "amount": "81000"}
    later = {**first, "on": "2021-09-01", "amount": "140000"}
    more = {**first, "on": "2021-10-01", "amount": "200000"}
    answer = opened("de-minimis", "en", **{**MOTHERS, "aid": [first, later, more]})

    assert [(e["on"], str(e.get("freed")), e["left"]) for e in answer.context["rooms"]] == [
        ("2022-02-01", "None", "0.00"),
        ("2024-05-02", "81000.00", "0.00"),
        ("2024-09-02", "140000.00", "100000.00"),
        ("2024-10-02", "200000.00", "300000.00"),
    ]
    assert "free on 02/09/2024" in answer.text_told


def test_an_older_assessment_stays_readable(opened, monkeypatch):
    """As rows were kept before they told of members, names and sources."""
    now = assessments.room_as_json

    def before(*args, **given):
        room = now(*args, **given)
        for name in ("members", "ties", "through_persons"):
            del room[name]
        for aid in room["aid"]:
            del aid["name"], aid["source"]
        return room

    monkeypatch.setattr(assessments, "room_as_json", before)
    told = opened("de-minimis", "en", **MOTHERS).text_told

    assert "who forms the undertaking was not kept with it" in told
    assert "Moeder nv" in told
    assert "This programme" not in told
