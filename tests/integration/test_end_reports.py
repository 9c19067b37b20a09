"""The end report by a catalogue of measures, and the letter that tells a decision."""

import re
from datetime import UTC, datetime
from io import BytesIO

import pikepdf
import pypdfium2
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from apps.accounts.selectors import timetable
from apps.claims.models import EndReport
from apps.design.words import MEASURE_WORDS
from apps.documents.models import Document
from apps.dossiers import letters
from apps.dossiers import services as dossiers
from apps.dossiers.models import Dossier
from apps.dossiers.tasks import write_letters
from apps.providers.scope import across_providers
from cstraject.measures import CATALOGUE, read_measures
from cstraject.refusal import Refusal
from tests import factories as make

AT = datetime(2022, 5, 10, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def in_may(monkeypatch):
    monkeypatch.setattr("apps.portal.views.end_reports.timezone.now", lambda: AT)
    monkeypatch.setattr("apps.backoffice.views.work.timezone.now", lambda: AT)


@pytest.fixture
def contract(db):
    with across_providers():
        return make.make_contract(make.make_provider("alfa"))


@pytest.fixture
def dossier(contract):
    with across_providers():
        return make.completed(contract)


def browser_of(person) -> Client:
    client = Client(headers={"accept-language": "nl"})
    make.sign_in(client, person)
    return client


@pytest.fixture
def coach(dossier):
    with across_providers():
        person = make.make_member(dossier.provider, "coach")
    return browser_of(person)


@pytest.fixture
def officer(db):
    with across_providers():
        person = make.make_officer()
    return browser_of(person)


def address(dossier):
    return reverse("portal:dossier-end-report", args=["alfa", dossier.pk])


def reports():
    with across_providers():
        return list(EndReport.objects.order_by("version"))


def test_a_note_is_short_to_see_and_whole_to_hear(dossier, coach):
    page = coach.get(address(dossier)).content.decode()
    assert page.count('">Opmerking bij: ') == len(CATALOGUE)


def test_a_report_tells_what_was_realised_what_remains_and_the_effort(dossier, coach):
    signed = make.pdf(b"ondertekend")
    sent = {
        **make.REPORT_TYPED,
        "own_days": "4,5",
        "feedback": "Een eye-opener.",
        "document": SimpleUploadedFile("eindverslag.pdf", signed),
    }
    assert coach.post(address(dossier), sent).status_code == 302
    [report] = reports()
    # In the order of the catalogue, not of the form.
    assert [(one["code"], one["standing"], one["priority"]) for one in report.measures] == [
        ("awareness", "planned", "high"),
        ("backup", "realised", ""),
    ]
    assert (str(report.person_days), str(report.own_days)) == ("25.0", "4.5")
    with across_providers():
        assert Dossier.objects.get(pk=dossier.pk).end_report_on == AT.date()
    page = coach.get(reverse("portal:dossier", args=["alfa", dossier.pk])).content.decode()
    for told in ("PR.DS", "dagelijks, ook offline", "prioriteit hoog", "Een eye-opener."):
        assert told in page
    kept = coach.get(reverse("portal:document", args=["alfa", dossier.pk, "end_report"]))
    assert kept.content == signed
    # Sent once more it stands as it is.
    coach.post(address(dossier), make.REPORT_TYPED)
    assert len(reports()) == 1


def test_what_was_typed_is_still_there_where_a_colleague_was_first(dossier, coach):
    coach.post(address(dossier), make.REPORT_TYPED)
    page = coach.post(address(dossier), {**make.REPORT_TYPED, "feedback": "Mijn versie."})
    assert page.status_code == 422
    assert page.context["form"]["feedback"].value() == "Mijn versie."
    assert [one.feedback for one in reports()] == [""]
    # Who only comes to look is sent to the dossier.
    assert coach.get(address(dossier)).status_code == 302


def test_what_was_sent_back_is_corrected_from_what_it_was(dossier, coach, officer):
    coach.post(address(dossier), make.REPORT_TYPED)
    officer.post(
        reverse("backoffice:end-report-send-back", args=[dossier.pk]), {"reason": "Meer uitleg."}
    )
    overview = coach.get(reverse("portal:overview", args=["alfa"]))
    assert [one.pk for _, one, _ in overview.context["waits"]] == [dossier.pk]
    form = coach.get(address(dossier)).context["form"]
    assert form["m_awareness"].value() == "planned:high"
    assert form["n_backup"].value() == "dagelijks, ook offline"
    coach.post(address(dossier), {**make.REPORT_TYPED, "m_multi_factor": "realised"})
    accept = reverse("backoffice:end-report-accept", args=[dossier.pk])
    officer.post(accept)
    assert [(one.version, one.state) for one in reports()] == [(1, "sent_back"), (2, "accepted")]
    # Accepted once; what is accepted is not sent back.
    officer.post(accept)
    page = officer.post(
        reverse("backoffice:end-report-send-back", args=[dossier.pk]), {"reason": "Toch niet."}
    )
    assert page.status_code == 422
    assert reports()[1].state == "accepted"


def test_what_is_wrong_is_told_and_all_that_was_typed_is_kept(dossier, coach):
    sent = {
        "m_awareness": "planned:high",
        "n_awareness": "🙂 مرحبا",
        "person_days": "25",
        "feedback": "goed",
    }
    page = coach.post(address(dossier), sent)
    assert page.status_code == 422
    assert "Zeg wat er gerealiseerd is" in page.content.decode()
    assert page.context["form"]["n_awareness"].value() == "🙂 مرحبا"
    page = coach.post(
        address(dossier),
        {**make.REPORT_TYPED, "document": SimpleUploadedFile("x.pdf", b"<html></html>")},
    )
    assert "document" in page.context["form"].errors
    assert page.context["form"]["m_backup"].value() == "realised"
    assert reports() == []
    with across_providers():
        assert not Document.objects.filter(kind="end_report").exists()


def test_who_reads_a_report_is_told_where_its_days_are_not_those_of_the_statements(
    contract, officer
):
    with across_providers():
        dossier = make.stated(make.completed(contract), "20000.00", person_days="21.0")
        make.end_report(dossier)
    page = officer.get(reverse("backoffice:dossier", args=[dossier.pk])).content.decode()
    assert "vermeldt 25 mandagen, de prestatiestaten 21." in page


def test_before_the_work_is_done_there_is_nothing_to_report(contract, coach):
    with across_providers():
        started = make.started(contract)
    page = coach.get(address(started), follow=True)
    assert page.redirect_chain[0][0] == reverse("portal:dossier", args=["alfa", started.pk])
    assert coach.get(address(started)).status_code == 302
    assert coach.post(address(started), make.REPORT_TYPED).status_code == 422
    assert reports() == []


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ([{"code": "sorcery", "standing": "realised"}], "unknown-measure"),
        ([{"code": "backup", "standing": "realised"}] * 2, "unknown-measure"),
        ([{"code": "backup", "standing": "planned"}], "measure-priority"),
        ([{"code": "backup", "standing": "realised", "priority": "low"}], "measure-priority"),
        ([{"code": "backup", "standing": "planned", "priority": "low"}], "nothing-realised"),
        ([], "nothing-realised"),
    ],
)
def test_measures_are_those_of_the_catalogue_each_told_once(told, code):
    with pytest.raises(Refusal) as refused:
        read_measures(told)
    assert refused.value.code == code


