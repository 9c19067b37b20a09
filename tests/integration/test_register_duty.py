"""The duty to register aid within twenty working days, and what the agency's page does for it."""

import csv
import io
from contextlib import ExitStack
from datetime import UTC, date, datetime
from decimal import Decimal as D

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from apps.audit.models import Entry
from apps.claims.services import (
    ENDED_EARLY,
    NOT_ENTITLED,
    file_claim,
    stop_dossier,
    verify_claim,
)
from apps.design.figures import enterprise_number
from apps.dossiers import services
from apps.dossiers.models import Dossier, RegisterEntry
from apps.dossiers.selectors import register_duties, register_duties_open
from apps.providers.scope import across_providers, inside
from cstraject.quarter import Quarter
from cstraject.workdays import working_days_until
from tests import factories as make

GRANTED = datetime(2026, 3, 30, 10, 0, tzinfo=UTC)
DUE = date(2026, 4, 28)


@pytest.fixture
def contract(servers, committed, clock):
    clock.at = datetime(2026, 4, 20, 10, 0, tzinfo=UTC)
    make.add_edition_of_2026()
    with working():
        return make.make_contract_of_2026(make.make_provider("alfa"))


def working():
    stack = ExitStack()
    stack.enter_context(across_providers())
    stack.enter_context(transaction.atomic())
    return stack


def granted(contract, **given):
    with working():
        return make.approved(contract, at=GRANTED, **given)


def at_the_agency(role="reviewer"):
    with working():
        person = make.make_officer(role)
    client = Client(headers={"accept-language": "nl"})
    make.sign_in(client, person)
    return client


def enter(client, dossier, **given):
    body = {"reference": "EAID-7", "on": "20/04/2026", **given}
    return client.post(reverse("backoffice:register-enter", args=[dossier.pk]), body)


def file_of(client, dossier):
    answer = client.get(reverse("backoffice:register-file", args=[dossier.pk]))
    assert answer.status_code == 200
    header, row = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";")
    return dict(zip(header, row, strict=True))


# ---- By when -------------------------------------------------------------------------------------


def test_a_grant_of_30_march_2026_is_due_on_28_april(contract):
    """DM-33: Easter Monday, 6 April, is no working day; Good Friday, 3 April, is one."""
    dossier = granted(contract)
    with working():
        [duty] = register_duties(on=date(2026, 4, 20))

    assert (duty.dossier.pk, duty.amount, duty.what) == (dossier.pk, D("16335.00"), "enter")
    assert (duty.due_on, duty.days_left) == (DUE, 6)
    assert working_days_until(date(2026, 4, 3), on=date(2026, 4, 2)) == 1
    assert working_days_until(date(2026, 4, 7), on=date(2026, 4, 3)) == 1


def test_the_page_says_how_many_days_are_left_and_what_is_late(contract, clock):
    granted(contract)
    client = at_the_agency()
    page = client.get("/agency/register/").content.decode()
    assert '<span class="pill plain">nog 6 werkdagen</span>' in page
    assert "28/04/2026" in page
    assert "De-minimisregister (1)" in page

    clock.at = datetime(2026, 4, 21, 10, 0, tzinfo=UTC)
    page = at_the_agency().get("/agency/register/").content.decode()
    assert '<span class="pill warn">nog 5 werkdagen</span>' in page
    clock.at = datetime(2026, 4, 30, 10, 0, tzinfo=UTC)
    page = at_the_agency().get("/agency/register/").content.decode()
    assert '<span class="pill stop">2 werkdagen te laat</span>' in page


# ---- Entered, amended, withdrawn -----------------------------------------------------------------


