"""What every operation of this door begins with: its acts, its description, what was sent."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, TypeVar, cast
from uuid import UUID

from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.api import shapes
from apps.api.answers import IDEMPOTENCY_KEY
from apps.api.fields import Asked
from apps.api.parsers import StrictJson
from apps.dossiers.models import Dossier
from apps.providers.middleware import DoorRequest

Method = TypeVar("Method", bound=Callable[..., Any])

KEY = OpenApiParameter(
    IDEMPOTENCY_KEY,
    str,
    OpenApiParameter.HEADER,
    required=True,
    description=(
        "A key of the caller's own, up to 100 characters. The same request with the same key is"
        " answered as before and does nothing twice; after a refusal it may be tried again."
    ),
)
PROVIDER = OpenApiParameter(
    "provider",
    str,
    OpenApiParameter.PATH,
    description="Short name of the provider, as in the addresses of the portal.",
)
DONE = {200: "As it stands now.", 201: "Received and kept."}
REFUSALS = {
    400: "The request cannot be read, or a field is missing or wrong.",
    401: "There is no valid token.",
    403: "The caller belongs to this provider, but has no right to do this.",
    404: "There is nothing here for this caller.",
    409: "The programme refuses: the code says why, the facts with which figures.",
    415: "The body is of another media type.",
    429: "This key asks too often: Retry-After says in how many seconds it may ask again.",
    503: "Somebody else is at work on the same. Try again in a moment.",
}


class Door(APIView):
    """An address of this door, with the act that each of its methods needs."""

    http_method_names = ["get", "head", "post"]
    parser_classes: Sequence[type[BaseParser]] = (StrictJson,)
    acts: ClassVar[dict[str, str]] = {}


class Nothing(Door):
    """Any other address: the same answer as for what is another's."""

    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise Http404


def operation(
    name: str,
    says: str,
    *,
    tells: Any,
    status: int = 200,
    query: Any = None,
    sends: Any = None,
    refuses: bool = False,
) -> Callable[[Method], Method]:
    """Describe an operation; one that sends something needs a key and may be refused."""
    errors = [401, 403, 404, 429, 503]
    if query is not None:
        errors = [400, *errors]
    if sends is not None:
        errors = [400, *errors, 409, 415]
    if refuses:
        errors = [*errors, 409]
    described: Callable[[Method], Method] = extend_schema(
        operation_id=name,
        description=says,
        request=sends,
        parameters=[PROVIDER, *([KEY] if sends else []), *([query] if query else [])],
        responses={
            status: OpenApiResponse(tells, DONE[status]),
            **{code: OpenApiResponse(shapes.Error, REFUSALS[code]) for code in errors},
        },
    )
    return described


def read(shape: type[Asked], data: Any) -> dict[str, Any]:
    """What was sent, as its shape says; 400 with the messages per field otherwise."""
    sent = shape(data=data)
    sent.is_valid(raise_exception=True)
    return dict(sent.validated_data)


def told(shape: type[shapes.Told], row: Any) -> dict[str, Any]:
    """The fields of a shape, from what is stored under the same names."""
    return {name: getattr(row, name) for name in fields_of(shape)}


def fields_of(shape: type[shapes.Told]) -> tuple[str, ...]:
    return tuple(shape._declared_fields)


def provider_id(request: Request) -> int:
    return cast(DoorRequest, request._request).provider.pk


def dossier_of(pk: UUID) -> Dossier:
    """A dossier in scope; another provider's is not there."""
    dossier = (
        Dossier.objects.select_related("contract__edition", "assessment").filter(pk=pk).first()
    )
    if dossier is None:
        raise Http404
    return dossier
