"""A provider claims a tranche."""

from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from apps.api import shapes
from apps.api.answers import once
from apps.api.views.door import Door, dossier_of, operation, read, told
from apps.claims.services import file_claim


class Claims(Door):
    acts = {"POST": "claim_tranches"}

    @operation(
        "claim-file",
        "Claim a tranche in the window after a quarter, on that quarter's statement."
        " The amount follows from the rules.",
        sends=shapes.FileClaim,
        tells=shapes.Claim,
        status=201,
    )
    def post(self, request: Request, provider: str, dossier: UUID) -> Response:
        case, sent = dossier_of(dossier), read(shapes.FileClaim, request.data)
        return once(
            request,
            lambda actor, at: told(
                shapes.Claim, file_claim(dossier=case, actor=actor, at=at, **sent)
            ),
            status=201,
        )
