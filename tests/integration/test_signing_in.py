"""Signing in: a password and more, attempts that are counted, sessions that end."""

import re
from contextlib import contextmanager
from datetime import date, timedelta
from uuid import uuid4

import pytest
import redis
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.accounts.keys import in_name_of
from apps.accounts.models import MACHINE, User
from apps.accounts.selectors import timetable
from apps.accounts.services import add_user, shut_account
from apps.accounts.session_store import SessionStore
from apps.accounts.sessions import sealed
from apps.audit.models import Entry
from apps.dossiers.models import Draft
from apps.entrance.refusals import in_words
from apps.members.models import Invitation
from apps.members.services import shut_out
from apps.notices.tasks import send_waiting
from apps.providers.models import Provider
from apps.providers.scope import across_providers, inside
from apps.providers.services import grant_provider_role
from tests import factories as make
from tests.factories import AT

PASSWORD = "een lang wachtwoord"
SECRET = "JBSWY3DPEHPK3PXP"


@pytest.fixture
def person(db):
    """A coach at Alfa with a password."""
    cache.clear()
    with across_providers():
        coach = make.make_member(make.make_provider("alfa"), "coach")
        return with_password(coach)


def with_password(user):
    user.set_password(PASSWORD)
    user.save(update_fields=["password"])
    return user


def try_in(client, person, password=PASSWORD, **headers):
    return client.post(
        reverse("account_login"),
        {"login": person.email, "password": password},
        headers={"accept-language": "nl"},
        **headers,
    )


def code_now():
    return format_hotp_value(hotp_value(SECRET, list(yield_hotp_counters_from_time())[1]))


def is_in(client):
    return client.get("/p/alfa/").status_code == 200


# ---- Password ------------------------------------------------------------------------------------


def test_who_signs_in_comes_where_they_were_going(person):
    client = Client()
    assert client.get("/p/alfa/")["Location"] == "/sign-in/?next=/p/alfa/"
    answer = client.post(
        "/sign-in/", {"login": person.email.upper(), "password": PASSWORD, "next": "/p/alfa/"}
    )
    assert answer["Location"] == "/p/alfa/"
    assert is_in(client)
    # An address elsewhere is not followed.
    answer = Client().post(
        "/sign-in/", {"login": person.email, "password": PASSWORD, "next": "//evil.example/"}
    )
    assert answer["Location"] == "/"


def test_a_new_session_is_made_at_signing_in(person):
    """Whoever planted a session in somebody's browser does not share what it becomes."""
    client = Client()
    client.get("/sign-in/")
    session = client.session
    session["planted"] = True
    session.save()
    planted = session.session_key
    client.cookies["sessionid"] = sealed(planted)
    try_in(client, person)
    assert client.cookies["sessionid"].value != sealed(planted)
    thief = Client()
    thief.cookies["sessionid"] = sealed(planted)
    assert not is_in(thief)


def test_what_the_table_of_sessions_tells_opens_none(person):
    client = Client()
    make.sign_in(client, person)
    assert is_in(client)
    thief = Client()
    thief.cookies["sessionid"] = Session.objects.get().session_key
    assert not is_in(thief)


@pytest.mark.parametrize("known", [True, False])
def test_a_wrong_password_and_an_unknown_address_are_told_the_same(person, known):
    someone = person if known else User(email="niemand@test.example")
    answer = try_in(Client(), someone, "verkeerd wachtwoord")
    assert answer.status_code == 200
    told = answer.context["form"].non_field_errors()
    assert told == ["Het e-mailadres of het wachtwoord klopt niet."]


def test_machines_and_shut_accounts_do_not_sign_in(person):
    with across_providers():
        machine = add_user(
            email="m@machine.invalid", name="M", actor=timetable(), at=AT, kind=MACHINE
        )
        with_password(machine)
        shut = with_password(make.make_user())
        User.objects.filter(pk=shut.pk).update(is_active=False)
    for account in (machine, shut):
        client = Client()
        try_in(client, account)
        assert client.get("/")["Location"].startswith("/sign-in/")


def test_who_guesses_is_stopped_and_the_owner_elsewhere_is_not(person):
    guesser, owner = Client(REMOTE_ADDR="203.0.113.7"), Client(REMOTE_ADDR="198.51.100.9")
    for _ in range(5):
        try_in(guesser, person, "geraden")
    stopped = try_in(guesser, person)
    assert stopped.status_code in (200, 429)
    assert not is_in(guesser)
    # The lock is the guesser's, not the account's.
    try_in(owner, person)
    assert is_in(owner)


def test_a_thousand_places_guess_no_more_than_one(person, settings):
    """Of one address each place has its own count; of all addresses one place has one."""
    guesser = Client(REMOTE_ADDR="203.0.113.7", headers={"accept-language": "nl"})
    answers = [
        guesser.post("/sign-in/", {"login": f"{n}@test.example", "password": "x"}).content
        for n in range(21)
    ]
    assert [b"Te veel pogingen" in a for a in answers].count(True) == 1


