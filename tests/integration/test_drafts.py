"""A dossier is prepared step by step and filed; nothing that was typed is lost."""

import json
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import BytesIO

import pikepdf
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from apps.audit.models import Entry
from apps.contracts.models import Contract
from apps.documents.services import BYTES_MAX
from apps.dossiers import drafts
from apps.dossiers.models import Dossier, Draft
from apps.enterprises.models import Enterprise, RegisterImport
from apps.providers.models import Provider
from apps.providers.scope import across_providers, inside
from apps.reporting.selectors import answer_as_of
from cstraject.refusal import Refusal
from tests import factories as make
from tests.factories import AT

NUMBER = make.enterprise_number(4_600)
PDF = make.pdf()


@pytest.fixture(autouse=True)
def in_2022(monkeypatch):
    for module in ("begin", "drafts", "overview"):
        monkeypatch.setattr(f"apps.portal.views.{module}.timezone.now", lambda: AT)


@pytest.fixture
def people(db):
    with across_providers():
        alfa, beta = make.make_provider("alfa"), make.make_provider("beta")
        for provider in (alfa, beta):
            make.make_contract(provider)
        return {
            "coach": make.make_member(alfa, "coach"),
            "colleague": make.make_member(alfa, "coach"),
            "reader": make.make_member(alfa, "reader"),
            "beta": make.make_member(beta, "manager"),
        }


def browser_of(person) -> Client:
    client = Client(headers={"accept-language": "nl"})
    make.sign_in(client, person)
    return client


@pytest.fixture
def coach(people) -> Client:
    return browser_of(people["coach"])


def begun(client, provider="alfa") -> str:
    answer = client.post(reverse("portal:draft-start", args=[provider]))
    assert answer.status_code == 302
    return answer["Location"].rpartition("enterprise/")[0]


def kept(client, draft, step, seen=0, deed="next", **changes):
    return client.post(
        f"{draft}{step}/", {**make.TYPED[step], "seen": seen, "deed": deed, **changes}, follow=True
    )


def prepared(client) -> str:
    draft = begun(client)
    for step in ("enterprise", "figures", "aid", "offer"):
        assert kept(client, draft, step).status_code == 200
    files = {
        name: SimpleUploadedFile(f"{name}.pdf", make.pdf(name.encode()))
        for name in ("offer", "declaration")
    }
    answer = kept(client, draft, "documents", **files)
    assert answer.redirect_chain[-1][0] == f"{draft}check/"
    return draft


def only_draft():
    with inside(alfa().pk):
        return Draft.objects.get()


def alfa():
    with across_providers():
        return Provider.objects.get(slug="alfa")


def text_of(answer) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())


