"""What is not there and what is another's cost the same work: the same statements, in order.

Time itself is measured in `tests/bench/bench_timing.py`; here the work is compared, which no clock
disturbs. Statements are compared without the identifiers that were asked for.
"""

import re
from collections.abc import Callable
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.providers import middleware
from apps.providers.scope import across_providers
from tests import factories as make
from tests import tenants
from tests.conftest import own_database

PLACE = "192.0.2.9"
PASSWORD = "een lang wachtwoord"


@pytest.fixture(scope="module")
def world(servers, template, django_db_setup, django_db_blocker):
    with own_database(servers, template, django_db_blocker) as name:
        world = tenants.make_world(servers.database_url("postgres", name))
        with transaction.atomic(), across_providers():
            known = world.south.people["coach"]
            known.set_password(PASSWORD)
            known.save(update_fields=["password"])
        yield world
        connection.close()


@pytest.fixture(autouse=True)
def _at_a_fixed_moment(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: tenants.NOW)


def person_of(world: tenants.World) -> Client:
    client = Client(REMOTE_ADDR=PLACE)
    make.sign_in(client, world.north.people["manager"])
    return client


def machine(key: str) -> Client:
    return Client(REMOTE_ADDR=PLACE, headers={"Authorization": f"Bearer {key}"})


def pairs(world: tenants.World) -> dict[str, tuple[Callable[[], object], Callable[[], object]]]:
    """By what is tried: asking for what is another's, and for what nobody has."""
    strange, nobody = world.south, str(uuid4())
    client, api = person_of(world), machine(world.north.key)
    known = world.south.people["coach"].email

    def sign_in(address: str) -> Callable[[], object]:
        sent = {"login": address, "password": "geraden wachtwoord"}
        return lambda: Client(REMOTE_ADDR=PLACE).post("/sign-in/", sent)

    def forgotten(address: str) -> Callable[[], object]:
        return lambda: Client(REMOTE_ADDR=PLACE).post("/sign-in/forgotten/", {"email": address})

    def key(secret: str, slug: str) -> Callable[[], object]:
        return lambda: machine(secret).get(f"/api/v1/providers/{slug}/contract/")

    return {
        "provider, portal": (
            lambda: client.get(f"/p/{strange.slug}/"),
            lambda: client.get("/p/niet/"),
        ),
        "provider, api": (
            lambda: api.get(f"/api/v1/providers/{strange.slug}/contract/"),
            lambda: api.get("/api/v1/providers/niet/contract/"),
        ),
        "dossier, portal": (
            lambda: client.get(f"/p/noord/dossiers/{strange.typed['started']}/"),
            lambda: client.get(f"/p/noord/dossiers/{nobody}/"),
        ),
        "dossier, portal, a deed": (
            lambda: client.post(f"/p/noord/dossiers/{strange.typed['approved']}/withdraw/"),
            lambda: client.post(f"/p/noord/dossiers/{nobody}/withdraw/"),
        ),
        "dossier, api": (
            lambda: api.get(f"/api/v1/providers/noord/dossiers/{strange.typed['started']}/"),
            lambda: api.get(f"/api/v1/providers/noord/dossiers/{nobody}/"),
        ),
        "key of a machine, portal": (
            lambda: client.post(f"/p/noord/people/keys/{strange.typed['key']}/end/"),
            lambda: client.post(f"/p/noord/people/keys/{nobody}/end/"),
        ),
        "member, portal": (
            lambda: client.post(f"/p/noord/people/{strange.typed['member']}/shut-out/"),
            lambda: client.post("/p/noord/people/999999/shut-out/"),
        ),
        "key, by whether its provider is there": (
            key("cst_nonsense", strange.slug),
            key("cst_nonsense", "niet"),
        ),
        "sign-in with a wrong password": (sign_in(known), sign_in("niemand@test.example")),
        "a new password": (forgotten(known), forgotten("niemand@test.example")),
    }


PAIRS = [
    *("provider, portal", "provider, api", "dossier, portal", "dossier, portal, a deed"),
    *("dossier, api", "key of a machine, portal", "member, portal"),
    *("key, by whether its provider is there", "sign-in with a wrong password"),
    "a new password",
]
NAMED = re.compile(
    r"'[^']*'|\b[0-9a-f]{8}-[0-9a-f-]{27}\b|\b\d+\b|\"s\d+_x\d+\"|\"_django_curs_\w+\""
)


def work(ask: Callable[[], object]) -> list[str]:
    """The statements that an answer took, without what they were about; and the roles it took,
    each of which is a statement that Django does not see."""
    taken, take = [], connection.take

    def noted(scope):
        taken.append(f"take {scope.role if scope else 'none'}")
        return take(scope)

    connection.take = noted
    try:
        with CaptureQueriesContext(connection) as asked:
            ask()
    finally:
        del connection.take
    told = [NAMED.sub("…", query["sql"]) for query in asked.captured_queries]
    # What is done for nobody is undone, which takes a word more than being kept.
    undone = "ROLLBACK TO SAVEPOINT …"
    return [*(one for one in told if one != undone), *taken]


def must_be_the_same_work(
    theirs: Callable[[], object], nobodys: Callable[[], object]
) -> tuple[list[str], list[str]]:
    for warm in (theirs, nobodys):
        warm()
    one, other = work(theirs), work(nobodys)
    assert one == other
    return one, other


def test_every_pair_is_measured(world):
    assert list(pairs(world)) == PAIRS


@pytest.mark.parametrize("tried", PAIRS)
def test_not_yours_takes_the_same_work_as_not_there(world, tried):
    theirs, nobodys = pairs(world)[tried]

    one, _ = must_be_the_same_work(theirs, nobodys)

    assert len(one) >= 1


@pytest.mark.parametrize("tried", PAIRS)
def test_not_yours_is_answered_as_not_there(world, tried):
    """Beside the work: status, headers and, but for what was asked, size."""
    theirs, nobodys = (ask() for ask in pairs(world)[tried])

    assert theirs.status_code == nobodys.status_code
    assert set(theirs.headers) == set(nobodys.headers)
    asked = [len(answer.request["PATH_INFO"]) for answer in (theirs, nobodys)]
    # The address stands some times on a page; everything else is of one length.
    told = [len(answer.content) for answer in (theirs, nobodys)]
    assert told[0] == told[1] or (told[0] - told[1]) % (asked[0] - asked[1] or 1) == 0


def test_a_key_of_another_and_a_nonsense_key_differ_only_after_the_look_up(world):
    """Whoever holds a real key knows that it is one: 404 at others' and 401 for nonsense are told
    apart by the answer itself. The look-up is one statement for both."""
    one = work(lambda: machine(world.south.key).get("/api/v1/providers/noord/contract/"))
    other = work(lambda: machine("cst_nonsense").get("/api/v1/providers/noord/contract/"))
    look_ups = [[each for each in done if "cst_show_key" in each] for done in (one, other)]
    assert look_ups[0] == look_ups[1]
    assert len(look_ups[0]) == 1


# ---- It would notice -----------------------------------------------------------------------------


def test_a_door_that_asks_less_of_what_is_not_there_is_noticed(world, monkeypatch):
    honest = middleware.acts_at

    def leaking(provider, *, role):
        return honest(provider, role=role) if provider.pk else frozenset()

    monkeypatch.setattr(middleware, "acts_at", leaking)

    with pytest.raises(AssertionError):
        must_be_the_same_work(*pairs(world)["provider, portal"])
