"""What is written to and fro, how the clock stops, what waits and for whom."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from apps.accounts.selectors import timetable
from apps.audit.models import Entry
from apps.contracts.selectors import shifts_proposed
from apps.documents.models import Document
from apps.dossiers import services as dossiers
from apps.eligibility.selectors import overrides_to_confirm, standings_of
from apps.handling import services
from apps.handling.models import Handler, Message
from apps.handling.selectors import decision_due_on, waiting_at_agency
from apps.notices.tasks import send_waiting
from apps.payouts.services import check_run, draw_up_run
from apps.programme.models import Edition
from apps.providers.scope import across_providers, inside
from cstraject.clock import due_on
from cstraject.eligibility import MET
from cstraject.refusal import Refusal
from tests import factories as make

AT = datetime(2022, 3, 1, 9, tzinfo=UTC)
TODAY = AT.date()


@pytest.fixture(autouse=True)
def on_the_first_of_march(monkeypatch):
    for module in ("backoffice.views.work", "backoffice.views.dossiers", "portal.views.messages"):
        monkeypatch.setattr(f"apps.{module}.timezone.now", lambda: AT)


@pytest.fixture
def dossier(db):
    with across_providers():
        dossier = make.submitted(make.make_contract(make.make_provider("alfa"), budget="500000.00"))
        return dossiers.assess_dossier(dossier=dossier, actor=timetable(), at=make.AT)


def browser_of(person) -> Client:
    client = Client(headers={"accept-language": "nl"})
    make.sign_in(client, person)
    return client


@pytest.fixture
def officer(db):
    with across_providers():
        return make.make_officer()


@pytest.fixture
def coach(dossier):
    with across_providers():
        return make.make_member(dossier.provider, "coach")


def agency(name, dossier, *more):
    return reverse(f"backoffice:{name}", args=[dossier.pk, *more])


def portal(name, dossier, *more):
    return reverse(f"portal:{name}", args=["alfa", dossier.pk, *more])


def messages():
    with across_providers():
        return list(Message.objects.order_by("written_at", "id"))


def test_information_is_asked_the_clock_stands_still_and_goes_on_with_the_answer(
    dossier, officer, coach
):
    """Filed on 1 February, thirty days; asked on 1 March, answered nine days later."""
    clerk, provider = browser_of(officer), browser_of(coach)
    with across_providers():
        assert decision_due_on(dossier, on=TODAY) == date(2022, 3, 3)
    sent = {"text": "Bezorg de jaarrekening.", "asks": "on", "answer_by": "15/03/2022"}
    assert clerk.post(agency("message-write", dossier), sent).status_code == 302
    [asked] = messages()
    assert (asked.asks, asked.answer_by, asked.handled_on) == (True, date(2022, 3, 15), None)
    with across_providers():
        assert decision_due_on(dossier, on=TODAY + timedelta(days=7)) == date(2022, 3, 10)
    assert "staat stil sinds" in clerk.get(agency("dossier", dossier)).content.decode()

    page = provider.get(portal("dossier", dossier)).content.decode()
    assert "Bezorg de jaarrekening." in page
    assert "Antwoord tegen 15/03/2022" in page
    # Who wrote it at the agency is not told.
    assert officer.name not in page
    overview = provider.get(reverse("portal:overview", args=["alfa"]))
    assert [(d.pk, day) for _, d, day in overview.context["waits"]] == [
        (dossier.pk, date(2022, 3, 15))
    ]
    # A question is answered, not waved away.
    provider.post(portal("messages-read", dossier), {"last": asked.pk})
    assert messages()[0].handled_on is None
    # Nor decided about before it came, unawares.
    page = clerk.get(agency("dossier", dossier)).content.decode()
    warned = page.index("Kijk eerst dit na")
    assert page.index("heeft nog niet geantwoord op uw vraag van 01/03/2022") > warned

    with across_providers():
        services.write_message(
            dossier=dossier,
            text="Ze zit erbij.",
            by_agency=False,
            actor=coach,
            at=AT + timedelta(days=9),
        )
        later = TODAY + timedelta(days=30)
        assert decision_due_on(dossier, on=later) == date(2022, 3, 12)
    assert messages()[0].handled_by_id == coach.pk


def test_who_wrote_is_named_to_its_own_side_alone(dossier, officer, coach):
    with across_providers():
        both = {True: officer, False: coach}
        for by_agency in (False, True):
            about = {"dossier": dossier, "at": AT}
            said = services.write_message(
                **about, by_agency=by_agency, actor=both[by_agency], text="Dag."
            )
            about |= {"actor": both[not by_agency], "last": str(said.pk)}
            assert services.handle_messages(**about, by_agency=not by_agency) == 0
    deeds = browser_of(coach).get(portal("dossier", dossier)).context["deeds"]
    told = [(deed["who"], deed["what"]) for deed in deeds if "ericht" in deed["what"]]
    assert told == [
        (coach.name, "Berichten van VLAIO afgehandeld zonder antwoord"),
        ("VLAIO", "Bericht aan de dienstverlener"),
        ("VLAIO", "Berichten van de dienstverlener afgehandeld zonder antwoord"),
        (coach.name, "Bericht aan VLAIO"),
    ]
    page = browser_of(coach).get(portal("dossier", dossier)).content.decode()
    assert officer.name not in page


def test_what_a_person_at_the_agency_must_judge_is_no_errand_for_the_provider(dossier, coach):
    with across_providers():
        dossiers.assess_dossier(dossier=dossier, actor=timetable(), at=AT)
    page = browser_of(coach).get(portal("dossier", dossier))
    judged = [one for one, _ in page.context["standings"] if one.outcome == "person"]
    assert judged
    assert page.content.decode().count("VLAIO beoordeelt dit zelf") == len(judged)


def test_a_question_reads_as_taken_back_or_as_answered(dossier, officer, coach):
    told, ask = "Informatie gevraagd, ingetrokken", {"by_agency": True, "asks": True}

    def shown():
        pages = (agency("dossier", dossier), officer), (portal("dossier", dossier), coach)
        return [browser_of(who).get(page).content.decode().count(told) for page, who in pages]

    with across_providers():
        make.message(dossier, **ask, at=AT)
    assert shown() == [0, 0]
    with across_providers():
        services.take_back_question(dossier=dossier, actor=officer, at=AT)
    assert shown() == [1, 1]
    with across_providers():
        make.message(dossier, **ask, text="nog iets", at=AT + timedelta(minutes=1))
        make.message(dossier, by_agency=False, at=AT + timedelta(minutes=2))
    assert shown() == [1, 1]


def test_one_question_at_a_time_and_only_before_the_decision(dossier, officer):
    with across_providers():
        ask = {"dossier": dossier, "text": "Wat?", "by_agency": True, "actor": officer, "at": AT}
        services.write_message(**ask, answer_by=TODAY + timedelta(days=5))
        for day, code in (
            (TODAY, "answer-by"),
            (TODAY + timedelta(days=366), "answer-by"),
            (TODAY + timedelta(days=6), "already-asked"),
        ):
            with pytest.raises(Refusal) as refused:
                services.write_message(**ask, answer_by=day)
            assert refused.value.code == code
        services.take_back_question(dossier=dossier, actor=officer, at=AT)
        with pytest.raises(Refusal, match="nothing-asked"):
            services.take_back_question(dossier=dossier, actor=officer, at=AT)
        started = make.started(dossier.contract)
        with pytest.raises(Refusal, match="not-now"):
            services.write_message(**{**ask, "dossier": started}, answer_by=date(2022, 3, 9))
        # A message that asks nothing can always be written.
        services.write_message(**{**ask, "dossier": started})


def test_who_filed_is_told_that_there_is_something_to_read_and_not_what(dossier, officer):
    write = agency("message-write", dossier)
    # Not to who works there no more.
    browser_of(officer).post(write, {"text": "Zeer geheim."})
    send_waiting()
    assert mail.outbox == []
    with across_providers():
        make.employ(dossier.submitted_by, dossier.provider)
    browser_of(officer).post(write, {"text": "Even geheim."})
    send_waiting()
    [told] = [one for one in mail.outbox if one.to == [dossier.submitted_by.email]]
    assert dossier.reference in told.subject
    assert "geheim" not in told.body
    assert "http" not in told.body


def test_a_message_comes_with_a_document_and_what_is_wrong_with_it_loses_no_word(dossier, coach):
    provider = browser_of(coach)
    page = provider.post(
        portal("message-write", dossier),
        {"text": "Zie bijlage.", "document": SimpleUploadedFile("x.pdf", b"<html></html>")},
    )
    assert page.status_code == 422
    assert page.context["message_form"]["text"].value() == "Zie bijlage."
    assert "document" in page.context["message_form"].errors
    assert messages() == []
    good = make.pdf(b"bijlage")
    provider.post(
        portal("message-write", dossier),
        {"text": "Zie bijlage.", "document": SimpleUploadedFile("x.pdf", good)},
    )
    [message] = messages()
    fetched = provider.get(portal("message-document", dossier, message.pk))
    assert fetched.content == good
    assert fetched["Content-Disposition"] == f'attachment; filename="{dossier.reference}-x.pdf"'


def test_the_same_message_with_the_same_document_is_one(dossier, coach):
    provider = browser_of(coach)
    for content in (b"a", b"a", b"b"):
        document = SimpleUploadedFile("x.pdf", make.pdf(content))
        sent = {"text": "Zie bijlage.", "document": document}
        assert provider.post(portal("message-write", dossier), sent).status_code == 302
    assert len(messages()) == 2
    with across_providers():
        assert Document.objects.filter(kind="attachment").count() == 2


def test_the_same_message_pressed_twice_is_one(dossier, coach):
    provider = browser_of(coach)
    for _ in range(2):
        provider.post(portal("message-write", dossier), {"text": "Eén keer."})
    assert len(messages()) == 1


def test_too_long_is_told_and_kept(dossier, coach):
    page = browser_of(coach).post(portal("message-write", dossier), {"text": "a" * 1_000_000})
    assert page.status_code == 422
    assert len(page.context["message_form"]["text"].value()) == 1_000_000
    assert messages() == []


@pytest.mark.parametrize("text", ["🙂 مرحبا", "<script>alert(1)</script>"])
def test_what_is_written_is_shown_as_it_is(dossier, coach, officer, text):
    browser_of(coach).post(portal("message-write", dossier), {"text": text})
    page = browser_of(officer).get(agency("dossier", dossier)).content.decode()
    assert text.replace("<", "&lt;").replace(">", "&gt;") in page
    assert "<script>alert" not in page


def test_a_provider_writes_in_its_own_name_and_handles_what_came_in(dossier, coach):
    make_message = (
        "INSERT INTO handling_message (id, provider_id, dossier_id, by_agency, asks, text,"
        " written_on, written_at, written_by_id, writer)"
        " VALUES (gen_random_uuid(), %s, %s, true, false, 'x', now(), now(), %s, 'x')"
    )
    with across_providers():
        mine = make.message(dossier, by_agency=False, at=AT)
    with (
        inside(dossier.provider_id),
        pytest.raises(DatabaseError, match="row-level"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(make_message, [dossier.provider_id, dossier.pk, coach.pk])
    with inside(dossier.provider_id), transaction.atomic():
        changed = Message.objects.filter(pk=mine.pk).update(handled_on=TODAY, handled_by=coach)
        assert changed == 0


def test_a_dossier_is_taken_and_handed_over_to_who_may(dossier, officer):
    clerk = browser_of(officer)
    clerk.post(agency("dossier-take", dossier))
    with across_providers():
        colleague = make.make_officer()
        stranger = make.make_officer("payments_officer")
    page = clerk.post(agency("dossier-hand-over", dossier), {"officer": stranger.pk})
    assert page.status_code == 422
    clerk.post(agency("dossier-hand-over", dossier), {"officer": colleague.pk})
    with across_providers():
        kept = Handler.objects.order_by("since")
        assert [(one.officer_id, one.ended_at is None) for one in kept] == [
            (officer.pk, False),
            (colleague.pk, True),
        ]
        dossiers.give_access(
            reference=dossier.reference,
            user=officer,
            kind="closed",
            until=TODAY,
            reason="belang",
            actor=colleague,
            at=AT,
        )
        with pytest.raises(Refusal, match="cannot-handle"):
            services.give_to(dossier=dossier, officer=officer, actor=colleague, at=AT)
    # To whom it is closed it is not there, on the list of what waits either.
    assert clerk.post(agency("dossier-take", dossier)).status_code == 404
    assert clerk.get(reverse("backoffice:work")).context["page"].object_list == []


def test_who_hands_over_from_an_older_page_is_first_told_who_took_it(dossier, officer):
    with across_providers():
        colleague, third = make.make_officer(), make.make_officer()
        services.give_to(dossier=dossier, officer=colleague, actor=colleague, at=AT)
    sent = {"officer": third.pk, "seen": ""}
    late = browser_of(officer).post(agency("dossier-hand-over", dossier), sent)
    assert late.status_code == 422
    assert f"{colleague.name} nam dit dossier intussen" in late.content.decode()
    with across_providers():
        assert Handler.objects.get(ended_at=None).officer == colleague


def test_all_messages_about_a_dossier_wait_as_one_and_lead_to_where_they_are(dossier, officer):
    with across_providers():
        for minutes in (2, 1):
            make.message(dossier, by_agency=False, at=AT + timedelta(minutes=minutes))
    page = browser_of(officer).get(reverse("backoffice:work"))
    assert [item.kind for item in page.context["page"]] == ["review", "answer"]
    assert f'href="{agency("dossier", dossier)}#messages"' in page.content.decode()
    [menu] = [one for one in page.context["nav"] if one["current"]]
    assert menu["waiting"] == 2


@pytest.mark.parametrize("page", ["dossier", "work"])
def test_who_takes_a_dossier_from_an_older_page_is_first_told_who_took_it(dossier, officer, page):
    with across_providers():
        colleague = make.make_officer()
    first, second = browser_of(officer), browser_of(colleague)
    shown = agency("dossier", dossier) if page == "dossier" else reverse("backoffice:work")
    form = rf'action="{agency("dossier-take", dossier)}">.*?name="seen" value="(\d*)"'

    def seen_by(clerk):
        return re.findall(form, clerk.get(shown).content.decode(), re.DOTALL)[0]

    def handler():
        with across_providers():
            return Handler.objects.get(ended_at=None).officer_id

    early = seen_by(second)
    assert early == ""
    first.post(agency("dossier-take", dossier), {"seen": seen_by(first)})
    late = second.post(agency("dossier-take", dossier), {"seen": early}, follow=True)
    assert f"{officer.name} nam dit dossier intussen" in late.content.decode()
    assert handler() == officer.pk
    # The page names them now: pressing again takes it over.
    second.post(agency("dossier-take", dossier), {"seen": seen_by(second)})
    assert handler() == colleague.pk


def test_an_answer_handles_what_was_on_the_page_and_no_later_message(
    dossier, officer, coach, monkeypatch
):
    provider = browser_of(coach)
    provider.post(portal("message-write", dossier), {"text": "een eerste vraag"})
    clerk = browser_of(officer)
    seen = clerk.get(agency("dossier", dossier)).context["thread"][0]["message"].pk
    later = AT + timedelta(minutes=1)
    monkeypatch.setattr("apps.portal.views.messages.timezone.now", lambda: later)
    provider.post(portal("message-write", dossier), {"text": "intussen nog iets"})
    clerk.post(agency("message-write", dossier), {"text": "antwoord", "seen": str(seen)})
    with across_providers():
        waiting = Message.objects.filter(by_agency=False, handled_on=None)
        assert [message.text for message in waiting] == ["intussen nog iets"]


def test_the_agency_reads_who_took_a_dossier_and_the_provider_does_not(dossier, officer, coach):
    clerk = browser_of(officer)
    with across_providers():
        colleague = make.make_officer()
    clerk.post(agency("dossier-take", dossier))
    page = clerk.get(agency("dossier", dossier))
    # To whom it is handed over, one that has it is no answer.
    offered = page.context["hand_over_form"].fields["officer"].queryset
    with across_providers():
        assert officer not in offered
        assert colleague in offered
    assert page.context["deeds"][0]["what"] == "In behandeling genomen"
    clerk.post(agency("dossier-hand-over", dossier), {"officer": colleague.pk})
    deeds = clerk.get(agency("dossier", dossier)).context["deeds"]
    assert deeds[0]["what"] == f"Overgedragen aan {colleague.name}"
    assert deeds[0]["who"] == officer.name
    told = browser_of(coach).get(portal("dossier", dossier)).context["deeds"]
    assert not [deed for deed in told if "behandeling" in deed["what"]]
    with inside(dossier.provider_id), transaction.atomic():
        assert not Entry.objects.filter(action__startswith="handler.").exists()


def test_who_decides_is_warned_of_what_is_unread_and_of_a_colleague_who_handles_it(
    dossier, officer
):
    clerk = browser_of(officer)
    letter_note()
    assert "Kijk eerst dit na" not in clerk.get(agency("dossier", dossier)).content.decode()
    with across_providers():
        colleague = make.make_officer()
        services.give_to(dossier=dossier, officer=colleague, actor=officer, at=AT)
        said = make.message(dossier, by_agency=False, at=AT)
    page = clerk.get(agency("dossier", dossier)).content.decode()
    warned = page.index("Kijk eerst dit na")
    assert page.index("is nog niet afgehandeld.") > warned
    assert page.index(f"{colleague.name} behandelt dit dossier, niet u.") > warned
    assert page.index(agency("dossier-refuse", dossier)) > warned
    # Both can be as they should: no warning is left.
    clerk.post(agency("messages-read", dossier), {"last": said.pk})
    clerk.post(agency("dossier-take", dossier))
    assert "Kijk eerst dit na" not in clerk.get(agency("dossier", dossier)).content.decode()


@pytest.mark.parametrize("by_agency", [True, False])
def test_a_message_that_came_after_the_page_was_opened_stays_open(
    dossier, officer, coach, by_agency
):
    with across_providers():
        first = make.message(dossier, by_agency=not by_agency, at=AT)
        after = make.message(dossier, by_agency=not by_agency, at=AT + timedelta(hours=1))
    browser, door = (browser_of(officer), agency) if by_agency else (browser_of(coach), portal)
    address = door("messages-read", dossier)
    told = browser.post(address, {"last": first.pk}, follow=True).content.decode()
    assert "Er kwam intussen een nieuw bericht bij." in told
    assert f'name="last" value="{after.pk}"' in told
    assert [one.handled_on for one in messages()] == [TODAY, None]
    browser.post(address, {"last": after.pk})
    assert [one.handled_on for one in messages()] == [TODAY, TODAY]


def test_the_history_says_what_a_message_handled_and_when_the_clock_stops_and_goes_on(
    dossier, officer, coach
):
    clerk, provider = browser_of(officer), browser_of(coach)
    provider.post(portal("message-write", dossier), {"text": "Dag."})
    page = clerk.get(agency("dossier", dossier))
    assert "geldt wat de dienstverlener schreef als afgehandeld" in page.content.decode()
    sent = {"text": "Bezorg de jaarrekening.", "asks": "on", "answer_by": "15/03/2022"}
    clerk.post(agency("message-write", dossier), sent)
    provider.post(portal("message-write", dossier), {"text": "Ze zit erbij."})
    page = clerk.get(agency("dossier", dossier))
    assert [deed["what"] for deed in page.context["deeds"][:3]] == [
        "Vraag van 01/03/2022 beantwoord: de termijn loopt verder",
        "Informatie gevraagd, te beantwoorden tegen 15/03/2022: de termijn staat stil."
        " Wat tot en met 01/03/2022 binnenkwam, is daarmee afgehandeld",
        "Bericht aan VLAIO",
    ]


def test_what_is_wrong_with_a_finding_names_its_question(dossier, officer):
    page = browser_of(officer).post(agency("dossier-find", dossier), {"question": "once_only"})
    assert page.status_code == 422
    summary = page.content.decode().split('id="error-summary-title"')[1].split("</ul>")[0]
    assert "Uw vaststelling over “Eén keer per onderneming”: " in summary
    assert "Reden van uw vaststelling over “Eén keer per onderneming”: " in summary


@pytest.fixture
def everything(dossier, officer):
    """One of each kind waits, and the review is the officer's."""
    contract = dossier.contract
    with across_providers():
        make.message(make.approved(contract), by_agency=False, at=AT)
        claim = make.submitted_claim(contract)
        reported = make.completed(contract)
        make.end_report(reported)
        services.give_to(dossier=dossier, officer=officer, actor=officer, at=AT)
        return {"review": dossier, "claim": claim.dossier, "end_report": reported}


