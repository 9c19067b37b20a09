"""A provider tells what a trajectory achieved, once the work is done."""

from decimal import Decimal
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from apps.claims.end_reports import file_end_report
from apps.claims.models import EndReport
from apps.claims.selectors import current_statements, end_report_of
from apps.design import figures
from apps.design.words import words_for
from apps.documents.models import REPORT
from apps.documents.services import receive_document
from apps.dossiers.models import Dossier
from apps.portal.forms import EndReportForm
from apps.portal.views.dossiers import back_to, dossier_of
from apps.portal.views.frame import show
from apps.providers.doors import requires, telling
from apps.providers.middleware import DoorRequest
from cstraject.refusal import Refusal


@requires("file_dossiers")
@require_http_methods(["GET", "HEAD", "POST"])
def end_report(request: DoorRequest, provider: str, dossier: UUID) -> HttpResponse:
    case = dossier_of(dossier)
    last = end_report_of(case)
    stands = case.state != "completed" or (last is not None and last.state != "sent_back")
    if stands and request.method != "POST":
        code = "end-report-stands" if last is not None else "end-report-early"
        messages.info(request, words_for(Refusal(code)))
        return back_to(case, provider)
    if request.method != "POST":
        return _page(request, case, EndReportForm.like(last) if last else _first_form(case))
    form = EndReportForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, case, form, status=422)
    stated = _days_stated(case)
    typed = form.cleaned_data["person_days"]
    if stated not in (None, typed) and request.POST.get("sure") != str(typed):
        return _page(request, case, form.again(), differs=(stated, typed), status=422)
    with telling(request, form=form) as told:
        _file(request, case, form, last)
    if told.refused:
        return _page(request, case, form, status=422)
    messages.success(request, gettext("The end report is filed; VLAIO reads it."))
    return back_to(case, provider)


@transaction.atomic
def _file(request: DoorRequest, case: Dossier, form: EndReportForm, last: EndReport | None) -> None:
    """File it with what was chosen, or else with the document of the version before."""
    typed, at, document = form.cleaned_data, timezone.now(), None
    before = last.document if last else None
    chosen, name = typed["document"], before.name if before else ""
    if chosen:
        name = chosen.name
    if paper := chosen or (before and before.file):
        document = receive_document(
            provider_id=case.provider_id,
            kind=REPORT,
            name=name,
            content=paper.read(),
            actor=request.user,
            at=at,
        )
    file_end_report(
        dossier=case,
        measures=form.measures(),
        person_days=typed["person_days"],
        own_days=typed["own_days"],
        feedback=typed["feedback"],
        document=document,
        actor=request.user,
        at=at,
    )


def _days_stated(case: Dossier) -> Decimal | None:
    """The person-days of the last statement, if there is one."""
    stated = list(current_statements(case).values())
    return stated[-1].person_days if stated else None


def _first_form(case: Dossier) -> EndReportForm:
    """The effort is that of the last statement, unless somebody knows better."""
    stated = _days_stated(case)
    days = "" if stated is None else figures.number(stated)
    return EndReportForm(initial={"person_days": days})


def _page(
    request: DoorRequest,
    case: Dossier,
    form: EndReportForm,
    *,
    differs: tuple[Decimal, Decimal] | None = None,
    status: int = 200,
) -> HttpResponse:
    """The form; `differs` when the person-days (stated, typed) are to be looked at once more."""
    return show(
        request,
        "portal/end_report.html",
        {"dossier": case, "form": form, "last": end_report_of(case), "differs": differs},
        below=case.reference,
        address=reverse("portal:dossier-end-report", args=[request.provider.slug, case.pk]),
        status=status,
    )
