"""The door for a provider's machine: what it can do, what it cannot, and what it is told.

Every answer to a `Machine` is held against the description of the API as well.
"""

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from threading import Barrier
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.accounts.models import User
from apps.accounts.selectors import digest_of, timetable
from apps.api.throttling import KeyThrottle
from apps.audit.models import Entry
from apps.claims.models import Claim, Statement
from apps.claims.services import send_back_claim, verify_claim
from apps.contracts.models import Contract
from apps.documents.models import Document
from apps.documents.services import BYTES_MAX, note_document_held_elsewhere
from apps.dossiers import services
from apps.dossiers.models import Dossier
from apps.eligibility.selectors import standings_of
from apps.payouts.models import Payment
from apps.payouts.services import (
    approve_run,
    check_run,
    draw_up_run,
    mark_sent,
    settle_payment,
    write_payment_file,
)
from apps.providers.models import Provider, Token
from apps.providers.scope import across_providers
from apps.receipts.models import Receipt
from cstraject.eligibility import MET, NOT_MET, QUESTIONS
from cstraject.roles import MACHINE_ACTS, PROVIDER_ROLES
from tests.factories import (
    AT,
    IN_WINDOW,
    Q1,
    RUN_DAY,
    approved,
    facts,
    make_contract,
    make_key,
    make_member,
    make_officer,
    pdf,
    sign_in,
    started,
    stated,
    submitted,
)
from tests.integration.test_api_schema import must_be_as_described

PDF = pdf()


@dataclass
class Machine:
    """A provider's machine with its token; `user` may be a person's account as well."""

    provider: Provider
    user: User
    secret: str

    def address(self, name: str, **where: object) -> str:
        return reverse(f"api:{name}", kwargs={"provider": self.provider.slug, **where})

    def headers(self, key: str | None = None, **more: str) -> dict[str, str]:
        sent = {"Authorization": f"Bearer {self.secret}", **more}
        return sent if key is None else {**sent, "Idempotency-Key": key}

    def get(self, name: str, query: object = None, *, language: str = "en", **where: object):
        headers = self.headers(**{"Accept-Language": language})
        response = Client().get(self.address(name, **where), query, headers=headers)
        must_be_as_described(response, "get")
        return response

    def post(
        self,
        name: str,
        body: object,
        *,
        key: str | None = "",
        language: str = "en",
        **where: object,
    ):
        """Post JSON, or bytes as they are; with a fresh key unless one is given (None: none)."""
        key = str(uuid4()) if key == "" else key
        response = Client().post(
            self.address(name, **where),
            body if isinstance(body, bytes) else json.dumps(body),
            content_type="application/json",
            headers=self.headers(key, **{"Accept-Language": language}),
        )
        must_be_as_described(response, "post")
        return response

    def upload(self, kind: str, content: bytes = PDF, *, name: str = "a.pdf", key: str = ""):
        response = Client().post(
            self.address("documents"),
            {"kind": kind, "file": SimpleUploadedFile(name, content)},
            headers=self.headers(key or str(uuid4()), **{"Accept-Language": "en"}),
        )
        must_be_as_described(response, "post")
        return response


def make_machine(provider: Provider, *, role: str = "manager") -> Machine:
    secret = make_key(provider, *(PROVIDER_ROLES[role] & MACHINE_ACTS))
    return Machine(provider, Token.objects.get(digest=digest_of(secret)).user, secret)


@contextmanager
def agency_at_work():
    with across_providers(), transaction.atomic():
        yield


@pytest.fixture
def alfa(db, clock) -> Machine:
    with agency_at_work():
        return make_machine(make_contract().provider)


@pytest.fixture
def beta(db, clock) -> Machine:
    with agency_at_work():
        return make_machine(make_contract().provider)


def contract_of(machine: Machine) -> Contract:
    return Contract.objects.get(provider=machine.provider)


def documents_of(machine: Machine) -> dict[str, str]:
    with agency_at_work():
        return {
            kind: str(
                note_document_held_elsewhere(
                    provider_id=machine.provider.pk,
                    kind=kind,
                    name=kind,
                    held_at="elsewhere",
                    actor=machine.user,
                    at=AT,
                ).pk
            )
            for kind in ("offer", "declaration")
        }


def dossier_to_file(machine: Machine, **changes: object) -> dict[str, object]:
    return {
        "package": "basis",
        "with_extension": False,
        "price_excl_vat": "30000.00",
        "person_days": "30.0",
        **documents_of(machine),
        "facts": facts(),
        **changes,
    }


def count(model) -> int:
    with agency_at_work():
        return model.objects.count()


# ---- A whole quarter -----------------------------------------------------------------------------


def test_a_machine_does_a_whole_quarter(alfa, clock):
    offer, declaration = (alfa.upload(kind) for kind in ("offer", "declaration"))
    assert (offer.status_code, offer.json()["media_type"]) == (201, "application/pdf")

    filed = alfa.post(
        "dossiers",
        {
            "package": "basis",
            "with_extension": False,
            "price_excl_vat": "25150",
            "person_days": "30",
            "offer": offer.json()["id"],
            "declaration": declaration.json()["id"],
            "facts": facts(),
        },
    )
    assert filed.status_code == 201
    assert filed.json()["state"] == "submitted"
    assert filed.json()["price_excl_vat"] == "25150.00"
    assert filed.json()["submitted_on"] == "2022-02-01"
    pk = filed.json()["id"]

    approve(pk)
    assert alfa.get("contract").json()["contracts"][0]["committed"] == "13694.18"
    begun = alfa.post("dossier-start", {"on": "2022-02-01"}, dossier=pk)
    assert (begun.status_code, begun.json()["state"]) == (200, "in_delivery")

    clock.at = IN_WINDOW
    delivered = {"quarter": "2022-Q1", "person_days": "20", "amount": "20000"}
    stated = alfa.post("statements", delivered, dossier=pk)
    assert (stated.status_code, stated.json()["amount"]) == (201, "20000.00")
    claimed = alfa.post(
        "claims", {"tranche": 1, "quarter": "2022-Q1", "amount": "8216.51"}, dossier=pk
    )
    assert (claimed.status_code, claimed.json()["state"]) == (201, "submitted")
    assert claimed.json()["amount"] == "8216.51"

    pay_run(pk)
    shown = alfa.get("dossier", dossier=pk).json()
    first, second = shown["tranches"]
    assert (first["amount"], first["claim_state"], first["quarter"]) == (
        *("8216.51", "paid", "2022-Q1"),
    )
    assert (first["paid"], first["paid_on"], first["why"]) == (True, "2022-04-21", None)
    assert (second["paid"], second["claim_state"], second["why"]) == (False, None, "not-completed")
    assert [s["quarter"] for s in shown["statements"]] == ["2022-Q1"]
    contract = alfa.get("contract").json()["contracts"][0]
    assert (contract["budget"], contract["paid"], contract["left"]) == (
        *("100000.00", "8216.51", "86305.82"),
    )

    done = alfa.post("dossier-complete", {"on": "2022-04-04"}, dossier=pk)
    assert (done.status_code, done.json()["completed_on"]) == (200, "2022-04-04")
    report = alfa.post("dossier-end-report", {"on": "2022-04-05"}, dossier=pk)
    assert (report.status_code, report.json()["end_report_on"]) == (200, "2022-04-05")
    with agency_at_work():
        machine_did = Entry.objects.filter(case_id=pk, actor_id=alfa.user.pk).order_by("id")
        assert list(machine_did.values_list("action", flat=True)) == [
            "dossier.file",
            "dossier.start",
            "statement.file",
            "claim.file",
            "dossier.complete",
            "dossier.receive_end_report",
        ]