def test_a_dossier_is_prepared_step_by_step_checked_and_filed(coach):
    draft = prepared(coach)
    page = text_of(coach.get(f"{draft}check/"))
    assert "Dossier indienen" in page
    # What was sent can be looked at once more.
    kept_offer = coach.get(f"{draft}documents/offer/")
    assert kept_offer.content == make.pdf(b"offer")
    assert "sandbox" in kept_offer["Content-Security-Policy"]
    assert f"{draft}documents/declaration/" in page
    assert coach.get(f"{draft}documents/letter/").status_code == 404
    assert "Het kan nog niet ingediend worden" not in page
    # 45 % of 30,000 and the VAT on it; the rest is for the enterprise.
    for amount in ("€ 13.500,00", "€ 16.335,00", "€ 19.965,00"):
        assert amount in page.replace("\xa0", " ")
    # Whether it was helped before is not told before it is filed.
    assert re.search(r"Eenmalige steun</th> <td>.{0,80}Nog niet gevraagd|Nu niet gevraagd", page)

    answer = coach.post(f"{draft}file/", follow=True)
    assert answer.status_code == 200
    with across_providers():
        dossier = Dossier.objects.get()
        assert answer.redirect_chain[-1][0] == f"/p/alfa/dossiers/{dossier.pk}/"
        stated = dossier.facts.stated
        assert (dossier.enterprise_number, dossier.package) == (NUMBER, "basis")
        assert (str(dossier.price_excl_vat), str(dossier.person_days)) == ("30000.00", "25.0")
        last = stated["periods"][0]
        assert [last[name] for name in ("year", "headcount", "turnover", "balance_total")] == [
            *(2021, "12.5", "1500000", "900000"),
        ]
        assert last["source"] == stated["sources"]["equity"] == "NBB, neerlegging 2022-1"
        assert (stated["aid"], stated["provider_ties"], stated["holdings"]) == ([], [], [])
        assert stated["declared_on"] == "2022-01-31"
        assert {dossier.offer.name, dossier.declaration.name} == {"offer.pdf", "declaration.pdf"}

    # Both sides get the file back as it came, as an attachment that runs nothing.
    with across_providers():
        officer = make.make_officer()
    for client, address in (
        (coach, reverse("portal:document", args=["alfa", dossier.pk, "offer"])),
        (browser_of(officer), reverse("backoffice:document", args=[dossier.pk, "offer"])),
    ):
        file = client.get(address)
        assert file.content == make.pdf(b"offer")
        assert file["Content-Type"] == "application/pdf"
        # After the reference, so that files of several dossiers stand beside each other.
        called = f'attachment; filename="{dossier.reference}-offer.pdf"'
        assert file["Content-Disposition"] == called
        assert "sandbox" in file["Content-Security-Policy"]
        assert client.get(address.replace("offer", "elsewhere")).status_code == 404

    # Once: a second press, and whoever comes back to the draft, finds the dossier.
    again = coach.post(f"{draft}file/")
    assert again["Location"] == coach.get(f"{draft}aid/")["Location"] == answer.request["PATH_INFO"]
    with across_providers():
        assert Dossier.objects.count() == 1
    assert "In voorbereiding" not in text_of(coach.get("/p/alfa/"))


def test_what_was_typed_is_kept_right_or_wrong(coach):
    draft = begun(coach)
    wrong = kept(coach, draft, "enterprise", number="1999.000.151", postal_code="90")
    assert wrong.status_code == 422
    assert "Wat u invulde, is bewaard" in text_of(wrong)
    # Somebody comes back tomorrow, on another machine.
    page = coach.get(f"{draft}enterprise/")
    assert page.status_code == 200
    assert page.context["form"]["number"].value() == "1999.000.151"
    assert page.context["form"].errors.keys() == {"number", "postal_code"}
    assert page.context["form"]["name"].value() == "Voorbeeld Meubelen bv"
    check = text_of(coach.get(f"{draft}check/"))
    assert "Het kan nog niet ingediend worden" in check
    assert coach.post(f"{draft}file/").status_code == 422
    assert "Voorbeeld Meubelen bv" in text_of(coach.get("/p/alfa/"))


@pytest.mark.parametrize(
    "name", ["a\x00b", "🙂👩‍👩‍👧‍👦", "\u202eabc مرحبا", "x" * 100_000, "<script>"]
)
def test_whatever_is_typed_is_kept_and_breaks_nothing(coach, name):
    draft = begun(coach)
    answer = kept(coach, draft, "enterprise", name=name)
    assert answer.status_code in (200, 422)
    page = coach.get(f"{draft}enterprise/")
    assert page.context["form"]["name"].value() == name.replace("\x00", "")
    assert b"<script>" not in page.content
    assert coach.get(f"{draft}check/").status_code == 200


def test_two_browsers_on_one_step_lose_nothing_and_the_second_is_told(people, coach):
    draft = begun(coach)
    kept(coach, draft, "enterprise")
    other = browser_of(people["colleague"])
    seen = coach.get(f"{draft}offer/").context["seen"]
    assert seen == other.get(f"{draft}offer/").context["seen"] == 0
    kept(coach, draft, "offer", price="28.000")
    late = kept(other, draft, "offer", price="29.000", person_days="20")
    assert late.status_code == 409
    assert late.context["form"]["price"].value() == "29.000"
    assert [(one["label"], one["theirs"]) for one in late.context["theirs"]] == [
        ("Prijs van de offerte, exclusief btw", "€\xa028.000"),
        ("Mandagen", "25"),
    ]
    assert f"{people['coach'].name} bewaarde deze stap intussen" in text_of(late)
    assert drafts.typed_in(only_draft(), "offer").fields["price"] == ["28.000"]
    # Knowing that, the second one saves; other steps were never in each other's way.
    assert kept(other, draft, "offer", seen=late.context["seen"], price="29.000").status_code == 200
    assert kept(coach, draft, "aid").status_code == 200
    assert drafts.typed_in(only_draft(), "offer").fields["price"] == ["29.000"]


