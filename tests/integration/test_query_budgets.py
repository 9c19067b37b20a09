"""What a page asks of the database: no more for thirty rows than for one, and within its budget.

And each list as a file holds what its page shows.
"""

import csv
import re
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from io import BytesIO, StringIO
from itertools import chain

import lxml.html
import openpyxl
import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.accounts.selectors import timetable
from apps.claims.services import file_claim, verify_claim
from apps.contracts.models import Contract
from apps.contracts.services import amend_budget, decide_shift, propose_shift
from apps.design.figures import in_hundredths, quarter
from apps.dossiers import selectors
from apps.dossiers.models import Dossier
from apps.dossiers.services import assess_dossier, correct_facts, give_access
from apps.payouts.services import draw_up_run
from apps.providers.scope import across_providers
from apps.reporting.exports import PAGES
from cstraject import eligibility
from cstraject.quarter import Quarter, day_of
from tests import factories as make
from tests.conftest import own_database
from tests.integration.test_precheck import SOUND as ASKED

NOW = datetime(2022, 7, 5, 9, tzinfo=UTC)
Q1, Q2 = Quarter(2022, 1), Quarter(2022, 2)

# By page, and which step or deed of it: how many questions it may ask. Signing in, scope and menu
# are about a dozen of them.
BUDGETS = {
    "portal:overview": 32,
    "portal:claims": 21,
    "portal:people": 16,
    "portal:dossier": 28,
    "portal:statement": 22,
    "backoffice:work": 29,
    "backoffice:dossiers": 22,
    "backoffice:dossier": 40,
    "backoffice:claims": 24,
    "backoffice:contracts": 22,
    "backoffice:contract": 24,
    "backoffice:runs": 20,
    "backoffice:run": 32,
    "backoffice:register": 22,
    "backoffice:editions": 21,
    "backoffice:edition": 25,
    "backoffice:people": 16,
    "backoffice:answer": 23,
    "portal:draft-step enterprise": 18,
    "portal:draft-step figures": 18,
    "portal:draft-step aid": 18,
    "portal:draft-step offer": 18,
    "portal:draft-step documents": 18,
    "portal:draft-check": 18,
    "portal:dossier-end-report": 17,
    "backoffice:dossier open": 38,
    "backoffice:dossier-size": 21,
    "backoffice:dossier-de-minimis": 22,
    "backoffice:dossier-facts": 30,
    "backoffice:dossier-amend": 20,
    "backoffice:dossier-amend look": 28,
    "backoffice:edition-beside": 14,
    "backoffice:run-draw-up look": 33,
    "precheck": 9,
    "precheck check": 9,
    "rights": 10,
}
# What is sent where something is asked.
SENT = {
    "backoffice:dossier-amend look": {
        "deed": "look",
        "price_excl_vat": "28.000",
        "person_days": "30",
        "reason": "minder werk",
    },
    "backoffice:run-draw-up look": {"deed": "look", "quarter": "2022-Q2"},
    "precheck check": {**ASKED, "year": "2021"},
}


# Who asks, where that is not who asks most at this door.
WHO = {
    "backoffice:people": "people",
    "backoffice:edition-beside": "people",
    "backoffice:run-draw-up": "runs",
    "rights": "people",
}


