"""The scope of a request, from its URL. Who is there is read first, as the doorkeeper.

A door is the namespace of the URL. Somebody without any role at a provider, or at the agency, gets
the same answer as for an address that does not exist, after the same questions to the database.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import SESSION_KEY, logout
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.shortcuts import redirect
from django.urls import Resolver404, ResolverMatch, resolve, reverse
from django.utils import timezone
from django.utils.translation import gettext

from apps.accounts.answers import at_own_address, kept_answer
from apps.accounts.models import User
from apps.accounts.refusals import note_refusal
from apps.accounts.selectors import AT_AGENCY, Capacity, agency_acts_as
from apps.accounts.sessions import (
    capacities_now,
    forget_unfinished,
    is_too_old,
    keep_unfinished,
    mark_of,
    shows_enough,
)
from apps.design.middleware import page_above
from apps.design.words import words_for_role
from apps.providers.models import Provider
from apps.providers.scope import across_providers, inside
from apps.providers.selectors import acts_at, provider_by_slug, shown_key
from cstraject.roles import MACHINE_ACTS

# In the session: as which role somebody acts, by place, where they have more than one there.
ACTING = "acting"

# In the place of a provider that is not there: owns nothing, and takes as long to be told so.
NOBODY = 0


class DoorRequest(HttpRequest):
    """A request that came through a door: who is there, as what, and what they may do here."""

    user: User
    acting: Capacity
    acts: frozenset[str]
    provider: Provider
    capacities: list[Capacity]
    """Everything that this person can act as, anywhere."""


def scope(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[..., HttpResponse]:
    def middleware(request: DoorRequest) -> HttpResponse:
        try:
            match = resolve(request.path_info)
        except Resolver404:
            return get_response(request)
        door = match.namespaces[0] if match.namespaces else ""
        request.acts, request.capacities = frozenset(), []
        if door == "api":
            return _for_a_machine(request, match, get_response)
        _end_what_is_over(request)
        if door not in ("portal", "backoffice"):
            return get_response(request)
        if not request.user.is_authenticated:
            page = page_to_come_back_to(request, mark=getattr(request, "was_in", ""))
            if page == reverse("go-on"):
                kept = gettext("You were signed out. Sign in: what you sent is offered again then.")
                messages.info(request, kept)
            return redirect_to_login(page, settings.LOGIN_URL)
        if not shows_enough(request):
            return redirect("second-factor")
        request.capacities = capacities_now(request)
        place = match.kwargs["provider"] if door == "portal" else AT_AGENCY
        provider = provider_by_slug(place) if door == "portal" else None
        here = [capacity for capacity in request.capacities if capacity.place == place]
        acting = _chosen(request, here)
        if acting is None and here:
            page = page_to_come_back_to(request, mark=mark_of(request.user.email))
            query = urlencode({"next": page})
            return redirect(f"{reverse(settings.LOGIN_REDIRECT_URL)}?{query}")
        scope: AbstractContextManager[None]
        role = acting.role if acting else ""
        if door == "backoffice":
            request.acts = agency_acts_as(role)
            scope = across_providers()
        else:
            # Of a provider that does not exist the same is asked as of one that is not yours.
            request.provider = provider or Provider(pk=NOBODY, slug=place)
            request.acts = acts_at(request.provider, role=role)
            scope = inside(request.provider.pk)
        if acting:
            request.acting = acting
        forget_unfinished(request)
        kept = kept_answer(request, role=role)
        with scope:
            response = kept or get_response(request)
        if acting:
            response = at_own_address(request, response, role=role)
        else:
            # It may be the cookie of somebody who was shut out, or somebody who tries addresses.
            note_refusal(request, "no-role-here", address=request.user.email)
        return response

    return middleware


def page_to_come_back_to(request: HttpRequest, *, mark: str) -> str:
    """Where somebody goes on once they are in: for what they sent, where it is offered again.

    It is done only when they say so there. `mark` says whose it is; it was sent from a page of
    theirs, or it is not kept.
    """
    if request.method != "POST":
        return request.get_full_path()
    forged = CsrfViewMiddleware(lambda _: HttpResponse()).process_view(
        request, lambda _: HttpResponse(), (), {}
    )
    back = page_above(request.path)
    if forged or not mark or not keep_unfinished(request, back=back, mark=mark):
        messages.warning(request, gettext("What you sent just now is not kept."))
        return back
    if request.FILES:
        messages.warning(request, gettext("Choose this file again: it is not kept."))
    return reverse("go-on")


def _end_what_is_over(request: DoorRequest) -> None:
    """Sign out, at every address, who was in for too long, and whose account was shut meanwhile."""
    if request.user.is_authenticated:
        if is_too_old(request, at=timezone.now()):
            logout(request)
    elif SESSION_KEY in request.session:
        shut = User.objects.filter(pk=request.session[SESSION_KEY]).first()
        note_refusal(request, "account-shut", address=shut.email if shut else "")
        logout(request)


def acting_as(request: HttpRequest) -> dict[str, Any]:
    """For every page inside a door, also one that says no: as what somebody acts there."""
    acting: Capacity | None = getattr(request, "acting", None)
    if acting is None:
        return {}
    assert isinstance(request, HttpRequest)
    place = "VLAIO" if acting.place == AT_AGENCY else request.provider.name  # type: ignore[attr-defined]
    return {
        "acting_as": f"{place} · {words_for_role(acting.role)}",
        "can_change": len(request.capacities) > 1,  # type: ignore[attr-defined]
    }


def _chosen(request: HttpRequest, here: list[Capacity]) -> Capacity | None:
    """The one role somebody has here, or which of several was chosen for this session."""
    if len(here) == 1:
        return here[0]
    chosen = request.session.get(ACTING, {})
    return next((c for c in here if chosen.get(c.place) == c.role), None)


def act_as(request: HttpRequest, capacity: Capacity) -> None:
    """From now on, in this session, act in this role at its place."""
    request.session[ACTING] = {**request.session.get(ACTING, {}), capacity.place: capacity.role}


def _for_a_machine(
    request: DoorRequest,
    match: ResolverMatch,
    get_response: Callable[[HttpRequest], HttpResponse],
) -> HttpResponse:
    """A machine signs each request with its key; a browser's session does not count here."""
    kind, _, secret = request.headers.get("Authorization", "").partition(" ")
    shown = shown_key(secret.strip(), at=timezone.now()) if kind.lower() == "bearer" else None
    if shown is None:
        request.user = AnonymousUser()  # type: ignore[assignment]
        # Only who shows none that is good is held back: a stranger keeps no machine out.
        if not note_refusal(request, "machine-key"):
            return JsonResponse(
                {
                    "code": "throttled",
                    "message": gettext("Too many requests. Wait a minute."),
                    "facts": {},
                },
                status=429,
                headers={"Retry-After": "60"},
            )
        return JsonResponse(
            {"code": "sign-in", "message": gettext("A valid token is needed."), "facts": {}},
            status=401,
            headers={"WWW-Authenticate": "Bearer"},
        )
    request.user = User.objects.get(pk=shown.user_id)
    provider = provider_by_slug(match.kwargs["provider"])
    request.provider = provider or Provider(pk=NOBODY)
    at_home = request.provider.pk == shown.provider_id
    if at_home:
        request.acts = MACHINE_ACTS & set(shown.acts)
    with inside(request.provider.pk):
        response = get_response(request)
    if not at_home:
        note_refusal(request, "no-role-here", address=request.user.email)
    return response


def must_have_acts(request: DoorRequest, act: str) -> bool:
    """Whether an insider may do this; an outsider is told that there is nothing here (404)."""
    if not request.acts:
        raise Http404
    return act in request.acts
