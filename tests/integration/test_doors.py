"""Every address × everyone who may knock. An address that is not in the table fails the suite.

Asked at a fixed moment, 5 April 2023, in a world where every deed can succeed: who may do it is
then seen to do it (no refusal on the page), everyone else to be turned away with nothing done.
"""

import re
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.urls import get_resolver, reverse
from django.urls.resolvers import URLPattern, URLResolver
from django.utils import timezone

from apps.accounts.models import MACHINE
from apps.accounts.selectors import timetable
from apps.accounts.services import add_user, issue_token
from apps.audit.models import Entry
from apps.claims.services import file_claim, verify_claim
from apps.documents.services import note_document_held_elsewhere
from apps.dossiers import selectors
from apps.dossiers import services as dossiers
from apps.enterprises.models import Enterprise, RegisterImport
from apps.payouts import services as payouts
from apps.providers.scope import across_providers
from cstraject.quarter import Quarter
from tests import factories as make
from tests.conftest import own_database
from tests.factories import AT

NOW = datetime(2023, 4, 5, 10, 0, tzinfo=UTC)
LATE = Quarter(2023, 1)
REGISTERED = make.enterprise_number(4_998)
PDF = b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\nstartxref\n0\n%%EOF\n"

VISITORS = (
    *("anonymous", "other tenant", "reader", "coach", "manager"),
    *("officer", "approver"),
)

# Who gets what: a page, a deed done (302 in a browser), or turned away.
ALL = (200,) * 7
SIGN_IN = (302, 200, 200, 200, 200, 200, 200)
OF_PROVIDER = (302, 404, 200, 200, 200, 404, 404)
FILING = (302, 404, 403, 302, 302, 404, 404)
CLAIMING = (302, 404, 403, 403, 302, 404, 404)
OF_AGENCY = (302, 404, 404, 404, 404, 200, 200)
OFFICER = (302, 404, 404, 404, 404, 302, 403)
APPROVER = (302, 404, 404, 404, 404, 403, 302)
API_READING = (401, 404, 200, 200, 200, 404, 404)
API_FILING = (401, 404, 403, 200, 200, 404, 404)
API_MAKING = (401, 404, 403, 201, 201, 404, 404)
API_CLAIMING = (401, 404, 403, 403, 201, 404, 404)
API_NOTHING = (401, 404, 404, 404, 404, 404, 404)