def test_what_waits_stands_by_what_is_due_first_with_its_age_and_whose_it_is(
    everything, officer, dossier
):
    clerk = browser_of(officer)
    page = clerk.get(reverse("backoffice:work"))
    found = [(item.kind, item.due_on, item.officer) for item in page.context["page"]]
    assert found == [
        ("review", date(2022, 3, 3), officer),
        ("claim", date(2022, 5, 5), None),
        ("answer", None, None),
        ("end_report", None, None),
    ]
    assert "nog 2 dagen" in page.content.decode()
    load = {
        name: ([count for _kind, count in counts], late)
        for name, counts, late in page.context["load"]
    }
    assert load == {officer.name: ([1, *[0] * 6], 0), "": ([0, 0, 1, 1, 1, 0, 0], 0)}
    mine = clerk.get(reverse("backoffice:work"), {"whose": "mine"})
    assert [item.about for item in mine.context["page"]] == [dossier]
    claims = clerk.get(reverse("backoffice:work"), {"kind": "claim", "whose": "nobodys"})
    assert [item.about for item in claims.context["page"]] == [everything["claim"]]
    # Taken from the list, one is back on the list as it was.
    back = reverse("backoffice:work") + "?kind=claim"
    taken = clerk.post(agency("dossier-take", everything["claim"]), {"back": back})
    assert taken["Location"] == back
    elsewhere = clerk.post(agency("dossier-take", dossier), {"back": "https://elsewhere.example/"})
    assert elsewhere["Location"] == agency("dossier", dossier)


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"kind": "all"},
        {"kind": "claim"},
        {"whose": "mine"},
        {"whose": "nobodys", "kind": "all"},
    ],
)
def test_what_waits_as_a_file_is_what_the_list_shows(everything, officer, asked):
    clerk = browser_of(officer)
    page = clerk.get(reverse("backoffice:work"), asked)
    shown = [item.about.reference for item in page.context["page"]]
    _, of_text = page.context["as_files"]["work"]
    lines = clerk.get(of_text[1]).content.decode("utf-8-sig").splitlines()[1:]
    assert [line.partition(";")[0] for line in lines] == shown
    assert 0 < len(shown) <= 4
    assert (len(shown) < 4) == bool({"claim", "mine", "nobodys"} & set(asked.values()))


