"""A coach prepares a dossier from the first field to the receipt, on any screen."""

import re

import pytest
from django.utils import timezone

from cstraject.quarter import day_of
from tests import factories as make
from tests.browser.conftest import follow, is_sound

TODAY = day_of(timezone.now())


def fill(page, **typed):
    for name, value in typed.items():
        page.locator(f"main [name={name}]").fill(value)


def choose(page, **chosen):
    for name, value in chosen.items():
        page.locator(f"main [name={name}][value={value}]").check()


def go_on(page):
    is_sound(page)
    follow(page.locator("main button[value=next]:visible"))


def a_file(kind: str) -> dict[str, object]:
    return {
        "name": f"{kind}.pdf",
        "mimeType": "application/pdf",
        "buffer": make.pdf(kind.encode()),
    }


@pytest.mark.parametrize(
    ("language", "width", "number", "figures"),
    [
        ("nl", 1280, 4_650, ("12,5", "1.500.000", "30.000,00")),
        ("en", 320, 4_651, ("12.5", "1,500,000", "30,000.00")),
    ],
)
def test_a_coach_prepares_a_dossier_and_files_it(sign_in, language, width, number, figures):
    size = {"viewport": {"width": width, "height": 900}}
    # axe is a script: what it looks at, works without any.
    page = sign_in("coach", language, **size)
    headcount, turnover, price = figures
    follow(page.get_by_role("button", name=re.compile("Nieuw dossier|New dossier")))
    page.wait_for_url("**/enterprise/")
    is_sound(page)

    # What is wrong is kept and told, and leads to its field.
    fill(page, number="1999.000.151", name="Voorbeeld Browser bv", postal_code="9000")
    go_on(page)
    assert page.locator(".error-summary a").count() == 3
    assert page.locator("[name=name]").input_value() == "Voorbeeld Browser bv"
    fill(page, number=make.enterprise_number(number), nace_code="62010", public_share_pct="0")
    page.locator("[name=legal_form]").select_option("bv")
    go_on(page)

    page.wait_for_url("**/figures/")
    page.locator("[name=year]").select_option(str(TODAY.year - 1))
    fill(page, headcount=headcount, turnover=turnover, balance_total=turnover, equity=turnover)
    fill(page, headcount_before=headcount, turnover_before=turnover, balance_total_before=turnover)
    fill(page, accounts_source="jaarrekening")
    choose(page, related="yes")
    fill(page, r1_name="Voorbeeldfamilie", r1_pct="100")
    page.locator("[name=r1_kind]").select_option("natural_person")
    go_on(page)

    page.wait_for_url("**/aid/")
    choose(page, aid="no", same_costs="no", tied="no")
    go_on(page)

    page.wait_for_url("**/offer/")
    page.locator("[name=package]").select_option("basis")
    fill(page, price=price, person_days="25")
    follow(page.locator("button[value=save]"))
    assert page.locator("dl.facts").inner_text().count("€") == 7
    go_on(page)

    page.wait_for_url("**/documents/")
    page.locator("[name=offer]").set_input_files(
        {"name": "offer.pdf", "mimeType": "application/pdf", "buffer": b"<html></html>"}
    )
    page.locator("[name=declaration]").set_input_files(a_file("declaration"))
    for name in ("sme_status", "legal_form", "de_minimis", "main_activity"):
        page.locator(f"[name=declarations][value={name}]").check()
    fill(page, declared_on=f"{TODAY:%d/%m/%Y}")
    go_on(page)
    # One file is refused; the other, and all that was typed, is there.
    assert page.locator(".error-summary a").count() == 1
    assert "declaration.pdf" in page.locator("main").inner_text()
    assert page.locator("[name=declared_on]").input_value() == f"{TODAY:%d/%m/%Y}"
    page.locator("[name=offer]").set_input_files(a_file("offer"))
    go_on(page)

    page.wait_for_url("**/check/")
    is_sound(page)
    follow(page.locator("form[action$='/file/'] button"))
    page.wait_for_url("**/dossiers/**")
    is_sound(page)
    assert "Voorbeeld Browser bv" in page.locator("h1").inner_text()
    filed = page.url
    # Back: what was filed is not there to be filed again.
    page.go_back()
    page.wait_for_url(filed)
    with page.expect_download() as download:
        page.get_by_role("link", name="offer.pdf").click()
    assert download.value.path().read_bytes() == make.pdf(b"offer")


def test_a_file_of_any_size_is_told_at_its_field_and_the_rest_is_kept(sign_in, tmp_path):
    """A gigabyte is sent, and ten megabytes of it are kept for the length of the request."""
    page = sign_in("coach", "nl")
    page.set_default_timeout(120_000)
    follow(page.get_by_role("button", name="Nieuw dossier"))
    page.goto(page.url.replace("/enterprise/", "/documents/"))
    huge = tmp_path / "scan.pdf"
    with huge.open("wb") as file:
        file.write(b"%PDF-1.7")
        file.truncate(1024**3)
    page.locator("[name=offer]").set_input_files(huge)
    page.locator("[name=declaration]").set_input_files(a_file("declaration"))
    page.locator("[name=declared_on]").fill("01/02/2026")
    with page.expect_navigation(timeout=120_000):
        page.locator("button[value=save]").click()
    told = page.locator("main").inner_text()
    assert "De ondertekende offerte: Dit bestand is te groot" in told
    assert "declaration.pdf" in told
    assert page.locator("[name=declared_on]").input_value() == "01/02/2026"


def test_every_step_works_by_keyboard_and_without_scripts(sign_in):
    page = sign_in("manager", "nl", java_script_enabled=False)
    page.get_by_role("button", name="Nieuw dossier").focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    page.wait_for_url("**/enterprise/")
    page.locator("[name=name]").focus()
    page.keyboard.type("Voorbeeld Toetsenbord bv")
    # Enter saves and goes on; here something is missing, so it stays and says what.
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.locator(".error-summary a").count() >= 3
    assert page.locator("[name=name]").input_value() == "Voorbeeld Toetsenbord bv"
    page.goto("/p/toreon/")
    assert page.get_by_role("link", name="Voorbeeld Toetsenbord bv").count() == 1
