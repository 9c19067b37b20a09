"""What pages look like: pictures in `docs/screens`, and a test that each page still looks so.

Both are compared coarsely: in grey, of squares of 16 by 16 pixels, the mean difference. Pages are
shown in one font, whatever else a machine has, since another one breaks lines elsewhere and moves
all that is below: no coarseness tells that from a column that fell.

Not noticed is what keeps its place and its shade: words and figures, another colour as dark, one
line more near the end, what is below the picture, and whatever only another font, width, browser
or the dark shows.

Anew after a change that is meant: `LOOKS=write pytest tests/browser/test_looks.py`; look at them.
"""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from io import BytesIO
from itertools import count
from pathlib import Path
from string import ascii_uppercase

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from PIL import Image, ImageChops, ImageStat

from apps.accounts.keys import in_name_of
from apps.accounts.models import User
from apps.accounts.selectors import timetable
from apps.accounts.services import add_user
from apps.claims.services import complete_dossier
from apps.contracts.models import Contract
from apps.dossiers.models import Dossier
from apps.dossiers.services import assess_dossier, enter_in_register
from apps.payouts.models import Run
from apps.providers.models import Provider
from apps.providers.scope import across_providers, inside
from apps.providers.services import grant_provider_role
from cstraject.quarter import Quarter
from tests import factories as make
from tests.browser.conftest import PASSWORD, _people, _served, with_password, wrong_on
from tests.conftest import ROOT, own_database

SCREENS = ROOT / "docs" / "screens"
WRITES = os.environ.get("LOOKS") == "write"
TODAY = datetime(2026, 10, 5, 9, tzinfo=UTC)

SIZES = {1280: 900, 320: 640}
HEIGHT_MAX = 2400
COLOURS = 40
FONT = "DejaVu Sans"

SCALE = 16
# Measured: another day, or other fonts on the machine, up to 0.2; columns that fell from 2.3 on, a
# page without its style from 4.5 on.
DIFFERENT = 1.5
TALLER = 0.15


@dataclass(frozen=True)
class Page:
    """Who looks, at what address, and whether it is kept in English too."""

    who: str
    address: str
    english: bool = False


PAGES = {
    "sign-in": Page("nobody", "/sign-in/", english=True),
    "second-factor-choose": Page("both", "/account/", english=True),
    "second-factor-code": Page("halfway", "/sign-in/code/", english=True),
    "role": Page("both", "/", english=True),
    "rights": Page("manager", "/who-may-do-what/", english=True),
    "invitation": Page("invited", "/invitation/"),
    "pre-check": Page("nobody", "/pre-check/", english=True),
    "provider": Page("manager", "/p/toreon/", english=True),
    "provider-draft": Page("manager", "/p/toreon/drafts/{draft}/check/", english=True),
    "provider-dossier": Page("manager", "/p/toreon/dossiers/{delivered}/"),
    "provider-statement": Page("manager", "/p/toreon/dossiers/{delivered}/statement/"),
    "provider-claims": Page("manager", "/p/toreon/claims/"),
    "provider-end-report": Page("manager", "/p/toreon/dossiers/{completed}/end-report/"),
    "agency-work": Page("reviewer", "/agency/work/", english=True),
    "agency-dossiers": Page("reviewer", "/agency/?order=-reference"),
    "agency-dossier": Page("reviewer", "/agency/dossiers/{group}/", english=True),
    "agency-owners": Page("reviewer", "/agency/dossiers/{group}/size/", english=True),
    "agency-de-minimis": Page("reviewer", "/agency/dossiers/{group}/de-minimis/", english=True),
    "agency-contracts": Page("payments_officer", "/agency/contracts/"),
    "agency-contract": Page("payments_officer", "/agency/contracts/{contract}/"),
    "agency-run": Page("payments_officer", "/agency/runs/{run}/"),
    "agency-answer": Page("reviewer", "/agency/answer/?as_of=01/04/2022"),
    "agency-register": Page("reviewer", "/agency/register/"),
    "agency-editions": Page("administrator", "/agency/editions/"),
    "agency-edition-form": Page("administrator", "/agency/editions/{edition}/beside/"),
    "agency-people": Page("administrator", "/agency/people/"),
}


