"""Somebody of ill will, in every role, follows every link and sends every form full of everything.

Nothing fails (the client raises what a view does not catch), nothing of another tenant is told
in any answer, and nothing of another tenant changes. What somebody typed in themselves may come
back in the answer to it, and in no other.
"""

import io
import random
import re
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import quote, urldefrag, urlsplit

import lxml.html
import psycopg
import pytest
from allauth.mfa.models import Authenticator
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client
from django.urls import get_resolver, reverse
from django.urls.resolvers import URLResolver
from django.utils import timezone

from apps.documents.models import KINDS
from apps.members import services
from apps.members.selectors import Member
from apps.portal.draft_forms import STEPS
from cstraject.roles import AGENCY_ROLES
from tests import factories as make
from tests import tenants
from tests.conftest import own_database
from tests.integration.test_doors import ENTRANCE, VISITORS

MARKUP = "<script>alert(1)</script>"
FIELDS_MAX = 8
HOSTILE = (
    *(
        "",
        " ",
        "x" * 100_000,
        "🙂👩‍👩‍👧‍👦",
        "\u202eabc \u0645\u0631\u062d\u0628\u0627",
        "a\x00b",
        "\r\nSet-Cookie: a=b",
    ),
    *(
        "-1",
        "0",
        "-0,01",
        "9" * 30,
        "9223372036854775808",
        "1e999",
        "NaN",
        "Infinity",
        "²",
        "１２",
        "٣",
    ),
    *("' OR 1=1 --", "'; DROP TABLE dossiers_dossier; --", "%s%(x)s{{ 7|add:7 }}", MARKUP),
    *("31/02/2022", "00/00/0000", "31/12/9999", "2022-13-45", "2022-Q5", "9999-Q4", "0000-Q1"),
    *(
        "../../etc/passwd",
        "//example.org/",
        "javascript:alert(1)",
        "[]",
        "{}",
        "on",
        "\ud7ff\uffff",
    ),
)
BODIES = (
    (b"on=%FF%FE&reason=\xff\xfe&name=%00&\xff=1", "application/x-www-form-urlencoded"),
    (b"a=1&" * 3_000, "application/x-www-form-urlencoded"),
    (b"reason=" + b"x" * 1_100_000, "application/x-www-form-urlencoded"),
    (b'{"on": 1e999}', "application/json"),
    (
        b"--b\r\nContent-Disposition: form-data; name=on\r\n\r\n\xff",
        "multipart/form-data; boundary=b",
    ),
    (b"--", "multipart/form-data"),
    (b"\x00\xff", "application/octet-stream"),
    (b"on=1", "application/x-www-form-urlencoded; charset=utf-16"),
)
# What a form takes, so that what is hostile in one field reaches the deed behind it.
PLAUSIBLE = {
    "on": "01/03/2023",
    "as_of": "01/03/2023",
    "reason": "ziet ervan af",
    "person_days": "5,0",
    "amount": "5.000,00",
    "email": "iemand@test.example",
    "name": "Iemand",
    "days": "30",
    "reference": "EAID-1",
    "source": "NBB",
    "value": "1.000",
    "quarter": str(tenants.LATE),
    "tranche": "1",
    "question": "equity",
    "outcome": "met",
    "cause": "not_entitled",
    "acts": "see_dossiers",
    "role": "reader",
}
OPEN_PAGES = ("/", "/sign-in/", "/pre-check/", "/accessibility/", "/who-may-do-what/", "/health/")
CHANGES_NOTHING = ("anonymous", "reader", "auditor", "reporting_officer", "administrator")
DECIDES = set(AGENCY_ROLES) - set(CHANGES_NOTHING)
OTHER_METHODS = ("PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE")
PAGES_ALIKE = 1
# Of a form, per visitor: each draws other ones. Everybody meets the pages that are open.
ATTEMPTS, ATTEMPTS_AT_WHAT_ALL_MEET = 7, 2
SIGNS_OUT = re.compile(r"^/(sign-|account/)")
NUMBERED = re.compile(r"/(?:[0-9a-f]{8}-[0-9a-f-]{27}|\d+)(?=/)")


def shape(path: str) -> str:
    """Addresses that differ only in which row they name look alike."""
    return NUMBERED.sub("/…", urlsplit(path).path)


