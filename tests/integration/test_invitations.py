"""Being invited, accepting, leaving; choosing a new password; and who was not let in, on record."""

import re
from contextlib import nullcontext
from datetime import timedelta
from io import StringIO
from smtplib import SMTPException

import pytest
from django.core import mail
from django.core.cache import cache
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from apps.accounts.models import User
from apps.accounts.selectors import Capacity, capacities_of, digest_of, timetable
from apps.accounts.services import add_user, shut_account
from apps.audit.models import Entry
from apps.members import services
from apps.members.models import Invitation
from apps.notices import tasks
from apps.notices.models import Mail
from apps.notices.services import TRIES_MAX, post_mail
from apps.providers.scope import DOORKEEPER, across_providers, inside
from apps.providers.services import grant_provider_role, issue_token
from cstraject.refusal import Refusal
from cstraject.roles import AGENCY_ROLES
from tests import factories as make
from tests.factories import AT

PASSWORD = "een lange zin die niemand raadt"


@pytest.fixture
def alfa(db, clock):
    clock.at = AT
    cache.clear()
    with across_providers():
        return make.make_provider("alfa")


def signed_in(person: User) -> Client:
    client = Client(headers={"accept-language": "nl"})
    make.sign_in(client, person)
    return client


def invited(provider, role, **given) -> tuple[Invitation, str]:
    with across_providers():
        return make.invited(provider, role, at=AT, **given)


def opened(client: Client, key: str):
    """What the address of a mail shows."""
    return client.get(reverse("invitation-open", args=[key]), follow=True)


def bare(key: str) -> str:
    """What the database knows by its digest: the key without the signature of the link."""
    return key.rpartition(":")[0]


def accept(client: Client, key: str, password: str = PASSWORD):
    opened(client, key)
    chosen = {"new_password1": password, "new_password2": password}
    return client.post(reverse("invitation"), chosen)


def roles_of(email: str) -> list[Capacity]:
    with across_providers():
        return capacities_of(User.objects.get(email=email))


def refusals() -> list[tuple[str, str]]:
    with across_providers():
        entries = Entry.objects.filter(action="sign_in.refuse").order_by("id")
        return [(entry.subject_id, entry.actor_name) for entry in entries]


# ---- Inviting ------------------------------------------------------------------------------------


def test_a_manager_invites_and_the_mail_lets_in(alfa):
    with across_providers():
        manager = make.make_member(alfa, "manager")
    asked = {"email": "Nieuw@Test.example ", "name": "Nieuwe  Coach", "role": "coach"}
    done = signed_in(manager).post(reverse("portal:member-invite", args=["alfa"]), asked)
    assert done.status_code == 302

    assert tasks.send_waiting() == 1
    [sent] = mail.outbox
    assert sent.to == ["nieuw@test.example"]
    assert "Beste Nieuwe Coach," in sent.body
    assert "Dear Nieuwe Coach," in sent.body
    assert manager.name in sent.body
    assert tasks.send_waiting() == 0
    [address] = set(re.findall(r"http://testserver(/invitation/\S+)", sent.body))

    newcomer = Client(headers={"accept-language": "nl"})
    page = newcomer.get(address, follow=True)
    assert page.redirect_chain == [("/invitation/", 302)]
    assert "Nieuwe Coach, u bent uitgenodigd" in page.content.decode()
    chosen = {"new_password1": PASSWORD, "new_password2": PASSWORD}
    assert newcomer.post("/invitation/", chosen)["Location"] == "/sign-in/"
    assert roles_of("nieuw@test.example") == [Capacity("alfa", "coach")]
    come_in = {"login": "nieuw@test.example", "password": PASSWORD}
    assert newcomer.post("/sign-in/", come_in)["Location"] == "/"
    assert newcomer.get("/p/alfa/").status_code == 200
    with across_providers():
        told = Entry.objects.filter(action__startswith="invitation.").order_by("id")
        assert [(entry.action, entry.actor_name) for entry in told] == [
            ("invitation.send", manager.name),
            ("invitation.accept", "Nieuwe Coach"),
        ]