def test_what_waits_is_asked_of_one_edition(everything, officer):
    with across_providers():
        make.add_edition_of_2026()
        contract = make.make_contract_of_2026()
        new = make.submitted(contract, at=datetime(2026, 2, 2, 9, tzinfo=UTC))
    edition = {"edition": contract.edition_id}
    page = browser_of(officer).get(reverse("backoffice:work"), edition)
    assert [item.about for item in page.context["page"]] == [new]


def test_what_stands_still_has_no_last_day_and_comes_after_what_has(everything, officer, dossier):
    with across_providers():
        make.message(dossier, by_agency=True, asks=True, at=AT)
    page = browser_of(officer).get(reverse("backoffice:work"))
    kinds = [item.kind for item in page.context["page"]]
    assert kinds == ["claim", "review", "answer", "end_report"]


def test_what_must_be_decided_is_handed_to_who_may_decide_it_told_with_their_role(dossier, officer):
    with across_providers():
        colleague, controller = make.make_officer(), make.make_officer("controller")
    page = browser_of(officer).get(agency("dossier", dossier)).content.decode()
    offered = page.split('name="officer"')[1].split("</select>")[0]
    assert f"{colleague.name} (dossierbehandelaar)" in offered.lower()
    assert controller.name not in offered
    checks = browser_of(controller)
    assert (
        agency("dossier-take", dossier)
        not in checks.get(agency("dossier", dossier)).content.decode()
    )
    checks.post(agency("dossier-take", dossier))
    with across_providers():
        assert not Handler.objects.exists()


