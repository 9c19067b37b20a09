"""Whoever is not let in stands on record: why, from where, and whose address they gave."""

import ipaddress
import logging

import redis
from allauth.account.adapter import get_adapter
from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import HttpRequest
from django.utils import timezone

logger = logging.getLogger(__name__)
# Of the addresses of IPv6 one line has as many as it likes.
ONE_LINE = 64


def origin_of(request: HttpRequest) -> str:
    """The address that somebody comes from; empty where the server does not tell it."""
    try:
        return str(get_adapter().get_client_ip(request) or "")
    except PermissionDenied:  # So the library says that it is not told.
        return ""


def place_of(request: HttpRequest) -> str:
    """From where somebody tries: an address, of IPv6 the network that one line has."""
    address = origin_of(request)
    try:
        read = ipaddress.ip_address(address)
    except ValueError:
        return address
    if read.version == 4:
        return str(read)
    return str(ipaddress.ip_network((read, ONE_LINE), strict=False).network_address)


def note_refusal(request: HttpRequest, reason: str, *, address: str = "") -> bool:
    """Put on record that somebody was not let in; False once a place was refused too often.

    The record is never emptied, so nobody may fill it: of one kind of reason in one minute only the
    first `REFUSALS_PER_MINUTE` from one place are written, and that more came.
    """
    nth = _nth(f"refusals:{reason.partition(':')[0]}:{place_of(request)}")
    if nth > settings.REFUSALS_PER_MINUTE + 1:
        return False
    within = nth <= settings.REFUSALS_PER_MINUTE
    told = reason if within else f"more: {reason}"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT cst_note_refusal(%s, %s, %s, %s)",
            [address, told, origin_of(request), timezone.now()],
        )
    return within


def _nth(counted: str) -> int:
    """Which one in this minute; the first, where nothing can be counted."""
    try:
        cache.add(counted, 0, timeout=60)
        return int(cache.incr(counted))
    except ValueError:  # The minute ended in between.
        return 1
    except redis.RedisError:
        logger.warning("refusals are not counted: Redis does not answer")
        return 1