def test_every_measure_has_words_and_both_kinds_are_there():
    assert set(MEASURE_WORDS) == set(CATALOGUE)
    assert {one.kind for one in CATALOGUE.values()} == {"technical", "organisational"}


# ---- The letter ----------------------------------------------------------------------------------


def test_the_agency_sees_which_documents_are_here_and_which_are_to_come(
    contract, dossier, coach, officer
):
    def told(one):
        page = officer.get(reverse("backoffice:dossier", args=[one.pk]))
        return (
            [document.kind for document, _address in page.context["documents"]],
            dict(page.context["to_come"]),
            page.content.decode(),
        )

    with across_providers():
        filed = make.assessed(contract, papers=True)
    here, to_come, page = told(filed)
    assert (here, to_come) == (["offer", "declaration"], {"letter": "Komt met de beslissing."})
    kept = r">offerte\.pdf</a></p>\s*<p class=\"soft\">PDF, [^<]+, ontvangen op 01/02/2022<"
    assert re.search(kept, page)
    with across_providers():
        decided = dossiers.approve_dossier(dossier=filed, actor=make.make_officer(), at=AT)
    here, to_come, _page = told(decided)
    assert (here, list(to_come.values())) == (
        ["offer", "declaration"],
        ["Wordt opgemaakt.", "Komt na het einde van het werk."],
    )
    with across_providers():
        letters.write_letter(dossier=decided, actor=timetable(), at=AT)
    here, to_come, _page = told(decided)
    assert (here, list(to_come)) == (["offer", "declaration", "letter"], ["end_report"])
    assert coach.post(address(dossier), make.REPORT_TYPED).status_code == 302
    assert told(dossier)[1]["end_report"] == "Ingediend zonder document."


