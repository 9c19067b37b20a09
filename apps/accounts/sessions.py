"""What a session shows: when somebody signed in, by what, how lately, and as what they may act."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from allauth.account.authentication import get_authentication_records
from django.conf import settings
from django.contrib.sessions.exceptions import SessionInterrupted
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.signing import BadSignature, Signer
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from apps.accounts.models import User
from apps.accounts.selectors import Capacity, capacities_of, digest_of, shut_from

# Whatever somebody does, after so long they sign in again; when idle, `SESSION_COOKIE_AGE` ends it.
LONGEST = timedelta(hours=12)
# So long after showing who they are nobody is asked to show it again.
FRESH = timedelta(minutes=5)

Handler = Callable[[HttpRequest], HttpResponse]

# What counts as more than a password: a second factor of ours, or having signed in at ACM/IDM.
AT_ACMIDM = "socialaccount"
SECOND_FACTORS = frozenset({"mfa", AT_ACMIDM})

# In the session: what ACM/IDM told when it was opened there. It is kept nowhere else.
TOLD = "acmidm"
# In the session: what was sent and waits for its sender to show that it is they. A step of a draft,
# the longest there is to type, holds no more.
UNFINISHED, UNFINISHED_MAX = "unfinished", 200_000


def _moments(request: HttpRequest) -> list[float]:
    return [record["at"] for record in get_authentication_records(request, request.user)]


def is_too_old(request: HttpRequest, *, at: datetime) -> bool:
    """Whether a session lasts longer than any may, or does not tell when it began."""
    moments = _moments(request)
    return not moments or at.timestamp() - min(moments) > LONGEST.total_seconds()


def is_fresh(request: HttpRequest, *, at: datetime) -> bool:
    """Whether somebody showed not long ago who they are."""
    moments = _moments(request)
    return bool(moments) and at.timestamp() - max(moments) < FRESH.total_seconds()


def shows_enough(request: HttpRequest) -> bool:
    """Whether a session was opened by more than a password, where that is asked."""
    if not settings.SECOND_FACTOR:
        return True
    records = get_authentication_records(request, request.user)
    return any(record["method"] in SECOND_FACTORS for record in records)


def mark_of(address: str) -> str:
    """What stands for an account where a browser keeps it: it names nobody."""
    return digest_of(address.lower())[:16]


def keep_unfinished(request: HttpRequest, *, back: str, mark: str) -> bool:
    """Keep what somebody sent, until they have shown again that it is they; never a file.

    Whole, or not at all where it is too long. `mark` says whose it is: nobody else is offered it.
    """
    fields = [(name, value) for name, values in request.POST.lists() for value in values]
    fields = [(name, value) for name, value in fields if name != "csrfmiddlewaretoken"]
    if sum(len(value) for _, value in fields) > UNFINISHED_MAX:
        return False
    path = request.get_full_path()
    request.session[UNFINISHED] = {"mark": mark, "path": path, "fields": fields, "back": back}
    return True


def unfinished_of(request: HttpRequest) -> dict[str, Any] | None:
    """What somebody sent and is to be offered again; what is of somebody else is dropped."""
    assert isinstance(request.user, User)
    kept: dict[str, Any] | None = request.session.get(UNFINISHED)
    if kept is not None and kept["mark"] != mark_of(request.user.email):
        del request.session[UNFINISHED]
        return None
    return kept


def forget_unfinished(request: HttpRequest) -> None:
    """What was offered again is being done now."""
    kept = request.session.get(UNFINISHED)
    if kept is not None and request.method == "POST" and kept["path"] == request.get_full_path():
        del request.session[UNFINISHED]


def sealed(session_key: str) -> str:
    """What the cookie of a session holds."""
    return Signer(salt="session").sign(session_key)


def sealed_cookie(get_response: Handler) -> Handler:
    """The session's cookie carries a seal: who reads the table of sessions can take none over."""
    name = settings.SESSION_COOKIE_NAME

    def middleware(request: HttpRequest) -> HttpResponse:
        if shown := request.COOKIES.pop(name, ""):
            with suppress(BadSignature):
                request.COOKIES[name] = Signer(salt="session").unsign(shown)
        response = get_response(request)
        cookie = response.cookies.get(name)
        if cookie is not None and cookie.value:
            cookie.set(name, sealed(cookie.value), sealed(cookie.value))
        return response

    return middleware


class Sessions(SessionMiddleware):
    """Whose session ended while a page was made signs in again, and is not shown a failure."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        try:
            return super().process_response(request, response)
        except SessionInterrupted:
            return redirect("account_login")


def capacities_now(request: HttpRequest) -> list[Capacity]:
    """Everything that somebody can act as: what ACM/IDM told at signing in, or else their groups.

    What was told holds for this session alone, and only while ACM/IDM is used at all.
    """
    assert isinstance(request.user, User)
    told = request.session.get(TOLD)
    if told is None:
        return capacities_of(request.user)
    if not (request.user.is_active and settings.ACMIDM_ISSUER):
        return []
    found = (Capacity(place, role) for place, role in told["claimed"])
    shut = shut_from(request.user)
    return sorted(one for one in found if one.known and one.place not in shut)