@dataclass(frozen=True)
class Form:
    """A form of a page: where it goes, and its fields with what they hold or offer."""

    action: str
    method: str
    fields: dict[str, tuple[str, list[str]]]

    @property
    def shape(self) -> str:
        return f"{self.method} {shape(self.action)} {sorted(self.fields)}"

    def plausible(self, draw: random.Random) -> dict[str, list[str]]:
        told = {}
        for name, (kind, values) in self.fields.items():
            if kind in ("select", "radio", "checkbox", "button") and values:
                told[name] = [draw.choice(values)]
            elif kind == "hidden":
                told[name] = values[:1]
            else:
                told[name] = [PLAUSIBLE.get(name) or (values and values[0]) or "12"]
        return told


def forms_of(page: lxml.html.HtmlElement, here: str) -> Iterator[Form]:
    for form in page.iter("form"):
        fields: dict[str, tuple[str, list[str]]] = {}
        for item in form.iter("input", "select", "textarea", "button"):
            name = item.get("name")
            if not name or name == "csrfmiddlewaretoken":
                continue
            kind = item.tag if item.tag in ("select", "button") else item.get("type", "text")
            if item.tag == "select":
                values = [option.get("value", "") for option in item.iter("option")]
            elif item.tag == "textarea":
                values = [item.text or ""]
            else:
                values = [item.get("value", "")]
            fields.setdefault(name, (kind, []))[1].extend(values)
        yield Form(form.get("action") or here, form.get("method", "get").lower(), fields)


