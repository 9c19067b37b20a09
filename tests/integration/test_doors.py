"""Every address × everyone who may knock. An address that is not in the table fails the suite.

Asked at a fixed moment, 5 April 2023, in a world where every deed can succeed: who may do it is
then seen to do it (no refusal on the page), everyone else to be turned away with nothing done.
"""

import re
import sys
import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.urls import get_resolver, reverse
from django.urls.resolvers import URLPattern, URLResolver
from django.utils import timezone
from django.utils.translation import override

from apps.accounts.models import User
from apps.accounts.selectors import capacities_of, timetable
from apps.audit.models import Entry
from apps.claims.services import complete_dossier, file_claim, verify_claim
from apps.contracts.services import propose_shift
from apps.design.words import words_for_role
from apps.documents.services import receive_document
from apps.dossiers import selectors
from apps.dossiers import services as dossiers
from apps.dossiers.models import Draft
from apps.enterprises.models import Enterprise, RegisterImport
from apps.entrance.deeds import DEEDS, told_of
from apps.payouts import services as payouts
from apps.portal.forms import StatementForm
from apps.providers.models import Token
from apps.providers.scope import across_providers
from apps.reporting.background import make_export
from apps.reporting.models import Export
from cstraject.quarter import Quarter
from cstraject.roles import (
    AGENCY_ACTS,
    AGENCY_ROLES,
    MACHINE_ACTS,
    PROVIDER_ACTS,
    PROVIDER_ROLES,
)
from tests import factories as make
from tests.conftest import own_database
from tests.factories import AT

NOW = datetime(2023, 4, 5, 10, 0, tzinfo=UTC)
LATE = Quarter(2023, 1)
REGISTERED = make.enterprise_number(4_998)
PDF = make.pdf()

PEOPLE_OF_ALFA = tuple(PROVIDER_ROLES)
PEOPLE_OF_AGENCY = tuple(AGENCY_ROLES)
VISITORS = ("anonymous", "other tenant", *PEOPLE_OF_ALFA, *PEOPLE_OF_AGENCY)

# Open to everybody, or to whoever signed in.
EVERYBODY, SIGNED_IN = "everybody", "signed in"

