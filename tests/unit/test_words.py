"""Whatever the programme answers, it has a sentence for, in Dutch and in English."""

import ast
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from io import BytesIO, StringIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.pofile import read_po
from django import forms
from django.urls import get_resolver
from django.utils import translation
from django.utils.translation.template import templatize

from apps.design import words
from cstraject import eligibility, facts, lifecycle, roles
from cstraject.kmo import CATEGORIES, KINDS
from cstraject.kmo.group import AUTONOMOUS, RELATIONS
from cstraject.refusal import Refusal

ROOT = Path(__file__).resolve().parents[2]
PO = ROOT / "apps/design/locale/nl/LC_MESSAGES/django.po"
LANGUAGES = ("nl", "en")
KEYWORDS = {
    **DEFAULT_KEYWORDS,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
}
PLACEHOLDER = re.compile(r"%\((\w+)\)s|%%")

# A value for every fact that a sentence may name, as a rule or a service gives it.
FACTS: dict[str, object] = {
    "domains": "vlaio.example",
    "name": "boekhouding",
    "file": "dossiers.csv",
    "line": 7,
    "needed": 14,
    "columns": "a,b",
    "reference": "CSV-2021-001",
    "given": "0428",
    "field": "periods.year",
    "missing": ["offer", "declaration"],
    "max_mb": 10,
    "found": "text/html",
    "phase": "analysis",
    "amount": "1000.00",
    "package": "basis",
    "valid_from": date(2021, 1, 1),
    "valid_until": date(2022, 12, 31),
    "price": Decimal("52000.00"),
    "price_min": Decimal("15000.00"),
    "price_max": Decimal("50000.00"),
    "left": Decimal("1000.00"),
    "asked": Decimal("9801.00"),
    "committed": Decimal("16335.00"),
    "questions": ["size", "equity"],
    "not_before": date(2026, 5, 12),
    "approved_on": date(2022, 1, 3),
    "start": date(2022, 1, 2),
    "stated": Decimal("8000.00"),
    "earlier": Decimal("9000.00"),
    "offer": Decimal("7000.00"),
    "later": Decimal("7500.00"),
    "quarter": "2022-Q1",
    "opens_on": date(2022, 4, 1),
    "last_day": date(2022, 4, 15),
    "delivered": Decimal("0.59996"),
    "threshold": Decimal("0.6"),
    "first": Decimal("8216.51"),
    "tranche": 1,
    "entitled": Decimal("8216.51"),
    "state": "drawn_up",
    "noun": "run",
    "event": "check",
    "question": "size",
    "on": date(2020, 6, 1),
    "max": 5,
    "completed_on": date(2022, 3, 31),
    "ceiling": Decimal("300000"),
    "number": 142,
    "last": 141,
}


# What assessments by older versions of the rules answered; they are still shown.
OLDER_FINDINGS = {"size-relations-to-judge"}


def _python_files() -> Iterator[Path]:
    for folder in ("cstraject", "apps"):
        yield from sorted((ROOT / folder).rglob("*.py"))


def _codes_used() -> set[str]:
    """Every code that stands in a `Refusal("...")` of the source."""
    return {
        call.args[0].value
        for path in _python_files()
        for call in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(call, ast.Call)
        and getattr(call.func, "id", getattr(call.func, "attr", "")) == "Refusal"
        and call.args
        and isinstance(call.args[0], ast.Constant)
        and isinstance(call.args[0].value, str)
    }


def _findings_used() -> set[str]:
    """The third word of every `Answer(...)` in the rules, and the refusals of an offer."""
    tree = ast.parse((ROOT / "cstraject/eligibility.py").read_text("utf-8"))
    conditional = {
        *("size-is-sme", "size-is-sme-class-unknown", "size-is-sme-by-periods"),
        *("size-is-large", "size-is-large-by-periods"),
    }
    return (
        conditional
        | {
            call.args[2].value
            for call in ast.walk(tree)
            if isinstance(call, ast.Call)
            and getattr(call.func, "id", "") == "Answer"
            and isinstance(call.args[2], ast.Constant)
            and isinstance(call.args[2].value, str)
        }
        | {"unknown-package", "package-not-offered", "price-outside-band"}
        | OLDER_FINDINGS
    )


