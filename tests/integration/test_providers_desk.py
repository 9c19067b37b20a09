"""What a provider reads at its desk is true, said once, and nothing that it filed gets lost."""

from datetime import UTC, datetime

import lxml.html
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from apps.claims.end_reports import send_back_end_report
from apps.claims.models import EndReport
from apps.contracts.models import Contract
from apps.providers.scope import across_providers
from tests import factories as make

APRIL = datetime(2022, 4, 5, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def in_april(clock):
    clock.at = APRIL


@pytest.fixture
def contract(db) -> Contract:
    with across_providers():
        return make.make_contract(make.make_provider("alfa"))


@pytest.fixture
def coach(contract) -> Client:
    return member(contract, "coach")


def member(contract, role: str) -> Client:
    with across_providers():
        person = make.make_member(contract.provider, role)
    client = Client(headers={"accept-language": "nl"})
    make.sign_in(client, person)
    return client


def portal(name, dossier, *more) -> str:
    return reverse(f"portal:{name}", args=["alfa", dossier.pk, *more])


def text_of(answer, xpath: str = "//main") -> str:
    found = lxml.html.fromstring(answer.content.decode()).xpath(xpath)
    return " ".join(" ".join(one.text_content() for one in found).split())


def test_what_a_withdrawal_does_stands_at_the_withdrawal_alone(contract, coach):
    with across_providers():
        dossier = make.approved(contract)
    page = coach.get(portal("dossier", dossier))
    assert text_of(page).count("Dit kan niet ongedaan gemaakt worden") == 1
    write = portal("message-write", dossier)
    assert "ongedaan" not in text_of(page, f"//form[@action='{write}']")


# ---- The end report ------------------------------------------------------------------------------


def signed(name: str = "eindrapport.pdf", content: bytes = b"") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content or make.pdf(b"ondertekend"))


def sent_back(contract, coach):
    """A report with its signed document, sent back."""
    with across_providers():
        dossier = make.completed(contract)
    sent = {**make.REPORT_TYPED, "document": signed()}
    assert coach.post(portal("dossier-end-report", dossier), sent).status_code == 302
    with across_providers():
        send_back_end_report(
            report=EndReport.objects.get(), reason="Meer uitleg.", actor=make.make_user(), at=APRIL
        )
    return dossier


def test_a_corrected_report_keeps_its_signed_document(contract, coach):
    dossier = sent_back(contract, coach)
    address, file = portal("dossier-end-report", dossier), portal("document", dossier, "end_report")
    assert "Ontvangen: eindrapport.pdf. Een ander bestand komt in de plaats." in text_of(
        coach.get(address)
    )
    assert coach.post(address, make.REPORT_TYPED).status_code == 302
    assert coach.get(file).content == make.pdf(b"ondertekend")


def test_another_signed_document_takes_the_place_of_the_first(contract, coach):
    dossier = sent_back(contract, coach)
    other = signed(content=make.pdf(b"nieuw"))
    sent = {**make.REPORT_TYPED, "document": other}
    assert coach.post(portal("dossier-end-report", dossier), sent).status_code == 302
    assert coach.get(portal("document", dossier, "end_report")).content == make.pdf(b"nieuw")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "Kies dit bestand opnieuw: het is niet bewaard."),
        (b"<html></html>", "Laad een pdf of een afbeelding"),
    ],
)
def test_a_file_is_judged_together_with_the_rest_and_is_to_be_chosen_again(
    contract, coach, content, told
):
    with across_providers():
        dossier = make.completed(contract)
    sent = {**make.REPORT_TYPED, "person_days": "veel", "document": signed(content=content)}
    page = coach.post(portal("dossier-end-report", dossier), sent)
    assert page.status_code == 422
    errors = page.context["form"].errors
    assert set(errors) == {"person_days", "document"}
    assert told in str(errors["document"])
