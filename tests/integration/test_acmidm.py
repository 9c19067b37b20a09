"""Signing in by ACM/IDM: what is believed of what its OP tells, and what is not."""

import base64
import hashlib
import hmac
import json
import subprocess
import sys
import time
from urllib.parse import parse_qs, urlsplit

import jwt
import psycopg
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.contrib.messages import get_messages
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.accounts.keys import sealed as database_seal
from apps.accounts.models import User
from apps.accounts.selectors import timetable
from apps.accounts.services import follow_agency_roles, grant_agency_role, welcome
from apps.accounts.sessions import TOLD, sealed
from apps.audit.models import Entry
from apps.members.models import Invitation
from apps.members.selectors import members
from apps.providers.scope import across_providers, inside
from tests import factories as make
from tests import op as ops
from tests.conftest import ROOT
from tests.factories import AT

AGENCY = "OVO000001"
START, BACK = "/sign-in/acmidm/", "/sign-in/acmidm/callback/"
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def op(settings):
    with ops.running() as op:
        settings.ACMIDM_ISSUER = op.issuer
        settings.ACMIDM_CLIENT_ID = ops.CLIENT
        settings.ACMIDM_CLIENT_SECRET = ops.SECRET
        settings.ACMIDM_AGENCY_CODE = AGENCY
        settings.SECOND_FACTOR = True
        yield op


@pytest.fixture
def alfa(db, op):
    """A provider with a contract, for which the person at the OP is a coach."""
    with across_providers():
        follow_agency_roles()
        provider = make.make_provider("alfa")
        make.make_contract(provider)
    op.person = coach_of(provider)
    return provider


def coach_of(provider, role="Coach"):
    number = provider.enterprise_number
    return {
        "sub": "subject-1",
        "given_name": "Jo",
        "family_name": "Voorbeeld",
        "vo_id": "1",
        "vo_doelgroepcode": "EA",
        "vo_orgcode": number,
        "vo_orgnaam": provider.name,
        "cstraject_rol_3d": [f"{role}:{number}"],
    }


def of_agency(*roles, sub="subject-2"):
    return {
        "sub": sub,
        "given_name": "Kim",
        "family_name": "Voorbeeld",
        "vo_doelgroepcode": "GID",
        "vo_orgcode": AGENCY,
        "cstraject_rol_3d": [f"{role}:{AGENCY}" for role in roles],
    }


def shown(client, op, next_page=""):
    """To the OP, where somebody shows who they are; with what they are sent back."""
    return op.shows(client.post(START, {"next": next_page})["Location"])


def signed_in(client, op, next_page=""):
    return client.get(BACK, shown(client, op, next_page), headers={"accept-language": "nl"})


def is_in(client):
    return client.get("/p/alfa/").status_code == 200


def refusals():
    """Why anybody was refused so far, and from where."""
    with across_providers():
        deeds = Entry.objects.filter(action="sign_in.refuse").order_by("id")
        return [(deed.subject_id, deed.facts["from"]) for deed in deeds]


@pytest.fixture
def refused(db):
    """Whether somebody is turned away: in words, on record, without a session."""
    seen: list[object] = []

    def check(client, answer, reason, status=403):
        assert answer.status_code == status
        assert "Aanmelden is niet gelukt" in answer.content.decode()
        assert refusals() == [*seen, (reason, "127.0.0.1")]
        seen[:] = refusals()
        assert "_auth_user_id" not in make.session_of(client)
        assert client.get("/p/alfa/")["Location"].startswith("/sign-in/?next=")
        return answer.content.decode()

    return check


# ---- Let in --------------------------------------------------------------------------------------


def test_a_coach_comes_in_at_their_own_provider(alfa, op):
    client = Client()
    answer = signed_in(client, op)
    assert answer["Location"] == "/"
    assert client.get("/")["Location"] == "/p/alfa/"
    assert is_in(client)
    assert client.get("/p/alfa/people/").status_code == 403
    assert client.get("/agency/").status_code == 404
    assert set(op.asked["scope"].split()) == {"openid", "profile", "vo", "cstraject"}
    assert op.asked["code_challenge_method"] == "S256"