@transaction.atomic
def _set_up() -> tuple[dict[str, str], dict[str, object]]:
    """Something of each kind at one provider: the people, and what is named in addresses."""
    with across_providers():
        toreon = Provider.objects.get(slug="toreon")
        old, new = Contract.objects.filter(provider=toreon).order_by("valid_from")
        manager = make.make_member(toreon, "manager")

        def at(month: int, day: int) -> datetime:
            return datetime(2026, month, day, 9, tzinfo=UTC)

        def begun(name: str, nth: int, month: int) -> Dossier:
            return make.started(new, at=at(month, 11), **_stated(name, nth))

        delivered = begun("Voorbeeld Drukkerij bv", 4_910, 4)
        make.stated(delivered, "9000.00", quarter=Quarter(2026, 2), at=at(7, 6))
        claimable = begun("Voorbeeld Bakkerij bv", 4_911, 6)
        make.stated(claimable, "18000.50", quarter=Quarter(2026, 3), at=at(10, 2))
        completed = complete_dossier(
            dossier=begun("Voorbeeld Schrijnwerk bv", 4_912, 3),
            on=date(2026, 9, 14),
            actor=manager,
            at=at(9, 15),
        )
        filed = make.submitted(new, at=at(9, 28), **_stated("Voorbeeld Logistiek bv", 4_913))
        assess_dossier(dossier=filed, actor=timetable(), at=at(9, 28))
        make.message(filed, by_agency=True, asks=True, text="Bezorg de lijst.", at=at(9, 29))
        make.message(delivered, by_agency=False, text="Mag het plan later komen?", at=at(10, 2))
        for dossier in (delivered, completed):
            enter_in_register(
                dossier=dossier,
                reference=f"EAID-{dossier.reference}",
                on=dossier.decided_on,
                actor=make.make_user("officer"),
                at=at(9, 16),
            )

        halfway, both = make.make_member(toreon, "coach"), make.make_member(toreon, "manager")
        beta = make.make_provider("beta")
        grant_provider_role(user=both, provider=beta, role="reader", actor=timetable(), at=make.AT)
        for person in (halfway, both):
            person.set_password(PASSWORD)
            person.save(update_fields=["password"])
        _invitation, key = make.invited(toreon, "coach", email="nieuw@test.example", at=at(10, 2))
        return (
            {"halfway": halfway.email, "both": both.email},
            {
                "group": Dossier.objects.get(enterprise_number=make.enterprise_number(4_900)).pk,
                "delivered": delivered.pk,
                "completed": completed.pk,
                "contract": old.pk,
                "edition": old.edition_id,
                "run": Run.objects.get(quarter="2022-Q1").pk,
                "key": key,
            },
        )


def _stated(name: str, nth: int) -> dict[str, object]:
    periods = [
        {"year": 2025, "headcount": "21.5", "turnover": "2600000", "balance_total": "1900000"},
        {"year": 2024, "headcount": "20", "turnover": "2400000", "balance_total": "1800000"},
    ]
    return {"name": name, "number": make.enterprise_number(nth), "periods": periods, "aid": []}


def _draft(address: str, at: datetime) -> object:
    """A draft of which all is there, as its page of checking shows it."""
    person = User.objects.get(email=address)
    with transaction.atomic(), across_providers():
        provider = Provider.objects.get(slug="toreon")
    with transaction.atomic(), inside(provider.pk):
        offer, declaration = (
            make.received(provider.pk, kind, person, at=at).pk for kind in ("offer", "declaration")
        )
        draft = make.draft(provider, person, offer=offer, declaration=declaration)
        for step in draft.steps.values():
            step["at"] = at.isoformat()
        draft.steps["figures"]["fields"]["year"] = ["2025"]
        draft.steps["documents"]["fields"]["declared_on"] = ["30/09/2026"]
        draft.changed_at = at
        draft.save(update_fields=["steps", "changed_at"])
        return draft.pk


def _somebody(name: str = "person") -> User:
    nth = next(make.numbers)
    return add_user(
        email=f"{name}-{nth}@test.example",
        name=f"{ascii_uppercase[nth % 26]}. Voorbeeld",
        actor=timetable(),
        at=make.AT,
    )


