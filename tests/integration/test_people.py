"""Who may do what, as what somebody acts, and who gives and takes rights."""

import json
from datetime import timedelta
from decimal import Decimal
from html import unescape
from io import StringIO

import psycopg
import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from apps.accounts.models import User
from apps.accounts.selectors import AT_AGENCY, Capacity, capacities_of, timetable
from apps.accounts.services import grant_agency_role
from apps.audit.models import Entry
from apps.claims.end_reports import accept_end_report
from apps.claims.services import amend_dossier, send_back_claim, stop_dossier, verify_claim
from apps.contracts.services import amend_budget, decide_shift, propose_shift
from apps.design.words import words_for_may, words_for_role
from apps.dossiers import services as dossiers
from apps.handling.services import write_message
from apps.members.selectors import members
from apps.members.services import shut_out, take_agency_role
from apps.payouts.services import approve_run, check_run, draw_up_run, settle_payment
from apps.providers import services
from apps.providers.models import Provider, ProviderGroupObjectPermission, Token
from apps.providers.scope import across_providers, inside
from apps.providers.selectors import acts_at, shown_key
from apps.providers.services import grant_provider_role
from cstraject.refusal import Refusal
from cstraject.roles import AGENCY_ROLES, PROVIDER_ROLES
from tests import factories as make
from tests.conftest import manage
from tests.factories import AT


def signed_in(person) -> Client:
    client = Client(headers={"accept-language": "nl"})
    make.sign_in(client, person)
    return client


def refused(deed, **given) -> str:
    with pytest.raises(Refusal) as told:
        deed(actor=given.pop("actor"), at=AT, **given)
    return told.value.code


@pytest.fixture
def agency_people(db):
    with across_providers():
        yield


# ---- As what somebody acts -----------------------------------------------------------------------


@pytest.fixture
def both(db):
    """Coach and manager at Alfa, reader at Beta, reviewer at the agency."""
    with across_providers():
        alfa, beta = make.make_provider("alfa"), make.make_provider("beta")
        person, clock = make.make_member(alfa, "coach"), timetable()
        grant_provider_role(user=person, provider=alfa, role="manager", actor=clock, at=AT)
        grant_provider_role(user=person, provider=beta, role="reader", actor=clock, at=AT)
        grant_agency_role(user=person, role="reviewer", actor=clock, at=AT)
    return person


def test_a_person_with_several_roles_chooses_and_sees_which(both):
    client = signed_in(both)
    home = client.get("/").content.decode()
    assert home.count('action="/act-as/"') == 4

    # Where there is one role it is that one; where there are two, nobody guesses.
    assert client.get("/p/beta/").status_code == 200
    undecided = client.get("/p/alfa/")
    assert undecided["Location"] == "/?next=%2Fp%2Falfa%2F"
    chosen = client.post("/act-as/", {"place": "alfa", "role": "coach", "next": "/p/alfa/"})
    assert chosen["Location"] == "/p/alfa/"
    page = client.get("/p/alfa/").content.decode()
    assert "Alfa · Coach" in page
    assert "Andere rol" in page
    assert client.get("/p/alfa/people/").status_code == 403
    client.post("/act-as/", {"place": "alfa", "role": "manager"})
    assert client.get("/p/alfa/people/").status_code == 200
    assert "VLAIO · Dossierbehandelaar" in client.get("/agency/").content.decode()


@pytest.mark.parametrize(
    "wanted",
    [
        {"place": "beta", "role": "manager"},
        {"place": "", "role": "payments_approver"},
        {"place": "alfa", "role": ""},
        {"place": "nobody", "role": "manager"},
        {},
    ],
)
def test_nobody_chooses_a_role_that_is_not_theirs(both, wanted):
    assert signed_in(both).post("/act-as/", wanted).status_code == 404


@pytest.mark.parametrize(
    ("role", "first"),
    [
        ("reviewer", "/agency/work/"),
        ("controller", "/agency/work/"),
        ("auditor", "/agency/"),
        ("administrator", "/agency/people/"),
    ],
)
def test_who_handles_dossiers_begins_with_what_waits(db, role, first):
    with across_providers():
        person = make.make_officer(role)
    assert signed_in(person).get("/")["Location"] == first


def test_choosing_leads_to_pages_of_ours_and_of_that_role_alone(both):
    client = signed_in(both)
    for wished in ("https://evil.example/", "//evil.example", "/agency/", "javascript:x"):
        answer = client.post("/act-as/", {"place": "beta", "role": "reader", "next": wished})
        assert answer["Location"] == "/p/beta/"


