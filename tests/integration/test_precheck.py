"""The pre-check: a reasoned answer for everybody, of which nothing stays."""

import json
import logging
import re
from datetime import UTC, date, datetime
from decimal import Decimal as D

import psycopg
import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.enterprises.models import Accounts
from apps.enterprises.services import import_register
from apps.portal.asked import GRANTS, RELATED
from apps.providers.scope import across_providers
from cstraject.facts import facts_from_json
from cstraject.identifiers import enterprise_number
from cstraject.precheck import NO_CODE, NOBODY
from tests import factories as make
from tests import kbo
from tests.factories import AT
from tests.integration import test_api as api

TODAY = datetime(2024, 11, 4, 9, 0, tzinfo=UTC)
SOUND = {
    "deed": "check",
    "legal_form": "bv",
    "postal_code": "9000",
    "nace_version": "2008",
    "nace_code": "62010",
    "year": "2023",
    "headcount": "12,5",
    "turnover": "1.500.000",
    "balance_total": "900.000",
    "headcount_before": "11",
    "turnover_before": "1.400.000,50",
    "balance_total_before": "900.000",
    "related": "no",
    "public_share_pct": "0",
    "negative_equity": "no",
    "aid": "no",
}
ASSESSED = {"size", "legal_form", "private_sector", "region", "equity", "de_minimis"}


@pytest.fixture
def alfa(db, clock) -> api.Machine:
    with api.agency_at_work():
        return api.make_machine(make.make_contract().provider)


@pytest.fixture
def today(db, clock):
    clock.at = TODAY
    return clock


def asked(client=None, language="nl", **given):
    """The answer to a pre-check, and what it tells by question: outcome and sentence."""
    client = client or Client(headers={"accept-language": language})
    return client.post("/pre-check/", {**SOUND, **given})


def told(**given):
    answer = asked(**given)
    assert answer.status_code == 200, answer.context["form"].errors
    return answer.context["told"], {
        line.question: (line.outcome, sentence) for line, sentence in answer.context["lines"]
    }


def related(nth, **given):
    row = {"name": f"Voorbeeld {nth}", "kind": "enterprise", "tie": "owner-0", "pct": "100"}
    return {"related": "yes", **{f"r{nth}_{name}": value for name, value in (row | given).items()}}


BIG = {"headcount": "240", "turnover": "1", "balance_total": "1"}
BIG_BEFORE = {f"{name}_before": value for name, value in BIG.items()}


# ---- The answer ----------------------------------------------------------------------------------


def test_nothing_is_asked_of_who_only_looks(today):
    page = Client().get("/pre-check/", {"legal_form": "bv", "deed": "check"})

    assert page.status_code == 200
    assert b"error-summary" not in page.content
    assert "told" not in page.context
    assert b" selected>bv<" not in page.content