class World:
    """A provider with so many of everything, and one dossier with so much on its page."""

    def __init__(self, many: int) -> None:
        clock = timetable()
        alfa = make.make_provider("alfa")
        contract = make.make_contract(alfa, budget="9000000.00")
        for nth in range(many - 1):
            make.make_contract(make.make_provider(f"ander{nth}"), budget="100000.00")
            amend_budget(contract=contract, by=1, reason="x", actor=clock, at=NOW)
        for _ in range(many):
            make.message(make.submitted(contract), by_agency=True, asks=True, at=NOW)
            make.message(make.approved(contract), by_agency=False, at=NOW)
            make.message(make.approved(contract), by_agency=True, at=NOW)
            make.stated(make.started(contract), "20000.00", quarter=Q2, at=NOW)
            claimed = make.stated(make.started(contract), "20000.00", quarter=Q2, at=NOW)
            file_claim(dossier=claimed, tranche=1, quarter=Q2, actor=clock, at=NOW)
            due = make.stated(make.started(contract), "20000.00", quarter=Q2, at=NOW)
            claim = file_claim(dossier=due, tranche=1, quarter=Q2, actor=clock, at=NOW)
            verify_claim(claim=claim, actor=make.make_officer(), at=NOW)
            paid = make.verified_claim(contract)
            make.end_report(make.completed(contract))
            self.draft = make.draft(alfa, make.make_user())
            make.make_member(alfa, "coach")
            make.make_officer("reviewer")
        at = datetime(2022, 4, 20, 9, tzinfo=UTC)
        self.run = draw_up_run(quarter=Q1, actor=clock, at=at)
        self.dossier = paid.dossier
        for nth in range(many):
            make.message(self.dossier, by_agency=bool(nth % 2), text=f"bericht {nth}", at=NOW)
        self.contract, self.edition = contract, contract.edition
        self.completed = make.completed(contract)
        self.open = self._open(contract, many)
        self.reported = make.end_report(make.completed(contract)).dossier
        self.examined = assess_dossier(
            dossier=make.submitted(contract, **of_a_group()), actor=clock, at=NOW
        )
        beta = make.make_contract(make.make_provider("beta"))
        make.make_key(alfa, at=NOW)
        for place in (alfa, None):
            make.invited(place, "coach" if place else "reviewer", at=NOW)
        for _ in range(many + 1):
            shift = {"source": contract, "target": beta, "amount": Decimal(100), "reason": "x"}
            shift = propose_shift(**shift, actor=make.make_user(), at=NOW)
        decide_shift(shift=shift, done=True, actor=make.make_user(), at=NOW)
        give_access(
            reference=self.examined.reference,
            user=make.make_officer(),
            kind="closed",
            until=day_of(NOW) + timedelta(days=7),
            reason="belang",
            actor=make.make_user(),
            at=NOW,
        )
        # Who acts as one thing alone: nobody chooses.
        self.people = {
            "portal": make.make_member(alfa, "manager"),
            "backoffice": make.make_officer("reviewer"),
            "people": make.make_officer("administrator"),
            "runs": make.make_officer("payments_officer"),
        }

    def _open(self, contract: Contract, many: int) -> Dossier:
        """One to decide about: so many owners, so much aid of before, corrected so often."""
        own, owners = make.some_number(), [make.some_number() for _ in range(many)]
        periods = make.facts()["periods"]
        dossier = make.submitted(
            contract,
            number=own,
            others=[
                {"number": owner, "name": f"Voorbeeld {owner}", "periods": periods}
                for owner in owners
            ],
            holdings=[
                {"owner": owner, "owned": own, "capital_pct": "2", "voting_pct": "2"}
                for owner in owners
            ],
            aid=[
                {"on": "2021-05-01", "amount": "100", "regulation": "1407/2013", "recipient": own}
                for _owner in owners
            ],
        )
        dossier = assess_dossier(dossier=dossier, actor=timetable(), at=make.AT)
        for nth in range(many):
            dossier = correct_facts(
                dossier=dossier,
                seen=dossier.facts_id,
                stated={**dossier.facts.stated, "equity": str(40_000 + nth)},
                source="NBB",
                reason="nagekeken",
                actor=make.make_user("finder"),
                at=make.AT,
            )
        return dossier

    def address(self, name: str, table: str = "") -> str:
        name, _, what = name.partition(" ")
        dossier = self.reported if table == "measures" else self.dossier
        examined = self.examined if table else self.open
        keys = {
            "portal:dossier": {"dossier": dossier.pk},
            "portal:statement": {"dossier": self.dossier.pk},
            "portal:draft-step": {"draft": self.draft.pk, "step": what},
            "portal:draft-check": {"draft": self.draft.pk},
            "portal:dossier-end-report": {"dossier": self.completed.pk},
            "backoffice:dossier": {"dossier": self.open.pk if what else dossier.pk},
            "backoffice:dossier-size": {"dossier": examined.pk},
            "backoffice:dossier-de-minimis": {"dossier": examined.pk},
            "backoffice:dossier-facts": {"dossier": examined.pk},
            "backoffice:dossier-amend": {"dossier": self.dossier.pk},
            "backoffice:contract": {"contract": self.contract.pk},
            "backoffice:run": {"run": self.run.pk},
            "backoffice:edition": {"edition": self.edition.pk},
            "backoffice:edition-beside": {"edition": self.edition.pk},
        }
        provider = {"provider": "alfa"} if name.startswith("portal:") else {}
        return reverse(name, kwargs={**provider, **keys.get(name, {})})

    def browser(self, name: str) -> Client:
        name = name.partition(" ")[0]
        client = Client(headers={"accept-language": "nl"})
        if name != "precheck":
            make.sign_in(client, self.people[WHO.get(name) or name.partition(":")[0]])
        return client


