"""Lists of dossiers: what is searched, filtered and sorted on the page is what the file holds."""

import csv
from datetime import date, timedelta
from io import BytesIO, StringIO
from urllib.parse import urlencode

import lxml.html
import openpyxl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from apps.accounts.selectors import timetable
from apps.accounts.services import grant_agency_role
from apps.claims.models import Claim
from apps.design.figures import iban
from apps.dossiers import selectors
from apps.dossiers.models import Dossier
from apps.dossiers.services import give_access
from apps.payouts.models import Run
from apps.payouts.services import (
    abandon_run,
    approve_run,
    check_run,
    draw_up_run,
    mark_sent,
    settle_payment,
    write_payment_file,
)
from apps.providers.scope import across_providers
from apps.providers.services import grant_provider_role, register_provider
from tests import factories as make
from tests.factories import AT

FORMULA = '=HYPERLINK("http://evil.example","klik")'
BAKERY, WORKSHOP, OTHER = "Bakkerij", "Atelier", "Van een ander"
NUMBERS = {name: make.enterprise_number(4_700 + nth) for nth, name in enumerate((BAKERY, WORKSHOP))}
# What is asked, and what of Alfa is then listed in which order.
LISTED = {
    "": [FORMULA, WORKSHOP, BAKERY],
    "state=approved": [WORKSHOP, BAKERY],
    "state=submitted": [FORMULA],
    "order=submitted_on": [BAKERY, WORKSHOP, FORMULA],
    "order=enterprise_name": [FORMULA, WORKSHOP, BAKERY],
    "order=-enterprise_name&state=approved": [BAKERY, WORKSHOP],
    # What was granted nothing yet comes last, either way.
    "order=granted_incl_vat": [BAKERY, WORKSHOP, FORMULA],
    "order=-granted_incl_vat": [WORKSHOP, BAKERY, FORMULA],
    "order=-reference": [FORMULA, WORKSHOP, BAKERY],
    "named=bakk": [BAKERY],
    "named=akkerij": [],
    "named=alfa-2022-002": [WORKSHOP],
    "named=alfa-2022-002&state=submitted": [],
    f"named={NUMBERS[WORKSHOP]}": [WORKSHOP],
    f"named=BE {NUMBERS[BAKERY][:4]}.{NUMBERS[BAKERY][4:8]}": [BAKERY],
    f"named=x{NUMBERS[BAKERY]}": [],
    "order=nonsense&state=nonsense": [FORMULA, WORKSHOP, BAKERY],
}


@pytest.fixture
def world(db):
    with across_providers():
        alfa, beta = make.make_provider("alfa"), make.make_provider("beta")
        contract, other = make.make_contract(alfa, budget="500000.00"), make.make_contract(beta)
        make.approved(contract, price="27000.00", name=BAKERY, number=NUMBERS[BAKERY])
        make.approved(contract, name=WORKSHOP, number=NUMBERS[WORKSHOP], at=AT + timedelta(days=1))
        make.submitted(contract, name=FORMULA, at=AT + timedelta(days=2))
        make.submitted(other, name=OTHER)
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
@pytest.mark.parametrize("asked", LISTED)
def test_what_is_asked_is_listed_and_the_file_holds_exactly_that(world, door, asked):
    person, page, file = world[door]
    client = browser_of(person)
    shown = client.get(f"{page}?{asked}")
    assert shown.status_code == 200
    names = [dossier.enterprise_name for dossier in shown.context["page"]]
    assert [name for name in names if name != OTHER] == LISTED[asked]
    # Sorting hides nothing.
    assert shown.context["is_filtered"] == (len(LISTED[asked]) < 3)
    listed = [dossier.reference for dossier in shown.context["page"]]
    [of_excel, of_text] = [address for _, address in shown.context["exports"]]
    assert of_excel.startswith(f"{file}xlsx/?")
    assert [row[0] for row in rows_of_excel(client, of_excel)][1:] == listed
    assert [row[0] for row in rows_of_text(client, of_text)][1:] == listed