@pytest.fixture(scope="module")
def desk(servers, portfolio_template, django_db_blocker, tmp_path_factory, browser):
    """Opens a page by its name as who it is for, each in one browser that stays signed in."""
    clock = tmp_path_factory.mktemp("looks") / "clock"
    with (
        own_database(servers, portfolio_template, django_db_blocker) as name,
        pytest.MonkeyPatch.context() as patch,
    ):
        # The numbers of people and what else is made, whichever tests came before.
        patch.setattr(make, "numbers", count(1))
        patch.setattr(make, "make_user", _somebody)
        make.add_edition_of_2026()
        people = _people()
        more, places = _set_up()
        people |= more
        places["draft"] = _draft(people["manager"], datetime(2026, 10, 1, 9, tzinfo=UTC))
        with transaction.atomic():
            in_name_of(people["halfway"])
            TOTP.activate(User.objects.get(email=people["halfway"]), "JBSWY3DPEHPK3PXP")
        clock.write_text(str((TODAY - timezone.now()).total_seconds()))
        with _served(
            servers.database_url("cst_web", name),
            application="tests.browser.clock",
            CLOCK_FILE=str(clock),
        ) as url:
            desk = Desk(browser, url, people, places)
            if WRITES:
                # When somebody signed in last stands on a page.
                for page in PAGES.values():
                    desk.seat(page.who)
            yield desk
            desk.close()


class Desk:
    def __init__(self, browser, url: str, people: dict[str, str], places: dict[str, object]):
        self.browser, self.url, self.people, self.places = browser, url, people, places
        self.seats = {}
        # What is done to the style on its way.
        self.alter = str

    def seat(self, who: str):
        """The browser of somebody, signed in the first time."""
        if who not in self.seats:
            context = self.browser.new_context(base_url=self.url)
            context.set_default_timeout(20_000)
            context.route(re.compile(r"\.css"), self._style)
            page = context.new_page()
            if who == "invited":
                page.goto(f"/invitation/{self.places['key']}/")
            elif who != "nobody":
                page.goto("/sign-in/")
                with_password(page, self.people[who])
            self.seats[who] = page
        return self.seats[who]

    def _style(self, route) -> None:
        served = route.fetch()
        style = self.alter(f'{served.text()} :root {{ --font: "{FONT}"; }}')
        route.fulfill(response=served, body=style)

    def open(self, name: str, language: str = "nl"):
        asked = PAGES[name]
        page = self.seat(asked.who)
        page.context.add_cookies(
            [{"name": settings.LANGUAGE_COOKIE_NAME, "value": language, "url": self.url}]
        )
        address = asked.address.format(**self.places)
        response = page.goto(address)
        assert response.status == 200
        # Nobody was sent somewhere else.
        assert page.url == self.url + address
        assert page.locator("html").get_attribute("lang") == language
        # A digest is another one each time.
        page.locator("main code").evaluate_all("all => all.forEach(e => e.textContent = '…')")
        return page

    def close(self) -> None:
        for page in self.seats.values():
            page.context.close()


def has_font(page) -> bool:
    return page.evaluate(
        """name => {
            const pen = document.createElement("canvas").getContext("2d");
            const width = font => (pen.font = `16px ${font}`, pen.measureText("Willem").width);
            return width(`"${name}", monospace`) !== width("monospace");
        }""",
        FONT,
    )


def seen(page, width: int) -> Image.Image:
    """The whole page at a width, as far down as pictures go, in as few colours as they have."""
    page.set_viewport_size({"width": width, "height": SIZES[width]})
    height = page.evaluate("document.documentElement.scrollHeight")
    clip = {"x": 0, "y": 0, "width": width, "height": min(height, HEIGHT_MAX)}
    shot = page.screenshot(full_page=True, clip=clip, animations="disabled")
    picture = Image.open(BytesIO(shot)).convert("RGB")
    return picture.quantize(COLOURS, method=Image.Quantize.FASTOCTREE)


def _kept(file: Path) -> Image.Image:
    with Image.open(file) as picture:
        picture.load()
        return picture