# Each address with the act that it needs. Who may do the act is declared once, in cstraject/roles.
DOORS = {
    ("get", "home"): SIGNED_IN,
    ("post", "act-as"): SIGNED_IN,
    ("get", "rights"): SIGNED_IN,
    ("post", "language"): EVERYBODY,
    ("get", "accessibility"): EVERYBODY,
    ("get", "precheck"): EVERYBODY,
    ("post", "precheck"): EVERYBODY,
    ("get", "health"): EVERYBODY,
    ("get", "schema"): EVERYBODY,
    ("get", "portal:overview"): "see_dossiers",
    ("get", "portal:people"): "manage_members",
    ("post", "portal:member-invite"): "manage_members",
    ("post", "portal:invitation-withdraw"): "manage_members",
    ("post", "portal:member-shut-out"): "manage_members",
    ("post", "portal:member-let-in"): "manage_members",
    ("post", "portal:key-issue"): "manage_members",
    ("post", "portal:key-end"): "manage_members",
    ("get", "portal:claims"): "see_dossiers",
    ("post", "portal:claims-file"): "claim_tranches",
    ("post", "portal:draft-start"): "file_dossiers",
    ("get", "portal:draft-step"): "file_dossiers",
    ("post", "portal:draft-step"): "file_dossiers",
    ("get", "portal:draft-check"): "file_dossiers",
    ("get", "portal:draft-document"): "file_dossiers",
    ("post", "portal:draft-file"): "file_dossiers",
    ("post", "portal:draft-discard"): "file_dossiers",
    ("get", "portal:dossiers-file"): "see_dossiers",
    ("get", "portal:export"): "see_dossiers",
    ("get", "portal:export-file"): "see_dossiers",
    ("get", "portal:dossier"): "see_dossiers",
    ("get", "portal:document"): "see_dossiers",
    ("post", "portal:dossier-start"): "file_dossiers",
    ("post", "portal:dossier-complete"): "file_dossiers",
    ("get", "portal:dossier-end-report"): "file_dossiers",
    ("post", "portal:dossier-end-report"): "file_dossiers",
    ("post", "portal:message-write"): "file_dossiers",
    ("post", "portal:messages-read"): "file_dossiers",
    ("get", "portal:message-document"): "see_dossiers",
    ("post", "portal:dossier-withdraw"): "file_dossiers",
    ("get", "portal:statement"): "file_dossiers",
    ("post", "portal:statement"): "file_dossiers",
    ("post", "portal:claim-file"): "claim_tranches",
    ("get", "backoffice:dossiers"): "open_dossiers",
    ("get", "backoffice:dossiers-file"): "open_dossiers",
    ("get", "backoffice:export"): "open_dossiers",
    ("get", "backoffice:export-file"): "open_dossiers",
    ("get", "backoffice:dossier"): "open_dossiers",
    ("get", "backoffice:document"): "open_dossiers",
    ("get", "backoffice:dossier-size"): "open_dossiers",
    ("get", "backoffice:dossier-facts"): "see_portfolio",
    ("post", "backoffice:dossier-correct"): "decide_dossiers",
    ("get", "backoffice:dossier-de-minimis"): "see_portfolio",
    ("post", "backoffice:dossier-find"): "decide_dossiers",
    ("post", "backoffice:dossier-confirm"): "decide_dossiers",
    ("post", "backoffice:dossier-assess"): "decide_dossiers",
    ("post", "backoffice:dossier-approve"): "decide_dossiers",
    ("post", "backoffice:dossier-refuse"): "decide_dossiers",
    ("post", "backoffice:dossier-stop"): "stop_dossiers",
    ("get", "backoffice:work"): "see_portfolio",
    ("post", "backoffice:dossier-take"): "handle_dossiers",
    ("post", "backoffice:dossier-hand-over"): "handle_dossiers",
    ("post", "backoffice:message-write"): "handle_dossiers",
    ("post", "backoffice:messages-read"): "handle_dossiers",
    ("post", "backoffice:question-take-back"): "handle_dossiers",
    ("get", "backoffice:message-document"): "open_dossiers",
    ("post", "backoffice:end-report-accept"): "handle_dossiers",
    ("post", "backoffice:end-report-send-back"): "handle_dossiers",
    ("get", "backoffice:dossier-amend"): "decide_dossiers",
    ("post", "backoffice:dossier-amend"): "decide_dossiers",
    ("get", "backoffice:claims"): "see_portfolio",
    ("post", "backoffice:claim-verify"): "verify_claims",
    ("post", "backoffice:claim-send-back"): "verify_claims",
    ("get", "backoffice:register"): "see_portfolio",
    ("get", "backoffice:register-file"): "see_portfolio",
    ("post", "backoffice:register-enter"): "decide_dossiers",
    ("get", "backoffice:contracts"): "see_portfolio",
    ("get", "backoffice:contract"): "see_portfolio",
    ("post", "backoffice:contract-amend"): "amend_contracts",
    ("post", "backoffice:shift-propose"): "amend_contracts",
    ("post", "backoffice:shift-carry-out"): "amend_contracts",
    ("post", "backoffice:shift-drop"): "amend_contracts",
    ("get", "backoffice:editions"): "see_editions",
    ("get", "backoffice:edition"): "see_editions",
    ("get", "backoffice:edition-beside"): "manage_editions",
    ("post", "backoffice:edition-beside"): "manage_editions",
    ("post", "backoffice:edition-note"): "manage_editions",
    ("post", "backoffice:contract-award"): "amend_contracts",
    ("get", "backoffice:runs"): "see_portfolio",
    ("post", "backoffice:run-draw-up"): "check_runs",
    ("get", "backoffice:run"): "see_portfolio",
    ("post", "backoffice:run-check"): "check_runs",
    ("post", "backoffice:run-approve"): "approve_runs",
    ("post", "backoffice:run-abandon"): "check_runs",
    ("post", "backoffice:run-sent"): "settle_runs",
    ("get", "backoffice:run-file"): "see_portfolio",
    ("post", "backoffice:payment-settle"): "settle_runs",
    ("get", "backoffice:people"): "see_people",
    ("get", "backoffice:record"): "see_people",
    ("post", "backoffice:person-invite"): "manage_people",
    ("post", "backoffice:invitation-withdraw"): "manage_people",
    ("post", "backoffice:person-take"): "manage_people",
    ("post", "backoffice:access-give"): "manage_people",
    ("post", "backoffice:access-end"): "manage_people",
    ("get", "backoffice:answer"): "see_answers",
    ("get", "backoffice:answer-workbook"): "see_answers",
    ("get", "backoffice:answer-json"): "see_answers",
    ("get", "api:contract"): "see_dossiers",
    ("get", "api:register"): "see_dossiers",
    ("get", "api:dossiers"): "see_dossiers",
    ("post", "api:dossiers"): "file_dossiers",
    ("post", "api:documents"): "file_dossiers",
    ("get", "api:dossier"): "see_dossiers",
    ("post", "api:dossier-start"): "file_dossiers",
    ("post", "api:dossier-complete"): "file_dossiers",
    ("post", "api:dossier-end-report"): "file_dossiers",
    ("post", "api:dossier-withdraw"): "file_dossiers",
    ("post", "api:statements"): "file_dossiers",
    ("post", "api:claims"): "claim_tranches",
    ("get", "api:nothing"): None,
}

