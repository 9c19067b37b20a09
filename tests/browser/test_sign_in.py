"""Signing in by a browser: a password, then an app's code; a passkey; and choosing a role."""

import re
import time

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core import mail

from apps.notices.tasks import send_waiting
from tests.browser.conftest import follow, is_sound, with_password
from tests.conftest import using


@pytest.fixture
def opened(strict_site, visit):
    # A name, not a number: browsers keep passkeys for names alone.
    url = strict_site.url.replace("127.0.0.1", "localhost")
    return lambda language="nl", **options: visit(url, language, **options)


def code_of(secret):
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


@pytest.mark.parametrize(("language", "width"), [("nl", 1280), ("en", 320)])
def test_a_second_factor_is_chosen_and_asked_from_then_on(strict_site, opened, language, width):
    email = strict_site.people["coach" if language == "nl" else "reader"]
    page = opened(language, viewport={"width": width, "height": 900})
    is_sound(page)
    with_password(page, email)
    assert page.url.endswith("/account/")
    is_sound(page)
    # Without it there is nothing to see.
    page.goto("/p/alfa/")
    assert page.url.endswith("/account/")

    follow(page.locator("a[href$='/app/add/']"))
    is_sound(page)
    assert page.locator("img.qr").evaluate("image => image.naturalWidth") > 0
    secret = page.locator("#authenticator_secret").input_value()
    page.locator("input[name=code]").fill("000000")
    follow(page.locator("main form button").first)
    assert page.locator("[role=alert]").count() == 1
    secret = page.locator("#authenticator_secret").input_value()
    page.locator("input[name=code]").fill(code_of(secret))
    follow(page.locator("main form button").first)
    page.wait_for_url(re.compile("/account/codes/"))
    codes = page.locator("#recovery_codes").input_value().split()
    assert len(codes) == 10
    is_sound(page)
    page.goto("/")
    assert page.url.endswith(("/p/alfa/", "/account/again/code/?next=/"))

    other = opened(language, viewport={"width": width, "height": 900})
    with_password(other, email)
    assert other.url.endswith("/sign-in/code/")
    is_sound(other)
    # A recovery code does once.
    other.locator("input[name=code]").fill(codes[0])
    follow(other.locator("main form button").first)
    other.wait_for_url(re.compile("/p/alfa/"))
    again = opened(language)
    with_password(again, email)
    again.locator("input[name=code]").fill(codes[0])
    follow(again.locator("main form button").first)
    assert again.locator("[role=alert]").count() == 1


def test_a_passkey_signs_in_by_itself_and_a_person_of_two_places_chooses(strict_site, opened):
    page = opened()
    keys = page.context.new_cdp_session(page)
    keys.send("WebAuthn.enable")
    keys.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    with_password(page, strict_site.people["both"])
    page.goto("/account/keys/add/")
    is_sound(page)
    page.locator("input[name=passwordless]").check()
    page.locator("#mfa_webauthn_add").click()
    page.wait_for_url(re.compile("/account/codes/"))

    page.goto("/account/sessions/")
    is_sound(page)
    follow(page.get_by_role("button", name="Hier afmelden"))
    page.goto("/sign-in/")
    page.locator("#passkey_login").click()
    page.wait_for_url(lambda url: "/sign-in/" not in url)
    # Two places: nobody guesses.
    assert page.get_by_role("heading", name="Kies een rol").count() == 1
    is_sound(page)
    follow(page.get_by_role("button", name="Beheerder · Alfa"))
    assert "Alfa · Beheerder" in page.locator(".who").inner_text()
    follow(page.get_by_role("link", name="Andere rol"))
    follow(page.get_by_role("button", name="Lezer · Beta"))
    assert "Beta · Lezer" in page.locator(".who").inner_text()
    page.goto("/who-may-do-what/")
    is_sound(page)


def address_in_mail(site, to):
    """The way in that the last mail to somebody tells."""
    with using(site.database):
        send_waiting()
    told = next(message for message in reversed(mail.outbox) if message.to == [to])
    return re.findall(r"http://[^/]+(/\S+)", told.body)[0]


@pytest.mark.parametrize(("language", "width"), [("nl", 1280), ("en", 320)])
def test_somebody_is_invited_comes_in_and_chooses_a_new_password(
    site, visit, sign_in, language, width
):
    size = {"viewport": {"width": width, "height": 900}}
    newcomer = f"nieuw-{language}@test.example"
    manager = sign_in("manager", language, **size)
    manager.goto("/p/toreon/people/")
    manager.locator("summary", has_text=re.compile("Nodig iemand|Invite")).click()
    invite = manager.locator("form[action$='/people/invite/']")
    follow(invite.get_by_role("button"))
    assert manager.locator(".error-summary a").count() == 3
    is_sound(manager)
    invite.locator("[name=email]").fill(newcomer)
    invite.locator("[name=name]").fill(f"Nieuwe Coach {language}")
    invite.locator("[name=role][value=coach]").check()
    follow(invite.get_by_role("button"))
    assert manager.locator("[role=status]").count() == 1
    assert manager.get_by_role("rowheader", name=f"Nieuwe Coach {language}").count() == 1
    is_sound(manager)

    page = visit(site.url, language, **size)
    page.goto(address_in_mail(site, newcomer))
    # The key is gone from the address line.
    assert page.url == f"{site.url}/invitation/"
    is_sound(page)
    page.locator("[name=new_password1]").fill("kort")
    page.locator("[name=new_password2]").fill("kort")
    follow(page.locator("main form button"))
    assert page.locator(".error-summary").count() == 1
    is_sound(page)
    for name in ("new_password1", "new_password2"):
        page.locator(f"[name={name}]").fill("een lange zin van de nieuwe")
    follow(page.locator("main form button"))
    page.wait_for_url("**/sign-in/")
    with_password(page, newcomer, "een lange zin van de nieuwe")
    page.wait_for_url("**/p/toreon/")

    page.context.clear_cookies(name="sessionid")
    page.goto("/sign-in/")
    follow(page.locator("a[href='/sign-in/forgotten/']"))
    is_sound(page)
    page.locator("input[name=email]").fill(newcomer)
    follow(page.locator("main form button").first)
    page.wait_for_url("**/sent/")
    is_sound(page)
    page.goto(address_in_mail(site, newcomer))
    is_sound(page)
    for name in ("password1", "password2"):
        page.locator(f"input[name={name}]").fill("een andere lange zin dan")
    follow(page.locator("main form button").first)
    page.wait_for_url("**/done/")
    is_sound(page)
    page.goto("/sign-in/")
    with_password(page, newcomer, "een andere lange zin dan")
    page.wait_for_url("**/p/toreon/")
