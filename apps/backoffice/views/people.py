"""Who works at the agency, in which role: for its administrators; auditors read along."""

from django import forms
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.models import User
from apps.accounts.selectors import people_at_agency
from apps.accounts.services import add_user, grant_agency_role, take_agency_role
from apps.backoffice.views.frame import show
from apps.design.words import words_for_role
from apps.providers.doors import requires, telling
from apps.providers.middleware import DoorRequest
from cstraject.roles import AGENCY_ROLES


class RoleForm(forms.Form):
    """A role for somebody; who has no account yet gets one."""

    email = forms.EmailField(label=_("E-mail address"))
    name = forms.CharField(label=_("Name"), max_length=200)
    role = forms.ChoiceField(label=_("Role"), widget=forms.RadioSelect)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        role = self.fields["role"]
        assert isinstance(role, forms.ChoiceField)
        role.choices = [(role, words_for_role(role)) for role in AGENCY_ROLES]


@requires("see_people")
@require_safe
def people(request: DoorRequest) -> HttpResponse:
    return _page(request, RoleForm(auto_id="role_%s"))


@requires("manage_people")
@require_POST
def give(request: DoorRequest) -> HttpResponse:
    form, at = RoleForm(request.POST, auto_id="role_%s"), timezone.now()
    if not form.is_valid():
        return _page(request, form)
    given = form.cleaned_data
    with telling(request, gettext("The role is given.")) as told:
        user = add_user(email=given["email"], name=given["name"], actor=request.user, at=at)
        grant_agency_role(user=user, role=given["role"], actor=request.user, at=at)
    return _page(request, form) if told.refused else redirect("backoffice:people")


@requires("manage_people")
@require_POST
def take(request: DoorRequest, person: int) -> HttpResponse:
    user, role = get_object_or_404(User, pk=person), request.POST.get("role", "")
    with telling(request, gettext("The role is taken away.")):
        take_agency_role(
            user=user,
            role=role if role in AGENCY_ROLES else "",
            actor=request.user,
            at=timezone.now(),
        )
    return redirect("backoffice:people")


def _page(request: DoorRequest, form: RoleForm) -> HttpResponse:
    return show(
        request,
        "backoffice/people.html",
        {"people": people_at_agency(), "form": form},
        section="people",
        address=reverse("backoffice:people"),
        status=422 if form.errors else 200,
    )
