"""Every page that a person can reach by its links, in both languages: accessible, within its
policy, and on a phone without sideways scrolling."""

import re
from urllib.parse import urldefrag, urlparse

import pytest

from cstraject.roles import AGENCY_ROLES, PROVIDER_ROLES
from tests.browser.conftest import follow, is_sound, with_password, wrong_on

PAGES_MAX = 80
# Who sees most is looked at in English too.
IN_ENGLISH = ("manager", "reviewer", "payments_officer", "administrator")
# So many pages each sees at least.
VISITED_MIN = {
    **dict.fromkeys(("reviewer", "controller", "payments_officer", "payments_approver"), 35),
    "auditor": 35,
    "administrator": 12,
    "reporting_officer": 8,
    "guest": 12,
    **dict.fromkeys(PROVIDER_ROLES, 11),
}
# By language: what somebody's pages were like that were looked at already.
LOOKED_AT = {"nl": set(), "en": set()}
ON_IT = """() => ({
    links: [...document.querySelectorAll("a[href]")].map(a => a.href),
    deeds: [...document.querySelectorAll("form, button, [type=submit]")].map(
        e => e.tagName === "FORM" ? new URL(e.action).pathname : `${e.name}=${e.value}`),
})"""


def shape(path: str) -> str:
    """Pages that differ only in which dossier, run or answer they show look alike."""
    path, _, query = path.partition("?")
    asked = sorted(part.partition("=")[0] for part in query.split("&"))
    return "/".join("…" if len(part) == 36 else part for part in path.split("/")) + str(asked)


def pages_of(page, start: str, alike: int):
    """Follow the links from a page, so many of each look; each with the deeds that it offers."""
    waiting, seen, shapes = [start], set(), {}
    while waiting:
        path = waiting.pop(0)
        if path in seen or shapes.get(shape(path), 0) >= alike:
            continue
        assert len(seen) < PAGES_MAX, "there are more pages than are looked at"
        response = page.goto(path)
        if response is None or "text/html" not in response.headers.get("content-type", ""):
            continue
        seen.add(path)
        shapes[shape(path)] = shapes.get(shape(path), 0) + 1
        assert response.status == 200, path
        found = page.evaluate(ON_IT)
        yield path, frozenset(shape(deed) for deed in found["deeds"])
        for link in found["links"]:
            target = urlparse(urldefrag(link).url)
            ours = target.netloc == urlparse(page.url).netloc and not is_download(target.path)
            if ours and "file=" not in target.query:
                waiting.append(target.path + (f"?{target.query}" if target.query else ""))


def is_download(path: str) -> bool:
    kept = r"/(file|workbook|json|xlsx|csv|document)/$|/dossiers/[^/]+/documents/"
    return re.search(kept, path) is not None


@pytest.mark.parametrize(
    ("role", "language"),
    [
        *((role, "nl") for role in (*PROVIDER_ROLES, *AGENCY_ROLES)),
        *((role, "en") for role in IN_ENGLISH),
    ],
)
def test_every_page_is_accessible_within_its_policy_and_fits_a_phone(sign_in, role, language):
    """Every role goes everywhere; what looks as another one saw it is not measured again."""
    page = sign_in(role, language)
    start = urlparse(page.url).path
    visited = 0
    # The first sees a page with other figures as well; who comes later, other words or forms.
    alike = 2 if (role, language) == ("manager", "nl") else 1
    for path, deeds in pages_of(page, start, alike):
        visited += 1
        assert page.locator("html").get_attribute("lang") == language, path
        assert page.locator("h1").count() == 1, path
        if alike == 1 and (shape(path), deeds) in LOOKED_AT[language]:
            continue
        LOOKED_AT[language].add((shape(path), deeds))
        assert wrong_on(page) == [], path
        page.set_viewport_size({"width": 320, "height": 640})
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 320, (path, width)
        page.set_viewport_size({"width": 1280, "height": 800})

    assert [report for report in page.reports if "favicon" not in report] == []
    assert visited >= VISITED_MIN[role]


