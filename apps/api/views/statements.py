"""A provider states what it delivered."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from apps.api import shapes
from apps.api.answers import once
from apps.api.views.door import Door, dossier_of, operation, read, told
from apps.claims.models import Statement
from apps.claims.services import file_statement
from cstraject.delivery import Delivered


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
        if phases := sent.pop("phases", None):
            phases = {name: Delivered(**part) for name, part in phases.items()}
        return once(
            request,
            lambda actor, at: statement_told(
                file_statement(dossier=case, phases=phases, actor=actor, at=at, **sent)
            ),
            status=201,
        )


def statement_told(statement: Statement) -> dict[str, Any]:
    phases = statement.phases
    by_phase = {name: asdict(part) for name, part in phases.items()} if phases else None
    return {**told(shapes.Statement, statement), "phases": by_phase}