def of_a_group():
    """An enterprise with an owner and with earlier aid."""
    own, owner = make.some_number(), make.some_number()
    period = {"year": 2021, "headcount": "120", "turnover": "24e6", "balance_total": "15e6"}
    aid = {"on": "2021-05-01", "amount": "9801.00", "regulation": "1407/2013"}
    return {
        "number": own,
        "others": [{"number": owner, "name": "Vennoot nv", "periods": [period]}],
        "holdings": [{"owner": owner, "owned": own, "capital_pct": "25", "voting_pct": "25"}],
        "aid": [{**aid, "recipient": own, "note": "van elders"}],
    }


@pytest.fixture(scope="module")
def worlds(servers, template, django_db_blocker):
    """The same world with one of everything and with thirty, each in a database of its own."""
    made = {}
    for many in (1, 30):
        with own_database(servers, template, django_db_blocker), transaction.atomic():
            with across_providers(), pytest.MonkeyPatch.context() as patch:
                patch.setattr(eligibility, "FILED_PER_DAY_MAX", 1_000)
                world = World(many)
            made[many] = _asked_of(world)
    return made


def _asked_of(world):
    from django.utils import timezone

    asked = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timezone, "now", lambda: NOW)
        patch.setattr(selectors, "REGISTER_SINCE", date(2021, 1, 1))
        for name in BUDGETS:
            browser, address = world.browser(name), world.address(name)
            ask = partial(browser.post, data=SENT[name]) if name in SENT else browser.get
            ask(address)
            with CaptureQueriesContext(connection) as queries:
                answer = ask(address)
            assert answer.status_code == 200, name
            asked[name] = [query["sql"] for query in queries]
        asked["files"] = {name: _file_of(world, name, rows_of) for name, rows_of in FILES.items()}
        asked["tables"] = dict(chain.from_iterable(_tables_of(world, name) for name in AS_SHOWN))
    return asked


def _of_work(page):
    for item, what, *_ in page["rows"]:
        asked = item.asked
        yield {
            "Dossier": item.about.reference,
            "Wat": what,
            "Onderneming": item.about.enterprise_name,
            "Dienstverlener": item.about.provider.name,
            "Wacht sinds": item.since,
            "Uiterlijk": None if asked else item.due_on,
            "Behandeld door": item.officer and item.officer.name,
            "Klok staat stil: gevraagd op": asked and asked.written_on,
            "Antwoord tegen": asked and asked.answer_by,
        }


def _of_claims(page):
    for row in page["rows"]:
        claim = row["claim"]
        yield {
            "Dossier": claim.dossier.reference,
            "Dienstverlener": claim.provider.name,
            "Schijf": claim.tranche,
            "Kwartaal": quarter(claim.quarter),
            "Bedrag inclusief btw": claim.amount,
            "Geleverd (%)": in_hundredths(row["share"]),
            "Geleverd in mandagen (%)": in_hundredths(row["share_by_days"]),
        }


def _of_contracts(page):
    for contract, share, ahead in page["contracts"]:
        yield {
            "Dienstverlener": contract.provider.name,
            "Editie": contract.edition.name,
            "Budget": contract.budget,
            "Vastgelegd": contract.committed,
            "Betaald": contract.paid,
            "Nog beschikbaar": contract.left,
            "Aandeel vastgelegd (%)": in_hundredths(share),
            "Opgebruikt tegen": ahead and ahead.used_up_on,
        }


def _of_lines(page):
    for line, reference, _name in page["lines"]:
        yield {
            "Dienstverlener": line.payment.payee_name,
            "Dossier": reference,
            "Schijf": line.claim.tranche,
            "Kwartaal": quarter(line.claim.quarter),
            "Bedrag inclusief btw": line.amount,
        }


def _of_left_out(page):
    for item, why in page["left_out_told"]:
        yield {
            "Dossier": item.dossier.reference,
            "Dienstverlener": item.dossier.provider.name,
            "Schijf": item.tranche,
            "Waarom niet": why,
        }


