"""The quarterly runs: drawn up, checked, approved by another, filed, sent, settled."""

from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Min
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from apps.backoffice.forms import AbandonForm, DrawUpForm, RunFilter, SettleForm
from apps.backoffice.views.frame import figures_changed, show
from apps.design import figures
from apps.design.words import words_for_state, words_for_unpaid
from apps.dossiers.selectors import references_closed_to
from apps.payouts import services
from apps.payouts.models import Payment, PaymentFile, PaymentLine, Run
from apps.payouts.selectors import (
    LeftOut,
    Preflight,
    differences,
    due_quarter,
    lines_of,
    payments_of,
    preflight,
    run_before,
    runs_newest_first,
)
from apps.programme.models import Edition
from apps.providers.doors import requires, telling
from apps.providers.middleware import DoorRequest
from apps.reporting.exports import Table
from cstraject.identifiers import communication_as_written
from cstraject.lifecycle import PAYMENT, RUN
from cstraject.money import ZERO
from cstraject.quarter import Quarter, day_of

PER_PAGE = 100
# Why a tranche is left out although somebody could still do something about it.
WAITING = {"claim-not-verified": 0, "not-claimed": 1}


@requires("see_portfolio")
@require_safe
def runs(request: DoorRequest) -> HttpResponse:
    return _runs_page(request)


@requires("check_runs")
@require_POST
def draw_up(request: DoorRequest) -> HttpResponse:
    form = DrawUpForm(request.POST)
    if not form.is_valid():
        return _runs_page(request, wrong=form)
    if request.POST.get("deed") == "look":
        return _runs_page(request, asked=form)
    quarter, seen = form.cleaned_data["quarter"], request.POST.get("seen")
    if seen is not None and seen != _seen(quarter, preflight(quarter)):
        messages.warning(request, figures_changed())
        return _runs_page(request, asked=form)
    with telling(request, gettext("The run is drawn up. Check it, then a colleague approves it.")):
        run = services.draw_up_run(quarter=quarter, actor=request.user, at=timezone.now())
        return redirect("backoffice:run", run=run.pk)
    return _runs_page(request, wrong=form)


def _runs_page(
    request: DoorRequest, *, wrong: DrawUpForm | None = None, asked: DrawUpForm | None = None
) -> HttpResponse:
    """All runs; `asked` for what one would pay, nothing of which is kept."""
    every = list(runs_newest_first())
    filters = RunFilter(request.GET, runs=every)
    listed = filters.found()
    quarters = _quarters_without_run(every) if "check_runs" in request.acts else []
    draw_up_form = wrong or asked or DrawUpForm()
    draw_up_form.offer(quarters)
    context = {
        "filters": filters,
        "is_filtered": len(listed) < len(every),
        "runs": listed,
        "quarters": quarters,
        "draw_up_form": draw_up_form,
        "looked": _looked(request, asked.cleaned_data["quarter"]) if asked else None,
        "form": wrong,
    }
    return show(
        request,
        "backoffice/runs.html",
        context,
        section="runs",
        address=reverse("backoffice:runs"),
        status=422 if wrong else 200,
        tables={"runs": _table(listed)},
    )


def _table(runs: list[Run]) -> Table:
    return Table(
        gettext("Quarterly runs"),
        runs,
        {
            gettext("Quarter"): lambda run: figures.quarter(run.quarter),
            gettext("Status"): lambda run: words_for_state(run.state, "run"),
            gettext("Tranches"): lambda run: run.lines_count,
            gettext("Total including VAT"): lambda run: run.total,
            gettext("Drawn up"): lambda run: run.drawn_up_at,
        },
    )


def _seen(quarter: Quarter, now: Preflight) -> str:
    """What somebody looked at before a run is drawn up."""
    return f"{quarter} {len(now.claims)} {now.total}"


def _looked(request: DoorRequest, quarter: Quarter) -> dict[str, object]:
    """What a run of a quarter would pay now, by provider; and what not, by its reason."""
    now = preflight(quarter)
    paid: dict[str, tuple[int, Decimal]] = {}
    for claim in now.claims:
        nth, amount = paid.get(claim.provider.name, (0, ZERO))
        paid[claim.provider.name] = (nth + 1, amount + claim.amount)
    why = Counter(
        # How much was delivered differs by dossier: that is one reason all the same.
        words_for_unpaid(item.why, {} if item.why == "not-delivered" else item.facts)
        for item in now.left_out
    )
    return {
        "quarter": quarter,
        "seen": _seen(quarter, now),
        "count": len(now.claims),
        "total": now.total,
        "paid": sorted(paid.items()),
        "why": why.most_common(),
    }


def _quarters_without_run(every: list[Run]) -> list[Quarter]:
    """The quarters whose day has come and that have no run, the last first."""
    quarter = due_quarter(on=day_of(timezone.now()))
    first = Edition.objects.aggregate(begins=Min("valid_from"))["begins"]
    if quarter is None or first is None:
        return []
    taken = {run.quarter for run in every if run.state != "abandoned"}
    quarters = []
    while quarter.ends > first:
        if str(quarter) not in taken:
            quarters.append(quarter)
        quarter = quarter.previous
    return quarters


