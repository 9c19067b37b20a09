"""A page that answered a form, at an address of its own: Back and reload show it as it was.

A browser keeps none of our pages (`Cache-Control: no-store`), and would ask to send the form once
more. What was typed stands on the page, and so is there again. It is kept among the sessions, for
as long as one may be idle: sealed, and removed like those.
"""

import base64
import zlib

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language

from apps.accounts.session_store import SessionStore

# In an address: under which name the answer is kept.
ANSWER = "answer"
# What is longer, in bytes as kept, is answered where it was sent. Of a session so many are kept.
LONGEST, KEPT = 200_000, 20
# In the session: the names of its answers, the last one last.
ANSWERS = "answers"


def _shown_to(request: HttpRequest, role: str) -> list[str]:
    """To whom, where and in which language: to nobody else, nor to them in another role."""
    return [str(request.session.session_key), role, request.path, str(get_language())]


def kept_answer(request: HttpRequest, *, role: str) -> HttpResponse | None:
    """The page that answered before, for who sent that form; else nothing, and the page anew."""
    name = request.GET.get(ANSWER)
    if not name or not name.isalnum() or request.method not in ("GET", "HEAD"):
        return None
    kept = SessionStore(name)
    if kept.get("shown_to") != _shown_to(request, role):
        return None
    page = zlib.decompress(base64.b64decode(kept["page"]))
    return HttpResponse(page, status=kept["status"])


def at_own_address(request: HttpRequest, response: HttpResponse, *, role: str) -> HttpResponse:
    """Where a browser reads a page that answers its form; what did a deed leads on by itself.

    Programs are answered at once.
    """
    answers = (
        request.method == "POST"
        and request.headers.get("Sec-Fetch-Mode") == "navigate"
        and response.status_code in (200, 409, 422)
        and response.headers.get("Content-Type", "").startswith("text/html")
        and not response.streaming
    )
    if not answers or len(page := zlib.compress(response.content)) > LONGEST:
        return response
    kept = SessionStore()
    kept["shown_to"] = _shown_to(request, role)
    kept["page"] = base64.b64encode(page).decode()
    kept["status"] = response.status_code
    kept.create()
    names = [*request.session.get(ANSWERS, []), kept.session_key]
    for name in names[:-KEPT]:
        SessionStore(name).delete()
    request.session[ANSWERS] = names[-KEPT:]
    asked = request.GET.copy()
    asked[ANSWER] = str(kept.session_key)
    there = redirect(f"{request.path}?{asked.urlencode()}")
    there.cookies = response.cookies
    return there
