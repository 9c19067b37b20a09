"""Amounts, days and numbers as a Fleming and an English reader expect them."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.template import Context, Template
from django.utils import formats, translation

from apps.design import figures
from cstraject.quarter import Quarter


def shown(source: str, language: str, **context: object) -> str:
    with translation.override(language):
        return Template("{% load design %}" + source).render(Context(context))


@pytest.mark.parametrize(
    ("amount", "dutch", "english"),
    [
        (Decimal("15000.50"), "€\xa015.000,50", "€15,000.50"),
        (Decimal("0"), "€\xa00,00", "€0.00"),
        (Decimal("1234567.8"), "€\xa01.234.567,80", "€1,234,567.80"),
        (Decimal("-12.345"), "€\xa0-12,35", "-€12.35"),
        ("8243.73", "€\xa08.243,73", "€8,243.73"),
        (1000, "€\xa01.000,00", "€1,000.00"),
        (None, "–", "–"),
        ("veel", "veel", "veel"),
        ("NaN", "NaN", "NaN"),
    ],
)
def test_euro(amount: object, dutch: str, english: str) -> None:
    assert shown("{{ amount|euro }}", "nl", amount=amount) == dutch
    assert shown("{{ amount|euro }}", "en", amount=amount) == english


def test_whole_euro_keeps_cents_only_where_there_are() -> None:
    assert shown("{{ a|whole_euro }}", "nl", a=Decimal("500000.00")) == "€\xa0500.000"
    assert shown("{{ a|whole_euro }}", "nl", a=Decimal("500000.10")) == "€\xa0500.000,10"


@pytest.mark.parametrize(
    ("fraction", "dutch", "english"),
    [
        (Decimal("0.62"), "62\xa0%", "62%"),
        (Decimal("0.625"), "62,5\xa0%", "62.5%"),
        (Decimal("1"), "100\xa0%", "100%"),
        (Decimal("0.5199"), "51,9\xa0%", "51.9%"),
        (0, "0\xa0%", "0%"),
        (0.3333333, "33,3\xa0%", "33.3%"),
        (None, "–", "–"),
    ],
)
def test_percent(fraction: object, dutch: str, english: str) -> None:
    assert shown("{{ f|percent }}", "nl", f=fraction) == dutch
    assert shown("{{ f|percent }}", "en", f=fraction) == english


@pytest.mark.parametrize(
    ("amount", "dutch", "english"),
    [
        (Decimal("12.50"), "12,5", "12.5"),
        (Decimal("12.00"), "12", "12"),
        (Decimal("1E+3"), "1.000", "1,000"),
        (1234567, "1.234.567", "1,234,567"),
        (Decimal("-0.25"), "-0,25", "-0.25"),
    ],
)
def test_figure(amount: object, dutch: str, english: str) -> None:
    assert shown("{{ a|figure }}", "nl", a=amount) == dutch
    assert shown("{{ a|figure }}", "en", a=amount) == english


@pytest.mark.parametrize("language", ["nl", "en"])
def test_a_day_reads_the_same_in_both_languages(language: str) -> None:
    on = date(2022, 3, 1)
    assert shown("{{ on|day }}", language, on=on) == "01/03/2022"
    assert shown("{{ on|day }}", language, on="2022-03-01") == "01/03/2022"
    assert shown("{{ on }}", language, on=on) == "01/03/2022"
    assert shown("{{ on|day }}", language, on=None) == "–"
    assert shown("{{ on|day }}", language, on="binnenkort") == "binnenkort"


@pytest.mark.parametrize("language", ["nl", "en"])
def test_an_instant_is_told_in_flanders(language: str) -> None:
    summer = datetime(2022, 6, 30, 22, 30, tzinfo=UTC)
    winter = datetime(2022, 1, 10, 8, 5, tzinfo=UTC)
    assert shown("{{ at|moment }}", language, at=summer) == "01/07/2022 00:30"
    assert shown("{{ at|moment }}", language, at=winter) == "10/01/2022 09:05"
    assert shown("{{ at|day }}", language, at=summer) == "01/07/2022"


def test_quarter() -> None:
    for value in ("2022-Q1", Quarter(2022, 1)):
        assert shown("{{ q|quarter }}", "nl", q=value) == "1e kwartaal 2022"
        assert shown("{{ q|quarter }}", "en", q=value) == "Q1 2022"
    assert shown("{{ q|quarter }}", "nl", q="2022-Q5") == "2022-Q5"


def test_numbers_that_can_be_checked() -> None:
    assert figures.enterprise_number("0428315871") == "0428.315.871"
    assert figures.enterprise_number("12") == "12"
    assert figures.iban("BE68539007547034") == "BE68 5390 0754 7034"
    assert figures.iban(None) == "–"


def test_states_and_packages() -> None:
    assert shown('{{ s|state_words:"dossier" }}', "nl", s="in_delivery") == "In uitvoering"
    assert shown('{{ s|state_words:"dossier" }}', "en", s="in_delivery") == "In delivery"
    assert shown('{{ s|state_tone:"run" }}', "nl", s="settled") == "ok"
    assert shown("{{ p|package_words }}", "nl", p="basis") == "Basispakket"
    assert shown("{{ p|package_words:True }}", "nl", p="basis") == "Basis + uitbreiding"
    assert shown("{{ p|package_words }}", "en", p="light") == "Light package"


def test_pills_escape_their_words_and_know_their_tones() -> None:
    assert shown('{% pill word "ok" %}', "nl", word="<b>") == (
        '<span class="pill ok">&lt;b&gt;</span>'
    )
    assert shown('{% pill "x" "loud" %}', "nl") == '<span class="pill plain">x</span>'
    assert shown('{% state_pill "paid" "claim" %}', "nl") == '<span class="pill ok">Betaald</span>'
    assert shown('{% outcome_mark "not_met" %}', "nl") == (
        '<span class="outcome stop">Niet voldaan</span>'
    )


@pytest.mark.parametrize(("language", "typed"), [("nl", "15.000,50"), ("en", "15,000.50")])
def test_what_is_shown_can_be_typed_back(language: str, typed: str) -> None:
    with translation.override(language):
        assert formats.sanitize_separators(typed) == "15000.50"
        assert "%d/%m/%Y" in formats.get_format("DATE_INPUT_FORMATS")


@pytest.mark.parametrize(
    ("language", "typed", "stated"),
    [
        *(("nl", "1.500,5", "1500.5"), ("nl", "41,125", "41.125"), ("nl", "6.200.000", "6200000")),
        *(("nl", "41.5", "41.5"), ("nl", "-12.000", "-12000"), ("nl", "€ 1 000", "1000")),
        *(("en", "1,500.5", "1500.5"), ("en", "41.125", "41.125"), ("en", "41,5", "41.5")),
        *(("nl", "25 %", "25"), ("nl", "veel ", "veel"), ("nl", "1.5.5", "1.5.5"), ("nl", "", "")),
        *(("nl", "2022-01-05", "2022-01-05"), ("nl", "1,2,3", "1,2,3")),
    ],
)
def test_a_number_is_read_as_the_language_writes_it(language, typed, stated):
    with translation.override(language):
        assert figures.typed_number(typed) == stated