def coarse(picture: Image.Image) -> Image.Image:
    size = (picture.width // SCALE, picture.height // SCALE)
    return picture.convert("L").resize(size, Image.Resampling.BOX)


def difference(found: Image.Image, kept: Image.Image) -> float:
    """The mean difference, in steps of grey, of what both show."""
    height = min(found.height, kept.height)
    one, other = (coarse(p.crop((0, 0, p.width, height))) for p in (found, kept))
    return ImageStat.Stat(ImageChops.difference(one, other)).mean[0]


def wrong(found: Image.Image, kept: Image.Image) -> str:
    """How a page looks otherwise than it did, if it does."""
    if abs(found.height - kept.height) > TALLER * kept.height:
        return f"{found.height} pixels high, not {kept.height}"
    by = difference(found, kept)
    return f"differs by {by:.1f}" if by > DIFFERENT else ""


@pytest.mark.parametrize("name", PAGES)
def test_a_page_looks_as_it_did(desk, name):
    found = {}
    for language in ("nl", "en") if PAGES[name].english else ("nl",):
        page = desk.open(name, language)
        assert wrong_on(page) == []
        for width in SIZES if language == "nl" else (1280,):
            found[SCREENS / f"{name}-{language}-{width}.png"] = seen(page, width)
    assert has_font(page), f"the pictures are in {FONT}, which make test installs"
    if WRITES:
        SCREENS.mkdir(exist_ok=True)
        for file, shot in found.items():
            shot.save(file, optimize=True)
    told = {file.name: wrong(shot, _kept(file)) for file, shot in found.items()}
    assert {file: what for file, what in told.items() if what} == {}


def test_there_is_no_picture_of_a_page_that_is_not_looked_at():
    known = {
        f"{name}-{language}-{width}.png"
        for name, page in PAGES.items()
        for language, width in [("nl", 1280), ("nl", 320), *[("en", 1280)] * page.english]
    }
    assert {file.name for file in SCREENS.iterdir()} == known


@pytest.mark.parametrize(
    "media",
    [{"color_scheme": "dark"}, {"forced_colors": "active"}, {"contrast": "more"}],
    ids=["in the dark", "in forced colours", "with more contrast"],
)
@pytest.mark.parametrize("name", ["provider-dossier", "agency-dossier", "agency-contract"])
def test_pages_are_readable(desk, name, media):
    page = desk.open(name)
    page.emulate_media(**media)
    found = wrong_on(page)
    page.emulate_media(color_scheme="light", forced_colors="none", contrast="no-preference")
    assert found == []


@pytest.mark.parametrize(
    ("name", "there", "gone"),
    [
        ("provider-dossier", ["h1", ".facts", "#messages", ".timeline"], ["nav", "main button"]),
        ("provider-claims", ["h1", "#now-caption", "#rest-caption"], ["nav", "main button"]),
        (
            "agency-dossier",
            ["h1", "#assessment-caption", ".columns > div > .facts"],
            ["nav", "main button"],
        ),
    ],
)
def test_a_printed_page_tells_all_and_offers_nothing(desk, name, there, gone):
    page = desk.open(name)
    page.emulate_media(media="print")
    shown = {what: page.locator(what).first.is_visible() for what in (*there, *gone)}
    page.emulate_media(media="screen")
    assert shown == {**dict.fromkeys(there, True), **dict.fromkeys(gone, False)}


@pytest.fixture
def altered(desk):
    """A page as it is, and with its style altered."""

    def both(name: str, width: int, alter: Callable[[str], str]):
        kept = seen(desk.open(name), width)
        desk.alter = alter
        return seen(desk.open(name), width), kept

    yield both
    desk.alter = str


@pytest.mark.parametrize("width", SIZES)
@pytest.mark.parametrize("name", ["role", "agency-contracts"])
def test_a_page_without_its_style_is_noticed(altered, name, width):
    assert wrong(*altered(name, width, lambda style: "")) != ""


@pytest.mark.parametrize("name", ["provider-dossier", "agency-dossier"])
def test_columns_that_fell_are_noticed(altered, name):
    fallen = altered(name, 1280, lambda style: style + ".columns { display: block !important }")
    assert wrong(*fallen) != ""


def test_another_figure_is_not_noticed(desk):
    page = desk.open("provider")
    kept = seen(page, 1280)
    page.locator(".kpi dd").evaluate_all("all => all.forEach(dd => dd.textContent = '€ 7,00')")
    found = seen(page, 1280)
    assert found.tobytes() != kept.tobytes()
    assert wrong(found, kept) == ""