def test_an_officer_notes_the_entry_alone_and_once(contract):
    dossier, client = granted(contract), at_the_agency()

    assert enter(client, dossier).status_code == 302
    with working():
        entry = RegisterEntry.objects.get()
        assert (entry.amount, entry.reference) == (D("16335.00"), "EAID-7")
        assert Entry.objects.filter(action="dossier.enter_in_register").count() == 1
        assert register_duties_open() == 0
    page = client.get("/agency/register/").content.decode()
    assert "Er moet niets ingevoerd worden" in page
    assert "EAID-7" in page
    assert "De-minimisregister (" not in page
    again = enter(client, dossier, reference="EAID-8")
    assert again.status_code == 422
    assert 'value="EAID-8"' in again.content.decode()
    with working():
        assert RegisterEntry.objects.count() == 1


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"reference": ""}, "Referentie in het register: "),
        ({"on": "gisteren"}, "Ingevoerd op:"),
        ({"on": "29/03/2026"}, "29/03/2026"),
        ({"on": "21/04/2026"}, "21/04/2026"),
        ({"reference": "x" * 61}, "Referentie in het register:"),
    ],
)
def test_what_cannot_be_noted_is_told_and_stays_typed(contract, given, told):
    dossier = granted(contract)
    answer = enter(at_the_agency(), dossier, **given)
    html = answer.content.decode()

    assert answer.status_code == 422
    assert told in html
    for typed in {"reference": "EAID-7", "on": "20/04/2026", **given}.values():
        assert f'value="{typed}"' in html or not typed
    # Another language is asked for on the page itself.
    assert 'name="next" value="/agency/register/"' in html
    with working():
        assert not RegisterEntry.objects.exists()


def test_who_approves_runs_looks_and_does_not_enter(contract):
    dossier, approver = granted(contract), at_the_agency("payments_approver")

    page = approver.get("/agency/register/")
    assert page.status_code == 200
    assert b"register-enter" not in page.content
    assert enter(approver, dossier).status_code == 403


@pytest.mark.parametrize(
    ("cause", "deed", "amount", "words"),
    [
        (ENDED_EARLY, "withdraw", "0.00", "In te trekken"),
        (NOT_ENTITLED, "withdraw", "0.00", "In te trekken"),
        ("claimed", "amend", "9801.00", "Aan te passen"),
    ],
)
def test_a_grant_that_ends_comes_back_with_both_amounts(
    contract,
    clock,
    cause,
    deed,
    amount,
    words,
):
    dossier = granted(contract)
    enter(at_the_agency(), dossier)
    clock.at = at = datetime(2026, 5, 11, 10, 0, tzinfo=UTC)
    with working():
        officer = make.make_officer()
        dossier = services.start_dossier(dossier=dossier, on=date(2026, 4, 1), actor=officer, at=at)
        if cause == "claimed":
            keep_the_first_tranche(dossier, officer)
            cause = ENDED_EARLY
            clock.at = at = datetime(2026, 7, 8, 10, 0, tzinfo=UTC)
        stop_dossier(dossier=dossier, cause=cause, reason="stopt", actor=officer, at=at)
        [duty] = register_duties(on=at.date())

    assert (duty.what, str(duty.amount), duty.entry.amount) == (deed, amount, D("16335.00"))
    client = at_the_agency()
    page = client.get("/agency/register/").content.decode()
    assert words in page
    noted = {"amend": "Aangepast", "withdraw": "Ingetrokken"}[deed]
    assert f"{noted}: noteer de referentie voor {dossier.reference}" in page
    assert "€\xa016.335,00 (EAID-7)" in page
    assert "De-minimisregister (1)" in page
    told = file_of(client, dossier)
    assert (told["Te doen"], told["Bedrag"], told["Nu in het register"]) == (
        *(words, amount.replace(".", ","), "16335,00"),
    )
    assert told["Referentie in het register"] == "EAID-7"

    enter(client, dossier, reference="EAID-8", on=f"{at:%d/%m/%Y}")
    with working():
        assert [str(e.amount) for e in RegisterEntry.objects.order_by("id")] == ["16335.00", amount]
        assert register_duties_open() == 0


