"""What stands around every page of the back office."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext, gettext_noop

from apps.claims.selectors import claims_to_verify, end_reports_to_read
from apps.contracts.models import Shift
from apps.contracts.selectors import shifts_to_decide
from apps.dossiers.models import Dossier
from apps.dossiers.selectors import dossiers_in_sight, register_duties_open
from apps.eligibility.models import Finding
from apps.eligibility.selectors import overrides_to_confirm
from apps.handling.selectors import (
    ANSWER,
    CLAIM,
    CONFIRM,
    REGISTER,
    REPORT,
    REVIEW,
    SHIFT,
    open_to_agency,
)
from apps.payouts.models import Run
from apps.providers.middleware import DoorRequest
from apps.reporting.exports import NO_TABLES, Tables, file_asked, files_of
from cstraject.quarter import day_of

# Each with the act that opens it.
SECTIONS = {
    "work": (gettext_noop("To do"), "see_portfolio"),
    "dossiers": (gettext_noop("Dossiers"), "open_dossiers"),
    "claims": (gettext_noop("Claims"), "see_portfolio"),
    "contracts": (gettext_noop("Contracts"), "see_portfolio"),
    "runs": (gettext_noop("Quarterly runs"), "see_portfolio"),
    "register": (gettext_noop("De minimis register"), "see_portfolio"),
    "editions": (gettext_noop("Editions"), "see_editions"),
    "answer": (gettext_noop("Answer to parliament"), "see_answers"),
    "people": (gettext_noop("People"), "see_people"),
}

# The states in which a run waits for a person, by what that person may do; an approved one waits
# for its file.
TO_STEP = {
    "drawn_up": "check_runs",
    "checked": "approve_runs",
    "filed": "settle_runs",
    "sent": "settle_runs",
}

# By kind of what waits, the act that does it.
DONE_BY = {
    REVIEW: "decide_dossiers",
    CONFIRM: "decide_dossiers",
    ANSWER: "handle_dossiers",
    CLAIM: "verify_claims",
    REPORT: "handle_dossiers",
    REGISTER: "decide_dossiers",
    SHIFT: "amend_contracts",
}


def show(
    request: DoorRequest,
    template: str,
    context: Mapping[str, Any],
    *,
    section: str,
    below: str = "",
    about: str = "",
    address: str = "",
    status: int = 200,
    tables: Tables = NO_TABLES,
) -> HttpResponse:
    """A page with its menu; `below` is its name when it stands under a section's first page, and
    `about` that of what it tells of, where it stands deeper.

    `address` is where the page stands, when this is the answer to something sent elsewhere. What
    it lists leaves as a file as well: `tables`, each found by the template in `as_files`.
    """
    if file := file_asked(request, tables, below or about):
        return file
    sections = {
        name: {
            "url": reverse(f"backoffice:{name}"),
            "label": gettext(label),
            "current": name == section,
        }
        for name, (label, act) in SECTIONS.items()
        if act in request.acts
    }
    waiting = _waiting(request) if "see_portfolio" in request.acts else {}
    return render(
        request,
        template,
        {
            **context,
            "acts": request.acts,
            "address": address or request.get_full_path(),
            "as_files": files_of(request, tables, address.partition("?")[0] or request.path),
            "nav": [{**item, "waiting": waiting.get(name)} for name, item in sections.items()],
            "crumbs": [sections[section], {"label": below}] if below else [],
        },
        status=status,
    )


def figures_changed() -> str:
    """What is told to who sends a deed with figures of which nobody saw what they mean."""
    return gettext("These figures are others than those you looked at. Look, then press again.")


def return_to(request: DoorRequest) -> str:
    """The list from which somebody came and goes back to, search and page included; if any."""
    back = request.POST.get("back") or request.GET.get("back", "")
    safe = back.startswith("/") and url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    return back if safe else ""


def back_from(request: DoorRequest, dossier: UUID) -> HttpResponse:
    """After a deed: to the list from which somebody came, or to the dossier."""
    if back := return_to(request):
        return HttpResponseRedirect(back)
    return redirect("backoffice:dossier", dossier=dossier)


def in_sight(request: DoorRequest) -> QuerySet[Dossier]:
    """The dossiers that exist for who is there, by their role and by what was opened or closed."""
    return dossiers_in_sight(
        user=request.user,
        all_of_them="see_portfolio" in request.acts,
        on=day_of(timezone.now()),
    )


def shifts_for(request: DoorRequest) -> QuerySet[Shift]:
    """The shifts of budget that wait for who is there."""
    waiting = shifts_to_decide(request.user)
    return waiting if "amend_contracts" in request.acts else waiting.none()


def overrides_for(request: DoorRequest) -> QuerySet[Finding]:
    """The findings against the rules that wait for who is there."""
    waiting = overrides_to_confirm(request.user)
    return waiting if "decide_dossiers" in request.acts else waiting.none()


def runs_for(request: DoorRequest) -> QuerySet[Run]:
    """The runs that wait for who is there: not for their own second pair of eyes."""
    states = [state for state, act in TO_STEP.items() if act in request.acts]
    own = Q(checked_by=request.user) | Q(drawn_up_by=request.user)
    waiting = Run.objects.filter(state__in=states).exclude(own, state="checked")
    return waiting.order_by("quarter", "drawn_up_at")


def _waiting(request: DoorRequest) -> dict[str, int]:
    """How much waits in each section; of what is to do, what their role may do."""
    sight = in_sight(request)
    dossiers = sight.values("pk")
    claims = claims_to_verify().filter(dossier__in=dossiers).count()
    register, shifts = register_duties_open(sight), shifts_for(request).count()
    of_kind = {
        REVIEW: lambda: sight.filter(state="submitted").count(),
        CONFIRM: lambda: _confirmable(request, sight),
        ANSWER: lambda: open_to_agency().filter(dossier__in=dossiers).count(),
        CLAIM: lambda: claims,
        REPORT: lambda: end_reports_to_read().filter(dossier__in=dossiers).count(),
        REGISTER: lambda: register,
        SHIFT: lambda: shifts,
    }
    work = sum(of_kind[kind]() for kind in own_kinds(request))
    return {
        "work": work + runs_for(request).count(),
        "claims": claims,
        "contracts": shifts,
        "register": register,
        "runs": Run.objects.filter(state__in=TO_STEP).count(),
    }


def own_kinds(request: DoorRequest) -> list[str]:
    """The kinds of what waits that the role of who is there may do."""
    return [kind for kind, act in DONE_BY.items() if act in request.acts]


def _confirmable(request: DoorRequest, sight: QuerySet[Dossier]) -> int:
    """The dossiers with a finding that who is there can confirm."""
    assessed = overrides_for(request).values("assessment")
    return sight.filter(state="submitted", assessment__in=assessed).count()
