"""A whole quarter by five people, each in a browser of their own: from a draft to paid.

Once by mouse, where every page is held against WCAG 2.2 AA and its policy; once by keyboard alone
and without scripts.
"""

import re
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from django.db import transaction
from django.utils import timezone

from apps.dossiers.models import Dossier
from apps.dossiers.tasks import assess_submitted, write_letters
from apps.payouts.models import Payment
from apps.payouts.tasks import write_payment_files
from apps.providers.scope import across_providers
from tests import factories as make
from tests.browser.conftest import (
    Site,
    _people,
    _served,
    follow,
    is_sound,
    with_password,
)
from tests.conftest import own_database, using


@dataclass
class Clock:
    """What time it is at the site, and here for what runs by itself."""

    file: object
    patch: pytest.MonkeyPatch

    def __post_init__(self):
        self.real = timezone.now
        self.set(datetime(2026, 8, 20, 9, tzinfo=UTC))

    def set(self, at: datetime) -> None:
        ahead = (at - self.real()).total_seconds()
        self.file.write_text(str(ahead))
        self.patch.setattr(timezone, "now", lambda: at)


@pytest.fixture
def quarter(servers, portfolio_template, django_db_blocker, tmp_path, monkeypatch, settings):
    with own_database(servers, portfolio_template, django_db_blocker) as name:
        make.add_edition_of_2026()
        people = _people()
        clock = Clock(tmp_path / "clock", monkeypatch)
        url = servers.database_url("cst_web", name)
        # What is written here by itself, is read there.
        folder = str(tmp_path / "documents")
        settings.STORAGES = {
            **settings.STORAGES,
            "default": {
                "BACKEND": "django.core.files.storage.FileSystemStorage",
                "OPTIONS": {"location": folder},
            },
        }
        with _served(
            url,
            application="tests.browser.clock",
            CLOCK_FILE=str(tmp_path / "clock"),
            TEST_DOCUMENTS_DIR=folder,
        ) as address:
            yield Site(address, people, name), clock


class Mouse:
    """Looks at each page with all its rules, and clicks."""

    scripts = True

    def press(self, way) -> None:
        is_sound(way.page)
        follow(way)

    def open(self, summary) -> None:
        summary.click()

    def type(self, field, text: str) -> None:
        field.fill(text)

    def tick(self, field) -> None:
        field.check()

    def choose(self, field, value: str) -> None:
        field.select_option(value)


class Keyboard:
    """Without scripts and without a mouse: what cannot be reached and used by keys, fails."""

    scripts = False

    def press(self, way) -> None:
        way.focus()
        with way.page.expect_navigation():
            way.page.keyboard.press("Enter")

    def open(self, summary) -> None:
        summary.focus()
        summary.page.keyboard.press("Enter")

    def type(self, field, text: str) -> None:
        field.focus()
        field.page.keyboard.press("Control+a")
        field.page.keyboard.press("Delete")
        field.page.keyboard.type(text)

    def tick(self, field) -> None:
        field.focus()
        field.page.keyboard.press("Space")
        assert field.is_checked()

    def choose(self, field, value: str) -> None:
        words = field.locator(f"option[value='{value}']").inner_text()
        field.focus()
        field.page.keyboard.type(words)
        assert field.input_value() == value


