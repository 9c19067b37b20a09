"""Every error has one shape: {"code", "message", "facts"}."""

from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views import defaults
from psycopg.errors import LockNotAvailable
from rest_framework.exceptions import APIException, ParseError, ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler, set_rollback

from apps.api.answers import plain
from apps.api.parsers import UnreadableBody
from apps.design.words import BUSY, words_for
from cstraject.refusal import Refusal

NOTHING_HERE = gettext_noop("There is nothing here. Check the address.")


def handle(exc: Exception, context: dict[str, Any]) -> Response | None:
    """A Refusal is an answer, not an accident: 409, with a code that callers may rely on."""
    if isinstance(exc, Refusal):
        set_rollback()
        return _answer(409, exc.code, words_for(exc), plain(exc.facts))
    if isinstance(exc, OperationalError) and isinstance(exc.__cause__, LockNotAvailable):
        set_rollback()
        return _answer(503, "busy", _(BUSY), {})
    if isinstance(exc, ParseError | SuspiciousOperation):
        exc = UnreadableBody()
    response = exception_handler(exc, context)
    if response is None:
        return None
    if isinstance(exc, ValidationError):
        message = _("Some fields are missing or wrong; the facts name them.")
        return _answer(400, "invalid", message, response.data)
    if isinstance(exc, Http404):
        # One answer, whether it does not exist or is another's.
        return _answer(404, "not-found", _(NOTHING_HERE), {})
    code = str(exc.default_code) if isinstance(exc, APIException) else "permission-denied"
    answer = _answer(
        response.status_code, code.replace("_", "-"), str(response.data.get("detail", "")), {}
    )
    for name, value in response.headers.items():
        answer[name] = value
    return answer


def nothing_here(request: HttpRequest, exception: Exception) -> HttpResponse:
    """An address that no view serves: a machine is told so in the one shape of its errors."""
    if not request.path.startswith("/api/"):
        return defaults.page_not_found(request, exception)
    told = {"code": "not-found", "message": _(NOTHING_HERE), "facts": {}}
    return JsonResponse(told, status=404)


def _answer(status: int, code: str, message: str, facts: Any) -> Response:
    return Response({"code": code, "message": message, "facts": facts}, status=status)
