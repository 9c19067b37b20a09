"""What pages cost at 200,000 dossiers, through everything that a browser goes through."""

from datetime import UTC, datetime

from django.db import transaction
from django.test import Client
from django.utils import timezone

from apps.dossiers.models import Dossier
from apps.providers.scope import across_providers
from tests import factories as make
from tests.bench.conftest import side_by_side

NOW = datetime(2022, 4, 6, 9, tzinfo=UTC)


def test_pages_of_both_desks(many, monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    largest = many.contracts[0]
    with transaction.atomic(), across_providers():
        manager, officer = make.make_member(largest.provider, "manager"), make.make_officer()
        dossier = Dossier.objects.filter(contract=largest, state="in_delivery").first()
    portal, agency = Client(), Client()
    make.sign_in(portal, manager)
    make.sign_in(agency, officer)
    place = f"/p/{largest.provider.slug}/"
    pages = {
        "overview of the largest provider": (portal, place),
        "its claims": (portal, f"{place}claims/"),
        "one dossier at the provider": (portal, f"{place}dossiers/{dossier.pk}/"),
        "all dossiers": (agency, "/agency/"),
        "a search by name": (agency, "/agency/?named=voorbeeld"),
        "one dossier at the agency": (agency, f"/agency/dossiers/{dossier.pk}/"),
        "what there is to do": (agency, "/agency/work/"),
        "claims to verify": (agency, "/agency/claims/"),
        "contracts": (agency, "/agency/contracts/"),
        "one contract with its picture": (agency, f"/agency/contracts/{largest.pk}/"),
        "answer as of a day": (agency, "/agency/answer/?as_of=01/04/2022"),
        "editions (holds no dossier)": (agency, "/agency/editions/"),
    }

    def opened(browser, address):
        def go():
            assert browser.get(address).status_code == 200, address

        return go

    side_by_side(
        "pages at 200,000 dossiers",
        {name: opened(*where) for name, where in pages.items()},
        times=5,
    )
