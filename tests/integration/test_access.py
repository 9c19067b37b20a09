"""One dossier opened to somebody, or closed to somebody, until a day."""

from datetime import date, timedelta

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from apps.accounts.selectors import timetable
from apps.audit.models import Entry
from apps.claims.services import send_back_claim, stop_dossier, verify_claim
from apps.dossiers import services
from apps.dossiers.models import CLOSED, OPENED, Access
from apps.dossiers.selectors import dossiers_in_sight
from apps.payouts.services import draw_up_run
from apps.providers.scope import across_providers, inside
from cstraject.refusal import Refusal
from tests import factories as make
from tests.factories import AT

TODAY = AT.date()
NEXT_WEEK = TODAY + timedelta(days=7)


@pytest.fixture
def cases(db, clock):
    """Two dossiers that wait for a decision, and two people of the agency who may look."""
    clock.at = AT
    with across_providers():
        contract = make.make_contract()
        return make.assessed(contract), make.assessed(contract)


def officer(role="reviewer"):
    with across_providers():
        return make.make_officer(role)


def give(dossier, user, kind, *, until=NEXT_WEEK, **given):
    asked = {
        "reference": dossier.reference,
        "user": user,
        "kind": kind,
        "until": until,
        "reason": "controle",
        "actor": officer("administrator"),
        "at": AT,
    }
    with across_providers():
        return services.give_access(**{**asked, **given})


def page_of(person, dossier):
    client = Client(headers={"accept-language": "nl"})
    make.sign_in(client, person)
    return client.get(reverse("backoffice:dossier", args=[dossier.pk]))


def listed_for(person):
    client = Client(headers={"accept-language": "nl"})
    make.sign_in(client, person)
    return client.get(reverse("backoffice:dossiers")).content.decode()


# ---- Opened --------------------------------------------------------------------------------------


def test_a_guest_sees_the_one_dossier_that_is_opened_until_its_last_day(cases, clock):
    one, other = cases
    guest = officer("guest")
    assert page_of(guest, one).status_code == 404
    give(one, guest, OPENED)

    assert page_of(guest, one).status_code == 200
    assert page_of(guest, other).status_code == 404
    assert one.reference in listed_for(guest)
    assert other.reference not in listed_for(guest)
    clock.at = AT + timedelta(days=7)
    assert page_of(guest, one).status_code == 200
    clock.at = AT + timedelta(days=8)
    assert page_of(guest, one).status_code == 404
    assert one.reference not in listed_for(guest)


def test_a_guest_reads_that_facts_were_corrected_and_not_which(cases):
    one, _ = cases
    with across_providers():
        services.correct_facts(
            dossier=one,
            seen=one.facts_id,
            stated={**one.facts.stated, "equity": "-1"},
            source="jaarrekening",
            reason="nagekeken",
            actor=officer(),
            at=AT,
        )
    give(one, officer("guest"), OPENED)
    guest = officer("guest")
    give(one, guest, OPENED)
    for person, reads in ((officer(), True), (guest, False)):
        [deed] = [
            deed["what"]
            for deed in page_of(person, one).context["deeds"]
            if deed["what"].startswith("Gegevens verbeterd")
        ]
        assert ("Eigen vermogen" in deed) == reads


def test_a_guest_looks_and_does_nothing(cases):
    one, _ = cases
    guest = officer("guest")
    give(one, guest, OPENED)
    client = Client()
    make.sign_in(client, guest)
    for name in ("approve", "refuse", "stop", "find", "correct"):
        door = reverse(f"backoffice:dossier-{name}", args=[one.pk])
        assert client.post(door, {"reason": "x"}).status_code == 403
    for name in ("claims", "contracts", "runs", "register", "answer", "people"):
        assert client.get(reverse(f"backoffice:{name}")).status_code == 403
    page = page_of(guest, one).content.decode()
    assert "<button" not in page.partition("<main")[2].partition("</main")[0]


def test_what_is_opened_may_be_ended_before_its_day(cases):
    one, _ = cases
    guest, administrator = officer("guest"), officer("administrator")
    access = give(one, guest, OPENED)
    with across_providers():
        services.end_access(access=access.pk, actor=administrator, at=AT)
    assert page_of(guest, one).status_code == 404
    with across_providers(), pytest.raises(Refusal, match="access-gone"):
        services.end_access(access=access.pk, actor=administrator, at=AT)
    with across_providers():
        told = list(Entry.objects.filter(action__startswith="access.").order_by("id"))
    assert [entry.action for entry in told] == ["access.give", "access.end"]
    assert told[0].facts["dossier"] == one.reference


