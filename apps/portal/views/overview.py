"""The first page of a provider: its budget, what to do now, its dossiers."""

from datetime import date, timedelta
from typing import TypeVar
from uuid import UUID, uuid4

from django.core.paginator import Paginator
from django.db.models import Count, F, Model, QuerySet, Window
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_safe

from apps.claims.selectors import (
    claims_sent_back,
    current_statements_of,
    dossiers_without_statement,
    end_reports_to_come,
)
from apps.contracts.models import Contract
from apps.contracts.selectors import contracts_with_balances, forecasts, window_around
from apps.design import figures
from apps.dossiers.listing import DossierFilter, Listing
from apps.dossiers.models import Dossier, Draft
from apps.dossiers.selectors import changed_by_agency, drafts_in_hand, to_start
from apps.handling.selectors import open_to_providers
from apps.payouts.selectors import tranches_to_claim
from apps.portal.views.drafts import waiting
from apps.portal.views.frame import show
from apps.providers.doors import requires
from apps.providers.middleware import DoorRequest
from apps.reporting.background import exports_of
from apps.reporting.export_pages import dossiers_export as dossiers_export_of
from apps.reporting.export_pages import export_of, file_of_export, told_of, waited_for
from apps.reporting.exports import FORMS, Table
from cstraject.quarter import ClaimWindow, Quarter, day_of

DOSSIERS_PER_PAGE = 50
DRAFTS_MAX = 50
# Of each kind; how much more there is stands below.
WAITS_MAX = 10
# Of what comes each quarter for most dossiers: the rest must stay in sight.
ROUTINE_MAX = 3
# How long the list tells that the agency refused, amended or stopped a dossier; its page tells it
# for good.
CHANGES_TOLD_DAYS = 30
M = TypeVar("M", bound=Model)


@requires("see_dossiers")
@require_safe
def overview(request: DoorRequest, provider: str) -> HttpResponse:
    return overview_page(request)


def overview_page(request: DoorRequest, *, refused: bool = False) -> HttpResponse:
    """The first page; `refused` when no draft could be begun, which is told on top."""
    provider = request.provider.slug
    today = day_of(timezone.now())
    contracts = list(contracts_with_balances())
    window = window_around(today, contracts[-1]) if contracts else None
    listed = Listing(Dossier.objects.all(), DossierFilter(request.GET))
    page = Paginator(listed.dossiers, DOSSIERS_PER_PAGE).get_page(request.GET.get("page"))
    query = listed.query()
    open_now = window is not None and window.opens_on <= today
    to_claim, to_state = tranches_to_claim(window.quarter) if window and open_now else ({}, {})
    last_statements = current_statements_of([dossier.pk for dossier in page])
    ahead = forecasts(contracts, on=today)
    waits, more = _waits(provider, to_claim, to_state, window, today)
    # A draft has no status: who chooses one looks for dossiers alone.
    in_hand = Draft.objects.none() if "state" in listed.chosen else drafts_in_hand()
    drafts = listed.filters.found_drafts(in_hand)
    running = [c for c in contracts if c.valid_from <= today <= c.valid_until]
    # Once none runs the last one still reads what was typed.
    read_by = (running or contracts)[-1:]
    first = list(waiting(request, drafts[:DRAFTS_MAX], read_by, on=today))
    in_all = drafts.count() if len(first) == DRAFTS_MAX else len(first)
    context = {
        "contracts": [
            (
                contract,
                contract.committed / contract.budget if contract.budget else 0,
                ahead.get(contract.pk),
                contract.valid_until < today,
            )
            # What runs stands first, what ended last.
            for contract in reversed(contracts)
        ],
        "window": window,
        "window_open": open_now,
        "window_days_left": (window.shuts_on - today).days if window else 0,
        "waits": waits,
        "waits_more": more,
        "unstated": dossiers_without_statement(window.quarter).count() if window else 0,
        "drafts": first,
        "drafts_in_hand": in_all,
        "drafts_more": in_all - len(first),
        "page_token": uuid4(),
        "refused": refused,
        "can_begin": "file_dossiers" in request.acts and bool(running),
        "filters": listed.filters,
        "is_filtered": listed.is_filtered,
        "columns": listed.columns(),
        "query": f"{query}&" if query else "",
        "exports": [
            (form, f"{reverse('portal:dossiers-file', args=[provider, form])}?{query}")
            for form in FORMS
        ],
        "files": [
            (one, reverse("portal:export", args=[provider, one.pk]))
            for one in exports_of(request.user, at=timezone.now())
        ],
        "page": page,
        "rows": [
            (dossier, last_statements.get(dossier.pk), to_claim.get(dossier.pk)) for dossier in page
        ],
    }
    return show(
        request,
        "portal/overview.html",
        context,
        address=reverse("portal:overview", args=[provider]) if refused else "",
        status=422 if refused else 200,
        tables={"drafts": _drafts_table(request, drafts, read_by, today)},
    )