def test_two_windows_of_one_person_are_told_as_such_and_amounts_as_they_are_written(coach):
    draft = begun(coach)
    kept(coach, draft, "offer", price="18000")
    late = kept(coach, draft, "offer", price="18.500", person_days="20")
    assert "U bewaarde deze stap intussen zelf, in een ander venster" in text_of(late)
    assert [one["theirs"] for one in late.context["theirs"]] == ["€\xa018.000", "25"]
    # The same amount, written otherwise, is no difference.
    again = kept(coach, draft, "offer", price="18.000,00", person_days="20")
    assert [one["label"] for one in again.context["theirs"]] == ["Mandagen"]
    # Whoever claims to have seen what was never there is told nothing of it.
    assert kept(coach, draft, "aid", seen=5).context["theirs"] == []


def test_a_step_that_is_sent_twice_is_saved_once_and_says_so(coach):
    draft = begun(coach)
    for _ in range(2):
        page = kept(coach, draft, "enterprise")
        assert page.status_code == 200
        assert "De onderneming: bewaard." in text_of(page)
    assert only_draft().steps["enterprise"]["version"] == 1


def test_a_file_that_came_too_late_is_to_be_chosen_again(people, coach):
    draft = begun(coach)
    kept(coach, draft, "documents", offer=SimpleUploadedFile("a.pdf", PDF))
    other = browser_of(people["colleague"])
    late = kept(
        other,
        draft,
        "documents",
        declared_on="01/01/2022",
        declaration=SimpleUploadedFile("b.pdf", make.pdf(b"b")),
        nonsense=SimpleUploadedFile("c.pdf", PDF),
    )
    assert late.status_code == 409
    assert late.context["form"].errors["declaration"] == [
        "Kies dit bestand opnieuw: het is niet bewaard."
    ]
    assert only_draft().declaration is None


def test_filing_is_answered_by_a_receipt(coach):
    draft = prepared(coach)
    page = text_of(coach.post(f"{draft}file/", follow=True))
    with across_providers():
        dossier = Dossier.objects.get()
    assert f"Dossier {dossier.reference} is ingediend op 01/02/2022 10:00" in page
    assert "met offer.pdf, declaration.pdf." in page


def carried(client, content: bytes, page: str = "page"):
    sent = {"answers": SimpleUploadedFile("x.json", content), "page": page}
    return client.post(reverse("portal:draft-start", args=["alfa"]), sent, follow=True)


def test_the_answers_of_a_pre_check_sent_twice_begin_one_draft(people, coach):
    answers = json.dumps({"answers": {"name": "Voorbeeld"}, "language": "nl"}).encode()
    pages = [str(coach.get("/p/alfa/").context["page_token"]) for _ in range(2)]
    first, again = (carried(coach, answers, pages[0]) for _ in range(2))
    assert first.redirect_chain == again.redirect_chain
    assert again.context["form"]["name"].value() == "Voorbeeld"
    assert only_draft().steps["enterprise"]["version"] == 1
    # Another file from the same page, or the same file from the page asked anew, is another one.
    other = answers.replace(b"beeld", b"beelden")
    assert carried(coach, other, pages[0]).redirect_chain != first.redirect_chain
    assert carried(coach, answers, pages[1]).redirect_chain != first.redirect_chain
    with inside(alfa().pk):
        assert Draft.objects.count() == 3


