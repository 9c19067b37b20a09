"""What waits for somebody at the agency, who handles it, and what is written about a dossier."""

from collections import Counter
from datetime import date
from typing import Any
from uuid import UUID

from django import forms
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from apps.backoffice.forms import ColleagueForm, ReportBackForm
from apps.backoffice.views.dossiers import colleagues_for, dossier_of, dossier_page
from apps.backoffice.views.frame import (
    back_from,
    in_sight,
    overrides_for,
    own_kinds,
    runs_for,
    shifts_for,
    show,
)
from apps.claims import end_reports
from apps.claims.models import EndReport
from apps.claims.selectors import end_report_of
from apps.contracts.models import Shift
from apps.design.figures import euro
from apps.documents.attachments import attachment
from apps.dossiers.listing import NamedFilter
from apps.dossiers.models import Dossier
from apps.handling import services
from apps.handling.forms import AskForm
from apps.handling.messages import mark_handled, send
from apps.handling.models import Message
from apps.handling.selectors import (
    ANSWER,
    CLAIM,
    CONFIRM,
    KINDS,
    REGISTER,
    REPORT,
    REVIEW,
    SHIFT,
    Waiting,
    waiting_at_agency,
)
from apps.programme.models import Edition
from apps.providers.doors import requires, telling
from apps.providers.middleware import DoorRequest
from apps.reporting.exports import Table
from cstraject.quarter import day_of

PER_PAGE = 50
MINE, NOBODYS = ("mine", "nobodys")
ALL = "all"
KIND_WORDS = {
    REVIEW: _("Review the dossier"),
    CONFIRM: _("Confirm a finding against the rules"),
    ANSWER: _("Read what the provider wrote"),
    CLAIM: _("Verify the claim"),
    REPORT: _("Read the end report"),
    REGISTER: _("Enter in the register"),
    SHIFT: _("Decide the shift of budget"),
}


KIND_NOUNS = {
    REVIEW: _("Reviews"),
    CONFIRM: _("Findings to confirm"),
    ANSWER: _("Messages"),
    CLAIM: _("Claims of tranches"),
    REPORT: _("End reports"),
    REGISTER: _("Register"),
    SHIFT: _("Shifts of budget"),
}


# Where on the page of a dossier it is done.
PLACES = {ANSWER: "#messages", CLAIM: "#claims-caption", REPORT: "#end-report"}