def _drafts_table(
    request: DoorRequest, drafts: QuerySet[Draft], read_by: list[Contract], today: date
) -> Table:
    complete = gettext("%(complete)s of %(of)s complete")
    return Table(
        gettext("In preparation"),
        waiting(request, drafts.iterator(), read_by, on=today),
        {
            gettext("Enterprise"): lambda row: (
                row["draft"].enterprise_name or gettext("Without a name yet")
            ),
            gettext("Enterprise number"): lambda row: row["number"],
            gettext("Changed"): lambda row: ", ".join(filter(None, (row["changed"], row["by"]))),
            gettext("Steps"): lambda row: complete % row,
        },
    )


@requires("see_dossiers")
@require_safe
def dossiers_export(request: DoorRequest, provider: str, form: str) -> HttpResponse:
    """What the page lists, all of it, in the same order; a long list in the background."""
    return dossiers_export_of(
        Listing(Dossier.objects.all(), DossierFilter(request.GET)),
        form,
        provider=request.provider,
        sees_all=True,
        user=request.user,
        page="portal:export",
        keys=[provider],
    )


@requires("see_dossiers")
@require_safe
def export(request: DoorRequest, provider: str, export: UUID) -> HttpResponse:
    asked = export_of(export, exports_of(request.user, at=timezone.now()))
    file = reverse("portal:export-file", args=[provider, asked.pk])
    page = show(
        request, "reporting/export.html", told_of(asked, file=file), below=gettext("List as a file")
    )
    return waited_for(page, asked)


@requires("see_dossiers")
@require_safe
def export_file(request: DoorRequest, provider: str, export: UUID) -> HttpResponse:
    return file_of_export(export_of(export, exports_of(request.user, at=timezone.now())))


def _waits(
    provider: str,
    to_claim: dict[UUID, int],
    to_state: dict[UUID, int],
    window: ClaimWindow | None,
    today: date,
) -> tuple[list[tuple[str, Dossier, date | None]], list[tuple[str, str]]]:
    """What waits for somebody here: what it is, the dossier, the last day if there is one.

    What must be done first stands on top. And how much of each kind there is no room for, with
    where it is read in whole.
    """
    messages = open_to_providers().order_by(F("answer_by").asc(nulls_last=True), "written_at", "id")
    listed, messages_more = _first_of(messages)
    sent_back, sent_back_more = _first_of(claims_sent_back())
    claimable, claimable_more = _first_of(
        Dossier.objects.filter(pk__in=list(to_claim)).order_by("reference")
    )
    statable, statable_more = _first_of(
        Dossier.objects.filter(pk__in=list(to_state)).order_by("reference")
    )
    to_report, to_report_more = _first_of(end_reports_to_come())
    since = today - timedelta(days=CHANGES_TOLD_DAYS)
    changed, changed_more = _first_of(changed_by_agency(since=since))
    startable, startable_more = _first_of(to_start())
    quarter = Quarter.containing(today).previous
    unstated, unstated_more = _first_of(
        dossiers_without_statement(quarter).exclude(pk__in=list(to_state)).order_by("reference"),
        ROUTINE_MAX,
    )
    waits: list[tuple[str, Dossier, date | None]] = [
        (
            gettext("VLAIO asks for information") if message.asks else gettext("Message of VLAIO"),
            message.dossier,
            message.answer_by,
        )
        for message in listed
    ]
    waits += [(gettext("The claim was sent back"), claim.dossier, None) for claim in sent_back]
    waits += [
        (
            gettext("Tranche %(tranche)s can be claimed") % {"tranche": to_claim[dossier.pk]},
            dossier,
            window.last_day if window else None,
        )
        for dossier in claimable
    ]
    waits += [
        (
            gettext("File the statement; then tranche %(tranche)s can be claimed")
            % {"tranche": to_state[dossier.pk]},
            dossier,
            window.last_day if window else None,
        )
        for dossier in statable
    ]
    waits += [
        (
            gettext("The end report is still to come")
            if dossier.end_report_on is None
            else gettext("VLAIO sent the end report back: mend it"),
            dossier,
            None,
        )
        for dossier in to_report
    ]
    waits += [
        (
            gettext("VLAIO approved it on %(day)s: the work can start")
            % {"day": figures.day(dossier.decided_on)},
            dossier,
            None,
        )
        for dossier in startable
    ]
    to_come = gettext("The statement for %(quarter)s is still to come")
    waits += [
        (to_come % {"quarter": figures.quarter(quarter)}, dossier, None) for dossier in unstated
    ]
    waits += [(_changed(dossier), dossier, None) for dossier in changed]
    # In one kind the order stays as it was.
    waits.sort(key=lambda row: (row[2] is None, row[2] or date.max))
    to_claim_more = claimable_more + statable_more
    more = _no_room(
        provider,
        messages=messages_more,
        sent_back=sent_back_more,
        to_claim=to_claim_more,
        to_report=to_report_more,
        to_start=startable_more,
        to_state=unstated_more,
        changed=changed_more,
    )
    return waits, more