def test_the_sign_in_is_accessible_and_says_what_is_wrong(site, visit):
    page = visit(site.url)
    is_sound(page)
    with_password(page, "iemand@voorbeeld.example", "verkeerd")
    is_sound(page)
    assert page.locator("[role=alert]").count() >= 1
    assert page.locator("input[name=login]").input_value() == "iemand@voorbeeld.example"


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("width", [320, 1280])
def test_the_pre_check_answers_without_an_account(site, visit, language, width):
    page = visit(site.url, language, viewport={"width": width, "height": 800})
    follow(page.locator("main a[href='/pre-check/']"))
    is_sound(page)
    # Enter checks; it does not look up. What is wrong is told, and leads to its field.
    page.locator("[name=number]").fill("0428.315.872")
    with page.expect_navigation():
        page.locator("[name=number]").press("Enter")
    assert page.locator(".error-summary a").count() >= 5
    is_sound(page)
    page.locator(".error-summary a").first.click()
    assert page.evaluate("document.activeElement.name") == "number"
    assert page.locator("[name=number]").input_value() == "0428.315.872"

    page.locator("[name=number]").fill("0428.315.871")
    follow(page.locator("main [name=deed][value=look-up]"))
    assert page.locator("[role=status]").count() == 1
    is_sound(page)
    page.locator("[name=legal_form]").select_option("bv")
    for name, value in (("postal_code", "9000"), ("headcount", "12"), ("turnover", "1000000")):
        page.locator(f"[name={name}]").fill(value)
    # What an answer does not ask for is not there.
    assert not page.locator("[name=r1_name]").is_visible()
    assert not page.locator("[name=aid1_on]").is_visible()
    for name, value in (("related", "yes"), ("negative_equity", "no"), ("aid", "yes")):
        page.locator(f"[name={name}][value={value}]").check()
    page.locator("[name=r1_name]").fill("Voorbeeld <b>Holding</b>")
    page.locator("[name=r1_pct]").fill("60")
    page.locator("[name=aid1_on]").fill("1/2/2025")
    page.locator("[name=aid1_amount]").fill("12.500")
    page.locator("[name=package]").select_option("basis")
    page.locator("[name=price]").fill("30.000")
    is_sound(page)
    follow(page.locator("main [name=deed][value=check]").last)

    assert page.locator("[role=status]").count() == 1
    assert "19.965,00" in page.content() or "19,965.00" in page.content()
    is_sound(page)
    with page.expect_download() as download:
        page.locator("[name=deed][value=carry]").click()
    called = {"nl": "voorcontrole.json", "en": "pre-check.json"}[language]
    assert download.value.suggested_filename == called
    assert page.locator("html").get_attribute("lang") == language
    assert [report for report in page.reports if "422" not in report] == []


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_pages_are_readable_in_the_dark(sign_in, scheme):
    for role, path in (("manager", "/p/toreon/"), ("payments_officer", "/agency/runs/")):
        page = sign_in(role, color_scheme=scheme)
        page.goto(path)
        assert wrong_on(page) == []


def test_axe_would_notice(sign_in):
    page = sign_in("manager")
    page.evaluate("document.querySelector('main').innerHTML = '<img src=x><input>'")

    assert any("image-alt" in report for report in wrong_on(page))


def test_the_policy_lets_no_script_of_a_page_run(sign_in):
    page = sign_in("manager")
    page.evaluate(
        "() => { const s = document.createElement('script'); s.textContent = 'window.ran = 1';"
        " document.body.append(s); }"
    )

    assert page.evaluate("window.ran") is None
    assert any("Content Security Policy" in report for report in page.reports)


def test_the_forms_that_correct_facts_are_accessible_and_fit_a_phone(sign_in):
    """All of them open, and again with what is wrong summed up above."""
    page = sign_in("reviewer", "nl")
    page.goto("/agency/?state=submitted")
    follow(page.get_by_role("link", name=re.compile("TOREON-2024")).first)
    page.goto(f"{page.url}facts/")
    for wrong in (False, True):
        if wrong:
            follow(page.get_by_role("button", name="Verbeter en beoordeel opnieuw"))
            page.get_by_role("link", name=re.compile("^Wat verandert: ")).click()
            assert page.locator("#change_change").evaluate("e => e === document.activeElement")
        page.locator("details").evaluate_all("all => all.forEach(one => one.open = true)")
        assert wrong_on(page) == []
        page.set_viewport_size({"width": 320, "height": 640})
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        page.set_viewport_size({"width": 1280, "height": 800})