@pytest.mark.parametrize("times", [1, 4])
def test_whoever_asks_for_somebody_elses_new_password_stops_nobody(person, times):
    stranger, owner = Client(REMOTE_ADDR="203.0.113.7"), Client(REMOTE_ADDR="198.51.100.9")
    asked = {"email": person.email}
    for _ in range(times):
        answer = stranger.post(reverse("account_reset_password"), asked)
        assert answer["Location"] == reverse("account_reset_password_done")
    # The owner is told the same as ever, and has a mail that works.
    answer = owner.post(reverse("account_reset_password"), asked, follow=True)
    assert answer.status_code == 200
    assert "een eerdere werkt nog" in answer.content.decode()
    send_waiting()
    assert len(mail.outbox) == min(times + 1, 3)
    [link] = re.findall(r"https?://testserver(/\S+)", mail.outbox[0].body)
    assert owner.get(link, follow=True).status_code == 200


# ---- A second factor -----------------------------------------------------------------------------


@pytest.fixture
def asked_for_more(settings):
    settings.SECOND_FACTOR = True


def refusals():
    with across_providers():
        deeds = Entry.objects.filter(action="sign_in.refuse").order_by("id")
        return [deed.subject_id for deed in deeds]


def with_app(person):
    with transaction.atomic():
        in_name_of(person.email)
        TOTP.activate(person, SECRET)


@contextmanager
def key_of_before(person, settings):
    """What is kept meanwhile is locked with another key; it is them, by the key of now."""
    in_name_of(person.email)
    now, settings.DATABASE_KEY = settings.DATABASE_KEY, "the key of before"
    yield
    settings.DATABASE_KEY = now


def test_a_secret_that_the_key_does_not_open_lets_nobody_in(person, asked_for_more, settings):
    """An empty secret in its place would be one that everybody knows."""
    with key_of_before(person, settings):
        TOTP.activate(person, SECRET)
    client = Client()
    try_in(client, person)
    code_of_nothing = format_hotp_value(hotp_value("", list(yield_hotp_counters_from_time())[1]))
    for code in (code_now(), code_of_nothing):
        client.post("/sign-in/code/", {"code": code})
    assert not is_in(client)
    # With the key of before it goes on.
    settings.DATABASE_KEY_BEFORE = "the key of before"
    client.post("/sign-in/code/", {"code": code_now()})
    assert is_in(client)


def test_codes_that_the_key_does_not_open_are_replaced_and_fail_no_page(person, settings):
    with key_of_before(person, settings):
        TOTP.activate(person, SECRET)
        RecoveryCodes.activate(person)
    client = Client(headers={"accept-language": "nl"})
    make.sign_in(client, person)
    for name in ("mfa_index", "mfa_view_recovery_codes", "mfa_generate_recovery_codes"):
        answer = client.get(reverse(name))
        assert answer.status_code == 409
        told = answer.content.decode()
        assert "Uw herstelcodes zijn niet meer leesbaar" in told
        assert "Maak nieuwe" in told
    # What the page offers does it.
    [way] = re.findall(r'<form method="post" action="(/account/[^"]+)"', told)
    assert client.post(way).status_code == 302
    for name in ("mfa_index", "mfa_view_recovery_codes"):
        assert client.get(reverse(name)).status_code == 200


@pytest.mark.parametrize(("path", "told"), [("/account/codes/", True), ("/p/alfa/", False)])
def test_what_fails_elsewhere_is_not_told_to_be_about_codes(rf, path, told):
    answer = in_words(lambda request: None).process_exception(rf.get(path), ValidationError("x"))
    assert (answer is not None) == told


@contextmanager
def at_portal(settings):
    """For a while this is a process of the portal, with its login."""
    doors, settings.DOORS = settings.DOORS, ["portal", "api"]
    login = connection.settings_dict["USER"]
    connection.close()
    connection.settings_dict["USER"] = "cst_portal"
    yield
    connection.close()
    connection.settings_dict["USER"] = login
    settings.DOORS = doors


def test_officers_are_sent_from_the_portal_to_the_office_in_words(committed, settings):
    cache.clear()
    with transaction.atomic(), across_providers():
        coach = with_password(make.make_member(make.make_provider("alfa"), "coach"))
        officer = with_password(make.make_officer())
    with_app(officer)
    with transaction.atomic():
        in_name_of(officer.email)
        codes = RecoveryCodes.activate(officer).get_unused_codes()
    with at_portal(settings):
        change_at_the_portal(coach, officer, codes, settings)
    with transaction.atomic():
        assert refusals() == ["at-office-alone"] * 4


