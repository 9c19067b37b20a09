"""A provider states what it delivered."""

from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from apps.api import shapes
from apps.api.answers import once
from apps.api.views.door import Door, dossier_of, operation, read, told
from apps.claims.services import file_statement


class Statements(Door):
    acts = {"POST": "file_dossiers"}

    @operation(
        "statement-file",
        "State what was delivered since the start, by the end of a quarter that is over."
        " Stating a quarter again corrects it, as long as no claim rests on it.",
        sends=shapes.FileStatement,
        tells=shapes.Statement,
        status=201,
    )
    def post(self, request: Request, provider: str, dossier: UUID) -> Response:
        case, sent = dossier_of(dossier), read(shapes.FileStatement, request.data)
        return once(
            request,
            lambda actor, at: told(
                shapes.Statement,
                file_statement(dossier=case, actor=actor, at=at, **sent),
            ),
            status=201,
        )