def test_a_role_that_was_chosen_and_taken_away_is_gone_at_once(both):
    client = signed_in(both)
    client.post("/act-as/", {"place": "alfa", "role": "manager"})
    with across_providers():
        alfa, boss = Provider.objects.get(slug="alfa"), make.make_user("boss")
    with inside(alfa.pk):
        shut_out(provider=alfa, member=both.pk, actor=boss, at=AT)
    assert client.get("/p/alfa/").status_code == 404
    assert client.get("/p/beta/").status_code == 200


# ---- Who gives and takes -------------------------------------------------------------------------


def test_nobody_changes_their_own_rights_and_one_administrator_stays(agency_people):
    first, second = make.make_officer("administrator"), make.make_officer("administrator")
    assert refused(grant_agency_role, user=first, role="auditor", actor=first) == "own-rights"
    assert refused(take_agency_role, user=first, role="administrator", actor=first) == "own-rights"
    take_agency_role(user=second, role="administrator", actor=first, at=AT)
    assert capacities_of(second) == []
    third = make.make_user()
    code = refused(take_agency_role, user=first, role="administrator", actor=third)
    assert code == "last-administrator"
    assert refused(take_agency_role, user=first, role="auditor", actor=third) == "role-missing"
    assert refused(grant_agency_role, user=first, role="king", actor=third) == "unknown-role"


def test_nobody_judges_a_dossier_of_a_provider_for_which_they_work(agency_people):
    contract = make.make_contract()
    dossier, officer = make.assessed(contract), make.make_officer()
    grant_provider_role(
        user=officer, provider=contract.provider, role="reader", actor=timetable(), at=AT
    )
    found = {"question": "main_activity", "outcome": "met", "reason": "x"}
    for deed, given in (
        (dossiers.approve_dossier, {}),
        (dossiers.refuse_dossier, {"reason": "x"}),
        (dossiers.find, found),
        (dossiers.confirm_override, {"question": "equity"}),
    ):
        assert refused(deed, dossier=dossier, actor=officer, **given) == "own-provider"


def test_who_came_by_acm_idm_for_a_provider_judges_none_of_its_dossiers(agency_people):
    """Also in a session in which they act at the agency alone."""
    contract = make.make_contract()
    dossier = make.assessed(contract)
    both = make.arrived(contract.provider, "coach")
    told = {"dossier": dossier, "reason": "x"}
    assert refused(dossiers.refuse_dossier, **told, actor=both) == "own-provider"
    # Nor once the provider shuts them out, which it can end as it likes.
    left = make.arrived(contract.provider, "coach", shut_out=True)
    assert refused(dossiers.refuse_dossier, **told, actor=left) == "own-provider"
    dossiers.refuse_dossier(**told, actor=make.arrived(make.make_provider(), "coach"), at=AT)


def test_rights_follow_the_declaration_both_ways(agency_people):
    one = make.make_provider()
    make.make_officer("auditor")
    group = Group.objects.get(name=Capacity(AT_AGENCY, "auditor").group_name)
    group.permissions.set(Permission.objects.filter(codename="approve_runs"))
    ProviderGroupObjectPermission.objects.filter(
        group__name=Capacity(one.slug, "coach").group_name, permission__codename="file_dossiers"
    ).delete()
    old = Group.objects.create(name="agency:officer")
    old.permissions.set(Permission.objects.filter(codename="approve_runs"))

    call_command("follow_settings", stdout=StringIO())

    granted = set(group.permissions.values_list("codename", flat=True))
    assert granted == AGENCY_ROLES["auditor"]
    assert acts_at(one, role="coach") == PROVIDER_ROLES["coach"]
    assert not old.permissions.exists()


@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_page_of_who_may_do_what_tells_the_declaration(both, language):
    page = signed_in(both).get("/who-may-do-what/", headers={"accept-language": language})
    shown = unescape(page.content.decode())
    with override(language):
        for table, roles in zip(
            page.context["tables"], (PROVIDER_ROLES, AGENCY_ROLES), strict=True
        ):
            told = {
                (role, row["act"])
                for row in table["rows"]
                for role, may in zip(table["roles"], row["may"], strict=True)
                if may
            }
            assert told == {
                (words_for_role(role), words_for_may(act))
                for role, acts in roles.items()
                for act in acts
            }
            assert all(text in shown for pair in told for text in pair)
    granted = sum(map(len, (*PROVIDER_ROLES.values(), *AGENCY_ROLES.values())))
    assert shown.count('class="pill ok"') == granted


# ---- By the command line -------------------------------------------------------------------------