def rows_of_excel(client, address):
    sheet = openpyxl.load_workbook(BytesIO(client.get(address).content)).active
    return list(sheet.iter_rows(values_only=True))


def rows_of_text(client, address):
    text = client.get(address).content.decode("utf-8-sig")
    return list(csv.reader(StringIO(text), delimiter=";"))


@pytest.mark.parametrize(("door", "module"), [("portal", "portal"), ("office", "backoffice")])
def test_a_file_holds_all_pages_of_a_list(world, door, module, monkeypatch):
    views = {"portal": "overview", "backoffice": "dossiers"}[module]
    monkeypatch.setattr(f"apps.{module}.views.{views}.DOSSIERS_PER_PAGE", 2)
    person, page, file = world[door]
    client = browser_of(person)
    listed = [
        dossier.reference
        for nth in (1, 2)
        for dossier in client.get(f"{page}?order=enterprise_name&page={nth}").context["page"]
    ]
    assert len(listed) >= 3
    assert "?order=enterprise_name&amp;page=2" in text_of(client, f"{page}?order=enterprise_name")
    rows = rows_of_text(client, f"{file}csv/?order=enterprise_name&page=2")
    assert [row[0] for row in rows][1:] == listed


def text_of(client, address) -> str:
    return client.get(address).content.decode()


def test_at_the_agency_a_list_is_filtered_by_provider(world):
    person, page, _ = world["office"]
    shown = browser_of(person).get(f"{page}?provider=beta")
    assert [dossier.enterprise_name for dossier in shown.context["page"]] == [OTHER]
    assert shown.context["is_filtered"]


COLUMNS = [
    *("Dossier", "Status", "Ondernemingsnummer", "Onderneming", "Pakket"),
    *("Prijs exclusief btw", "Mandagen", "Aandeel van VLAIO", "Btw op dat aandeel", "Toegekend"),
    *("Ingediend", "Beslist", "Gestart", "Voltooid", "Eindverslag", "Beëindigd"),
]


def test_a_file_tells_of_each_dossier_what_stands_there(world):
    """Of 27,000 the agency pays 45 %, and the VAT on it."""
    of_portal, of_office = (
        [
            rows(browser_of(person), f"{file}{form}/?named={BAKERY}")
            for form, rows in (("csv", rows_of_text), ("xlsx", rows_of_excel))
        ]
        for person, _, file in (world["portal"], world["office"])
    )
    number = NUMBERS[BAKERY]
    told = [
        *("ALFA-2022-001", "Goedgekeurd", f"{number[:4]}.{number[4:7]}.{number[7:]}", BAKERY),
        *("Basispakket", "27000,00", "30,00", "12150,00", "2551,50", "14701,50"),
        *("01/02/2022", "01/02/2022", "", "", "", ""),
    ]
    # Nothing was stated, and nothing can be claimed.
    of_its_own = [*COLUMNS, "Laatste prestatiestaat", "Nu aan te vragen"]
    assert of_portal[0] == [of_its_own, [*told, "", ""]]
    assert of_office[0] == [
        [COLUMNS[0], "Dienstverlener", *COLUMNS[1:]],
        [told[0], "Alfa", *told[1:]],
    ]
    heading, row = of_portal[1]
    assert list(heading) == of_its_own
    assert list(row[:10]) == [*told[:5], 27000, 30, 12150, 2551.5, 14701.5]
    assert [cell and cell.date() for cell in row[10:]] == [AT.date(), AT.date(), *[None] * 6]


def test_a_column_turns_and_says_how_it_is_sorted(world):
    person, page, _ = world["office"]
    client = browser_of(person)
    heading = text_of(client, f"{page}?order=enterprise_name&state=approved")
    turned = "?state=approved&amp;order=-enterprise_name"
    assert f'aria-sort="ascending"><a href="{turned}"' in heading
    heading = text_of(client, f"{page}?order=-enterprise_name")
    assert 'aria-sort="descending"><a href="?order=enterprise_name"' in heading


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
    assert OTHER.encode() not in client.get(f"{file}csv/").content
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


