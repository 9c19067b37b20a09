"""The framework contracts: budgets, how they are used, amendments, and shifts by two people."""

from decimal import Decimal
from uuid import UUID

from django import forms
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from apps.backoffice.forms import AmendBudgetForm, ContractFilter, ShiftForm
from apps.backoffice.views.frame import show
from apps.backoffice.water_line import water_lines
from apps.contracts import services
from apps.contracts.models import Contract, LedgerEntry, Shift
from apps.contracts.selectors import (
    Balance,
    awards_of,
    balances_by_month,
    contracts_with_balances,
    forecasts,
    shifts_of,
    shifts_proposed,
)
from apps.design import figures
from apps.providers.doors import requires, telling
from apps.providers.middleware import DoorRequest
from apps.reporting.exports import Table
from cstraject.forecast import Forecast
from cstraject.money import ZERO
from cstraject.quarter import day_of


@requires("see_portfolio")
@require_safe
def contracts(request: DoorRequest) -> HttpResponse:
    today, filters = day_of(timezone.now()), ContractFilter(request.GET)
    # What has ended comes last.
    found = filters.found(contracts_with_balances())
    listed = sorted(found, key=lambda one: one.valid_until < today)
    ahead, shifts = forecasts(listed, on=today), list(shifts_proposed())
    context = {
        "filters": filters,
        "is_filtered": bool(filters.searched),
        "contracts": [
            (
                contract,
                _share_committed(contract),
                ahead.get(contract.pk),
            )
            for contract in listed
        ],
        "total": {
            "budget": sum((contract.budget for contract in listed), ZERO),
            "committed": sum((contract.committed for contract in listed), ZERO),
            "paid": sum((contract.paid for contract in listed), ZERO),
            "left": sum((contract.left for contract in listed), ZERO),
        },
        "shifts": shifts,
    }
    tables = {"contracts": _table(listed, ahead), "shifts": _shifts_table(shifts)}
    return show(request, "backoffice/contracts.html", context, section="contracts", tables=tables)


def _table(listed: list[Contract], ahead: dict[int, Forecast]) -> Table:
    return Table(
        gettext("Contracts"),
        listed,
        {
            gettext("Provider"): lambda one: one.provider.name,
            gettext("Edition"): lambda one: one.edition.name,
            gettext("Budget"): lambda one: one.budget,
            gettext("Committed"): lambda one: one.committed,
            gettext("Paid"): lambda one: one.paid,
            gettext("Left"): lambda one: one.left,
            gettext("Used up by"): lambda one: (
                ahead[one.pk].used_up_on if one.pk in ahead else None
            ),
            gettext("Share committed (%)"): lambda one: figures.in_hundredths(
                _share_committed(one)
            ),
        },
    )


def _shifts_table(shifts: list[Shift]) -> Table:
    return Table(
        gettext("Shifts of budget"),
        shifts,
        {
            gettext("From the contract"): lambda one: _named(one.source),
            gettext("To the contract"): lambda one: _named(one.target),
            gettext("Amount"): lambda one: one.amount,
            gettext("Reason"): lambda one: one.reason,
            gettext("Proposed"): lambda one: (
                f"{figures.moment(one.proposed_at)}, {one.proposed_by.name}"
            ),
            gettext("Decided"): _decided,
        },
    )


def _decided(shift: Shift) -> str:
    """What became of a shift, when and by whom; as long as it waits, nothing."""
    if shift.decided_by is None:
        return ""
    outcome = gettext("Carried out") if shift.done else gettext("Dropped")
    return f"{outcome}, {figures.moment(shift.decided_at)}, {shift.decided_by.name}"


def _named(contract: Contract) -> str:
    return f"{contract.provider.name} · {contract.edition.name}"


def _share_committed(contract: Contract) -> Decimal:
    return contract.committed / contract.budget if contract.budget else ZERO


@requires("see_portfolio")
@require_safe
def contract(request: DoorRequest, contract: int) -> HttpResponse:
    return _page(request, contract_of(contract))


def contract_of(pk: int) -> Contract:
    return get_object_or_404(contracts_with_balances(), pk=pk)


@requires("amend_contracts")
@require_POST
def amend(request: DoorRequest, contract: int) -> HttpResponse:
    one, form = contract_of(contract), AmendBudgetForm(request.POST, auto_id="amend_%s")
    if not form.is_valid():
        return _page(request, one, wrong=form)
    by = form.cleaned_data["budget"] - one.budget
    with telling(request, gettext("The budget is amended.")) as told:
        services.amend_budget(
            contract=one,
            by=by,
            seen=form.cleaned_data["seen"],
            reason=form.cleaned_data["reason"],
            actor=request.user,
            at=timezone.now(),
        )
    if told.refused:
        # The page shows the budget of now: who sends it again has looked at that one.
        one = contract_of(contract)
        form.data = {**request.POST.dict(), "seen": figures.number(one.budget)}
        return _page(request, one, wrong=form)
    return redirect("backoffice:contract", contract=contract)