def test_an_administrator_invites_to_the_agency_and_nobody_gets_in_before_accepting(alfa):
    with across_providers():
        administrator = make.make_officer("administrator")
    asked = {"email": "nieuw@test.example", "name": "Nieuw", "role": "auditor"}
    signed_in(administrator).post(reverse("backoffice:person-invite"), asked)
    with across_providers():
        assert not User.objects.filter(email=asked["email"]).exists()
    _, key = invited(None, "auditor", email=asked["email"])
    assert accept(Client(), key)["Location"] == "/sign-in/"
    assert roles_of(asked["email"]) == [Capacity("", "auditor")]


@pytest.mark.parametrize("role", ["reviewer", "administrator", "king", ""])
def test_a_manager_invites_to_roles_of_the_provider_alone(alfa, role):
    with across_providers():
        manager = make.make_member(alfa, "manager")
    asked = {"email": "nieuw@test.example", "name": "Nieuw", "role": role}
    answer = signed_in(manager).post(reverse("portal:member-invite", args=["alfa"]), asked)
    assert answer.status_code == 422
    assert list(answer.context["invite_form"].errors) == ["role"]
    with inside(alfa.pk), pytest.raises(Refusal, match="unknown-role"):
        services.invite(provider=alfa, **asked, link=str, actor=manager, at=AT)


def test_nobody_invites_themselves(alfa):
    with across_providers():
        manager = make.make_member(alfa, "manager")
    asked = {"email": manager.email.upper(), "name": "Ik", "role": "coach"}
    answer = signed_in(manager).post(reverse("portal:member-invite", args=["alfa"]), asked)
    assert "Niemand wijzigt zijn eigen rechten" in answer.content.decode()
    assert answer.context["invite_form"]["name"].value() == "Ik"
    with across_providers():
        assert not Invitation.objects.exists()


@pytest.mark.parametrize("role", sorted(AGENCY_ROLES))
def test_who_comes_by_acmidm_makes_nobody_decide_at_the_agency(db, role):
    """They would invite a mailbox of their own, and be the two people that a run needs."""
    with across_providers():
        boss = add_user(email="subject@acmidm.invalid", name="Baas", actor=timetable(), at=AT)
        asked = {"provider": None, "name": "X", "role": role, "link": str, "actor": boss, "at": AT}
        reads = role in ("auditor", "guest", "reporting_officer")
        with nullcontext() if reads else pytest.raises(Refusal, match="invited-by-acmidm"):
            services.invite(**asked, email="x@test.example")


@pytest.mark.parametrize(
    ("email", "invited"),
    [
        ("x@vlaio.example", True),
        ("x@mail.vlaio.example", False),
        ("vlaio.example@x.example", False),
    ],
)
def test_at_the_agency_addresses_of_its_own_are_invited(alfa, settings, email, invited):
    settings.AGENCY_MAIL_DOMAINS = ["vlaio.example"]
    with across_providers():
        boss = make.make_officer("administrator")
    asked = {"name": "X", "role": "auditor", "email": email}
    answer = signed_in(boss).post(reverse("backoffice:person-invite"), asked)
    assert answer.status_code == (302 if invited else 422)
    assert ("alleen adressen van vlaio.example" in answer.content.decode()) != invited
    # A provider invites whom it likes.
    with inside(alfa.pk):
        services.invite(
            provider=alfa, email=email, name="X", role="coach", link=str, actor=boss, at=AT
        )


def test_so_many_invitations_a_day_and_no_more(alfa, clock, monkeypatch):
    monkeypatch.setattr(services, "INVITATIONS_PER_DAY_MAX", 2)
    invited(alfa, "coach", email="a@test.example")
    invited(alfa, "coach", email="b@test.example")
    # Taking back makes no room for another mail.
    with across_providers():
        Invitation.objects.update(revoked_at=AT)
    with pytest.raises(Refusal, match="too-many-invitations"):
        invited(alfa, "coach", email="c@test.example")
    with across_providers():
        make.invited(alfa, "coach", at=AT + timedelta(days=1))


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("email", '"=?utf-8?q?=e9?="@example.com'),
        ("name", "Win! https://evil.example"),
        ("name", "x" * 81),
    ],
)
def test_a_mail_says_nothing_of_somebodys_own(alfa, field, typed):
    with across_providers():
        manager = make.make_member(alfa, "manager")
    asked = {"email": "nieuw@test.example", "name": "Nieuw", "role": "coach", field: typed}
    answer = signed_in(manager).post(reverse("portal:member-invite", args=["alfa"]), asked)
    assert list(answer.context["invite_form"].errors) == [field]