def run_of(pk: UUID) -> Run:
    """A run with who took its steps."""
    runs = Run.objects.select_related(
        "drawn_up_by", "checked_by", "approved_by", "sent_by", "abandoned_by"
    )
    return get_object_or_404(runs, pk=pk)


@requires("see_portfolio")
@require_safe
def run(request: DoorRequest, run: UUID) -> HttpResponse:
    return _run_page(request, run_of(run))


@requires("check_runs")
@require_POST
def check(request: DoorRequest, run: UUID) -> HttpResponse:
    drawn_up = run_of(run)
    with telling(request, gettext("You checked this run. A colleague can now approve it.")):
        services.check_run(run=drawn_up, actor=request.user, at=timezone.now())
    return redirect("backoffice:run", run=run)


@requires("approve_runs")
@require_POST
def approve(request: DoorRequest, run: UUID) -> HttpResponse:
    checked = run_of(run)
    with telling(request, gettext("The run is approved. Its payment file is being written.")):
        services.approve_run(run=checked, actor=request.user, at=timezone.now())
    return redirect("backoffice:run", run=run)


@requires("check_runs")
@require_POST
def abandon(request: DoorRequest, run: UUID) -> HttpResponse:
    given_up, form = run_of(run), AbandonForm(request.POST, auto_id="abandon_%s")
    if not form.is_valid():
        return _run_page(request, given_up, wrong=form)
    with telling(
        request, gettext("The run is abandoned. Its claims wait for another run.")
    ) as told:
        services.abandon_run(
            run=given_up, reason=form.cleaned_data["reason"], actor=request.user, at=timezone.now()
        )
    if told.refused:
        return _run_page(request, given_up, wrong=form)
    return redirect("backoffice:run", run=run)


@requires("settle_runs")
@require_POST
def sent(request: DoorRequest, run: UUID) -> HttpResponse:
    filed = run_of(run)
    with telling(request, gettext("It is on record that the file went to the bank.")):
        services.mark_sent(run=filed, actor=request.user, at=timezone.now())
    return redirect("backoffice:run", run=run)


@requires("settle_runs")
@require_POST
def settle(request: DoorRequest, payment: UUID) -> HttpResponse:
    paid = get_object_or_404(Payment, pk=payment)
    outcome = request.POST.get("outcome", "")
    form = SettleForm(request.POST, state=paid.state, auto_id=f"payment-{payment}_%s")
    if paid.state != "planned" and not PAYMENT.allows(paid.state, outcome) and outcome:
        messages.error(request, gettext("This payment has been settled already."))
        return _run_page(request, run_of(paid.run_id), wrong=form, wrong_payment=payment)
    if not form.is_valid():
        return _run_page(request, run_of(paid.run_id), wrong=form, wrong_payment=payment)
    with telling(request, gettext("What the bank said is on record.")) as told:
        services.settle_payment(
            payment=paid, actor=request.user, at=timezone.now(), **form.cleaned_data
        )
    if told.refused:
        return _run_page(request, run_of(paid.run_id), wrong=form, wrong_payment=payment)
    return redirect("backoffice:run", run=paid.run_id)


@requires("see_portfolio")
@require_safe
def file(request: DoorRequest, run: UUID) -> HttpResponse:
    """The payment file, byte for byte as it was written."""
    written = PaymentFile.objects.filter(run_id=run).first()
    if written is None:
        raise Http404
    return HttpResponse(
        bytes(written.content),
        content_type="application/xml",
        headers={"Content-Disposition": f'attachment; filename="{written.name}"'},
    )