DOORS = {
    ("get", "home"): (302, 302, 302, 302, 302, 302, 302),
    ("get", "sign-in"): (200, 302, 302, 302, 302, 302, 302),
    ("post", "sign-out"): (302,) * 7,
    ("post", "language"): (302,) * 7,
    ("get", "accessibility"): ALL,
    ("get", "precheck"): ALL,
    ("post", "precheck"): ALL,
    ("get", "health"): ALL,
    ("get", "schema"): ALL,
    ("get", "portal:overview"): OF_PROVIDER,
    ("get", "portal:dossier"): OF_PROVIDER,
    ("post", "portal:dossier-start"): FILING,
    ("post", "portal:dossier-complete"): FILING,
    ("post", "portal:dossier-end-report"): FILING,
    ("post", "portal:dossier-withdraw"): FILING,
    ("post", "portal:statement-file"): FILING,
    ("post", "portal:claim-file"): CLAIMING,
    ("get", "backoffice:dossiers"): OF_AGENCY,
    ("get", "backoffice:dossier"): OF_AGENCY,
    ("get", "backoffice:dossier-size"): OF_AGENCY,
    ("get", "backoffice:dossier-facts"): OF_AGENCY,
    ("post", "backoffice:dossier-correct"): OFFICER,
    ("get", "backoffice:dossier-de-minimis"): OF_AGENCY,
    ("post", "backoffice:dossier-find"): OFFICER,
    ("post", "backoffice:dossier-confirm"): OFFICER,
    ("post", "backoffice:dossier-assess"): OFFICER,
    ("post", "backoffice:dossier-approve"): OFFICER,
    ("post", "backoffice:dossier-refuse"): OFFICER,
    ("post", "backoffice:dossier-stop"): OFFICER,
    ("get", "backoffice:claims"): OF_AGENCY,
    ("post", "backoffice:claim-verify"): OFFICER,
    ("post", "backoffice:claim-send-back"): OFFICER,
    ("get", "backoffice:register"): OF_AGENCY,
    ("get", "backoffice:register-file"): OF_AGENCY,
    ("post", "backoffice:register-enter"): OFFICER,
    ("get", "backoffice:contracts"): OF_AGENCY,
    ("get", "backoffice:runs"): OF_AGENCY,
    ("post", "backoffice:run-draw-up"): OFFICER,
    ("get", "backoffice:run"): OF_AGENCY,
    ("post", "backoffice:run-check"): OFFICER,
    ("post", "backoffice:run-approve"): APPROVER,
    ("post", "backoffice:run-abandon"): OFFICER,
    ("post", "backoffice:run-sent"): OFFICER,
    ("get", "backoffice:run-file"): OF_AGENCY,
    ("post", "backoffice:payment-settle"): OFFICER,
    ("get", "backoffice:answer"): OF_AGENCY,
    ("get", "backoffice:answer-workbook"): OF_AGENCY,
    ("get", "backoffice:answer-json"): OF_AGENCY,
    ("get", "api:contract"): API_READING,
    ("get", "api:register"): API_READING,
    ("get", "api:dossiers"): API_READING,
    ("post", "api:dossiers"): API_MAKING,
    ("post", "api:documents"): API_MAKING,
    ("get", "api:dossier"): API_READING,
    ("post", "api:dossier-start"): API_FILING,
    ("post", "api:dossier-complete"): API_FILING,
    ("post", "api:dossier-end-report"): API_FILING,
    ("post", "api:dossier-withdraw"): API_FILING,
    ("post", "api:statements"): API_MAKING,
    ("post", "api:claims"): API_CLAIMING,
    ("get", "api:nothing"): API_NOTHING,
}


def addresses(resolver=None, namespace=""):
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern, f"{pattern.namespace or ''}:")
        elif isinstance(pattern, URLPattern):
            yield f"{namespace}{pattern.name}", pattern.callback


def test_every_address_is_in_the_table():
    assert {name for name, _ in addresses()} == {name for _, name in DOORS}


def test_every_view_of_a_door_names_the_act_it_needs():
    for name, view in addresses():
        if name.startswith(("portal:", "backoffice:")):
            assert view.act
        elif name.startswith("api:") and name != "api:nothing":
            acts = view.view_class.acts
            told = {method.upper() for method, door in DOORS if door == name}
            assert set(acts) - {"HEAD", "OPTIONS"} == told


@pytest.fixture(scope="module")
def world(servers, template, django_db_setup, django_db_blocker):
    """One database in which every deed of the table can succeed, for all tests of this file."""
    with own_database(servers, template, django_db_blocker):
        yield make_world()