@requires("amend_contracts")
@require_POST
def propose(request: DoorRequest, contract: int) -> HttpResponse:
    one, form = contract_of(contract), ShiftForm(request.POST, auto_id="shift_%s")
    form.offer(_others(one))
    if not form.is_valid():
        return _page(request, one, wrong=form)
    with telling(request, gettext("The shift is proposed; a colleague carries it out.")) as told:
        services.propose_shift(
            source=one, actor=request.user, at=timezone.now(), **form.cleaned_data
        )
    if told.refused:
        return _page(request, one, wrong=form)
    return redirect("backoffice:contracts")


@requires("amend_contracts")
@require_POST
def carry_out(request: DoorRequest, shift: UUID) -> HttpResponse:
    return _decide(request, shift, done=True)


@requires("amend_contracts")
@require_POST
def drop(request: DoorRequest, shift: UUID) -> HttpResponse:
    return _decide(request, shift, done=False)


def _decide(request: DoorRequest, pk: UUID, *, done: bool) -> HttpResponse:
    shift = get_object_or_404(Shift, pk=pk)
    words = gettext("The budget is shifted.") if done else gettext("The shift is dropped.")
    with telling(request, words):
        services.decide_shift(shift=shift, done=done, actor=request.user, at=timezone.now())
    return redirect("backoffice:contracts")


def _others(contract: Contract) -> QuerySet[Contract]:
    """The contracts to which budget can go: those that have not ended."""
    running = contracts_with_balances().filter(valid_until__gte=day_of(timezone.now()))
    return running.exclude(pk=contract.pk)


def _page(
    request: DoorRequest, contract: Contract, *, wrong: forms.Form | None = None
) -> HttpResponse:
    today = day_of(timezone.now())
    ahead = forecasts([contract], on=today).get(contract.pk)
    balances = balances_by_month(contract, until=today)
    # After its last day a contract is looked at as long as money still moved.
    while (
        len(balances) > 1
        and balances[-2].on >= contract.valid_until
        and (balances[-1].moved == balances[-2].moved)
    ):
        balances.pop()
    by_month = list(reversed(balances))
    awards, shifts = list(awards_of(contract)), list(shifts_of(contract))
    looked_at = min(today, balances[-1].on) if balances else today
    context: dict[str, object] = {
        "contract": contract,
        "ahead": ahead,
        "lines": water_lines(contract, balances, awards, ahead, on=looked_at),
        "balances": by_month,
        "awards": awards,
        "shifts": shifts,
        "form": wrong,
    }
    if "amend_contracts" in request.acts:
        shift = wrong if isinstance(wrong, ShiftForm) else ShiftForm(auto_id="shift_%s")
        shift.offer(_others(contract))
        initial = {"budget": figures.amount(contract.budget), "seen": contract.budget}
        amends = AmendBudgetForm(initial=initial, auto_id="amend_%s")
        context |= {
            "amend_form": wrong if isinstance(wrong, AmendBudgetForm) else amends,
            "shift_form": shift,
            "targets": _others(contract).exists(),
            "has_ended": contract.valid_until < today,
        }
    return show(
        request,
        "backoffice/contract.html",
        context,
        section="contracts",
        below=f"{contract.provider.name} · {contract.edition.name}",
        address=reverse("backoffice:contract", args=[contract.pk]),
        status=422 if wrong else 200,
        tables={
            "balances": _balances_table(by_month),
            "awards": _awards_table(awards),
            "shifts": _shifts_table(shifts),
        },
    )


def _balances_table(balances: list[Balance]) -> Table:
    return Table(
        gettext("Budget by month"),
        balances,
        {
            gettext("Day"): lambda one: one.on,
            gettext("Budget"): lambda one: one.budget,
            gettext("Committed"): lambda one: one.committed,
            gettext("Paid"): lambda one: one.paid,
        },
    )


def _awards_table(awards: list[LedgerEntry]) -> Table:
    return Table(
        gettext("Award and amendments"),
        awards,
        {
            gettext("Day"): lambda one: one.on,
            gettext("Amount"): lambda one: one.amount,
            gettext("Reason"): lambda one: one.reason,
            gettext("By"): lambda one: one.made_by.name,
        },
    )