# ---- Accepting -----------------------------------------------------------------------------------


def test_an_invitation_opens_once(alfa):
    _, key = invited(alfa, "coach", email="a@test.example")
    accept(Client(), key)
    again = opened(Client(headers={"accept-language": "nl"}), key)
    assert again.status_code == 410
    assert "niet meer geldig" in again.content.decode()
    assert refusals() == [("invitation", "")]


def spoilt_by_time(invitation, clock):
    clock.at = invitation.expires_at


def spoilt_by_withdrawing(invitation, clock):
    with across_providers(), transaction.atomic():
        manager = make.make_user()
        services.withdraw_invitation(
            invitation=invitation.pk, provider=invitation.provider, actor=manager, at=AT
        )


def spoilt_by_a_later_one(invitation, clock):
    invited(invitation.provider, "reader", email=invitation.email)


def spoilt_by_who_invited_leaving(invitation, clock):
    with across_providers():
        boss = make.make_user("boss")
    with inside(invitation.provider_id):
        services.shut_out(
            provider=invitation.provider, member=invitation.invited_by_id, actor=boss, at=AT
        )


def spoilt_by_who_invited_being_no_manager_any_more(invitation, clock):
    """The row itself is not touched, as in a race: accepting asks who invited."""
    with across_providers():
        invitation.invited_by.groups.clear()


def spoilt_by_who_invited_being_shut(invitation, clock):
    with across_providers():
        shut_account(user=invitation.invited_by, actor=make.make_user(), at=AT)


def spoilt_by_who_was_invited_leaving(invitation, clock):
    with across_providers():
        boss = make.make_user("boss")
        leaver = add_user(email=invitation.email, name="Leaver", actor=boss, at=AT)
        grant_provider_role(
            user=leaver, provider=invitation.provider, role="reader", actor=boss, at=AT
        )
    with inside(invitation.provider_id):
        services.shut_out(provider=invitation.provider, member=leaver.pk, actor=boss, at=AT)


@pytest.mark.parametrize(
    "spoil",
    [
        spoilt_by_time,
        spoilt_by_withdrawing,
        spoilt_by_a_later_one,
        spoilt_by_who_invited_leaving,
        spoilt_by_who_invited_being_no_manager_any_more,
        spoilt_by_who_invited_being_shut,
        spoilt_by_who_was_invited_leaving,
    ],
)
def test_an_invitation_that_is_spoilt_opens_nothing(alfa, clock, spoil):
    invitation, key = invited(alfa, "coach", email="a@test.example")
    client = Client()
    assert opened(client, key).status_code == 200
    spoil(invitation, clock)
    assert accept(client, key).status_code == 410
    with pytest.raises(Refusal, match="invitation-gone"), transaction.atomic():
        services.accept_invitation(key=bare(key), password=PASSWORD, at=clock.at)
    with across_providers():
        let_in = User.objects.filter(email="a@test.example", groups__isnull=False)
        assert not let_in.exists()
    assert refusals()


@pytest.mark.parametrize("key", ["x", "ünïcode", "a" * 3000, "' OR 1=1 --"])
def test_a_key_that_is_none_opens_nothing_and_stands_on_record(alfa, key):
    assert opened(Client(), key).status_code == 410
    assert refusals() == [("invitation", "")]


@pytest.mark.parametrize(
    ("first", "second"), [("kort", "kort"), (PASSWORD, "iets anders"), ("123456789012",) * 2]
)
def test_a_password_that_will_not_do_is_told_and_the_invitation_stays(alfa, first, second):
    _, key = invited(alfa, "coach", email="a@test.example")
    client = Client(headers={"accept-language": "nl"})
    opened(client, key)
    answer = client.post("/invitation/", {"new_password1": first, "new_password2": second})
    assert answer.status_code == 422
    assert 'class="alert error error-summary"' in answer.content.decode()
    assert accept(client, key)["Location"] == "/sign-in/"