def test_a_finding_against_the_rules_waits_for_another_officer_who_may_also_not_confirm_it(
    dossier, officer
):
    with across_providers():
        dossiers.find(
            dossier=dossier,
            question="equity",
            outcome="not_met",
            reason="verlies",
            actor=officer,
            at=AT,
        )
        second, controller = make.make_officer(), make.make_officer("controller")

    def waits(person):
        page = browser_of(person).get(reverse("backoffice:work"), {"kind": "confirm"})
        return [item.about.pk for item in page.context["page"]]

    assert (waits(officer), waits(controller), waits(second)) == ([], [], [dossier.pk])
    clerk = browser_of(second)
    page = clerk.get(agency("dossier", dossier))
    assert page.context["nav"][0]["waiting"] == 2
    [row] = [row for row in page.context["rows"] if row["standing"].pending]
    assert "Bevestig het niet, met een reden" in page.content.decode()
    sent = {**row["disagrees"].initial, "reason": "geen verlies"}
    assert clerk.post(agency("dossier-find", dossier), sent).status_code == 302
    after = clerk.get(agency("dossier", dossier))
    assert not [row for row in after.context["rows"] if row["standing"].pending]
    assert after.context["deeds"][0]["what"] == (
        "Vaststelling tegen de regels over “Eigen vermogen” niet bevestigd: voldaan, zoals volgens"
        " de regels. Reden: geen verlies"
    )
    assert (waits(second), after.context["nav"][0]["waiting"]) == ([], 1)


