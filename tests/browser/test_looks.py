"""How pages look, against a baseline: coarse, so that another font or figure is no difference and
a style that is gone, a column that fell or a colour that changed is.

Anew after a change that is meant: `LOOKS=write pytest tests/browser/test_looks.py`; look at them.
"""

import os
import re
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat

LOOKS = Path(__file__).parent / "looks"
SIZES = {1280: (1280, 880), 320: (320, 640)}
# A pixel of the baseline stands for a square of so many; two may differ by so much on average.
SCALE = 16
DIFFERENT = 9.0

PAGES = {
    "pre-check": ("", "/pre-check/"),
    "overview": ("manager", "/p/toreon/"),
    "claims": ("manager", "/p/toreon/claims/"),
    "work": ("reviewer", "/agency/work/"),
    "dossiers": ("reviewer", "/agency/?state=completed"),
    "dossier": ("reviewer", "TOREON-2021-001"),
    "contracts": ("payments_officer", "/agency/contracts/"),
    "run": ("payments_officer", "/agency/runs/"),
    "answer": ("reporting_officer", "/agency/answer/?as_of=01/04/2022"),
    "editions": ("administrator", "/agency/editions/"),
}


def seen(page, width: int) -> Image.Image:
    """What a screen shows first, in grey, small."""
    page.set_viewport_size(dict(zip(("width", "height"), SIZES[width], strict=True)))
    page.evaluate("window.scrollTo(0, 0)")
    shot = Image.open(BytesIO(page.screenshot())).convert("L")
    return shot.resize((shot.width // SCALE, shot.height // SCALE), Image.Resampling.BOX)


def difference(one: Image.Image, other: Image.Image) -> float:
    """The mean difference of two pictures of one size, in steps of grey."""
    return ImageStat.Stat(ImageChops.difference(one, other)).mean[0]


@pytest.fixture
def opened(site, visit, sign_in):
    def go(name: str):
        role, address = PAGES[name]
        page = sign_in(role) if role else visit(site.url)
        if address.startswith("/"):
            page.goto(address)
        else:
            page.goto(f"/agency/?named={address}")
            page.goto(page.get_by_role("link", name=address).get_attribute("href"))
        if name == "run":
            link = page.get_by_role("link", name=re.compile("1e kwartaal 2022")).first
            page.goto(link.get_attribute("href"))
        return page

    return go


@pytest.mark.parametrize("name", PAGES)
def test_a_page_looks_as_it_did(opened, name):
    page = opened(name)
    for width in SIZES:
        found, kept = seen(page, width), LOOKS / f"{name}-{width}.png"
        if os.environ.get("LOOKS") == "write":
            LOOKS.mkdir(exist_ok=True)
            found.save(kept, optimize=True)
        by = difference(found, Image.open(kept))
        assert by <= DIFFERENT, f"{name} at {width} differs by {by:.1f}"


def test_a_page_without_its_style_would_be_noticed(opened):
    page = opened("contracts")
    page.route("**/*.css", lambda route: route.abort())
    page.reload()
    for width in SIZES:
        assert (
            difference(seen(page, width), Image.open(LOOKS / f"contracts-{width}.png")) > DIFFERENT
        )
