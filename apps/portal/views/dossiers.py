"""A dossier as its provider sees it, and what the provider may do with it."""

from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from apps.audit.selectors import deeds_of
from apps.claims.selectors import current_statements, delivered_by
from apps.design.words import words_for_act, words_for_unpaid
from apps.dossiers import services
from apps.dossiers.models import Dossier
from apps.eligibility.selectors import standings_of
from apps.payouts.selectors import Tranche, tranches_of_grant
from apps.portal.forms import (
    ClaimForm,
    CompleteForm,
    EndReportForm,
    StartForm,
    StatementForm,
    WithdrawForm,
)
from apps.portal.views.frame import show
from apps.portal.views.overview import window_around
from apps.providers.doors import requires, telling
from apps.providers.middleware import DoorRequest
from cstraject.delivery import Delivered, share_delivered
from cstraject.lifecycle import DOSSIER
from cstraject.quarter import Quarter, day_of

# Deeds of the provider's own people; who did the others at the agency is not told by name.
OWN_DEEDS = frozenset(
    {
        *("dossier.file", "dossier.start", "dossier.complete", "dossier.receive_end_report"),
        *("dossier.withdraw", "statement.file", "claim.file", "document.receive"),
    }
)


def dossier_of(pk: UUID) -> Dossier:
    """A dossier in scope with what its page tells; another provider's is not there."""
    dossiers = Dossier.objects.select_related(
        "contract__edition", "assessment", "facts", "offer", "declaration"
    )
    return get_object_or_404(dossiers, pk=pk)


@requires("see_dossiers")
@require_safe
def dossier(request: DoorRequest, provider: str, dossier: UUID) -> HttpResponse:
    return dossier_page(request, dossier_of(dossier))


@requires("file_dossiers")
@require_POST
def start(request: DoorRequest, provider: str, dossier: UUID) -> HttpResponse:
    case, form = dossier_of(dossier), StartForm(request.POST, auto_id="start_%s")
    if not form.is_valid():
        return dossier_page(request, case, wrong=form)
    with telling(request, gettext("The start of the work is on record.")):
        services.start_dossier(
            dossier=case, on=form.cleaned_data["on"], actor=request.user, at=timezone.now()
        )
    return back_to(case, provider)


@requires("file_dossiers")
@require_POST
def complete(request: DoorRequest, provider: str, dossier: UUID) -> HttpResponse:
    case, form = dossier_of(dossier), CompleteForm(request.POST, auto_id="complete_%s")
    if not form.is_valid():
        return dossier_page(request, case, wrong=form)
    with telling(request, gettext("The completion of the work is on record.")):
        services.complete_dossier(
            dossier=case, on=form.cleaned_data["on"], actor=request.user, at=timezone.now()
        )
    return back_to(case, provider)


@requires("file_dossiers")
@require_POST
def end_report(request: DoorRequest, provider: str, dossier: UUID) -> HttpResponse:
    case, form = dossier_of(dossier), EndReportForm(request.POST, auto_id="report_%s")
    if not form.is_valid():
        return dossier_page(request, case, wrong=form)
    with telling(request, gettext("The end report is on record.")):
        services.receive_end_report(
            dossier=case, on=form.cleaned_data["on"], actor=request.user, at=timezone.now()
        )
    return back_to(case, provider)


@requires("file_dossiers")
@require_POST
def withdraw(request: DoorRequest, provider: str, dossier: UUID) -> HttpResponse:
    case, form = dossier_of(dossier), WithdrawForm(request.POST, auto_id="withdraw_%s")
    if not form.is_valid():
        return dossier_page(request, case, wrong=form)
    with telling(request, gettext("The dossier is withdrawn.")):
        services.withdraw_dossier(
            dossier=case, reason=form.cleaned_data["reason"], actor=request.user, at=timezone.now()
        )
    return back_to(case, provider)


def back_to(case: Dossier, provider: str) -> HttpResponse:
    return redirect("portal:dossier", provider=provider, dossier=case.pk)


def dossier_page(
    request: DoorRequest, case: Dossier, *, wrong: forms.Form | None = None
) -> HttpResponse:
    """The page of a dossier; `wrong` is the form that could not be read, as it was typed."""
    offered = Delivered(case.person_days, case.price_excl_vat)
    statements = current_statements(case)
    tranches = tranches_of_grant(case)
    context = {
        "dossier": case,
        "documents": [case.offer, case.declaration],
        "tranches": [
            (tranche, words_for_unpaid(tranche.why, tranche.facts) if tranche.why else "")
            for tranche in tranches
        ],
        "standings": standings_of(case.assessment) if case.assessment else [],
        "statements": [
            (statement, share_delivered(delivered_by(statement), offered=offered))
            for statement in reversed(statements.values())
        ],
        "deeds": [
            {
                "at": deed.at,
                "who": deed.actor_name if deed.action in OWN_DEEDS else "VLAIO",
                "what": words_for_act(deed.action, deed.facts),
            }
            for deed in deeds_of(case_id=case.pk).reverse()
        ],
        **_forms(request, case, tranches, set(statements), wrong),
        "form": wrong,
    }
    return show(
        request,
        "portal/dossier.html",
        context,
        below=case.reference,
        status=422 if wrong else 200,
    )


def _forms(
    request: DoorRequest,
    case: Dossier,
    tranches: list[Tranche],
    stated: set[str],
    wrong: forms.Form | None,
) -> dict[str, object]:
    """The forms that fit the dossier's state and this person's acts; the wrong one as it was."""
    offered: dict[str, forms.Form] = {}
    today = day_of(timezone.now())
    window = window_around(today, case.contract)
    if "file_dossiers" in request.acts:
        if DOSSIER.allows(case.state, "start"):
            offered["start_form"] = StartForm(auto_id="start_%s")
        if DOSSIER.allows(case.state, "complete"):
            offered["complete_form"] = CompleteForm(auto_id="complete_%s")
        if case.state == "completed" and case.end_report_on is None:
            offered["end_report_form"] = EndReportForm(auto_id="report_%s")
        if DOSSIER.allows(case.state, "withdraw"):
            offered["withdraw_form"] = WithdrawForm(auto_id="withdraw_%s")
        if _quarters_to_state(case):
            offered["statement_form"] = StatementForm(auto_id="statement_%s")
    to_claim = next((tranche for tranche in tranches if tranche.why == "not-claimed"), None)
    open_now = window.opens_on <= today
    if "claim_tranches" in request.acts and to_claim and open_now and str(window.quarter) in stated:
        initial = {"tranche": to_claim.number}
        offered["claim_form"] = ClaimForm(initial=initial, auto_id="claim_%s")
    for name, form in offered.items():
        if wrong is not None and type(form) is type(wrong):
            offered[name] = form = wrong
        if isinstance(form, StatementForm):
            form.offer(_quarters_to_state(case))
        if isinstance(form, ClaimForm):
            form.offer([window.quarter])
    return {
        **offered,
        "any_form": bool(offered),
        "to_claim": to_claim,
        "window": window,
        "window_open": open_now,
    }


def _quarters_to_state(case: Dossier) -> list[Quarter]:
    """The quarters since the start that are over, the last first."""
    if case.started_on is None or case.state not in ("in_delivery", "completed"):
        return []
    quarters, quarter = [], Quarter.containing(day_of(timezone.now())).previous
    while quarter.ends > case.started_on:
        quarters.append(quarter)
        quarter = quarter.previous
    return quarters