@pytest.mark.parametrize(
    ("language", "of_list", "of_dossier"),
    [
        ("nl", "te-doen.csv", "tijdlijn-alfa-2022-001"),
        ("en", "to-do.csv", "time-line-alfa-2022-001"),
    ],
)
def test_a_file_is_called_what_it_tells_in_the_language_of_its_page(
    world, language, of_list, of_dossier
):
    client = Client(headers={"accept-language": language})
    with across_providers():
        officer, dossier = make.make_officer(), Dossier.objects.get(reference="ALFA-2022-001")
    make.sign_in(client, officer)
    called = client.get(reverse("backoffice:work") + "?file=work.csv")["Content-Disposition"]
    assert called == f'attachment; filename="{of_list}"'
    about = reverse("backoffice:dossier", args=[dossier.pk])
    called = client.get(f"{about}?file=deeds.xlsx")["Content-Disposition"]
    assert called == f'attachment; filename="{of_dossier}.xlsx"'


# By list: where it stands, who looks, and where it keeps how many it shows on a page.
SEARCHED = {
    "backoffice:work": ("office", "backoffice.views.work.PER_PAGE"),
    "backoffice:claims": ("office", "backoffice.views.claims.CLAIMS_PER_PAGE"),
    "backoffice:register": ("office", None),
    "portal:claims": ("portal", "portal.views.claims.PER_PAGE"),
}


@pytest.fixture
def open_claims(db, monkeypatch):
    """Of two enterprises each a claim that waits, a grant to register, and a tranche to come."""
    monkeypatch.setattr(selectors, "REGISTER_SINCE", date(2021, 1, 1))
    with across_providers():
        alfa = make.make_provider("alfa")
        contract = make.make_contract(alfa, budget="500000.00")
        for name, number in NUMBERS.items():
            make.submitted_claim(contract, name=name, number=number)
        return {"portal": make.make_member(alfa, "reader"), "office": make.make_officer("reviewer")}


@pytest.mark.parametrize("name", SEARCHED)
@pytest.mark.parametrize("by", ["bakk", "alfa-2022-001", f"BE {NUMBERS[BAKERY]}", "akkerij"])
def test_what_waits_is_searched_as_dossiers_are_and_so_is_its_file(open_claims, name, by):
    door, _ = SEARCHED[name]
    client = browser_of(open_claims[door])
    page = reverse(name, args=["alfa"] if door == "portal" else [])
    assert set(told_in_file(client, page, {})) == {BAKERY, WORKSHOP}
    found = set() if by == "akkerij" else {BAKERY}
    assert set(told_in_file(client, page, {"named": by})) == found
    shown = client.get(page, {"named": by}).content.decode()
    references = {BAKERY: "ALFA-2022-001", WORKSHOP: "ALFA-2022-002"}
    assert {who for who, reference in references.items() if f">{reference}</a>" in shown} == found
    assert f'name="named" value="{by}"' in shown


def told_in_file(client, page, asked) -> list[str]:
    """Whose dossiers the file tells that a page offers."""
    names = {"ALFA-2022-001": BAKERY, "ALFA-2022-002": WORKSHOP}
    name = page.rstrip("/").rpartition("/")[2]
    _, (_, of_text) = client.get(page, asked).context["as_files"][name]
    return [names[row[0]] for row in rows_of_text(client, of_text)[1:]]


@pytest.mark.parametrize("name", [name for name, (_, size) in SEARCHED.items() if size])
def test_a_search_goes_along_to_the_next_page(open_claims, name, monkeypatch):
    door, size = SEARCHED[name]
    monkeypatch.setattr(f"apps.{size}", 1)
    page = reverse(name, args=["alfa"] if door == "portal" else [])
    shown = text_of(browser_of(open_claims[door]), f"{page}?named=alfa-")
    assert "?named=alfa-&amp;page=2" in shown