def test_an_officer_comes_in_at_the_agency(alfa, op):
    op.person = of_agency("Dossierbehandelaar")
    client = Client()
    signed_in(client, op)
    first = client.get("/")["Location"]
    assert first.startswith("/agency/")
    assert client.get(first).status_code == 200
    assert client.get("/p/alfa/").status_code == 404


def test_who_has_two_roles_chooses(alfa, op):
    op.person = of_agency("Betaalverantwoordelijke", "Auditor")
    client = Client()
    signed_in(client, op, "/agency/runs/")
    assert client.get("/agency/runs/")["Location"] == "/?next=%2Fagency%2Fruns%2F"
    assert len(client.get("/").context["choices"]) == 2
    # Not what was not told, even if it is asked for by hand.
    assert client.post("/act-as/", {"place": "", "role": "administrator"}).status_code == 404
    client.post("/act-as/", {"place": "", "role": "auditor"})
    assert client.get("/agency/runs/").status_code == 200


def test_who_comes_again_has_the_account_of_the_first_time_and_the_roles_of_now(alfa, op):
    signed_in(Client(), op)
    op.person["cstraject_rol_3d"] = [f"Lezer:1999999999,{alfa.enterprise_number}"]
    client = Client()
    signed_in(client, op)
    assert make.session_of(client)[TOLD]["claimed"] == [["alfa", "reader"]]
    with across_providers():
        [person] = User.objects.filter(email__endswith="@acmidm.invalid")
        deeds = Entry.objects.filter(action="user.add", subject_id=str(person.pk))
        assert [deed.facts["by"] for deed in deeds] == ["acmidm"]
    assert (person.name, person.kind, person.groups.count()) == ("Jo Voorbeeld", "person", 0)
    assert not person.has_usable_password()


def test_a_role_that_is_taken_away_is_gone_at_the_next_sign_in(alfa, op, refused):
    client = Client()
    signed_in(client, op)
    assert is_in(client)
    op.person["cstraject_rol_3d"] = []
    refused(client, signed_in(client, op), "acmidm-no-role")


def test_nobody_is_known_by_an_address(alfa, op):
    with across_providers():
        officer = make.make_officer()
    op.person |= {"email": officer.email, "email_verified": True}
    client = Client()
    signed_in(client, op)
    assert int(make.session_of(client)["_auth_user_id"]) != officer.pk
    assert client.get("/agency/").status_code == 404


def test_a_role_of_the_account_itself_does_not_count_in_such_a_session(alfa, op):
    client = Client()
    signed_in(client, op)
    number = make.session_of(client)["_auth_user_id"]
    with across_providers():
        person = User.objects.get(pk=number)
        grant_agency_role(user=person, role="reviewer", actor=timetable(), at=AT)
    assert client.get("/agency/").status_code == 404
    assert is_in(client)


def test_the_library_keeps_no_token_and_no_claim(committed, servers, op):
    with across_providers(), transaction.atomic():
        provider = make.make_provider("alfa")
        make.make_contract(provider)
    op.person = coach_of(provider)
    signed_in(Client(), op)
    signed_in(Client(), op)
    with psycopg.connect(servers.database_url("cst_owner", committed)) as link:
        kept = link.execute(
            "SELECT provider, uid, extra_data FROM socialaccount_socialaccount"
        ).fetchall()
        tokens = link.execute("SELECT count(*) FROM socialaccount_socialtoken").fetchone()
    assert kept == [("acmidm", "subject-1", {})]
    assert tokens == (0,)


def test_the_doorkeeper_ties_no_subject_to_an_account_by_itself(db):
    for statement in ("SELECT 1 FROM", "DELETE FROM"):
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            run(f"{statement} socialaccount_socialaccount")
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        run("INSERT INTO accounts_user (email, name) VALUES ('x@test.example', 'X')")


def run(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)


# ---- Not let in: what the token says -------------------------------------------------------------