def _run_page(
    request: DoorRequest,
    run: Run,
    *,
    wrong: forms.Form | None = None,
    wrong_payment: UUID | None = None,
) -> HttpResponse:
    """The page of a run; `wrong` is the form that could not be read, as it was typed."""
    acts, today = request.acts, day_of(timezone.now())
    payments = list(payments_of(run))
    settle_forms = []
    if "settle_runs" in acts and run.state in ("sent", "settled"):
        settle_forms = [
            (
                payment,
                wrong
                if payment.pk == wrong_payment
                else SettleForm(
                    state=payment.state,
                    initial={"on": today},
                    auto_id=f"payment-{payment.pk}_%s",
                ),
                payment.pk == wrong_payment,
            )
            for payment in sorted(payments, key=lambda payment: payment.state != "planned")
            if {"pay", "return"} & set(PAYMENT.events(payment.state))
        ]
    abandon_form = None
    if "check_runs" in acts and RUN.allows(run.state, "abandon"):
        abandon_form = (
            wrong if isinstance(wrong, AbandonForm) else AbandonForm(auto_id="abandon_%s")
        )
    shown = [abandon_form, *(form for _, form, _ in settle_forms)]
    earlier = run_before(run)
    told = [payment for payment in payments if payment.state != "planned"]
    lines = Paginator(lines_of(run), PER_PAGE).get_page(request.GET.get("lines"))
    left_out = Paginator(_left_out(request, run), PER_PAGE).get_page(request.GET.get("left-out"))
    address = reverse("backoffice:run", args=[run.pk])
    context = {
        "run": run,
        "earlier": earlier,
        "differences": differences(run, earlier) if earlier else [],
        "settled_count": len(told),
        "file": PaymentFile.objects.filter(run=run).defer("content").first(),
        "payments": [
            (payment, communication_as_written(payment.communication), _at_bank(run, payment))
            for payment in payments
        ],
        "refused": [payment for payment in payments if payment.state == "refused"],
        "lines_page": lines,
        "lines": list(_lines(request, lines)),
        "left_out": left_out,
        "left_out_told": [(item, words_for_unpaid(item.why, item.facts)) for item in left_out],
        "may_check": "check_runs" in acts and RUN.allows(run.state, "check"),
        "may_approve": "approve_runs" in acts and RUN.allows(run.state, "approve"),
        "may_send": "settle_runs" in acts and RUN.allows(run.state, "send"),
        "same_eyes": request.user.pk in (run.checked_by_id, run.drawn_up_by_id),
        "abandon_form": abandon_form,
        "settle_forms": settle_forms,
        "form": wrong,
        "kept": wrong if wrong not in shown else None,
    }
    return show(
        request,
        "backoffice/run.html",
        context,
        section="runs",
        below=figures.quarter(run.quarter),
        address=address,
        status=422 if wrong else 200,
        tables={
            "lines": _lines_table(_lines(request, lines.paginator.object_list)),
            "payments": _payments_table(run, payments),
            "left_out": _left_out_table(left_out.paginator.object_list),
        },
    )


def _lines_table(lines: Iterable[tuple[PaymentLine, str, str]]) -> Table:
    """Each tranche that a run pays, with its payment and dossier."""
    return Table(
        gettext("Quarterly run"),
        lines,
        {
            gettext("Provider"): lambda row: row[0].payment.payee_name,
            gettext("Dossier"): lambda row: row[1],
            gettext("Enterprise"): lambda row: row[2],
            gettext("Tranche"): lambda row: row[0].claim.tranche,
            gettext("Quarter"): lambda row: figures.quarter(row[0].claim.quarter),
            gettext("Amount including VAT"): lambda row: row[0].amount,
            gettext("Status"): lambda row: words_for_state(row[0].payment.state, "payment"),
        },
    )


def _at_bank(run: Run, payment: Payment) -> bool:
    """Whether a payment went to the bank, which did not answer yet."""
    return run.state == "sent" and payment.state == "planned"


def _payments_table(run: Run, payments: list[Payment]) -> Table:
    """Each payment of a run: to whom, on which account, and what became of it."""
    return Table(
        gettext("Payments"),
        payments,
        {
            gettext("Provider"): lambda one: one.payee_name,
            "IBAN": lambda one: figures.iban(one.iban),
            gettext("Communication"): lambda one: communication_as_written(one.communication),
            gettext("Amount including VAT"): lambda one: one.amount,
            gettext("Status"): lambda one: (
                gettext("At the bank")
                if _at_bank(run, one)
                else words_for_state(one.state, "payment")
            ),
            gettext("Settled"): lambda one: one.settled_on,
        },
    )


def _left_out_table(left_out: Iterable[LeftOut]) -> Table:
    """Each tranche that a run does not pay, and why, as things stand now."""
    return Table(
        gettext("Not paid"),
        left_out,
        {
            gettext("Dossier"): lambda item: item.dossier.reference,
            gettext("Enterprise"): lambda item: item.dossier.enterprise_name,
            gettext("Provider"): lambda item: item.dossier.provider.name,
            gettext("Tranche"): lambda item: item.tranche,
            gettext("Why not"): lambda item: words_for_unpaid(item.why, item.facts),
        },
    )


def _lines(
    request: DoorRequest, lines: Iterable[PaymentLine]
) -> Iterator[tuple[PaymentLine, str, str]]:
    """What a run pays, whole; but not whom it is for, of a dossier that is closed to who looks."""
    closed = references_closed_to(request.user, on=day_of(timezone.now()))
    for line in lines:
        dossier = line.claim.dossier
        told = dossier.reference not in closed
        yield line, dossier.reference if told else "", dossier.enterprise_name if told else ""


def _left_out(request: DoorRequest, run: Run) -> list[LeftOut]:
    """What a run leaves out and why, as long as it is not over; what can be helped first."""
    if run.state in ("settled", "abandoned"):
        return []
    closed = references_closed_to(request.user, on=day_of(timezone.now()))
    left_out = [
        item
        for item in preflight(Quarter.parse(run.quarter)).left_out
        if item.dossier.reference not in closed
    ]
    left_out.sort(key=lambda item: WAITING.get(item.why, len(WAITING)))
    return left_out
