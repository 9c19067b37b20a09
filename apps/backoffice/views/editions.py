"""Editions of the programme: their terms, a new one beside the old, contracts under them."""

from copy import copy
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.backoffice.edition_forms import AwardForm, EditionForm, PackageRows
from apps.backoffice.views.frame import show
from apps.contracts.models import Contract
from apps.contracts.selectors import contracts_with_balances
from apps.contracts.services import award_contract
from apps.design import figures
from apps.design.words import PACKAGES, words_for
from apps.dossiers.selectors import editions_decided_by
from apps.programme.models import Edition
from apps.programme.services import change_edition, prepare_edition
from apps.providers.doors import requires, telling
from apps.providers.middleware import DoorRequest
from apps.reporting.exports import Table, Tables
from cstraject.refusal import Refusal


@requires("see_editions")
@require_safe
def editions(request: DoorRequest) -> HttpResponse:
    decided = editions_decided_by()
    listed = list(Edition.objects.order_by("-valid_from", "name"))
    rows = [(edition, edition.pk in decided) for edition in listed]
    context = {
        "editions": rows,
        # A new one begins with the terms of the last.
        "newest": listed[0] if listed else None,
    }
    tables = {"editions": _table(rows)}
    return show(request, "backoffice/editions.html", context, section="editions", tables=tables)


def _table(rows: list[tuple[Edition, bool]]) -> Table:
    stands = gettext("Stands: dossiers were decided")
    changes = gettext("Can still be changed")
    return Table(
        gettext("Editions"),
        rows,
        {
            gettext("Name"): lambda row: row[0].name,
            gettext("From"): lambda row: row[0].valid_from,
            gettext("Until"): lambda row: row[0].valid_until,
            gettext("Share of VLAIO (%)"): lambda row: figures.in_hundredths(row[0].rate),
            gettext("Status"): lambda row: stands if row[1] else changes,
        },
    )


@requires("see_editions")
@require_safe
def edition(request: DoorRequest, edition: int) -> HttpResponse:
    return _page(request, get_object_or_404(Edition, pk=edition))


@requires("manage_editions")
@require_http_methods(["GET", "HEAD", "POST"])
def beside(request: DoorRequest, edition: int) -> HttpResponse:
    """A new edition that begins with the terms of this one; or, once it has decided nothing, this
    one itself with other terms (`change`)."""
    one = get_object_or_404(Edition, pk=edition)
    change = "change" in request.GET
    if change and request.method != "POST" and one.pk in editions_decided_by():
        messages.info(request, words_for(Refusal("edition-stands")))
        return redirect("backoffice:edition", edition=one.pk)
    if request.method != "POST":
        form = EditionForm(instance=one)
        if not change:
            form.initial.update(name="", valid_from=None, valid_until=None)
        return _form_page(request, one, form, PackageRows.of(one, anew=not change), change)
    # A copy is filled in: the service holds what is typed against what stands.
    form = EditionForm(request.POST, instance=copy(one) if change else Edition())
    form.is_valid()
    days = (form.cleaned_data.get("valid_from"), form.cleaned_data.get("valid_until"))
    rows = PackageRows(request.POST, days=days)
    if not (form.is_valid() & rows.is_valid()):
        return _form_page(request, one, form, rows, change, status=422)
    given: dict[str, Any] = {
        "values": form.cleaned_data,
        "packages": rows.rows(),
        "actor": request.user,
        "at": timezone.now(),
    }
    done = gettext("The terms are changed.") if change else gettext("The edition is prepared.")
    with telling(request, done) as told:
        made = (
            change_edition(edition=one, **given) if change else prepare_edition(beside=one, **given)
        )
    if told.refused:
        one.refresh_from_db()
        return _form_page(request, one, form, rows, change, status=422)
    others = Edition.objects.exclude(pk=made.pk).filter(
        valid_from__lte=made.valid_until, valid_until__gte=made.valid_from
    )
    for other in others.order_by("valid_from"):
        messages.warning(
            request,
            gettext(
                "On some of its days edition %(name)s holds too; a dossier follows its contract."
            )
            % {"name": other.name},
        )
    return redirect("backoffice:edition", edition=made.pk)


@requires("amend_contracts")
@require_POST
def award(request: DoorRequest, edition: int) -> HttpResponse:
    one = get_object_or_404(Edition, pk=edition)
    form = AwardForm(request.POST, edition=one)
    if not form.is_valid():
        return _page(request, one, wrong=form)
    with telling(request, gettext("The contract is awarded.")) as told:
        award_contract(edition=one, actor=request.user, at=timezone.now(), **form.cleaned_data)
    if told.refused:
        return _page(request, one, wrong=form)
    return redirect("backoffice:edition", edition=one.pk)


def _page(
    request: DoorRequest, edition: Edition, *, wrong: forms.Form | None = None
) -> HttpResponse:
    packages = edition.packages.order_by("code")
    offered = (
        min((one.valid_from for one in packages), default=edition.valid_from),
        max((one.valid_until for one in packages), default=edition.valid_until),
    )
    context: dict[str, Any] = {
        "edition": edition,
        "terms": EditionForm(instance=edition).told(),
        "packages": packages,
        "unnamed": ", ".join(one.code for one in packages if one.code not in PACKAGES),
        # Where packages are not offered on all days of the edition.
        "offered": offered
        if offered[0] > edition.valid_from or offered[1] < edition.valid_until
        else None,
        "legal_forms": edition.legal_forms.order_by("code"),
        "activities": edition.activities.order_by("nace_version", "prefix", "valid_from"),
        "stands": edition.pk in editions_decided_by(),
        "form": wrong,
    }
    tables: Tables = {}
    # Who has which budget is not for who merely prepares the terms.
    if "see_portfolio" in request.acts:
        context["contracts"] = contracts_with_balances().filter(edition=edition)
        tables = {"contracts": _contracts_table(context["contracts"])}
    if "amend_contracts" in request.acts:
        context["award_form"] = wrong or AwardForm(edition=edition)
    return show(
        request,
        "backoffice/edition.html",
        context,
        section="editions",
        below=edition.name,
        address=reverse("backoffice:edition", args=[edition.pk]),
        status=422 if wrong else 200,
        tables=tables,
    )


def _contracts_table(contracts: QuerySet[Contract]) -> Table:
    return Table(
        gettext("Contracts"),
        contracts,
        {
            gettext("Provider"): lambda one: one.provider.name,
            gettext("From"): lambda one: one.valid_from,
            gettext("Until"): lambda one: one.valid_until,
            gettext("Budget"): lambda one: one.budget,
        },
    )


def _form_page(
    request: DoorRequest,
    edition: Edition,
    form: EditionForm,
    rows: PackageRows,
    change: bool,
    *,
    status: int = 200,
) -> HttpResponse:
    return show(
        request,
        "backoffice/edition_form.html",
        {"edition": edition, "form": form, "rows": rows, "change": change},
        section="editions",
        below=edition.name,
        address=request.get_full_path(),
        status=status,
    )