@pytest.mark.parametrize(
    ("given", "verdict", "decided_by"),
    [
        ({}, "yes", None),
        ({"legal_form": "maatschap"}, "no", "legal_form"),
        ({"legal_form": "?"}, "person", "legal_form"),
        ({"legal_form": "eenmanszaak", "negative_equity": "yes"}, "yes", None),
        ({"postal_code": "1000"}, "no", "region"),
        ({"headcount": "250", "headcount_before": "250"}, "no", "size"),
        # One year over a ceiling changes nothing, if the two before it were under it.
        ({"headcount": "250"}, "person", "size"),
        ({"headcount": "250", "headcount_before": "250", "maatwerk": "on"}, "yes", None),
        ({"headcount": ""}, "person", "size"),
        ({"public_share_pct": "25"}, "no", "private_sector"),
        ({"public_share_pct": ""}, "person", "private_sector"),
        ({"negative_equity": "yes"}, "no", "equity"),
        ({"negative_equity": "unsure"}, "person", "equity"),
        ({"equity": "-0,01", "negative_equity": "yes"}, "no", "equity"),
        ({"aid": "unsure"}, "person", "de_minimis"),
        (
            {"aid": "yes", "aid1_on": "4/11/2021", "aid1_amount": "283.665,01", "price": "30000"},
            *("no", "de_minimis"),
        ),
        (
            {"aid": "yes", "aid1_on": "4/11/2021", "aid1_amount": "283.665", "price": "30000"},
            *("yes", None),
        ),
        # Of the day before, which the window has passed.
        (
            {"aid": "yes", "aid1_on": "3/11/2021", "aid1_amount": "300.000", "price": "30000"},
            *("yes", None),
        ),
        # Without a price: fits even the dearest, depends on it, or not even the cheapest fits.
        ({"aid": "yes", "aid1_on": "1/2/2024", "aid1_amount": "272.775"}, "yes", None),
        ({"aid": "yes", "aid1_on": "1/2/2024", "aid1_amount": "272.775,01"}, "person", None),
        ({"aid": "yes", "aid2_on": "1/2/2024", "aid2_amount": "299.000"}, "no", "de_minimis"),
        (related(1, kind="natural_person"), "yes", None),
        (related(1, kind="public_body", pct="25"), "no", "size"),
        (related(1, kind="venture_capital", pct="50"), "yes", None),
        (related(1, pct="24,99"), "yes", None),
        (related(1, pct="60"), "person", "size"),
        (related(1, pct="60", **BIG, **BIG_BEFORE), "no", "size"),
        (related(1, pct="25", tie="daughter-0", **BIG, **BIG_BEFORE), "yes", None),
        # The large one stands behind another, whose figures are small.
        (
            related(1, headcount="1", turnover="1", balance_total="1")
            | related(3, tie="owner-1", **BIG),
            *("person", "size"),  # Of the year before nothing is known.
        ),
        ({"price": "14.999,99"}, "no", "offer"),
        ({"price": "30.000", "package": "light"}, "no", "offer"),
        ({"price": "50.000", "package": "light", "with_extension": "on"}, "yes", None),
        ({"price": "50.000,01"}, "no", "offer"),
    ],
)
def test_the_answers_give_a_reasoned_verdict(today, given, verdict, decided_by):
    outlook, lines = told(**given)

    assert outlook.verdict == verdict, lines
    against = {q for q, (outcome, _) in lines.items() if outcome == "not_met"}
    if verdict == "no":
        assert decided_by in against
    else:
        assert not against
        assert decided_by is None or decided_by in outlook.open
    assert all(sentence for _, sentence in lines.values())


def test_what_only_a_filed_dossier_tells_is_not_guessed_at(today):
    _, lines = told()

    for question in ("once_only", "declarations", "independence"):
        assert lines[question] == (None, "Wordt nagekeken bij het indienen van het dossier.")
    assert lines["offer"][0] is None
    assert {question for question, (outcome, _) in lines.items() if outcome == "met"} == ASSESSED


def test_each_line_names_the_law(today):
    html = asked().content.decode()

    assert "Aanbeveling 2003/361/EG, bijlage, artikelen 2 tot 6" in html
    assert "Verordeningen 1407/2013 en 2023/2831" in html
    assert "volgens 12,5 werkzame personen" in html


def test_a_price_gives_both_parts_to_the_cent(today):
    answer = asked(price="25.150", package="basis")

    assert answer.context["subsidy"].granted == D("13694.18")
    assert (answer.context["own"].rest, answer.context["own"].vat) == (D("13832.50"), D("2904.83"))
    for figure in ("11.317,50", "2.376,68", "13.694,18", "16.737,33"):
        assert figure in answer.content.decode()
    assert "subsidy" not in asked(price="60.000").context


def test_help_to_the_same_enterprise_changes_not_a_letter(today):
    """Whoever asks by a number learns nothing of dossiers: the role cannot even read them."""
    helped, other = make.enterprise_number(4_801), make.enterprise_number(4_802)
    with api.agency_at_work():
        make.approved(make.make_contract(), number=helped)
    pages = [asked(number=number).content.decode() for number in (helped, other)]

    assert without_token(pages[0]).replace(helped, other) == without_token(pages[1])
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        connection.cursor().execute("SELECT 1 FROM dossiers_dossier")