def let_in(monkeypatch, *options, password="a-first-password-of-hers") -> str:
    told = StringIO()
    monkeypatch.setattr("sys.stdin", StringIO(f"{password}\n"))
    call_command("add_person", *options, stdout=told)
    return told.getvalue()


def test_the_first_administrator_is_let_in_by_the_command_line(agency_people, monkeypatch):
    new = ("Baas@agentschap.example", "Baas Test", "administrator")

    assert "baas@agentschap.example" in let_in(monkeypatch, *new)
    assert "auditor" in let_in(monkeypatch, *new[:2], "auditor", password="another-one-altogether")

    boss = User.objects.get(email="baas@agentschap.example")
    assert capacities_of(boss) == [
        Capacity(AT_AGENCY, "administrator"),
        Capacity(AT_AGENCY, "auditor"),
    ]
    # The second time there was an account already, and its password stays what it was.
    assert boss.check_password("a-first-password-of-hers")
    deeds = Entry.objects.filter(subject_id=str(boss.pk)).order_by("pk")
    assert [deed.action for deed in deeds] == ["user.add", "user.grant", "user.grant"]


def test_the_first_manager_of_a_provider_is_let_in_by_the_command_line(agency_people, monkeypatch):
    make.make_provider("alfa")
    let_in(monkeypatch, "an@alfa.example", "An Test", "manager", "--provider", "alfa")
    assert capacities_of(User.objects.get(email="an@alfa.example")) == [Capacity("alfa", "manager")]


def test_a_key_that_is_asked_twice_is_made_once(agency_people):
    alfa = make.make_provider("alfa")
    manager = make.make_member(alfa, "manager")
    asked = {"provider": alfa, "name": "boekhouding", "acts": ["see_dossiers"], "days": 30}
    for provider in (alfa, make.make_provider("beta")):
        services.issue_token(**{**asked, "provider": provider}, actor=manager, at=AT)
    assert refused(services.issue_token, **asked, actor=manager) == "key-name-taken"
    [token] = Token.objects.filter(provider=alfa)
    services.revoke_token(token=token.pk, actor=manager, at=AT)
    services.issue_token(**asked, actor=manager, at=AT)


def test_a_finding_that_is_sent_twice_is_one(agency_people):
    dossier, officer = make.submitted(make.make_contract()), make.make_officer()
    dossier = dossiers.assess_dossier(dossier=dossier, actor=timetable(), at=AT)
    found = {"dossier": dossier, "question": "main_activity", "actor": officer, "at": AT}
    for reason in ("past", "past ", "past toch"):
        dossiers.find(**found, outcome="met", reason=reason)
    assert [f.reason for f in dossier.assessment.findings.order_by("id")] == ["past", "past toch"]
    assert Entry.objects.filter(case_id=dossier.pk, action="dossier.find").count() == 2


def test_nobody_decides_about_money_of_a_provider_for_which_they_work(db):
    """Whatever the deed at the agency is: verify, stop, amend, shift, pay, settle."""
    with across_providers():
        alfa, beta = make.make_provider("alfa"), make.make_provider("beta")
        contract, other = make.make_contract(alfa), make.make_contract(beta)
        officer = make.make_officer("reviewer")
        grant_provider_role(user=officer, provider=alfa, role="reader", actor=timetable(), at=AT)
        claim = make.submitted_claim(contract)
        reported = make.end_report(make.completed(contract))
        shift = propose_shift(
            source=other,
            target=contract,
            amount=Decimal(5),
            reason="x",
            actor=make.make_user(),
            at=AT,
        )
        make.verified_claim(contract)
        run = draw_up_run(quarter=make.Q1, actor=timetable(), at=make.RUN_DAY)
        dossier = claim.dossier
        about = {"dossier": dossier, "actor": officer}
        money = {"reason": "x", "actor": officer}
        for deed, given in (
            (verify_claim, {"claim": claim, "actor": officer}),
            (send_back_claim, {"claim": claim, "reason": "x", "actor": officer}),
            (stop_dossier, {**about, "cause": "ended_early", "reason": "x"}),
            (
                amend_dossier,
                {
                    **about,
                    "price_excl_vat": Decimal(20000),
                    "person_days": Decimal(9),
                    "reason": "x",
                },
            ),
            (write_message, {**about, "text": "x", "by_agency": True}),
            (accept_end_report, {"report": reported, "actor": officer}),
            (check_run, {"run": run, "actor": officer}),
            (
                settle_payment,
                {
                    "payment": run.payments.get(),
                    "outcome": "pay",
                    "on": AT.date(),
                    "actor": officer,
                },
            ),
            (amend_budget, {**money, "contract": contract, "by": Decimal(1)}),
            (
                propose_shift,
                {**money, "source": contract, "target": other, "amount": Decimal(1)},
            ),
            (decide_shift, {"shift": shift, "done": True, "actor": officer}),
        ):
            assert refused(deed, **given) == "own-provider", deed
        check_run(run=run, actor=make.make_officer("payments_officer"), at=AT)
        assert refused(approve_run, run=run, actor=officer) == "own-provider"
        # Of another provider they decide as ever, and a shift of their own they may drop.
        amend_budget(contract=other, by=Decimal(1), **money, at=AT)
        decide_shift(shift=shift, done=False, actor=officer, at=AT)


