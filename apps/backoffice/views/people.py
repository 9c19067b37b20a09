"""Who works at the agency, in which role: for its administrators; auditors read along."""

from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.models import User
from apps.accounts.selectors import people_at_agency
from apps.backoffice.forms import AccessForm
from apps.backoffice.views.frame import show
from apps.design import figures
from apps.design.words import words_for_role
from apps.dossiers import services as dossiers
from apps.dossiers.models import CLOSED, OPENED, Access
from apps.dossiers.selectors import accesses_in_force
from apps.members import services
from apps.members.forms import InvitationForm, PeopleFilter
from apps.members.selectors import open_invitations
from apps.providers.doors import requires, telling
from apps.providers.middleware import DoorRequest
from apps.reporting.exports import Table
from apps.reporting.tables import invitations_table
from cstraject.quarter import day_of
from cstraject.roles import AGENCY_ROLES


@requires("see_people")
@require_safe
def people(request: DoorRequest) -> HttpResponse:
    return _page(request)


@requires("manage_people")
@require_POST
def invite(request: DoorRequest) -> HttpResponse:
    form = InvitationForm(request.POST, roles=AGENCY_ROLES)
    if form.is_valid():
        email, role = form.cleaned_data["email"].lower(), form.cleaned_data["role"]
        if any(one.email.lower() == email and has == role for one, has in people_at_agency()):
            form.add_error("email", gettext("This person has this role already."))
    if not form.is_valid():
        return _page(request, form)
    with telling(request, gettext("The invitation is on its way.")) as told:
        services.invite(
            provider=None,
            link=lambda key: request.build_absolute_uri(reverse("invitation-open", args=[key])),
            actor=request.user,
            at=timezone.now(),
            **form.cleaned_data,
        )
    return _page(request, form) if told.refused else redirect("backoffice:people")


@requires("manage_people")
@require_POST
def withdraw(request: DoorRequest, invitation: UUID) -> HttpResponse:
    with telling(request, gettext("The invitation is taken back.")):
        services.withdraw_invitation(
            invitation=invitation, provider=None, actor=request.user, at=timezone.now()
        )
    return redirect("backoffice:people")


@requires("manage_people")
@require_POST
def take(request: DoorRequest, person: int) -> HttpResponse:
    user, role = get_object_or_404(User, pk=person), request.POST.get("role", "")
    told = {"name": user.name, "role": words_for_role(role)}
    with telling(request, gettext("%(name)s is no longer %(role)s.") % told):
        services.take_agency_role(
            user=user,
            role=role if role in AGENCY_ROLES else "",
            actor=request.user,
            at=timezone.now(),
        )
    return redirect("backoffice:people")


@requires("manage_people")
@require_POST
def give_access(request: DoorRequest) -> HttpResponse:
    form = AccessForm(request.POST)
    if not form.is_valid():
        return _page(request, access_form=form)
    given, at = form.cleaned_data, timezone.now()
    person, reference = given.pop("person"), given["reference"].strip().upper()
    told = {"name": person.name, "reference": reference, "until": figures.day(given["until"])}
    done = gettext("%(reference)s is open to %(name)s until %(until)s.")
    if given["kind"] == CLOSED:
        done = gettext("%(reference)s is closed to %(name)s until %(until)s.")
    before = accesses_in_force(on=day_of(at)).filter(user=person, dossier__reference=reference)
    if (earlier := before.first()) and earlier.kind != given["kind"]:
        done += " " + gettext("That ends the opposite, which held until now.")
    with telling(request, done % told) as told_so:
        dossiers.give_access(user=person, actor=request.user, at=at, **given)
    return _page(request, access_form=form) if told_so.refused else redirect("backoffice:people")


@requires("manage_people")
@require_POST
def end_access(request: DoorRequest, access: UUID) -> HttpResponse:
    with telling(request, gettext("It is ended.")):
        dossiers.end_access(access=access, actor=request.user, at=timezone.now())
    return redirect("backoffice:people")


def _page(
    request: DoorRequest,
    invite_form: InvitationForm | None = None,
    access_form: AccessForm | None = None,
) -> HttpResponse:
    at = timezone.now()
    invite_form = invite_form or InvitationForm(roles=AGENCY_ROLES)
    access_form = access_form or AccessForm()
    filters = PeopleFilter(request.GET)
    people = [
        (person, role)
        for person, role in people_at_agency()
        if filters.finds(person.name, person.email)
    ]
    waiting = [
        asked
        for asked in open_invitations(provider_id=None, at=at)
        if filters.finds(asked.name, asked.email)
    ]
    accesses = [
        access
        for access in accesses_in_force(on=day_of(at)).select_related("dossier", "user")
        if filters.finds(access.user.name, access.user.email)
    ]
    return show(
        request,
        "backoffice/people.html",
        {
            "filters": filters,
            "people": people,
            "invitations": [
                (asked, reverse("backoffice:invitation-withdraw", args=[asked.pk]))
                for asked in waiting
            ],
            "invite": reverse("backoffice:person-invite"),
            "invite_form": invite_form,
            "with_acmidm": bool(settings.ACMIDM_ISSUER),
            "accesses": accesses,
            "access_form": access_form,
            "wrong": access_form if access_form.errors else invite_form,
        },
        section="people",
        address=reverse("backoffice:people"),
        status=422 if invite_form.errors or access_form.errors else 200,
        tables={
            "people": _table(people),
            "invitations": invitations_table(waiting),
            "accesses": _accesses_table(accesses),
        },
    )


def _table(people: list[tuple[User, str]]) -> Table:
    return Table(
        gettext("People"),
        people,
        {
            gettext("Name"): lambda row: row[0].name,
            gettext("E-mail address"): lambda row: row[0].email,
            gettext("Role"): lambda row: words_for_role(row[1]),
            gettext("Signed in last"): lambda row: (
                day_of(row[0].last_login) if row[0].last_login else gettext("never")
            ),
        },
    )


def _accesses_table(accesses: list[Access]) -> Table:
    kinds = {OPENED: gettext("opened"), CLOSED: gettext("closed")}
    return Table(
        gettext("Exceptions"),
        accesses,
        {
            gettext("Dossier"): lambda one: one.dossier.reference,
            gettext("Person"): lambda one: one.user.name,
            gettext("What"): lambda one: kinds[one.kind],
            gettext("Last day"): lambda one: one.until,
            gettext("Reason"): lambda one: one.reason,
        },
    )