HOUR = 3600
TOKENS = {
    "another nonce": ({"nonce": "another"}, "nonce"),
    "no nonce": ({"nonce": None}, "nonce"),
    "another issuer": ({"iss": "https://evil.example/op"}, "InvalidIssuerError"),
    "no issuer": ({"iss": None}, "MissingRequiredClaimError"),
    "another audience": ({"aud": "another"}, "InvalidAudienceError"),
    "no audience": ({"aud": None}, "MissingRequiredClaimError"),
    "more than one audience": ({"aud": [ops.CLIENT, "another"]}, "azp"),
    "made for another": ({"azp": "another"}, "azp"),
    "expired": ({"exp": int(time.time()) - HOUR}, "ExpiredSignatureError"),
    "without an end": ({"exp": None}, "MissingRequiredClaimError"),
    "of tomorrow": ({"iat": int(time.time()) + 24 * HOUR}, "ImmatureSignatureError"),
    "without a beginning": ({"iat": None}, "MissingRequiredClaimError"),
    "no subject": ({"sub": None}, "MissingRequiredClaimError"),
    "an empty subject": ({"sub": ""}, "subject"),
    "a long subject": ({"sub": "x" * 192}, "subject"),
}


@pytest.mark.parametrize(("token", "reason"), TOKENS.values(), ids=TOKENS)
def test_a_token_that_is_not_for_us_now_lets_nobody_in(alfa, op, refused, token, reason):
    op.token = token
    client = Client()
    told = refused(client, signed_in(client, op), f"acmidm-failed:{reason}")
    # What exactly was wrong is for the record alone.
    assert "Begin opnieuw" in told
    assert reason not in told.split("<main")[1].split("</main>")[0]


def by_hand(algorithm, sign):
    """A token of which the library that makes tokens wants no part."""

    def make_token(claims):
        head = {"alg": algorithm, "typ": "JWT", "kid": ops.KID}
        parts = [
            base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=")
            for part in (head, claims)
        ]
        body = b".".join(parts)
        return b".".join([body, base64.urlsafe_b64encode(sign(body)).rstrip(b"=")]).decode()

    return make_token


PUBLIC = ops.KEY.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)
FORGED = {
    "none": (by_hand("none", lambda body: b""), "InvalidAlgorithmError"),
    "HS256 with the public key": (
        by_hand("HS256", lambda body: hmac.new(PUBLIC, body, hashlib.sha256).digest()),
        "InvalidAlgorithmError",
    ),
    "RS256 without a signature": (by_hand("RS256", lambda body: b""), "InvalidSignatureError"),
    "RS384": (
        lambda claims: jwt.encode(claims, ops.KEY, "RS384", headers={"kid": ops.KID}),
        "InvalidAlgorithmError",
    ),
    "another key": (
        lambda claims: jwt.encode(claims, OTHER_KEY, "RS256", headers={"kid": ops.KID}),
        "InvalidSignatureError",
    ),
    "an unknown key": (
        lambda claims: jwt.encode(claims, OTHER_KEY, "RS256", headers={"kid": "key-2"}),
        "ValueError",
    ),
    "no token": (lambda claims: "", "DecodeError"),
}


@pytest.mark.parametrize(("sign", "reason"), FORGED.values(), ids=FORGED)
def test_a_token_that_the_op_did_not_sign_lets_nobody_in(alfa, op, refused, sign, reason):
    op.sign = sign
    client = Client()
    refused(client, signed_in(client, op), f"acmidm-failed:{reason}")


def test_what_userinfo_tells_of_another_is_not_believed(alfa, op, refused):
    op.userinfo = {"sub": "subject-9"}
    client = Client()
    refused(client, signed_in(client, op), "acmidm-failed:userinfo")


def test_what_was_signed_goes_before_userinfo(alfa, op, refused):
    op.token = {"cstraject_rol_3d": []}
    client = Client()
    refused(client, signed_in(client, op), "acmidm-no-role")


# ---- Not let in: who, for whom, by what means ----------------------------------------------------