def _of_register(page):
    for duty in [*(row["duty"] for row in page["rows"]), *page["done"]]:
        yield {
            "Dossier": duty.dossier.reference,
            "Onderneming": duty.dossier.enterprise_name,
            "Bedrag": duty.amount,
            "Uiterlijk": duty.due_on,
            "Toegekend op": duty.dossier.decided_on,
            "Te doen": "In te voeren",
            "Nu in het register": None,
            "Ingevoerd": None,
        }


def _of_tranches(page):
    for item, why in [*((item, None) for item, *_ in page["now"]), *page["rest"]]:
        yield {
            "Dossier": item.dossier.reference,
            "Onderneming": item.dossier.enterprise_name,
            "Schijf": item.tranche,
            "Toelichting": why or "Uitbetaling kan gevraagd worden",
        }


def _of_dossiers(page):
    for dossier, statement, tranche in page["rows"]:
        yield {
            "Dossier": dossier.reference,
            "Onderneming": dossier.enterprise_name,
            "Ingediend": dossier.submitted_on,
            "Toegekend": dossier.granted_incl_vat,
            "Laatste prestatiestaat": statement and quarter(statement.quarter),
            "Nu aan te vragen": tranche and f"Schijf {tranche}",
        }


# By page and which of its tables: what it shows in each column, where its words differ.
FILES = {
    ("backoffice:work", "work"): _of_work,
    ("backoffice:claims", "claims"): _of_claims,
    ("backoffice:contracts", "contracts"): _of_contracts,
    ("backoffice:run", "lines"): _of_lines,
    ("backoffice:run", "left_out"): _of_left_out,
    ("backoffice:register", "register"): _of_register,
    ("portal:claims", "claims"): _of_tranches,
    ("portal:overview", "dossiers"): _of_dossiers,
}
# By page: the tables of which the file has the same columns in the same words.
AS_SHOWN = {
    "portal:overview": ["drafts"],
    "portal:people": ["members", "invitations", "keys"],
    "portal:dossier": ["tranches", "assessment", "statements", "measures", "deeds"],
    "backoffice:work": ["load"],
    "backoffice:dossier": [
        *("assessment", "tranches", "claims", "statements", "measures", "deeds"),
    ],
    "backoffice:dossier-size": ["members", "holdings", "lines"],
    "backoffice:dossier-de-minimis": ["releases", "aid"],
    "backoffice:dossier-facts": ["single", "figures", "holdings", "aid"],
    "backoffice:contracts": ["shifts"],
    "backoffice:contract": ["balances", "awards", "shifts"],
    "backoffice:runs": ["runs"],
    "backoffice:run": ["payments"],
    "backoffice:editions": ["editions"],
    "backoffice:edition": ["contracts"],
    "backoffice:people": ["people", "invitations", "accesses"],
    "rights": ["provider", "agency"],
}


def _file_of(world, name, rows_of):
    """What the page shows on each row, and what the two files hold in the same columns."""
    page_name, table = name
    browser, page = world.browser(page_name), world.address(page_name)
    listed, number = [], 1
    while True:
        context = browser.get(page, dict.fromkeys(PAGES, number)).context
        # What can be claimed now stands on every page.
        listed += [row for row in rows_of(context) if row not in listed]
        pages = [context[one] for one in ("page", "lines_page", "left_out") if one in context]
        if not any(one.has_next() for one in pages if hasattr(one, "has_next")):
            break
        number += 1
    found = []
    context = browser.get(page).context
    # A list of dossiers can be too long to wait for, and has an address of its own.
    files = context["exports"] if table == "dossiers" else context["as_files"][table]
    for form, address in files:
        heading, *rows = _read(browser, form, address)
        rows = [dict(zip(heading, row, strict=True)) for row in rows]
        found.append(
            [
                [_as_read(row.get(column, f"no column {column}")) for column in listed[0]]
                for row in rows
            ]
        )
    return [[_as_read(cell) for cell in row.values()] for row in listed], found


def _read(browser, form, address):
    """The lines of a file, its heading first."""
    content = browser.get(address).content
    if form == "xlsx":
        return list(openpyxl.load_workbook(BytesIO(content)).active.iter_rows(values_only=True))
    return list(csv.reader(StringIO(content.decode("utf-8-sig")), delimiter=";"))