@pytest.mark.parametrize(
    ("options", "password", "told"),
    [
        (("no address", "X", "auditor"), "a-first-password-of-hers", "e-mail"),
        (("x@agentschap.example", "X", "auditor"), "short", "12"),
        (("x@agentschap.example", "X", "auditor"), "", "12"),
        (("x@agentschap.example", "X", "coach"), "a-first-password-of-hers", "no role"),
        (("x@a.example", "X", "auditor", "--provider", "alfa"), "a-first-password", "no role"),
        (("x@a.example", "X", "coach", "--provider", "nobody"), "a-first-password", "nobody"),
    ],
)
def test_whoever_cannot_be_let_in_gets_no_account(
    agency_people, monkeypatch, options, password, told
):
    make.make_provider("alfa")
    with override("nl"), pytest.raises(CommandError, match=told):
        let_in(monkeypatch, *options, password=password)
    assert not User.objects.filter(name="X").exists()


# ---- A provider's own people and machines --------------------------------------------------------


@pytest.fixture
def alfa_and_beta(committed):
    with across_providers(), transaction.atomic():
        alfa, beta = make.make_provider("alfa"), make.make_provider("beta")
        people = {
            "manager": make.make_member(alfa, "manager"),
            "coach": make.make_member(alfa, "coach"),
            "foreign": make.make_member(beta, "coach"),
        }
        make.make_key(alfa)
        make.make_key(beta)
    return alfa, beta, people


def test_a_manager_sees_the_people_of_its_own_provider_alone(alfa_and_beta):
    alfa, _beta, people = alfa_and_beta
    with inside(alfa.pk), transaction.atomic():
        assert {m.email for m in members()} == {people["manager"].email, people["coach"].email}
        assert Token.objects.count() == 1
    with transaction.atomic(), pytest.raises(DatabaseError, match="permission denied"):
        members()


def test_a_leaver_is_out_at_once_and_what_they_signed_stays_theirs(alfa_and_beta):
    alfa, _beta, people = alfa_and_beta
    coach = signed_in(people["coach"])
    assert coach.get("/p/alfa/").status_code == 200
    manager = signed_in(people["manager"])
    manager.post(reverse("portal:member-shut-out", args=["alfa", people["coach"].pk]))

    assert coach.get("/p/alfa/").status_code == 404
    with across_providers(), transaction.atomic():
        assert User.objects.get(pk=people["coach"].pk).is_active
        deed = Entry.objects.get(action="member.shut_out")
        assert (deed.actor_name, deed.provider_id) == (people["manager"].name, alfa.pk)


def test_a_manager_shuts_out_nobody_of_another_nor_themselves(alfa_and_beta):
    _alfa, _beta, people = alfa_and_beta
    manager = signed_in(people["manager"])
    for member in (people["foreign"].pk, people["manager"].pk, 10**9):
        manager.post(reverse("portal:member-shut-out", args=["alfa", member]))
    with across_providers(), transaction.atomic():
        assert capacities_of(people["foreign"]) == [Capacity("beta", "coach")]
        assert capacities_of(people["manager"]) == [Capacity("alfa", "manager")]
        assert not Entry.objects.filter(action="member.shut_out").exists()