# A deed in a browser ends in another page, one of a machine in what it made; others in a page.
GOES_ELSEWHERE = ("home", "act-as", "language")
MAKES = ("api:dossiers", "api:documents", "api:statements", "api:claims")
SHOWS = ("precheck",)


def opened(method, name):
    """The status of what is done or shown."""
    if name.startswith("api:"):
        return 201 if method == "post" and name in MAKES else 200
    if name in GOES_ELSEWHERE:
        return 302
    return 302 if method == "post" and name not in SHOWS else 200


# To every browser.
SAID = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def expected_of(visitor, method, name):
    """What a visitor gets, by the declaration of who may do what."""
    act = DOORS[method, name]
    if act == EVERYBODY:
        return opened(method, name)
    if name.startswith("api:"):
        if visitor == "anonymous" or visitor in AGENCY_ROLES:
            return 401  # No machine: a browser's session opens nothing here.
        if visitor == "other tenant" or act is None:
            return 404
        return opened(method, name) if act in PROVIDER_ROLES[visitor] else 403
    if visitor == "anonymous":
        return 302
    if act == SIGNED_IN:
        return opened(method, name)
    roles = PROVIDER_ROLES if name.startswith("portal:") else AGENCY_ROLES
    if visitor not in roles:
        return 404
    return opened(method, name) if act in roles[visitor] else 403