def _tables_of(world, page_name):
    """By table of a page: the headings and rows that it shows, and the lines of its two files."""
    browser = world.browser(page_name)
    answers = {}
    for table in AS_SHOWN[page_name]:
        address = world.address(page_name, table)
        if address not in answers:
            answers[address] = browser.get(address)
        answer = answers[address]
        page = lxml.html.fromstring(answer.content)
        files = [_read(browser, *file) for file in answer.context["as_files"][table]]
        yield (page_name, table), (*_shown(page, table), files)


def _shown(page, table):
    if table == "deeds":
        rows = page.xpath("//ol[@class='timeline']/li")
        return [], [_squashed(row.text_content()) for row in rows]
    ids = (f"{table}-caption", f"rights-{table}")
    found = page.xpath(f"//table[caption[@id='{ids[0]}' or @id='{ids[1]}']]")
    # Of each year there is a table, with the year above it.
    found = found or page.xpath(f"//table[caption[starts-with(@id, '{table}-')]]")
    headings = [cell.text_content() for cell in found[0].xpath("thead//th")]
    rows = [
        _squashed(one.xpath("string(caption)") + row.text_content())
        for one in found
        for row in one.xpath("tbody/tr")
    ]
    return headings, rows


def _squashed(text):
    """Words and figures without what only sets them apart."""
    return re.sub(r"[\s€.,;]", "", text)


def _as_read(cell):
    """A cell as somebody reads it, whether of a page or of either file."""
    if isinstance(cell, datetime) and cell.time() != time():
        return f"{cell:%d/%m/%Y %H:%M}"
    if isinstance(cell, date):
        return f"{cell:%d/%m/%Y}"
    if isinstance(cell, str) and re.fullmatch(r"-?\d+(,\d+)?", cell):
        cell = Decimal(cell.replace(",", "."))
    if isinstance(cell, int | float | Decimal):
        return f"{cell:.2f}"
    # Of a text that could be a formula the file for any programme makes none.
    return str(cell or "").removeprefix("'")


@pytest.mark.parametrize("name", sorted(BUDGETS))
def test_a_page_asks_as_much_for_thirty_rows_as_for_one_within_its_budget(worlds, name):
    few, many = worlds[1][name], worlds[30][name]
    assert len(many) == len(few), _more(few, many)
    assert len(many) <= BUDGETS[name]


def _more(few, many):
    """Which questions are asked more often."""
    from collections import Counter

    def shapes(asked):
        return Counter(sql.partition("WHERE")[0][-160:] for sql in asked)

    return shapes(many) - shapes(few)


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_file_holds_what_its_page_shows(worlds, name):
    listed, (of_excel, of_csv) = worlds[30]["files"][name]
    assert listed
    if name[0].startswith("portal:"):
        listed, of_excel, of_csv = sorted(listed), sorted(of_excel), sorted(of_csv)
    assert of_excel == listed
    assert of_csv == listed


@pytest.mark.parametrize("name", [(page, table) for page in AS_SHOWN for table in AS_SHOWN[page]])
def test_a_file_has_the_columns_and_rows_of_its_table(worlds, name):
    headings, shown, (of_excel, of_csv) = worlds[30]["tables"][name]
    assert shown
    columns, *rows = of_csv
    deeds = {"Wat u nu kunt doen", "Beslissen"}
    assert [h for h in headings if not any(c.startswith(h) for c in columns)] == [
        heading for heading in headings if heading in deeds
    ]
    assert len(rows) == len(shown)
    for row, told in zip(rows, shown, strict=True):
        assert [cell for cell in row if not _stands_in(cell, told)] == []
    assert [list(map(_as_read, row)) for row in of_excel] == [
        list(map(_as_read, row)) for row in of_csv
    ]
    # A share or a year is a number: one can add up and sort. Not among values of all kinds.
    if name == ("backoffice:dossier-facts", "single"):
        return
    texts = [cell for row in of_excel[1:] for cell in row if isinstance(cell, str)]
    assert [text for text in texts if re.fullmatch(r"\d{4}|\d[\d,.]*\s?%", text)] == []


def _stands_in(cell, told):
    """Whether a row tells a cell; `20,00` may stand there as `20`."""
    cell = cell.removeprefix("'")
    return _squashed(cell) in told or _squashed(re.sub(r",?0+$", "", cell)) in told
