"""The pre-check: a reasoned answer for everybody, of which nothing stays."""

import json

import pytest
from django.db import transaction
from django.test import Client

from apps.audit.models import Entry
from apps.providers.scope import across_providers
from cstraject.facts import facts_from_json
from cstraject.quarter import day_of
from tests import factories as make
from tests.factories import AT

SOUND = {
    "deed": "check",
    "legal_form": "bv",
    "postal_code": "9000",
    "headcount": "12,5",
    "turnover": "1.500.000",
    "balance_total": "900.000",
    "public_share_pct": "0",
    "equity_negative": "no",
    "aid": "0",
}


def asked(**given):
    answer = Client(headers={"accept-language": "nl"}).post("/pre-check/", {**SOUND, **given})
    return answer, (answer.context or {}).get("told")


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        ({}, "yes"),
        ({"legal_form": "maatschap"}, "no"),
        ({"legal_form": "?"}, "person"),
        ({"postal_code": "1000"}, "no"),
        ({"headcount": "250"}, "no"),
        ({"headcount": "250", "maatwerk": "on"}, "yes"),
        ({"headcount": ""}, "person"),
        ({"equity_negative": "yes"}, "no"),
        ({"equity_negative": ""}, "person"),
        ({"aid": ""}, "person"),
        ({"aid": "272.775"}, "yes"),
        ({"aid": "272.775,01"}, "no"),
        ({"holder_kind": "public_body", "holder_pct": "25"}, "no"),
        ({"holder_kind": "natural_person", "holder_pct": "100"}, "yes"),
        ({"holder_kind": "owner", "holder_pct": "60"}, "person"),
        (
            {
                "holder_kind": "owner",
                "holder_pct": "60",
                "holder_headcount": "240",
                "holder_turnover": "1",
                "holder_balance_total": "1",
            },
            "no",
        ),
        (
            {
                "holder_kind": "daughter",
                "holder_pct": "25",
                "holder_headcount": "240",
                "holder_turnover": "1",
                "holder_balance_total": "1",
            },
            "yes",
        ),
    ],
)
def test_the_answers_give_a_reasoned_verdict(committed, given, verdict):
    answer, told = asked(**given)

    assert answer.status_code == 200
    assert told["verdict"] == verdict
    assert {a.question for a in told["answers"]} == {
        *("size", "legal_form", "private_sector", "region", "equity", "de_minimis"),
    }


def test_a_price_gives_the_share_and_the_vat(committed):
    answer, told = asked(price="30.000")
    assert (told["subsidy"].share, told["subsidy"].granted) == (13_500, 16_335)
    assert "16.335,00" in answer.content.decode()


@pytest.mark.parametrize(
    "given",
    [
        *({"legal_form": ""}, {"legal_form": "stichting"}, {"postal_code": ""}),
        *({"headcount": "veel"}, {"headcount": "1e999"}, {"headcount": "9" * 40}),
        *({"headcount": "-1"}, {"headcount": "1,1234567"}, {"headcount": "\x00"}),
        *({"turnover": "\U0001f600"}, {"public_share_pct": "101"}, {"aid": "x"}),
        *({"nace_code": "62"}, {"number": "0428315872"}, {"name": "x" * 1_000_000}),
        *({"holder_kind": "robot"}, {"postal_code": "9000\x00"}, {"price": "-1"}),
    ],
)
def test_what_cannot_be_read_is_told_and_stays_on_the_form(committed, given):
    answer, _ = asked(**given)
    html = answer.content.decode()

    assert answer.status_code == 422
    assert "error-summary" in html
    assert 'value="1.500.000"' in html or "turnover" in given


def test_nothing_of_it_stays(committed):
    def rows():
        with across_providers(), transaction.atomic():
            return Entry.objects.count()

    before = rows()
    client = Client()
    answer = client.post("/pre-check/", SOUND)
    assert rows() == before
    assert "sessionid" not in client.cookies
    assert "no-store" in answer.headers.get("Cache-Control", "no-store")


def test_the_answers_are_carried_into_a_dossier(committed):
    number = make.enterprise_number(4_711)
    given = {"deed": "carry", "number": number, "name": "Voorbeeld", "nace_code": "62010"}
    answer, _ = asked(**given)
    facts = json.loads(answer.content)

    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert facts["periods"][0]["headcount"] == "12.5"
    read = facts_from_json(facts, source="", stated_on=day_of(AT))
    assert (read.number, read.aid, read.equity) == (number, None, None)
    with across_providers(), transaction.atomic():
        contract = make.make_contract()
        stated = {k: v for k, v in facts.items() if k != "number"}
        dossier = make.submitted(contract, number=number, **stated)
    assert dossier.enterprise_number == number


def test_without_a_number_the_answers_are_not_carried(committed):
    answer, _ = asked(deed="carry")
    assert answer.status_code == 422


def test_a_number_that_is_not_registered_leaves_the_form_as_it_was(committed):
    for number in (make.enterprise_number(4_712), "0428315872", ""):
        answer, _ = asked(deed="look-up", number=number)
        html = answer.content.decode()
        assert answer.status_code == 200
        assert 'value="1.500.000"' in html
        assert "alert info" in html
