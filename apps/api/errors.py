"""Every error has one shape: {"code", "message", "facts"}."""

from typing import Any

from django.http import Http404
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler

from apps.design.words import words_for
from cstraject.refusal import Refusal


def handle(exc: Exception, context: dict[str, Any]) -> Response | None:
    """A Refusal is an answer, not an accident: 409, with a code that callers may rely on."""
    if isinstance(exc, Refusal):
        return Response(
            {"code": exc.code, "message": words_for(exc), "facts": _plain(exc.facts)}, status=409
        )
    response = exception_handler(exc, context)
    if response is None:
        return None
    code, facts = "error", {}
    if isinstance(exc, ValidationError):
        code, facts = "invalid", response.data
    elif isinstance(exc, Http404):
        code = "not-found"
    elif isinstance(exc, APIException):
        code = str(exc.default_code).replace("_", "-")
    message = response.data.get("detail", "") if isinstance(response.data, dict) else ""
    response.data = {
        "code": code,
        "message": str(message) or "Some fields are missing or wrong; see facts.",
        "facts": facts,
    }
    return response


def _plain(facts: dict[str, object]) -> dict[str, object]:
    return {
        name: value
        if isinstance(value, bool | int | None)
        else [str(item) for item in value]
        if isinstance(value, list | tuple)
        else str(value)
        for name, value in facts.items()
    }