def test_the_page_tells_what_can_be_decided_and_what_stands_before_a_refusal(dossier, officer):
    clerk = browser_of(officer)

    def told():
        page = clerk.get(agency("dossier", dossier)).content.decode()
        return " ".join(re.sub(r"<[^>]+>", " ", page).split())

    can, nothing = "Het dossier kan goedgekeurd worden", "Geen enkele voorwaarde staat op"
    with across_providers():
        judged = [s.answer.question for s in standings_of(dossier.assessment) if s.outcome != MET]
    assert judged
    assert (
        f"Kijk dit na voor u weigert {len(judged)} vragen moeten nog beoordeeld worden." in told()
    )
    with across_providers():
        find = {"dossier": dossier, "reason": "nagekeken", "at": AT}
        for question in judged:
            dossiers.find(question=question, outcome="met", actor=officer, **find)
    assert f"{can}." in told()
    assert nothing in told()
    # What was asked may change it.
    with across_providers():
        make.message(dossier, by_agency=True, asks=True, at=AT)
    assert can not in told()
    with across_providers():
        services.take_back_question(dossier=dossier, actor=officer, at=AT)
        dossiers.find(question="equity", outcome="not_met", actor=officer, **find)
    assert can not in told()
    assert "Zodra ze bevestigd is, kan het dossier alleen geweigerd worden." in told()
    with across_providers():
        second = make.make_officer()
        dossiers.confirm_override(dossier=dossier, question="equity", actor=second, at=AT)
    assert nothing not in told()
    assert "Kijk dit na voor u weigert" not in told()