@dataclass
class Crawler:
    """One visitor, who must not read any of these marks."""

    visitor: str
    world: tenants.World
    hidden: frozenset[str]
    seed: str = ""
    asked: int = 0
    waiting: list[str] = field(default_factory=list)
    seen: dict[str, int] = field(default_factory=dict)
    forms: dict[str, Form] = field(default_factory=dict)
    typed_in_drafts: str = ""
    """What this visitor typed into a draft, which keeps it and shows it again."""

    def __post_init__(self) -> None:
        self.draw = random.Random(f"{self.visitor} {self.seed}")
        self.strange = self.world.strange_to(self.visitor)
        # Attempts to sign in are counted by place: other tests sign in from another.
        self.client = Client(REMOTE_ADDR="192.0.2.7")
        self.enter()

    def enter(self) -> None:
        if person := self.world.person(self.visitor):
            make.sign_in(self.client, person)
        if self.draw.random() < 0.5:
            self.client.cookies["django_language"] = "en"

    # ---- Asking ----------------------------------------------------------------------------------

    def ask(self, method: str, path: str, data: object = None, **how: object):
        """Ask, and hold the answer against what may never be in it; follow where it leads."""
        self.asked += 1
        answer = (
            self.client.generic(method, path, **how)
            if data is None
            else self._send(method, path, data, how)
        )
        typed = f"{path} {data!r} {how!r}"
        if "/drafts/" in path:
            self.typed_in_drafts += typed
        self.must_be_sound(answer, f"{method} {path[:200]} {str(data)[:300]}", typed)
        if SIGNS_OUT.match(path) and method == "POST":
            self.enter()
        if answer.status_code in (301, 302) and method == "POST":
            target = urlsplit(answer["Location"])
            assert target.netloc == "", answer["Location"]
            self.asked += 1
            next_page = self.client.get(answer["Location"])
            self.must_be_sound(next_page, f"after {method} {path}", typed)
        return answer

    def _send(self, method: str, path: str, data: object, how: dict[str, object]):
        if method == "GET":
            return self.client.get(path, data, **how)
        return getattr(self.client, method.lower())(path, data, **how)

    def must_be_sound(self, answer, asked: str, typed: str) -> None:
        assert answer.status_code < 500, (asked, answer.status_code)
        for name, text in self._told_by(answer):
            here = typed + self.typed_in_drafts
            told = [mark for mark in self.hidden if mark in text and mark not in here]
            assert told == [], (self.visitor, asked, name, told)
        if answer.get("Content-Type", "").startswith("text/html"):
            assert MARKUP.encode() not in answer.content, asked

    def _told_by(self, answer) -> Iterator[tuple[str, str]]:
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content
        if content[:2] == b"PK":
            with zipfile.ZipFile(io.BytesIO(content)) as book:
                content = b"".join(book.read(name) for name in book.namelist())
        yield "body", content.decode(errors="replace")
        yield "headers", f"{dict(answer.headers)} {answer.cookies}"

    # ---- Walking ---------------------------------------------------------------------------------

    def walk(self) -> None:
        """Follow every link; of pages that look alike only some. Their forms are kept."""
        while self.waiting:
            path = self.waiting.pop(0)
            alike = shape(path) + "?" * bool(urlsplit(path).query)
            if self.seen.get(alike, 0) >= PAGES_ALIKE:
                continue
            self.seen[alike] = self.seen.get(alike, 0) + 1
            answer = self.ask("GET", path)
            if answer.status_code in (301, 302):
                self.waiting.append(answer["Location"])
            if not answer.get("Content-Type", "").startswith("text/html") or not answer.content:
                continue
            page = lxml.html.fromstring(answer.content)
            page.make_links_absolute(f"http://testserver{path}")
            for link in page.iter("a"):
                target = urlsplit(urldefrag(link.get("href", "")).url)
                if target.netloc == "testserver":
                    query = f"?{target.query}" if target.query else ""
                    self.waiting.append(target.path + query)
            for form in forms_of(page, path):
                self.forms.setdefault(form.shape, form)

    def crawl(self) -> None:
        given = {"account_reset_password_from_key": ["1", "x"], "invitation-open": ["x"]}
        start = [
            reverse(name, args=given.get(name, ()))
            for name in ENTRANCE
            if name not in ("mfa_edit_webauthn", "mfa_remove_webauthn")
        ]
        self.waiting += [*OPEN_PAGES, *start]
        self.walk()
        for form in list(self.forms.values()):
            self.attack_form(form)
        self.attack_addresses()
        # What was done opened other pages and other forms.
        known, self.seen = set(self.forms), {}
        self.waiting += OPEN_PAGES
        self.walk()
        for form in [form for name, form in self.forms.items() if name not in known]:
            self.attack_form(form)

    # ---- Attacking -------------------------------------------------------------------------------

    def attack_form(self, form: Form) -> None:
        path = urldefrag(form.action.replace("http://testserver", "")).url
        method = "GET" if form.method == "get" else "POST"
        attempts = list(self._attempts(form))
        own = path.startswith(("/p/", "/agency/"))
        for data in self.draw.sample(attempts, ATTEMPTS if own else ATTEMPTS_AT_WHAT_ALL_MEET):
            self.ask(method, path, data)
        if method == "POST":
            for body, kind in self.draw.sample(BODIES, 2 if own else 1):
                self.asked += 1
                answer = self.client.generic("POST", path, body, content_type=kind)
                self.must_be_sound(answer, f"POST {path} {body[:50]!r}", "")
                if SIGNS_OUT.match(path):
                    self.enter()
        self.ask(self.draw.choice(OTHER_METHODS), path)
        # At last as it is meant: what it does shows other forms.
        self.ask(method, path, form.plausible(self.draw))

    def _attempts(self, form: Form) -> Iterator[dict[str, list[object]]]:
        """Each field with each hostile value among plausible ones; all of them; none of them."""
        identifiers = [*self.strange.typed.values(), self.strange.slug]
        # Of a long form some fields: those of a list of measures are read alike.
        fields = list(form.fields.items())
        for name, (kind, _) in self.draw.sample(fields, min(FIELDS_MAX, len(fields))):
            fixed = kind in ("hidden", "select", "radio", "checkbox", "button")
            for value in (*self.draw.sample(HOSTILE, 10), *(identifiers if fixed else ())):
                yield {**form.plausible(self.draw), name: [value]}
            yield {**form.plausible(self.draw), name: ["1", "2", HOSTILE[5]]}
            file = SimpleUploadedFile("a\u202e.exe", b"MZ\x00\xff")
            yield {**form.plausible(self.draw), name: [file]}
        for value in HOSTILE:
            yield {name: [value] for name in form.fields}
        yield {}
        yield {"unknown": ["1"], "provider": [self.strange.slug], "provider_id": ["2"]}

    def attack_addresses(self) -> None:
        """Knock at every door, also where no link leads, with what is another tenant's."""
        own = (self.world.north if self.strange is self.world.south else self.world.south).slug
        everything = {name: [value] for name, value in PLAUSIBLE.items()}
        for name, wanted in doors():
            if not name.startswith(("portal:", "backoffice:", "api:")) or name == "api:nothing":
                continue
            for slug in (own, self.strange.slug) if "provider" in wanted else ("",):
                paths = [reverse(name, kwargs=kwargs) for kwargs in self._kwargs(wanted, slug)]
                for path in paths if name.startswith("portal:") else paths[:1]:
                    self.ask("POST", path, everything)
                other = self.draw.choice(("GET", "GET", *OTHER_METHODS))
                self.ask(other, self.draw.choice(paths))
        for path in {path.rstrip("?") for path in self.seen if "…" not in path}:
            key = self.draw.choice(("page", "next", "named", "as_of", "state", "provider"))
            self.ask("GET", f"{path}?{key}={quote(self.draw.choice(HOSTILE)[:3_000])}")
        for path in (
            "/p/%00/",
            "/p/%FF%FE/",
            "/agency/%ED%A0%80/",
            "/p/" + "a" * 5_000 + "/",
            "/%0d%0aX:y/",
        ):
            self.ask("GET", path)

    def _kwargs(self, wanted: list[str], slug: str) -> Iterator[dict[str, object]]:
        strange = self.strange.typed
        known: dict[str, list[object]] = {
            "dossier": [strange["submitted"], strange["approved"], strange["started"]],
            "draft": [strange["draft"]],
            "claim": [strange["claim"]],
            "key": [strange["key"]],
            "invitation": [strange["invitation"]],
            "access": [strange["claim"]],
            "shift": [strange["claim"]],
            "export": [strange["export"]],
            "contract": [strange["contract"], 0, 10**30],
            "edition": [1, 0, 10**30],
            "run": [self.world.run, strange["started"]],
            "payment": [strange["claim"]],
            "member": [strange["member"], 0, 10**30],
            "person": [strange["member"], 0, 10**30],
            "number": [tenants.SHARED, "\x00", "x" * 300, "٣"],
        }
        row = next((key for key in wanted if key != "provider"), "")
        for value in known.get(row, [None]):
            told = {key: value if key == row else slug for key in wanted}
            drawn = {
                "step": self.draw.choice(STEPS),
                "kind": self.draw.choice(KINDS),
                "form": "xlsx",
                "message": strange["message"],
            }
            yield told | {key: word for key, word in drawn.items() if key in told}