def change_at_the_portal(coach, officer, codes, settings):
    change = {"oldpassword": PASSWORD, "password1": "een heel ander", "password2": "een heel ander"}
    for who, allowed in ((coach, True), (officer, False)):
        client = Client(headers={"accept-language": "nl"})
        make.sign_in(client, who)
        answer = client.post(reverse("account_change_password"), change)
        if allowed:
            assert answer.status_code == 302
        else:
            sent_to_the_office(answer)
    sent_to_the_office(client.post(reverse("mfa_generate_recovery_codes")))
    sent_to_the_office(client.post(reverse("mfa_deactivate_totp")))

    settings.SECOND_FACTOR = True
    client = Client(headers={"accept-language": "nl"})
    assert try_in(client, officer)["Location"] == "/sign-in/code/"
    sent_to_the_office(client.post("/sign-in/code/", {"code": codes[0]}))
    assert client.get("/")["Location"].startswith("/sign-in/")


def sent_to_the_office(answer):
    assert answer.status_code == 403
    assert "op het adres van het agentschap en niet hier" in answer.content.decode()


def test_a_password_alone_opens_nothing(person, asked_for_more):
    client = Client()
    try_in(client, person)
    answer = client.get("/p/alfa/")
    assert answer["Location"] == "/sign-in/second-factor/"
    assert client.get(answer["Location"])["Location"] == "/account/"


def test_a_code_of_the_app_opens_and_is_good_once(person, asked_for_more):
    with_app(person)
    client, code = Client(), code_now()
    assert try_in(client, person)["Location"] == "/sign-in/code/"
    assert not is_in(client)
    client.post("/sign-in/code/", {"code": "000000"})
    assert not is_in(client)
    client.post("/sign-in/code/", {"code": code})
    assert is_in(client)
    assert refusals() == ["second-factor: incorrect_code"]
    # Whoever looked over the shoulder comes too late.
    thief = Client()
    try_in(thief, person)
    thief.post("/sign-in/code/", {"code": code})
    assert not is_in(thief)
    assert refusals() == ["second-factor: incorrect_code"] * 2


def guess(person, place, times=1):
    """Somebody who knows the password tries codes."""
    client = Client(REMOTE_ADDR=place, headers={"accept-language": "nl"})
    try_in(client, person)
    return [client.post("/sign-in/code/", {"code": "000000"}) for _ in range(times)]


def gets_in(person, place, client=None):
    with transaction.atomic():
        factor = Authenticator.objects.get(user=person, type=Authenticator.Type.TOTP)
    # A code is good once; here it stands for the next one.
    cache.delete(TOTP(factor)._get_used_cache_key(code_now()))
    client = client or Client()
    try_in(client, person, REMOTE_ADDR=place)
    client.post("/sign-in/code/", {"code": code_now()}, REMOTE_ADDR=place)
    inside_now = is_in(client)
    client.cookies.pop("sessionid", None)
    return inside_now


def test_who_guesses_codes_is_stopped_and_the_owner_elsewhere_is_not(person, asked_for_more):
    with_app(person)
    *wrong, stopped = guess(person, "203.0.113.7", 6)
    assert ["Te veel pogingen" in answer.content.decode() for answer in wrong] == [False] * 5
    assert "Te veel pogingen" in stopped.content.decode()
    # On record with whose account it is, and that more was tried.
    with across_providers():
        deeds = list(Entry.objects.filter(action="sign_in.refuse").order_by("id"))
    assert [(deed.subject_id, deed.actor_id) for deed in deeds] == [
        *[("second-factor: incorrect_code", person.pk)] * 5,
        ("held-back: code", person.pk),
    ]
    assert not gets_in(person, "203.0.113.7")
    # Whoever guesses knows the password: its owner hears of it, and not with every guess.
    assert not gets_in(person, "203.0.113.7")
    send_waiting()
    [told] = [sent for sent in mail.outbox if "Verkeerde codes" in sent.subject]
    assert told.to == [person.email]
    assert "wachtwoord" in told.body
    assert "password" in told.body
    assert gets_in(person, "198.51.100.9")


def test_many_places_guess_no_more_codes_than_a_few(person, asked_for_more, settings):
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "code_elsewhere": "4/h/key"}
    with_app(person)
    known = Client()
    assert gets_in(person, "198.51.100.9", known)
    for n in range(5):
        guess(person, f"203.0.113.{n}")
    assert not gets_in(person, "203.0.113.200")
    assert not gets_in(person, "198.51.100.9")
    # In the browser in which the owner got in before, they still do: wherever it is by now.
    assert gets_in(person, "203.0.113.201", known)


