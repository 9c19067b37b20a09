"""Whoever is not let in stands on record: why, from where, and whose address they gave."""

from contextlib import suppress

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest
from django.utils import timezone


def note_refusal(request: HttpRequest, reason: str, *, address: str = "") -> bool:
    """Put on record that somebody was not let in; False once a place was refused too often.

    The record is never emptied, so nobody may fill it: of those in one minute only the first
    `REFUSALS_PER_MINUTE` from one place are written.
    """
    origin = get_adapter().get_client_ip(request) or ""
    counted = f"refusals:{origin}"
    cache.add(counted, 0, timeout=60)
    with suppress(ValueError):  # The minute ended in between.
        if cache.incr(counted) > settings.REFUSALS_PER_MINUTE:
            return False
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT cst_note_refusal(%s, %s, %s, %s)", [address, reason, origin, timezone.now()]
        )
    return True
