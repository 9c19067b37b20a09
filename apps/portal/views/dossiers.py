"""A dossier as its provider sees it, and what the provider may do with it."""

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from apps.audit.selectors import deeds_of
from apps.claims.models import Claim, Statement
from apps.claims.selectors import Shortfall, current_statements, end_report_of, shortfall_of
from apps.claims.services import complete_dossier
from apps.contracts.selectors import window_around
from apps.design import figures
from apps.design.words import (
    words_for,
    words_for_act,
    words_for_finding,
    words_for_outcome,
    words_for_question,
    words_for_state,
    words_for_unpaid,
)
from apps.documents.attachments import attachment
from apps.documents.models import REPORT
from apps.dossiers import services
from apps.dossiers.models import Dossier
from apps.dossiers.selectors import document_of, documents_of
from apps.eligibility.facts_told import told_in
from apps.eligibility.selectors import Standing, facts_filed, standings_of
from apps.handling.forms import MessageForm
from apps.handling.messages import thread
from apps.handling.models import Message
from apps.handling.selectors import question_open
from apps.payouts.selectors import Tranche, statement_lines, tranches_of_grant
from apps.portal.forms import (
    ClaimForm,
    CompleteForm,
    StartForm,
    WithdrawForm,
)
from apps.portal.views.frame import show
from apps.providers.doors import requires
from apps.providers.middleware import DoorRequest
from apps.reporting.exports import Table
from apps.reporting.tables import deeds_table, measures_table, statements_table
from cstraject.lifecycle import DOSSIER
from cstraject.quarter import Quarter, day_of, run_day_for
from cstraject.refusal import Refusal

# Deeds of the provider's own people; who did the others at the agency is not told by name.
OWN_DEEDS = frozenset(
    {
        *("dossier.file", "dossier.start", "dossier.complete", "dossier.receive_end_report"),
        *("dossier.withdraw", "statement.file", "claim.file", "document.receive"),
        *("message.write", "message.read", "end_report.file"),
    }
)
# What can be wrong with the day of a deed: told beside it.
OF_THE_DAY = frozenset({"date-order", "future-date", "start-before-approval", "stated-later"})


def dossier_of(pk: UUID) -> Dossier:
    """A dossier in scope with what its page tells; another provider's is not there."""
    dossiers = Dossier.objects.select_related(
        "contract__edition", "assessment", "facts", "offer", "declaration", "letter"
    )
    return get_object_or_404(dossiers, pk=pk)


@requires("see_dossiers")
@require_safe
def dossier(request: DoorRequest, provider: str, dossier: UUID) -> HttpResponse:
    return dossier_page(request, dossier_of(dossier))


@requires("see_dossiers")
@require_safe
def document(request: DoorRequest, provider: str, dossier: UUID, kind: str) -> HttpResponse:
    case = dossier_of(dossier)
    if kind == REPORT:
        report = end_report_of(case)
        return attachment(report.document if report else None, of=case.reference)
    return attachment(document_of(case, kind), of=case.reference)


@requires("file_dossiers")
@require_POST
def start(request: DoorRequest, provider: str, dossier: UUID) -> HttpResponse:
    form = StartForm(request.POST, auto_id="start_%s")
    done = gettext("The start of the work is on record.")
    return _do(request, provider, dossier, form, services.start_dossier, done)


@requires("file_dossiers")
@require_POST
def complete(request: DoorRequest, provider: str, dossier: UUID) -> HttpResponse:
    form = CompleteForm(request.POST, auto_id="complete_%s")
    done = gettext("The completion of the work is on record.")
    return _do(request, provider, dossier, form, complete_dossier, done)


@requires("file_dossiers")
@require_POST
def withdraw(request: DoorRequest, provider: str, dossier: UUID) -> HttpResponse:
    form = WithdrawForm(request.POST, auto_id="withdraw_%s")
    done = gettext("The dossier is withdrawn.")
    return _do(request, provider, dossier, form, services.withdraw_dossier, done)


def _do(
    request: DoorRequest,
    provider: str,
    dossier: UUID,
    form: forms.Form,
    deed: Callable[..., Dossier],
    done: str,
) -> HttpResponse:
    """Do what a form asks with a dossier, or show its page with the form as it was typed."""
    case = dossier_of(dossier)
    if not form.is_valid():
        return dossier_page(request, case, wrong=form)
    try:
        deed(dossier=case, actor=request.user, at=timezone.now(), **form.cleaned_data)
    except Refusal as refusal:
        if refusal.code in OF_THE_DAY:
            form.add_error("on", _why_not_on(refusal))
        else:
            messages.error(request, words_for(refusal))
        return dossier_page(request, case, wrong=form)
    messages.success(request, done)
    return back_to(case, provider)