def test_who_has_an_account_signs_in_with_it_and_nobody_else_takes_the_role(alfa):
    with across_providers():
        owner, other = make.make_officer("auditor"), make.make_user("other")
        owner.set_password(PASSWORD)
        owner.save(update_fields=["password"])
    _, key = invited(alfa, "reader", email=owner.email)

    stranger = Client(headers={"accept-language": "nl"})
    assert "heeft al een account" in opened(stranger, key).content.decode()
    # A stranger with the mail cannot set another password for an account that has one.
    assert accept(stranger, key, "een heel ander wachtwoord").status_code == 422
    with pytest.raises(Refusal, match="invitation-gone"), transaction.atomic():
        services.accept_invitation(key=bare(key), password="een heel ander wachtwoord", at=AT)
    mistaken = signed_in(other)
    assert "als iemand anders aangemeld" in opened(mistaken, key).content.decode()
    assert accept(mistaken, key).status_code == 422
    with pytest.raises(Refusal, match="invitation-gone"), transaction.atomic():
        services.accept_invitation(key=bare(key), user=other, at=AT)
    assert roles_of(owner.email) == [Capacity("", "auditor")]

    # Signing in leads back to the invitation.
    here = {"login": owner.email, "password": PASSWORD, "next": "/invitation/"}
    assert stranger.post("/sign-in/", here)["Location"] == "/invitation/"
    assert stranger.post("/invitation/")["Location"] == "/"
    assert roles_of(owner.email) == [Capacity("", "auditor"), Capacity("alfa", "reader")]


def test_an_account_that_is_shut_or_a_machine_accepts_nothing(alfa):
    with across_providers():
        shut = add_user(
            email="shut@test.example", name="Shut", actor=make.make_user(), at=AT, active=False
        )
    _, key = invited(alfa, "coach", email=shut.email)
    assert opened(Client(), key).status_code == 410
    with pytest.raises(Refusal, match="invitation-gone"), transaction.atomic():
        services.accept_invitation(key=bare(key), password=PASSWORD, at=AT)


# ---- What SQL can do -----------------------------------------------------------------------------


def test_a_provider_sees_and_makes_no_invitation_of_another_nor_of_the_agency(alfa):
    with across_providers():
        beta = make.make_provider("beta")
    mine = invited(alfa, "coach")[0]
    invited(beta, "coach")
    invited(None, "auditor")
    with inside(alfa.pk):
        assert [one.pk for one in Invitation.objects.all()] == [mine.pk]
    for provider, role in ((beta, "reader"), (None, "auditor")):
        forged = Invitation(
            provider=provider,
            email="x@test.example",
            role=role,
            digest="x",
            invited_by_id=1,
            invited_at=AT,
            expires_at=AT + timedelta(days=1),
        )
        with (
            inside(alfa.pk),
            pytest.raises(DatabaseError, match="row-level security"),
            transaction.atomic(),
        ):
            forged.save()


@pytest.mark.parametrize("scope", ["inside", "doorkeeper"])
def test_what_waits_to_be_sent_nobody_at_a_door_reads(alfa, scope):
    invited(alfa, "coach")
    role = "cst_provider" if scope == "inside" else DOORKEEPER.role
    with connection.cursor() as cursor, transaction.atomic():
        cursor.execute("SELECT set_config('role', %s, true)", [role])
        with pytest.raises(DatabaseError, match="permission denied"):
            cursor.execute("SELECT locked FROM notices_mail")
        transaction.set_rollback(True)


@pytest.mark.parametrize("whose", ["somebody new", "of acmidm", "an officer"])
def test_an_invitation_that_sql_wrote_lets_nobody_in(alfa, whose):
    """Who slips it in knows its key; a link of ours they cannot sign, nor accept by SQL alone."""
    with across_providers():
        officer, theirs = make.make_officer(), make.arrived(make.make_provider(), "coach")
        manager = make.make_member(alfa, "manager")
    known = {"of acmidm": theirs.email, "an officer": officer.email}
    with inside(alfa.pk):
        Invitation.objects.create(
            provider=alfa,
            email=known.get(whose, "x@test.example"),
            name="x",
            role="coach",
            digest=digest_of("known"),
            invited_by=manager,
            invited_at=AT,
            expires_at=AT + timedelta(days=1),
        )
    client = Client()
    for link in ("known", "known:made-up"):
        assert opened(client, link).status_code == 410
    assert accept(client, "known").status_code == 410
    for who in (None, officer.pk):
        assert accepted_by_sql("known", who) == []
    assert not User.objects.filter(email="x@test.example").exists()


