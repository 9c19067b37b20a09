"""Who works for a provider, and the keys of its machines: for its managers."""

from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST, require_safe

from apps.design.words import words_for_may
from apps.portal.views.frame import show
from apps.providers import services
from apps.providers.doors import requires, telling
from apps.providers.middleware import DoorRequest
from apps.providers.selectors import members, tokens_in_use
from cstraject.roles import MACHINE_ACTS


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
    return _page(request, KeyForm(auto_id="key_%s"))


@requires("manage_members")
@require_POST
def shut_out(request: DoorRequest, provider: str, member: int) -> HttpResponse:
    with telling(request, gettext("This person can no longer get in here.")):
        services.shut_out(
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
    # Shown in this answer alone: no page that is asked for again tells it.
    return _page(request, form if told.refused else KeyForm(auto_id="key_%s"), key=key)


@requires("manage_members")
@require_POST
def revoke(request: DoorRequest, provider: str, key: UUID) -> HttpResponse:
    with telling(request, gettext("The key opens nothing any more.")):
        services.revoke_token(token=key, actor=request.user, at=timezone.now())
    return redirect("portal:people", provider=provider)


def _page(request: DoorRequest, form: KeyForm, *, key: str = "") -> HttpResponse:
    at = timezone.now()
    context = {
        "members": members(),
        "keys": [
            (token, [words_for_may(act) for act in token.acts]) for token in tokens_in_use(at=at)
        ],
        "form": form,
        "key": key,
    }
    return show(
        request,
        "portal/people.html",
        context,
        section="people",
        address=reverse("portal:people", kwargs={"provider": request.provider.slug}),
        status=422 if form.errors else 200,
    )