def _changed(dossier: Dossier) -> str:
    if dossier.state == "refused":
        refused = gettext("VLAIO refused the dossier on %(day)s: read why")
        return refused % {"day": figures.day(dossier.decided_on)}
    if dossier.state == "stopped":
        stopped = gettext("VLAIO stopped the dossier on %(day)s: read why")
        return stopped % {"day": figures.day(dossier.ended_on)}
    amended = gettext("VLAIO amended the offer on %(day)s: read what changes")
    return amended % {"day": figures.day(vars(dossier)["amended_on"])}


def _first_of(found: QuerySet[M], most: int = 0) -> tuple[list[M], int]:
    """As many as there is room for, and how many more there are, in one question."""
    listed = list(found.annotate(of_all=Window(Count("pk")))[: most or WAITS_MAX])
    return listed, vars(listed[0])["of_all"] - len(listed) if listed else 0


def _no_room(
    provider: str,
    *,
    messages: int,
    sent_back: int,
    to_claim: int,
    to_report: int,
    to_start: int,
    to_state: int,
    changed: int,
) -> list[tuple[str, str]]:
    """What more waits of each kind, and where all of it is read, if there is such a page."""
    claims = reverse("portal:claims", args=[provider])
    overview = reverse("portal:overview", args=[provider])
    told = [
        (
            messages,
            ngettext("And %(number)s more message", "And %(number)s more messages", messages),
            "",
        ),
        (
            sent_back,
            ngettext(
                "And %(number)s more claim that was sent back",
                "And %(number)s more claims that were sent back",
                sent_back,
            ),
            claims,
        ),
        (
            to_claim,
            ngettext(
                "And %(number)s more dossier with a tranche that can be claimed",
                "And %(number)s more dossiers with a tranche that can be claimed",
                to_claim,
            ),
            claims,
        ),
        (
            to_report,
            ngettext(
                "And %(number)s more end report that is still to come",
                "And %(number)s more end reports that are still to come",
                to_report,
            ),
            f"{overview}?state=completed",
        ),
        (
            to_start,
            ngettext(
                "And %(number)s more approved dossier that can start",
                "And %(number)s more approved dossiers that can start",
                to_start,
            ),
            f"{overview}?state=approved",
        ),
        (
            to_state,
            ngettext(
                "And %(number)s more dossier with a statement still to come",
                "And %(number)s more dossiers with a statement still to come",
                to_state,
            ),
            f"{overview}?state=in_delivery",
        ),
        (
            changed,
            ngettext(
                "And %(number)s more dossier that VLAIO refused, amended or stopped",
                "And %(number)s more dossiers that VLAIO refused, amended or stopped",
                changed,
            ),
            "",
        ),
    ]
    return [(words % {"number": number}, where) for number, words, where in told if number > 0]
