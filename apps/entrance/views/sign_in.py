"""Showing again that it is you, by more than a password; and signing out."""

from allauth.account import views as account
from allauth.account.adapter import get_adapter
from allauth.account.views import password_reset_from_key
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from apps.accounts.refusals import note_refusal
from apps.accounts.sessions import TOLD, unfinished_of
from apps.entrance.acmidm import address_to_leave
from apps.entrance.deeds import deed_at, others_of, told_of
from apps.entrance.views.acmidm import to_op
from cstraject.refusal import Refusal


@transaction.non_atomic_requests
@login_required
@require_safe
def again(request: HttpRequest) -> HttpResponse:
    """To the first way in which this person can show who they are; of ACM/IDM, that is there."""
    if TOLD in request.session:
        return to_op(request, again=True)
    ways = get_adapter().get_reauthentication_methods(request.user)
    if not ways:
        raise PermissionDenied
    query = request.GET.urlencode()
    return redirect(f"{ways[0]['url']}?{query}" if query else ways[0]["url"])


@login_required
@require_safe
def go_on(request: HttpRequest) -> HttpResponse:
    """What was sent before somebody showed that it is they, to be done now or not at all."""
    kept = unfinished_of(request)
    if kept is None:
        return redirect("home")
    said, others = told_of(kept["fields"]), others_of(kept["fields"])
    told = {"deed": deed_at(kept["path"]), "said": said, "more": bool(others)}
    return render(request, "entrance/go_on.html", {**kept, **told})


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


# The session here has ended, whatever the OP answers and however long it takes.
@transaction.non_atomic_requests
def sign_out(request: HttpRequest) -> HttpResponse:
    """Here first; then at the OP of ACM/IDM, if the session was opened there."""
    told = request.session.get(TOLD)
    answer: HttpResponse = account.logout(request)
    if told is None or request.method != "POST" or not settings.ACMIDM_ISSUER:
        return answer
    next_page = reverse("account_login")
    try:
        address = address_to_leave(request, id_token=told["id_token"], next_page=next_page)
    except Refusal:
        messages.warning(
            request,
            gettext(
                "You are signed out here. ACM/IDM does not answer: close your browser to sign out"
                " there too."
            ),
        )
        return answer
    return redirect(address) if address else answer