def _msgids_used() -> dict[str | tuple[str, ...], str]:
    """Every English text that the code or a template asks a translation of, and where."""
    found: dict[str | tuple[str, ...], str] = {}
    sources = [(path, path.read_text("utf-8")) for path in _python_files()]
    for path in sorted((ROOT / "apps").rglob("templates/**/*.*")):
        # What is left is a row of calls; on one line inside brackets it reads as Python.
        calls = templatize(path.read_text("utf-8"), origin=str(path)).replace("\n", " ")
        sources.append((path, " ".join(re.findall(_CALL, calls))))
    for path, source in sources:
        where = str(path.relative_to(ROOT))
        for _line, text, _comments, _context in extract(
            "python", BytesIO(source.encode()), keywords=KEYWORDS
        ):
            found[text] = where
    return found


_TEXT = r"""u?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
_CALL = rf"\b(?:n?p?gettext|_)\(\s*{_TEXT}(?:\s*,\s*(?:{_TEXT}|count))*\s*\)"


def _catalog() -> Catalog:
    return read_po(StringIO(PO.read_text("utf-8")), abort_invalid=True)


def _facts_of(sentence: str) -> dict[str, object]:
    return {name: FACTS[name] for name in re.findall(r"%\((\w+)\)s", sentence)}


# ---- Codes ---------------------------------------------------------------------------------------


def test_every_refusal_in_the_source_has_words() -> None:
    used = _codes_used()
    assert {"window-closed", "price-outside-band"} <= used
    assert used - set(words.REFUSALS) == set()


def test_every_act_on_record_has_words() -> None:
    acts = {
        word.value.value
        for path in _python_files()
        for call in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "record"
        for word in call.keywords
        if word.arg == "action" and isinstance(word.value, ast.Constant)
    }
    assert acts - set(words.ACTS) == set()


def test_every_finding_of_the_rules_has_words() -> None:
    assert _findings_used() == set(words.FINDINGS)


def test_every_question_and_outcome_has_words() -> None:
    assert set(words.QUESTIONS) == set(eligibility.QUESTIONS)
    assert set(words.OUTCOMES) == set(eligibility.OUTCOMES)
    assert set(words.DECLARATIONS) == set(facts.DECLARATIONS)
    assert set(words.PROVIDER_TIES) == set(facts.PROVIDER_TIES)
    assert set(words.ARTICLES) == set(eligibility.QUESTIONS)
    assert set(words.KINDS) == set(KINDS)
    assert set(words.RELATIONS) == {*RELATIONS, AUTONOMOUS}
    assert set(words.CATEGORIES) == set(CATEGORIES)


def test_every_state_and_event_has_words() -> None:
    tables = (lifecycle.DOSSIER, lifecycle.CLAIM, lifecycle.RUN, lifecycle.PAYMENT)
    assert set(words.NOUNS) == set(words.STATES) == {table.noun for table in tables}
    for table in tables:
        assert set(words.STATES[table.noun]) == set(table.states)
        assert {event for _state, event in table.ways} <= set(words.EVENTS)


def test_every_role_has_words() -> None:
    assert set(words.ROLES) == {*roles.PROVIDER_ROLES, *roles.AGENCY_ROLES}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", sorted(words.REFUSALS))
def test_a_refusal_is_told_in_full_in_both_languages(code: str, language: str) -> None:
    for sentence in words.REFUSALS[code]:
        facts = _facts_of(sentence)
        with translation.override(language):
            told = words.words_for(Refusal(code, **facts))
        assert "%" not in told.replace("\xa0%", "").replace("60%", "").replace("59.9%", "")
        assert "–" not in told
        assert code not in told
        assert told.endswith(".")
        # Two sentences: what is wrong, and what to do; or one that says both.
        assert len(told.split()) > 6


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", sorted(words.REFUSALS))
def test_a_refusal_without_its_facts_still_speaks(code: str, language: str) -> None:
    with translation.override(language):
        assert "%(" not in words.words_for(Refusal(code))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", sorted(words.FINDINGS))
def test_a_finding_without_its_figures_still_speaks(code: str, language: str) -> None:
    with translation.override(language):
        assert "%(" not in words.words_for_finding(code, {})


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("action", sorted(words.ACTS))
def test_an_act_without_its_facts_still_speaks(action: str, language: str) -> None:
    with translation.override(language):
        assert "%(" not in words.words_for_act(action, {})


def test_an_unknown_code_is_answered_with_the_code() -> None:
    with translation.override("nl"):
        assert "(never-heard)" in words.words_for(Refusal("never-heard"))
        assert "never-heard" in words.words_for_finding("never-heard", {})
        assert words.words_for_act("never.heard", {}) == "Vastgelegd: never.heard"


# ---- Sentences -----------------------------------------------------------------------------------


def test_a_price_outside_the_band_is_told_in_dutch_and_english() -> None:
    refusal = Refusal(
        "price-outside-band",
        price=Decimal("52000.00"),
        price_min=Decimal("15000.00"),
        price_max=Decimal("50000.00"),
    )
    with translation.override("nl"):
        assert words.words_for(refusal) == (
            "€\xa052.000,00 ligt buiten de grenzen van dit pakket: van €\xa015.000,00 tot"
            " €\xa050.000,00 exclusief btw. Pas de offerte aan of kies een ander pakket."
        )
    with translation.override("en"):
        assert words.words_for(refusal) == (
            "€52,000.00 lies outside the limits of this package: from €15,000.00 to €50,000.00"
            " excluding VAT. Change the offer or choose another package."
        )


def test_what_cannot_happen_now_names_the_thing_and_its_state() -> None:
    with translation.override("nl"):
        assert words.words_for(Refusal("not-now", noun="claim", state="in_run", event="pay")) == (
            "Betalen kan nu niet: de status van de uitbetalingsaanvraag is “in een kwartaalrun”."
            " Herlaad de pagina om te zien wat wel kan."
        )


def test_what_was_delivered_is_never_rounded_up_to_the_threshold() -> None:
    with translation.override("nl"):
        told = words.words_for(
            Refusal("not-delivered", delivered=Decimal("0.59996"), threshold=Decimal("0.6"))
        )
    assert told.startswith("59,9\xa0% is geleverd; schijf 1 vraagt minstens 60\xa0%.")


def test_a_statement_is_told_in_days_or_in_euro() -> None:
    with translation.override("nl"):
        days = Refusal(
            "statement-over-offer", what="person_days", stated=Decimal("12.5"), offer=Decimal(12)
        )
        assert words.words_for(days).startswith("12,5 mandagen is meer dan 12 mandagen")
        euro = Refusal(
            "statement-over-offer", what="amount", stated=Decimal(9000), offer=Decimal(8000)
        )
        assert words.words_for(euro).startswith("€\xa09.000,00 is meer dan €\xa08.000,00")


def test_one_day_is_one_day() -> None:
    with translation.override("nl"):
        told = [words.words_for_person_days(Decimal(days)) for days in ("1.0", "0.5", "12.5", "0")]
        filed = words.words_for_act(
            "statement.file", {"quarter": "2022-Q1", "person_days": "1.0", "amount": "900"}
        )
    assert told == ["1 mandag", "0,5 mandagen", "12,5 mandagen", "0 mandagen"]
    assert "ingediend: 1 mandag, " in filed


def test_the_order_of_two_dates_is_told_in_days() -> None:
    with translation.override("en"):
        told = words.words_for(
            Refusal("date-order", earlier=date(2022, 3, 31), later=date(2022, 3, 1))
        )
    assert told.startswith("01/03/2022 lies before 31/03/2022.")


def test_a_size_is_told_with_its_figures_and_its_group() -> None:
    figures = {
        "linked": "1",
        "names": "Peeters Holding NV",
        "year": "2020",
        "headcount": "34.5",
        "turnover": "4100000",
        "balance_total": "",
        "category": "small",
    }
    with translation.override("nl"):
        assert words.words_for_finding("size-is-sme", figures) == (
            "Kleine onderneming, volgens 34,5 werkzame personen en een omzet van €\xa04.100.000"
            " in 2020 (samen met 1 verbonden onderneming: Peeters Holding NV)."
        )


def test_who_holds_a_quarter_is_named_beside_the_size() -> None:
    figures = {"category": "small", "headcount": "12", "year": "2020", "holders": "Boven NV"}
    with translation.override("nl"):
        assert words.words_for_finding("size-relations-to-judge", figures) == (
            "Kleine onderneming, volgens 12 werkzame personen in 2020; maar 25\xa0% of meer is in"
            " handen van Boven NV. Beoordeel of dat een partner is."
        )


def test_the_de_minimis_sum_is_told_with_its_ceiling() -> None:
    with translation.override("nl"):
        told = words.words_for_finding(
            "de-minimis-to-judge", {"amount": "9801.00", "ceiling": "200000"}
        )
    assert told.endswith("bij €\xa09.801,00; samen hoogstens €\xa0200.000.")


def test_missing_declarations_are_named() -> None:
    with translation.override("nl"):
        told = words.words_for_finding(
            "declarations-missing", {"missing": "sme_status, de_minimis"}
        )
    assert told.startswith("Niet verklaard: kmo-status en de-minimissteun.")


def test_public_hands_are_told_in_percent() -> None:
    with translation.override("nl"):
        told = words.words_for_finding("public-share-over", {"share": "24.999", "max": "25"})
    assert told.startswith("24,999\xa0% in overheidshanden. Dat moet minder zijn dan 25\xa0%")


def test_an_act_reads_facts_back_from_the_record() -> None:
    facts = {"granted": "13694.18", "share": "11317.50", "vat": "2376.68"}
    with translation.override("nl"):
        assert words.words_for_act("dossier.approve", facts) == (
            "Goedgekeurd: €\xa013.694,18 toegekend (aandeel €\xa011.317,50, btw €\xa02.376,68)"
        )
        assert words.words_for_act("dossier.approve", {"granted": "13694.18"}) == (
            "Goedgekeurd: €\xa013.694,18 toegekend"
        )
        assert words.words_for_act("dossier.start", {"on": "2022-01-10"}) == (
            "Werk gestart op 10/01/2022"
        )
        assert (
            words.words_for_act(
                "dossier.find",
                {"question": "size", "outcome": "met", "reason": "Jaarrekening 2020"},
            )
            == "Beslist over “Kmo-grootte (EU-definitie)”: voldaan. Reden: Jaarrekening 2020"
        )


# ---- Translations --------------------------------------------------------------------------------


def test_every_text_has_a_dutch_one() -> None:
    catalog = _catalog()
    used = _msgids_used()
    assert "Sign out" in used
    assert "%(count)s employees" in used
    missing = {
        text: where
        for text, where in used.items()
        if (entry := catalog.get(text)) is None
        or entry.fuzzy
        or not all(entry.string if isinstance(entry.string, (list, tuple)) else [entry.string])
    }
    assert missing == {}


def test_placeholders_agree_between_english_and_dutch() -> None:
    for entry in _catalog():
        if not entry.id:
            continue
        english = [entry.id] if isinstance(entry.id, str) else list(entry.id)
        dutch = [entry.string] if isinstance(entry.string, str) else list(entry.string or ())
        asked = {found for text in english for found in PLACEHOLDER.findall(text)}
        for text in dutch:
            assert set(PLACEHOLDER.findall(text)) == asked, entry.id


def test_no_text_stands_twice_or_unused_in_the_catalogue() -> None:
    ids = re.findall(r'^msgid "(.+)"$', PO.read_text("utf-8"), re.MULTILINE)
    assert sorted(ids) == sorted(set(ids))
    used = {text if isinstance(text, str) else text[0] for text in _msgids_used()}
    kept = {e.id if isinstance(e.id, str) else e.id[0] for e in _catalog() if e.id}
    assert kept - used == set()


def _kinds_of_form(kind: type[forms.BaseForm]) -> Iterator[type[forms.BaseForm]]:
    for below in kind.__subclasses__():
        yield below
        yield from _kinds_of_form(below)


def test_no_form_says_that_a_field_is_required_without_saying_what_to_do() -> None:
    get_resolver().url_patterns  # noqa: B018  All doors, with their forms, are read.
    with translation.override("en"):
        asked = {
            (kind.__name__, name): str(field.error_messages["required"])
            for kind in _kinds_of_form(forms.BaseForm)
            for name, field in getattr(kind, "base_fields", {}).items()
            if field.required and not field.widget.is_hidden
        }
    assert len(asked) > 50
    assert [where for where, told in asked.items() if "required" in told] == []
