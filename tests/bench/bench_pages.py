"""What pages cost at 200,000 dossiers, from request to answer, against a page without any data."""

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from apps.dossiers.models import Dossier
from apps.providers.scope import across_providers
from tests import factories as make
from tests.bench.conftest import side_by_side


@pytest.fixture(scope="module")
def people(many):
    with across_providers(), transaction.atomic():
        contract = many.contracts[0]
        dossier = Dossier.objects.filter(contract=contract, state="in_delivery").first()
        manager = make.make_member(contract.provider, "manager")
        return contract, dossier, manager, make.make_officer("reviewer")


def pages_of(contract, dossier):
    slug = contract.provider.slug
    provider = {
        "overview": reverse("portal:overview", args=[slug]),
        "overview, one status": reverse("portal:overview", args=[slug]) + "?state=submitted",
        "dossier": reverse("portal:dossier", args=[slug, dossier.pk]),
        "claims": reverse("portal:claims", args=[slug]),
    }
    agency = {
        "to do": reverse("backoffice:work"),
        "dossiers": reverse("backoffice:dossiers"),
        "dossiers, by a name": reverse("backoffice:dossiers") + "?named=Voorbeeld+1000",
        "dossier": reverse("backoffice:dossier", args=[dossier.pk]),
        "claims": reverse("backoffice:claims"),
        "contracts": reverse("backoffice:contracts"),
        "contract": reverse("backoffice:contract", args=[contract.pk]),
        "runs": reverse("backoffice:runs"),
        "register": reverse("backoffice:register"),
    }
    return {"provider": provider, "agency": agency}


@pytest.mark.parametrize("side", ["provider", "agency"])
def test_pages(people, side):
    contract, dossier, manager, reviewer = people
    client = Client(headers={"accept-language": "nl"})
    make.sign_in(client, manager if side == "provider" else reviewer)

    def page(address):
        def ask():
            answer = client.get(address)
            assert answer.status_code == 200, (address, answer.status_code)
            return len(answer.content)

        return ask

    cases = {name: page(address) for name, address in pages_of(contract, dossier)[side].items()}
    cases["who may do what: no data"] = page(reverse("rights"))
    side_by_side(f"pages of the {side}", cases, times=3)