def test_a_stranger_at_the_same_place_keeps_nobody_out_of_a_browser_that_is_known(
    person, asked_for_more
):
    """All of an office come from one address."""
    with_app(person)
    office, known = "203.0.113.7", Client()
    assert gets_in(person, office, known)
    for n in range(25):
        Client(REMOTE_ADDR=office).post(
            "/sign-in/", {"login": f"{n}@test.example", "password": "x"}
        )
    guess(person, office, 6)
    assert not gets_in(person, office)
    assert gets_in(person, office, known)
    # Being known is for those who got in by it, and opens nothing by itself.
    with across_providers():
        other = with_password(make.make_member(Provider.objects.get(slug="alfa"), "coach"))
    try_in(known, other, REMOTE_ADDR=office)
    assert not is_in(known)
    for _ in range(7):
        try_in(known, person, "geraden", REMOTE_ADDR=office)
    assert not gets_in(person, office, known)


@pytest.mark.parametrize("cookie", ["", "x", "x:y:z", "{}"])
def test_a_cookie_of_ones_own_making_makes_no_browser_known(person, cookie, settings):
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "place": "1/m/key"}
    client = Client()
    client.cookies["known"] = cookie
    for _ in range(2):
        try_in(client, person, "geraden")
    try_in(client, person)
    assert not is_in(client)


def test_getting_in_oneself_does_not_wipe_what_was_guessed_of_others(person):
    place = {"REMOTE_ADDR": "203.0.113.7"}

    def guesses(first, last):
        return [
            b"Te veel pogingen"
            in Client(headers={"accept-language": "nl"})
            .post("/sign-in/", {"login": f"{n}@test.example", "password": "x"}, **place)
            .content
            for n in range(first, last)
        ]

    assert not any(guesses(0, 18))
    client = Client()
    try_in(client, person, **place)
    assert is_in(client)
    assert guesses(18, 24) == [False, False, True, True, True, True]


@pytest.mark.parametrize(
    ("places", "stopped"),
    [
        ([f"2001:db8::{n}" for n in range(1, 8)], True),
        ([f"2001:db8:0:{n}::1" for n in range(1, 8)], False),
    ],
)
def test_of_one_line_all_addresses_count_together(person, places, stopped):
    for place in places[:-1]:
        try_in(Client(REMOTE_ADDR=place), person, "geraden")
    client = Client(REMOTE_ADDR=places[-1])
    try_in(client, person)
    assert is_in(client) != stopped


def test_whoever_is_in_by_the_password_alone_changes_no_factor(person, asked_for_more):
    """Somebody who knows the password signs in just before its owner chooses a second factor."""
    thief, owner = Client(), Client()
    for one in (thief, owner):
        try_in(one, person)
    with_app(person)
    for page in ("mfa_activate_totp", "mfa_add_webauthn", "mfa_generate_recovery_codes"):
        assert "/account/again/code/" in thief.get(reverse(page))["Location"]
    assert "/account/again/code/" in thief.post(reverse("mfa_deactivate_totp"))["Location"]
    with transaction.atomic():
        assert Authenticator.objects.filter(user=person, type=Authenticator.Type.TOTP).exists()


def test_choosing_the_first_factor_ends_what_was_opened_without_one(person, asked_for_more):
    thief, owner = Client(), Client()
    for one in (thief, owner):
        try_in(one, person)
    owner.get("/account/app/add/")
    secret = make.session_of(owner)["mfa.totp.secret"]
    code = format_hotp_value(hotp_value(secret, list(yield_hotp_counters_from_time())[1]))
    owner.post("/account/app/add/", {"code": code})
    assert is_in(owner)
    assert thief.get("/account/")["Location"].startswith("/sign-in/")


def test_without_what_counts_nobody_is_let_in_and_everybody_is_told(person, monkeypatch):
    def gone(*args, **kwargs):
        raise redis.ConnectionError

    monkeypatch.setattr(cache, "add", gone)
    monkeypatch.setattr("allauth.core.internal.ratelimit.cache_lock", gone)
    client = Client(headers={"accept-language": "nl"})
    answer = try_in(client, person)
    assert answer.status_code == 503
    assert answer["Retry-After"] == "30"
    # Refused as before, and on record.
    make.sign_in(client, person)
    assert client.get("/p/elders/").status_code == 404
    assert client.get("/p/alfa/").status_code == 200
    assert refusals() == ["no-role-here"]


