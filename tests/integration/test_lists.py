"""Lists of dossiers: what is searched, filtered and sorted on the page is what the file holds."""

import csv
from io import BytesIO, StringIO

import openpyxl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.providers.scope import across_providers
from tests import factories as make

FORMULA = '=HYPERLINK("http://evil.example","klik")'
ASKED = [
    "",
    "state=approved",
    "order=enterprise_name",
    "order=-enterprise_name&state=approved",
    "order=granted_incl_vat",
    "named=Voorbeeld",
    "named=ALFA-2022-002",
    "order=nonsense&state=nonsense",
]


@pytest.fixture
def world(db):
    with across_providers():
        alfa, beta = make.make_provider("alfa"), make.make_provider("beta")
        contract, other = make.make_contract(alfa, budget="500000.00"), make.make_contract(beta)
        make.approved(contract, price="27000.00")
        make.approved(contract)
        make.submitted(contract, name=FORMULA)
        make.submitted(other, name="Van een ander")
        return {
            "contract": contract,
            "portal": (make.make_member(alfa, "reader"), "/p/alfa/", "/p/alfa/dossiers/file/"),
            "office": (make.make_officer("auditor"), "/agency/", "/agency/dossiers/file/"),
        }


def browser_of(person) -> Client:
    client = Client(headers={"accept-language": "nl"})
    make.sign_in(client, person)
    return client


@pytest.mark.parametrize("door", ["portal", "office"])
@pytest.mark.parametrize("asked", ASKED)
def test_a_file_holds_exactly_what_the_page_lists(world, door, asked):
    person, page, file = world[door]
    client = browser_of(person)
    shown = client.get(f"{page}?{asked}")
    assert shown.status_code == 200
    listed = [dossier.reference for dossier in shown.context["page"]]
    of_excel = openpyxl.load_workbook(BytesIO(client.get(f"{file}xlsx/?{asked}").content)).active
    assert [row[0] for row in of_excel.iter_rows(min_row=2, values_only=True)] == listed
    text = client.get(f"{file}csv/?{asked}").content.decode("utf-8-sig")
    assert [row[0] for row in csv.reader(StringIO(text), delimiter=";")][1:] == listed
    for _, address in shown.context["exports"]:
        assert client.get(address).status_code == 200


def test_the_order_is_the_one_that_was_asked(world):
    person, page, _ = world["office"]
    client = browser_of(person)
    names = [
        [dossier.enterprise_name for dossier in client.get(f"{page}?order={way}").context["page"]]
        for way in ("enterprise_name", "-enterprise_name")
    ]
    assert names[0] == sorted(names[0]) == names[1][::-1]
    granted = [
        d.granted_incl_vat for d in client.get(f"{page}?order=granted_incl_vat").context["page"]
    ]
    assert granted == [*sorted(g for g in granted if g is not None), None, None]
    heading = client.get(f"{page}?order=enterprise_name").content.decode()
    assert 'aria-sort="ascending"><a href="?order=-enterprise_name"' in heading


def test_a_text_is_never_a_formula_in_a_file(world):
    person, _, file = world["portal"]
    client = browser_of(person)
    sheet = openpyxl.load_workbook(BytesIO(client.get(f"{file}xlsx/").content)).active
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value]
    assert FORMULA in [cell.value for cell in cells]
    assert {cell.data_type for cell in cells} <= {"s", "n", "d"}
    assert f"'{FORMULA}" in {
        cell
        for row in csv.reader(
            StringIO(client.get(f"{file}csv/").content.decode("utf-8-sig")), delimiter=";"
        )
        for cell in row
    }


def test_a_provider_exports_its_own_dossiers_alone(world):
    person, _, file = world["portal"]
    client = browser_of(person)
    assert b"Van een ander" not in client.get(f"{file}csv/").content
    assert client.get("/p/beta/dossiers/file/csv/").status_code == 404
    assert client.get(f"{file}pdf/").status_code == 404


@pytest.mark.parametrize("door", ["portal", "office"])
def test_a_list_asks_as_much_of_thirty_dossiers_as_of_three(world, door):
    person, page, file = world[door]
    client = browser_of(person)
    addresses = (page, f"{file}xlsx/")
    client.get(page)
    few = [queries_of(client, address) for address in addresses]
    with across_providers():
        for _ in range(27):
            make.submitted(world["contract"])
    assert [queries_of(client, address) for address in addresses] == few


def queries_of(client, address) -> int:
    with CaptureQueriesContext(connection) as asked:
        assert client.get(address).status_code == 200
    return len(asked)


def test_a_search_that_finds_nothing_says_what_to_do(world):
    person, page, _ = world["portal"]
    told = browser_of(person).get(f"{page}?named=bestaat-niet").content.decode()
    assert "Geen dossier komt overeen" in told
    assert reverse("portal:draft-start", args=["alfa"]) not in told