def test_a_long_run_is_read_page_by_page_and_leaves_whole(db, monkeypatch):
    monkeypatch.setattr("apps.backoffice.views.runs.PER_PAGE", 2)
    with across_providers():
        contract = make.make_contract(budget="500000.00")
        for _ in range(3):
            make.verified_claim(contract)
            make.submitted_claim(contract)
        run = draw_up_run(quarter=make.Q1, actor=timetable(), at=make.RUN_DAY)
        officer = make.make_officer("payments_officer")
    client = Client(headers={"accept-language": "nl"})
    make.sign_in(client, officer)
    address = reverse("backoffice:run", args=[run.pk])
    first, second = (client.get(f"{address}?lines={nth}&left-out={nth}") for nth in (1, 2))
    lines = [reference for page in (first, second) for _, reference, _ in page.context["lines"]]
    assert (len(lines), len(set(lines))) == (3, 3)
    # Three that wait, and the second tranche of all six.
    left_out = [i for page in (first, second) for i, _ in page.context["left_out_told"]]
    assert len({(i.dossier.pk, i.tranche) for i in left_out}) == 4
    assert "9 schijven worden door deze run niet betaald" in first.content.decode()
    file = text_of(client, f"{address}?file=lines.csv")
    assert all(reference in file for reference in lines)


def test_what_a_run_would_pay_is_looked_at_before_it_is_drawn_up(db, monkeypatch):
    monkeypatch.setattr("apps.backoffice.views.runs.timezone.now", lambda: make.RUN_DAY)
    with across_providers():
        contract = make.make_contract(make.make_provider("alfa"), budget="500000.00")
        claim = make.verified_claim(contract)
        make.submitted_claim(contract)
        officer = make.make_officer("payments_officer")
    client = Client(headers={"accept-language": "nl"})
    make.sign_in(client, officer)
    asked = {"quarter": str(make.Q1), "deed": "look"}
    page = client.post(reverse("backoffice:run-draw-up"), asked)
    assert page.status_code == 200
    looked = page.context["looked"]
    assert (looked["count"], looked["total"]) == (1, claim.amount)
    assert looked["paid"] == [("Alfa", (1, claim.amount))]
    assert "de run van het 1e kwartaal 2022" in page.content.decode()
    # One that waits for an officer, and the second tranche of both.
    assert sum(number for _, number in looked["why"]) == 3
    with across_providers():
        assert not Run.objects.exists()
    del asked["deed"]
    with across_providers():
        second = make.verified_claim(contract)
    again = client.post(reverse("backoffice:run-draw-up"), {**asked, "seen": looked["seen"]})
    assert again.context["looked"]["count"] == 2
    assert "Deze cijfers zijn andere dan die u bekeek." in again.content.decode()
    asked["seen"] = again.context["looked"]["seen"]
    assert client.post(reverse("backoffice:run-draw-up"), asked).status_code == 302
    with across_providers():
        assert Run.objects.get().total == claim.amount + second.amount


def test_a_payment_is_at_the_bank_until_it_answers_and_a_refusal_says_what_to_do(db):
    with across_providers():
        claim = make.verified_claim(make.make_contract(make.make_provider("alfa")))
        run = draw_up_run(quarter=make.Q1, actor=timetable(), at=make.RUN_DAY)
        for step in (check_run, approve_run, write_payment_file, mark_sent):
            step(run=run, actor=make.make_user(), at=make.RUN_DAY)
        officer, payment = make.make_officer("payments_officer"), run.payments.get()
    client, address = browser_of(officer), reverse("backoffice:run", args=[run.pk])
    assert "Bij de bank" in client.get(address).content.decode()
    assert "Bij de bank" in text_of(client, f"{address}?file=payments.csv")
    with across_providers():
        day = make.RUN_DAY.date()
        settle_payment(payment=payment, outcome="refuse", on=day, actor=officer, at=make.RUN_DAY)
    page = client.get(address).content.decode()
    assert "De bank weigerde" in page
    assert "Bij de bank" not in page
    case = client.get(reverse("backoffice:dossier", args=[claim.dossier_id])).content.decode()
    assert "Betaling van schijf 1 geweigerd door de bank" in case