def doors(resolver=None, namespace="", above=()) -> Iterator[tuple[str, list[str]]]:
    """Every address by name, with what it is told about."""
    for pattern in (resolver or get_resolver()).url_patterns:
        wanted = [*above, *pattern.pattern.converters]
        if isinstance(pattern, URLResolver):
            yield from doors(pattern, f"{pattern.namespace}:" if pattern.namespace else "", wanted)
        else:
            yield f"{namespace}{pattern.name}", wanted


# ---- The tests -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def made(servers, template, django_db_setup, django_db_blocker):
    """Two tenants with their histories, in a database that is copied for each visitor."""
    with own_database(servers, template, django_db_blocker) as name:
        world = tenants.make_world(servers.database_url("postgres", name))
        connection.close()
        yield name, world


@pytest.fixture
def world(servers, made, django_db_blocker, monkeypatch):
    """A copy of that database, in which what a visitor does is really committed."""
    template, world = made
    monkeypatch.setattr(timezone, "now", lambda: tenants.NOW)
    with own_database(servers, template, django_db_blocker) as name:
        yield world, servers.database_url("postgres", name)


def crawl(world: tenants.World, visitor: str, do: str = "crawl") -> Crawler:
    crawler = Crawler(visitor, world, world.marks_hidden_from(visitor))
    getattr(crawler, do)()
    return crawler


@pytest.mark.parametrize("visitor", VISITORS)
def test_nothing_fails_and_nothing_of_another_is_told_or_changed(world, visitor):
    world, superuser = world

    crawler = must_leave_alone(world, superuser, visitor)

    assert crawler.asked > 100
    assert len(crawler.forms) >= 3
    sys.stdout.write(f"{visitor}: {crawler.asked} requests, {len(crawler.forms)} forms\n")


def must_leave_alone(
    world: tenants.World, superuser: str, visitor: str, do: str = "crawl"
) -> Crawler:
    """Crawl; whoever does not decide leaves as it was what is not their own."""
    strange = None if visitor in CHANGES_NOTHING else world.strange_to(visitor).provider
    before = tenants.digests(superuser, strange)
    crawler = crawl(world, visitor, do)
    after = tenants.digests(superuser, strange)
    changed = sorted(table for table in before if before[table] != after[table])
    assert changed == [] or visitor in DECIDES, changed
    return crawler


class Reader(Crawler):
    """Only notes which marks it met."""

    def must_be_sound(self, answer, asked: str, typed: str) -> None:
        told = " ".join(text for _, text in self._told_by(answer))
        self.met = getattr(self, "met", set()) | {mark for mark in self.hidden if mark in told}