def without_token(html):
    before, _, rest = html.partition('name="csrfmiddlewaretoken" value="')
    again = rest.partition('name="csrfmiddlewaretoken" value="')
    return before + rest[64:] if not again[1] else before + again[0][64:] + again[2][64:]


def test_what_stands_in_for_an_answer_is_never_shown(today):
    page = asked(nace_code="", headcount="", legal_form="?").content.decode()
    large = {"headcount": "300", "headcount_before": "300"}
    exempt = asked(nace_code="", maatwerk="on", **large).content.decode()

    assert enterprise_number(NOBODY) == NOBODY
    for html in (page, exempt):
        assert not [hidden for hidden in (NOBODY, "1999.999.943", NO_CODE) if hidden in html]
    assert "Er ontbreken cijfers." in page
    assert "Niet negatief, volgens uw opgave." in page
    assert "(nummer niet opgegeven)" in exempt


def test_an_edition_that_ended_is_said_and_is_no_reason_to_say_no(today):
    today.at = datetime(2026, 11, 24, 9, tzinfo=UTC)
    answer = asked(year="2025", price="30.000", package="basis")

    assert "eindigde op 31/12/2024" in answer.content.decode()
    assert answer.context["told"].verdict == "yes"
    [offer] = [line for line in answer.context["told"].lines if line.question == "offer"]
    assert (offer.outcome, offer.finding) == (None, "package-not-offered")
    assert answer.context["subsidy"].granted == D("16335.00")
    dear = asked(year="2025", price="30.000", package="light").context["told"]
    assert dear.verdict == "no"


def test_an_activity_that_is_refused_is_a_reason_to_say_no(servers, committed, clock):
    clock.at = TODAY
    with psycopg.connect(servers.database_url("cst_owner", committed), autocommit=True) as link:
        link.execute(
            "INSERT INTO programme_activityrule"
            " (edition_id, nace_version, prefix, accepted, valid_from)"
            " SELECT id, '2008', '84', false, '2021-01-01' FROM programme_edition"
        )

    assert told(nace_code="84110")[0].verdict == "no"
    assert told(nace_code="62010")[0].verdict == "yes"
    assert told(nace_version="2025", nace_code="84110")[0].verdict == "yes"


# ---- What cannot be read -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"legal_form": ""}, "legal_form"),
        ({"legal_form": "stichting"}, "legal_form"),
        ({"postal_code": ""}, "postal_code"),
        ({"postal_code": "9000\x00"}, "postal_code"),
        ({"postal_code": "٩٠٠٠"}, "postal_code"),
        ({"year": "1999"}, "year"),
        ({"related": ""}, "related"),
        ({"aid": "robot"}, "aid"),
        ({"negative_equity": ""}, "negative_equity"),
        ({"negative_equity": "no", "equity": "-1"}, "equity"),
        ({"headcount": "veel"}, "headcount"),
        ({"headcount": "1e999"}, "headcount"),
        ({"headcount": "1" + "0" * 19}, "headcount"),
        ({"headcount": "-1"}, "headcount"),
        ({"headcount": "NaN"}, "headcount"),
        ({"headcount": "\x00"}, "headcount"),
        ({"turnover_before": "100000000000000000000"}, "turnover_before"),
        ({"turnover_before": "1e20"}, "turnover_before"),
        ({"balance_total": "\U0001f600"}, "balance_total"),
        ({"equity": "--5"}, "equity"),
        ({"public_share_pct": "100,1"}, "public_share_pct"),
        ({"nace_code": "62"}, "nace_code"),
        ({"number": "0428315872"}, "number"),
        ({"name": "x" * 1_000_000}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"package": "basis"}, "price"),
        ({"price": "-1"}, "price"),
        ({"price": "9" * 12}, "price"),
        ({"related": "yes"}, "r1_name"),
        (related(2, pct=""), "r2_pct"),
        (related(2, name=""), "r2_name"),
        (related(2, pct="101"), "r2_pct"),
        (related(2, kind="robot"), "r2_kind"),
        (related(2, tie="owner-2"), "r2_tie"),
        (related(2, tie="owner-3"), "r2_tie"),
        (related(2, number="0428315872"), "r2_number"),
        (related(2, number="0428315871") | {"number": "0428.315.871"}, "r2_number"),
        ({"aid": "yes"}, "aid1_on"),
        ({"aid": "yes", "aid2_on": "1/1/2024"}, "aid2_amount"),
        ({"aid": "yes", "aid2_amount": "5"}, "aid2_on"),
        ({"aid": "yes", "aid2_on": "5/11/2024", "aid2_amount": "5"}, "aid2_on"),
    ],
)
def test_what_cannot_be_read_is_told_at_its_field_and_stays_typed(today, given, field):
    answer = asked(deed="carry", **given)
    html = answer.content.decode()

    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert f'href="#id_{field}' in html
    if field != "turnover":
        assert 'value="1.500.000"' in html
    typed = given.get(field)
    if typed and typed.isalnum():
        assert typed in html