def test_a_key_is_shown_once_opens_what_was_chosen_and_ends(alfa_and_beta, clock):
    _alfa, beta, people = alfa_and_beta
    clock.at = AT
    manager = signed_in(people["manager"])
    made = manager.post(
        reverse("portal:key-issue", args=["alfa"]),
        {"name": "boekhouding", "acts": ["see_dossiers"], "days": "30"},
    )
    assert made["Location"] == reverse("portal:people", args=["alfa"])
    shown = manager.get(made["Location"])
    key = shown.context["key"]
    assert key in shown.content.decode()
    assert shown["Cache-Control"] == "no-store"
    assert key not in manager.get(reverse("portal:people", args=["alfa"])).content.decode()
    asked = {"Authorization": f"Bearer {key}"}
    assert Client().get("/api/v1/providers/alfa/dossiers/", headers=asked).status_code == 200
    assert Client().get("/api/v1/providers/beta/dossiers/", headers=asked).status_code == 404
    with across_providers(), transaction.atomic():
        token = Token.objects.get(name="boekhouding")
        assert key not in str(vars(token))
        assert token.user.kind == "machine"
    # Another provider's manager cannot end it; its own can.
    with inside(beta.pk):
        code = refused(services.revoke_token, token=token.pk, actor=people["foreign"])
    assert code == "token-gone"
    manager.post(reverse("portal:key-end", args=["alfa", token.pk]))
    assert Client().get("/api/v1/providers/alfa/dossiers/", headers=asked).status_code == 401


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"acts": ["manage_members"]}, "acts"),
        ({"acts": ["approve_runs"]}, "acts"),
        ({"acts": []}, "acts"),
        ({"days": "0"}, "days"),
        ({"days": "366"}, "days"),
        ({"name": ""}, "name"),
    ],
)
def test_a_key_that_may_too_much_or_for_too_long_is_not_made(alfa_and_beta, given, field):
    _alfa, _beta, people = alfa_and_beta
    whole = {"name": "x", "acts": ["see_dossiers"], "days": "30"}
    answer = signed_in(people["manager"]).post(
        reverse("portal:key-issue", args=["alfa"]), {**whole, **given}
    )
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]


def test_the_database_refuses_a_key_for_what_machines_may_not_do(alfa_and_beta):
    alfa, _beta, _people = alfa_and_beta
    with across_providers(), transaction.atomic():
        machine = Token.objects.get(provider=alfa).user
    token = Token(
        provider=alfa,
        user=machine,
        name="x",
        acts=["manage_members"],
        digest="x",
        issued_by=machine,
        issued_at=AT,
        expires_at=AT + timedelta(days=1),
    )
    with (
        across_providers(),
        pytest.raises(DatabaseError, match="token_does_what_machines_may"),
        transaction.atomic(),
    ):
        token.save()


def test_the_doorkeeper_is_told_of_a_key_what_it_opens_and_reads_no_other(alfa_and_beta, clock):
    alfa, _beta, _people = alfa_and_beta
    with across_providers(), transaction.atomic():
        key = make.make_key(alfa, "see_dossiers")
    with transaction.atomic():
        assert shown_key("nobody's", at=AT) is None
        shown = shown_key(key, at=AT)
    assert (shown.provider_id, shown.acts) == (alfa.pk, ["see_dossiers"])
    with across_providers(), transaction.atomic():
        User.objects.filter(pk=shown.user_id).update(kind="person")
    with transaction.atomic():
        assert shown_key(key, at=AT) is None
    for statement in ("SELECT 1 FROM providers_token", "UPDATE providers_token SET acts = '{}'"):
        with (
            pytest.raises(DatabaseError, match="permission denied"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


# ---- Processes that open some doors --------------------------------------------------------------


def test_the_portals_login_cannot_become_the_back_office(servers, alfa_and_beta, committed):
    with psycopg.connect(servers.database_url("cst_portal", committed), autocommit=True) as link:
        for role in ("cst_doorkeeper", "cst_provider"):
            link.execute(f"SET ROLE {role}".encode())
            link.execute("RESET ROLE")
        for role in ("cst_backoffice", "cst_keeper", "cst_porter", "cst_owner", "cst_web"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                link.execute(f"SET ROLE {role}".encode())
        # By itself it may read nothing at all.
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            link.execute("SELECT 1 FROM accounts_user")


@pytest.mark.parametrize(
    ("doors", "opened", "shut"),
    [
        ("portal,api", ["/p/alfa/", "/api/v1/schema/", "/pre-check/"], ["/agency/"]),
        ("backoffice", ["/agency/"], ["/p/alfa/", "/api/v1/schema/", "/pre-check/"]),
    ],
)
def test_a_process_opens_the_doors_that_it_is_told(
    servers, alfa_and_beta, committed, doors, opened, shut
):
    login = "cst_portal" if "portal" in doors else "cst_web"
    paths = ["/sign-in/", *opened, *shut]
    asked = f"from django.test import Client; print([Client().get(p).status_code for p in {paths}])"
    told = manage(
        "shell", "-c", asked, database=servers.database_url(login, committed), DOORS=doors
    )
    statuses = dict(zip(paths, json.loads(told.strip().splitlines()[-1]), strict=True))
    assert {statuses[path] for path in opened} <= {200, 302}
    assert {statuses[path] for path in shut} == {404}
    assert statuses["/sign-in/"] == 200
