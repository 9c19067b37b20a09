"""What must stand in the European register of de minimis aid: how soon, and what to enter."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from apps.backoffice.forms import RegisterForm
from apps.backoffice.views.frame import in_sight, show
from apps.design.figures import enterprise_number
from apps.dossiers import services
from apps.dossiers.listing import NamedFilter
from apps.dossiers.selectors import AMEND, ENTER, WITHDRAW, Duty, duty_of, register_duties
from apps.programme.selectors import terms_of
from apps.providers.doors import requires, telling
from apps.providers.middleware import DoorRequest
from apps.reporting.exports import CSV, Table, kept_as
from cstraject.deminimis import regulation_for
from cstraject.quarter import day_of


@requires("see_portfolio")
@require_safe
def register(request: DoorRequest) -> HttpResponse:
    return _page(request)


def _duties(request: DoorRequest, filters: NamedFilter) -> list[Duty]:
    among = filters.found(in_sight(request))
    return register_duties(on=day_of(timezone.now()), among=among)


def _page(
    request: DoorRequest, wrong: RegisterForm | None = None, about: UUID | None = None
) -> HttpResponse:
    today, filters = day_of(timezone.now()), NamedFilter(request.GET)
    duties = _duties(request, filters)
    due = [duty for duty in duties if not duty.is_done]
    done = [duty for duty in duties if duty.is_done]
    # Only who corrects the entry that stands goes on with what they typed.
    corrected = {duty.dossier.pk for duty in done if wrong and _corrects(wrong, duty)}
    open_now = about in corrected | {duty.dossier.pk for duty in due}

    def row(duty: Duty) -> dict[str, Any]:
        typed = duty.dossier.pk == about and open_now
        standing = duty.entry.reference if duty.entry and duty.is_done else ""
        initial = {"on": today, "reference": standing, "corrects": standing}
        anew = RegisterForm(auto_id=f"{duty.dossier.pk}_%s", initial=initial)
        return {
            "duty": duty,
            "late": -duty.days_left,
            "form": wrong if typed else anew,
            "wrong": typed,
        }

    context = {
        "rows": [row(duty) for duty in due],
        "done": [row(duty) for duty in done],
        "filters": filters,
        "is_filtered": bool(filters.searched),
        "form": wrong,
        "kept": None if open_now else wrong,
    }
    return show(
        request,
        "backoffice/register.html",
        context,
        section="register",
        address=reverse("backoffice:register"),
        status=422 if wrong else 200,
        tables={"register": _table([*due, *done])},
    )


def _corrects(form: RegisterForm, duty: Duty) -> bool:
    return bool(duty.entry and form.data.get("corrects") == duty.entry.reference)


def _to_do(duty: Duty) -> str | None:
    return {
        ENTER: gettext("To enter"),
        AMEND: gettext("To amend"),
        WITHDRAW: gettext("To withdraw"),
    }.get(duty.what)


def _table(duties: list[Duty]) -> Table:
    """Every duty as the page tells it: what is due, and what is done."""
    return Table(
        gettext("De minimis register"),
        duties,
        {
            gettext("Dossier"): lambda duty: duty.dossier.reference,
            gettext("Enterprise number"): lambda duty: enterprise_number(
                duty.dossier.enterprise_number
            ),
            gettext("Enterprise"): lambda duty: duty.dossier.enterprise_name,
            gettext("Amount"): lambda duty: duty.amount,
            gettext("Due"): lambda duty: duty.due_on,
            gettext("Done"): lambda duty: gettext("yes") if duty.is_done else gettext("no"),
            gettext("Reference in the register"): lambda duty: duty.entry and duty.entry.reference,
            gettext("Granted on"): lambda duty: duty.dossier.decided_on,
            gettext("To do"): _to_do,
            gettext("In the register now"): lambda duty: duty.entry and duty.entry.amount,
            gettext("Entered"): lambda duty: duty.entry and duty.entry.entered_on,
        },
    )


@requires("decide_dossiers")
@require_POST
def enter(request: DoorRequest, dossier: UUID) -> HttpResponse:
    case = get_object_or_404(in_sight(request), pk=dossier)
    form = RegisterForm(request.POST, auto_id=f"{dossier}_%s")
    if not form.is_valid():
        return _page(request, form, dossier)
    with telling(request, gettext("The entry is on record."), form=form) as told:
        services.enter_in_register(
            dossier=case, actor=request.user, at=timezone.now(), **form.cleaned_data
        )
    if told.refused:
        return _page(request, form, dossier)
    return redirect("backoffice:register")


@requires("see_portfolio")
@require_safe
def file(request: DoorRequest, dossier: UUID) -> HttpResponse:
    """What to enter about one grant, as a file."""
    duty = duty_of(get_object_or_404(in_sight(request), pk=dossier), on=day_of(timezone.now()))
    if duty is None:
        raise Http404
    name = f"{gettext('De minimis register')} {_own_reference(duty)}"
    return kept_as(name, _entry_table(duty).content(CSV), CSV)


def _entry_table(duty: Duty) -> Table:
    """What to enter [Regulation 2023/2831, article 6(1)], as one types it over: no format of a
    file is asked. Neither package nor provider: the register is public, and who was helped with its
    security is nobody's business [domain 6.4]."""
    yes, no = gettext("yes"), gettext("no")
    return Table(
        gettext("De minimis register"),
        [duty],
        {
            gettext("To do"): _to_do,
            gettext("Enterprise number"): lambda one: enterprise_number(
                one.dossier.enterprise_number
            ),
            gettext("Enterprise"): lambda one: one.dossier.enterprise_name,
            gettext("A natural person: show a pseudonym"): lambda one: (
                yes if one.of_a_person else no
            ),
            gettext("Member State"): lambda one: gettext("Belgium"),
            gettext("Amount"): lambda one: one.amount,
            gettext("In the register now"): lambda one: one.entry and one.entry.amount,
            gettext("Granted on"): lambda one: one.dossier.decided_on,
            gettext("Granting authority"): lambda one: "VLAIO",
            gettext("Aid instrument"): lambda one: gettext("Grant"),
            gettext("Main activity"): _activity,
            gettext("Regulation"): _regulation,
            # The neutral name of the measure, in the language of the register.
            gettext("Name of the measure"): lambda one: "Advies aan ondernemingen",
            gettext("Own reference"): _own_reference,
            gettext("Reference in the register"): lambda one: one.entry and one.entry.reference,
        },
    )


def _own_reference(duty: Duty) -> str:
    """By which we know an entry: the reference of the dossier would name its provider."""
    return f"{duty.dossier.enterprise_number}-{duty.dossier.decided_on}"


def _activity(duty: Duty) -> str:
    facts = duty.dossier.facts
    return f"{facts.nace_code} {facts.nace_label} (NACE-BEL {facts.nace_version})"


def _regulation(duty: Duty) -> str:
    reading = terms_of(duty.dossier.contract.edition).reading
    assert duty.dossier.decided_on is not None
    return regulation_for(duty.dossier.decided_on, reading=reading)[0]
