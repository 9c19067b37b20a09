"""What one may do: answer a request once, and the same again when it is asked again."""

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from apps.receipts.models import Receipt
from cstraject.refusal import Refusal


@transaction.atomic
def answer_once(
    *,
    provider_id: int,
    key: str,
    asked: bytes,
    at: datetime,
    answer: Callable[[], tuple[int, Any]],
) -> tuple[int, Any]:
    """The (status, answer) kept under this key, or a fresh one, kept with what it did.

    Two requests with one key at the same moment: the second waits for the first. A key that
    comes back with another question is refused (`idempotency-mismatch`), as is an empty or
    overlong one (`idempotency-missing`). A refusal keeps nothing, so it may be tried again.
    """
    if not 0 < len(key) <= 100 or not key.isprintable():
        raise Refusal("idempotency-missing")
    fingerprint = hashlib.sha256(asked).hexdigest()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, %s))", [key, provider_id])
    kept = Receipt.objects.filter(provider_id=provider_id, key=key).first()
    if kept is not None:
        if kept.fingerprint != fingerprint:
            raise Refusal("idempotency-mismatch")
        return kept.status, kept.answer
    status, given = answer()
    Receipt.objects.create(
        provider_id=provider_id,
        key=key,
        fingerprint=fingerprint,
        status=status,
        answer=given,
        at=at,
    )
    return status, given