@transaction.atomic
def make_world() -> SimpleNamespace:
    with across_providers():
        alfa, beta = make.make_provider("alfa"), make.make_provider("beta")
        RegisterImport.objects.create(
            number=1, kind="full", snapshot_on=date(2022, 1, 1), started_at=AT, finished_at=AT
        )
        Enterprise.objects.create(
            number=REGISTERED,
            name="Voorbeeld",
            name_rank=0,
            named_by=1,
            placed_by=1,
            extract=1,
            snapshot_on=date(2022, 1, 1),
        )
        contract = make.make_contract(alfa, budget="500000.00")
        make.make_contract(beta)
        people = {role: make.make_member(alfa, role) for role in ("reader", "coach", "manager")}
        people["other tenant"] = make.make_member(beta, "manager")
        people["officer"], people["approver"] = make.make_officer(), make.make_officer("approver")
        tokens = {}
        for visitor, person in people.items():
            machine = add_user(
                email=f"machine-{person.email}",
                name="Machine",
                actor=timetable(),
                at=AT,
                kind=MACHINE,
            )
            machine.groups.set(person.groups.all())
            # Issued long before the moment at which the doors are tried.
            tokens[visitor] = issue_token(
                user=machine, name="test", actor=timetable(), at=NOW - timedelta(days=30)
            )
        clock = timetable()

        def run_of(quarter: Quarter, until: str):
            in_window = datetime.combine(quarter.ends, datetime.min.time(), UTC)
            dossier = make.started(contract, at=in_window - timedelta(days=40))
            make.stated(dossier, "20000.00", quarter=quarter, at=in_window)
            filed = file_claim(
                dossier=dossier, tranche=1, quarter=quarter, actor=clock, at=in_window
            )
            verify_claim(claim=filed, actor=make.make_user(), at=in_window)
            at = datetime.combine(quarter.ends.replace(day=20), datetime.min.time(), UTC)
            run = payouts.draw_up_run(quarter=quarter, actor=clock, at=at)
            first, second = make.make_officer(), make.make_officer("approver")
            for state, step, actor in (
                ("checked", payouts.check_run, first),
                ("approved", payouts.approve_run, second),
                ("filed", payouts.write_payment_file, clock),
                ("sent", payouts.mark_sent, first),
            ):
                if run.state == until:
                    break
                run = step(run=run, actor=actor, at=at)
                assert run.state == state
            return run

        runs = {
            "sent": run_of(Quarter(2021, 4), "sent"),
            "filed": run_of(Quarter(2022, 1), "filed"),
            "checked": run_of(Quarter(2022, 2), "checked"),
            "drawn_up": run_of(Quarter(2022, 3), "drawn_up"),
        }
        claimable = make.stated(make.started(contract), "20000.00", quarter=LATE, at=NOW)
        claimed = make.stated(make.started(contract), "20000.00", quarter=LATE, at=NOW)
        claim = file_claim(dossier=claimed, tranche=1, quarter=LATE, actor=clock, at=NOW)
        make.verified_claim(contract)
        unanswered = make.submitted(contract)
        dossiers.assess_dossier(dossier=unanswered, actor=clock, at=AT)
        overridden = make.assessed(contract)
        dossiers.find(
            dossier=overridden,
            question="equity",
            outcome="not_met",
            reason="jongere jaarrekening",
            actor=make.make_officer(),
            at=AT,
        )
        completed = make.started(contract)
        dossiers.complete_dossier(dossier=completed, on=date(2022, 6, 1), actor=clock, at=NOW)
        offer, declaration = (
            note_document_held_elsewhere(
                provider_id=alfa.pk, kind=kind, name=kind, held_at="x", actor=clock, at=AT
            ).pk
            for kind in ("offer", "declaration")
        )
        return SimpleNamespace(
            alfa=alfa,
            people=people,
            tokens=tokens,
            runs=runs,
            payment=runs["sent"].payments.get(),
            claim=claim,
            claimable=claimable,
            unanswered=unanswered,
            overridden=overridden,
            decidable=make.assessed(contract),
            approved=make.approved(contract),
            started=make.started(contract),
            completed=completed,
            offer=offer,
            declaration=declaration,
        )