def _why_not_on(refusal: Refusal) -> str:
    """What is wrong with the day that was typed, as it stands beside it."""
    if refusal.code != "date-order":
        return words_for(refusal)
    started = gettext("The work started on %(day)s: give that day or a later one.")
    return started % {"day": figures.day(refusal.facts["earlier"])}


def back_to(case: Dossier, provider: str) -> HttpResponse:
    return redirect("portal:dossier", provider=provider, dossier=case.pk)


def dossier_page(
    request: DoorRequest, case: Dossier, *, wrong: forms.Form | None = None
) -> HttpResponse:
    """The page of a dossier; `wrong` is the form that could not be read, as it was typed."""
    statements = current_statements(case)
    tranches = tranches_of_grant(case)
    shortfall = shortfall_of(case, statements, claim=tranches[0].claim if tranches else None)
    told = [(tranche, _explained(case, tranche, shortfall)) for tranche in tranches]
    standings = standings_of(case.assessment, told=True) if case.assessment else []
    stated = statement_lines(case, statements, tranches)
    deeds = [
        {
            "at": deed.at,
            "action": deed.action,
            "who": deed.actor_name if deed.action in OWN_DEEDS else "VLAIO",
            "what": words_for_act(deed.action, deed.facts),
        }
        for deed in deeds_of(case_id=case.pk).reverse()
    ]
    context: dict[str, Any] = {
        "dossier": case,
        "amended": next((one for one in deeds if one["action"] == "dossier.amend"), None),
        "documents": [
            (one, reverse("portal:document", args=[request.provider.slug, case.pk, one.kind]))
            for one in documents_of(case)
        ],
        "tranches": told,
        "asked_now": question_open(case),
        "to_read": Message.objects.filter(
            dossier=case, by_agency=True, asks=False, handled_on=None
        ).exists(),
        "standings": [(standing, _found(case, standing)) for standing in standings],
        "statements": stated,
        "filed": told_in(facts_filed(case.facts).stated),
        "on_completion": _on_completion(case, statements, shortfall),
        "deeds": deeds,
        "thread": thread(
            case,
            address=lambda message: reverse(
                "portal:message-document", args=[request.provider.slug, case.pk, message.pk]
            ),
            names=False,
        ),
        **_forms(request, case, tranches, statements, wrong),
        "form": wrong,
    }
    return show(
        request,
        "portal/dossier.html",
        context,
        below=case.reference,
        address=reverse(
            "portal:dossier", kwargs={"provider": request.provider.slug, "dossier": case.pk}
        ),
        status=422 if wrong else 200,
        tables={
            "tranches": _tranches_table(told),
            "assessment": _assessment_table(case, standings),
            "statements": statements_table(stated),
            "measures": measures_table(context["end_report"]),
            "deeds": deeds_table(deeds),
        },
    )


def _tranches_table(tranches: list[tuple[Tranche, list[str]]]) -> Table:
    return Table(
        gettext("Tranches"),
        tranches,
        {
            gettext("Tranche"): lambda row: row[0].number,
            gettext("Amount including VAT"): lambda row: row[0].amount,
            gettext("Status"): lambda row: (
                words_for_state(row[0].state, "claim") if row[0].state else gettext("Not claimed")
            ),
            gettext("Explanation"): lambda row: " ".join(row[1]),
        },
    )


def _assessment_table(case: Dossier, standings: list[Standing]) -> Table:
    return Table(
        gettext("Assessment"),
        standings,
        {
            gettext("Question"): lambda one: words_for_question(one.answer.question),
            gettext("Outcome"): lambda one: words_for_outcome(one.outcome),
            gettext("Finding"): lambda one: _found(case, one),
        },
    )


def _found(case: Dossier, standing: Standing) -> str:
    """What was found about a question, by the rules or by the agency."""
    if standing.finding:
        return gettext("Found by VLAIO: %(reason)s") % {"reason": standing.finding.reason}
    if standing.outcome == "person":
        if case.state == "submitted":
            return gettext("VLAIO judges this itself, and asks you if it needs more.")
        return gettext("VLAIO judged this no more: the dossier ended before.")
    return words_for_finding(standing.answer.finding, standing.answer.figures or {})


def _on_completion(case: Dossier, stated: dict[str, Statement], shortfall: Shortfall | None) -> str:
    """What recording the completion now would cost, by the last statement."""
    if not stated:
        return _nothing_stated(case, day_of(timezone.now()))
    if shortfall is None:
        return ""
    told = gettext(
        "By your last statement %(share)s was delivered. If you record the completion now and state"
        " no more, tranche 2 becomes %(amount)s instead of %(planned)s."
    )
    if not shortfall.first:
        told = gettext(
            "By your last statement %(share)s was delivered. If you record the completion now and"
            " state no more, you receive %(amount)s in all instead of %(planned)s."
        )
    return told % _amounts(shortfall)