OF_ALFA = "their provider"
CLAIMS = {
    "no role claim": {"cstraject_rol_3d": None},
    "a role unknown to us": {"cstraject_rol_3d": [f"Directeur:{OF_ALFA}"]},
    "a role elsewhere": {"cstraject_rol_3d": ["Coach:1999999999"]},
    "a role nowhere": {"cstraject_rol_3d": ["Coach", "Coach:"]},
    "a role of the agency": {"cstraject_rol_3d": [f"Betaalgoedkeurder:{OF_ALFA}"]},
    "our own name of a role": {"cstraject_rol_3d": [f"manager:{OF_ALFA}"]},
    "not a list of roles": {"cstraject_rol_3d": {"Coach": OF_ALFA}},
    "roles that are no text": {"cstraject_rol_3d": [7, None]},
    "no organisation": {"vo_orgcode": None},
    "an unknown organisation": {"vo_orgcode": "1999999999", "cstraject_rol_3d": "Coach:1999999999"},
    "a local government": {"vo_doelgroepcode": "LB"},
    "an agency with a provider's number": {"vo_doelgroepcode": "GID"},
    "a provider with the agency's code": {
        "vo_orgcode": AGENCY,
        "cstraject_rol_3d": f"Auditor:{AGENCY}",
    },
    "another agency": {
        "vo_doelgroepcode": "GID",
        "vo_orgcode": "OVO000002",
        "cstraject_rol_3d": "Auditor:OVO000002",
    },
    "a provider's role at the agency": {
        "vo_doelgroepcode": "GID",
        "vo_orgcode": AGENCY,
        "cstraject_rol_3d": f"Beheerder:{AGENCY}",
    },
}


@pytest.mark.parametrize("claims", CLAIMS.values(), ids=CLAIMS)
def test_who_has_no_known_role_at_their_own_organisation_stays_outside(alfa, op, refused, claims):
    number = alfa.enterprise_number
    op.person |= json.loads(json.dumps(claims).replace(OF_ALFA, number))
    client = Client()
    told = refused(client, signed_in(client, op), "acmidm-no-role")
    assert "meldt geen rol van u" in told
    with across_providers():
        assert not User.objects.filter(email__endswith="@acmidm.invalid").exists()


def test_a_provider_without_a_contract_and_an_unknown_one_are_told_the_same(alfa, op, refused):
    with across_providers():
        beta = make.make_provider("beta")
    pages = []
    for number in (beta.enterprise_number, "1999999999"):
        op.person |= {"vo_orgcode": number, "cstraject_rol_3d": [f"Beheerder:{number}"]}
        client = Client()
        pages.append(refused(client, signed_in(client, op), "acmidm-no-role"))
    one, other = (page.split("<main")[1] for page in pages)
    assert one == other


def test_who_was_refused_can_show_the_op_that_they_come_for_another(alfa, op, refused):
    """Else its own session would let them pass in the same way for as long as it lasts."""
    number = op.person.pop("vo_orgcode")
    client = Client()
    refused(client, signed_in(client, op), "acmidm-no-role")
    assert "prompt" not in op.asked
    op.person["vo_orgcode"] = number
    signed_in(client, op)
    assert op.asked["prompt"] == "login"
    assert is_in(client)


def test_without_an_agency_code_nobody_is_of_the_agency(alfa, op, refused, settings):
    settings.ACMIDM_AGENCY_CODE = ""
    op.person = of_agency("Auditor") | {"vo_orgcode": "", "cstraject_rol_3d": ["Auditor:"]}
    client = Client()
    refused(client, signed_in(client, op), "acmidm-no-role")


def test_the_means_of_signing_in_is_looked_at_where_that_is_asked(alfa, op, refused, settings):
    settings.ACMIDM_ACR = ["urn:eid", "urn:totp"]
    for acr in ("urn:sms", None):
        op.token = {"acr": acr}
        client = Client()
        told = refused(client, signed_in(client, op), "acmidm-means")
        assert "ander middel" in told
    op.token = {"acr": "urn:totp"}
    client = Client()
    signed_in(client, op)
    # The OP tells it only of whom it was asked.
    assert op.asked["acr_values"] == "urn:eid urn:totp"
    assert is_in(client)


def test_an_account_that_is_shut_stays_shut(alfa, op):
    client = Client()
    signed_in(client, op)
    number = make.session_of(client)["_auth_user_id"]
    with across_providers():
        User.objects.filter(pk=number).update(is_active=False)
    # At once, and at signing in anew.
    assert not is_in(client)
    answer = signed_in(Client(), op)
    assert answer.status_code == 403
    assert "afgesloten" in answer.content.decode()
    assert refusals() == [("account-shut", "127.0.0.1")] * 2


