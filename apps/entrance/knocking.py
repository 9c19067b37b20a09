"""How often somebody may try to get in: counted by where they try from, never by account alone.

A browser in which somebody got in before is known for their account, by a sealed cookie. It has a
count of its own: neither a colleague at the same place nor a thousand other places keep its owner
out. Whoever takes the cookie may try as often as any place, and no more.
"""

import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from allauth.core.internal import ratelimit
from django.conf import settings
from django.core.signing import BadSignature, dumps, loads
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext, override

from apps.accounts.refusals import note_refusal, place_of
from apps.accounts.sessions import mark_of, shows_enough
from apps.notices.services import post_mail

PASSWORD, CODE = ("password", "code")
# Of so many accounts a browser is known: the last ones that got in by it.
KNOWN_MAX = 10
SALT = "known browser"


@dataclass(frozen=True)
class Try:
    """One try, as it was counted before it was known to be right."""

    counted: list[Any]

    def worked(self) -> None:
        """It was right: it does not count."""
        for usage in self.counted:
            usage.rollback()


def knock(request: HttpRequest, what: str, *, address: str) -> Try | None:
    """Count a try to get in with a password or a code; None, and on record, if it is too many."""
    known = _known(request)
    browser = known["browser"] if mark_of(address) in known["accounts"] else ""
    where = browser or place_of(request)
    limits = [(what, f"{address}:{where}")]
    if not browser:
        limits.append(("place", where))
        if what == CODE:
            # A code has six digits: many places together guess no more than a few.
            limits.append(("code_elsewhere", address))
    counted = []
    for action, key in limits:
        usage = ratelimit.consume(request, app="allauth.account", action=action, key=key)
        if usage is None:
            note_refusal(request, f"held-back: {what}", address=address)
            if what == CODE:
                _tell_owner(request, address)
            return None
        counted.append(usage)
    return Try(counted)


def _tell_owner(request: HttpRequest, address: str) -> None:
    """Who gets as far as a code knows the password: its owner hears of it, once a day."""
    if not ratelimit.consume(request, app="allauth.account", action="told_of_codes", key=address):
        return
    text = []
    for language in ("nl", "en"):
        with override(language):
            text.append(render_to_string("entrance/codes_tried.txt").strip())
    with override("nl"):
        subject = gettext("Wrong codes for your account")
    post_mail(to=address, subject=subject, text="\n\n---\n\n".join(text), at=timezone.now())


def remember_browser(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Know a browser for whoever just got in by it (`got_in`), and for whom it was known before.

    Who got in last (`was_in`) is offered again what was sent after their session had ended.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        request.was_in = next(iter(_known(request)["accounts"]), "")  # type: ignore[attr-defined]
        response = get_response(request)
        address = getattr(request, "got_in", "")
        if address and shows_enough(request):
            known = _known(request)
            mark = mark_of(address)
            others = [other for other in known["accounts"] if other != mark]
            told = {
                "browser": known["browser"] or secrets.token_urlsafe(12),
                "accounts": [mark, *others][:KNOWN_MAX],
            }
            response.set_cookie(
                settings.KNOWN_BROWSER_COOKIE,
                dumps(told, salt=SALT),
                max_age=settings.KNOWN_BROWSER_SECONDS,
                secure=settings.SESSION_COOKIE_SECURE,
                httponly=True,
                samesite="Lax",
            )
        return response

    return middleware


def _known(request: HttpRequest) -> dict[str, Any]:
    sealed = request.COOKIES.get(settings.KNOWN_BROWSER_COOKIE, "")
    with suppress(BadSignature):
        told: dict[str, Any] = loads(sealed, salt=SALT, max_age=settings.KNOWN_BROWSER_SECONDS)
        return told
    return {"browser": "", "accounts": []}
