"""The framework contracts with their budgets."""

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from apps.backoffice.views.frame import show
from apps.contracts.selectors import contracts_with_balances
from apps.providers.doors import requires
from apps.providers.middleware import DoorRequest
from cstraject.money import ZERO


@requires("see_portfolio")
@require_safe
def contracts(request: DoorRequest) -> HttpResponse:
    listed = list(contracts_with_balances())
    context = {
        "contracts": [
            (contract, contract.committed / contract.budget if contract.budget else ZERO)
            for contract in listed
        ],
        "total": {
            "budget": sum((contract.budget for contract in listed), ZERO),
            "committed": sum((contract.committed for contract in listed), ZERO),
            "paid": sum((contract.paid for contract in listed), ZERO),
            "left": sum((contract.left for contract in listed), ZERO),
        },
    }
    return show(request, "backoffice/contracts.html", context, section="contracts")