def approve(pk: str) -> None:
    with agency_at_work():
        officer = make_officer()
        dossier = services.assess_dossier(
            dossier=Dossier.objects.get(pk=pk), actor=timetable(), at=AT
        )
        for standing in standings_of(dossier.assessment):
            if standing.outcome not in (MET, NOT_MET):
                services.find(
                    dossier=dossier,
                    question=standing.answer.question,
                    outcome=MET,
                    reason="looked at",
                    actor=officer,
                    at=AT,
                )
        services.approve_dossier(dossier=dossier, actor=officer, at=AT)


def pay_run(pk: str) -> None:
    with agency_at_work():
        officer, approver = make_officer(), make_officer("payments_approver")
        claim = Claim.objects.get(dossier=pk)
        verify_claim(claim=claim, actor=officer, at=IN_WINDOW)
        run = draw_up_run(quarter=Q1, actor=timetable(), at=RUN_DAY)
        check_run(run=run, actor=officer, at=RUN_DAY)
        approve_run(run=run, actor=approver, at=RUN_DAY)
        write_payment_file(run=run, actor=timetable(), at=RUN_DAY)
        mark_sent(run=run, actor=officer, at=RUN_DAY)
        settle_payment(
            payment=Payment.objects.get(run=run),
            outcome="pay",
            on=date(2022, 4, 21),
            actor=officer,
            at=RUN_DAY + timedelta(days=1),
        )


def test_withdrawing_releases_the_budget(alfa):
    with agency_at_work():
        dossier = approved(contract_of(alfa))

    for wrong in (410, True, None, ["Ging niet door"]):
        answer = alfa.post("dossier-withdraw", {"reason": wrong}, dossier=dossier.pk)
        assert answer.status_code == 400, wrong
    answer = alfa.post("dossier-withdraw", {"reason": "Ging niet door"}, dossier=dossier.pk)

    assert (answer.status_code, answer.json()["state"]) == (200, "withdrawn")
    assert answer.json()["ended_on"] == "2022-02-01"
    assert alfa.get("contract").json()["contracts"][0]["left"] == "100000.00"
    assert alfa.get("dossier", dossier=dossier.pk).json()["ended_reason"] == "Ging niet door"


def test_a_claim_that_was_sent_back_is_told_with_its_reason(alfa, clock):
    clock.at = IN_WINDOW
    with agency_at_work():
        dossier = stated(started(contract_of(alfa)), "20000.00")
    alfa.post("claims", {"tranche": 1, "quarter": "2022-Q1"}, dossier=dossier.pk)
    with agency_at_work():
        send_back_claim(
            claim=Claim.objects.get(dossier=dossier),
            reason="Prestatiestaat niet getekend",
            actor=make_officer(),
            at=IN_WINDOW,
        )

    shown = alfa.get("dossier", dossier=dossier.pk).json()

    assert [(c["state"], c["sent_back_reason"]) for c in shown["claims"]] == [
        ("sent_back", "Prestatiestaat niet getekend")
    ]
    assert shown["tranches"][0]["why"] == "not-claimed"


def test_an_assessment_is_told_question_by_question_in_the_callers_language(alfa):
    with agency_at_work():
        dossier = approved(contract_of(alfa))

    english, dutch = (
        alfa.get("dossier", dossier=dossier.pk, language=language).json()["assessment"]["questions"]
        for language in ("en", "nl")
    )

    assert [question["question"] for question in english] == list(QUESTIONS)
    by_name = {question["question"]: question for question in english}
    assert by_name["region"]["finding"] == "in-flanders"
    assert by_name["region"]["message"] == "Established in 2000, province Antwerp."
    assert by_name["main_activity"]["outcome"] == "met"
    assert by_name["main_activity"]["decided_because"] == "nagekeken"
    assert by_name["size"]["decided_because"] is None
    assert [q["finding"] for q in dutch] == [q["finding"] for q in english]
    assert all(d["message"] != e["message"] for d, e in zip(dutch, english, strict=True))


def test_a_refused_dossier_tells_why(alfa):
    with agency_at_work():
        dossier = submitted(contract_of(alfa))
        services.assess_dossier(dossier=dossier, actor=timetable(), at=AT)
        services.refuse_dossier(
            dossier=dossier, reason="Geen onderneming", actor=make_officer(), at=AT
        )

    shown = alfa.get("dossier", dossier=dossier.pk).json()

    assert (shown["state"], shown["decision_reason"]) == ("refused", "Geen onderneming")
    assert (shown["tranches"], shown["granted_incl_vat"]) == ([], None)


# ---- The list ------------------------------------------------------------------------------------


