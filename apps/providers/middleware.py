"""The scope of a request, from its URL. Who is there is read first, as the doorkeeper.

A door is the namespace of the URL. Somebody without any right at a provider, or at the agency,
gets the same answer as for an address that does not exist.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import Resolver404, resolve
from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.selectors import agency_acts_of, user_of_token
from apps.providers.models import Provider
from apps.providers.scope import across_providers, inside
from apps.providers.selectors import acts_at, provider_by_slug


class DoorRequest(HttpRequest):
    """A request that came through a door: who is there, and what they may do here."""

    user: User
    acts: frozenset[str]
    provider: Provider


def scope(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[..., HttpResponse]:
    def middleware(request: DoorRequest) -> HttpResponse:
        try:
            match = resolve(request.path_info)
        except Resolver404:
            return get_response(request)
        door = match.namespaces[0] if match.namespaces else ""
        request.acts = frozenset()
        if door == "api":
            request.user = _machine(request)  # type: ignore[assignment]
        if door not in ("portal", "api", "backoffice"):
            return get_response(request)
        if not request.user.is_authenticated:
            if door == "api":
                return JsonResponse(
                    {"code": "sign-in", "message": "A valid token is needed.", "facts": {}},
                    status=401,
                    headers={"WWW-Authenticate": "Bearer"},
                )
            return redirect_to_login(request.get_full_path(), settings.LOGIN_URL)
        scope: AbstractContextManager[None] = nullcontext()
        if door == "backoffice":
            request.acts = agency_acts_of(request.user)
            scope = across_providers()
        elif provider := provider_by_slug(match.kwargs["provider"]):
            request.provider = provider
            request.acts = acts_at(provider, user=request.user)
            scope = inside(provider.pk)
        with scope:
            return get_response(request)

    return middleware


def _machine(request: HttpRequest) -> User | AnonymousUser:
    """A machine signs each request with its token; a browser's session does not count here."""
    kind, _, secret = request.headers.get("Authorization", "").partition(" ")
    user = user_of_token(secret.strip(), at=timezone.now()) if kind == "Bearer" else None
    return user or AnonymousUser()


def must_have_acts(request: DoorRequest, act: str) -> bool:
    """Whether an insider may do this; an outsider is told that there is nothing here (404)."""
    if not request.acts:
        raise Http404
    return act in request.acts
