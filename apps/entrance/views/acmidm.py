"""Signing in by ACM/IDM: to its OP and back, with what it told kept in the session alone."""

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import record_authentication
from django.conf import settings
from django.contrib.auth import logout
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from apps.accounts.models import User
from apps.accounts.services import welcome
from apps.accounts.sessions import AT_ACMIDM, TOLD, UNFINISHED, mark_of
from apps.entrance.acmidm import REFUSED, Told, address_to_ask, answer_of_op
from apps.entrance.adapters import ACMIDM
from apps.entrance.refusals import refused
from apps.entrance.views.home import page_wished
from apps.members.services import note_arrival
from cstraject.refusal import Refusal


# While the OP is asked no transaction is open: here, at coming back and at signing out.
@transaction.non_atomic_requests
def ask(request: HttpRequest) -> HttpResponse:
    """Begin: by a form of ours, so that no other site can."""
    if not settings.ACMIDM_ISSUER:
        raise Http404
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    return to_op(request)


def to_op(request: HttpRequest, *, again: bool = False) -> HttpResponse:
    """To the OP, which sends whoever shows who they are back to `come_back`."""
    try:
        return redirect(address_to_ask(request, next_page=page_wished(request), again=again))
    except Refusal as refusal:
        return refused(request, refusal)


@transaction.non_atomic_requests
@require_safe
def come_back(request: HttpRequest) -> HttpResponse:
    """Back from the OP: let in with the roles that it told, or told why not."""
    try:
        told = answer_of_op(request)
        return _shown_again(request, told) if told.again else _let_in(request, told)
    except Refusal as refusal:
        request.session[REFUSED] = True
        return refused(request, refusal)


def _let_in(request: HttpRequest, told: Told) -> HttpResponse:
    # Whatever this browser's session was: nothing of it goes along into the new one, but what the
    # same person sent when theirs had ended.
    unfinished = request.session.get(UNFINISHED)
    logout(request)
    if not told.capacities:
        raise Refusal("acmidm-no-role")
    person = welcome(subject=told.subject, name=told.name, at=timezone.now())
    if not person.is_active:
        raise Refusal("account-shut")
    record_authentication(request, person, AT_ACMIDM, provider=ACMIDM)
    adapter = get_adapter()
    adapter.login(request, person)
    if unfinished is not None and unfinished["mark"] == mark_of(person.email):
        request.session[UNFINISHED] = unfinished
    _keep(request, told)
    answer: HttpResponse = adapter.post_login(
        request,
        person,
        email_verification="none",
        signal_kwargs=None,
        email=None,
        signup=False,
        redirect_url=told.next_page or reverse("home"),
    )
    return answer


def _shown_again(request: HttpRequest, told: Told) -> HttpResponse:
    """The session goes on, with the roles of now, if it is the same person who showed it."""
    kept = request.session.get(TOLD)
    if kept is None or kept["subject"] != told.subject:
        raise Refusal("acmidm-someone-else")
    if not told.capacities:
        logout(request)
        raise Refusal("acmidm-no-role")
    record_authentication(request, request.user, AT_ACMIDM, provider=ACMIDM)
    _keep(request, told)
    return redirect(told.next_page or "home")


def _keep(request: HttpRequest, told: Told) -> None:
    assert isinstance(request.user, User)
    note_arrival(user=request.user, capacities=told.capacities, at=timezone.now())
    request.session[TOLD] = {
        "subject": told.subject,
        "claimed": [[capacity.place, capacity.role] for capacity in told.capacities],
        "id_token": told.id_token,
    }
