"""A provider states what it delivered of a dossier, by phase, for one quarter (prestatiestaat)."""

from collections.abc import Mapping
from decimal import Decimal
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from apps.claims.models import Statement
from apps.claims.selectors import current_statements, delivered_by
from apps.claims.services import file_statement
from apps.contracts.selectors import committed_and_paid
from apps.design import figures
from apps.dossiers.models import Dossier
from apps.payouts.selectors import Tranche, statement_lines, tranches_of_grant
from apps.portal.forms import StatementForm
from apps.portal.views.dossiers import back_to, dossier_of, quarters_to_state
from apps.portal.views.frame import show
from apps.providers.doors import requires, telling
from apps.providers.middleware import DoorRequest
from cstraject.delivery import NOTHING, PHASES, Delivered, share_delivered, total_of
from cstraject.quarter import Quarter, day_of

Phases = Mapping[str, Delivered]


@requires("file_dossiers")
@require_http_methods(["GET", "HEAD", "POST"])
def statement(request: DoorRequest, provider: str, dossier: UUID) -> HttpResponse:
    """What is typed is worked out first (`look`), without being kept, or filed."""
    case = dossier_of(dossier)
    stated = current_statements(case)
    tranches = tranches_of_grant(case)
    quarters = quarters_to_state(case, stated, tranches, on=day_of(timezone.now()))
    if not quarters and request.method != "POST":
        messages.info(request, gettext("There is no quarter to state of this dossier now."))
        return back_to(case, provider)
    if request.method != "POST":
        asked = [one for one in quarters if str(one) == request.GET.get("quarter")]
        initial = _before(stated, [*asked, *quarters][0])
        form = StatementForm(initial=initial, auto_id="statement_%s")
        return _page(request, case, form, stated, quarters, tranches)
    form = StatementForm(request.POST, auto_id="statement_%s")
    if not form.is_valid():
        return _page(request, case, form, stated, quarters, tranches, status=422)
    phases, look = form.phases(), request.POST.get("deed") == "look"
    with telling(request, form=form) as told, transaction.atomic():
        filed = _file(request, case, form, phases)
        # Whether it would be refused is known by trying it.
        transaction.set_rollback(look)
    if told.refused:
        return _page(request, case, form, stated, quarters, tranches, phases=phases, status=422)
    if look:
        return _page(request, case, form, stated, quarters, tranches, phases=phases, would_do=True)
    messages.success(request, _receipt(case, filed))
    return back_to(case, provider)


def _file(request: DoorRequest, case: Dossier, form: StatementForm, phases: Phases) -> Statement:
    whole = total_of(phases.values())
    return file_statement(
        dossier=case,
        quarter=form.cleaned_data["quarter"],
        person_days=whole.person_days,
        amount=whole.amount,
        phases=phases,
        actor=request.user,
        at=timezone.now(),
        seen=form.cleaned_data["seen"],
    )


def _receipt(case: Dossier, filed: Statement) -> str:
    """What was filed, in one sentence that can be copied."""
    share = share_delivered(
        delivered_by(filed), offered=Delivered(case.person_days, case.price_excl_vat)
    )
    return gettext(
        "The statement of %(reference)s for %(quarter)s is filed, version %(version)s: %(share)s of"
        " the offer was delivered."
    ) % {
        "reference": case.reference,
        "quarter": figures.quarter(filed.quarter),
        "version": filed.version,
        "share": figures.percent(share),
    }


def _before(stated: Mapping[str, Statement], quarter: Quarter) -> dict[str, str]:
    """What was stated last, to go on from: a statement counts since the start."""
    last = [one for name, one in stated.items() if name <= str(quarter)][-1:]
    phases = last[0].phases if last else None
    typed = {"quarter": str(quarter)}
    for phase, part in (phases or {}).items():
        typed[f"{phase}_person_days"] = str(part.person_days).replace(".", ",")
        typed[f"{phase}_amount"] = figures.amount(part.amount)
    return typed


def _page(
    request: DoorRequest,
    case: Dossier,
    form: StatementForm,
    stated: Mapping[str, Statement],
    quarters: list[Quarter],
    tranches: list[Tranche],
    *,
    phases: Phases | None = None,
    would_do: bool = False,
    status: int = 200,
) -> HttpResponse:
    form.offer(quarters, stated)
    committed, paid = committed_and_paid(case.pk)
    context = {
        "dossier": case,
        "form": form,
        "looked": _looked(case, form, stated, phases) if phases is not None else None,
        "would_do": would_do,
        "seen": case.statements.count(),
        "statements": statement_lines(case, stated, tranches),
        "to_correct": [quarter for quarter in quarters if str(quarter) in stated],
        "committed": committed,
        "paid": paid,
        "unpaid": committed - paid,
    }
    return show(
        request,
        "portal/statement.html",
        context,
        below=case.reference,
        address=reverse("portal:statement", args=[request.provider.slug, case.pk]),
        status=status,
    )


def _looked(
    case: Dossier, form: StatementForm, stated: Mapping[str, Statement], phases: Phases
) -> dict[str, object]:
    """By phase and in all: stated for an earlier quarter, in this one, since the start, to go."""
    quarter = form["quarter"].value()
    earlier = [one for name, one in stated.items() if name < quarter][-1:]
    before = earlier[0].phases if earlier else dict.fromkeys(PHASES, NOTHING)
    whole = total_of(phases.values())
    was = Delivered(earlier[0].person_days, earlier[0].amount) if earlier else NOTHING
    offered = Delivered(case.person_days, case.price_excl_vat)
    return {
        "quarter": quarter,
        "corrects": stated.get(quarter),
        "rows": [
            (phase, before and before[phase], before and part - before[phase], part)
            for phase, part in phases.items()
        ],
        "was": was,
        "now": whole - was,
        "whole": whole,
        "offered": offered,
        "left": offered - whole,
        "share": whole.amount / offered.amount if offered.amount else Decimal(0),
    }
