"""Keys that sign: one's own opens, another account's does not, and nothing is good twice.

The key is made here, of the same parts as a real one, so that what a thief could send is sent.
"""

import hashlib
import json
import secrets

import pytest
from allauth.mfa.models import Authenticator
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import AttestationObject, AttestedCredentialData, AuthenticatorData

from apps.accounts.keys import in_name_of
from apps.audit.models import Entry
from apps.providers.scope import across_providers
from tests import factories as make

PASSWORD = "een lange zin die niemand raadt"
HERE = "http://localhost"
PRESENT_AND_VERIFIED, WITH_CREDENTIAL = 0x05, 0x40


class Key:
    """A security key in software."""

    def __init__(self) -> None:
        self.private = ec.generate_private_key(ec.SECP256R1())
        self.id = secrets.token_bytes(16)
        self.count = 0

    def _says(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": HERE}).encode()

    def _data(self, credential: AttestedCredentialData | None = None) -> AuthenticatorData:
        self.count += 1
        flags = PRESENT_AND_VERIFIED | (WITH_CREDENTIAL if credential else 0)
        place = hashlib.sha256(b"localhost").digest()
        return AuthenticatorData.create(place, flags, self.count, credential or b"")

    def _answer(self, **response: bytes) -> str:
        told = {name: websafe_encode(value) for name, value in response.items()}
        own = websafe_encode(self.id)
        return json.dumps({"id": own, "rawId": own, "type": "public-key", "response": told})

    def register(self, challenge: str) -> str:
        public = ES256.from_cryptography_key(self.private.public_key())
        credential = AttestedCredentialData.create(b"\0" * 16, self.id, public)
        made = AttestationObject.create("none", self._data(credential), {})
        return self._answer(
            clientDataJSON=self._says("webauthn.create", challenge), attestationObject=made
        )

    def sign(self, challenge: str) -> str:
        says, data = self._says("webauthn.get", challenge), self._data()
        signature = self.private.sign(data + hashlib.sha256(says).digest(), ec.ECDSA(SHA256()))
        return self._answer(clientDataJSON=says, authenticatorData=data, signature=signature)


def challenge_of(page) -> str:
    told = page.context["js_data"]
    options = told.get("creation_options") or told.get("request_options") or told
    return options["publicKey"]["challenge"]


@pytest.fixture
def two_people(db, settings):
    """Two people of Alfa, each with a password and a key of their own."""
    settings.SECOND_FACTOR = True
    cache.clear()
    with across_providers():
        alfa = make.make_provider("alfa")
        people = [make.make_member(alfa, "coach") for _ in range(2)]
        for person in people:
            person.set_password(PASSWORD)
            person.save(update_fields=["password"])
    keys = []
    for person in people:
        client, key = Client(headers={"host": "localhost"}), Key()
        make.sign_in(client, person)
        page = client.get("/account/keys/add/")
        given = {"name": "sleutel", "credential": key.register(challenge_of(page))}
        assert client.post("/account/keys/add/", given).status_code == 302
        keys.append(key)
    return people, keys


def at_the_second_factor(person):
    client = Client(headers={"host": "localhost"})
    client.post("/sign-in/", {"login": person.email, "password": PASSWORD})
    return client, challenge_of(client.get("/sign-in/code/"))


def show(client, credential):
    client.post("/sign-in/code/", {"credential": credential})
    return client.get("/p/alfa/").status_code == 200


def refused() -> int:
    with across_providers():
        return Entry.objects.filter(action="sign_in.refuse").count()


def test_the_first_key_is_shown_by_adding_it(two_people):
    with transaction.atomic():
        in_name_of(two_people[0][0].email)
        Authenticator.objects.filter(user=two_people[0][0]).delete()
    client = Client(headers={"host": "localhost"})
    client.post("/sign-in/", {"login": two_people[0][0].email, "password": PASSWORD})
    key = Key()
    client.get("/account/keys/add/")
    client.post("/account/keys/add/", {"name": "sleutel", "credential": "{}"})
    # Looking at the page, or a key that nobody has, shows nothing.
    assert client.get("/p/alfa/").status_code == 302
    page = client.get("/account/keys/add/")
    given = {"name": "sleutel", "credential": key.register(challenge_of(page))}
    client.post("/account/keys/add/", given)
    assert client.get("/p/alfa/").status_code == 200


def test_ones_own_key_opens(two_people):
    people, keys = two_people
    client, challenge = at_the_second_factor(people[0])
    assert show(client, keys[0].sign(challenge))


def test_another_accounts_key_opens_nothing(two_people):
    people, keys = two_people
    client, challenge = at_the_second_factor(people[0])
    assert not show(client, keys[1].sign(challenge))
    # Nor when it claims to be the right one.
    keys[1].id = keys[0].id
    assert not show(client, keys[1].sign(challenge_of(client.get("/sign-in/code/"))))
    assert refused() == 2


def test_a_signature_is_good_for_the_question_it_answers_and_no_other(two_people):
    people, keys = two_people
    client, challenge = at_the_second_factor(people[0])
    signed = keys[0].sign(challenge)
    other, _ = at_the_second_factor(people[0])
    assert not show(other, signed)
    assert show(client, signed)


NONSENSE = [
    *("", "{}", "[]", "null", '{"id": 1}', '{"id": "x", "rawId": "y", "type": "z"}', "x" * 10_000),
    '{"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": {"clientDataJSON": "!"}}',
    '{"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": []}',
]


@pytest.mark.parametrize("credential", NONSENSE)
@pytest.mark.parametrize("page", ["/sign-in/code/", "/sign-in/passkey/", "/account/keys/add/"])
def test_what_is_no_answer_of_a_key_is_refused_calmly(two_people, page, credential):
    person = two_people[0][0]
    client, _ = at_the_second_factor(person)
    if page == "/account/keys/add/":
        make.sign_in(client, person, "password", "mfa")
    client.get(page)
    assert client.post(page, {"credential": credential}).status_code in (200, 302)
    if page != "/account/keys/add/":
        assert client.get("/p/alfa/").status_code == 302