def test_the_first_factor_is_shown_by_choosing_it_and_a_further_one_is_not(person, asked_for_more):
    client, thief = Client(), Client()
    for one in (client, thief):
        try_in(one, person)
        assert not is_in(one)
    page = client.get("/account/app/add/")
    client.post("/account/app/add/", {"code": "000000"})
    # Looking at the page, or a wrong code, shows nothing.
    assert not is_in(client)
    secret = make.session_of(client)["mfa.totp.secret"]
    code = format_hotp_value(hotp_value(secret, list(yield_hotp_counters_from_time())[1]))
    assert page.status_code == 200
    client.post("/account/app/add/", {"code": code})
    assert is_in(client)
    # Whoever has the password alone does not get in by adding a factor of their own.
    with transaction.atomic():
        in_name_of(person.email)
        Authenticator.objects.filter(type=Authenticator.Type.RECOVERY_CODES).delete()
    for page in ("/account/app/add/", "/account/keys/add/"):
        thief.get(page)
        thief.post(page, {"code": code})
        assert not is_in(thief)
    # Nor does one who signs in by the password later: the code is asked for.
    assert try_in(thief, person)["Location"] == "/sign-in/code/"


def test_whose_session_ended_meanwhile_signs_in_again(person, monkeypatch):
    client = Client()
    make.sign_in(client, person)

    def ended(*args, **kwargs):
        raise UpdateError

    monkeypatch.setattr(SessionStore, "save", ended)
    assert client.get("/p/alfa/")["Location"] == "/sign-in/"


def test_who_had_a_session_before_the_factor_does_not_pass_it(person, asked_for_more):
    """Somebody who knew the password waits until its owner has chosen a second factor."""
    thief = Client()
    try_in(thief, person)
    with_app(person)
    assert thief.get("/p/alfa/")["Location"] == "/sign-in/second-factor/"
    assert thief.get("/sign-in/second-factor/")["Location"].startswith("/account/again/code/")


def test_secrets_of_second_factors_are_not_in_the_database(person):
    with_app(person)
    with transaction.atomic():
        kept = Authenticator.objects.get(user=person).data["secret"]
    assert SECRET not in kept
    assert TOTP(Authenticator.objects.get(user=person)).validate_code(code_now())


# ---- Sessions that end ---------------------------------------------------------------------------


def test_a_session_ends_after_twelve_hours_whatever_one_does(person):
    client = Client()
    make.sign_in(client, person, ago=12 * 3600 - 60)
    assert is_in(client)
    make.sign_in(client, person, ago=12 * 3600 + 60)
    assert client.get("/p/alfa/")["Location"] == "/sign-in/?next=/p/alfa/"
    assert client.get("/")["Location"].startswith("/sign-in/")


@pytest.mark.parametrize("ago", [11, 13])
def test_after_twelve_hours_no_page_of_the_account_opens_either(person, ago):
    other, old = Client(), Client()
    try_in(other, person)
    pages = ("mfa_index", "usersessions_list", "account_change_password", "rights")
    for page in pages:
        make.sign_in(old, person, ago=ago * 3600)
        assert (old.get(reverse(page)).status_code == 200) == (ago == 11)
    make.sign_in(old, person, ago=ago * 3600)
    old.post(reverse("usersessions_list"))
    assert is_in(other) == (ago == 13)


def test_a_session_that_does_not_tell_when_it_began_is_over(person):
    client = Client()
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    session = client.session
    session.save()
    client.cookies["sessionid"] = sealed(session.session_key)
    assert not is_in(client)


def test_the_cookie_of_who_was_shut_out_is_refused_and_on_record(person):
    """Shut out at a provider, they are told what a stranger is; shut altogether, to sign in."""
    with across_providers():
        alfa = Provider.objects.get(slug="alfa")
        boss = make.make_member(alfa, "manager")
    client = Client()
    make.sign_in(client, person)
    assert is_in(client)
    with inside(alfa.pk):
        shut_out(provider=alfa, member=person.pk, actor=boss, at=AT)
    answer = client.get("/p/alfa/", headers={"accept-language": "nl"})
    assert answer.status_code == 404
    assert "u hebt er geen toegang toe" in answer.content.decode()
    assert refusals() == ["no-role-here"]
    with across_providers():
        shut_account(user=person, actor=boss, at=AT)
    assert client.get("/p/alfa/")["Location"].startswith("/sign-in/")
    assert refusals() == ["no-role-here", "account-shut"]
    with across_providers():
        deeds = Entry.objects.filter(action="sign_in.refuse")
        assert {deed.actor_id for deed in deeds} == {person.pk}
    # The cookie opens nothing, and says nothing, any more.
    client.get("/p/alfa/")
    assert refusals() == ["no-role-here", "account-shut"]


def test_a_page_that_says_no_says_to_whom(person):
    client = Client(headers={"accept-language": "nl"})
    make.sign_in(client, person)
    answer = client.get(reverse("portal:people", args=["alfa"]))
    assert answer.status_code == 403
    assert "Alfa · Coach" in answer.content.decode()


