"""Who is not let in: told in one sentence what to do, and on record."""

from contextlib import suppress

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from apps.design.words import words_for
from cstraject.refusal import Refusal

# It is not the person who is refused: the other side does not answer.
DOWN = "acmidm-down"


def note_refusal(request: HttpRequest, reason: str, *, address: str = "") -> None:
    """Put on record that somebody was not let in: why, from where, and whose address they gave."""
    origin = get_adapter().get_client_ip(request) or ""
    # The record is never emptied, so nobody may fill it.
    counted = f"refusals:{origin}"
    cache.add(counted, 0, timeout=60)
    with suppress(ValueError):  # The minute ended in between.
        if cache.incr(counted) > settings.REFUSALS_PER_MINUTE:
            return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT cst_note_refusal(%s, %s, %s, %s)", [address, reason, origin, timezone.now()]
        )


def refused(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """The page that says so. What exactly was wrong is for the record alone."""
    note_refusal(request, ":".join([refusal.code, *map(str, refusal.facts.values())]))
    return render(
        request,
        "entrance/refused.html",
        {"sentence": words_for(refusal)},
        status=503 if refusal.code == DOWN else 403,
    )
