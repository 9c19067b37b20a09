"""How this door answers: amounts, days and identifiers as text; a request with a key only once."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, cast

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.models import User
from apps.providers.middleware import DoorRequest
from apps.receipts.services import answer_once

IDEMPOTENCY_KEY = "Idempotency-Key"


def plain(value: Any) -> Any:
    """A value as JSON tells it: 15000.50 and 2022-03-31 as text, never as a rounded number."""
    if isinstance(value, bool | int | None):
        return value
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return str(value)


def once(
    request: Request,
    do: Callable[[User, datetime], Mapping[str, Any]],
    *,
    status: int = 200,
    asked: Any = None,
) -> Response:
    """Do it, and keep the answer under the caller's key; asked again, answer without doing.

    `asked` is what was sent, if that is not the JSON of the body.
    """
    door, at = cast(DoorRequest, request._request), timezone.now()
    sent = json.dumps(request.data if asked is None else asked, sort_keys=True)
    status, told = answer_once(
        provider_id=door.provider.pk,
        key=request.headers.get(IDEMPOTENCY_KEY, "").strip(),
        asked=f"{door.method} {door.path}\n{sent}".encode(),
        at=at,
        answer=lambda: (status, plain(do(door.user, at))),
    )
    return Response(told, status=status)