# ---- Not let in: how they came -------------------------------------------------------------------


def test_what_comes_back_a_second_time_is_refused(alfa, op, refused):
    client = Client()
    answer = shown(client, op)
    client.get(BACK, answer)
    assert is_in(client)
    client = Client()
    answer = shown(client, op)
    thief = Client()
    # In another browser, and once more in the same.
    refused(thief, thief.get(BACK, answer, headers={"accept-language": "nl"}), failed("state"))
    client.get(BACK, answer)
    client.post("/sign-out/")
    refused(client, client.get(BACK, answer, headers={"accept-language": "nl"}), failed("state"))


def failed(why):
    return f"acmidm-failed:{why}"


def test_a_state_does_once_even_if_the_op_refused(alfa, op, refused):
    client = Client()
    answer = shown(client, op)
    op.codes.clear()
    nl = {"accept-language": "nl"}
    refused(client, client.get(BACK, answer, headers=nl), failed("code"))
    op.codes[answer["code"]] = op.asked
    refused(client, client.get(BACK, answer, headers=nl), failed("state"))


def test_a_code_that_was_redeemed_opens_no_second_session(alfa, op, refused):
    client, thief = Client(), Client()
    code = shown(client, op)
    client.get(BACK, code)
    stolen = {**shown(thief, op), "code": code["code"]}
    refused(thief, thief.get(BACK, stolen, headers={"accept-language": "nl"}), failed("code"))


def test_a_stolen_code_is_of_no_use_in_another_browser(alfa, op, refused):
    """Somebody puts another's code, not yet redeemed, behind their own state (PKCE)."""
    victim, thief = Client(), Client()
    code = shown(victim, op)["code"]
    stolen = {**shown(thief, op), "code": code}
    refused(thief, thief.get(BACK, stolen, headers={"accept-language": "nl"}), failed("code"))


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ({}, "acmidm-failed:state"),
        ({"code": "code-0"}, "acmidm-failed:state"),
        ({"state": "made up", "code": "code-0"}, "acmidm-failed:state"),
        ({"error": "access_denied", "state": True}, "acmidm-stopped:error"),
        ({"error": "server_error", "state": True}, "acmidm-failed:error"),
        ({"error": "access_denied"}, "acmidm-failed:state"),
        ({"error": "<script>alert(1)</script>", "state": True}, "acmidm-failed:error"),
    ],
)
def test_an_answer_without_a_code_is_told_in_words(alfa, op, refused, query, reason):
    client = Client()
    state = shown(client, op)["state"]
    given = {name: state if value is True else value for name, value in query.items()}
    told = refused(client, client.get(BACK, given, headers={"accept-language": "nl"}), reason)
    assert "script>alert" not in told


def test_an_op_that_says_to_be_another_is_not_asked(alfa, op, refused):
    op.config = {"issuer": "https://evil.example/op"}
    client = Client()
    answer = client.post(START, headers={"accept-language": "nl"})
    refused(client, answer, failed("issuer"))


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_op_that_is_down_gives_a_calm_page(alfa, op, refused, when):
    client = Client()
    answer = shown(client, op) if when == "after" else None
    op.server.shutdown()
    op.server.server_close()
    nl = {"accept-language": "nl"}
    page = client.get(BACK, answer, headers=nl) if answer else client.post(START, headers=nl)
    told = refused(client, page, "acmidm-down:ConnectionError", status=503)
    assert "ACM/IDM antwoordt niet" in told


def test_an_op_that_talks_nonsense_gives_a_calm_page(alfa, op, refused):
    client = Client()
    answer = shown(client, op)
    op.answer = lambda path, form: (200, ["nonsense"])
    page = client.get(BACK, answer, headers={"accept-language": "nl"})
    refused(client, page, "acmidm-down:unreadable", status=503)


def test_a_refusal_is_told_in_english_too(alfa, op):
    op.token = {"nonce": "another"}
    client = Client()
    page = client.get(BACK, shown(client, op), headers={"accept-language": "en"})
    assert "Begin again on the page where you sign in." in page.content.decode()