def test_the_reference_of_another_dossier_is_not_noted(contract):
    first, second, client = granted(contract), granted(contract), at_the_agency()
    assert enter(client, first).status_code == 302
    late = enter(client, second, reference="eaid-7 ")
    assert late.status_code == 422
    assert "eaid-7 is al de referentie van een ander dossier" in late.content.decode()
    # What was noted at the wrong dossier is corrected there, and is free then.
    wrong = {"corrects": "EAID-7", "reference": "EAID-9"}
    assert enter(client, first, **wrong).status_code == 302
    assert enter(client, second, reference="EAID-7").status_code == 302
    with working():
        noted = RegisterEntry.objects.filter(dossier=first).order_by("id")
        assert [entry.reference for entry in noted] == ["EAID-7", "EAID-9"]
        assert {entry.amount for entry in noted} == {D("16335.00")}
        assert register_duties_open() == 0
    # Not beside what a colleague corrected meanwhile; what was typed still stands there.
    late = enter(client, first, **wrong)
    assert late.status_code == 422
    assert 'value="EAID-9"' in late.content.decode()


def keep_the_first_tranche(dossier, officer):
    quarter, at = Quarter(2026, 2), datetime(2026, 7, 6, 10, 0, tzinfo=UTC)
    make.stated(dossier, "20000.00", quarter=quarter, at=at)
    claim = file_claim(
        dossier=dossier, tranche=1, quarter=quarter, actor=make.make_user("manager"), at=at
    )
    verify_claim(claim=claim, actor=officer, at=at)


def test_what_never_stood_there_and_ended_is_not_due(contract):
    dossier = granted(contract)
    with working():
        services.withdraw_dossier(
            dossier=dossier, reason="ziet ervan af", actor=make.make_user(), at=GRANTED
        )
        assert register_duties(on=date(2026, 4, 20)) == []
        assert register_duties_open() == 0
    client = at_the_agency()
    assert client.get(
        reverse("backoffice:register-file", args=[dossier.pk])
    ).status_code == 404  # fmt: skip


# ---- The file ------------------------------------------------------------------------------------


def test_the_list_as_a_file_tells_what_to_do_and_what_stands_in_the_register(contract):
    new, done, shrunk = (granted(contract) for _ in range(3))
    client = at_the_agency()
    for dossier, reference in ((done, "EAID-7"), (shrunk, "EAID-8")):
        enter(client, dossier, reference=reference)
    with working():
        make.amended(shrunk, at=datetime(2026, 4, 20, 10, 0, tzinfo=UTC))
    content = client.get("/agency/register/?file=register.csv").content.decode("utf-8-sig")
    told = {row["Dossier"]: row for row in csv.DictReader(io.StringIO(content), delimiter=";")}
    columns = ("Toegekend op", "Te doen", "Nu in het register", "Ingevoerd")
    assert [[told[one.reference][column] for column in columns] for one in (new, done, shrunk)] == [
        ["30/03/2026", "In te voeren", "", ""],
        ["30/03/2026", "", "16335,00", "20/04/2026"],
        ["30/03/2026", "Aan te passen", "16335,00", "20/04/2026"],
    ]


def test_the_file_holds_what_article_6_asks_and_neither_provider_nor_package(contract):
    dossier = granted(contract, name="Café & Zoon, “Gent”")
    told = file_of(at_the_agency(), dossier)

    assert told == {
        "Te doen": "In te voeren",
        "Ondernemingsnummer": enterprise_number(dossier.enterprise_number),
        "Onderneming": "Café & Zoon, “Gent”",
        "Natuurlijke persoon: toon een pseudoniem": "nee",
        "Lidstaat": "België",
        "Bedrag": "16335,00",
        "Nu in het register": "",
        "Toegekend op": "30/03/2026",
        "Steunverlenende autoriteit": "VLAIO",
        "Steuninstrument": "Subsidie",
        "Hoofdactiviteit": (
            "62010 Ontwerpen en programmeren van computerprogramma's (NACE-BEL 2008)"
        ),
        "Verordening": "2023/2831",
        "Naam van de maatregel": "Advies aan ondernemingen",
        "Eigen referentie": f"{dossier.enterprise_number}-2026-03-30",
        "Referentie in het register": "",
    }
    answer = at_the_agency().get(reverse("backoffice:register-file", args=[dossier.pk]))
    whole = (answer.content.decode() + answer.headers["Content-Disposition"]).lower()
    for secret in ("alfa", "basis", "cyber", dossier.reference.lower()):
        assert secret not in whole
    in_english = at_the_agency().get(
        reverse("backoffice:register-file", args=[dossier.pk]), headers={"accept-language": "en"}
    )
    assert "Granted on;Granting authority" in in_english.content.decode()
    named = f"de-minimis-register-{dossier.enterprise_number}-2026-03-30.csv"
    assert named in in_english["Content-Disposition"]


