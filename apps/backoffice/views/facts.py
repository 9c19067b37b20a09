"""The facts of a dossier: what was stated, what would be otherwise, what an officer corrects.

Trying out stores nothing: the same facts with one change, under another edition or on another day,
beside the assessment that was kept.
"""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from apps.backoffice.forms import CorrectForm, TryForm
from apps.backoffice.views.dossiers import dossier_of
from apps.backoffice.views.frame import show
from apps.design import figures
from apps.design.words import words_for
from apps.dossiers import services
from apps.dossiers.models import Dossier
from apps.eligibility.models import Workings
from apps.eligibility.selectors import facts_history, facts_of, known_of
from apps.programme.selectors import terms_of
from apps.providers.doors import requires, telling
from apps.providers.middleware import DoorRequest
from cstraject import eligibility
from cstraject.facts import facts_from_json
from cstraject.refusal import Refusal


@requires("see_portfolio")
@require_safe
def facts(request: DoorRequest, dossier: UUID) -> HttpResponse:
    case = dossier_of(dossier)
    asked = any(request.GET.get(name) for name in TryForm.base_fields)
    form = _try_form(case, request.GET if asked else None)
    tried: dict[str, Any] | None = None
    if asked and form.is_valid():
        try:
            tried = _tried(case, form)
        except Refusal as refusal:
            form.add_error("value", words_for(refusal))
    return _page(request, case, form, tried=tried)


@requires("decide_dossiers")
@require_POST
def correct(request: DoorRequest, dossier: UUID) -> HttpResponse:
    case = dossier_of(dossier)
    form = CorrectForm(request.POST, auto_id="correct_%s")
    form.offer(_changes(case.facts.stated))
    if not form.is_valid():
        return _page(request, case, _try_form(case, None), correction=form)
    given = form.cleaned_data
    with telling(request, gettext("The facts are corrected and assessed anew.")) as told:
        services.correct_facts(
            dossier=case,
            stated=_changed(case.facts.stated, given["change"], given["value"]),
            source=given["source"],
            reason=given["reason"],
            actor=request.user,
            at=timezone.now(),
        )
    if told.refused:
        return _page(request, case, _try_form(case, None), correction=form)
    return redirect("backoffice:dossier", dossier=case.pk)


def _try_form(case: Dossier, given: Mapping[str, Any] | None) -> TryForm:
    on = case.assessment.on if case.assessment else case.submitted_on
    form = TryForm(given, auto_id="try_%s", initial={"edition": case.contract.edition_id, "on": on})
    form.offer(_changes(case.facts.stated))
    return form


def _tried(case: Dossier, form: TryForm) -> dict[str, Any]:
    """How each question would stand, beside how it stands; nothing is stored."""
    given, sheet = form.cleaned_data, case.facts
    read = facts_from_json(
        _changed(sheet.stated, given["change"], given["value"]),
        source=sheet.source,
        stated_on=sheet.stated_on,
    )
    known = known_of(Workings.objects.filter(assessment=case.assessment_id).first())
    after = eligibility.assess(
        read,
        offer=services.offer_of(case),
        terms=terms_of(given["edition"]),
        on=given["on"],
        known=known,
    )
    before = (
        {answer.question: answer for answer in case.assessment.answers.all()}
        if case.assessment
        else {}
    )
    rows = [
        {
            "question": now.question,
            "before": (was := before.get(now.question)),
            "after": now,
            "differs": was is None
            or (was.outcome, was.finding, was.figures)
            != (now.outcome, now.finding, dict(now.figures)),
        }
        for now in after.answers
    ]
    return {"rows": rows, "different": sum(bool(row["differs"]) for row in rows)}


def _changes(stated: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What may be changed: a place in the facts, and its name for people."""
    names = {stated["number"]: stated["name"]}
    others = stated.get("others") or []
    names |= {other.get("key") or other.get("number"): other["name"] for other in others}
    for nth, holding in enumerate(stated.get("holdings") or []):
        yield (
            f"holdings.{nth}",
            gettext("Share of %(owner)s in %(owned)s, in percent")
            % {
                "owner": names.get(holding["owner"], holding["owner"]),
                "owned": names.get(holding["owned"], holding["owned"]),
            },
        )
    yield from _periods("periods", stated["name"], stated.get("periods") or [])
    for nth, other in enumerate(others):
        yield from _periods(f"others.{nth}.periods", other["name"], other.get("periods") or [])
    yield "equity", gettext("Equity")
    yield "public_share_pct", gettext("Share in public hands, in percent")
    yield "legal_form", gettext("Legal form")
    yield "nace_code", gettext("NACE code")
    yield "postal_code", gettext("Postal code")
    yield "declared_on", gettext("Day of the declarations (year-month-day)")
    yield "maatwerk_recognition", gettext("Recognition as maatwerkbedrijf")


def _periods(where: str, name: str, periods: list[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for nth, period in enumerate(periods):
        for field, label in (
            ("headcount", gettext("Headcount of %(name)s in %(year)s")),
            ("turnover", gettext("Turnover of %(name)s in %(year)s")),
            ("balance_total", gettext("Balance total of %(name)s in %(year)s")),
        ):
            yield f"{where}.{nth}.{field}", label % {"name": name, "year": period.get("year")}


def _changed(stated: Mapping[str, Any], change: str, value: str) -> dict[str, Any]:
    """The facts with one thing changed; an empty value says that it is not known."""
    facts: dict[str, Any] = deepcopy(dict(stated))
    if not change:
        return facts
    *steps, last = change.split(".")
    place: Any = facts
    for step in steps:
        place = place[int(step)] if step.isdecimal() else place[step]
    told = figures.typed_number(value) if value else None
    if isinstance(place, list):
        place[int(last)] |= {"capital_pct": told, "voting_pct": told}
    else:
        place[last] = told
    return facts


def _page(
    request: DoorRequest,
    case: Dossier,
    form: TryForm,
    *,
    tried: dict[str, Any] | None = None,
    correction: CorrectForm | None = None,
) -> HttpResponse:
    wrong = correction or (form if form.errors else None)
    if correction is None:
        correction = CorrectForm(auto_id="correct_%s")
        correction.offer(_changes(case.facts.stated))
    context = {
        "dossier": case,
        "read": facts_of(case.facts),
        "history": facts_history(case.facts),
        "try_form": form,
        "tried": tried,
        "correction": correction
        if case.state == "submitted" and "decide_dossiers" in request.acts
        else None,
        "form": wrong,
        "back": {"url": reverse("backoffice:dossier", args=[case.pk]), "label": case.reference},
    }
    return show(
        request,
        "backoffice/facts.html",
        context,
        section="dossiers",
        address=reverse("backoffice:dossier-facts", args=[case.pk]),
        status=422 if wrong else 200,
    )