def _nothing_stated(case: Dossier, on: date) -> str:
    """From when what was delivered can be stated, before the completion and after it."""
    quarter = Quarter.containing(case.completed_on or on)
    told = gettext(
        "Nothing was stated yet of what was delivered; nothing is paid without. The statement for"
        " %(quarter)s can be filed from %(day)s, also once the work is completed."
    )
    return told % {"quarter": figures.quarter(quarter), "day": figures.day(quarter.ends)}


def _amounts(shortfall: Shortfall) -> dict[str, str]:
    return {
        "share": figures.percent(shortfall.share),
        "amount": figures.euro(shortfall.amount),
        "planned": figures.euro(shortfall.planned),
    }


def _explained(case: Dossier, tranche: Tranche, shortfall: Shortfall | None) -> list[str]:
    """How a tranche stands, in sentences: what became of it, and what can be expected."""
    sentences = _became(case, tranche)
    if shortfall and tranche.number == 2 and case.state == "completed":
        less = gettext(
            "By the last statement %(share)s was delivered: %(amount)s instead of %(planned)s."
        )
        sentences.insert(0, less % _amounts(shortfall))
    return sentences


def _became(case: Dossier, tranche: Tranche) -> list[str]:
    claim, expected = tranche.claim, _expected(case, tranche)
    if claim is not None and tranche.paid_on:
        told = {"day": figures.day(tranche.paid_on), "quarter": figures.quarter(claim.quarter)}
        return [gettext("Paid on %(day)s, claimed for %(quarter)s.") % told]
    if claim is not None:
        told = {"day": figures.day(claim.filed_on), "quarter": figures.quarter(claim.quarter)}
        claimed = gettext("Claimed on %(day)s for %(quarter)s.") % told
        return [claimed, *_what_follows(claim, expected)]
    sentences = [_why_not_claimed(case, tranche)]
    if tranche.sent_back:
        sentences.insert(0, gettext("Sent back: %(reason)s") % {"reason": tranche.sent_back})
    if expected:
        told = {"quarter": figures.quarter(expected[0]), "day": figures.day(expected[1])}
        by_run = gettext(
            "Claimed with %(quarter)s, it is paid by the run of %(day)s at the earliest; the bank"
            " pays some days later."
        )
        sentences.append(by_run % told)
    return sentences


def _why_not_claimed(case: Dossier, tranche: Tranche) -> str:
    if not tranche.sent_back or tranche.why != "not-claimed":
        return words_for_unpaid(tranche.why, tranche.facts) if tranche.why else ""
    window = window_around(day_of(timezone.now()), case.contract)
    told = {
        "quarter": figures.quarter(window.quarter),
        "opens_on": figures.day(window.opens_on),
        "last_day": figures.day(window.last_day),
    }
    again = gettext("You can claim it again with %(quarter)s, from %(opens_on)s to %(last_day)s.")
    if window.opens_on <= day_of(timezone.now()):
        again = gettext("You can claim it again now with %(quarter)s, until %(last_day)s.")
    return again % told


def _what_follows(claim: Claim, expected: tuple[Quarter, date] | None) -> list[str]:
    """When what is claimed can be paid."""
    if expected is None:
        in_run = gettext("It is in a run that is being paid.")
        return [in_run] if claim.state == "in_run" else []
    told = gettext("It is paid by the run of %(day)s; the bank pays some days later.")
    if claim.state == "submitted":
        told = gettext(
            "It is paid by the run of %(day)s, if the agency has verified it by then;"
            " the bank pays some days later."
        )
    return [told % {"day": figures.day(expected[1])}]


def _expected(case: Dossier, tranche: Tranche) -> tuple[Quarter, date] | None:
    """Which run can pay a tranche, as long as none has taken it: its quarter and its day.

    Of one that is still to be claimed the first for which that can be done.
    """
    today, claim = day_of(timezone.now()), tranche.claim
    over = case.state == "completed" and tranche.why == "not-delivered"
    if over or tranche.why in ("ended", "nothing-left"):
        return None
    if claim is None:
        first = window_around(today, case.contract).quarter
        quarter = max(first, Quarter.containing(case.started_on or today))
    elif claim.state in ("submitted", "verified"):
        quarter = Quarter.parse(claim.quarter)
    else:
        return None
    return quarter, run_day_for(quarter, run_day=case.contract.edition.run_day, on=today)