def test_the_public_is_shown_a_pseudonym_of_a_natural_person(contract):
    dossier = granted(contract, legal_form="eenmanszaak")
    client = at_the_agency()

    assert file_of(client, dossier)["Natuurlijke persoon: toon een pseudoniem"] == "ja"
    page = client.get(reverse("backoffice:register"))
    assert "laat het register het publiek een pseudoniem tonen" in page.content.decode()


@pytest.mark.parametrize("name", ["=1+1", "+A1", "-2", "@SUM(A1)", '=HYPERLINK("x")'])
def test_a_name_is_never_a_formula(contract, name):
    dossier = granted(contract, name=name)
    assert file_of(at_the_agency(), dossier)["Onderneming"] == f"'{name}"


# ---- The wall ------------------------------------------------------------------------------------


def test_a_provider_reads_nothing_of_it(contract):
    dossier = granted(contract)
    enter(at_the_agency(), dossier)
    with working():
        manager = make.make_member(contract.provider, "manager")
    client = Client()
    make.sign_in(client, manager)

    for name, *where in (("register",), ("register-file", dossier.pk)):
        assert client.get(reverse(f"backoffice:{name}", args=where)).status_code == 404
    assert enter(client, dossier).status_code == 404
    for asked in (
        "SELECT * FROM dossiers_registerentry",
        "SELECT count(*) FROM dossiers_registerentry",
        "INSERT INTO dossiers_registerentry (reference) VALUES ('x')",
    ):
        with (
            inside(contract.provider_id),
            pytest.raises(DatabaseError, match="permission denied"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(asked)
    with inside(contract.provider_id), transaction.atomic():
        assert Dossier.objects.count() == 1


def test_an_entry_is_never_changed(contract):
    dossier = granted(contract)
    enter(at_the_agency(), dossier)
    for asked in (
        "UPDATE dossiers_registerentry SET amount = 1",
        "DELETE FROM dossiers_registerentry",
    ):
        with pytest.raises(DatabaseError), working(), connection.cursor() as cursor:
            cursor.execute(asked)


@pytest.mark.parametrize("entered", [True, False])
def test_a_grant_that_shrank_by_an_amendment_is_due_again_from_that_day(contract, clock, entered):
    dossier = granted(contract)
    if entered:
        enter(at_the_agency(), dossier)
    clock.at = datetime(2026, 9, 1, 10, 0, tzinfo=UTC)
    for price, month in (("25000.00", 9), ("24000.00", 10)):
        clock.at = datetime(2026, month, 1, 10, 0, tzinfo=UTC)
        with working():
            make.amended(dossier, price=price, at=clock.at)
    with working():
        [duty] = register_duties(on=date(2026, 10, 1))
    # Late counts from the first day on which the register told too much; or from the grant.
    assert duty.since == (date(2026, 9, 1) if entered else GRANTED.date())
    assert duty.due_on == (date(2026, 9, 29) if entered else DUE)
    if entered:
        clock.at = datetime(2026, 10, 2, 10, 0, tzinfo=UTC)
        enter(at_the_agency(), dossier, on="02/10/2026")
        with working():
            [duty] = register_duties(on=date(2026, 10, 2))
        assert duty.is_done