# From here a stranger is sent on, not to the sign-in.
STRANGERS_GO_ON = ("account_logout", "invitation-open")
# The library's pages of signing in: what a stranger gets, and whoever signed in a moment ago.
ENTRANCE = {
    "account_login": (200, 302),
    # Not configured here, so not there; tests/integration/test_acmidm.py has an OP.
    "acmidm": (404, 404),
    "acmidm-callback": (404, 404),
    "sign-in-again": (302, 302),
    "go-on": (302, 302),
    "second-factor": (302, 302),
    "mfa_authenticate": (302, 302),
    "mfa_login_webauthn": (302, 302),
    "account_inactive": (200, 200),
    "account_logout": (302, 200),
    # Nobody makes an account for themselves; a forgotten password goes by the administrator.
    "account_signup": (404, 404),
    "account_set_password": (404, 404),
    "account_reset_password": (200, 200),
    "account_reset_password_done": (200, 200),
    "account_reset_password_from_key": (410, 410),
    "account_reset_password_from_key_done": (200, 200),
    "invitation": (410, 410),
    "invitation-open": (302, 302),
    "mfa_index": (302, 200),
    "account_reauthenticate": (302, 200),
    "mfa_reauthenticate": (302, 302),
    "mfa_reauthenticate_webauthn": (302, 302),
    "account_change_password": (302, 200),
    "mfa_activate_totp": (302, 200),
    "mfa_deactivate_totp": (302, 404),
    "mfa_list_webauthn": (302, 200),
    "mfa_add_webauthn": (302, 200),
    "mfa_edit_webauthn": (302, 404),
    "mfa_remove_webauthn": (302, 404),
    "mfa_view_recovery_codes": (302, 404),
    "mfa_generate_recovery_codes": (302, 200),
    "mfa_download_recovery_codes": (302, 404),
    "usersessions_list": (302, 200),
}


def addresses(resolver=None, namespace=""):
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern, f"{pattern.namespace}:" if pattern.namespace else "")
        elif isinstance(pattern, URLPattern):
            yield f"{namespace}{pattern.name}", pattern.callback


def test_every_address_is_in_the_table():
    assert {name for name, _ in addresses()} == {name for _, name in DOORS} | set(ENTRANCE)


def test_every_view_of_a_door_needs_the_act_of_the_table():
    must_need_the_acts_of_the_table()


def must_need_the_acts_of_the_table():
    for name, view in addresses():
        needed = {method.upper(): act for (method, door), act in DOORS.items() if door == name}
        if name.startswith(("portal:", "backoffice:")):
            assert {getattr(view, "act", None)} == set(needed.values()), name
        elif name.startswith("api:") and name != "api:nothing":
            assert view.view_class.acts == needed


def test_every_deed_of_a_browser_has_a_name_to_be_offered_again_by():
    sent = {name for method, name in DOORS if method == "post"}
    assert set(DEEDS) == {name for name in sent if name.startswith(("portal:", "backoffice:"))}


def test_all_that_was_stated_is_read_before_it_is_sent_again():
    typed = [(field.name, "5") for field in StatementForm().visible_fields()]
    assert [value for _label, value in told_of(typed)] == ["5"] * 7


def test_every_form_of_a_browser_needs_its_token():
    """A machine shows its key with each request, and no cookie opens anything to it."""
    of_machines = {name for name, view in addresses() if getattr(view, "csrf_exempt", False)}
    assert of_machines == {"schema", *(name for _, name in DOORS if name.startswith("api:"))}


def test_how_many_answers_are_asserted():
    """Addresses × visitors, of which one comes from the other tenant; nobody is left out."""
    of_a_role = [v for v in VISITORS if v not in ("anonymous", "other tenant")]
    assert len(of_a_role) == len(PROVIDER_ROLES) + len(AGENCY_ROLES)
    asserted = len(DOORS) * len(VISITORS) + len(ENTRANCE) * 2
    sys.stdout.write(
        f"{len(DOORS)} doors x {len(VISITORS)} visitors of two tenants and the agency,"
        f" {len(ENTRANCE)} pages of signing in x 2: {asserted} answers\n"
    )
    assert asserted >= 864


