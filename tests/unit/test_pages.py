"""What holds for every page, without a database."""

from datetime import date
from decimal import Decimal
from io import BytesIO

import pytest
from django.http import HttpResponse, HttpResponseNotAllowed
from django.test import RequestFactory
from django.utils import translation
from openpyxl import load_workbook

from apps.api.views.dossiers import FACTS_SOURCE as OF_THE_API
from apps.design import words
from apps.design.middleware import headers
from apps.portal.views.drafts import FACTS_SOURCE as OF_THE_PORTAL
from apps.reporting.selectors import TABLES, Answer
from apps.reporting.workbook import groups_in_order, workbook_of

DOSSIER = "/p/toreon/dossiers/00000000-0000-0000-0000-000000000001/"


@pytest.mark.parametrize(
    ("path", "page"),
    [
        (f"{DOSSIER}start/", DOSSIER),
        (f"{DOSSIER}claims/", DOSSIER),
        ("/agency/runs/draw-up/", "/agency/runs/"),
        ("/agency/payments/00000000-0000-0000-0000-000000000001/settle/", "/agency/"),
        ("/sign-out/", "/"),
    ],
)
def test_looking_at_where_a_form_goes_shows_the_page_above(path: str, page: str) -> None:
    answer = headers(lambda _: HttpResponseNotAllowed(["POST"]))

    assert answer(RequestFactory().get(path)).headers["Location"] == page
    assert answer(RequestFactory().post(path)).status_code == 405


def test_what_is_answered_stays_as_it_is() -> None:
    answer = headers(lambda _: HttpResponse("hier"))

    assert answer(RequestFactory().get(f"{DOSSIER}start/")).content == b"hier"


def an_answer() -> Answer:
    sizes = {size: (1, Decimal("10.50")) for size in ("small", "onbekend", "medium", "micro")}
    return Answer(
        as_of=date(2022, 4, 1),
        applications=9,
        refused=1,
        started=3,
        started_light=1,
        completed=2,
        total={"2021": (4, Decimal("42.00")), "2022": (1, Decimal("0.50"))},
        tables={**{name: {} for name in TABLES}, "by_size": {"2021": sizes}},
    )


def test_sizes_stand_from_small_to_large_and_unknown_last() -> None:
    assert groups_in_order(an_answer(), "by_size") == ["micro", "small", "medium", "onbekend"]


def test_the_workbook_adds_up_all_years_and_asks_for_care() -> None:
    book = load_workbook(BytesIO(workbook_of(an_answer())))

    overview = dict(book["Overzicht"].iter_rows(min_row=3, max_col=2, values_only=True))
    assert overview["Toegekend, alle jaren: aantal"] == 5
    assert overview["Subsidie toegekend, alle jaren (euro)"] == 42.5
    assert "Let op" in [row[0] for row in book["Begrippen"].iter_rows(values_only=True)]


@pytest.mark.parametrize(
    "source", [OF_THE_PORTAL, OF_THE_API, "cstraject", "KBO, uittreksel 142 van 03/11/2026"]
)
def test_a_source_that_we_write_ourselves_is_told_in_both_languages(source: str) -> None:
    with translation.override("nl"):
        in_dutch = words.words_for_source(f"{source}; Jaarverslag")
    with translation.override("en"):
        in_english = words.words_for_source(f"{source}; Jaarverslag")
    assert in_dutch != in_english
    assert in_english.endswith("; Jaarverslag")
    assert source == "cstraject" or in_dutch == f"{source}; Jaarverslag"