def test_what_a_no_hides_is_not_read_and_stays_typed(today):
    answer = asked(r1_pct="veel", aid3_on="ooit", r2_name="Oud")

    assert answer.status_code == 200
    assert answer.context["told"].verdict == "yes"
    for typed in ("veel", "ooit", "Oud"):
        assert f'value="{typed}"' in answer.content.decode()


NASTY = st.one_of(
    st.sampled_from(["1e999", "-1e999", "10" * 20, "\x00", "NaN", "Infinity", "1_000", "０", "²"]),
    st.text(max_size=60),
)
NAMES = [
    *SOUND,
    *("name", "number", "equity", "maatwerk", "recognition", "package", "price"),
    *(f"r{n}_{x}" for n in RELATED for x in ("name", "number", "kind", "tie", "pct", "turnover")),
    *(f"aid{n}_{x}" for n in GRANTS for x in ("on", "amount")),
]


@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.dictionaries(st.sampled_from(NAMES), NASTY, max_size=12))
def test_nothing_that_is_typed_breaks_it(today, given):
    answer = Client().post("/pre-check/", {**SOUND, "related": "yes", "aid": "yes", **given})
    assert answer.status_code in (200, 422)


def test_more_than_a_form_holds_is_turned_away(today):
    assert asked(name="x" * 2_000_000).status_code == 400
    assert Client().put("/pre-check/").status_code == 405


# ---- Nothing stays -------------------------------------------------------------------------------


def test_nothing_of_it_stays(committed, clock, caplog):
    clock.at = TODAY
    caplog.set_level(logging.DEBUG)
    answers = {"name": "Geheimzinnig", "number": "0428315871", "postal_code": "9042"}
    before, client = everything(), Client()
    with CaptureQueriesContext(connection) as asked_of_the_database:
        for deed in ("check", "look-up", "carry"):
            for given in (answers, {**answers, "postal_code": "x9042"}):
                answer = client.post("/pre-check/", {**SOUND, **given, "deed": deed})
                assert answer.headers["Cache-Control"] == "no-store"

    assert everything() == before
    assert "sessionid" not in client.cookies
    written = [q["sql"] for q in asked_of_the_database if not reads_only(q["sql"])]
    assert written == []
    for secret in ("Geheimzinnig", "0428315871", "9042"):
        assert secret not in client.cookies.output()
        messages = [record.getMessage() for record in caplog.records]
        # What the database was asked is told to nobody but this test.
        assert not [m for m in messages if secret in m and "SELECT" not in m]


def reads_only(sql):
    return sql.startswith(("SELECT", "SET", "RESET", "BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT"))