def test_every_act_opens_something():
    assert {*PROVIDER_ACTS, *AGENCY_ACTS} == set(DOORS.values()) - {EVERYBODY, SIGNED_IN, None}


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
        others = make.make_contract(beta)
        people = {role: make.make_member(alfa, role) for role in PROVIDER_ROLES}
        people["other tenant"] = make.make_member(beta, "manager")
        people |= {role: make.make_officer(role) for role in AGENCY_ROLES}
        spare, leaver = make.make_officer("auditor"), make.make_member(alfa, "coach")
        shut = make.arrived(alfa, "coach", shut_out=True)
        tokens = {
            visitor: make.make_key(provider, *acts, at=NOW - timedelta(days=30))
            for visitor, provider, acts in (
                ("other tenant", beta, MACHINE_ACTS),
                *((role, alfa, acts & MACHINE_ACTS) for role, acts in PROVIDER_ROLES.items()),
            )
        }
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
            first, second = make.make_officer(), make.make_officer("payments_approver")
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
        started, completed = make.started(contract), make.started(contract)
        complete_dossier(dossier=completed, on=date(2022, 6, 1), actor=clock, at=NOW)
        offer, declaration = (
            receive_document(
                provider_id=alfa.pk,
                kind=kind,
                name=f"{kind}.pdf",
                content=make.pdf(kind.encode()),
                actor=clock,
                at=AT,
            ).pk
            for kind in ("offer", "declaration")
        )
        papered = make.submitted(contract, papers=True)
        told = make.message(papered, by_agency=True, document=True, at=NOW)
        heard = make.message(started, by_agency=False, at=NOW)
        make.message(unanswered, by_agency=True, asks=True, at=NOW)
        reported = make.started(contract)
        complete_dossier(dossier=reported, on=date(2022, 6, 1), actor=clock, at=NOW)
        make.end_report(reported, at=NOW)
        shift = propose_shift(
            source=contract,
            target=others,
            amount=Decimal(100),
            reason="herverdeling",
            actor=spare,
            at=NOW,
        )
        draft = make.draft(alfa, people["coach"], offer=offer, declaration=declaration)
        # Open to the guest, who then sees of these what the others see.
        accesses = [
            dossiers.give_access(
                reference=dossier.reference,
                user=people["guest"],
                kind="opened",
                until=date(2023, 5, 1),
                reason="controle",
                actor=spare,
                at=NOW - timedelta(minutes=1),
            )
            for dossier in (started, unanswered, claimed, papered)
        ]
        exports = {}
        for visitor, person in people.items():
            exports[visitor] = Export.objects.create(
                provider=None if visitor in AGENCY_ROLES else alfa,
                asked_by=person,
                asked_at=NOW,
                sees_all=visitor != "guest",
                form="csv",
                rows=1,
            )
            make_export(exports[visitor], at=NOW)
        return SimpleNamespace(
            alfa=alfa,
            exports_of=lambda visitor: exports.get(visitor, exports["coach"]).pk,
            gamma=make.make_provider("gamma"),
            contract=contract,
            others=others,
            shift=shift,
            told=told,
            heard=heard,
            reported=reported,
            asked_at_alfa=make.invited(alfa, "coach", at=NOW)[0],
            asked_at_agency=make.invited(None, "auditor", at=NOW)[0],
            spare=spare,
            access=accesses[0],
            leaver=leaver,
            shut=shut,
            key=Token.objects.filter(provider=alfa).order_by("name").first(),
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
            started=started,
            completed=completed,
            draft=draft,
            papered=papered,
            offer=offer,
            declaration=declaration,
        )