def test_nothing_planted_before_goes_along_into_the_session(alfa, op):
    client = Client()
    client.get("/sign-in/")
    session = make.session_of(client)
    session["planted"] = True
    session.save()
    planted = session.session_key
    client.cookies["sessionid"] = sealed(planted)
    signed_in(client, op)
    assert make.session_of(client).session_key != planted
    assert "planted" not in make.session_of(client)
    thief = Client()
    thief.cookies["sessionid"] = sealed(planted)
    assert not is_in(thief)
    assert is_in(client)


def test_somebody_elses_session_ends_where_another_signs_in(alfa, op):
    with across_providers():
        officer = make.make_officer()
    client = Client()
    make.sign_in(client, officer, "password", "mfa")
    assert client.get("/agency/").status_code == 200
    signed_in(client, op)
    assert client.get("/agency/").status_code == 404
    assert is_in(client)


@pytest.mark.parametrize(("sub", "offered"), [("subject-1", True), ("subject-3", False)])
def test_what_was_sent_after_half_an_hour_is_offered_to_the_same_person_alone(
    alfa, op, sub, offered
):
    client = Client()
    signed_in(client, op)
    client.cookies.pop("sessionid")
    start = reverse("portal:draft-start", args=["alfa"])
    assert client.post(start, {"x": "getypt"})["Location"] == "/sign-in/?next=/sign-in/go-on/"
    op.person = {**coach_of(alfa), "sub": sub}
    assert signed_in(client, op, "/sign-in/go-on/")["Location"] == "/sign-in/go-on/"
    assert ("unfinished" in make.session_of(client)) == offered
    answer = client.get("/sign-in/go-on/")
    assert answer.status_code == (200 if offered else 302)
    assert (b"getypt" in answer.content) == offered