def everything():
    """How many rows each table holds."""
    with across_providers(), transaction.atomic():
        counted = {}
        for model in apps.get_models():
            try:
                with transaction.atomic():
                    counted[model._meta.label] = model._default_manager.count()
            except DatabaseError:
                continue
    assert len(counted) > 20
    return counted


# ---- Into a dossier ------------------------------------------------------------------------------


def test_the_answers_are_filed_as_a_dossier_over_the_api(alfa, clock):
    number, owner = make.enterprise_number(4_811), make.enterprise_number(4_812)
    answer = asked(
        deed="carry",
        number=number,
        name="Voorbeeld",
        year="2021",
        aid="yes",
        aid1_on="1/2/2021",
        aid1_amount="1.000,50",
        equity="50.000",
        **related(1, number=owner, **BIG)
        | related(2, kind="natural_person", name="Persoon", pct="33,33"),
    )
    facts = json.loads(answer.content)["facts"]

    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert facts == {
        "number": number,
        "name": "Voorbeeld",
        "legal_form": "bv",
        "nace_version": "2008",
        "nace_code": "62010",
        "postal_code": "9000",
        "periods": [
            {"year": 2021, "headcount": "12.5", "turnover": "1500000", "balance_total": "900000"},
            {"year": 2020, "headcount": "11", "turnover": "1400000.5", "balance_total": "900000"},
        ],
        "public_share_pct": "0",
        "equity": "50000",
        "others": [
            {"number": owner, "name": "Voorbeeld 1", "periods": [{"year": 2021, **BIG}]},
            {"key": "R2", "name": "Persoon", "kind": "natural_person"},
        ],
        "holdings": [
            {"owner": owner, "owned": number, "capital_pct": "100", "voting_pct": "100"},
            {"owner": "R2", "owned": number, "capital_pct": "33.33", "voting_pct": "33.33"},
        ],
        "aid": [
            {
                "on": "2021-02-01",
                "amount": "1000.5",
                "regulation": "1407/2013",
                "recipient": number,
            }
        ],
    }
    filed = alfa.post("dossiers", api.dossier_to_file(alfa, facts=facts))
    assert filed.status_code == 201, filed.json()
    assert filed.json()["enterprise_number"] == number


def test_what_is_not_known_is_left_out_of_the_file_and_named_on_the_page(today):
    unknown = dict.fromkeys(("nace_code", "headcount", "turnover", "public_share_pct"), "")
    unknown |= {"balance_total": "", "legal_form": "?", "aid": "unsure"}
    facts = json.loads(asked(deed="carry", **unknown).content)["facts"]
    page = asked(**unknown).content.decode()

    assert set(facts) == {"postal_code", "periods"}
    assert [period["year"] for period in facts["periods"]] == [2022]
    assert "Daar nog in te vullen: Ondernemingsnummer, Naam van de onderneming" in page
    none = json.loads(asked(deed="carry").content)["facts"]
    assert (none["aid"], "holdings" in none, "equity" in none) == ([], False, False)


# ---- The register --------------------------------------------------------------------------------


@pytest.fixture
def register(committed, tmp_path, clock):
    """An extract in whole, with annual accounts of the first enterprise in it."""
    clock.at = TODAY
    with across_providers():
        import_register(kbo.write(tmp_path / "full.zip", kbo.full(20)), only=None, now=lambda: AT)
    first = kbo.enterprise(1)
    with across_providers(), transaction.atomic():
        for year, begins, turnover in ((2023, 1, "2500000.00"), (2022, 7, "900000")):
            Accounts.objects.create(
                reference=f"R-{year}",
                enterprise_number=first,
                model="m02-f",
                begins_on=date(year, begins, 1),
                closed_on=date(year, 12, 31),
                deposited_on=date(year + 1, 6, 1),
                received_at=AT,
                sha256="0" * 64,
                headcount=D("41.5"),
                turnover=D(turnover),
                balance_total=None,
                equity=D("-12000"),
                of_everyone=True,
            )
    return first


