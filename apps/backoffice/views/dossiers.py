"""All dossiers, and one of them question by question, with what an officer decides."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet, prefetch_related_objects
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.models import User
from apps.audit.selectors import deeds_of
from apps.backoffice.forms import (
    STOP_WORDS,
    ColleagueForm,
    FindingForm,
    RefuseForm,
    ReportBackForm,
    SendBackForm,
    StopForm,
)
from apps.backoffice.views.frame import figures_changed, in_sight, return_to, show
from apps.claims.models import Claim, EndReport
from apps.claims.selectors import (
    claims_of,
    current_statements,
    documents_of_report,
    end_report_of,
    live_claims,
)
from apps.claims.services import stop_dossier, winding_of
from apps.contracts.selectors import committed_and_paid
from apps.design.figures import day, euro, quarter
from apps.design.words import (
    figures_told,
    words_for,
    words_for_act,
    words_for_finding,
    words_for_outcome,
    words_for_question,
    words_for_source,
    words_for_state,
    words_for_unpaid,
)
from apps.documents.attachments import attachment
from apps.documents.models import LETTER, REPORT
from apps.dossiers import services
from apps.dossiers.listing import AgencyDossierFilter, Listing
from apps.dossiers.models import Dossier
from apps.dossiers.selectors import document_of, documents_of
from apps.eligibility.facts_told import lines
from apps.eligibility.models import FactSheet
from apps.eligibility.selectors import Standing, facts_history, has_corrected, standings_of
from apps.handling.forms import AskForm
from apps.handling.messages import tell_of_change, thread
from apps.handling.models import Handler
from apps.handling.selectors import (
    decision_due_on,
    handler_of,
    officers_for,
    open_to_agency,
    question_open,
)
from apps.payouts.selectors import StatementLine, Tranche, statement_lines, tranches_of_grant
from apps.programme.selectors import terms_of
from apps.providers.doors import requires, telling
from apps.providers.middleware import DoorRequest
from apps.providers.models import Provider
from apps.reporting.background import exports_at_agency
from apps.reporting.export_pages import dossiers_export as dossiers_export_of
from apps.reporting.export_pages import export_of, file_of_export, told_of, waited_for
from apps.reporting.exports import FORMS, Table
from apps.reporting.models import Export
from apps.reporting.tables import deeds_table, measures_table, statements_table
from cstraject.eligibility import MET, NOT_MET, QUESTIONS
from cstraject.lifecycle import CLAIM, DOSSIER
from cstraject.quarter import day_of
from cstraject.refusal import Refusal
from cstraject.subsidy import Winding, granted_for

DOSSIERS_PER_PAGE = 50
# Of what is approved and goes on, an end report is still to come.
MAY_REPORT = ("approved", "in_delivery", "completed")


@requires("open_dossiers")
@require_safe
def dossiers(request: DoorRequest) -> HttpResponse:
    listed = _listed(request)
    page = Paginator(listed.dossiers, DOSSIERS_PER_PAGE).get_page(request.GET.get("page"))
    query = listed.query()
    context = {
        "filters": listed.filters,
        "is_filtered": listed.is_filtered,
        "columns": listed.columns(),
        "page": page,
        "query": f"{query}&" if query else "",
        "files": [(one, reverse("backoffice:export", args=[one.pk])) for one in _exports(request)],
        "exports": [
            (form, f"{reverse('backoffice:dossiers-file', args=[form])}?{query}") for form in FORMS
        ],
    }
    return show(request, "backoffice/dossiers.html", context, section="dossiers")


@requires("open_dossiers")
@require_safe
def dossiers_export(request: DoorRequest, form: str) -> HttpResponse:
    """What the page lists, all of it, in the same order; a long list in the background."""
    return dossiers_export_of(
        _listed(request),
        form,
        provider=None,
        sees_all="see_portfolio" in request.acts,
        user=request.user,
        page="backoffice:export",
        keys=[],
    )


@requires("open_dossiers")
@require_safe
def export(request: DoorRequest, export: UUID) -> HttpResponse:
    asked = export_of(export, _exports(request))
    page = show(
        request,
        "reporting/export.html",
        told_of(asked, file=reverse("backoffice:export-file", args=[asked.pk])),
        section="dossiers",
        below=gettext("List as a file"),
    )
    return waited_for(page, asked)


@requires("open_dossiers")
@require_safe
def export_file(request: DoorRequest, export: UUID) -> HttpResponse:
    return file_of_export(export_of(export, _exports(request)))


def _exports(request: DoorRequest) -> QuerySet[Export]:
    sees_all = "see_portfolio" in request.acts
    return exports_at_agency(request.user, at=timezone.now(), sees_all=sees_all)


def _listed(request: DoorRequest) -> Listing:
    providers = Provider.objects.all()
    if "see_portfolio" not in request.acts:
        providers = providers.filter(pk__in=in_sight(request).values("provider"))
    filters = AgencyDossierFilter(request.GET, providers=providers)
    return Listing(in_sight(request).select_related("provider"), filters)


def dossier_of(request: DoorRequest, pk: UUID) -> Dossier:
    """A dossier with what its page tells; one that is closed to somebody is not there."""
    dossiers = in_sight(request).select_related(
        *("provider", "contract__edition", "assessment__workings", "facts", "offer", "declaration"),
        "letter",
    )
    return get_object_or_404(dossiers, pk=pk)


@requires("open_dossiers")
@require_safe
def dossier(request: DoorRequest, dossier: UUID) -> HttpResponse:
    return dossier_page(request, dossier_of(request, dossier))


@requires("open_dossiers")
@require_safe
def document(request: DoorRequest, dossier: UUID, kind: str) -> HttpResponse:
    case = dossier_of(request, dossier)
    if kind == REPORT:
        report = end_report_of(case)
        return attachment(report.document if report else None, of=case.reference)
    return attachment(document_of(case, kind), of=case.reference)


@requires("decide_dossiers")
@require_POST
def find(request: DoorRequest, dossier: UUID) -> HttpResponse:
    case = dossier_of(request, dossier)
    form = FindingForm(request.POST, auto_id=f"{_asked_about(request)}_%s")
    if not form.is_valid():
        return dossier_page(request, case, wrong=form)
    with telling(request, gettext("The finding is on record."), form=form) as told:
        services.find(dossier=case, actor=request.user, at=timezone.now(), **form.cleaned_data)
    if told.refused:
        return dossier_page(request, case, wrong=form)
    return redirect("backoffice:dossier", dossier=case.pk)


def _asked_about(request: DoorRequest) -> str:
    """The question that was sent, if there is one of that name."""
    question = request.POST.get("question", "")
    return question if question in QUESTIONS else ""


@requires("decide_dossiers")
@require_POST
def confirm(request: DoorRequest, dossier: UUID) -> HttpResponse:
    case = dossier_of(request, dossier)
    with telling(request, gettext("The finding is confirmed.")):
        services.confirm_override(
            dossier=case,
            question=_asked_about(request),
            actor=request.user,
            at=timezone.now(),
        )
    return redirect("backoffice:dossier", dossier=case.pk)


@requires("decide_dossiers")
@require_POST
def assess_again(request: DoorRequest, dossier: UUID) -> HttpResponse:
    """The same facts as of today: what others were granted since the filing counts as well."""
    case = dossier_of(request, dossier)
    with telling(request, gettext("The dossier is assessed as of today. Judge it anew.")):
        services.assess_dossier(dossier=case, actor=request.user, at=timezone.now())
    return redirect("backoffice:dossier", dossier=case.pk)


@requires("decide_dossiers")
@require_POST
def approve(request: DoorRequest, dossier: UUID) -> HttpResponse:
    case = dossier_of(request, dossier)
    with telling(request):
        at = timezone.now()
        case = services.approve_dossier(dossier=case, actor=request.user, at=at)
        tell_of_change(case, "decide", at=at)
        granted = {"granted": euro(case.granted_incl_vat)}
        messages.success(request, gettext("Approved: %(granted)s is granted.") % granted)
    return redirect("backoffice:dossier", dossier=case.pk)


@requires("decide_dossiers")
@require_POST
def refuse(request: DoorRequest, dossier: UUID) -> HttpResponse:
    case, form = dossier_of(request, dossier), RefuseForm(request.POST, auto_id="refuse_%s")
    if not form.is_valid():
        return dossier_page(request, case, wrong=form)
    with telling(request, gettext("The dossier is refused."), form=form) as told:
        at = timezone.now()
        services.refuse_dossier(
            dossier=case, reason=form.cleaned_data["reason"], actor=request.user, at=at
        )
        tell_of_change(case, "decide", at=at)
    if told.refused:
        return dossier_page(request, case, wrong=form)
    return redirect("backoffice:dossier", dossier=case.pk)


@requires("stop_dossiers")
@require_POST
def stop(request: DoorRequest, dossier: UUID) -> HttpResponse:
    case, form = dossier_of(request, dossier), StopForm(request.POST, auto_id="stop_%s")
    seen = request.POST.get("seen")
    if seen is not None and seen != _seen(_stop_means(case)):
        form.add_error(None, figures_changed())
    if not form.is_valid():
        return dossier_page(request, case, wrong=form)
    at = timezone.now()
    with telling(request, form=form) as told:
        case = stop_dossier(
            dossier=case,
            cause=form.cleaned_data["cause"],
            reason=form.cleaned_data["reason"],
            actor=request.user,
            at=at,
        )
        tell_of_change(case, "stop", at=at)
        comes_back = {"comes_back": euro(case.comes_back)}
        messages.success(
            request,
            gettext("The dossier is stopped. %(comes_back)s must come back.") % comes_back
            if case.comes_back
            else gettext("The dossier is stopped. Nothing must come back."),
        )
    if told.refused:
        return dossier_page(request, case, wrong=form)
    return redirect("backoffice:dossier", dossier=case.pk)


def dossier_page(
    request: DoorRequest,
    case: Dossier,
    *,
    wrong: forms.Form | None = None,
    wrong_claim: UUID | None = None,
) -> HttpResponse:
    """The page of a dossier; `wrong` is the form that could not be read, as it was typed."""
    tranches = tranches_of_grant(case)
    # Whoever sees this dossier alone is not told what was granted in others.
    alone = "see_portfolio" not in request.acts
    standings = standings_of(case.assessment, told=alone) if case.assessment else []
    handler, report = handler_of(case), end_report_of(case)
    written = thread(
        case,
        address=lambda message: reverse("backoffice:message-document", args=[case.pk, message.pk]),
        names=True,
    )
    found = [f for s in standings for f in (s.finding, s.pending) if f]
    prefetch_related_objects(found, "found_by", "confirmation__confirmed_by")
    rows = [_row(request, case, standing, wrong) for standing in standings]
    claims = list(claims_of(case))
    claim_rows = [
        _claim_with_form(request, claim, wrong if wrong_claim == claim.pk else None)
        for claim in claims
    ]
    not_yours = _not_yours(request, case)
    offered_forms = _forms(request, case, wrong, report, not_yours)
    shown = [
        *offered_forms.values(),
        *(row.get("form") for row in rows),
        *(row["send_back_form"] for row in claim_rows),
    ]
    statements = statement_lines(case, current_statements(case), tranches)
    explained = [
        (
            tranche,
            words_for_unpaid(tranche.why, tranche.facts, at_agency=True) if tranche.why else "",
        )
        for tranche in tranches
    ]
    history = facts_history(case.facts)
    deeds = _deeds(case, history, with_facts="see_portfolio" in request.acts)
    context = {
        "dossier": case,
        "documents": [
            (one, reverse("backoffice:document", args=[case.pk, one.kind]))
            for one in (*documents_of(case), *documents_of_report(report))
        ],
        "to_come": _documents_to_come(case, report),
        "standings": standings,
        "rows": rows,
        "corrected": len(history) - 1,
        "pending": sum(standing.pending is not None for standing in standings),
        "pending_against": any(s.pending and s.pending.outcome == NOT_MET for s in standings),
        "not_met": sum(standing.outcome == NOT_MET for standing in standings),
        "still_open": sum(standing.outcome not in (MET, NOT_MET) for standing in standings),
        "tranches": explained,
        "statements": statements,
        "deeds": deeds,
        "claims": claim_rows,
        "thread": written,
        "attached": sum(bool(one["address"]) for one in written),
        "end_report": report,
        "stated_days": _stated_otherwise(report, statements),
        "handler": handler,
        "may_take": case.state != "submitted" or "decide_dossiers" in request.acts,
        "handled_by_another": handler is not None and handler.officer != request.user,
        "to_read": open_to_agency().filter(dossier=case).exists(),
        "ended": has_ended(case),
        "return_to": return_to(request),
        "form": wrong,
        # What somebody typed stands on the page, also where it is too late for it.
        "kept": wrong if wrong not in shown else None,
    }
    today = day_of(timezone.now())
    if case.state == "submitted":
        terms = terms_of(case.contract.edition)
        context |= {"asked_now": question_open(case), "due_on": decision_due_on(case, on=today)}
        context["assessed_before"] = case.assessment and day_of(case.assessment.at) < today
        asked = granted_for(case.price_excl_vat, terms=terms)
        left = case.contract.left
        context |= {"asked": asked, "left": left, "left_after": left - asked.granted}
        context |= {"not_yours": not_yours, "no_appeal": not case.contract.edition.letter_note}
    else:
        committed, paid = committed_and_paid(case.pk)
        context |= {"committed": committed, "paid": paid}
    context |= offered_forms
    return show(
        request,
        "backoffice/dossier.html",
        context,
        section="dossiers",
        below=case.reference,
        address=reverse("backoffice:dossier", kwargs={"dossier": case.pk}),
        status=422 if wrong else 200,
        tables={
            "assessment": _assessment_table(rows),
            "tranches": _tranches_table(explained),
            "claims": _claims_table(claims),
            "statements": statements_table(statements),
            "measures": measures_table(report),
            "deeds": deeds_table(deeds),
        },
    )


def _deeds(case: Dossier, history: list[FactSheet], *, with_facts: bool) -> list[dict[str, Any]]:
    """What happened, the newest first; `with_facts` also what a correction changed."""
    corrections = iter(history)  # One deed for each sheet that replaced another, in this order.
    told = []
    for deed in deeds_of(case_id=case.pk).reverse():
        what = words_for_act(deed.action, deed.facts)
        sheet = next(corrections, None) if deed.action == "dossier.correct_facts" else None
        if with_facts and sheet and sheet.replaces:
            changed = lines(sheet.replaces.stated, sheet.stated)
            what += ". " + "; ".join(f"{one.what}: {one.before} → {one.after}" for one in changed)
        told.append({"at": deed.at, "who": deed.actor_name, "what": what})
    return told


def _stated_otherwise(report: EndReport | None, statements: list[StatementLine]) -> Decimal | None:
    """The person-days of the last statement, where the end report tells others."""
    if report is None or report.state != "filed" or not statements:
        return None
    last = statements[0].statement.person_days  # In all, the newest first.
    return last if last != report.person_days else None


def _documents_to_come(case: Dossier, report: EndReport | None) -> list[tuple[str, str]]:
    """What is not there, by its kind, and when it comes."""
    to_come = []
    if case.state == "submitted":
        to_come.append((LETTER, gettext("Comes with the decision.")))
    # What was decided elsewhere has its letter there.
    elif case.decided_on and case.letter is None and not case.imported_as:
        to_come.append((LETTER, gettext("Being written.")))
    if report is not None and not report.document:
        to_come.append((REPORT, gettext("Filed without a document.")))
    elif report is None and case.end_report_on is None and case.state in MAY_REPORT:
        to_come.append((REPORT, gettext("Comes once the work is completed.")))
    return to_come


def _assessment_table(rows: list[dict[str, Any]]) -> Table:
    def outcome(row: dict[str, Any]) -> str:
        standing = row["standing"]
        told = words_for_outcome(standing.outcome)
        overrides = standing.finding and standing.finding.overrides
        return f"{told}, {gettext('against the rules')}" if overrides else told

    return Table(
        gettext("Assessment"),
        rows,
        {
            gettext("Question"): lambda row: words_for_question(row["standing"].answer.question),
            gettext("Outcome"): outcome,
            gettext("Finding"): lambda row: f"{row['found']} {row['pending']}".strip(),
            gettext("Source"): lambda row: words_for_source(row["standing"].answer.source),
        },
    )


def _tranches_table(tranches: list[tuple[Tranche, str]]) -> Table:
    def explained(row: tuple[Tranche, str]) -> str:
        tranche, why = row
        if tranche.paid_on:
            return gettext("Paid on %(day)s.") % {"day": day(tranche.paid_on)}
        return words_for_state(tranche.claim.state, "claim") if tranche.claim else why

    return Table(
        gettext("Tranches"),
        tranches,
        {
            gettext("Tranche"): lambda row: row[0].number,
            gettext("Amount including VAT"): lambda row: row[0].amount,
            gettext("Explanation"): explained,
        },
    )


def _claims_table(claims: list[Claim]) -> Table:
    return Table(
        gettext("Claims"),
        claims,
        {
            gettext("Tranche"): lambda claim: claim.tranche,
            gettext("Quarter"): lambda claim: quarter(claim.quarter),
            gettext("Filed"): lambda claim: claim.filed_on,
            gettext("Amount including VAT"): lambda claim: claim.amount,
            gettext("Status"): lambda claim: words_for_state(claim.state, "claim"),
            gettext("Explanation"): lambda claim: claim.sent_back_reason,
        },
    )


def _found(case: Dossier, standing: Standing) -> str:
    """What was found about a question, by the rules or by an officer, in sentences."""
    answer, finding = standing.answer, standing.finding
    if finding is None:
        found = words_for_finding(answer.finding, answer.figures or {})
        if answer.question == "main_activity" and case.facts.nace_label:
            told = {"label": case.facts.nace_label}
            found += " " + gettext("The code stands for: %(label)s.") % told
        return found
    told = {"name": finding.found_by.name, "day": day(finding.found_at), "reason": finding.reason}
    found = gettext("Found by %(name)s on %(day)s: %(reason)s") % told
    if confirmation := getattr(finding, "confirmation", None):
        told = {"name": confirmation.confirmed_by.name, "day": day(confirmation.confirmed_at)}
        found += " " + gettext("Confirmed by %(name)s on %(day)s.") % told
    return found


def _pending(standing: Standing) -> str:
    """What an officer found against the rules, as long as no second one confirmed it."""
    if standing.pending is None:
        return ""
    told = {
        "name": standing.pending.found_by.name,
        "day": day(standing.pending.found_at),
        "outcome": words_for_outcome(standing.pending.outcome),
        "reason": standing.pending.reason,
    }
    return gettext("%(name)s found on %(day)s, against the rules: %(outcome)s. %(reason)s") % told


def _row(
    request: DoorRequest, case: Dossier, standing: Standing, wrong: forms.Form | None
) -> dict[str, Any]:
    """One question, with the page of its workings and, for who may, the form of an override."""
    question = standing.answer.question
    addresses = {"size": "backoffice:dossier-size", "de_minimis": "backoffice:dossier-de-minimis"}
    kept = hasattr(case.assessment, "workings") and (
        question == "size" or case.assessment.workings.room is not None  # type: ignore[union-attr]
    )
    row: dict[str, Any] = {
        "standing": standing,
        "found": _found(case, standing),
        "pending": _pending(standing),
        "workings": reverse(addresses[question], args=[case.pk])
        if question in addresses
        and kept
        and (question == "size" or "see_portfolio" in request.acts)
        else "",
        "own": standing.pending is not None and standing.pending.found_by_id == request.user.pk,
        "figures": figures_told(standing.answer.figures),
    }
    if case.state == "submitted" and "decide_dossiers" in request.acts:
        about_this = isinstance(wrong, FindingForm) and wrong["question"].value() == question
        form = wrong if about_this else FindingForm.about(question)
        assert isinstance(form, FindingForm)
        against = standing.answer.outcome in (MET, NOT_MET)
        # Back to what the rules say is offered once somebody found otherwise.
        if against and not (standing.finding or standing.pending):
            form.leave_only(NOT_MET if standing.answer.outcome == MET else MET)
        row |= {"form": form, "wrong": about_this, "against": against}
        if standing.pending and not row["own"]:
            # Who does not agree finds what the rules say.
            row["disagrees"] = FindingForm(
                initial={"question": question, "outcome": standing.answer.outcome},
                auto_id=f"{question}_not_%s",
            )
            row["disagrees"].leave_only(standing.answer.outcome)
    return row


def _not_yours(request: DoorRequest, case: Dossier) -> str:
    """Why another officer must decide about a dossier that waits for it, if so."""
    by_two = case.state == "submitted" and case.contract.edition.overrides_by_two
    if by_two and "decide_dossiers" in request.acts and has_corrected(request.user, case.facts):
        return words_for(Refusal("self-corrected"))
    return ""


def _forms(
    request: DoorRequest,
    case: Dossier,
    wrong: forms.Form | None,
    report: EndReport | None,
    not_yours: str,
) -> dict[str, object]:
    """The forms that fit the dossier's state and the officer's acts; the wrong one as typed."""
    offered: dict[str, object] = {}
    decides, stops = ("decide_dossiers" in request.acts, "stop_dossiers" in request.acts)
    if decides and DOSSIER.allows(case.state, "refuse") and case.assessment and not not_yours:
        offered["refuse_form"] = (
            wrong if isinstance(wrong, RefuseForm) else RefuseForm(auto_id="refuse_%s")
        )
    if "handle_dossiers" in request.acts:
        answer_by = day_of(timezone.now()) + timedelta(days=case.contract.edition.answer_days)
        asks = AskForm(initial={"answer_by": answer_by})
        if case.state != "submitted" or question_open(case) is not None:
            del asks.fields["asks"], asks.fields["answer_by"]
        offered["message_form"] = wrong if isinstance(wrong, AskForm) else asks
        if report is not None and report.state == "filed":
            sends_back = ReportBackForm(auto_id="report_%s")
            offered["report_form"] = wrong if isinstance(wrong, ReportBackForm) else sends_back
        if not has_ended(case):
            hands = ColleagueForm(auto_id="hand_%s")
            hands.offer(colleagues_for(case))
            offered["hand_over_form"] = wrong if isinstance(wrong, ColleagueForm) else hands
    if stops and DOSSIER.allows(case.state, "stop"):
        offered["stop_form"] = wrong if isinstance(wrong, StopForm) else StopForm(auto_id="stop_%s")
        offered["stop_means"] = means = _stop_means(case)
        offered["stop_seen"] = _seen(means)
    offered["can_amend"] = decides and case.state in ("approved", "in_delivery")
    return offered


def has_ended(case: Dossier) -> bool:
    """Nothing can happen to it any more, so nobody needs to take it."""
    return not DOSSIER.events(case.state)


def colleagues_for(case: Dossier) -> QuerySet[User]:
    """To whom a dossier can be handed over: whoever may handle one and does not have it now."""
    now = Handler.objects.filter(dossier=case, ended_at=None).values("officer")
    return officers_for(case).exclude(pk__in=now).prefetch_related("groups")


def _stop_means(case: Dossier) -> list[tuple[str, Winding | None, str]]:
    """Per cause what a stop would mean in money today, or why it cannot be yet."""
    claims = live_claims(case)
    means: list[tuple[str, Winding | None, str]] = []
    for cause, words in STOP_WORDS.items():
        try:
            means.append((str(words), winding_of(case, cause, claims), ""))
        except Refusal as refusal:
            means.append((str(words), None, words_for(refusal)))
    return means


def _seen(means: list[tuple[str, Winding | None, str]]) -> str:
    """The amounts that somebody looked at before a stop."""
    amounts = [winding and (winding.keeps, winding.released) for _cause, winding, _why in means]
    return " ".join(map(str, amounts))


def _claim_with_form(
    request: DoorRequest, claim: Claim, wrong: forms.Form | None
) -> dict[str, object]:
    may = "verify_claims" in request.acts
    return {
        "claim": claim,
        "may_verify": may and CLAIM.allows(claim.state, "verify"),
        "send_back_form": (wrong or SendBackForm(auto_id=f"claim-{claim.pk}_%s"))
        if may and CLAIM.allows(claim.state, "send_back")
        else None,
        "wrong": wrong is not None,
    }
