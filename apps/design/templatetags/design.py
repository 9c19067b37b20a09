"""What templates say figures and words with: `{% load design %}`."""

from django import template
from django.forms import BoundField
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.design import figures, words
from cstraject.measures import CATALOGUE

register = template.Library()

TONES = ("ok", "warn", "stop", "info", "plain")

register.filter("euro", figures.euro)
register.filter("whole_euro", figures.whole_euro)
register.filter("percent", figures.percent)
register.filter("rounded_percent", figures.rounded_percent)
register.filter("percentage", figures.percentage)
register.filter("figure", figures.number)
register.filter("day", figures.day)
register.filter("moment", figures.moment)
register.filter("quarter", figures.quarter)
register.filter("enterprise_number", figures.enterprise_number)
register.filter("iban", figures.iban)

register.filter("question_words", words.words_for_question)
register.filter("outcome_words", words.words_for_outcome)
register.filter("outcome_tone", words.tone_of_outcome)
register.filter("category_words", words.words_for_category)
register.filter("document_words", words.words_for_document)
register.filter("media_words", words.words_for_media)
register.filter("measure_words", words.words_for_measure)
register.filter("person_days", words.words_for_person_days)
register.filter("phase_words", words.words_for_phase)
register.filter("role_words", words.words_for_role)
register.filter("source_words", words.words_for_source)
register.filter("state_words", words.words_for_state)
register.filter("state_tone", words.tone_of_state)


@register.filter
def package_words(code: str, with_extension: bool = False) -> str:
    """`{{ dossier.package|package_words:dossier.with_extension }}`."""
    return words.words_for_package(code, with_extension=with_extension)


@register.filter
def finding_words(answer: object) -> str:
    """The sentence of an answer: anything with a `finding` (code) and `figures`."""
    return words.words_for_finding(
        getattr(answer, "finding", ""), getattr(answer, "figures", None) or {}
    )


@register.filter
def cyfun_category(code: str) -> str:
    """The category of a measure in the CyberFundamentals framework."""
    return CATALOGUE[code].cyfun if code in CATALOGUE else ""


@register.filter
def standing_words(measure: dict[str, str]) -> str:
    """How a measure of an end report stands: `{{ measure|standing_words }}`."""
    return words.words_for_standing(measure.get("standing", ""), measure.get("priority", ""))


@register.filter
def working_words(code: str, table: str) -> str:
    """What a code in the workings means: `{{ tie.why|working_words:"tie" }}`."""
    return words.words_for_working(table, code)


@register.filter
def control(field: BoundField) -> SafeString:
    """What one types or ticks in. Without placeholder: the label says it, and stays."""
    return field.as_widget(attrs={"placeholder": False})


@register.simple_tag
def pill(text: str, tone: str = "plain") -> SafeString:
    """A status: words in a coloured pill. The words tell it; the colour only helps."""
    return format_html('<span class="pill {}">{}</span>', tone if tone in TONES else "plain", text)


@register.simple_tag
def state_pill(state: str, noun: str) -> SafeString:
    """`{% state_pill dossier.state "dossier" %}`."""
    return pill(words.words_for_state(state, noun), words.tone_of_state(state, noun))


@register.simple_tag
def outcome_mark(outcome: str) -> SafeString:
    """An outcome with its mark: a tick, an exclamation mark or a cross, and the word."""
    return format_html(
        '<span class="outcome {}">{}</span>',
        words.tone_of_outcome(outcome),
        words.words_for_outcome(outcome),
    )


@register.simple_tag
def act_words(action: str, facts: dict[str, object] | None = None) -> str:
    """One line of a timeline: `{% act_words deed.action deed.facts %}`."""
    return words.words_for_act(action, facts or {})