@pytest.mark.parametrize(
    ("wished", "goes"),
    [
        ("/p/alfa/", "/p/alfa/"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ],
)
def test_who_signs_in_goes_on_within_our_own_pages(alfa, op, wished, goes):
    assert signed_in(Client(), op, wished)["Location"] == goes
    # Nor does what stands in the address of coming back lead away.
    client = Client()
    answer = client.get(BACK, {**shown(client, op), "next": "https://evil.example/"})
    assert answer["Location"] == "/"


def test_only_a_form_of_ours_begins_it(alfa, op):
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(START).status_code == 403
    assert Client().get(START)["Location"] == "/sign-in/"
    assert "Aanmelden met ACM/IDM" in page_of_signing_in()
    # The address takes no other scope or way than ours.
    asked = Client().post(f"{START}?scope=rrn&process=connect&auth_params=prompt%3Dnone")
    query = parse_qs(urlsplit(asked["Location"]).query)
    assert "rrn" not in query["scope"][0]
    assert "prompt" not in query


def page_of_signing_in():
    return Client().get("/sign-in/", headers={"accept-language": "nl"}).content.decode()


def test_without_an_issuer_it_is_not_there(alfa, op, settings):
    inside = Client()
    signed_in(inside, op)
    settings.ACMIDM_ISSUER = ""
    assert "ACM/IDM" not in page_of_signing_in()
    assert Client().post(START).status_code == 404
    assert Client().get(BACK, {"code": "1", "state": "2"}).status_code == 404
    # What was told before counts no more; leaving works.
    assert not is_in(inside)
    assert inside.post("/sign-out/")["Location"] == "/sign-in/"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"ACMIDM_ISSUER": "http://op.example/op"}, "https"),
        ({"ACMIDM_ISSUER": "https://op.example/op"}, "ACMIDM_CLIENT_ID"),
        ({"ACMIDM_ISSUER": "https://op.example/op", "ACMIDM_CLIENT_ID": "x"}, "CLIENT_SECRET"),
        ({"ACMIDM_SCOPES": "openid rrn"}, "national number"),
    ],
)
def test_production_does_not_start_with_half_of_it(given, says):
    done = subprocess.run(
        [sys.executable, "-c", "import config.settings.prod"],
        cwd=ROOT,
        env={
            "SECRET_KEY": "x" * 25 + "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
            "DATABASE_KEY": "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789" * 2,
            "PATH": "/usr/bin:/bin",
            **given,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "ImproperlyConfigured" in done.stderr
    assert says in done.stderr


# ---- Showing again that it is you ----------------------------------------------------------------

GIVEN = {"email": "nieuw@test.example", "name": "Nieuw", "role": "auditor"}


@pytest.fixture
def administrator(alfa, op):
    """Signed in at the OP, and then six minutes pass."""
    op.person = of_agency("Toepassingsbeheerder")
    client = Client()
    signed_in(client, op)
    later(client, minutes=6)
    return client


def later(client, minutes):
    session = make.session_of(client)
    for record in session["account_authentication_methods"]:
        record["at"] -= minutes * 60
    session.save()


def gives_rights(client):
    answer = client.post("/agency/people/invite/", GIVEN)
    with across_providers():
        return Invitation.objects.filter(email=GIVEN["email"]).exists(), answer


def test_who_showed_it_again_at_the_op_does_it_then(administrator, op):
    done, answer = gives_rights(administrator)
    assert not done
    asked = administrator.get(answer["Location"])["Location"]
    back = administrator.get(BACK, op.shows(asked))
    assert (op.asked["prompt"], op.asked["max_age"]) == ("login", "0")
    assert back["Location"] == "/sign-in/go-on/"
    done, _ = gives_rights(administrator)
    assert done


@pytest.mark.parametrize(
    ("person", "token", "reason"),
    [
        ({"sub": "subject-3"}, {}, "acmidm-someone-else"),
        # The browser left out that they should show it again: the OP let them pass as they were.
        ({}, {"auth_time": int(time.time()) - HOUR}, "acmidm-failed:auth_time"),
        ({}, {"auth_time": None}, "acmidm-failed:auth_time"),
        ({}, {"auth_time": "now"}, "acmidm-failed:auth_time"),
    ],
)
def test_who_did_not_show_it_again_does_not_do_it(administrator, op, person, token, reason):
    _, answer = gives_rights(administrator)
    asked = administrator.get(answer["Location"])["Location"]
    op.person |= person
    op.token = token
    back = administrator.get(BACK, op.shows(asked), headers={"accept-language": "nl"})
    assert back.status_code == 403
    assert refusals() == [(reason, "127.0.0.1")]
    done, _ = gives_rights(administrator)
    assert not done


def test_who_lost_the_role_in_the_meantime_is_outside(administrator, op):
    _, answer = gives_rights(administrator)
    asked = administrator.get(answer["Location"])["Location"]
    op.person["cstraject_rol_3d"] = []
    assert administrator.get(BACK, op.shows(asked)).status_code == 403
    assert administrator.get("/agency/people/").status_code == 302


def test_an_answer_that_is_not_an_again_opens_no_again(administrator, op):
    """Signing in as usual, while somebody else's session is open, makes another session."""
    op.person["sub"] = "subject-3"
    before = make.session_of(administrator)["_auth_user_id"]
    signed_in(administrator, op)
    assert make.session_of(administrator)["_auth_user_id"] != before


def test_showing_it_again_makes_no_session_longer_than_any_may_be(administrator, op):
    later(administrator, minutes=11 * 60)
    asked = administrator.get("/sign-in/again/?next=/agency/people/")["Location"]
    administrator.get(BACK, op.shows(asked))
    assert administrator.get("/agency/people/").status_code == 200
    later(administrator, minutes=60)
    assert administrator.get("/agency/people/")["Location"] == "/sign-in/?next=/agency/people/"


# ---- Signing out ---------------------------------------------------------------------------------


def test_signing_out_here_goes_on_to_the_op(alfa, op):
    client = Client()
    signed_in(client, op)
    token = make.session_of(client)[TOLD]["id_token"]
    answer = client.post("/sign-out/")
    address, _, query = answer["Location"].partition("?")
    assert address == f"{op.issuer}/logout"
    assert parse_qs(query) == {
        "client_id": [ops.CLIENT],
        "id_token_hint": [token],
        "post_logout_redirect_uri": ["http://testserver/sign-in/"],
    }
    assert not is_in(client)
    assert TOLD not in make.session_of(client)


def test_signing_out_works_while_the_op_is_down(alfa, op):
    client = Client()
    signed_in(client, op)
    op.server.shutdown()
    op.server.server_close()
    answer = client.post("/sign-out/", headers={"accept-language": "nl"})
    assert answer["Location"] == "/sign-in/"
    assert any("antwoordt niet" in m.message for m in get_messages(answer.wsgi_request))
    assert not is_in(client)


def test_who_signed_in_by_a_password_leaves_here_alone(alfa, op):
    with across_providers():
        officer = make.make_officer()
    client = Client()
    make.sign_in(client, officer, "password", "mfa")
    assert client.post("/sign-out/")["Location"] == "/sign-in/"


# ---- A leaver ------------------------------------------------------------------------------------


def test_a_manager_sees_and_shuts_out_who_comes_by_acmidm_at_once(alfa, op):
    with across_providers():
        boss = make.make_member(alfa, "manager")
        beta = make.make_provider("beta")
        stranger = make.make_member(beta, "manager")
    leaver, office, elsewhere = Client(), Client(headers={"accept-language": "nl"}), Client()
    make.sign_in(office, boss, "mfa")
    make.sign_in(elsewhere, stranger, "mfa")
    signed_in(leaver, op)
    assert is_in(leaver)
    people = reverse("portal:people", args=["alfa"])
    [told] = [m for m in office.get(people).context["members"] if m.by_acmidm]
    assert (told.role, told.last_login is not None) == ("coach", True)
    # Another provider neither sees them nor shuts them out.
    page = elsewhere.get(reverse("portal:people", args=["beta"]))
    assert [m for m in page.context["members"] if m.by_acmidm] == []
    elsewhere.post(reverse("portal:member-shut-out", args=["beta", told.user_id]))
    assert is_in(leaver)

    office.post(reverse("portal:member-shut-out", args=["alfa", told.user_id]))
    assert not is_in(leaver)
    # Nor once they sign in anew, though ACM/IDM still tells their role.
    again = Client()
    signed_in(again, op)
    assert not is_in(again)
    page = office.get(people)
    assert [m for m in page.context["members"] if m.by_acmidm] == []
    assert [m.user_id for m in page.context["shut_out"]] == [told.user_id]
    elsewhere.post(reverse("portal:member-let-in", args=["beta", told.user_id]))
    assert not is_in(again)
    office.post(reverse("portal:member-let-in", args=["alfa", told.user_id]))
    assert is_in(again)
    with across_providers():
        deeds = Entry.objects.filter(action__startswith="member.").order_by("id")
        assert [(deed.action, deed.actor_id) for deed in deeds] == [
            *(("member.shut_out", boss.pk), ("member.let_in", boss.pk)),
        ]


def test_nobody_else_is_put_among_those_of_acmidm(alfa, db):
    """By SQL of the doorkeeper, who notes arrivals; not even with a seal."""
    with across_providers():
        coach = make.make_member(alfa, "coach")
    arrives = "SELECT cst_arrived(%s, 'alfa', ARRAY['manager'], now(), %s)"
    with connection.cursor() as cursor:
        cursor.execute(arrives, [coach.pk, database_seal(f"arrival:{coach.pk}:alfa:manager")])
        cursor.execute("SELECT * FROM cst_shut_from(%s)", [coach.pk])
        assert cursor.fetchall() == []
    with inside(alfa.pk):
        assert [(m.user_id, m.role) for m in members()] == [(coach.pk, "coach")]


@pytest.mark.parametrize("seal", ["", "made-up", "of another"])
def test_sql_brings_nobody_in_whom_no_token_told(alfa, db, seal):
    """Neither a new person, nor one who is known, at a provider where they have no role."""
    known = welcome(subject="subject-9", name="A. Voorbeeld", at=timezone.now())
    seals = {
        "": "",
        "made-up": "welcome:subject-1." + 64 * "0",
        "of another": database_seal("welcome:x"),
    }
    for statement, told in (
        ("SELECT cst_welcome(%s, 'Spook', now(), %s)", "subject-1"),
        ("SELECT cst_arrived(%s, 'alfa', ARRAY['manager'], now(), %s)", known.pk),
    ):
        with (
            pytest.raises(DatabaseError, match="permission denied"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement, [told, seals[seal]])
    with inside(alfa.pk):
        assert members() == []