def text_of(content: bytes) -> str:
    """What a PDF says, as far as its own words for copying tell."""
    with pypdfium2.PdfDocument(content) as pdf:
        pages = [pdf[nth].get_textpage().get_text_range() for nth in range(len(pdf))]
    return " ".join(" ".join(pages).split())


def letter(dossier):
    with across_providers():
        found = Dossier.objects.select_related("letter").get(pk=dossier.pk).letter
        with found.file.open("rb") as file:
            return found, file.read()


def test_an_approval_is_told_once_by_a_tagged_letter_in_dutch(contract, officer):
    with across_providers():
        contract.edition.letter_note = ""
        dossier = make.approved(contract, price="25150.00")
    assert write_letters() == 1
    kept, content = letter(dossier)
    with pikepdf.open(BytesIO(content)) as pdf:
        assert pdf.Root.Lang == "nl-BE"
        assert pdf.Root.MarkInfo.Marked
        assert "/StructTreeRoot" in pdf.Root
        assert "Beslissing" in str(pdf.docinfo["/Title"])
        assert b"pdfuaid:part" in pdf.Root.Metadata.read_bytes()
    text = text_of(content)
    # 25,150 at 45 %: 11,317.50, VAT 2,376.68; tranches of 8,216.51 and 5,477.67.
    for told in (
        *(dossier.reference, "11.317,50", "2.376,68", "13.694,18", "8.216,51", "5.477,67"),
        *("01/02/2022", "01/02/2026", "1407/2013"),
    ):
        assert told in text, text
    # Whatever comes after, it stays as it was.
    assert write_letters() == 0
    with across_providers():
        make.amended(dossier, price="20000.00")
        letters.write_letter(dossier=dossier, actor=timetable(), at=AT)
    assert letter(dossier) == (kept, content)
    page = officer.get(reverse("backoffice:document", args=[dossier.pk, "letter"]))
    assert page.content == content


def test_a_refusal_is_told_with_its_reason_and_what_was_not_met(contract):
    with across_providers():
        dossier = make.submitted(contract, equity="-1")
        dossiers.assess_dossier(dossier=dossier, actor=timetable(), at=make.AT)
        dossiers.refuse_dossier(
            dossier=dossier, reason="#set [*x*] $1$ \\ <y>", actor=make.make_user(), at=AT
        )
    assert write_letters() == 1
    text = text_of(letter(dossier)[1])
    assert "Beslissing: geweigerd" in text
    # Nothing that somebody types is read as markup.
    assert "#set [*x*] $1$ \\ <y>" in text
    assert "Eigen vermogen van € -1. Dat mag niet negatief zijn." in " ".join(text.split())
    # What an officer is asked to do is not for the enterprise.
    assert "vraag recentere cijfers" not in " ".join(text.split())


def test_what_was_decided_elsewhere_gets_no_letter(contract):
    with across_providers():
        make.approved(contract)
        make.approved(contract, imported_as="A-1")
        make.submitted(contract)
    assert write_letters() == 1


def test_one_that_cannot_be_written_keeps_no_other_waiting(contract, monkeypatch):
    with across_providers():
        stumbles, other = make.approved(contract), make.approved(contract)
    whole = letters.letter_of

    def stumbling(dossier):
        if dossier.pk == stumbles.pk:
            raise RuntimeError("no")
        return whole(dossier)

    monkeypatch.setattr(letters, "letter_of", stumbling)
    assert write_letters() == 1
    with across_providers():
        assert Dossier.objects.get(pk=other.pk).letter is not None
        assert Dossier.objects.get(pk=stumbles.pk).letter is None