def all_pages(machine: Machine, **query: object) -> list[list[str]]:
    pages, after = [], None
    while True:
        given = {**query, **({"after": after} if after else {})}
        page = machine.get("dossiers", given).json()
        pages.append([row["reference"] for row in page["dossiers"]])
        after = page["next"]
        if after is None:
            return pages


def test_pages_hold_every_dossier_once_the_newest_first(alfa):
    with agency_at_work():
        contract = contract_of(alfa)
        made = [submitted(contract, at=AT + timedelta(days=day)) for day in (0, 0, 0, 1, 1, 2, 3)]

    pages = all_pages(alfa, limit=2)

    assert [len(page) for page in pages] == [2, 2, 2, 1]
    shown = [reference for page in pages for reference in page]
    assert sorted(shown) == sorted(d.reference for d in made)
    days = {d.reference: d.submitted_on for d in made}
    assert [days[r] for r in shown] == sorted(days.values(), reverse=True)


def test_a_page_is_not_shifted_by_what_is_filed_meanwhile(alfa):
    with agency_at_work():
        made = [submitted(contract_of(alfa), at=AT + timedelta(days=day)) for day in (0, 1, 2)]
    first = alfa.get("dossiers", {"limit": 1}).json()
    with agency_at_work():
        submitted(contract_of(alfa), at=AT + timedelta(days=9))

    second = alfa.get("dossiers", {"limit": 1, "after": first["next"]}).json()

    assert first["dossiers"][0]["id"] == str(made[2].pk)
    assert second["dossiers"][0]["id"] == str(made[1].pk)


def test_the_list_is_filtered_by_state(alfa):
    with agency_at_work():
        submitted(contract_of(alfa))
        running = started(contract_of(alfa))

    rows = alfa.get("dossiers", {"state": "in_delivery"}).json()["dossiers"]

    assert [row["id"] for row in rows] == [str(running.pk)]
    assert rows[0]["granted_incl_vat"] == "16335.00"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("state", "asleep"),
        ("state", ""),
        ("limit", "0"),
        ("limit", "101"),
        ("limit", "9" * 5000),
        ("limit", "ten"),
        ("after", "x"),
        ("after", "é\x00"),
        ("after", "MjAyMi0wMi0wMSBub3QtYW4taWQ="),
        ("after", "9" * 500),
        ("page", "2"),
    ],
)
def test_a_wrong_question_to_the_list_is_told_by_its_name(alfa, name, value):
    answer = alfa.get("dossiers", {name: value})

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert list(answer.json()["facts"]) == [name]


def test_thirty_dossiers_take_no_more_queries_than_one(alfa):
    def queries(name: str, **where: object) -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert alfa.get(name, **where).status_code == 200
        return len(asked)

    with agency_at_work():
        one = approved(contract_of(alfa), price="15000.00", package="basis")
    with_one = queries("dossiers"), queries("dossier", dossier=one.pk), queries("contract")
    with agency_at_work():
        for _ in range(29):
            submitted(contract_of(alfa))
    with_thirty = queries("dossiers"), queries("dossier", dossier=one.pk), queries("contract")

    assert len(alfa.get("dossiers").json()["dossiers"]) == 30
    assert with_thirty == with_one


# ---- The wall ------------------------------------------------------------------------------------


def test_another_providers_dossier_is_answered_like_one_that_does_not_exist(alfa, beta):
    with agency_at_work():
        theirs = started(contract_of(beta))
    bodies = {
        "dossier-start": {"on": "2022-02-01"},
        "dossier-complete": {"on": "2022-02-01"},
        "dossier-end-report": {"on": "2022-02-01"},
        "dossier-withdraw": {"reason": "x"},
        "statements": {"quarter": "2022-Q1", "person_days": "1", "amount": "1"},
        "claims": {"tranche": 1, "quarter": "2022-Q1"},
    }
    assert beta.get("dossier", dossier=theirs.pk).status_code == 200

    def answers(pk: object) -> list[tuple[int, bytes]]:
        read = [alfa.get("dossier", dossier=pk)]
        done = [alfa.post(name, body, dossier=pk) for name, body in bodies.items()]
        return [(answer.status_code, answer.content) for answer in read + done]

    theirs_answered, unknown_answered = answers(theirs.pk), answers(uuid4())

    assert theirs_answered == unknown_answered
    assert {status for status, _ in theirs_answered} == {404}
    with agency_at_work():
        assert Dossier.objects.get(pk=theirs.pk).state == "in_delivery"
        assert not Receipt.objects.filter(provider=alfa.provider).exists()


def test_a_list_and_a_contract_tell_of_nobody_else(alfa, beta):
    with agency_at_work():
        ours, theirs = submitted(contract_of(alfa)), approved(contract_of(beta))

    assert [row["id"] for row in alfa.get("dossiers").json()["dossiers"]] == [str(ours.pk)]
    assert [c["committed"] for c in alfa.get("contract").json()["contracts"]] == ["0.00"]
    assert theirs.enterprise_number not in alfa.get("dossiers").content.decode()


@pytest.mark.parametrize("kind", ["offer", "declaration"])
def test_another_providers_document_is_missing(alfa, beta, kind):
    body = dossier_to_file(alfa, **{kind: documents_of(beta)[kind]})
    unknown = {**body, kind: str(uuid4())}

    theirs, nobodys = alfa.post("dossiers", body), alfa.post("dossiers", unknown)

    assert (theirs.status_code, theirs.content) == (nobodys.status_code, nobodys.content)
    assert theirs.status_code == 409
    assert (theirs.json()["code"], theirs.json()["facts"]) == (
        *("documents-missing", {"missing": [kind]}),
    )
    assert count(Dossier) == 0


def test_that_an_enterprise_was_helped_elsewhere_is_not_told_at_filing(alfa, beta):
    with agency_at_work():
        helped = approved(contract_of(beta)).enterprise_number

    answer = alfa.post("dossiers", dossier_to_file(alfa, facts=facts(helped)))

    assert answer.status_code == 201
    assert alfa.get("dossier", dossier=answer.json()["id"]).json()["assessment"] is None