def test_an_amount_and_a_word_of_the_menu_stay_on_one_line(sign_in):
    page = sign_in("payments_officer")
    page.goto("/agency/contracts/")
    page.locator(".kpi dd").evaluate_all(
        "all => all.forEach(one => one.textContent = '€\\u00a01.234.567.890,12')"
    )
    lines = (
        "all => all.map(one =>"
        " Math.round(one.clientHeight / parseFloat(getComputedStyle(one).lineHeight)))"
    )
    for width in (320, 700, 1000, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        assert set(page.locator(".kpi dd").evaluate_all(lines)) == {1}, width
        spills = "all => all.filter(one => one.scrollWidth > one.clientWidth).length"
        assert page.locator(".kpi").evaluate_all(spills) == 0, width
        rows = "all => all.map(one => one.getClientRects().length)"
        assert set(page.locator(".nav li").evaluate_all(rows)) == {1}, width


@pytest.mark.parametrize(
    ("role", "list_of", "link", "tables"),
    [
        # A dossier with claims, statements and tranches.
        ("reviewer", "/agency/?state=completed", "TOREON-", 3),
        ("reviewer", "/agency/", None, 1),
        ("manager", "/p/toreon/", None, 1),
        ("manager", "/p/toreon/?state=completed", "TOREON-", 3),
        ("payments_officer", "/agency/contracts/", None, 1),
        ("payments_officer", "/agency/contracts/", "Toreon", 2),
        ("payments_officer", "/agency/runs/", None, 1),
        ("payments_officer", "/agency/runs/", "2022", 3),
    ],
)
def test_tables_do_not_scroll_sideways_on_a_phone(sign_in, role, list_of, link, tables):
    page = sign_in(role)
    page.goto(list_of)
    if link:
        follow(page.locator("tbody th").get_by_role("link", name=re.compile(link)).first)
    page.set_viewport_size({"width": 320, "height": 640})
    page.locator("details").evaluate_all("all => all.forEach(one => one.open = true)")
    assert page.locator(".table-scroll").count() >= tables
    wide = "all => all.filter(one => one.scrollWidth > one.clientWidth).map(one => one.textContent)"
    assert page.locator(".table-scroll").evaluate_all(wide) == []
    assert (
        page.locator("td[data-label]")
        .first.evaluate("cell => getComputedStyle(cell, '::before').content")
        .startswith('"')
    )
    assert wrong_on(page) == []


def test_a_list_can_be_sorted_on_a_phone(sign_in):
    page = sign_in("reviewer", viewport={"width": 320, "height": 640})
    page.goto("/agency/")
    follow(page.locator("thead").get_by_role("link", name="Onderneming"))
    assert page.locator("[aria-sort=ascending]").inner_text().startswith("Onderneming")


def test_documents_stand_beside_the_assessment_where_there_is_room(sign_in):
    page = sign_in("reviewer")
    page.goto("/agency/?state=submitted")
    follow(page.get_by_role("link", name=re.compile("TOREON-2024")).first)
    where = "e => e.getBoundingClientRect().top"
    # Read first the questions, then what they rest on, then what to decide.
    order = page.locator("#assessment-caption, .papers, form[action$='/approve/']")
    assert order.first.get_attribute("id") == "assessment-caption"
    for width, beside in ((1280, True), (1000, False), (320, False)):
        page.set_viewport_size({"width": width, "height": 800})
        table = page.locator("table").filter(has=page.locator("#assessment-caption"))
        bottom = table.evaluate("e => e.getBoundingClientRect().bottom")
        assert (page.locator(".papers").evaluate(where) < bottom) is beside, width
        is_sound(page)