def accepted_by_sql(key: str, who: int | None) -> list[tuple]:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT * FROM cst_accept_invitation(%s, %s, %s, 'x')", [key, AT, who])
            return cursor.fetchall()
    except DatabaseError as refused:
        return [] if "in their own name alone" in str(refused) else [(str(refused),)]


def test_a_mail_goes_to_nobody_but_for_whom_it_was_written(alfa):
    with across_providers():
        post_mail(to="a@test.example", subject="x", text="geheim", at=AT)
        copied = Mail.objects.get().locked
        Mail.objects.create(
            to="b@test.example", subject="x", locked=copied, posted_at=AT, next_try_at=AT
        )
    assert tasks.send_waiting() == 1
    assert [sent.to for sent in mail.outbox] == [["a@test.example"]]


def test_whoever_has_a_role_at_the_agency_is_not_invited_to_it_again(alfa):
    with across_providers():
        administrator, person = make.make_officer("administrator"), make.make_officer("auditor")
    asked = {"email": person.email.upper(), "name": "X", "role": "auditor"}
    page = signed_in(administrator).post(reverse("backoffice:person-invite"), asked)
    assert "Deze persoon heeft deze rol al." in page.content.decode()
    other = {**asked, "role": "guest"}
    again = signed_in(administrator).post(reverse("backoffice:person-invite"), other)
    assert again.status_code == 302


def test_whoever_has_a_role_gets_another_beside_it_and_that_is_told(alfa):
    with across_providers():
        manager, coach = make.make_member(alfa, "manager"), make.make_member(alfa, "coach")
        administrator, auditor = make.make_officer("administrator"), make.make_officer("auditor")
    beside = "die hier al een rol heeft ({}): de nieuwe komt ernaast."
    for inviter, page, invited, role, told in (
        (manager, reverse("portal:member-invite", args=["alfa"]), coach, "reader", "Coach"),
        (administrator, reverse("backoffice:person-invite"), auditor, "guest", "Auditor"),
    ):
        client = signed_in(inviter)
        for email, text in (
            (invited.email, f"onderweg naar {invited.email}, {beside.format(told)}"),
            ("nieuw@test.example", "De uitnodiging is onderweg naar nieuw@test.example."),
        ):
            answer = client.post(page, {"email": email, "name": "X", "role": role}, follow=True)
            assert text in answer.content.decode()


def test_a_mailbox_of_ones_own_by_another_address_is_ones_own(alfa):
    with across_providers():
        administrator = make.make_officer("administrator")
        name, _, domain = administrator.email.rpartition("@")
        asked = {"email": f"{name}+2@{domain}", "name": "x", "role": "payments_approver"}
        with pytest.raises(Refusal) as refused:
            services.invite(
                provider=None, **asked, link=lambda key: key, actor=administrator, at=AT
            )
    assert refused.value.code == "own-rights"


def test_no_table_tells_the_key_of_an_invitation(alfa):
    _, key = invited(alfa, "coach")
    with across_providers():
        assert bare(key) not in str(Invitation.objects.values())
        assert bare(key) not in str(Mail.objects.values())


# ---- Mails ---------------------------------------------------------------------------------------


def test_what_is_sent_is_forgotten(alfa):
    invited(alfa, "coach")
    tasks.send_waiting()
    with across_providers():
        [sent] = Mail.objects.all()
    assert (sent.locked, sent.sent_at) == ("", AT)