def test_the_same_key_at_two_providers_is_two_keys(alfa, beta):
    first = alfa.post("dossiers", dossier_to_file(alfa), key="1")
    second = beta.post("dossiers", dossier_to_file(beta), key="1")

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["id"] != second.json()["id"]


# ---- Who may -------------------------------------------------------------------------------------

DOOR = [
    # name, method, reader, coach, manager
    ("contract", "get", 200, 200, 200),
    ("dossiers", "get", 200, 200, 200),
    ("dossier", "get", 200, 200, 200),
    ("dossiers", "post", 403, 400, 400),
    ("documents", "post", 403, 400, 400),
    ("dossier-start", "post", 403, 400, 400),
    ("dossier-complete", "post", 403, 400, 400),
    ("dossier-end-report", "post", 403, 400, 400),
    ("dossier-withdraw", "post", 403, 400, 400),
    ("statements", "post", 403, 400, 400),
    ("claims", "post", 403, 403, 400),
]
ROLES = ("reader", "coach", "manager")


def knock(machine: Machine, name: str, method: str, dossier: Dossier, **headers: str):
    """Ask, or send an empty body: who may is told what is missing, who may not is told so."""
    where = {} if name in ("contract", "dossiers", "documents") else {"dossier": dossier.pk}
    sent = {"Accept-Language": "en", "Idempotency-Key": "1", **headers}
    if method == "get":
        answer = Client().get(machine.address(name, **where), headers=sent)
    elif name == "documents":
        answer = Client().post(machine.address(name, **where), {}, headers=sent)
    else:
        answer = Client().post(
            machine.address(name, **where), "{}", content_type="application/json", headers=sent
        )
    must_be_as_described(answer, method)
    return answer


@pytest.mark.parametrize(
    ("name", "method", "role", "status"),
    [
        (name, method, role, status)
        for name, method, *statuses in DOOR
        for role, status in zip(ROLES, statuses, strict=True)
    ],
)
def test_a_role_may_what_it_may(alfa, name, method, role, status):
    with agency_at_work():
        dossier = submitted(contract_of(alfa))
        machine = make_machine(alfa.provider, role=role)

    answer = knock(machine, name, method, dossier, Authorization=f"Bearer {machine.secret}")

    assert answer.status_code == status
    if status == 403:
        assert answer.json()["code"] == "permission-denied"
        assert answer.json()["facts"] == {}


@pytest.mark.parametrize(("name", "method"), [row[:2] for row in DOOR])
def test_an_outsider_finds_nothing_and_a_stranger_is_asked_to_sign_in(alfa, beta, name, method):
    with agency_at_work():
        dossier = submitted(contract_of(alfa))

    outsider = knock(alfa, name, method, dossier, Authorization=f"Bearer {beta.secret}")
    stranger = knock(alfa, name, method, dossier)

    assert (outsider.status_code, outsider.json()["code"]) == (404, "not-found")
    assert (stranger.status_code, stranger.json()["code"]) == (401, "sign-in")
    assert stranger["WWW-Authenticate"] == "Bearer"


def test_an_outsider_cannot_tell_which_providers_exist(alfa, beta):
    there = Client().get(alfa.address("dossiers"), headers=beta.headers())
    nowhere = Client().get(
        reverse("api:dossiers", kwargs={"provider": "nobody"}), headers=beta.headers()
    )

    assert (there.status_code, there.content) == (nowhere.status_code, nowhere.content)


def test_a_key_opens_what_it_was_given_and_no_more(alfa):
    with agency_at_work():
        reading = Machine(alfa.provider, alfa.user, make_key(alfa.provider, "see_dossiers"))

    assert reading.get("contract").status_code == 200
    assert reading.upload("offer").status_code == 403


def test_the_last_use_of_a_key_is_known_to_some_minutes(alfa, clock):
    def last_used():
        with agency_at_work():
            return Token.objects.get(user=alfa.user).last_used_at

    assert last_used() is None
    alfa.get("contract")
    first = clock.at
    clock.at += timedelta(minutes=4)
    alfa.get("contract")
    assert last_used() == first
    clock.at += timedelta(minutes=2)
    alfa.get("contract")
    assert last_used() == clock.at


def test_a_key_that_asks_too_often_is_told_to_wait(alfa, beta, monkeypatch):
    cache.clear()
    monkeypatch.setitem(KeyThrottle.THROTTLE_RATES, "key", "3/min")
    answers = [alfa.get("contract") for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[-1].json()["code"] == "throttled"
    assert int(answers[-1]["Retry-After"]) > 0
    assert beta.get("contract").status_code == 200


@pytest.mark.parametrize(
    "shown", ["", "Bearer", "Bearer x", "Bearer \0", "Basic x:y", "Bearer {key}x", "{key}"]
)
def test_a_key_that_is_none_is_refused_and_on_record(alfa, shown):
    shown = {"Authorization": shown.format(key=alfa.secret)}
    answer = Client().get(alfa.address("contract"), headers=shown)
    assert answer.status_code == 401
    assert answer.json()["code"] == "sign-in"
    with agency_at_work():
        [deed] = Entry.objects.filter(action="sign_in.refuse")
    assert (deed.subject_id, deed.actor_id) == ("machine-key", 0)


def test_who_tries_keys_is_held_back_and_a_good_key_from_there_is_not(alfa, settings):
    cache.clear()
    settings.REFUSALS_PER_MINUTE = 3
    wrong = {"Authorization": "Bearer x"}
    answers = [Client().get(alfa.address("contract"), headers=wrong) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 429, 429]
    assert answers[-1].json()["code"] == "throttled"
    assert answers[-1]["Retry-After"] == "60"
    assert alfa.get("contract").status_code == 200
    with agency_at_work():
        told = Entry.objects.filter(action="sign_in.refuse").order_by("id")
        assert [deed.subject_id for deed in told] == [*["machine-key"] * 3, "more: machine-key"]


def test_a_token_serves_until_its_last_moment(alfa, clock):
    with agency_at_work():
        expires_at = Token.objects.get(user=alfa.user).expires_at

    clock.at = expires_at - timedelta(seconds=1)
    before = alfa.get("contract").status_code
    clock.at = expires_at
    after = alfa.get("contract").status_code

    assert (before, after) == (200, 401)


def test_a_revoked_token_or_a_shut_account_is_a_stranger(alfa, beta):
    with agency_at_work():
        Token.objects.filter(user=alfa.user).update(revoked_at=AT)
        User.objects.filter(pk=beta.user.pk).update(is_active=False)

    assert alfa.get("contract").status_code == 401
    assert beta.get("contract").status_code == 401


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer cst_unknown",
        "Bearer " + "x" * 10_000,
        "Bearer \x00",
        "Bearer é€",
        "Basic {secret}",
        "bearer{secret}",
        "Token {secret}",
        "{secret}",
        "Bearer {secret}x",
        "Bearer {secret} {secret}",
    ],
)
def test_a_malformed_token_is_a_stranger(alfa, authorization):
    sent = authorization.replace("{secret}", alfa.secret)

    answer = Client().get(alfa.address("contract"), headers={"Authorization": sent})

    must_be_as_described(answer, "get")
    assert (answer.status_code, answer.json()["code"]) == (401, "sign-in")


