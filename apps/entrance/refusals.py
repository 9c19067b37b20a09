"""Whoever was not let in stands on record: why, from where, and whose address they gave."""

from allauth.account.adapter import get_adapter
from django.db import connection
from django.http import HttpRequest
from django.utils import timezone


def note_refusal(request: HttpRequest, reason: str, *, address: str = "") -> None:
    """Put a refusal on record; the page that tells it says nothing of the account."""
    origin = get_adapter().get_client_ip(request) or ""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT cst_note_refusal(%s, %s, %s, %s)", [address, reason, origin, timezone.now()]
        )