def test_in_two_tabs_with_two_roles_the_one_chosen_last_counts_and_the_other_is_told(person):
    """A page of before, sent after choosing a smaller role elsewhere, does nothing and says why."""
    with across_providers():
        alfa = Provider.objects.get(slug="alfa")
        contract = make.make_contract(alfa)
        dossier = make.approved(contract)
        grant_provider_role(user=person, provider=alfa, role="reader", actor=timetable(), at=AT)
    client = Client(headers={"accept-language": "nl"})
    make.sign_in(client, person)
    act = {"place": "alfa", "role": "coach"}
    client.post(reverse("act-as"), act)
    start = reverse("portal:dossier-start", args=["alfa", dossier.pk])
    client.post(reverse("act-as"), {**act, "role": "reader"})
    answer = client.post(start, {"on": "01/03/2022"})
    assert answer.status_code == 403
    assert "Alfa · Lezer" in answer.content.decode()
    assert reverse("home") in answer.content.decode()
    with across_providers():
        dossier.refresh_from_db()
        assert dossier.state == "approved"
    client.post(reverse("act-as"), act)
    assert client.post(start, {"on": "01/03/2022"}).status_code == 302


def test_a_session_that_is_not_used_for_half_an_hour_is_over(person, settings):
    client = Client()
    make.sign_in(client, person)
    client.get("/p/alfa/")
    left = Session.objects.get().expire_date - timezone.now()
    assert timedelta(minutes=29) < left <= timedelta(minutes=30)
    Session.objects.update(expire_date=timezone.now())
    assert client.get("/p/alfa/")["Location"] == "/sign-in/?next=/p/alfa/"


def test_signing_out_everywhere_ends_the_others(person):
    here, there = Client(), Client()
    try_in(here, person)
    try_in(there, person)
    assert here.get(reverse("usersessions_list")).context["session_count"] == 2
    here.post(reverse("usersessions_list"))
    assert is_in(here)
    assert not is_in(there)


def test_the_pages_of_an_account_say_whose_it_is_and_speak_as_ours(person):
    client = Client(headers={"accept-language": "nl"})
    try_in(client, person)
    page = client.get(reverse("mfa_index")).content.decode()
    assert f"<dd>{person.name}</dd>" in page
    assert f"<dd>{person.email}</dd>" in page
    assert (
        "U bent al aangemeld als" in client.get(reverse("account_reset_password")).content.decode()
    )
    page = Client(headers={"accept-language": "nl"}).get(reverse("account_login")).content.decode()
    # What asks for JavaScript says so beside its button, not under the page.
    assert "<noscript>Een passkey" in page.partition("</main>")[0]
    assert "<noscript>" not in page.partition("</main>")[2]


# ---- Signing in again for what pays or gives rights ----------------------------------------------


def test_a_deed_that_gives_rights_asks_first_who_it_is(db):
    with across_providers():
        administrator = with_password(make.make_officer("administrator"))
    given = {"email": "nieuw@test.example", "name": "Nieuw", "role": "auditor"}
    client = Client()
    make.sign_in(client, administrator, ago=6 * 60)
    answer = client.post(reverse("backoffice:person-invite"), given)
    assert answer["Location"] == "/sign-in/again/?next=%2Fsign-in%2Fgo-on%2F"
    with across_providers():
        assert not Invitation.objects.exists()
    # A wrong password does not do; the right one leads on, and nothing typed is lost.
    again = client.get(answer["Location"])["Location"]
    assert again.startswith("/account/again/")
    cache.clear()
    assert client.post(again, {"password": "verkeerd"}).status_code == 200
    back = client.post(again, {"password": PASSWORD, "next": "/sign-in/go-on/"})
    assert back["Location"] == "/sign-in/go-on/"
    page = client.get(back["Location"], headers={"accept-language": "nl"})
    assert "nog niet gebeurd" in page.content.decode()
    assert page.context["path"] == reverse("backoffice:person-invite")
    assert page.context["deed"] == "Nodig iemand uit"
    assert ("Rol", "Auditor") in page.context["said"]
    assert page.context["back"] == "/agency/people/"
    with across_providers():
        assert not Invitation.objects.exists()
    client.post(page.context["path"], dict(page.context["fields"]))
    with across_providers():
        assert Invitation.objects.get().email == given["email"]


@pytest.mark.parametrize(("name", "kept"), [("boekhouding", True), ("x" * 200_001, False)])
def test_what_was_sent_is_kept_whole_or_not_at_all(person, name, kept):
    with across_providers():
        manager = make.make_member(Provider.objects.get(slug="alfa"), "manager")
    client = Client()
    make.sign_in(client, manager, ago=6 * 60)
    sent = {"csrfmiddlewaretoken": "geheim", "name": name, "acts": ["see", "file"], "days": "30"}
    client.post(reverse("portal:key-issue", args=["alfa"]), sent)
    answer = client.get("/sign-in/go-on/")
    if kept:
        whole = [("name", name), ("acts", "see"), ("acts", "file"), ("days", "30")]
        assert [tuple(field) for field in answer.context["fields"]] == whole
    else:
        assert answer["Location"] == "/"
    # Nobody else, and no other browser of theirs, is offered it.
    other = Client()
    make.sign_in(other, manager)
    assert other.get("/sign-in/go-on/")["Location"] == "/"