def test_a_browsers_session_does_not_count_here(alfa):
    with agency_at_work():
        person = make_member(alfa.provider, "manager")
    browser = Client()
    sign_in(browser, person)

    assert browser.get(alfa.address("contract")).status_code == 401


# ---- Documents -----------------------------------------------------------------------------------


def test_a_document_is_kept_by_its_digest_and_not_by_its_name(alfa):
    answer = alfa.upload("offer", PDF, name="../../etc/offerte é.pdf")

    told = answer.json()
    assert answer.status_code == 201
    assert told["sha256"] == sha256(PDF).hexdigest()
    with agency_at_work():
        document = Document.objects.get(pk=told["id"])
        assert document.file.name == f"{alfa.provider.pk}/{document.pk}"
        with document.file.open() as kept:
            assert kept.read() == PDF
        assert (document.received_by_id, told["size"]) == (alfa.user.pk, len(PDF))


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "upload-unreadable"),
        (b"%PDF-1.4 cut off", "upload-unreadable"),
        (b"<html><script>alert(1)</script></html>", "upload-type"),
        (b"MZ\x90\x00" + b"\x00" * 100, "upload-type"),
        (b"\x00" * 64, "upload-unreadable"),
    ],
)
def test_what_is_no_document_is_refused(alfa, content, code):
    answer = alfa.upload("offer", content)

    assert (answer.status_code, answer.json()["code"]) == (409, code)
    assert count(Document) == 0


def test_an_upload_over_the_limit_is_refused_without_being_read(alfa):
    class Untouched:
        def read(self, *size: int) -> bytes:
            raise AssertionError("the body was read")

        readline = read

    answer = Client().generic(
        "POST",
        alfa.address("documents"),
        content_type="multipart/form-data; boundary=x",
        headers=alfa.headers("1"),
        CONTENT_LENGTH=str(BYTES_MAX + 1024 * 1024),
        **{"wsgi.input": Untouched()},
    )

    must_be_as_described(answer, "post")
    assert (answer.status_code, answer.json()["code"]) == (409, "upload-too-large")
    assert answer.json()["facts"] == {"max_mb": 10}


@pytest.mark.parametrize(("size", "status"), [(BYTES_MAX, 201), (BYTES_MAX + 1, 409)])
def test_the_limit_of_an_upload_is_that_of_its_file(alfa, size, status):
    content = PDF[:-6] + b" " * (size - len(PDF)) + PDF[-6:]

    answer = alfa.upload("offer", content)

    assert answer.status_code == status
    assert (count(Document) == 1) == (status == 201)


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"kind": "offer"},
        {"kind": "offer", "file": "not a file"},
        {"kind": "letter\x00", "file": SimpleUploadedFile("a.pdf", PDF)},
        {"kind": "offer", "file": SimpleUploadedFile("a.pdf", PDF), "as": "root"},
        {"kind": "offer", **{f"f{n}": "x" for n in range(2000)}},
        {"kind": "x" * (2 * 1024 * 1024)},
    ],
    ids=["empty", "no file", "text", "NUL", "another field", "fields without end", "long field"],
)
def test_a_form_that_is_not_an_upload_is_told_so(alfa, form):
    for file in form.values():
        if isinstance(file, SimpleUploadedFile):
            file.seek(0)

    answer = Client().post(alfa.address("documents"), form, headers=alfa.headers("1"))

    must_be_as_described(answer, "post")
    assert answer.status_code == 400


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    start=st.sampled_from([b"", b"%PDF-1.7", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"PK\x03\x04"]),
    rest=st.binary(max_size=300),
    name=st.text(st.characters(exclude_categories=["Cs"]), max_size=50)
    | st.sampled_from(["/", "..", "../../x", "a" * 5000, "\x00.pdf", "&#0;"]),
)
def test_any_bytes_under_any_name_are_kept_or_refused(alfa, start, rest, name):
    head = f'--x\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    kind = b'--x\r\nContent-Disposition: form-data; name="kind"\r\n\r\noffer\r\n'
    body = kind + head.encode() + start + rest + b"\r\n--x--\r\n"

    answer = Client().post(
        alfa.address("documents"),
        body,
        content_type="multipart/form-data; boundary=x",
        headers=alfa.headers(str(uuid4())),
    )

    must_be_as_described(answer, "post")
    assert answer.status_code in (201, 400, 409)


# ---- Once ----------------------------------------------------------------------------------------


def test_the_same_request_again_is_answered_the_same_and_does_nothing(alfa):
    body = dossier_to_file(alfa)

    first, again = (alfa.post("dossiers", body, key="k-1") for _ in range(2))
    turned = alfa.post("dossiers", dict(reversed(body.items())), key="k-1")

    assert first.status_code == again.status_code == turned.status_code == 201
    assert first.json() == again.json() == turned.json()
    assert count(Dossier) == 1


def test_the_same_upload_again_is_one_document(alfa):
    first, again = (alfa.upload("offer", key="k-1") for _ in range(2))
    other = alfa.upload("offer", PDF + b"\n%%EOF", key="k-1")

    assert first.json() == again.json()
    assert (other.status_code, other.json()["code"]) == (409, "idempotency-mismatch")
    assert count(Document) == 1


