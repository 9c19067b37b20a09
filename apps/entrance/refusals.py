"""Who is not let in: told in one sentence what to do, and on record."""

import logging

from allauth.account.adapter import get_adapter
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from apps.design.words import words_for
from cstraject.refusal import Refusal

logger = logging.getLogger("cstraject.sign_in")

# It is not the person who is refused: the other side does not answer.
DOWN = "acmidm-down"


def note_refusal(request: HttpRequest, reason: str) -> None:
    """Put on record that somebody was not let in, why, and from where; not who."""
    logger.warning("not let in: %s, from %s", reason, get_adapter().get_client_ip(request))


def refused(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """The page that says so. What exactly was wrong is for the record alone."""
    note_refusal(request, ":".join([refusal.code, *map(str, refusal.facts.values())]))
    return render(
        request,
        "entrance/refused.html",
        {"sentence": words_for(refusal)},
        status=503 if refusal.code == DOWN else 403,
    )