STEP = {"package": "basis", "price": "30.000,00", "person_days": "25", "seen": "0"}


def draft_of(person, client) -> str:
    """A draft that was begun in this browser, by somebody who signed in in it."""
    with across_providers():
        make.make_contract(Provider.objects.get(slug="alfa"), valid_until=date(2099, 12, 31))
    assert try_in(client, person).status_code == 302
    begun = client.post(reverse("portal:draft-start", args=["alfa"]))
    return begun["Location"].replace("enterprise", "offer")


def idle(client) -> None:
    """Half an hour later the browser has no session any more."""
    Session.objects.all().delete()
    client.cookies.pop("sessionid")


def kept_steps() -> dict[str, object]:
    with across_providers():
        slug = Provider.objects.get(slug="alfa").pk
    with inside(slug):
        return Draft.objects.get().steps


def test_what_was_sent_after_half_an_hour_is_offered_again_to_whoever_sent_it(person):
    client = Client(headers={"accept-language": "nl"})
    step = draft_of(person, client)
    idle(client)
    answer = client.post(step, {**STEP, "file": SimpleUploadedFile("x.pdf", b"x")}, follow=True)
    assert answer.redirect_chain == [("/sign-in/?next=/sign-in/go-on/", 302)]
    page = answer.content.decode()
    assert "wat u verstuurde, krijgt u dan opnieuw aangeboden" in page
    assert "Kies dit bestand opnieuw" in page
    assert kept_steps() == {}
    cache.clear()
    sent = {"login": person.email, "password": PASSWORD, "next": "/sign-in/go-on/"}
    page = client.post("/sign-in/", sent, follow=True)
    assert page.redirect_chain[-1][0] == "/sign-in/go-on/"
    # Nothing is done by itself; with one press it is, and it is not offered another time.
    assert kept_steps() == {}
    assert page.context["said"] == [
        ("Pakket", "Basispakket"),
        ("Prijs exclusief btw", "30.000,00"),
        ("Mandagen", "25"),
    ]
    text = page.content.decode()
    assert "Bewaar een stap van een ontwerp" in text
    assert "Wat u verder invulde" not in text
    assert page.context["path"] == step
    client.post(step, dict(page.context["fields"]))
    assert kept_steps()["offer"]["fields"]["price"] == ["30.000,00"]
    assert client.get("/sign-in/go-on/")["Location"] == "/"


def test_nobody_else_who_signs_in_by_that_browser_reads_what_was_sent(person):
    with across_providers():
        other = with_password(make.make_member(Provider.objects.get(slug="alfa"), "coach"))
    client = Client()
    step = draft_of(person, client)
    idle(client)
    client.post(step, STEP)
    cache.clear()
    sent = {"login": other.email, "password": PASSWORD, "next": "/sign-in/go-on/"}
    page = client.post("/sign-in/", sent, follow=True)
    assert page.redirect_chain[-1][0] == "/p/alfa/"
    assert b"30.000,00" not in page.content
    assert "unfinished" not in make.session_of(client)
    # Nor is it there any more for who sent it, once somebody else was in.
    client.post("/sign-out/")
    assert try_in(client, person).status_code == 302
    assert client.get("/sign-in/go-on/")["Location"] == "/"


def test_what_a_browser_sends_in_which_nobody_was_is_not_kept(person):
    step = draft_of(person, Client())
    stranger = Client(headers={"accept-language": "nl"})
    answer = stranger.post(step, STEP, follow=True)
    assert answer.redirect_chain == [("/sign-in/?next=/p/alfa/", 302)]
    assert "Wat u net verstuurde, is niet bewaard" in answer.content.decode()
    assert "unfinished" not in make.session_of(stranger)


def test_what_was_typed_before_somebody_else_signed_in_is_there_to_copy(person):
    client = Client(headers={"accept-language": "nl"}, enforce_csrf_checks=True)
    make.sign_in(client, person)
    address = reverse("portal:draft-step", args=["alfa", uuid4(), "offer"])
    sent = {**STEP, "note": "<b>nog iets</b>", "csrfmiddlewaretoken": "x" * 64}
    for site, shown in (("same-origin", True), ("cross-site", False), ("", False)):
        answer = client.post(address, sent, headers={"sec-fetch-site": site})
        page = answer.content.decode()
        assert answer.status_code == 403
        assert ("<dd>30.000,00</dd>" in page) == shown
        assert ("&lt;b&gt;nog iets&lt;/b&gt;" in page) == shown
        assert "x" * 64 not in page
    # A password is never shown.
    secret = {"login": person.email, "password": PASSWORD}
    page = client.post("/sign-in/", secret, headers={"sec-fetch-site": "same-origin"})
    assert page.status_code == 403
    assert PASSWORD not in page.content.decode()