def test_an_answer_stands_although_the_dossier_moved_on(alfa):
    with agency_at_work():
        dossier = approved(contract_of(alfa))
    start = alfa.post("dossier-start", {"on": "2022-02-01"}, key="s", dossier=dossier.pk)
    alfa.post("dossier-complete", {"on": "2022-02-01"}, dossier=dossier.pk)

    again = alfa.post("dossier-start", {"on": "2022-02-01"}, key="s", dossier=dossier.pk)

    assert again.json() == start.json()
    assert again.json()["state"] == "in_delivery"
    with agency_at_work():
        assert Entry.objects.filter(case_id=dossier.pk, action="dossier.start").count() == 1


def test_a_key_with_another_question_is_refused(alfa):
    with agency_at_work():
        one, two = approved(contract_of(alfa)), approved(contract_of(alfa))
    day = {"on": "2022-02-01"}
    assert alfa.post("dossier-start", day, key="k", dossier=one.pk).status_code == 200

    other_body = alfa.post("dossier-start", {"on": "2022-01-31"}, key="k", dossier=one.pk)
    other_dossier = alfa.post("dossier-start", day, key="k", dossier=two.pk)
    other_deed = alfa.post("dossier-complete", day, key="k", dossier=one.pk)

    for answer in (other_body, other_dossier, other_deed):
        assert (answer.status_code, answer.json()["code"]) == (409, "idempotency-mismatch")
    with agency_at_work():
        assert Dossier.objects.get(pk=two.pk).state == "approved"


@pytest.mark.parametrize("key", [None, " ", "x" * 101, "é\x00", "a\tb"])
def test_a_request_without_a_proper_key_is_refused(alfa, key):
    answer = alfa.post("dossiers", dossier_to_file(alfa), key=key)

    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency-missing")
    assert count(Dossier) == 0


def test_a_refusal_is_not_kept_and_can_be_tried_again(alfa, clock):
    with agency_at_work():
        dossier = stated(started(contract_of(alfa)), "20000.00")
    claim = {"tranche": 1, "quarter": "2022-Q1"}

    clock.at = datetime(2022, 3, 31, 21, 59, tzinfo=UTC)
    early = alfa.post("claims", claim, key="c", dossier=dossier.pk)
    clock.at = datetime(2022, 3, 31, 22, 0, tzinfo=UTC)  # Midnight in Flanders.
    then = alfa.post("claims", claim, key="c", dossier=dossier.pk)

    assert (early.status_code, early.json()["code"]) == (409, "quarter-not-over")
    assert then.status_code == 201


@pytest.fixture
def committed_alfa(committed, clock) -> Machine:
    with agency_at_work():
        return make_machine(make_contract().provider)


def at_once(*requests):
    """Answers to requests that all leave at the same moment, each on a connection of its own."""
    together = Barrier(len(requests))

    def send(request):
        together.wait()
        try:
            return request()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(requests)) as threads:
        return list(threads.map(send, requests))


def test_the_same_request_at_the_same_moment_does_one_thing(committed_alfa):
    body = dossier_to_file(committed_alfa)

    answers = at_once(*[lambda: committed_alfa.post("dossiers", body, key="k")] * 6)

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert (count(Dossier), count(Receipt)) == (1, 1)


def test_requests_with_keys_of_their_own_at_the_same_moment_do_as_many_things(committed_alfa):
    """The control of the test above: nothing but the key keeps them from being done."""
    bodies = [dossier_to_file(committed_alfa) for _ in range(6)]

    answers = at_once(*[lambda body=body: committed_alfa.post("dossiers", body) for body in bodies])

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["reference"] for answer in answers}) == 6
    assert count(Dossier) == 6


def test_two_claims_of_a_tranche_at_the_same_moment_are_one_claim(committed_alfa, clock):
    clock.at = IN_WINDOW
    with agency_at_work():
        dossier = stated(started(contract_of(committed_alfa)), "20000.00")
    claim = {"tranche": 1, "quarter": "2022-Q1"}

    answers = at_once(*[lambda: committed_alfa.post("claims", claim, dossier=dossier.pk)] * 4)

    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert {a.json()["code"] for a in answers if a.status_code == 409} == {"already-claimed"}
    assert count(Claim) == 1


# ---- Refusals ------------------------------------------------------------------------------------


def test_a_refusal_tells_code_facts_and_a_sentence_in_the_callers_language(alfa):
    body = dossier_to_file(alfa, price_excl_vat="14999.99")

    english, dutch = (alfa.post("dossiers", body, language=code).json() for code in ("en", "nl"))

    assert english["code"] == dutch["code"] == "price-outside-band"
    assert english["facts"] == dutch["facts"]
    assert english["facts"]["price"] == "14999.99"
    assert english["message"].startswith("€14,999.99 lies outside the limits")
    assert dutch["message"].startswith("€\xa014.999,99 ligt buiten de grenzen")
    assert count(Dossier) == 0


@pytest.mark.parametrize(
    ("name", "body", "code", "told"),
    [
        ("dossier-start", {"on": "2022-01-31"}, "start-before-approval", {"start": "2022-01-31"}),
        ("dossier-start", {"on": "2022-02-02"}, "future-date", {"given": "2022-02-02"}),
        ("dossier-complete", {"on": "2022-02-01"}, "not-now", {"state": "approved"}),
        ("dossier-end-report", {"on": "2022-02-01"}, "end-report-early", {}),
        (
            "statements",
            {"quarter": "2021-Q4", "person_days": "1", "amount": "1"},
            "not-now",
            {"event": "statement"},
        ),
        ("claims", {"tranche": 1, "quarter": "2021-Q4"}, "not-now", {"event": "claim"}),
    ],
)
def test_what_has_no_place_in_a_state_is_refused(alfa, name, body, code, told):
    with agency_at_work():
        dossier = approved(contract_of(alfa))

    answer = alfa.post(name, body, dossier=dossier.pk)

    assert (answer.status_code, answer.json()["code"]) == (409, code)
    assert told.items() <= answer.json()["facts"].items()
    with agency_at_work():
        assert Dossier.objects.get(pk=dossier.pk).state == "approved"


