"""The facts of a dossier: what was stated, what would be otherwise, what an officer corrects.

Trying out stores nothing: the same facts with one change, under another edition or on another day,
beside the assessment that was kept.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from apps.backoffice.additions import AidForm, HoldingForm, TogetherForm
from apps.backoffice.corrections import CorrectForm, FactsForm, Setting, TryForm
from apps.backoffice.take_over import TakeOverForm
from apps.backoffice.views.dossiers import dossier_of
from apps.backoffice.views.frame import show
from apps.design.figures import number
from apps.design.words import words_for, words_for_working
from apps.dossiers import services
from apps.dossiers.models import Dossier
from apps.eligibility.facts_told import lines, table_of
from apps.eligibility.models import FactSheet, Workings
from apps.eligibility.selectors import facts_history, facts_of, known_of, standings_of
from apps.enterprises.selectors import registered
from apps.programme.selectors import terms_of
from apps.providers.doors import requires, telling
from apps.providers.middleware import DoorRequest
from apps.reporting.exports import Table
from cstraject import eligibility
from cstraject.facts import facts_from_json
from cstraject.quarter import day_of
from cstraject.refusal import Refusal

BY_HAND = (CorrectForm, HoldingForm, AidForm, TogetherForm)
ADDITIONS = {
    HoldingForm.deed: _("Add an owner or a holding"),
    AidForm.deed: _("Add de minimis aid"),
    TogetherForm.deed: _("Record what belongs together"),
}


@requires("see_portfolio")
@require_safe
def facts(request: DoorRequest, dossier: UUID) -> HttpResponse:
    case = dossier_of(request, dossier)
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
    case = dossier_of(request, dossier)
    deed = request.POST.get("deed", CorrectForm.deed)
    form = _corrections(case, request.POST, deed).get(deed)
    if form is None:
        raise Http404
    seen = case.facts
    if seen.replaces and request.POST.get("sheet") == str(seen.replaces_id):
        # Pressed twice, perhaps: what was sent is read beside the facts that it was about.
        before = _corrections(case, request.POST, deed, seen.replaces)[deed]
        if before.is_valid():
            form, seen = before, seen.replaces
    if request.POST.get("sheet") != str(seen.pk):
        form.add_error(None, words_for(Refusal("facts-changed")))
    if not form.is_valid():
        return _page(request, case, _try_form(case, None), correction=form)
    source = form.source if isinstance(form, TakeOverForm) else form.cleaned_data["source"]
    with telling(request, gettext("The facts are corrected and assessed anew.")) as told:
        services.correct_facts(
            dossier=case,
            seen=seen.pk,
            stated=form.corrected(),
            source=source,
            sources=form.sources,
            reason=form.cleaned_data["reason"],
            actor=request.user,
            at=timezone.now(),
        )
    if told.refused:
        case = dossier_of(request, dossier)
        form = _corrections(case, request.POST, deed)[deed]
        return _page(request, case, _try_form(case, None), correction=form)
    return redirect("backoffice:dossier", dossier=case.pk)


def _setting(case: Dossier, sheet: FactSheet | None = None) -> Setting:
    sheet = sheet or case.facts
    return Setting(
        sheet.stated, facts_of(sheet), terms_of(case.contract.edition), case.submitted_on
    )


def _corrections(
    case: Dossier,
    given: Mapping[str, Any] | None = None,
    deed: str = "",
    sheet: FactSheet | None = None,
) -> dict[str, FactsForm]:
    """The ways to correct these facts; what was given goes to the one it was given for."""
    setting = _setting(case, sheet)

    def asked(form: type[FactsForm]) -> dict[str, Any]:
        return {
            "data": given if form.deed == deed else None,
            "setting": setting,
            "auto_id": f"{form.deed}_%s",
        }

    forms: dict[str, FactsForm] = {form.deed: form(**asked(form)) for form in BY_HAND}
    if found := registered(case.enterprise_number):
        on = day_of(timezone.now())
        forms[TakeOverForm.deed] = TakeOverForm(**asked(TakeOverForm), found=found, on=on)
    return forms


def _try_form(case: Dossier, given: Mapping[str, Any] | None) -> TryForm:
    on = case.assessment.on if case.assessment else case.submitted_on
    initial = {"edition": case.contract.edition_id, "on": on}
    return TryForm(given, setting=_setting(case), auto_id="try_%s", initial=initial)


def _tried(case: Dossier, form: TryForm) -> dict[str, Any]:
    """How each question would stand, beside how it stands; nothing is stored."""
    given, sheet = form.cleaned_data, case.facts
    read = facts_from_json(
        form.corrected(),
        source=sheet.source,
        stated_on=sheet.stated_on,
    )
    known = known_of(Workings.objects.filter(assessment=case.assessment_id).first())
    kept, on = case.assessment, given["on"]
    after = eligibility.assess(
        read,
        offer=services.offer_of(case),
        terms=terms_of(given["edition"]),
        on=on,
        # As it was kept, unless another day is tried: aid counts as on the day of assessing.
        granted_on=kept.granted_on if kept and on == kept.on else None,
        known=known,
    )
    before = {s.answer.question: s.answer for s in standings_of(kept)} if kept else {}
    rows: list[dict[str, Any]] = [
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
    # The same answer in other words is not another answer.
    different = sum(
        row["before"] is None or row["before"].outcome != row["after"].outcome for row in rows
    )
    return {"rows": rows, "different": different}


def _page(
    request: DoorRequest,
    case: Dossier,
    form: TryForm,
    *,
    tried: dict[str, Any] | None = None,
    correction: FactsForm | None = None,
) -> HttpResponse:
    wrong = correction or (form if form.errors else None)
    may = case.state == "submitted" and "decide_dossiers" in request.acts
    corrections = _corrections(case) if may else {}
    if correction is not None:
        corrections[correction.deed] = correction
    history = facts_history(case.facts)
    stands = table_of(facts_of(case.facts), history)
    context = {
        "dossier": case,
        "stands": stands,
        "history": [
            {
                "sheet": sheet,
                "lines": lines(sheet.replaces.stated, sheet.stated) if sheet.replaces else [],
            }
            for sheet in history
        ],
        "try_form": form,
        "tried": tried,
        "corrections": corrections,
        "additions": [
            (corrections[deed], title) for deed, title in ADDITIONS.items() if deed in corrections
        ],
        "wrong": correction.deed if correction else "",
        "form": wrong,
        # What the register tells is no longer otherwise: there is no place for what was typed.
        "kept": correction
        if isinstance(correction, TakeOverForm) and not correction.rows
        else None,
        "back": {"url": reverse("backoffice:dossier", args=[case.pk]), "label": case.reference},
    }
    return show(
        request,
        "backoffice/facts.html",
        context,
        section="dossiers",
        about=case.reference,
        address=reverse("backoffice:dossier-facts", args=[case.pk]),
        status=422 if wrong else 200,
        tables={
            "single": _single_table(stands["single"]),
            "figures": _figures_table(stands["figures"]),
            "holdings": _holdings_table(stands["holdings"]),
            "aid": _aid_table(stands["aid"] or []),
        },
    )


def _single_table(rows: list[dict[str, Any]]) -> Table:
    return Table(
        gettext("Facts"),
        rows,
        {
            gettext("Fact"): lambda row: row["label"],
            gettext("Value"): lambda row: row["value"],
            gettext("Source"): lambda row: row["source"],
            gettext("Stated on"): lambda row: row["on"],
        },
    )


def _figures_table(rows: list[dict[str, Any]]) -> Table:
    def year(row: dict[str, Any]) -> object:
        return int(row["year"]) if row.get("year") else gettext("No figures are stated.")

    def particular(row: dict[str, Any]) -> str:
        """What is particular of the figures of that year."""
        if not row.get("year"):
            return ""
        told = []
        if row["months"] and row["months"] != 12:
            told.append(gettext("%(months)s months") % {"months": number(row["months"])})
        if row["estimate"]:
            told.append(gettext("estimate"))
        if row["whole_group"]:
            told.append(gettext("of the whole group"))
        return ", ".join(told)

    def figure(name: str) -> Callable[[dict[str, Any]], Decimal | None]:
        return lambda row: None if row.get(name) is None else Decimal(row[name])

    return Table(
        gettext("Figures"),
        rows,
        {
            gettext("Who"): lambda row: row["name"],
            gettext("Year"): year,
            gettext("Particular"): particular,
            gettext("Headcount"): figure("headcount"),
            gettext("Turnover"): figure("turnover"),
            gettext("Balance total"): figure("balance_total"),
            gettext("Source"): lambda row: row.get("source"),
        },
    )


def _holdings_table(rows: list[dict[str, Any]]) -> Table:
    return Table(
        gettext("Holdings"),
        rows,
        {
            gettext("Who holds"): lambda row: row["owner"],
            gettext("Of whom"): lambda row: row["owned"],
            gettext("Capital (%)"): lambda row: row["holding"].capital_pct,
            gettext("Votes (%)"): lambda row: row["holding"].voting_pct,
            gettext("Other control"): lambda row: (
                row["holding"].control and words_for_working("tie", row["holding"].control)
            ),
            gettext("Since"): lambda row: row["holding"].valid_from,
            gettext("Until"): lambda row: row["holding"].valid_until,
        },
    )


def _aid_table(rows: list[dict[str, Any]]) -> Table:
    return Table(
        gettext("Earlier aid"),
        rows,
        {
            gettext("Granted on"): lambda row: row["aid"].on,
            gettext("Who received it"): lambda row: row["recipient"],
            gettext("Under which Regulation"): lambda row: row["aid"].regulation,
            gettext("Amount"): lambda row: row["aid"].amount,
            gettext("Explanation"): lambda row: row["explanation"],
            gettext("Source"): lambda row: row["source"],
        },
    )