def test_what_could_be_told_is_marked(world):
    """The test before this one means nothing of what its own manager does not read in marks."""
    world, _ = world
    north = world.north
    reader = Reader("manager", world, north.marks)
    reader.waiting += OPEN_PAGES
    reader.walk()

    assert {north.mark, "NOORD-", north.people["coach"].email} <= reader.met
    assert reader.met & {"31.337,77", "31,337.77"}
    assert {str(north.typed["key"]), str(north.typed["started"])} <= reader.met


POLICY = "ALTER POLICY own ON {} TO cst_provider USING (true) WITH CHECK (true)"


def test_a_wall_that_is_down_is_noticed_by_what_is_told(world):
    world, superuser = world
    with psycopg.connect(superuser, autocommit=True) as link:
        link.execute(POLICY.format("dossiers_dossier"))

    with pytest.raises(AssertionError, match="GET /p/noord/"):
        crawl(world, "reader")


def test_a_wall_that_is_down_is_noticed_by_what_changed(world, monkeypatch):
    """Of an account of another tenant nothing is told, but it is shut out."""
    world, superuser = world
    everybody = [Member(number, "", "", "", None) for number in range(1_000)]
    monkeypatch.setattr(services, "members", lambda: everybody)
    with psycopg.connect(superuser, autocommit=True) as link:
        link.execute(
            "CREATE OR REPLACE FUNCTION cst_shut_out(member bigint) RETURNS boolean LANGUAGE sql"
            " SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS"
            " $$ DELETE FROM accounts_user_groups m WHERE m.user_id = member RETURNING true $$"
        )
    with pytest.raises(AssertionError, match="people"):
        must_leave_alone(world, superuser, "manager", "attack_addresses")


def test_a_view_that_fails_is_noticed(world, monkeypatch):
    world, _ = world
    monkeypatch.setattr(services, "members", lambda: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        crawl(world, "manager", "attack_addresses")


# ---- What it found -------------------------------------------------------------------------------


def signed_in(world: tenants.World, visitor: str) -> Client:
    client = Client(REMOTE_ADDR="192.0.2.7")
    make.sign_in(client, world.person(visitor))
    return client


def test_a_member_with_an_endless_number_is_no_member(world):
    answer = signed_in(world[0], "manager").post(f"/p/noord/people/{10**30}/shut-out/")
    assert answer["Location"] == "/p/noord/people/"


def test_a_role_that_cannot_be_written_is_no_role(world):
    world, _ = world
    person = world.officers["auditor"].pk
    client = signed_in(world, "administrator")
    answer = client.post(f"/agency/people/{person}/take/", {"role": "a\x00b"})
    assert answer["Location"] == "/agency/people/"


@pytest.mark.parametrize("question", ["%(x)s", "a\x00b", "x" * 100])
def test_a_question_that_nobody_asks_is_told(world, question):
    world, _ = world
    client, sent = signed_in(world, "reviewer"), {"question": question, "outcome": "met"}
    page = f"/agency/dossiers/{world.north.typed['submitted']}/"
    assert client.post(f"{page}find/", sent | {"reason": "x"}).status_code == 422
    assert client.post(f"{page}confirm/", sent)["Location"] == page


@pytest.mark.parametrize("wished", ["[]", "home", "portal:overview", "http://testserver/"])
def test_the_page_that_somebody_was_on_the_way_to_is_a_path(world, wished):
    answer = signed_in(world[0], "reader").get("/", {"next": wished})
    assert answer["Location"] == "/p/noord/"


@pytest.mark.parametrize(
    "credential", ["0", "false", "1", "[1]", '{"id": "x"}', '{"id": "x", "response": {}}']
)
def test_a_key_that_nobody_showed_is_not_kept(world, credential):
    """The library keeps a zero as a key, and falls over it for ever after."""
    client = signed_in(world[0], "reader")
    client.get("/account/keys/add/")
    client.post("/account/keys/add/", {"name": "sleutel", "credential": credential})
    with transaction.atomic():
        assert not Authenticator.objects.exists()
    assert client.get("/account/keys/add/").status_code == 200
    # Nor does showing one like it fail.
    stranger = Client(REMOTE_ADDR="192.0.2.7")
    stranger.get("/sign-in/passkey/")
    assert stranger.post("/sign-in/passkey/", {"credential": credential}).status_code < 500