# ---- Closed --------------------------------------------------------------------------------------


def test_a_reviewer_with_a_conflict_of_interest_does_not_find_the_dossier(cases, clock):
    one, other = cases
    reviewer = officer()
    assert page_of(reviewer, one).status_code == 200
    give(one, reviewer, CLOSED)

    client = Client()
    make.sign_in(client, reviewer)
    for name in ("dossier", "dossier-size", "dossier-de-minimis", "dossier-facts"):
        assert client.get(reverse(f"backoffice:{name}", args=[one.pk])).status_code == 404
    for name in ("approve", "refuse", "find", "correct", "confirm", "assess"):
        door = reverse(f"backoffice:dossier-{name}", args=[one.pk])
        assert client.post(door, {"reason": "x"}).status_code == 404
    assert one.reference not in listed_for(reviewer)
    assert other.reference in listed_for(reviewer)
    assert page_of(officer(), one).status_code == 200
    clock.at = AT + timedelta(days=8)
    assert page_of(reviewer, one).status_code == 200


def test_closed_wins_over_opened_and_over_every_role(cases):
    one, _ = cases
    auditor = officer("auditor")
    give(one, auditor, OPENED)
    give(one, auditor, CLOSED)
    assert page_of(auditor, one).status_code == 404
    # The last one counts: what is opened again is seen again.
    give(one, auditor, OPENED)
    assert page_of(auditor, one).status_code == 200


def test_no_deed_passes_where_a_dossier_is_closed(cases):
    """The services refuse by themselves, whatever door was taken."""
    one, _ = cases
    reviewer = officer()
    with across_providers():
        claim = make.submitted_claim(one.contract)
    give(one, reviewer, CLOSED)
    give(claim.dossier, reviewer, CLOSED)
    for deed in (
        lambda: services.approve_dossier(dossier=one, actor=reviewer, at=AT),
        lambda: services.refuse_dossier(dossier=one, reason="x", actor=reviewer, at=AT),
        lambda: services.find(
            dossier=one, question="equity", outcome="met", reason="x", actor=reviewer, at=AT
        ),
        lambda: services.enter_in_register(
            dossier=claim.dossier, reference="x", on=TODAY, actor=reviewer, at=AT
        ),
        lambda: verify_claim(claim=claim, actor=reviewer, at=AT),
        lambda: send_back_claim(claim=claim, reason="x", actor=reviewer, at=AT),
        lambda: stop_dossier(
            dossier=claim.dossier, cause="not_entitled", reason="x", actor=reviewer, at=AT
        ),
    ):
        with across_providers(), pytest.raises(Refusal, match="closed-to-you"):
            deed()


def test_claims_and_register_do_not_show_what_is_closed(cases):
    one, _ = cases
    reviewer = officer()
    with across_providers():
        claim = make.submitted_claim(one.contract)
    client = Client()
    make.sign_in(client, reviewer)
    assert claim.dossier.reference in client.get(reverse("backoffice:claims")).content.decode()
    give(claim.dossier, reviewer, CLOSED)
    for name in ("claims", "register"):
        shown = client.get(reverse(f"backoffice:{name}")).content.decode()
        assert claim.dossier.reference not in shown
    for name in ("claim-verify", "claim-send-back"):
        door = reverse(f"backoffice:{name}", args=[claim.pk])
        assert client.post(door, {"reason": "x"}).status_code == 404


def test_a_run_stays_whole_and_does_not_tell_whom_it_is_for_of_what_is_closed(cases):
    one, _ = cases
    reviewer = officer()
    with across_providers():
        mine = make.verified_claim(one.contract).dossier
        others = make.verified_claim(one.contract).dossier
        run = draw_up_run(quarter=make.Q1, actor=timetable(), at=make.RUN_DAY)
    give(mine, reviewer, CLOSED)
    client = Client(headers={"accept-language": "nl"})
    make.sign_in(client, reviewer)
    address = reverse("backoffice:run", args=[run.pk])
    page = client.get(address).content.decode()
    file = client.get(address, {"file": "lines.csv"}).content.decode()
    for told in (page, file):
        assert others.reference in told
        assert mine.reference not in told
        assert mine.enterprise_name not in told
        assert told.count("9801,00") + told.count("9.801,00") >= 2
    assert "Voor u gesloten" in page