def test_a_dossier_is_found_by_the_end_of_its_reference(world):
    person, page, _file = world["office"]
    client = browser_of(person)
    first, *_ = client.get(page).context["page"]
    _provider, _, end = first.reference.partition("-")
    found = client.get(page, {"named": end}).context["page"]
    assert first in found
    assert {one.reference.partition("-")[2] for one in found} == {end}


def test_payments_and_what_is_left_out_leave_as_files_without_what_is_closed(db):
    with across_providers():
        contract = make.make_contract(make.make_provider("alfa"), budget="500000.00")
        paid = make.verified_claim(contract)
        waits, closed = make.submitted_claim(contract), make.submitted_claim(contract)
        run = draw_up_run(quarter=make.Q1, actor=timetable(), at=make.RUN_DAY)
        officer = make.make_officer("payments_officer")
        give_access(
            reference=closed.dossier.reference,
            user=officer,
            kind="closed",
            until=timezone.now().date() + timedelta(days=7),
            reason="belang",
            actor=make.make_user(),
            at=timezone.now(),
        )
        payment = run.payments.get()
        told_of = {paid.dossier.reference, waits.dossier.reference}
    client = browser_of(officer)
    page = client.get(reverse("backoffice:run", args=[run.pk]))
    amount = f"{paid.amount}".replace(".", ",")
    [(_, communication, _)] = page.context["payments"]
    for rows, nth in ((rows_of_excel, 0), (rows_of_text, 1)):
        payments, left_out = (
            page.context["as_files"][name][nth][1] for name in ("payments", "left_out")
        )
        assert f'href="{payments}"' in page.content.decode()
        assert f'href="{left_out}"' in page.content.decode()
        heading, row = rows(client, payments)
        assert list(heading) == [
            *("Dienstverlener", "IBAN", "Mededeling", "Bedrag inclusief btw"),
            *("Status", "Afgehandeld"),
        ]
        # Of a text that could be a formula the one for any programme makes none.
        assert list(row) == [
            *("Alfa", iban(payment.iban), f"'{communication}" if nth else communication),
            *(amount if nth else float(paid.amount), "Gepland", "" if nth else None),
        ]
        heading, *rest = rows(client, left_out)
        assert list(heading) == [
            "Dossier",
            "Onderneming",
            "Dienstverlener",
            "Schijf",
            "Waarom niet",
        ]
        told = [
            [
                *(item.dossier.reference, item.dossier.enterprise_name, "Alfa"),
                *(f"{item.tranche}" if nth else item.tranche, why),
            ]
            for item, why in page.context["left_out_told"]
        ]
        assert [list(row) for row in rest] == told
        assert {row[0] for row in rest} == told_of


def listed_in(client, address, table):
    """The first column of a table as the file has it that a page offers under its search."""
    answer = client.get(address)
    assert answer.status_code == 200
    of_excel, of_text = (file for _, file in answer.context["as_files"][table])
    told = [row[0] for row in rows_of_text(client, of_text)[1:]]
    assert [row[0] for row in rows_of_excel(client, of_excel)][1:] == told
    page = answer.content.decode()
    assert [name for name in told if escape(name) not in page] == []
    return told


NUMBER = make.enterprise_number(9_877)


