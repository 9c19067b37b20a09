"""The run that is open in the portfolio, from drawn up to settled, by two people in two browsers.

Without JavaScript: no page needs any.
"""

import re

from django.db import transaction

from apps.payouts.models import Run
from apps.payouts.tasks import write_payment_files
from apps.providers.scope import across_providers
from tests.browser.conftest import follow


def test_two_people_pay_the_open_run_in_their_browsers(sign_in):
    officer = sign_in("payments_officer", java_script_enabled=False)
    approver = sign_in("payments_approver", java_script_enabled=False)

    officer.goto("/agency/runs/")
    follow(officer.get_by_role("link", name=re.compile("3e kwartaal 2022")).first)
    assert "6.534,00" in officer.locator("main").inner_text()
    run_path = officer.url
    # The officer checks and can then not approve: no button, and the address itself says no.
    press(officer, "/check/")
    assert officer.locator("form[action$='/approve/']").count() == 0

    approver.goto(run_path)
    assert approver.locator("form[action$='/check/']").count() == 0
    press(approver, "/approve/")
    assert write_payment_files() == 1

    officer.goto(run_path)
    with officer.expect_download() as download:
        officer.locator("a[href$='/file/']").click()
    content = download.value.path().read_text()
    assert '<InstdAmt Ccy="EUR">6534.00</InstdAmt>' in content

    press(officer, "/sent/")
    officer.locator("details:has(form[action$='/settle/']) summary").first.click()
    settle = officer.locator("form[action$='/settle/']")
    settle.locator("input[value=pay]").check()
    follow(settle.locator("button"))

    assert officer.locator("form[action$='/settle/'] input[value=pay]").count() == 0
    with across_providers(), transaction.atomic():
        assert Run.objects.get(quarter="2022-Q3").state == "settled"


def press(page, action: str) -> None:
    follow(page.locator(f"form[action$='{action}'] button").first)
    assert page.locator("[role=alert]").count() == 0, page.locator("main").inner_text()[:300]


def test_a_manager_sees_budget_and_dossiers_and_why_a_tranche_is_not_paid_yet(sign_in):
    page = sign_in("manager", java_script_enabled=False)

    text = page.locator("main").inner_text()
    # The contract that ended is folded.
    assert "100.000,00" in text
    assert "500.000,00" not in text
    page.locator("summary", has_text="Raamcontract 2021-2024").click()
    assert page.get_by_text("500.000,00").first.is_visible()
    assert "TOREON-2021-001" in text
    follow(page.get_by_role("link", name="TOREON-2021-001").first)
    assert page.locator("ol.timeline li").count() >= 5


def test_someone_elses_address_is_not_there(sign_in):
    page = sign_in("manager")

    assert page.goto("/p/netcure/").status == 404
    assert page.goto("/agency/").status == 404


def test_the_answer_can_be_asked_as_of_a_day_and_downloaded(sign_in):
    page = sign_in("reporting_officer")
    page.goto("/agency/answer/")
    page.locator("input[name=as_of]").fill("01/04/2022")
    follow(page.locator("main form button").first)

    text = page.locator("main").inner_text()
    assert "935.757,61" in text
    assert "373.733,00" in text
    with page.expect_download() as download:
        page.locator("a[href*='workbook']").click()
    assert download.value.path().read_bytes()[:2] == b"PK"


def test_the_language_is_switched_and_kept(sign_in):
    page = sign_in("manager")
    follow(page.get_by_role("button", name="English"))

    assert page.locator("html").get_attribute("lang") == "en"
    page.goto("/p/toreon/")
    assert page.locator("html").get_attribute("lang") == "en"


def test_the_language_can_be_switched_where_a_form_was_not_filled_in(sign_in):
    page = sign_in("controller", java_script_enabled=False)
    page.goto("/agency/?state=in_delivery")
    follow(page.locator("tbody th a").first)
    page.locator("details:has(form[action$='/stop/']) summary").first.click()
    follow(page.locator("form[action$='/stop/'] button"))
    assert page.locator("[role=alert]").count() == 1

    follow(page.get_by_role("button", name="English"))

    assert page.locator("html").get_attribute("lang") == "en"
    assert page.get_by_text("Stop the dossier").count() == 1


def test_looking_at_where_a_form_goes_shows_its_page(sign_in):
    page = sign_in("controller")
    page.goto("/agency/?state=in_delivery")
    follow(page.locator("tbody th a").first)
    dossier = page.url

    assert page.goto(f"{dossier}stop/").status == 200
    assert page.url == dossier


def test_a_dossier_is_found_by_how_its_name_or_number_begins(sign_in):
    page = sign_in("reviewer")
    page.goto("/agency/?named=toreon-2021-00")
    found = page.locator("tbody th").all_inner_texts()
    assert found
    assert all(name.startswith("TOREON-2021-00") for name in found)

    page.goto("/agency/?named=niemand+heet+zo")
    assert page.locator("tbody tr").count() == 0


def test_a_day_to_come_is_no_day_to_answer_for(sign_in):
    page = sign_in("auditor")

    assert page.goto("/agency/answer/?as_of=01/01/2099").status == 422
    assert "ligt in de toekomst" in page.locator("[role=alert]").inner_text()


def test_what_was_typed_is_kept_when_the_programme_refuses(sign_in):
    page = sign_in("coach", java_script_enabled=False)
    follow(page.get_by_role("link", name="TOREON-2022-001").first)
    follow(page.get_by_role("link", name="Maak de prestatiestaat"))
    quarter = page.locator("select[name=quarter] option").last.get_attribute("value")
    page.locator("select[name=quarter]").select_option(quarter)
    typed = {
        "analysis_person_days": "12,5",
        "analysis_amount": "99.999,50",
        "plan_person_days": "0",
    }
    for name, value in {**typed, "plan_amount": "0", "guidance_person_days": "0"}.items():
        page.locator(f"[name={name}]").fill(value)
    page.locator("[name=guidance_amount]").fill("0")
    follow(page.locator("button[value=file]"))

    def stands() -> None:
        assert page.locator("[role=alert]").count() == 1
        assert page.locator("select[name=quarter]").input_value() == quarter
        for name, value in typed.items():
            assert page.locator(f"[name={name}]").input_value() == value

    stands()
    # Also after Back, and when it is loaded once more: nothing is sent again for that.
    page.goto("/p/toreon/")
    assert page.go_back().status == 422
    stands()
    page.reload()
    stands()