def test_a_mail_that_does_not_go_is_tried_again_ever_later_and_given_up_in_the_end(
    alfa, clock, monkeypatch
):
    def fail(*args):
        raise SMTPException("no")

    monkeypatch.setattr("apps.notices.services.send_mail", fail)
    invited(alfa, "coach")
    waits = []
    for _ in range(TRIES_MAX):
        assert tasks.send_waiting() == 0
        with across_providers():
            waiting = Mail.objects.get()
        waits.append(waiting.next_try_at - clock.at)
        assert tasks.send_waiting() == 0
        clock.at = waiting.next_try_at
    assert waits[:4] == [timedelta(minutes=m) for m in (2, 4, 8, 16)]
    with across_providers():
        given_up = Mail.objects.get()
    assert given_up.given_up_at is not None
    assert (given_up.locked, given_up.tries) == ("", TRIES_MAX)


def test_a_mail_that_cannot_be_written_keeps_no_other_waiting(alfa, settings):
    """As a server for mail is told addresses: the quick way of tests does not look at them."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_PORT = 1
    with across_providers():
        post_mail(to='"=?utf-8?q?=e9?="@example.com', subject="x", text="x", at=AT)
    assert tasks.send_waiting() == 0
    with across_providers():
        assert Mail.objects.get().tries == 1


def test_a_mail_that_sql_put_there_is_not_sent(alfa):
    with across_providers():
        Mail.objects.create(
            to="x@test.example", subject="x", locked="x", posted_at=AT, next_try_at=AT
        )
    assert tasks.send_waiting() == 0
    assert mail.outbox == []
    with across_providers():
        assert Mail.objects.get().given_up_at == AT


def test_one_that_fails_keeps_no_other_waiting(alfa, monkeypatch):
    from django.core.mail import send_mail

    def fail_first(subject, text, sender, to):
        if to == ["a@test.example"]:
            raise ConnectionRefusedError
        return send_mail(subject, text, sender, to)

    monkeypatch.setattr("apps.notices.services.send_mail", fail_first)
    with across_providers():
        for to in ("a@test.example", "b@test.example"):
            post_mail(to=to, subject="x", text="x", at=AT)
    assert tasks.send_waiting() == 1
    assert [sent.to for sent in mail.outbox] == [["b@test.example"]]


# ---- A new password ------------------------------------------------------------------------------


@pytest.fixture
def forgetful(alfa):
    with across_providers():
        person = make.make_member(alfa, "coach")
        person.set_password("het oude wachtwoord van toen")
        person.save(update_fields=["password"])
    return person


def address_in_mail() -> str:
    tasks.send_waiting()
    [address] = re.findall(r"http://testserver(/sign-in/forgotten/\S+)", mail.outbox[-1].body)
    return address


def choose(client: Client, address: str, password: str = PASSWORD):
    page = client.get(address)
    if page.status_code != 302:
        return page
    return client.post(page["Location"], {"password1": password, "password2": password})


def test_who_forgot_their_password_chooses_a_new_one_by_mail_once(forgetful):
    elsewhere = signed_in(forgetful)
    asked = Client(headers={"accept-language": "nl"})
    answer = asked.post(reverse("account_reset_password"), {"email": forgetful.email})
    assert answer["Location"] == "/sign-in/forgotten/sent/"
    address = address_in_mail()
    assert mail.outbox[-1].subject.endswith("Een nieuw wachtwoord")

    assert choose(asked, address)["Location"] == "/sign-in/forgotten/done/"
    # It signs nobody in, ends every session, and does not work twice.
    assert asked.get("/p/alfa/")["Location"].startswith("/sign-in/")
    assert elsewhere.get("/p/alfa/")["Location"].startswith("/sign-in/")
    again = choose(Client(), address)
    assert again.status_code == 410
    assert refusals()[-1] == ("password-reset", "")
    come_in = {"login": forgetful.email, "password": PASSWORD}
    assert Client().post("/sign-in/", come_in)["Location"] == "/"


def test_the_address_to_choose_a_password_is_good_for_an_hour(forgetful, monkeypatch):
    from datetime import datetime

    from django.contrib.auth.tokens import PasswordResetTokenGenerator

    Client().post(reverse("account_reset_password"), {"email": forgetful.email})
    address = address_in_mail()
    later = datetime.now() + timedelta(minutes=61)  # noqa: DTZ005  -- as the library reads it
    monkeypatch.setattr(PasswordResetTokenGenerator, "_now", lambda self: later)
    assert choose(Client(), address).status_code == 410


def test_an_address_without_account_gets_no_mail_and_the_same_answer(forgetful):
    known, unknown = (
        Client().post(reverse("account_reset_password"), {"email": email}, follow=True)
        for email in (forgetful.email, "niemand@test.example")
    )
    assert (known.status_code, known.redirect_chain) == (200, unknown.redirect_chain)
    token = re.compile(rb'name="csrfmiddlewaretoken" value="\w+"')
    assert token.sub(b"", known.content) == token.sub(b"", unknown.content)
    assert tasks.send_waiting() == 1


@pytest.mark.parametrize("kind", ["machine", "shut"])
def test_a_machine_and_an_account_that_is_shut_get_no_mail(forgetful, kind):
    with across_providers():
        User.objects.filter(pk=forgetful.pk).update(
            **({"kind": "machine"} if kind == "machine" else {"is_active": False})
        )
    Client().post(reverse("account_reset_password"), {"email": forgetful.email})
    assert tasks.send_waiting() == 0


def test_asking_again_and_again_sends_no_more_than_three(forgetful):
    for _ in range(5):
        Client().post(reverse("account_reset_password"), {"email": forgetful.email})
    assert tasks.send_waiting() == 3


# ---- On record -----------------------------------------------------------------------------------


def test_a_wrong_password_stands_on_record_by_whom_it_concerns(forgetful):
    for email in (forgetful.email, "niemand@test.example"):
        Client().post("/sign-in/", {"login": email, "password": "verkeerd"})
    assert refusals() == [("password", forgetful.name), ("password", "")]


def test_whoever_knocks_on_and_on_does_not_fill_the_record(alfa, settings):
    settings.REFUSALS_PER_MINUTE = 5
    client = Client(REMOTE_ADDR="203.0.113.9")
    for _ in range(8):
        opened(client, "x")
    assert [reason for reason, _ in refusals()] == [*["invitation"] * 5, "more: invitation"]
    # Nor does it blind the record to something else from there.
    client.post("/sign-in/", {"login": "niemand@test.example", "password": "verkeerd"})
    assert refusals()[-1][0] == "password"


def test_a_leavers_keys_open_nothing_any_more(alfa, clock):
    with across_providers():
        boss, leaver = make.make_member(alfa, "manager"), make.make_member(alfa, "manager")
    with inside(alfa.pk):
        key = issue_token(
            provider=alfa, name="x", acts=["see_dossiers"], days=30, actor=leaver, at=AT
        )
    asked = {"Authorization": f"Bearer {key}"}
    assert Client().get("/api/v1/providers/alfa/dossiers/", headers=asked).status_code == 200
    with inside(alfa.pk):
        services.shut_out(provider=alfa, member=leaver.pk, actor=boss, at=AT)
    assert Client().get("/api/v1/providers/alfa/dossiers/", headers=asked).status_code == 401


def test_an_account_that_is_shut_is_out_at_its_next_request(alfa, clock):
    """And so are the keys that it gave to machines."""
    with across_providers():
        person = make.make_member(alfa, "manager")
    with inside(alfa.pk):
        key = issue_token(
            provider=alfa, name="x", acts=["see_dossiers"], days=30, actor=person, at=AT
        )
    client = signed_in(person)
    asked = {"Authorization": f"Bearer {key}"}
    api = "/api/v1/providers/alfa/dossiers/"
    assert client.get("/p/alfa/").status_code == 200
    assert Client().get(api, headers=asked).status_code == 200
    call_command("shut_account", person.email, stdout=StringIO())
    assert client.get("/p/alfa/").status_code == 302
    assert Client().get(api, headers=asked).status_code == 401


def test_nobody_but_the_record_can_be_told_by_the_doorkeeper(forgetful):
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        Entry.objects.count()
    with (
        connection.cursor() as cursor,
        pytest.raises(DatabaseError, match="permission denied"),
        transaction.atomic(),
    ):
        cursor.execute(
            "INSERT INTO audit_entry (action, subject_id, at, actor_id, actor_name, facts)"
            " VALUES ('run.approve', 'x', now(), 1, 'x', '{}')"
        )