@pytest.mark.parametrize(
    ("named", "found"),
    [
        ("", ["Alfa", "Beta"]),
        ("bet", ["Beta"]),
        (f"BE {NUMBER[:4]}.{NUMBER[4:7]}", ["Beta"]),
        ("eta", []),
        ("x", []),
    ],
)
def test_contracts_are_searched_by_who_holds_them(db, named, found):
    with across_providers():
        make.make_contract(make.make_provider("alfa"))
        beta = register_provider(
            slug="beta",
            name="Beta",
            enterprise_number=NUMBER,
            iban=make.iban(9_877),
            actor=timetable(),
            at=AT,
        )
        make.make_contract(beta)
        officer = make.make_officer("auditor")
    client = browser_of(officer)
    address = f"{reverse('backoffice:contracts')}?{urlencode({'named': named})}"
    assert listed_in(client, address, "contracts") == found
    shown = text_of(client, address)
    assert [name for name in ("Alfa", "Beta") if f">{name}</a>" in shown] == found
    assert ("Niets komt overeen" in shown) == (not found)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("", 2),
        ("quarter=2022-Q1", 2),
        ("state=abandoned", 1),
        ("quarter=2022-Q1&state=drawn_up", 1),
        ("state=settled", 0),
        ("quarter=nonsense", 2),
    ],
)
def test_runs_are_searched_by_quarter_and_status(db, asked, found):
    with across_providers():
        contract = make.make_contract(budget="500000.00")
        make.verified_claim(contract)
        for again in (True, False):
            run = draw_up_run(quarter=make.Q1, actor=timetable(), at=make.RUN_DAY)
            if again:
                abandon_run(run=run, reason="te vroeg", actor=timetable(), at=make.RUN_DAY)
        officer = make.make_officer("payments_officer")
    client = browser_of(officer)
    address = f"{reverse('backoffice:runs')}?{asked}"
    assert listed_in(client, address, "runs") == ["1e kwartaal 2022"] * found
    shown = client.get(address)
    assert len(shown.context["runs"]) == found
    assert ("Niets komt overeen" in shown.content.decode()) == (found == 0)


@pytest.mark.parametrize("door", ["portal", "backoffice"])
def test_people_are_searched_by_name_and_address(db, door):
    with across_providers():
        alfa = make.make_provider("alfa")
        place = alfa if door == "portal" else None
        griet, given = make.make_user("Griet Voorbeeld"), {"actor": timetable(), "at": AT}
        if place:
            grant_provider_role(user=griet, provider=alfa, role="coach", **given)
            person = make.make_member(alfa, "manager")
        else:
            grant_agency_role(user=griet, role="auditor", **given)
            person = make.make_officer("administrator")
        role = "coach" if place else "auditor"
        asked, _ = make.invited(place, role, email="nieuw.iemand@test.example", at=timezone.now())
    client = browser_of(person)
    page = reverse(f"{door}:people", args=["alfa"] if place else [])
    table = "members" if place else "people"
    assert len(listed_in(client, page, table)) >= 2
    for named, found, invited in (
        ("griet", [griet.name], []),
        (griet.email, [griet.name], []),
        ("nieuw.iemand", [], [asked.name]),
        ("niemand", [], []),
    ):
        address = f"{page}?named={named}"
        assert listed_in(client, address, table) == found
        assert listed_in(client, address, "invitations") == invited
        # At the agency also of the exceptions for one dossier: nobody has one here.
        told = (not found) + (place is None)
        assert text_of(client, address).count("Niemand komt overeen") == told


def test_drafts_are_searched_with_the_dossiers(world):
    with across_providers():
        alfa = world["contract"].provider
        for name, number in ((WORKSHOP, NUMBERS[WORKSHOP]), ("Café", NUMBERS[BAKERY])):
            make.draft(alfa, make.make_user(), name=name, number=number)
        make.draft(make.make_provider("gamma"), make.make_user(), name=OTHER)
    person, page, _ = world["portal"]
    client = browser_of(person)
    assert sorted(listed_in(client, page, "drafts")) == [WORKSHOP, "Café"]
    for named, found in (
        ("atel", [WORKSHOP]),
        (f"BE {NUMBERS[BAKERY]}", ["Café"]),
        ("telier", []),
        ("Van een", []),
    ):
        address = f"{page}?{urlencode({'named': named})}"
        assert listed_in(client, address, "drafts") == found
        drafts = client.get(address).context["drafts"]
        assert [row["draft"].enterprise_name for row in drafts] == found
    # A draft has no status.
    assert listed_in(client, f"{page}?state=approved", "drafts") == []


