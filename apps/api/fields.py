"""What a machine may write in a field. Strict: a machine is told at once, a guess costs money."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from cstraject.money import to_cents
from cstraject.quarter import Quarter

EUROS = r"^[0-9]{1,9}(\.[0-9]{1,2})?$"
PERSON_DAYS = r"^[0-9]{1,4}(\.[0-9])?$"
QUARTER = r"^20[0-9]{2}-Q[1-4]$"


class Asked(serializers.Serializer[Any]):
    """What is sent with a request. A field that is not known here is told, never passed over."""

    def to_internal_value(self, data: Any) -> Any:
        unknown = set(data) - set(self.fields) if isinstance(data, Mapping) else ()
        if unknown:
            told = [gettext("This field is not known here.")]
            raise serializers.ValidationError({name[:40]: told for name in sorted(unknown)[:20]})
        return super().to_internal_value(data)


class ClosedSchema(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    target_class = Asked
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: Any) -> Any:
        schema = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        return {**schema, "additionalProperties": False}


class Words(serializers.CharField):
    """Text as it is: a number is told, not turned into text."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class _Text(serializers.Field[Any, Any, Any, Any]):
    """Text of one form; a number would already have lost its cents on the way."""

    form: ClassVar[str]

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str) or not re.fullmatch(self.form, data):
            self.fail("invalid")
        return self.read(data)

    def read(self, text: str) -> Any:
        raise NotImplementedError


@extend_schema_field({"type": "string", "pattern": EUROS, "example": "25150.00"})
class Euros(_Text):
    """An amount in euro, as text: `25150.00`."""

    form = EUROS
    default_error_messages = {
        "invalid": _("Give an amount in euro as text, with at most two decimals: “25150.00”.")
    }

    def read(self, text: str) -> Decimal:
        return to_cents(Decimal(text))


@extend_schema_field({"type": "string", "pattern": PERSON_DAYS, "example": "12.5"})
class PersonDays(_Text):
    """A number of person-days, as text: `12.5`."""

    form = PERSON_DAYS
    default_error_messages = {
        "invalid": _("Give a number of person-days as text, with at most one decimal: “12.5”.")
    }

    def read(self, text: str) -> Decimal:
        return Decimal(text).quantize(Decimal("0.1"))


@extend_schema_field({"type": "string", "pattern": QUARTER, "example": "2022-Q1"})
class QuarterText(_Text):
    """A quarter: `2022-Q1`."""

    form = QUARTER
    default_error_messages = {"invalid": _("Give the year and the quarter: “2022-Q1”.")}

    def read(self, text: str) -> Quarter:
        return Quarter.parse(text)


class Flag(serializers.BooleanField):
    """true or false, and no other word for it."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


@extend_schema_field({"oneOf": [{"type": "number"}, {"type": "string"}], "nullable": True})
class Figure(serializers.Field[Any, Any, Any, Any]):
    """A number as the facts about an enterprise state it: a number or text, null when unknown."""