def address_and_body(world, name):
    """Where a door is, and what makes its deed succeed."""
    portal = {"provider": "alfa"}

    def of(dossier):
        return {**portal, "dossier": dossier.pk}

    statement = {"quarter": str(LATE), "person_days": "5,0", "amount": "5.000,00"}
    table = {
        "language": ({}, {"language": "en", "next": "/accessibility/"}),
        "precheck": (
            {},
            {
                "legal_form": "bv",
                "postal_code": "9000",
                "nace_version": "2008",
                "year": "2022",
                "related": "no",
                "negative_equity": "no",
                "aid": "no",
            },
        ),
        "portal:overview": (portal, {}),
        "portal:dossier": (of(world.started), {}),
        "portal:dossier-start": (of(world.approved), {"on": "01/03/2022"}),
        "portal:dossier-complete": (of(world.started), {"on": "01/03/2022"}),
        "portal:dossier-end-report": (of(world.completed), {"on": "01/07/2022"}),
        "portal:dossier-withdraw": (of(world.approved), {"reason": "ziet ervan af"}),
        "portal:statement-file": (of(world.started), statement),
        "portal:claim-file": (of(world.claimable), {"quarter": str(LATE), "tranche": "1"}),
        "backoffice:dossier": ({"dossier": world.started.pk}, {}),
        "backoffice:dossier-find": (
            {"dossier": world.unanswered.pk},
            {"question": "de_minimis", "outcome": "met", "reason": "nagekeken"},
        ),
        "backoffice:dossier-size": ({"dossier": world.started.pk}, {}),
        "backoffice:dossier-de-minimis": ({"dossier": world.started.pk}, {}),
        "backoffice:dossier-facts": ({"dossier": world.started.pk}, {}),
        "backoffice:dossier-correct": (
            {"dossier": world.unanswered.pk},
            {
                "sheet": world.unanswered.facts_id,
                "change": "equity",
                "value": "1.000",
                "source": "NBB",
                "reason": "jonger",
            },
        ),
        "backoffice:dossier-confirm": ({"dossier": world.overridden.pk}, {"question": "equity"}),
        "backoffice:dossier-assess": ({"dossier": world.decidable.pk}, {}),
        "backoffice:dossier-approve": ({"dossier": world.decidable.pk}, {}),
        "backoffice:dossier-refuse": ({"dossier": world.decidable.pk}, {"reason": "geen kmo"}),
        "backoffice:dossier-stop": (
            {"dossier": world.started.pk},
            {"cause": "not_entitled", "reason": "geen kmo"},
        ),
        "backoffice:claim-verify": ({"claim": world.claim.pk}, {}),
        "backoffice:claim-send-back": ({"claim": world.claim.pk}, {"reason": "onvolledig"}),
        "backoffice:register-file": ({"dossier": world.started.pk}, {}),
        "backoffice:register-enter": (
            {"dossier": world.started.pk},
            {"reference": "EAID-1", "on": "01/03/2022"},
        ),
        "backoffice:run-draw-up": ({}, {"quarter": "2022-Q4"}),
        "backoffice:run": ({"run": world.runs["drawn_up"].pk}, {}),
        "backoffice:run-check": ({"run": world.runs["drawn_up"].pk}, {}),
        "backoffice:run-approve": ({"run": world.runs["checked"].pk}, {}),
        "backoffice:run-abandon": ({"run": world.runs["drawn_up"].pk}, {"reason": "fout"}),
        "backoffice:run-sent": ({"run": world.runs["filed"].pk}, {}),
        "backoffice:run-file": ({"run": world.runs["sent"].pk}, {}),
        "backoffice:payment-settle": (
            {"payment": world.payment.pk},
            {"outcome": "pay", "on": "25/04/2022"},
        ),
        "api:contract": (portal, {}),
        "api:register": ({**portal, "number": REGISTERED}, {}),
        "api:dossiers": (
            portal,
            {
                "package": "basis",
                "with_extension": False,
                "price_excl_vat": "30000.00",
                "person_days": "30.0",
                "offer": str(world.offer),
                "declaration": str(world.declaration),
                "facts": make.facts(make.enterprise_number(4_999)),
            },
        ),
        "api:documents": (portal, {"kind": "offer"}),
        "api:dossier": (of(world.started), {}),
        "api:dossier-start": (of(world.approved), {"on": "2022-03-01"}),
        "api:dossier-complete": (of(world.started), {"on": "2022-03-01"}),
        "api:dossier-end-report": (of(world.completed), {"on": "2022-07-01"}),
        "api:dossier-withdraw": (of(world.approved), {"reason": "ziet ervan af"}),
        "api:statements": (
            of(world.started),
            {"quarter": str(LATE), "person_days": "5.0", "amount": "5000.00"},
        ),
        "api:claims": (of(world.claimable), {"quarter": str(LATE), "tranche": 1}),
    }
    kwargs, body = table.get(name, ({}, {}))
    if name == "api:nothing":
        return "/api/v1/providers/alfa/elsewhere/", {}
    return reverse(name, kwargs=kwargs), body