@pytest.mark.parametrize("hands", [Mouse(), Keyboard()], ids=["mouse", "keyboard"])
def test_a_quarter_from_draft_to_settled_payment(quarter, visit, hands):
    site, clock = quarter

    @contextmanager
    def acting(role: str):
        """Somebody comes, does something, and goes."""
        size = {"viewport": {"width": 1280, "height": 900}}
        page = visit(site.url, "nl", java_script_enabled=hands.scripts, **size)
        with_password(page, site.people[role])
        page.wait_for_url(lambda url: "/sign-in/" not in url)
        yield page
        page.context.close()

    def run(task) -> None:
        with using(site.database):
            task()

    number = 4_660 + hands.scripts
    with acting("coach") as coach:
        reference = prepare_and_file(coach, hands, make.enterprise_number(number))
    run(assess_submitted)

    clock.set(datetime(2026, 8, 21, 9, tzinfo=UTC))
    with acting("reviewer") as reviewer:
        hands.press(reviewer.get_by_role("link", name=re.compile("Te doen")))
        hands.press(reviewer.get_by_role("button", name=f"Neem dossier {reference}"))
        hands.press(reviewer.get_by_role("link", name=reference))
        hands.type(reviewer.locator("[name=text]"), "Bezorg de lijst van uw systemen.")
        hands.tick(reviewer.locator("[name=asks]"))
        hands.press(reviewer.get_by_role("button", name="Stuur naar de dienstverlener"))
        assert "staat stil sinds 21/08/2026" in reviewer.locator("main").inner_text()
    clock.set(datetime(2026, 8, 24, 9, tzinfo=UTC))
    with acting("coach") as coach:
        waits = coach.get_by_role("table", name="Wat er op u wacht")
        hands.press(waits.get_by_role("link", name=reference))
        hands.type(coach.locator("[name=text]"), "In bijlage.")
        coach.locator("[name=document]").set_input_files(a_file("systemen"))
        hands.press(coach.get_by_role("button", name="Stuur naar VLAIO"))
    with acting("reviewer") as reviewer:
        hands.press(reviewer.get_by_role("link", name=re.compile("Te doen")))
        hands.choose(reviewer.locator("[name=whose]"), "mine")
        hands.press(reviewer.get_by_role("button", name="Tonen"))
        hands.press(reviewer.get_by_role("link", name=reference).first)
        # Filed on the 20th, thirty days, three of which the clock stood still.
        assert "Beslis tegen 22/09/2026" in reviewer.locator("main").inner_text()
        hands.press(reviewer.get_by_role("button", name="Geen antwoord nodig"))
        while (
            open_ones := reviewer.locator("summary", has_text=re.compile("^Beoordelen"))
        ).count():
            hands.open(open_ones.first)
            form = reviewer.locator("details[open] form").first
            hands.tick(form.locator("[name=outcome][value=met]"))
            hands.type(form.locator("[name=reason]"), "Nagekeken.")
            hands.press(form.get_by_role("button"))
        assert "€ 16.335,00" in reviewer.locator("main").inner_text().replace("\u00a0", " ")
        hands.press(reviewer.locator("form[action$='/approve/'] button"))
    run(write_letters)
    with acting("coach") as coach:
        hands.press(coach.get_by_role("link", name=reference).first)
        with coach.expect_download() as letter:
            coach.get_by_role("link", name=f"{reference}-beslissing.pdf").click()
        assert letter.value.path().read_bytes().startswith(b"%PDF")
        hands.type(coach.locator("#start_on"), "24/08/2026")
        hands.press(coach.get_by_role("button", name="Leg de start vast"))

    clock.set(datetime(2026, 10, 5, 9, tzinfo=UTC))
    with acting("coach") as coach:
        hands.press(coach.get_by_role("link", name=reference).first)
        hands.press(coach.get_by_role("link", name="Maak de prestatiestaat"))
        hands.choose(coach.locator("[name=quarter]"), "2026-Q3")
        typed = {
            "analysis_person_days": "8",
            "analysis_amount": "9.000",
            "plan_person_days": "4",
            "plan_amount": "5.000,50",
            "guidance_person_days": "4",
            "guidance_amount": "4.000",
        }
        for name, value in typed.items():
            hands.type(coach.locator(f"[name={name}]"), value)
        hands.press(coach.locator("button[value=look]:visible"))
        assert "18.000,50" in coach.get_by_role("table").inner_text()
        hands.press(coach.locator("button[value=file]"))
    with acting("manager") as manager:
        hands.press(manager.get_by_role("link", name=re.compile("Uitbetalingsaanvragen")))
        assert "€ 9.801,00" in manager.locator("main").inner_text().replace("\u00a0", " ")
        hands.press(manager.get_by_role("button", name="Vraag aan wat aangevinkt is"))
        assert "1 aanvraag is ingediend" in manager.get_by_role("status").inner_text()
    with acting("reviewer") as reviewer:
        hands.press(reviewer.get_by_role("link", name=re.compile("Te doen")))
        hands.choose(reviewer.locator("[name=kind]"), "claim")
        hands.press(reviewer.get_by_role("button", name="Tonen"))
        hands.press(reviewer.get_by_role("link", name=reference))
        hands.press(reviewer.locator("form[action$='/verify/'] button"))

    clock.set(datetime(2026, 10, 20, 9, tzinfo=UTC))
    with acting("payments_officer") as officer:
        hands.press(officer.get_by_role("link", name=re.compile("Kwartaalruns")))
        hands.choose(officer.locator("#id_quarter"), "2026-Q3")
        hands.press(officer.get_by_role("button", name="Kwartaalrun opmaken"))
        assert reference in officer.locator("main").inner_text()
        hands.press(officer.locator("form[action$='/check/'] button"))
        run_page = officer.url
    with acting("payments_approver") as approver:
        approver.goto(run_page)
        hands.press(approver.locator("form[action$='/approve/'] button"))
    run(write_payment_files)
    with acting("payments_officer") as officer:
        officer.goto(run_page)
        with officer.expect_download() as file:
            officer.locator("a[href$='/file/']").click()
        assert b"9801.00" in file.value.path().read_bytes()
        hands.press(officer.locator("form[action$='/sent/'] button"))
        hands.open(officer.locator("details:has(form[action$='/settle/']) summary").first)
        settle = officer.locator("form[action$='/settle/']").first
        hands.tick(settle.locator("input[value=pay]"))
        hands.press(settle.locator("button"))

    with acting("coach") as coach:
        hands.press(coach.get_by_role("link", name=reference).first)
        assert "Betaald op 20/10/2026" in coach.get_by_role("table", name="Schijven").inner_text()
    with using(site.database), across_providers(), transaction.atomic():
        dossier = Dossier.objects.get(reference=reference)
        paid = Payment.objects.get(run__quarter="2026-Q3", provider=dossier.provider)
        assert (paid.state, str(paid.amount)) == ("paid", "9801.00")


