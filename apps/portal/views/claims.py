"""A provider claims a tranche: of one dossier, or of all that qualify in one deed."""

from collections.abc import Collection
from datetime import date
from itertools import chain
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_POST, require_safe

from apps.claims.services import file_claim, file_claims
from apps.contracts.selectors import contracts_with_balances, window_around
from apps.design import figures
from apps.design.words import words_for, words_for_unpaid
from apps.dossiers.listing import NamedFilter
from apps.dossiers.models import Dossier
from apps.payouts.selectors import LeftOut, can_be_claimed, preflight
from apps.portal.forms import ClaimForm
from apps.portal.views.dossiers import back_to, dossier_of, dossier_page
from apps.portal.views.frame import show
from apps.providers.doors import requires, telling
from apps.providers.middleware import DoorRequest
from apps.reporting.exports import Table
from cstraject.money import ZERO
from cstraject.quarter import ClaimWindow, Quarter, day_of
from cstraject.refusal import Refusal

PER_PAGE = 50


@requires("claim_tranches")
@require_POST
def file(request: DoorRequest, provider: str, dossier: UUID) -> HttpResponse:
    case, form = dossier_of(dossier), ClaimForm(request.POST, auto_id="claim_%s")
    if not form.is_valid():
        return dossier_page(request, case, wrong=form)
    with telling(request, gettext("The claim is filed; the agency verifies it.")) as told:
        file_claim(dossier=case, actor=request.user, at=timezone.now(), **form.cleaned_data)
    if told.refused:
        return dossier_page(request, case, wrong=form)
    return back_to(case, provider)


@requires("see_dossiers")
@require_safe
def claims(request: DoorRequest, provider: str) -> HttpResponse:
    return _page(request)


@requires("claim_tranches")
@require_POST
def file_all(request: DoorRequest, provider: str) -> HttpResponse:
    """Everything that was ticked, in one deed: all of it, or nothing and why."""
    window = _window(request)
    if window is None:
        return _page(request)
    ticked = dict.fromkeys(request.POST.getlist("claim"))
    try:
        # The page may have been opened while an earlier quarter could be claimed.
        shown = Quarter.parse(request.POST.get("quarter") or str(window.quarter))
        ClaimWindow(shown, window.days).must_be_open(day_of(timezone.now()))
    except Refusal as refusal:
        return _nothing_filed(request, words_for(refusal), ticked)
    items = {_name(item): item for item in _items(window)}
    for name in ticked:
        item = items.get(name)
        if item is None:
            told = gettext("Something that was ticked is not on this list (any more).")
            return _nothing_filed(request, told, ticked)
        if not can_be_claimed(item, window.quarter):
            told = f"{item.dossier.reference}: {_why_not(item)}"
            return _nothing_filed(request, told, ticked)
    try:
        filed = file_claims(
            asked=[(items[name].dossier.pk, items[name].tranche) for name in ticked],
            quarter=window.quarter,
            actor=request.user,
            at=timezone.now(),
        )
    except Refusal as refusal:
        reference = refusal.facts.get("reference")
        told = words_for(refusal)
        return _nothing_filed(request, f"{reference}: {told}" if reference else told, ticked)
    done = ngettext(
        "%(number)s claim is filed; the agency verifies it.",
        "%(number)s claims are filed; the agency verifies them.",
        len(filed),
    )
    messages.success(request, done % {"number": len(filed)})
    return redirect("portal:claims", provider=provider)


def _nothing_filed(request: DoorRequest, told: str, ticked: Collection[str]) -> HttpResponse:
    messages.error(request, gettext("%(why)s Nothing was filed.") % {"why": told})
    return _page(request, ticked=ticked, status=422)


def _window(request: DoorRequest) -> ClaimWindow | None:
    contracts = list(contracts_with_balances())
    return window_around(day_of(timezone.now()), contracts[-1]) if contracts else None


def _items(window: ClaimWindow) -> list[LeftOut]:
    return preflight(window.quarter).left_out


def _found(items: list[LeftOut], filters: NamedFilter) -> list[LeftOut]:
    """Of what is open, that of the dossiers that are searched for."""
    if not filters.searched:
        return items
    dossiers = Dossier.objects.filter(pk__in={item.dossier.pk for item in items})
    found = set(filters.found(dossiers).values_list("pk", flat=True))
    return [item for item in items if item.dossier.pk in found]


def _name(item: LeftOut) -> str:
    return f"{item.dossier.pk}:{item.tranche}"


def _why_not(item: LeftOut) -> str:
    if item.why == "not-claimed":
        return gettext("There is no statement of this quarter yet.")
    return words_for_unpaid(item.why, item.facts)


def _page(
    request: DoorRequest, *, ticked: Collection[str] | None = None, status: int = 200
) -> HttpResponse:
    """What can be claimed now and for how much, and why the rest cannot."""
    window, today = _window(request), day_of(timezone.now())
    now: list[LeftOut] = []
    rest: list[LeftOut] = []
    filters = NamedFilter(request.GET)
    everything = _items(window) if window else []
    for item in _found(everything, filters):
        (now if window and can_be_claimed(item, window.quarter) else rest).append(item)
    page = Paginator(rest, PER_PAGE).get_page(request.GET.get("page"))
    query, address = filters.search_query(), reverse("portal:claims", args=[request.provider.slug])
    context = {
        "filters": filters,
        "is_filtered": bool(filters.searched),
        "any_open": bool(everything),
        "query": f"{query}&" if query else "",
        "window": window,
        "window_open": window is not None and window.opens_on <= today,
        "days_left": (window.shuts_on - today).days if window else 0,
        "now": [(item, _name(item), ticked is None or _name(item) in ticked) for item in now],
        "total": sum((item.amount for item in now), ZERO),
        "page": page,
        "rest": [(item, _why_not(item)) for item in page],
    }
    return show(
        request,
        "portal/claims.html",
        context,
        section="claims",
        address=address,
        status=status,
        tables={"claims": _table(now, rest, _when(window, today))},
    )


def _when(window: ClaimWindow | None, today: date) -> str:
    """When what qualifies can be claimed: now, or in the window to come."""
    if window is None or window.opens_on <= today:
        return gettext("Can be claimed")
    return gettext("Can be claimed from %(opens_on)s to %(last_day)s") % {
        "opens_on": figures.day(window.opens_on),
        "last_day": figures.day(window.last_day),
    }


def _table(now: list[LeftOut], rest: list[LeftOut], when: str) -> Table:
    """Every open tranche as the page tells it: when to claim it, or why not yet."""
    return Table(
        gettext("Tranches"),
        chain(
            ((item, when) for item in now),
            ((item, _why_not(item)) for item in rest),
        ),
        {
            gettext("Dossier"): lambda row: row[0].dossier.reference,
            gettext("Enterprise"): lambda row: row[0].dossier.enterprise_name,
            gettext("Tranche"): lambda row: row[0].tranche,
            gettext("Amount including VAT"): lambda row: row[0].amount or None,
            gettext("Explanation"): lambda row: row[1],
        },
    )