def test_what_another_site_sends_is_not_kept(person):
    client = Client(enforce_csrf_checks=True)
    token = client.get("/sign-in/").cookies["csrftoken"].value
    sent = {"login": person.email, "password": PASSWORD, "csrfmiddlewaretoken": token}
    cache.clear()
    assert client.post("/sign-in/", sent).status_code == 302
    client.cookies.pop("sessionid")
    # The token of before they signed in is not that of a page of theirs.
    for shown, kept in ((token, False), (client.cookies["csrftoken"].value, True)):
        sent = {**STEP, "csrfmiddlewaretoken": shown}
        answer = client.post(reverse("portal:draft-start", args=["alfa"]), sent)
        assert answer["Location"].endswith("/sign-in/go-on/") == kept
        assert ("unfinished" in make.session_of(client)) == kept


def test_who_must_choose_a_role_first_loses_nothing(person):
    """Whoever has two roles at one place, and signed in anew."""
    with across_providers():
        alfa = Provider.objects.get(slug="alfa")
        grant_provider_role(user=person, provider=alfa, role="reader", actor=timetable(), at=AT)
    client = Client()
    make.sign_in(client, person)
    start = reverse("portal:draft-start", args=["alfa"])
    answer = client.post(start, STEP)
    assert answer["Location"] == "/?next=%2Fsign-in%2Fgo-on%2F"
    chosen = client.post(
        reverse("act-as"), {"place": "alfa", "role": "coach", "next": "/sign-in/go-on/"}
    )
    assert chosen["Location"] == "/sign-in/go-on/"
    assert client.get("/sign-in/go-on/").context["path"] == start


def test_who_has_nothing_unfinished_goes_to_the_start(person):
    client = Client()
    make.sign_in(client, person)
    assert client.get("/sign-in/go-on/")["Location"] == "/"


def test_looking_asks_nothing_again(db):
    with across_providers():
        administrator = make.make_officer("administrator")
    client = Client()
    make.sign_in(client, administrator, ago=3600)
    assert client.get("/agency/people/").status_code == 200


# ---- How it is told ------------------------------------------------------------------------------


def test_pages_of_signing_in_are_polite_in_dutch(person):
    """The library says "je"; the agency says "u"."""
    with_app(person)
    client = Client(headers={"accept-language": "nl"})
    seen = [client.get("/sign-in/"), client.get("/sign-in/forgotten/")]
    seen.append(client.get("/sign-in/forgotten/sent/"))
    seen.append(client.get("/sign-in/forgotten/1-x/"))
    make.sign_in(client, person, "password", "mfa")
    for name in (
        *("mfa_index", "account_change_password", "account_reauthenticate", "mfa_reauthenticate"),
        *("mfa_list_webauthn", "mfa_add_webauthn", "mfa_deactivate_totp", "account_logout"),
        *("mfa_generate_recovery_codes", "usersessions_list"),
    ):
        seen.append(client.get(reverse(name)))
    for page in seen:
        text = re.sub(r"<[^>]*>", " ", page.content.decode())
        assert not re.search(r"\b(je|jij|jouw|jezelf)\b", text, re.IGNORECASE), page.request[
            "PATH_INFO"
        ]
        assert page.status_code in (200, 302, 410), page.request["PATH_INFO"]


def test_a_wrong_present_password_is_counted_and_on_record(person):
    """Whoever found a browser open guesses no password either."""
    client = Client()
    make.sign_in(client, person)
    chosen = {"password1": "een heel ander", "password2": "een heel ander"}
    for _ in range(5):
        answer = client.post(
            reverse("account_change_password"), {"oldpassword": "verkeerd", **chosen}
        )
        assert answer.status_code == 200
    assert refusals() == ["password"] * 5
    # The right one is not looked at any more for a while.
    client.post(reverse("account_change_password"), {"oldpassword": PASSWORD, **chosen})
    person.refresh_from_db()
    assert person.check_password(PASSWORD)


def test_whoever_changes_a_password_has_its_owner_told(person):
    client = Client(headers={"accept-language": "nl"})
    make.sign_in(client, person)
    new = {
        "oldpassword": PASSWORD,
        "password1": "een andere lange zin",
        "password2": "een andere lange zin",
    }
    assert client.post("/account/password/", new).status_code == 302
    assert send_waiting() == 1
    [told] = mail.outbox
    assert told.to == [person.email]
    assert "Uw wachtwoord is gewijzigd" in told.body
    assert not re.search(r"\b(je|jouw)\b", told.body, re.IGNORECASE)