def knock(world, visitor, method, name):
    client = Client()
    path, body = address_and_body(world, name)
    if name.startswith("api:"):
        headers = {"Idempotency-Key": "once"}
        if visitor in world.tokens:
            headers["Authorization"] = f"Bearer {world.tokens[visitor]}"
        if name == "api:documents":
            body = {**body, "file": SimpleUploadedFile("offerte.pdf", PDF)}
            return client.post(path, body, headers=headers)
        if method == "post":
            return client.post(path, body, content_type="application/json", headers=headers)
        return client.get(path, headers=headers)
    if visitor in world.people:
        client.force_login(
            world.people[visitor], backend="django.contrib.auth.backends.ModelBackend"
        )
    return getattr(client, method)(path, body)


def deeds() -> int:
    with across_providers():
        return Entry.objects.count()


@pytest.mark.parametrize(("method", "name"), DOORS, ids=lambda value: value)
def test_a_door_opens_to_whom_it_should(world, method, name, monkeypatch, settings, tmp_path):
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    # The duty to register began after this world: here it begins before it.
    monkeypatch.setattr(selectors, "REGISTER_SINCE", date(2021, 1, 1))
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path)},
        },
    }
    for visitor, expected in zip(VISITORS, DOORS[method, name], strict=True):
        with transaction.atomic():
            before = deeds()
            response = knock(world, visitor, method, name)
            assert response.status_code == expected, (visitor, response.content[:300])
            does_something = name.startswith(("portal:", "backoffice:", "api:"))
            let_in = visitor != "anonymous" and expected in (200, 201, 302)
            if method == "post" and does_something:
                assert (deeds() > before) == let_in, visitor
                told = [m.message for m in get_messages(response.wsgi_request) if m.tags == "error"]
                assert told == [], visitor
            else:
                assert deeds() == before
            transaction.set_rollback(True)


def test_anonymous_is_sent_to_the_sign_in_whether_or_not_there_is_such_a_provider(world):
    places = [Client().get(f"/p/{slug}/")["Location"] for slug in ("alfa", "nobody")]

    assert places == [f"/sign-in/?next=/p/{slug}/" for slug in ("alfa", "nobody")]


def test_not_yours_and_not_there_are_the_same_answer(world):
    """Byte for byte, but for the address itself: a guessed name or number tells nothing."""
    client = Client()
    client.force_login(
        world.people["other tenant"], backend="django.contrib.auth.backends.ModelBackend"
    )
    mine = f"/p/beta/dossiers/{world.started.pk}/"
    unknown = "/p/beta/dossiers/00000000-0000-4000-8000-000000000000/"
    for yours, nowhere in ((mine, unknown), ("/p/alfa/", "/p/gone/")):
        one, other = client.get(yours), client.get(nowhere)
        assert one.status_code == other.status_code == 404
        assert without(one.content, yours) == without(other.content, nowhere)


def without(content: bytes, address: str) -> bytes:
    """A page but for its own address and the token of its forms, which is new each time."""
    return re.sub(
        rb'name="csrfmiddlewaretoken" value="\w+"', b"", content.replace(address.encode(), b"")
    )


def test_a_member_who_is_shut_out_has_no_rights_at_once(world):
    with transaction.atomic():
        client = Client()
        person = world.people["manager"]
        client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
        assert client.get("/p/alfa/").status_code == 200
        with across_providers():
            person.is_active = False
            person.save(update_fields=["is_active"])
        assert client.get("/p/alfa/").status_code == 302
        transaction.set_rollback(True)
        person.is_active = True