def a_file(name: str) -> dict[str, object]:
    content = make.pdf(name.encode())
    return {"name": f"{name}.pdf", "mimeType": "application/pdf", "buffer": content}


def prepare_and_file(page, hands, number: str) -> str:
    """From the first field to the receipt; the reference that it was given."""
    hands.press(page.get_by_role("button", name="Nieuw dossier"))
    onwards = page.locator("main button[value=next]:visible")
    for name, value in {
        "number": number,
        "name": f"Voorbeeld Kwartaal {number[:7]} bv",
        "postal_code": "9000",
        "nace_code": "62010",
        "public_share_pct": "0",
    }.items():
        hands.type(page.locator(f"main [name={name}]"), value)
    hands.choose(page.locator("[name=legal_form]"), "bv")
    hands.press(onwards)
    hands.choose(page.locator("[name=year]"), "2025")
    hands.tick(page.locator("[name=related][value=no]"))
    for name, value in {
        "headcount": "12,5",
        "turnover": "1.500.000",
        "balance_total": "900.000",
        "headcount_before": "12",
        "turnover_before": "1.400.000",
        "balance_total_before": "850.000",
        "equity": "60.000",
        "accounts_source": "jaarrekening 2025",
    }.items():
        hands.type(page.locator(f"main [name={name}]"), value)
    hands.press(onwards)
    hands.tick(page.locator("[name=aid][value=no]"))
    hands.tick(page.locator("[name=same_costs][value=no]"))
    hands.tick(page.locator("[name=tied][value=no]"))
    hands.press(onwards)
    hands.choose(page.locator("[name=package]"), "basis")
    hands.type(page.locator("main [name=price]"), "30.000")
    hands.type(page.locator("main [name=person_days]"), "25")
    hands.press(onwards)
    for kind in ("offer", "declaration"):
        page.locator(f"[name={kind}]").set_input_files(a_file(f"{kind}-{number}"))
    for name in ("sme_status", "legal_form", "de_minimis", "main_activity"):
        hands.tick(page.locator(f"[name=declarations][value={name}]"))
    hands.type(page.locator("[name=declared_on]"), "20/08/2026")
    hands.press(onwards)
    hands.press(page.locator("form[action$='/file/'] button"))
    return re.search(r"TOREON-2026-\d+", page.locator("main").inner_text())[0]