def _forms(
    request: DoorRequest,
    case: Dossier,
    tranches: list[Tranche],
    stated: dict[str, Statement],
    wrong: forms.Form | None,
) -> dict[str, object]:
    """The forms that fit the dossier's state and this person's acts; the wrong one as it was."""
    offered: dict[str, forms.Form] = {}
    if "file_dossiers" in request.acts:
        offered["message_form"] = MessageForm()
    today = day_of(timezone.now())
    window = window_around(today, case.contract)
    to_state = "file_dossiers" in request.acts and quarters_to_state(
        case, stated, tranches, on=today
    )
    if "file_dossiers" in request.acts:
        if DOSSIER.allows(case.state, "start"):
            offered["start_form"] = StartForm(auto_id="start_%s")
        if DOSSIER.allows(case.state, "complete"):
            offered["complete_form"] = CompleteForm(auto_id="complete_%s")
        if DOSSIER.allows(case.state, "withdraw"):
            offered["withdraw_form"] = WithdrawForm(auto_id="withdraw_%s")
    report = end_report_of(case)
    can_report = (
        "file_dossiers" in request.acts
        and case.state == "completed"
        and (case.end_report_on is None if report is None else report.state == "sent_back")
    )
    to_claim = next((tranche for tranche in tranches if tranche.why == "not-claimed"), None)
    open_now = window.opens_on <= today
    can_claim = open_now and _bears_a_claim(case, stated, window.quarter)
    if "claim_tranches" in request.acts and to_claim and can_claim:
        initial = {"tranche": to_claim.number}
        offered["claim_form"] = ClaimForm(initial=initial, auto_id="claim_%s")
    for name, form in offered.items():
        if wrong is not None and type(form) is type(wrong):
            offered[name] = wrong
    kept = wrong if wrong not in offered.values() else None
    for shown in (*offered.values(), kept):
        if isinstance(shown, ClaimForm):
            shown.offer([window.quarter])
    return {
        **offered,
        # What somebody typed stands on the page, also where it is too late for it.
        "kept": kept,
        "not_yet": _not_yet(case, bool(to_state), on=today)
        if "file_dossiers" in request.acts
        else [],
        "can_state": bool(to_state),
        "can_report": can_report,
        "any_form": len(offered) > 1 or bool(to_state) or can_report,
        "end_report": report,
        "to_claim": to_claim,
        "window": window,
        "window_open": open_now,
        "to_state_first": min([window.quarter, *_quarter_of_completion(case)]),
    }


def _not_yet(case: Dossier, can_state: bool, *, on: date) -> list[tuple[str, str]]:
    """What cannot be done with a dossier in its state, and from when or by whom it can."""
    state, end_report = gettext("Statement of what was delivered"), gettext("End report")
    if case.state == "submitted":
        return [(gettext("Start the work"), gettext("Once VLAIO has approved the dossier."))]
    if case.state == "approved":
        started = gettext("Once the work has started.")
        return [(state, started), (gettext("Complete the work"), started)]
    day = {"day": figures.day(Quarter.containing(case.completed_on or on).ends)}
    over = gettext("Once this quarter is over, from %(day)s.") % day
    if case.state == "completed" and Quarter.containing(case.completed_on or on).ends > on:
        return [(state, over)]
    if case.state != "in_delivery":
        return []
    told = [
        (end_report, gettext("Once the work is completed.")),
        (
            gettext("Withdraw the dossier"),
            gettext("No more: the work has started. Ask VLAIO to stop the dossier."),
        ),
    ]
    if not can_state:
        told.insert(0, (state, over))
    return told


def quarters_to_state(
    case: Dossier, stated: dict[str, Statement], tranches: list[Tranche], *, on: date
) -> list[Quarter]:
    """The quarters that can be stated, the last first: over, and no later than completion.

    A statement that carries a claim stands; once the last tranche is claimed all of them do.
    """
    if case.started_on is None or case.state not in ("in_delivery", "completed"):
        return []
    claims = {tranche.number: tranche.claim for tranche in tranches if tranche.claim}
    if 2 in claims:
        return []
    carrying = {claim.statement_id for claim in claims.values()}
    quarter = Quarter.containing(on).previous
    quarter = min([quarter, *_quarter_of_completion(case)])
    quarters = []
    while quarter.ends > case.started_on:
        own = stated.get(str(quarter))
        if own is None or own.pk not in carrying:
            quarters.append(quarter)
        quarter = quarter.previous
    return quarters


def _bears_a_claim(case: Dossier, stated: dict[str, Statement], quarter: Quarter) -> bool:
    """Whether a claim for a quarter has a statement: its own, or the last of completed work."""
    if str(quarter) in stated:
        return True
    return any(
        str(done) <= name < str(quarter) for done in _quarter_of_completion(case) for name in stated
    )


def _quarter_of_completion(case: Dossier) -> list[Quarter]:
    """The one quarter in which the work was completed; none before that."""
    return [Quarter.containing(case.completed_on)] if case.completed_on else []
