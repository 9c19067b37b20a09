"""JSON as this door reads it: small, shallow, and only text that can be stored."""

import json
from collections.abc import Mapping
from typing import IO, Any

from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

BYTES_MAX = 1024 * 1024
DEPTH_MAX = 20


class UnreadableBody(ParseError):
    default_code = "unreadable-body"
    default_detail = _(
        "The body of this request cannot be read. Check that it is complete: JSON in UTF-8 of"
        " at most 1 MB without NUL characters, or the parts of a form."
    )


class StrictJson(BaseParser):
    """Refuses what other readers let pass: NaN, lone surrogates, NUL, endless nesting or length."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        body = stream.read(BYTES_MAX + 1)
        if len(body) > BYTES_MAX:
            raise UnreadableBody
        try:
            data = json.loads(body.decode("utf-8"), parse_constant=_no_constant)
            _must_be_plain(data, depth=0)
        except (ValueError, RecursionError):
            raise UnreadableBody from None
        return data


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _must_be_plain(data: Any, *, depth: int) -> None:
    if depth > DEPTH_MAX:
        raise ValueError("nested too deep")
    if isinstance(data, str):
        if "\x00" in data:
            raise ValueError("NUL")
        data.encode()  # A lone surrogate is a ValueError.
    elif isinstance(data, dict):
        for name, value in data.items():
            _must_be_plain(name, depth=depth + 1)
            _must_be_plain(value, depth=depth + 1)
    elif isinstance(data, list):
        for item in data:
            _must_be_plain(item, depth=depth + 1)
    elif data in (float("inf"), float("-inf")):
        raise ValueError("1e400")  # JSON knows no infinity, and neither does what we store.