def test_one_outcome_that_is_left_is_told_and_not_chosen(dossier, officer):
    clerk = browser_of(officer)
    rows = clerk.get(agency("dossier", dossier)).context["rows"]
    forms = {row["standing"].answer.question: str(row["form"]["outcome"]) for row in rows}
    for row in rows:
        both = 'type="radio"' in forms[row["standing"].answer.question]
        assert both is not row["against"]
    assert forms["equity"] == (
        '<input type="hidden" name="outcome" value="not_met" id="equity_outcome">'
    )
    page = clerk.get(agency("dossier", dossier)).content.decode()
    assert "Uw vaststelling: <strong>Niet voldaan</strong>" in page
    sent = {"question": "equity", "outcome": "met", "reason": "x"}
    assert clerk.post(agency("dossier-find", dossier), sent).status_code == 422
    assert clerk.post(agency("dossier-find", dossier), sent | {"reason": ""}).status_code == 422
    sent["outcome"] = "not_met"
    assert clerk.post(agency("dossier-find", dossier), sent).status_code == 302


def test_who_decides_is_told_that_the_letter_says_nothing_of_an_appeal(dossier, officer):
    clerk, told = browser_of(officer), "zegt niet hoe men beroep instelt"
    page = clerk.get(agency("dossier", dossier)).content.decode()
    assert page.index(told) > page.index("Kijk eerst dit na")
    address = reverse("backoffice:edition", args=[dossier.contract.edition_id])
    assert told in clerk.get(address).content.decode()
    letter_note()
    for shown in (agency("dossier", dossier), address):
        assert told not in clerk.get(shown).content.decode()