def test_a_claim_that_differs_from_the_callers_books_is_refused(alfa, clock):
    clock.at = IN_WINDOW
    with agency_at_work():
        dossier = stated(started(contract_of(alfa)), "20000.00")
    claim = {"tranche": 1, "quarter": "2022-Q1", "amount": "9801.01"}

    answer = alfa.post("claims", claim, dossier=dossier.pk)

    assert (answer.status_code, answer.json()["code"]) == (409, "amount-differs")
    assert answer.json()["facts"] == {"asked": "9801.01", "entitled": "9801.00"}
    assert count(Claim) == 0


def test_a_statement_over_the_offer_is_refused_and_nothing_is_kept(alfa, clock):
    clock.at = IN_WINDOW
    with agency_at_work():
        dossier = started(contract_of(alfa))
    body = {"quarter": "2022-Q1", "person_days": "30.0", "amount": "30000.01"}

    answer = alfa.post("statements", body, dossier=dossier.pk)

    assert (answer.status_code, answer.json()["code"]) == (409, "statement-over-offer")
    assert (count(Statement), count(Receipt)) == (0, 0)


# ---- Errors of every kind have one shape ---------------------------------------------------------


def shape_of(answer) -> tuple[int, str]:
    body = answer.json()
    assert list(body) == ["code", "message", "facts"]
    assert body["message"]
    assert isinstance(body["facts"], dict)
    return answer.status_code, body["code"]


def test_errors_have_one_shape(alfa):
    client, sent = Client(), alfa.headers("1")
    list_of, one = alfa.address("dossiers"), alfa.address("dossier", dossier=uuid4())
    under = alfa.address("nothing")

    assert shape_of(client.get(one, headers=sent)) == (404, "not-found")
    for address in ("", "nothing/", "dossiers/not-an-id/", "dossiers", "dossiers/1/start/"):
        assert shape_of(client.get(under + address, headers=sent)) == (404, "not-found")
        assert shape_of(client.post(under + address, headers=sent)) == (404, "not-found")
        assert shape_of(client.get(under + address)) == (401, "sign-in")
    for method in ("put", "patch", "delete", "options", "trace"):
        answer = getattr(client, method)(list_of, headers=sent)
        assert shape_of(answer) == (405, "method-not-allowed")
        assert answer["Allow"] == "GET, HEAD, POST"
    assert shape_of(client.post(one, "{}", "application/json", headers=sent)) == (
        *(405, "method-not-allowed"),
    )
    for media_type in ("text/plain", "application/xml", "application/x-www-form-urlencoded", ""):
        answer = client.post(list_of, b"{}", content_type=media_type, headers=sent)
        assert shape_of(answer) == (415, "unsupported-media-type")
    assert shape_of(client.get(list_of, headers={**sent, "Accept": "text/html"})) == (
        *(406, "not-acceptable"),
    )


def test_head_is_answered_like_get(alfa):
    answer = Client().head(alfa.address("dossiers"), headers=alfa.headers())

    assert (answer.status_code, answer.content) == (200, b"")
    assert Client().head(alfa.address("dossiers")).status_code == 401


def test_answers_are_kept_by_nobody_on_the_way(alfa):
    assert alfa.get("dossiers")["Cache-Control"] == "no-store"


# ---- Hostile bodies ------------------------------------------------------------------------------

MALFORMED = {
    "not JSON": b"price=1",
    "cut off": b'{"package": "basis"',
    "not UTF-8": b'{"package": "\xff"}',
    "another encoding": '{"package": "basis"}'.encode("utf-16"),
    "NaN": b'{"price_excl_vat": NaN}',
    "Infinity": b'{"price_excl_vat": -Infinity}',
    "1e400": b'{"price_excl_vat": 1e400}',
    "NUL": b'{"package": "basis\\u0000"}',
    "NUL in a name": b'{"\\u0000": 1}',
    "lone surrogate": b'{"package": "\\ud800"}',
    "deep": b"[" * 100_000,
    "deep and whole": b"[" * 500 + b"]" * 500,
    "endless digits": b'{"price_excl_vat": ' + b"9" * 10_000 + b"}",
    "large": b'{"package": "' + b"x" * (1024 * 1024) + b'"}',
}
NO_OBJECT = {
    "nothing": b"",
    "a list": b"[]",
    "a word": b'"basis"',
    "null": b"null",
    "zero": b"0",
    "empty": b"{}",
}
POSTS = [name for name, method, *_ in DOOR if method == "post" and name != "documents"]


@pytest.mark.parametrize("case", MALFORMED | NO_OBJECT)
def test_a_malformed_body_is_told_so_at_every_address(alfa, case):
    with agency_at_work():
        dossier = approved(contract_of(alfa))

    for name in POSTS:
        where = {} if name == "dossiers" else {"dossier": dossier.pk}
        answer = alfa.post(name, (MALFORMED | NO_OBJECT)[case], **where)
        assert answer.status_code == 400
        assert answer.json()["code"] == ("unreadable-body" if case in MALFORMED else "invalid")
    assert count(Receipt) == 0


@pytest.mark.parametrize("text", ["\x00", "\ud800", "a\x00b"])
@pytest.mark.parametrize("field", ["name", "legal_form", "nace_label", "maatwerk_recognition"])
def test_text_that_cannot_be_stored_is_told_wherever_it_stands(alfa, field, text):
    answer = alfa.post("dossiers", dossier_to_file(alfa, facts=facts(**{field: text})))

    assert (answer.status_code, answer.json()["code"]) == (400, "unreadable-body")