def test_a_number_fills_in_what_the_register_tells(register):
    answer = asked(deed="look-up", number=register, headcount="7", public_share_pct="3")
    form = answer.context["form"]
    filled = {name: form[name].value() for name in form.fields}

    assert (answer.status_code, answer.context["found"].number) == (200, register)
    assert filled["name"]
    assert filled["legal_form"] in ("bv", "nv", "vzw")
    assert len(filled["nace_code"]) == 5
    assert (filled["year"], filled["headcount"]) == ("2023", "41,5")
    assert filled["turnover"] == "2.500.000"
    # Not in the accounts, or of a year of six months: not known, whatever was typed of another.
    assert (filled["balance_total"], filled["turnover_before"]) == ("", "")
    assert (filled["negative_equity"], filled["equity"]) == ("yes", "-12.000")
    # What the register does not tell stays as it was typed.
    assert (filled["public_share_pct"], filled["related"]) == ("3", "no")
    again = Client(headers={"accept-language": "nl"}).post(
        "/pre-check/", {**filled, "deed": "check", "maatwerk": ""}
    )
    assert again.status_code == 200


def test_accounts_fetched_for_those_who_are_here_fill_in_nothing(register):
    with across_providers(), transaction.atomic():
        Accounts.objects.update(of_everyone=False)

    form = asked(deed="look-up", number=register, year="", headcount="7").context["form"]

    assert (form["year"].value(), form["headcount"].value()) == ("", "7")


def test_a_number_of_nobody_leaves_the_form_as_it_was(register):
    answer = asked(deed="look-up", number=make.enterprise_number(4_712))

    assert (answer.status_code, answer.context["found"]) == (200, None)
    assert 'value="1.500.000"' in answer.content.decode()
    assert "error-summary" not in answer.content.decode()


@pytest.mark.parametrize("number", ["", "0428315872", "\x00", "x" * 100_000])
def test_a_wrong_number_is_told_alone(today, number):
    answer = asked(deed="look-up", number=number, legal_form="", headcount="veel")

    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["number"]
    assert 'value="veel"' in answer.content.decode()


def test_another_language_keeps_what_was_typed_and_reads_it_as_it_was_meant(today):
    given = SOUND | {"headcount": "1.250", "headcount_before": "12,5", "public_share_pct": "x"}
    given |= {"name": "Voorbeeld & Zoon", "turnover": "1.500.000,50", "aid": "unsure"}
    del given["deed"]
    client = Client(headers={"accept-language": "nl"})

    page = client.post("/pre-check/", given | {"language": "en"})

    text = page.content.decode()
    assert page.status_code == 200
    assert "Does this enterprise qualify?" in text
    assert 'name="headcount" value="1,250"' in text
    assert 'name="headcount_before" value="12.5"' in text
    assert 'name="public_share_pct" value="x"' in text
    assert 'name="turnover" value="1.500.000,50"' in text
    assert 'value="Voorbeeld &amp; Zoon"' in text
    assert re.search(r'name="aid" value="unsure"[^>]* checked', text)
    assert "Probably" not in text
    assert "Does this enterprise qualify?" in client.get("/pre-check/").content.decode()


def test_another_language_tells_the_same_answer(today):
    client = Client(headers={"accept-language": "nl"})
    dutch = client.post("/pre-check/", SOUND)
    assert 'name="shown" value="yes"' in dutch.content.decode()

    english = client.post("/pre-check/", SOUND | {"language": "en", "shown": "yes", "deed": ""})

    assert english.context["told"] == dutch.context["told"]
    assert "Probably yes" in english.content.decode()


def test_the_file_reads_back_as_facts(today):
    facts = json.loads(
        asked(deed="carry", number="0428315871", name="Voorbeeld", maatwerk="on").content
    )["facts"]
    assert facts_from_json(facts, source="", stated_on=TODAY.date()).number == "0428315871"
    assert "maatwerk_recognition" not in facts