def test_a_dossier_begins_with_the_answers_of_a_pre_check(coach, monkeypatch):
    """Asked by the SME in English, filed by the provider in Dutch: each figure the same."""
    monkeypatch.setattr("apps.portal.views.precheck.timezone.now", lambda: AT)
    said = {
        **{
            n: v
            for step in ("enterprise", "figures", "aid", "offer")
            for n, v in make.TYPED[step].items()
        },
        "turnover": "1,500,000.50",
        "headcount": "12.5",
        "negative_equity": "no",
        "price": "25,150.25",
        "deed": "carry",
        "related": "yes",
        "r1_name": "Holding <b>",
        "r1_pct": "60",
        "r1_tie": "owner-0",
        "r1_kind": "enterprise",
    }
    file = Client(headers={"accept-language": "en"}).post(reverse("precheck"), said)
    assert file.status_code == 200, file.context["form"].errors
    page = carried(coach, file.content)
    draft = page.redirect_chain[-1][0].rpartition("enterprise/")[0]
    assert page.context["form"]["name"].value() == make.TYPED["enterprise"]["name"]
    figures = coach.get(f"{draft}figures/").context["form"]
    assert figures.is_valid()
    # Amounts are read alike in both languages; a headcount is not.
    assert figures.cleaned_data["turnover"] == Decimal("1500000.50")
    assert (figures["headcount"].value(), figures["r1_name"].value()) == ("12,5", "Holding <b>")
    offer = coach.get(f"{draft}offer/").context["form"]
    assert (offer.errors, offer["price"].value()) == ({}, "25,150.25")
    one = only_draft()
    assert one.enterprise_number == NUMBER
    assert one.headcount == Decimal("12.5")
    # What the pre-check does not ask is still to be said.
    steps = {
        step["title"]: step["complete"] for step in coach.get(f"{draft}check/").context["steps"][:5]
    }
    assert list(steps.values()) == [True, True, False, False, False]
    # It is asked for once somebody sends the step from here, and whenever it is opened after that.
    page = text_of(coach.get(f"{draft}aid/"))
    assert "Overgenomen uit de voorcontrole" in page
    assert "field-error" not in page
    assert "aan te vullen" in page
    assert kept(coach, draft, "offer", seen=1, person_days="").status_code == 422
    again = coach.get(f"{draft}offer/").context["form"]
    assert again.errors == {"person_days": ["Vul een aantal dagen in."]}


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"{}", b"[]", b"null", b"%PDF-1.7", b"\xff\xfe", b"[" * 100_000),
        *(b'{"answers": [], "language": "nl"}', b'{"answers": {}, "language": "xx"}'),
        b'{"answers": {"name": "' + b"x" * 200_000 + b'"}, "language": "nl"}',
    ],
)
def test_a_file_that_is_none_of_the_pre_check_begins_nothing(coach, content):
    page = carried(coach, content)
    assert (page.status_code, page.redirect_chain) == (422, [])
    assert "Dit is geen bestand van de voorcontrole" in page.content.decode()
    with across_providers():
        assert not Draft.objects.exists()


def test_whatever_stands_in_the_file_of_a_pre_check_is_kept_as_typed(coach):
    told = {"name": 5, "number": ["x"], "seen": "9", "step": "x", "price": {"a": 1}, "year": "\0"}
    page = carried(coach, json.dumps({"answers": told, "language": "nl"}).encode())
    assert page.status_code == 200
    assert page.context["form"]["name"].value() == "5"
    assert page.context["form"]["number"].value() == "['x']"


def test_numbers_stay_the_same_in_the_other_language(coach):
    draft = begun(coach)
    kept(coach, draft, "enterprise")
    kept(coach, draft, "figures", headcount="1.234,5")
    english = coach.get(f"{draft}figures/", headers={"accept-language": "en"})
    assert english.context["form"]["headcount"].value() == "1,234.5"
    assert english.context["form"].is_valid()


def test_the_register_fills_in_what_it_knows_and_is_named_as_the_source(coach, people):
    with across_providers():
        RegisterImport.objects.create(
            number=142, kind="full", snapshot_on=AT.date(), started_at=AT, finished_at=AT
        )
        Enterprise.objects.create(
            number=NUMBER,
            name="Voorbeeld uit het Register",
            name_rank=0,
            named_by=142,
            placed_by=142,
            status="AC",
            postal_code="9000",
            municipality="Gent",
            extract=142,
            snapshot_on=AT.date(),
        )
    draft = begun(coach)
    answer = coach.post(
        f"{draft}enterprise/", {"number": NUMBER, "deed": "look-up", "name": "", "seen": 0}
    )
    assert answer.context["form"]["name"].value() == "Voorbeeld uit het Register"
    assert "er is nog niets van bewaard" in text_of(answer)
    assert only_draft().steps == {}