def test_a_field_that_is_unknown_or_missing_is_named(alfa):
    unknown = alfa.post("dossiers", {**dossier_to_file(alfa), "with_extention": True}).json()
    missing = alfa.post("dossiers", {"package": "basis"}).json()

    assert (unknown["code"], list(unknown["facts"])) == ("invalid", ["with_extention"])
    assert missing["code"] == "invalid"
    assert set(missing["facts"]) == {
        *("with_extension", "price_excl_vat", "person_days", "offer", "declaration", "facts"),
    }


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("price_excl_vat", 30000),
        ("price_excl_vat", 30000.5),
        ("price_excl_vat", "30000.001"),
        ("price_excl_vat", "3e4"),
        ("price_excl_vat", "-1"),
        ("price_excl_vat", "NaN"),
        ("price_excl_vat", "1_000"),
        ("price_excl_vat", "٣٠٠٠٠"),
        ("price_excl_vat", "30000\n"),
        ("price_excl_vat", "9" * 10),
        ("price_excl_vat", "9" * 100_000),
        ("price_excl_vat", None),
        ("price_excl_vat", ["30000"]),
        ("person_days", "30.05"),
        ("person_days", "10000"),
        ("person_days", True),
        ("with_extension", "yes"),
        ("with_extension", 1),
        ("with_extension", {}),
        ("package", ""),
        ("package", "x" * 21),
        ("package", ["basis"]),
        ("offer", "not-an-id"),
        ("offer", {}),
        ("offer", 10**40),
        ("declaration", None),
        ("facts", []),
        ("facts", None),
        ("facts", "facts"),
    ],
)
def test_a_wrong_field_is_named(alfa, field, value):
    answer = alfa.post("dossiers", dossier_to_file(alfa, **{field: value}))

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert list(answer.json()["facts"]) == [field]


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("number", "1999000151", "wrong-enterprise-number"),
        ("number", None, "unreadable-facts"),
        ("name", "x" * 201, "unreadable-facts"),
        ("name", ["Voorbeeld"], "unreadable-facts"),
        ("nace_version", "2008 revision", "unreadable-facts"),
        ("nace_code", "62.01", "wrong-nace"),
        ("legal_form", 7, "unreadable-facts"),
        ("equity", "1e400", "unreadable-facts"),
        ("equity", "NaN", "unreadable-facts"),
        ("equity", "1e-99999", "unreadable-facts"),
        ("equity", "1." + "0" * 1000, "unreadable-facts"),
        ("equity", True, "unreadable-facts"),
        ("equity", [1], "unreadable-facts"),
        ("public_share_pct", 1e300, "unreadable-facts"),
        ("periods", {}, "unreadable-facts"),
        ("periods", [1], "unreadable-facts"),
        ("periods", [{"year": 2021.5}], "unreadable-facts"),
        ("periods", [{"year": 2020}, {"year": 2021}], "unreadable-facts"),
        ("others", [{"number": "x"}], "wrong-enterprise-number"),
        ("declarations", ["everything"], "unreadable-facts"),
        ("declarations", [[[["sme_status"]]]], "unreadable-facts"),
        ("shoe_size", 43, "unreadable-facts"),
    ],
)
def test_facts_that_cannot_be_read_are_refused(alfa, field, value, code):
    body = dossier_to_file(
        alfa, facts=facts(**{field: value}) if field != "number" else {**facts(), "number": value}
    )

    answer = alfa.post("dossiers", body)

    assert (answer.status_code, answer.json()["code"]) == (409, code)
    assert count(Dossier) == 0


def test_facts_at_their_limits_are_kept_and_assessed(alfa):
    stated_facts = facts(
        name="é" * 200,
        nace_version="x" * 10,
        legal_form="x" * 200,
        postal_code="x" * 200,
        equity="-9999999999999.999999",
        public_share_pct=0.000001,
        periods=[{"year": 2021, "headcount": "1e12", "turnover": "1e-6", "balance_total": 0}],
        maatwerk_recognition="x" * 200,
    )

    answer = alfa.post("dossiers", dossier_to_file(alfa, facts=stated_facts))

    assert answer.status_code == 201
    with agency_at_work():
        dossier = Dossier.objects.get(pk=answer.json()["id"])
        services.assess_dossier(dossier=dossier, actor=timetable(), at=AT)
    assert alfa.get("dossier", dossier=dossier.pk).status_code == 200


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=30)
    | st.sampled_from(
        ["1e400", "NaN", "2022-Q1", "2022-02-01", "0.00", "999999999.99", "\x00", "\ud800"]
    )
    | st.sampled_from([10**400, -(10**30), 1e308, 2022, 1]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(), max_size=10), inner, max_size=4)
    ),
    max_leaves=12,
)
MANY = settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def alfa_with_documents(alfa) -> tuple[Machine, dict[str, object], Dossier]:
    with agency_at_work():
        dossier = started(contract_of(alfa))
    return alfa, dossier_to_file(alfa), dossier


@MANY
@given(body=JSON)
def test_any_json_is_answered(alfa_with_documents, body):
    machine, _, dossier = alfa_with_documents

    for name in POSTS:
        where = {} if name == "dossiers" else {"dossier": dossier.pk}
        assert machine.post(name, body, **where).status_code == 400


@MANY
@given(data=st.data())
def test_any_value_in_any_field_is_kept_or_told(alfa_with_documents, data):
    machine, whole, _ = alfa_with_documents
    body = json.loads(json.dumps(whole))
    place = body
    if data.draw(st.booleans()):
        place = body["facts"]
        if data.draw(st.booleans()):
            place = place["periods"][0]
    field = data.draw(st.sampled_from(sorted(place)) | st.text(st.characters(), max_size=10))
    place[field] = data.draw(JSON)

    answer = machine.post("dossiers", body)

    assert answer.status_code in (201, 400, 409)
    if answer.status_code == 201:
        with agency_at_work():
            dossier = Dossier.objects.get(pk=answer.json()["id"])
            services.assess_dossier(dossier=dossier, actor=timetable(), at=AT)
        assert machine.get("dossier", dossier=dossier.pk).status_code == 200


@MANY
@given(
    name=st.sampled_from(["statements", "claims", "dossier-start", "dossier-complete"]),
    data=st.data(),
)
def test_any_value_in_a_deed_is_done_or_told(alfa_with_documents, name, data):
    machine, _, dossier = alfa_with_documents
    whole = {
        "statements": {"quarter": "2022-Q1", "person_days": "20", "amount": "20000"},
        "claims": {"tranche": 1, "quarter": "2022-Q1", "amount": "9801.00"},
    }.get(name, {"on": "2022-02-01"})
    body = {**whole, data.draw(st.sampled_from(sorted(whole))): data.draw(JSON)}

    answer = machine.post(name, body, dossier=dossier.pk)

    assert answer.status_code in (200, 201, 400, 409)