class WorkFilter(NamedFilter):
    """What waits: as long as nothing is chosen, what one's own role may do."""

    kind = forms.ChoiceField(
        label=_("What"),
        choices=[("", _("What my role does")), (ALL, _("All")), *KIND_WORDS.items()],
        required=False,
    )
    whose = forms.ChoiceField(
        label=_("Whose"),
        choices=[("", _("Everybody's")), (MINE, _("Mine")), (NOBODYS, _("Nobody's yet"))],
        required=False,
    )
    edition = forms.ModelChoiceField(
        label=_("Edition"), queryset=Edition.objects.none(), required=False, empty_label=_("All")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        edition = self.fields["edition"]
        assert isinstance(edition, forms.ModelChoiceField)
        edition.queryset = Edition.objects.order_by("-valid_from", "name")


@requires("see_portfolio")
@require_safe
def work(request: DoorRequest) -> HttpResponse:
    today = day_of(timezone.now())
    everything, found, filters = _waiting(request, today)
    chosen = filters.cleaned_data.get("kind") if filters.is_valid() else ""
    own = own_kinds(request)
    asked = KINDS if chosen == ALL else [chosen] if chosen else own
    listed = [item for item in found if item.kind in asked]
    page = Paginator(listed, PER_PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    all_of_it = query.copy()
    all_of_it["kind"] = ALL
    kinds = {item.kind for item in listed}
    context = {
        "filters": filters,
        "is_filtered": len(listed) < len(everything),
        "own": own,
        "others": 0 if chosen else len(found) - len(listed),
        "all_of_it": all_of_it.urlencode(),
        "only_read": [KIND_NOUNS[kind] for kind in KINDS if kind in kinds and kind not in own],
        "page": page,
        "rows": [
            (
                item,
                KIND_WORDS[item.kind],
                PLACES.get(item.kind, ""),
                (today - item.since).days,
                left,
                -(left or 0),
            )
            for item in page
            for left in [item.days_left(today)]
        ],
        "query": f"{query.urlencode()}&" if query else "",
        "load": (load := _load(everything, today)),
        "kinds": [KIND_NOUNS[kind] for kind in KINDS],
        "here": request.get_full_path(),
        "runs": runs_for(request),
    }
    tables = {"work": _table(listed), "load": _load_table(load)}
    return show(request, "backoffice/work.html", context, section="work", tables=tables)


def _table(listed: list[Waiting]) -> Table:
    return Table(
        gettext("To do"),
        ((item, _named(item.about)) for item in listed),
        {
            gettext("Dossier"): lambda row: row[1][0],
            gettext("What"): lambda row: KIND_WORDS[row[0].kind],
            gettext("Enterprise"): lambda row: row[1][1],
            gettext("Provider"): lambda row: row[1][2],
            gettext("Waits since"): lambda row: row[0].since,
            gettext("Due"): lambda row: None if row[0].asked else row[0].due_on,
            gettext("Handled by"): lambda row: row[0].officer and row[0].officer.name,
            gettext("Clock stands still: asked on"): lambda row: (
                row[0].asked and row[0].asked.written_on
            ),
            gettext("Answer by"): lambda row: row[0].asked and row[0].asked.answer_by,
        },
    )


def _load_table(load: list[tuple[str, list[tuple[str, int]], int]]) -> Table:
    return Table(
        gettext("Who has how much"),
        load,
        {gettext("Handled by"): lambda row: row[0] or gettext("Nobody yet")}
        | {
            str(KIND_NOUNS[kind]): lambda row, nth=nth: row[1][nth][1]
            for nth, kind in enumerate(KINDS)
        }
        | {gettext("Late"): lambda row: row[2]},
    )


def _named(about: Dossier | Shift) -> tuple[str, str, str]:
    """Its reference, enterprise and provider; of a shift its amount and both providers."""
    if isinstance(about, Shift):
        shift = gettext("Shift of %(amount)s") % {"amount": euro(about.amount)}
        return shift, "", f"{about.source.provider.name} → {about.target.provider.name}"
    return about.reference, about.enterprise_name, about.provider.name


def _waiting(request: DoorRequest, today: date) -> tuple[list[Waiting], list[Waiting], WorkFilter]:
    """All that waits, what of it was asked for whatever its kind, and how."""
    everything = waiting_at_agency(
        in_sight(request),
        on=today,
        shifts=shifts_for(request),
        overrides=overrides_for(request),
    )
    filters = WorkFilter(request.GET)
    asked = filters.cleaned_data if filters.is_valid() else {}
    whose, edition = asked.get("whose"), asked.get("edition")
    about = {item.about.pk for item in everything}
    if filters.searched:
        # A shift is about no dossier: no search for one finds it.
        about = set(
            filters.found(in_sight(request).filter(pk__in=about)).values_list("pk", flat=True)
        )
    found = [
        item
        for item in everything
        if item.about.pk in about
        and (whose != MINE or item.officer == request.user)
        and (whose != NOBODYS or item.officer is None)
        and (edition is None or edition.pk in item.editions)
    ]
    return everything, found, filters


def _load(everything: list[Waiting], today: date) -> list[tuple[str, list[tuple[str, int]], int]]:
    """Who has how much of each kind, and how much of it is late; nobody's last."""
    counted = Counter((item.officer.name if item.officer else "", item.kind) for item in everything)
    late = Counter(
        item.officer.name if item.officer else ""
        for item in everything
        if item.due_on is not None and item.due_on < today and item.asked is None
    )
    names = sorted({name for name, _kind in counted}, key=lambda name: (name == "", name))
    return [
        (name, [(str(KIND_NOUNS[kind]), counted[name, kind]) for kind in KINDS], late[name])
        for name in names
    ]


@requires("handle_dossiers")
@require_POST
def take(request: DoorRequest, dossier: UUID) -> HttpResponse:
    case = dossier_of(request, dossier)
    with telling(request, gettext("You handle dossier %(reference)s now.") % {"reference": case}):
        services.give_to(
            dossier=case,
            officer=request.user,
            actor=request.user,
            at=timezone.now(),
            seen=request.POST.get("seen"),
        )
    return back_from(request, case.pk)


@requires("handle_dossiers")
@require_POST
def hand_over(request: DoorRequest, dossier: UUID) -> HttpResponse:
    case, form = dossier_of(request, dossier), ColleagueForm(request.POST, auto_id="hand_%s")
    form.offer(colleagues_for(case))
    if not form.is_valid():
        return dossier_page(request, case, wrong=form)
    officer = form.cleaned_data["officer"]
    done = gettext("%(name)s handles the dossier now.") % {"name": officer.name}
    with telling(request, done, form=form) as told:
        services.give_to(
            dossier=case,
            officer=officer,
            actor=request.user,
            at=timezone.now(),
            seen=request.POST.get("seen"),
        )
    if told.refused:
        return dossier_page(request, case, wrong=form)
    return back_from(request, case.pk)


@requires("handle_dossiers")
@require_POST
def write(request: DoorRequest, dossier: UUID) -> HttpResponse:
    case, form = dossier_of(request, dossier), AskForm(request.POST, request.FILES)
    if not form.is_valid():
        return dossier_page(request, case, wrong=form)
    with telling(request, form=form) as told:
        sent = send(
            form,
            dossier=case,
            by_agency=True,
            actor=request.user,
            at=timezone.now(),
            seen=request.POST.get("seen"),
        )
    if told.refused or sent is None:
        return dossier_page(request, case, wrong=form)
    done = (
        gettext("The question is sent. The clock stands still until the answer.")
        if sent.asks
        else gettext("Your message is sent.")
    )
    with telling(request, done):
        return redirect("backoffice:dossier", dossier=dossier)


@requires("handle_dossiers")
@require_POST
def read(request: DoorRequest, dossier: UUID) -> HttpResponse:
    case = dossier_of(request, dossier)
    mark_handled(request, case, by_agency=True)
    return redirect("backoffice:dossier", dossier=dossier)


@requires("handle_dossiers")
@require_POST
def take_back(request: DoorRequest, dossier: UUID) -> HttpResponse:
    case = dossier_of(request, dossier)
    with telling(request, gettext("The question is taken back; the clock goes on.")):
        services.take_back_question(dossier=case, actor=request.user, at=timezone.now())
    return redirect("backoffice:dossier", dossier=dossier)


@requires("handle_dossiers")
@require_POST
def accept_report(request: DoorRequest, dossier: UUID) -> HttpResponse:
    report = _report_of(request, dossier)
    with telling(request, gettext("The end report is accepted.")):
        end_reports.accept_end_report(report=report, actor=request.user, at=timezone.now())
    return redirect("backoffice:dossier", dossier=dossier)


@requires("handle_dossiers")
@require_POST
def send_back_report(request: DoorRequest, dossier: UUID) -> HttpResponse:
    report, form = _report_of(request, dossier), ReportBackForm(request.POST, auto_id="report_%s")
    case = dossier_of(request, dossier)
    if not form.is_valid():
        return dossier_page(request, case, wrong=form)
    with telling(request, gettext("The end report is sent back."), form=form) as told:
        end_reports.send_back_end_report(
            report=report, actor=request.user, at=timezone.now(), **form.cleaned_data
        )
    if told.refused:
        return dossier_page(request, case, wrong=form)
    return redirect("backoffice:dossier", dossier=dossier)


def _report_of(request: DoorRequest, dossier: UUID) -> EndReport:
    report = end_report_of(dossier_of(request, dossier))
    if report is None:
        raise Http404
    return report


@requires("open_dossiers")
@require_safe
def document(request: DoorRequest, dossier: UUID, message: UUID) -> HttpResponse:
    case = dossier_of(request, dossier)
    found = get_object_or_404(Message, pk=message, dossier=case)
    return attachment(found.document, of=case.reference)