def test_files_and_documents_hold_what_is_in_sight_alone(cases):
    """A guest fetches no more than what is opened, an officer nothing that is closed."""
    one, _ = cases
    with across_providers():
        other = make.submitted(one.contract, papers=True)
        opened = make.submitted(one.contract, papers=True)
    guest, reviewer = officer("guest"), officer()
    give(opened, guest, OPENED)
    give(other, reviewer, CLOSED)
    for person, seen, hidden in ((guest, opened, (one, other)), (reviewer, one, (other,))):
        client = Client(headers={"accept-language": "nl"})
        make.sign_in(client, person)
        file = client.get(reverse("backoffice:dossiers-file", args=["csv"])).content.decode()
        assert seen.reference in file
        assert [dossier.reference for dossier in hidden if dossier.reference in file] == []
        papers = {
            dossier.pk: client.get(reverse("backoffice:document", args=[dossier.pk, "offer"]))
            for dossier in (opened, other)
        }
        assert (papers[opened.pk].status_code, papers[other.pk].status_code) == (200, 404)
        # Nor is it found by searching or filtering for it.
        asked = f"?named={hidden[-1].reference}&state={hidden[-1].state}"
        page = client.get(reverse("backoffice:dossiers") + asked)
        assert list(page.context["page"]) == []


# ---- Giving --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"kind": "seen"}, "access-kind"),
        ({"reason": " "}, "reason-missing"),
        ({"until": TODAY - timedelta(days=1)}, "access-until"),
        ({"until": TODAY + timedelta(days=367)}, "access-until"),
        ({"reference": "NOBODY-2022-001"}, "unknown-dossier"),
    ],
)
def test_an_exception_that_makes_no_sense_is_refused(cases, given, code):
    with pytest.raises(Refusal, match=code):
        give(cases[0], officer("guest"), **{"kind": OPENED, **given})
    with across_providers():
        assert not Access.objects.exists()


def test_nobody_opens_or_ends_anything_for_themselves(cases):
    administrator = officer("administrator")
    with pytest.raises(Refusal, match="own-rights"):
        give(cases[0], administrator, OPENED, actor=administrator)
    access = give(cases[0], administrator, CLOSED)
    with across_providers(), pytest.raises(Refusal, match="own-rights"):
        services.end_access(access=access.pk, actor=administrator, at=AT)
    forged = Access(
        provider_id=cases[0].provider_id,
        dossier=cases[0],
        user=administrator,
        given_by=administrator,
        kind=OPENED,
        until=NEXT_WEEK,
        reason="x",
        given_at=AT,
    )
    with (
        across_providers(),
        pytest.raises(IntegrityError, match="access_given_by_somebody_else"),
        transaction.atomic(),
    ):
        forged.save()


def test_the_page_tells_what_holds_and_what_is_wrong(cases):
    one, _ = cases
    administrator, guest = officer("administrator"), officer("guest")
    client = Client(headers={"accept-language": "nl"})
    make.sign_in(client, administrator)
    typed = {
        "person": guest.pk,
        "reference": one.reference.lower(),
        "kind": OPENED,
        "until": "08/02/2022",
        "reason": "jaarlijkse controle",
    }
    wrong = client.post(reverse("backoffice:access-give"), {**typed, "until": "gisteren"})
    assert wrong.status_code == 422
    assert "jaarlijkse controle" in wrong.content.decode()
    assert client.post(reverse("backoffice:access-give"), typed).status_code == 302
    page = client.get(reverse("backoffice:people")).content.decode()
    assert "jaarlijkse controle" in page
    with across_providers():
        assert dossiers_in_sight(user=guest, all_of_them=False, on=date(2022, 2, 8)).get() == one


def test_no_provider_learns_what_is_opened_or_closed(cases):
    one, _ = cases
    give(one, officer("guest"), CLOSED)
    with inside(one.provider_id):
        assert not Entry.objects.filter(action__startswith="access.").exists()
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            Access.objects.count()