def letter_note():
    with across_providers():
        Edition.objects.update(letter_note="Raad van State")


def test_a_run_waits_for_who_may_take_its_next_step_and_other_work_is_not_counted(dossier):
    with across_providers():
        make.verified_claim(dossier.contract)
        run = draw_up_run(quarter=make.Q1, actor=timetable(), at=make.RUN_DAY)
        pays, approves = (
            make.make_officer("payments_officer"),
            make.make_officer("payments_approver"),
        )
        auditor = make.make_officer("auditor")

    def waits(person):
        page = browser_of(person).get(reverse("backoffice:work"))
        return list(page.context["runs"]), page.context["nav"][0]["waiting"]

    assert waits(pays) == ([run], 1)
    assert waits(approves) == waits(auditor) == ([], 0)
    with across_providers():
        check_run(run=run, actor=pays, at=make.RUN_DAY)
    assert waits(pays) == ([], 0)
    assert waits(approves) == ([run], 1)


def test_what_is_to_do_opens_with_what_a_role_does_and_the_menu_counts_the_same(
    everything, dossier
):
    address = reverse("backoffice:work")
    own = {
        "reviewer": ["review", "claim", "answer", "end_report"],
        "controller": ["answer", "end_report"],
        "payments_officer": [],
        "auditor": [],
    }
    for role, kinds in own.items():
        with across_providers():
            officer = make.make_officer(role)
        client = browser_of(officer)
        page = client.get(address)
        assert [item.kind for item in page.context["page"]] == kinds
        assert page.context["nav"][0]["waiting"] == len(kinds)
        assert page.context["others"] == 4 - len(kinds)
        _, of_text = page.context["as_files"]["work"]
        assert len(client.get(of_text[1]).content.decode().splitlines()) == 1 + len(kinds)
        told = page.content.decode()
        assert ("u kunt meelezen" in told) == (role == "auditor")
        assert ("Toon alles wat wacht" in told) == (kinds != own["reviewer"])
        every = client.get(f"{address}?{page.context['all_of_it']}")
        assert len(every.context["page"].object_list) == 4
        assert ("kunt u dit alleen lezen" in every.content.decode()) == (kinds != own["reviewer"])
    with across_providers():
        officer = make.make_officer()
        dossiers.give_access(
            reference=dossier.reference,
            user=officer,
            kind="closed",
            until=TODAY + timedelta(days=7),
            reason="belang",
            actor=make.make_user(),
            at=AT,
        )
    # What is closed to somebody is not on their list, nor counted in the menu.
    page = browser_of(officer).get(address)
    assert len(page.context["page"].object_list) == page.context["nav"][0]["waiting"] == 3