def address_and_body(world, visitor, name):
    """Where a door is, and what makes its deed succeed."""
    portal = {"provider": "alfa"}

    def of(dossier):
        return {**portal, "dossier": dossier.pk}

    draft = {**portal, "draft": world.draft.pk}
    statement = {"quarter": str(LATE), **make.PHASES_TYPED}
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
        "act-as": ({}, {}),
        "portal:overview": (portal, {}),
        "portal:people": (portal, {}),
        "portal:member-shut-out": ({**portal, "member": world.leaver.pk}, {}),
        "portal:member-let-in": ({**portal, "member": world.shut.pk}, {}),
        "portal:key-issue": (portal, {"name": "boekhouding", "acts": ["see_dossiers"], "days": 30}),
        "portal:key-end": ({**portal, "key": world.key.pk}, {}),
        "portal:member-invite": (
            portal,
            {"email": "nieuw@test.example", "name": "Nieuw", "role": "coach"},
        ),
        "portal:invitation-withdraw": ({**portal, "invitation": world.asked_at_alfa.pk}, {}),
        "backoffice:person-invite": (
            {},
            {"email": "nieuw@test.example", "name": "Nieuw", "role": "auditor"},
        ),
        "backoffice:invitation-withdraw": ({"invitation": world.asked_at_agency.pk}, {}),
        "backoffice:access-give": (
            {},
            {
                "person": world.spare.pk,
                "reference": world.started.reference,
                "kind": "opened",
                "until": "01/05/2023",
                "reason": "controle",
            },
        ),
        "backoffice:access-end": ({"access": world.access.pk}, {}),
        "backoffice:person-take": ({"person": world.spare.pk}, {"role": "auditor"}),
        "portal:claims": (portal, {}),
        "portal:dossiers-file": ({**portal, "form": "xlsx"}, {}),
        "backoffice:dossiers-file": ({"form": "csv"}, {}),
        "portal:claims-file": (portal, {"claim": [f"{world.claimable.pk}:1"]}),
        "portal:draft-start": (portal, {}),
        "portal:draft-step": (
            {**draft, "step": "offer"},
            {**make.TYPED["offer"], "seen": "1", "deed": "save"},
        ),
        "portal:draft-check": (draft, {}),
        "portal:draft-document": ({**draft, "kind": "offer"}, {}),
        "portal:draft-file": (draft, {}),
        "portal:draft-discard": (draft, {}),
        "portal:dossier": (of(world.started), {}),
        "portal:document": ({**of(world.papered), "kind": "offer"}, {}),
        "portal:dossier-start": (of(world.approved), {"on": "01/03/2022"}),
        "portal:dossier-complete": (of(world.started), {"on": "01/03/2022"}),
        "portal:dossier-end-report": (of(world.completed), make.REPORT_TYPED),
        "portal:export": ({**portal, "export": world.exports_of(visitor)}, {}),
        "portal:export-file": ({**portal, "export": world.exports_of(visitor)}, {}),
        "backoffice:export": ({"export": world.exports_of(visitor)}, {}),
        "backoffice:export-file": ({"export": world.exports_of(visitor)}, {}),
        "portal:message-write": (of(world.started), {"text": "een vraag"}),
        "portal:messages-read": (of(world.papered), {"last": world.told.pk}),
        "portal:message-document": ({**of(world.papered), "message": world.told.pk}, {}),
        "backoffice:message-document": (
            {"dossier": world.papered.pk, "message": world.told.pk},
            {},
        ),
        "backoffice:message-write": ({"dossier": world.started.pk}, {"text": "een antwoord"}),
        "backoffice:messages-read": ({"dossier": world.started.pk}, {"last": world.heard.pk}),
        "backoffice:question-take-back": ({"dossier": world.unanswered.pk}, {}),
        "backoffice:dossier-take": ({"dossier": world.started.pk}, {}),
        "backoffice:dossier-hand-over": (
            {"dossier": world.started.pk},
            {"officer": world.people["controller"].pk},
        ),
        "backoffice:end-report-accept": ({"dossier": world.reported.pk}, {}),
        "backoffice:end-report-send-back": (
            {"dossier": world.reported.pk},
            {"reason": "niet ondertekend"},
        ),
        "backoffice:dossier-amend": (
            {"dossier": world.approved.pk},
            {
                "price_excl_vat": "28.000",
                "person_days": "25",
                "reason": "minder werk",
                "seen": "28000.00 25.0 16335.00 15246.00",
            },
        ),
        "backoffice:contract": ({"contract": world.contract.pk}, {}),
        "backoffice:contract-amend": (
            {"contract": world.contract.pk},
            {"budget": "600.000", "seen": "500.000", "reason": "verhoging"},
        ),
        "backoffice:shift-propose": (
            {"contract": world.contract.pk},
            {"target": world.others.pk, "amount": "1.000", "reason": "herverdeling"},
        ),
        "backoffice:shift-carry-out": ({"shift": world.shift.pk}, {}),
        "backoffice:shift-drop": ({"shift": world.shift.pk}, {}),
        "backoffice:edition": ({"edition": world.contract.edition_id}, {}),
        "backoffice:edition-beside": (
            {"edition": world.contract.edition_id},
            make.edition_typed(world.contract.edition, name="nieuw"),
        ),
        "backoffice:edition-note": (
            {"edition": world.contract.edition_id},
            {"letter_note": "Zo stelt men beroep in."},
        ),
        "backoffice:contract-award": (
            {"edition": world.contract.edition_id},
            {
                "provider": world.gamma.pk,
                "budget": "100.000",
                "valid_from": "01/01/2023",
                "valid_until": "31/12/2024",
            },
        ),
        "portal:dossier-withdraw": (of(world.approved), {"reason": "ziet ervan af"}),
        "portal:statement": (of(world.started), statement),
        "portal:claim-file": (of(world.claimable), {"quarter": str(LATE), "tranche": "1"}),
        "backoffice:dossier": ({"dossier": world.started.pk}, {}),
        "backoffice:document": ({"dossier": world.papered.pk, "kind": "offer"}, {}),
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
            {"cause": "not_entitled", "reason": "geen kmo", "sure": "on"},
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
    if name == "act-as" and visitor in world.people:
        with across_providers():
            mine = capacities_of(world.people[visitor])[0]
        body = {"place": mine.place, "role": mine.role}
    if name == "api:nothing":
        return "/api/v1/providers/alfa/elsewhere/", {}
    return reverse(name, kwargs=kwargs), body


