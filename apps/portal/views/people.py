"""Who works for a provider, and the keys of its machines: for its managers."""

from uuid import UUID

from django import forms
from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST, require_safe

from apps.design.words import words_for_may, words_for_role
from apps.members import services as members
from apps.members.forms import InvitationForm, PeopleFilter
from apps.members.selectors import Member, open_invitations, shut_out_by_us
from apps.members.selectors import members as members_here
from apps.portal.views.frame import show
from apps.providers import services
from apps.providers.doors import requires, telling
from apps.providers.middleware import DoorRequest
from apps.providers.models import Token
from apps.providers.selectors import tokens_in_use
from apps.reporting.exports import Table
from apps.reporting.tables import invitations_table
from cstraject.quarter import day_of
from cstraject.roles import MACHINE_ACTS, PROVIDER_ROLES

# In the session, from the making of a key until it is shown.
NEW_KEY = "new_key"


class KeyForm(forms.Form):
    """A key for a machine: what it is called, what may be done with it, for how long."""

    name = forms.CharField(
        label=_("Name"), max_length=100, help_text=_("Which machine or programme holds it.")
    )
    acts = forms.MultipleChoiceField(
        label=_("What may be done with it"), widget=forms.CheckboxSelectMultiple
    )
    days = forms.IntegerField(
        label=_("Days until it ends"),
        min_value=1,
        max_value=services.TOKEN_DAYS_MAX,
        initial=90,
        error_messages={"max_value": _("A key holds for at most %(limit_value)s days.")},
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        acts = self.fields["acts"]
        assert isinstance(acts, forms.MultipleChoiceField)
        acts.choices = [(act, words_for_may(act)) for act in sorted(MACHINE_ACTS, reverse=True)]


@requires("manage_members")
@require_safe
def people(request: DoorRequest, provider: str) -> HttpResponse:
    return _page(request, key=request.session.pop(NEW_KEY, ""))


@requires("manage_members")
@require_POST
def invite(request: DoorRequest, provider: str) -> HttpResponse:
    form = InvitationForm(request.POST, roles=PROVIDER_ROLES)
    if form.is_valid():
        asked = (form.cleaned_data["email"].casefold(), form.cleaned_data["role"])
        if asked in {(one.email.casefold(), one.role) for one in members_here()}:
            form.add_error("role", gettext("This person has this role here already."))
    if not form.is_valid():
        return _page(request, invite_form=form)
    with telling(request, gettext("The invitation is on its way.")) as told:
        members.invite(
            provider=request.provider,
            link=lambda key: request.build_absolute_uri(reverse("invitation-open", args=[key])),
            actor=request.user,
            at=timezone.now(),
            **form.cleaned_data,
        )
    if told.refused:
        return _page(request, invite_form=form)
    return redirect("portal:people", provider=provider)


@requires("manage_members")
@require_POST
def withdraw(request: DoorRequest, provider: str, invitation: UUID) -> HttpResponse:
    with telling(request, gettext("The invitation is taken back.")):
        members.withdraw_invitation(
            invitation=invitation,
            provider=request.provider,
            actor=request.user,
            at=timezone.now(),
        )
    return redirect("portal:people", provider=provider)


@requires("manage_members")
@require_POST
def shut_out(request: DoorRequest, provider: str, member: int) -> HttpResponse:
    with telling(request, gettext("This person can no longer get in here.")):
        members.shut_out(
            provider=request.provider, member=member, actor=request.user, at=timezone.now()
        )
    return redirect("portal:people", provider=provider)


@requires("manage_members")
@require_POST
def let_in(request: DoorRequest, provider: str, member: int) -> HttpResponse:
    with telling(request, gettext("This person is let in again.")):
        members.let_in_again(
            provider=request.provider, member=member, actor=request.user, at=timezone.now()
        )
    return redirect("portal:people", provider=provider)


@sensitive_variables("key")
@requires("manage_members")
@require_POST
def issue(request: DoorRequest, provider: str) -> HttpResponse:
    form = KeyForm(request.POST, auto_id="key_%s")
    if not form.is_valid():
        return _page(request, form)
    key = ""
    with telling(request) as told:
        key = services.issue_token(
            provider=request.provider,
            actor=request.user,
            at=timezone.now(),
            **form.cleaned_data,
        )
    if told.refused:
        return _page(request, form)
    # Shown once, by the next page: one that is asked for again neither tells it nor makes another.
    request.session[NEW_KEY] = key
    return redirect("portal:people", provider=provider)


@requires("manage_members")
@require_POST
def revoke(request: DoorRequest, provider: str, key: UUID) -> HttpResponse:
    with telling(request, gettext("The key opens nothing any more.")):
        services.revoke_token(token=key, actor=request.user, at=timezone.now())
    return redirect("portal:people", provider=provider)


def _page(
    request: DoorRequest,
    form: KeyForm | None = None,
    *,
    invite_form: InvitationForm | None = None,
    key: str = "",
) -> HttpResponse:
    at, slug = timezone.now(), request.provider.slug
    form = form or KeyForm(auto_id="key_%s")
    invite_form = invite_form or InvitationForm(roles=PROVIDER_ROLES)
    filters, everybody = PeopleFilter(request.GET), members_here()
    waiting = [
        asked
        for asked in open_invitations(provider_id=request.provider.pk, at=at)
        if filters.finds(asked.name, asked.email)
    ]
    here = [one for one in everybody if filters.finds(one.name, _address_of(one))]
    shut_out = [one for one in shut_out_by_us() if filters.finds(one.name)]
    names = {member.user_id: member.name for member in everybody}
    keys = [
        (token, [words_for_may(act) for act in token.acts], names.get(token.issued_by_id, ""))
        for token in tokens_in_use(at=at)
    ]
    context = {
        "filters": filters,
        "members": here,
        "shut_out": shut_out,
        "invitations": [
            (asked, reverse("portal:invitation-withdraw", args=[slug, asked.pk]))
            for asked in waiting
        ],
        "invite": reverse("portal:member-invite", args=[slug]),
        "invite_form": invite_form,
        "with_acmidm": bool(settings.ACMIDM_ISSUER),
        "keys": keys,
        "form": form,
        "wrong": invite_form,
        "key": key,
    }
    return show(
        request,
        "portal/people.html",
        context,
        section="people",
        address=reverse("portal:people", kwargs={"provider": request.provider.slug}),
        status=422 if form.errors or invite_form.errors else 200,
        tables={
            "members": _table(here),
            "shut": _shut_out_table(shut_out),
            "invitations": invitations_table(waiting),
            "keys": _keys_table(keys),
        },
    )


def _address_of(member: Member) -> str:
    """As the page tells it: of who comes by ACM/IDM none is known."""
    return "ACM/IDM" if member.by_acmidm else member.email


def _table(members: list[Member]) -> Table:
    return Table(
        gettext("People"),
        members,
        {
            gettext("Name"): lambda one: one.name,
            gettext("E-mail address"): _address_of,
            gettext("Role"): lambda one: words_for_role(one.role),
            gettext("Signed in last"): lambda one: (
                day_of(one.last_login) if one.last_login else gettext("never")
            ),
        },
    )


def _shut_out_table(members: list[Member]) -> Table:
    return Table(
        gettext("Shut out"),
        members,
        {
            gettext("Name"): lambda one: one.name,
            gettext("Came last"): lambda one: one.last_login and day_of(one.last_login),
        },
    )


def _keys_table(keys: list[tuple[Token, list[str], str]]) -> Table:
    return Table(
        gettext("Keys"),
        keys,
        {
            gettext("Name"): lambda row: row[0].name,
            gettext("May"): lambda row: "; ".join(row[1]),
            gettext("Ends on"): lambda row: day_of(row[0].expires_at),
            gettext("Made by"): lambda row: row[2],
            gettext("Used last"): lambda row: row[0].last_used_at or gettext("never"),
        },
    )