def test_what_waits_asks_as_much_of_the_database_for_many(everything, dossier, officer):
    def queries():
        with (
            across_providers(),
            CaptureQueriesContext(
                connection,
            ) as asked,
        ):
            waiting_at_agency(
                dossiers_of_all(),
                on=TODAY,
                shifts=shifts_proposed(),
                overrides=overrides_to_confirm(officer),
            )
        return len(asked)

    few = queries()
    with across_providers():
        for _ in range(5):
            make.submitted(dossier.contract)
            make.submitted_claim(dossier.contract)
            make.message(make.approved(dossier.contract), by_agency=False, at=AT)
    assert queries() == few


def dossiers_of_all():
    from apps.dossiers.models import Dossier

    return Dossier.objects.all()


DAYS = st.integers(min_value=0, max_value=400).map(lambda n: date(2022, 1, 1) + timedelta(days=n))


@given(
    since=DAYS,
    days=st.integers(1, 60),
    waited=st.lists(st.tuples(DAYS, st.one_of(st.none(), DAYS)), max_size=4),
    on=DAYS,
)
def test_a_term_moves_by_the_days_that_somebody_waited_each_counted_once(since, days, waited, on):
    due = due_on(since, days=days, waited=waited, on=on)
    stood = {
        day
        for day in (since + timedelta(days=n) for n in range(900))
        if any(asked <= day < (on if end is None else min(end, on)) for asked, end in waited)
    }
    assert due == since + timedelta(days=days + len(stood))
    assert due_on(since, days=days, waited=[*waited, *waited], on=on) == due
    assert due_on(since, days=days, waited=[], on=on) == since + timedelta(days=days)


@pytest.mark.parametrize("deed", ["approve", "refuse"])
def test_who_filed_a_dossier_is_mailed_that_it_was_decided_and_not_how(dossier, officer, deed):
    with across_providers():
        decidable = make.assessed(dossier.contract)
        make.employ(decidable.submitted_by, decidable.provider)
    about = agency(f"dossier-{deed}", decidable)
    browser_of(officer).post(about, {"reason": "te groot", "sure": "on"})
    with across_providers():
        decidable.refresh_from_db()
        assert decidable.state in ("approved", "refused")
        send_waiting()
    [told] = [one for one in mail.outbox if one.to == [decidable.submitted_by.email]]
    assert told.body.startswith(f"VLAIO nam een beslissing over dossier {decidable}.")
    assert "te groot" not in told.body
