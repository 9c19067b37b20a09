"""The pages of what an assessment rests on: a person can follow every sum."""

import re

import pytest
from django.db import transaction
from django.test import Client

from apps.accounts.selectors import timetable
from apps.dossiers import services
from apps.providers.scope import across_providers
from tests import factories as make
from tests.factories import AT

OWN, MOTHER, PARTNER = (make.enterprise_number(4_810 + nth) for nth in range(3))


@pytest.fixture
def page(committed):
    """A page of the workings of a dossier, as an officer reads it: words without marks."""

    def told(name, language="nl", **stated):
        with across_providers(), transaction.atomic():
            dossier = make.submitted(make.make_contract(), number=OWN, **stated)
            dossier = services.assess_dossier(dossier=dossier, actor=timetable(), at=AT)
            officer = make.make_officer()
        client = Client(headers={"accept-language": language})
        client.force_login(officer, backend="django.contrib.auth.backends.ModelBackend")
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


def test_what_is_counted_adds_up_in_every_year(page):
    answer = page("size", **a_partner())
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


def test_a_sum_that_is_only_known_in_part_says_so_wherever_it_stands(page):
    answer = page("size", "en", **a_partner(turnover=None))

    # In the year and in the overview of years; what is left of the ceiling is at most so much.
    assert answer.text_told.count("≥ €") == 2
    assert answer.text_told.count("≤ €") == 1
    assert "Not known" in answer.text_told