def locked_pdf() -> bytes:
    kept = BytesIO()
    with pikepdf.open(BytesIO(PDF)) as pdf:
        pdf.save(kept, encryption=pikepdf.Encryption(owner="eigenaar", user="geheim"))
    return kept.getvalue()


def pdf_without_pages() -> bytes:
    kept = BytesIO()
    pikepdf.new().save(kept)
    return kept.getvalue()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"<html><script>alert(1)</script></html>" + b" " * 40, "Dit is een webpagina, geen pdf"),
        (b"", "is leeg"),
        (b"%PDF-1.7 afgebroken", "gaat niet open"),
        (locked_pdf(), "wachtwoord"),
        (pdf_without_pages(), "geen bladzijde"),
        (PDF + b"x" * (10 * 1024 * 1024), "10 MB"),
    ],
)
def test_a_wrong_file_is_told_and_the_rest_of_the_step_is_kept(coach, content, why):
    draft = begun(coach)
    answer = kept(
        coach,
        draft,
        "documents",
        offer=SimpleUploadedFile("offerte.pdf", content),
        declaration=SimpleUploadedFile("verklaring.pdf", PDF),
    )
    assert answer.status_code == 422
    [error] = answer.context["form"].errors["offer"]
    assert why in error.lower() or why in error
    one = only_draft()
    assert one.offer_id is None
    assert one.declaration_id is not None
    assert drafts.typed_in(one, "documents").fields["declared_on"] == ["31/01/2022"]


def test_of_a_file_that_is_too_large_no_more_is_kept_than_tells_it(rf):
    whole = PDF + b"0" * (3 * BYTES_MAX)
    request = rf.post("/", {"text": "erbij", "offer": SimpleUploadedFile("x.pdf", whole)})
    kept = request.FILES["offer"]
    assert BYTES_MAX < kept.size <= BYTES_MAX + 128 * 1024
    assert kept.read() == whole[: kept.size]
    assert request.POST["text"] == "erbij"
    request.close()
    # One that just fits comes in whole.
    whole = whole[:BYTES_MAX]
    request = rf.post("/", {"offer": SimpleUploadedFile("x.pdf", whole)})
    assert request.FILES["offer"].read() == whole
    request.close()


def test_a_draft_is_its_providers_alone_and_a_reader_cannot_begin_one(people, coach):
    draft = begun(coach)
    kept(coach, draft, "enterprise")
    beta = browser_of(people["beta"])
    pages = ["enterprise/", "check/"]
    for client, slug in ((beta, "alfa"), (beta, "beta")):
        for page in pages:
            assert client.get(draft.replace("/alfa/", f"/{slug}/") + page).status_code == 404
    reader = browser_of(people["reader"])
    assert reader.get(f"{draft}enterprise/").status_code == 403
    assert reader.post(reverse("portal:draft-start", args=["alfa"])).status_code == 403
    assert "Nieuw dossier" not in text_of(reader.get("/p/alfa/"))


