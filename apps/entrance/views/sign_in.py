"""Showing again that it is you, and by more than a password."""

from allauth.account.adapter import get_adapter
from allauth.account.views import password_reset_from_key
from allauth.mfa.utils import is_mfa_enabled
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from apps.entrance.refusals import note_refusal


@login_required
@require_safe
def again(request: HttpRequest) -> HttpResponse:
    """To the first way in which this person can show who they are."""
    ways = get_adapter().get_reauthentication_methods(request.user)
    if not ways:
        raise PermissionDenied
    query = request.GET.urlencode()
    return redirect(f"{ways[0]['url']}?{query}" if query else ways[0]["url"])


def choose_password(request: HttpRequest, uidb36: str, key: str) -> HttpResponse:
    """The page of the mail with which somebody chooses a new password; a spent one is on record."""
    response: HttpResponse = password_reset_from_key(request, uidb36=uidb36, key=key)
    if getattr(response, "context_data", {}).get("token_fail"):
        note_refusal(request, "password-reset")
        response.status_code = 410
    return response


@login_required
@require_safe
def second_factor(request: HttpRequest) -> HttpResponse:
    """To showing the second factor, or to choosing one where there is none yet."""
    if is_mfa_enabled(request.user):
        return redirect(f"{reverse('mfa_reauthenticate')}?next={reverse('home')}")
    messages.info(request, gettext("First choose a second factor: a password alone opens nothing."))
    return redirect("mfa_index")