def knock(world, visitor, method, name):
    client = Client()
    path, body = address_and_body(world, visitor, name)
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
        make.sign_in(client, world.people[visitor])
    return getattr(client, method)(path, body)


def deeds() -> tuple[int, int]:
    """What was done, by the record, where being refused stands too; and drafts that were saved."""
    with across_providers():
        done = Entry.objects.exclude(action="sign_in.refuse")
        return done.count(), Draft.objects.filter(changed_at=NOW).count()


@pytest.mark.parametrize(("method", "name"), DOORS, ids=lambda value: value)
def test_a_door_opens_to_whom_it_should(world, method, name, monkeypatch):
    at_a_fixed_moment(monkeypatch)
    must_open_to_whom_it_should(world, method, name)


def at_a_fixed_moment(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    # The duty to register began after this world: here it begins before it.
    monkeypatch.setattr(selectors, "REGISTER_SINCE", date(2021, 1, 1))


def must_open_to_whom_it_should(world, method, name):
    for visitor in VISITORS:
        expected = expected_of(visitor, method, name)
        with transaction.atomic():
            before = deeds()
            response = knock(world, visitor, method, name)
            assert response.status_code == expected, (visitor, response.content[:300])
            must_be_guarded(response)
            if expected == 200 and name.startswith(("portal:", "backoffice:")):
                must_say_as_whom(response, visitor)
            does_something = name.startswith(("portal:", "backoffice:", "api:"))
            let_in = visitor != "anonymous" and expected in (200, 201, 302)
            if method == "post" and does_something:
                assert (deeds() > before) == let_in, visitor
                told = [m.message for m in get_messages(response.wsgi_request) if m.tags == "error"]
                assert told == [], visitor
            else:
                assert deeds() == before
            transaction.set_rollback(True)


# Approving a run, and changing rights: of people, of machines, on one dossier.
SIGNS_IN_AGAIN = (
    "backoffice:run-approve",
    *("portal:member-invite", "portal:invitation-withdraw", "portal:member-shut-out"),
    "portal:member-let-in",
    *("portal:key-issue", "portal:key-end"),
    *("backoffice:person-invite", "backoffice:invitation-withdraw", "backoffice:person-take"),
    *("backoffice:access-give", "backoffice:access-end"),
)


@pytest.mark.parametrize("name", SIGNS_IN_AGAIN)
def test_what_pays_or_gives_rights_asks_first_who_it_is(world, name, monkeypatch):
    """Nothing is done by whoever signed in more than five minutes ago."""
    at_a_fixed_moment(monkeypatch)
    roles = PROVIDER_ROLES if name.startswith("portal:") else AGENCY_ROLES
    [visitor] = [role for role, acts in roles.items() if DOORS["post", name] in acts]
    path, body = address_and_body(world, visitor, name)
    for minutes, asked in ((4, False), (6, True)):
        with transaction.atomic():
            before, client = deeds(), Client()
            ago = time.time() - (NOW - timedelta(minutes=minutes)).timestamp()
            make.sign_in(client, world.people[visitor], ago=ago)
            answer = client.post(path, body)
            assert answer["Location"].startswith("/sign-in/again/") == asked
            assert (deeds() == before) == asked
            transaction.set_rollback(True)


def must_be_guarded(response, *, scripts=False):
    """What every answer says to the browser, whoever asked and whatever it is.

    Pages of signing in alone may load scripts, and only ours: a passkey needs one.
    """
    policy = response["Content-Security-Policy"]
    told = dict(part.strip().partition(" ")[::2] for part in policy.split(";"))
    assert "unsafe" not in policy
    assert told["default-src"] == "'none'"
    # A file runs nothing and stands in no page.
    assert "sandbox" in told or told["frame-ancestors"] == told["base-uri"] == "'none'"
    assert told.get("script-src") in ((None, "'self'") if scripts else (None,))
    assert "camera=()" in response["Permissions-Policy"]
    assert "no-store" in response["Cache-Control"]
    assert {name: response[name] for name in SAID} == SAID


def must_say_as_whom(response, visitor):
    """Every page tells at its top as whom one acts, and where."""
    if b"<main" in response.content:
        place = "Alfa" if visitor in PROVIDER_ROLES else "VLAIO"
        with override("nl"):
            assert f"{place} · {words_for_role(visitor)}" in response.content.decode()


@pytest.mark.parametrize("name", ENTRANCE)
def test_the_pages_of_signing_in_open_to_whom_they_should(world, name):
    person = world.people["reader"]
    key: list[object] = [world.leaver.pk] if "edit" in name or "remove" in name else []
    key = {"account_reset_password_from_key": ["1", "x"], "invitation-open": ["x"]}.get(name, key)
    for visitor, expected in zip((None, person), ENTRANCE[name], strict=True):
        with transaction.atomic():
            client = Client()
            if visitor:
                with across_providers():
                    copy = User.objects.get(pk=visitor.pk)
                    copy.set_password("lang en van niemand")
                    copy.save(update_fields=["password"])
                make.sign_in(client, copy)
            answer = client.get(reverse(name, args=key))
            assert answer.status_code == expected, visitor
            must_be_guarded(answer, scripts=True)
            if expected == 302 and visitor is None:
                assert answer["Location"].startswith("/sign-in/") or name in STRANGERS_GO_ON
            transaction.set_rollback(True)


def test_anonymous_is_sent_to_the_sign_in_whether_or_not_there_is_such_a_provider(world):
    places = [Client().get(f"/p/{slug}/")["Location"] for slug in ("alfa", "nobody")]

    assert places == [f"/sign-in/?next=/p/{slug}/" for slug in ("alfa", "nobody")]


def test_not_yours_and_not_there_are_the_same_answer(world):
    """Byte for byte, but for the address itself: a guessed name or number tells nothing."""
    must_answer_alike(world)


def must_answer_alike(world):
    client = Client()
    make.sign_in(client, world.people["other tenant"])
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
        make.sign_in(client, person)
        assert client.get("/p/alfa/").status_code == 200
        with across_providers():
            person.is_active = False
            person.save(update_fields=["is_active"])
        assert client.get("/p/alfa/").status_code == 302
        transaction.set_rollback(True)
        person.is_active = True