def test_the_agency_counts_drafts_and_does_not_read_them(people, coach):
    draft = begun(coach)
    kept(coach, draft, "enterprise")
    with across_providers(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE cst_backoffice")
        cursor.execute("SELECT nace_code, postal_code, started_at FROM dossiers_draft")
        assert cursor.fetchall() == [("31001", "9000", AT)]
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            cursor.execute("SELECT steps FROM dossiers_draft")


def test_an_empty_draft_is_taken_up_again_and_one_set_aside_is_gone_and_counted(people, coach):
    draft = begun(coach)
    assert begun(coach) == draft
    assert begun(browser_of(people["colleague"])) != draft
    assert "In voorbereiding" not in text_of(coach.get("/p/alfa/"))
    kept(coach, draft, "enterprise")
    assert begun(coach) != draft
    assert "In voorbereiding" in text_of(coach.get("/p/alfa/"))
    coach.post(f"{draft}discard/")
    assert "In voorbereiding" not in text_of(coach.get("/p/alfa/"))
    assert coach.get(f"{draft}enterprise/")["Location"] == "/p/alfa/"
    with inside(alfa().pk):
        gone = Draft.objects.exclude(steps={}).get()
    assert gone.discarded_on == AT.date()
    with across_providers():
        deed = Entry.objects.get(action="draft.discard")
        assert (deed.subject_id, deed.actor_name) == (str(gone.pk), people["coach"].name)


@pytest.mark.parametrize("ended", ["file", "discard"])
def test_who_comes_late_changes_nothing_of_what_was_filed_or_set_aside(people, coach, ended):
    """Whoever still had the draft as it stood before, in another browser at the same moment."""
    path, pk = prepared(coach), alfa().pk
    before = only_draft()
    coach.post(f"{path}{ended}/")
    given = {"draft": before, "actor": people["colleague"], "at": AT}
    typed = {"fields": {}, "language": "nl", "seen": 1, "told": {}}
    with inside(pk), transaction.atomic():
        stood = Draft.objects.values().get()
        for late in (
            lambda: drafts.keep_step(step="offer", **typed, **given),
            lambda: drafts.attach(document=before.offer, **given),
            lambda: drafts.discard_draft(**given),
        ):
            with pytest.raises(Refusal, match="draft-gone"):
                late()
        assert Draft.objects.values().get() == stood


@pytest.mark.parametrize("ended", ["file", "discard"])
def test_who_files_late_gets_the_same_dossier_or_none(people, coach, ended):
    path, pk = prepared(coach), alfa().pk
    before = only_draft()
    coach.post(f"{path}{ended}/")
    offer = {
        "facts_source": "test",
        "package": "basis",
        "with_extension": False,
        "price_excl_vat": Decimal("30000.00"),
        "person_days": Decimal("25.0"),
    }
    given = {"draft": before, "actor": people["colleague"], "at": AT}
    with inside(pk), transaction.atomic():
        if ended == "discard":
            with pytest.raises(Refusal, match="draft-gone"):
                drafts.file_draft(facts=make.facts(), **offer, **given)
            assert not Dossier.objects.exists()
        else:
            late = drafts.file_draft(facts=make.facts(), **offer, **given)
            assert late == Dossier.objects.get()


def test_what_is_beyond_measure_is_refused(people):
    pk = alfa().pk
    with inside(pk), transaction.atomic():
        draft = drafts.start_draft(provider_id=pk, actor=people["coach"], at=AT)
        with pytest.raises(Refusal, match="draft-too-long"):
            drafts.keep_step(
                draft=draft,
                step="offer",
                fields={"price": ["9" * 300_000]},
                language="nl",
                seen=0,
                told={},
                actor=people["coach"],
                at=AT,
            )


def test_what_was_begun_and_not_filed_is_counted_as_of_any_day(people, coach, monkeypatch):
    """By day, province, size and sector [answer 526, question 1g]."""
    draft = begun(coach)
    kept(coach, draft, "enterprise")
    kept(coach, draft, "figures")
    coach.post(f"{draft}discard/")
    kept(coach, begun(coach), "offer")
    filed = prepared(coach)
    # What was never saved is nothing yet.
    assert begun(coach) != filed
    filing = AT + timedelta(days=2)
    monkeypatch.setattr("apps.portal.views.drafts.timezone.now", lambda: filing)
    assert browser_of(people["coach"]).post(f"{filed}file/").status_code == 302

    assert unfinished_on(AT.date() - timedelta(days=1))["total"] == {}
    for day in (AT.date(), AT.date() + timedelta(days=1)):
        before = unfinished_on(day)
        assert before["total"] == {"total": 3}
        assert before["by_size"] == {"onbekend": 1, "small": 2}
    assert unfinished_on(filing.date()) == {
        "total": {"total": 2},
        "by_province": {"Oost-Vlaanderen": 1, "onbekend": 1},
        "by_size": {"onbekend": 1, "small": 1},
        "by_sector": {"31001": 1, "onbekend": 1},
    }


def unfinished_on(day):
    with across_providers(), transaction.atomic():
        answer = answer_as_of(day)
    assert answer.as_json()["unfinished"] == answer.unfinished
    return answer.unfinished


@pytest.mark.parametrize(
    ("headcount", "size"),
    [("9.99", "micro"), ("10", "small"), ("49.99", "small"), ("50", "medium"), ("250", "large")],
)
def test_what_was_begun_counts_from_its_own_day_here_and_by_its_headcount(people, headcount, size):
    begun_at = datetime(2022, 1, 31, 23, 30, tzinfo=UTC)  # Half past midnight in Brussels.
    pk = alfa().pk
    with inside(pk):
        Draft.objects.create(
            provider_id=pk,
            started_by=people["coach"],
            started_at=begun_at,
            changed_by=people["coach"],
            changed_at=begun_at,
            saved=1,
            headcount=Decimal(headcount),
        )
    assert unfinished_on(date(2022, 1, 31))["total"] == {}
    assert unfinished_on(date(2022, 2, 1))["by_size"] == {size: 1}


def test_the_check_page_repeats_what_was_said_and_nothing_of_empty_rows(coach):
    draft = begun(coach)
    kept(coach, draft, "enterprise")
    row = {"related": "yes", "r1_name": "Familie", "r1_pct": "100", "r1_kind": "natural_person"}
    empty = {f"r{nth}_{name}": "owner-0" for nth in (1, 2, 3) for name in ("tie",)}
    kept(coach, draft, "figures", **row, **empty)
    [_, part] = coach.get(f"{draft}check/").context["answers"]
    told = dict(part["lines"])
    assert told["Naam van eigenaar of dochter 1"] == "Familie"
    assert told["Aandeel in het kapitaal, in procent (eigenaar of dochter 1)"] == "100\xa0%"
    assert told["Omzet van de onderneming, laatste jaarrekening"] == "€\xa01.500.000"
    assert not [label for label in told if "dochter 2" in label]


def test_the_offer_step_says_what_is_left_of_the_budget_and_what_the_offer_takes(coach):
    """Of 100,000 euro; 45 % of 30,000 and the VAT on it are 16,335."""

    def told(page):
        return text_of(page).replace("\xa0", " ")

    draft = begun(coach)
    kept(coach, draft, "enterprise")
    assert "Van het budget van uw contract is nog € 100.000,00 over." in told(
        coach.get(f"{draft}offer/")
    )
    kept(coach, draft, "offer")
    page = told(coach.get(f"{draft}offer/"))
    assert "is nog € 100.000,00 over. Dit dossier neemt daarvan € 16.335,00 in" in page
    assert "dan blijft € 83.665,00 over" in page
    with across_providers():
        contract = Contract.objects.get(provider__slug="alfa")
        for _ in range(6):
            make.approved(contract)
    page = told(coach.get(f"{draft}offer/"))
    assert "minder dan de € 16.335,00 van dit dossier" in page


@pytest.mark.parametrize(
    ("third", "size"), [("", "person"), ("240", "met"), ("260", "person"), ("veel", None)]
)
def test_a_third_year_says_which_size_held_where_two_years_differ(coach, third, size):
    """260 people last year and 240 the year before: medium still, if it was that before too."""
    draft = begun(coach)
    kept(coach, draft, "enterprise")
    year = {"turnover_third": "1.400.000", "balance_total_third": "900.000"} if third else {}
    page = kept(
        coach,
        draft,
        "figures",
        headcount="260",
        headcount_before="240",
        headcount_third=third,
        **year,
    )
    again = coach.get(f"{draft}figures/")
    assert again.context["form"]["headcount_third"].value() == third
    assert again.context["form"].third_year()["open"] == bool(third)
    if size is None:
        assert page.context["form"].errors.keys() == {"headcount_third"}
        return
    for step in ("aid", "offer"):
        kept(coach, draft, step)
    files = {
        name: SimpleUploadedFile(f"{name}.pdf", make.pdf(name.encode()))
        for name in ("offer", "declaration")
    }
    check = kept(coach, draft, "documents", **files)
    outcomes = {line.question: line.outcome for line, _ in check.context["lines"]}
    assert outcomes["size"] == size
