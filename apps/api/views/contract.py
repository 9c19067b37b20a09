"""A provider's contracts and their balances."""

from rest_framework.request import Request
from rest_framework.response import Response

from apps.api import shapes
from apps.api.answers import plain
from apps.api.views.door import Door, operation
from apps.contracts.selectors import contracts_with_balances


class Contracts(Door):
    acts = {"GET": "see_dossiers"}

    @operation(
        "contract",
        "The framework contracts of this provider, with budget, committed, paid and left.",
        tells=shapes.Contracts,
    )
    def get(self, request: Request, provider: str) -> Response:
        contracts = [
            {
                "edition": contract.edition.name,
                "valid_from": contract.valid_from,
                "valid_until": contract.valid_until,
                "budget": contract.budget,
                "committed": contract.committed,
                "paid": contract.paid,
                "left": contract.left,
            }
            for contract in contracts_with_balances()
        ]
        return Response({"contracts": plain(contracts)})