def test_more_drafts_than_there_is_room_for_leave_in_the_file(world, monkeypatch):
    monkeypatch.setattr("apps.portal.views.overview.DRAFTS_MAX", 2)
    with across_providers():
        for nth in range(3):
            make.draft(world["contract"].provider, make.make_user(), name=f"Zaak {nth}")
    person, page, _ = world["portal"]
    client = browser_of(person)
    shown = client.get(page)
    assert len(shown.context["drafts"]) == 2
    assert "En nog 1 ontwerp" in shown.content.decode()
    _, (_, of_text) = shown.context["as_files"]["drafts"]
    assert len(rows_of_text(client, of_text)) == 1 + 3


@pytest.mark.parametrize("deed", ["verify", "send-back"])
def test_a_decided_claim_leads_back_to_the_list_as_it_was_searched(open_claims, deed):
    with across_providers():
        officer = make.make_officer("reviewer")
        listed = Claim.objects.select_related("dossier")
        claims = {claim.dossier.enterprise_name: claim for claim in listed}
    claim, other = claims[BAKERY], claims[WORKSHOP]
    client = browser_of(officer)
    page = f"{reverse('backoffice:claims')}?named=alfa&page=1"
    listed = lxml.html.fromstring(client.get(page).content)
    if deed == "verify":
        [form] = [one for one in listed.forms if f"{claim.pk}/verify/" in (one.action or "")]
    else:
        [link] = listed.xpath(f"//a[contains(@href, '#claim-{claim.pk}')]/@href")
        dossier = lxml.html.fromstring(client.get(link).content)
        [form] = [one for one in dossier.forms if f"{claim.pk}/send-back/" in (one.action or "")]
        # What was forgotten is asked for, and the way back is kept.
        answer = client.post(form.action, dict(form.form_values()))
        assert answer.status_code == 422
        dossier = lxml.html.fromstring(answer.content)
        [form] = [one for one in dossier.forms if f"{claim.pk}/send-back/" in (one.action or "")]
    sent = {**dict(form.form_values()), "reason": "te weinig"}
    answer = client.post(form.action, sent)
    assert (answer.status_code, answer["Location"]) == (302, page)
    assert [row["claim"] for row in client.get(page).context["rows"]] == [other]
    # Nobody is sent anywhere else.
    for back in ("//evil.example/", "https://evil.example/", "evil"):
        address = reverse("backoffice:claim-verify", args=[other.pk])
        answer = client.post(address, {"back": back})
        assert answer["Location"] == reverse("backoffice:dossier", args=[other.dossier_id])


def test_a_file_is_behind_the_doors_of_its_page(open_claims):
    with across_providers():
        claim = Claim.objects.first()
        make.make_provider("beta")
        contract, dossier = claim.dossier.contract_id, claim.dossier_id
        officer = make.make_officer("payments_officer")
        closed = make.make_officer("reviewer")
        give_access(
            reference=claim.dossier.reference,
            user=closed,
            kind="closed",
            until=timezone.now().date() + timedelta(days=7),
            reason="belang",
            actor=make.make_user(),
            at=timezone.now(),
        )
    reader = browser_of(open_claims["portal"])
    cases = [
        (reader, "/p/alfa/", "drafts", 200),
        (reader, f"/p/alfa/dossiers/{dossier}/", "deeds", 200),
        (reader, "/p/alfa/people/", "members", 403),
        (reader, "/p/beta/", "drafts", 404),
        (reader, f"/agency/contracts/{contract}/", "awards", 404),
        (browser_of(officer), f"/agency/contracts/{contract}/", "awards", 200),
        (browser_of(officer), "/agency/people/", "people", 403),
        (browser_of(officer), f"/agency/dossiers/{dossier}/", "deeds", 200),
        (browser_of(closed), f"/agency/dossiers/{dossier}/", "deeds", 404),
        (Client(), "/who-may-do-what/", "agency", 302),
    ]
    for client, page, table, status in cases:
        for form in ("xlsx", "csv"):
            assert client.get(f"{page}?file={table}.{form}").status_code == status, page
    for asked in ("drafts.pdf", "members.csv", "drafts", ""):
        assert reader.get(f"/p/alfa/?file={asked}").status_code == 404, asked
