"""All claims of a quarter in one deed: what qualifies, and why the rest does not."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.claims.models import Claim
from apps.claims.services import complete_dossier, file_claims, stop_dossier
from apps.design import figures
from apps.providers.models import Provider
from apps.providers.scope import across_providers, inside
from cstraject.quarter import Quarter
from cstraject.refusal import Refusal
from tests import factories as make

Q1, Q2 = Quarter(2022, 1), Quarter(2022, 2)
IN_WINDOW = datetime(2022, 7, 5, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def in_the_window(monkeypatch):
    for module in ("claims", "dossiers", "overview"):
        monkeypatch.setattr(f"apps.portal.views.{module}.timezone.now", lambda: IN_WINDOW)


@pytest.fixture
def world(db):
    """Of Alfa: sixty percent, less than that, none stated, an old statement, all completed."""
    with across_providers():
        alfa = make.make_provider("alfa")
        contract = make.make_contract(alfa, budget="500000.00")
        world = {
            "due": make.stated(make.started(contract), "20000.00", quarter=Q2, at=IN_WINDOW),
            "less": make.stated(make.started(contract), "17999.99", quarter=Q2, at=IN_WINDOW),
            "silent": make.started(contract),
            "old": make.stated(make.started(contract), "20000.00", quarter=Q1),
            "done": make.stated(make.started(contract), "30000.00", quarter=Q2, at=IN_WINDOW),
        }
        complete_dossier(
            dossier=world["done"], on=Q2.last_day, actor=make.make_user(), at=IN_WINDOW
        )
        world["manager"] = make.make_member(alfa, "manager")
        world["coach"] = make.make_member(alfa, "coach")
        return world


def browser_of(person) -> Client:
    client = Client(headers={"accept-language": "nl"})
    make.sign_in(client, person)
    return client


def claims():
    with across_providers():
        found = Claim.objects.order_by("dossier__reference", "tranche")
        return [(c.dossier_id, c.tranche, c.amount) for c in found]


def test_what_qualifies_is_listed_with_its_amount_and_the_rest_with_a_reason(world):
    page = browser_of(world["manager"]).get(reverse("portal:claims", args=["alfa"]))
    now = {(item.dossier.pk, item.tranche): item.amount for item, _, _ in page.context["now"]}
    # 60 % of 16,335.00, and of completed work all of it.
    assert now == {
        (world["due"].pk, 1): Decimal("9801.00"),
        (world["done"].pk, 1): Decimal("9801.00"),
        (world["done"].pk, 2): Decimal("6534.00"),
    }
    assert page.context["total"] == Decimal("26136.00")
    rest = {(item.dossier.pk, item.tranche): why for item, why in page.context["rest"]}
    assert rest.keys() == {
        *((world[name].pk, tranche) for name in ("less", "silent", "old") for tranche in (1, 2)),
        (world["due"].pk, 2),
    }
    assert rest[world["old"].pk, 1] == "Er is nog geen prestatiestaat van dit kwartaal."
    assert "60" in rest[world["less"].pk, 1]


@pytest.mark.parametrize(
    ("at", "now", "told"),
    [
        (IN_WINDOW, 2, "Uitbetaling kan gevraagd worden"),
        (
            datetime(2022, 6, 30, 9, tzinfo=UTC),
            0,
            "Uitbetaling kan gevraagd worden van 01/07/2022 tot en met 15/07/2022",
        ),
    ],
)
def test_the_files_tell_alike_what_can_be_claimed_now_and_what_later(
    world, monkeypatch, at, now, told
):
    monkeypatch.setattr("django.utils.timezone.now", lambda: at)
    manager = browser_of(world["manager"])
    dossiers_file = reverse("portal:dossiers-file", args=["alfa", "csv"])
    assert manager.get(dossiers_file).content.decode().count("Schijf 1") == now
    tranches = manager.get(reverse("portal:claims", args=["alfa"]) + "?file=claims.csv")
    ends = [line.rpartition(";")[2].strip('"') for line in tranches.content.decode().split("\r\n")]
    assert ends.count(told) == 3


def test_what_cannot_be_claimed_is_read_page_by_page(world, monkeypatch):
    monkeypatch.setattr("apps.portal.views.claims.PER_PAGE", 3)
    manager, address = browser_of(world["manager"]), reverse("portal:claims", args=["alfa"])
    pages = [manager.get(f"{address}?page={nth}") for nth in (1, 2, 3)]
    told = [[(i.dossier.pk, i.tranche) for i, _ in page.context["rest"]] for page in pages]
    assert [len(page) for page in told] == [3, 3, 1]
    assert len({one for page in told for one in page}) == 7
    # What can be claimed stands on each of them, to be ticked in one deed.
    assert [len(page.context["now"]) for page in pages] == [3, 3, 3]
    assert 'href="?page=2"' in pages[0].content.decode()


def test_everything_ticked_is_claimed_in_one_deed(world):
    manager = browser_of(world["manager"])
    page = manager.get(reverse("portal:claims", args=["alfa"]))
    ticked = [name for _, name, _ in page.context["now"]]
    answer = manager.post(reverse("portal:claims-file", args=["alfa"]), {"claim": ticked}, follow=1)
    assert "3 aanvragen zijn ingediend" in answer.content.decode()
    assert sum(amount for _, _, amount in claims()) == Decimal("26136.00")
    # Again, or from a second browser that still shows them: nothing is claimed twice.
    again = manager.post(reverse("portal:claims-file", args=["alfa"]), {"claim": ticked})
    assert again.status_code == 422
    assert len(claims()) == 3


def test_only_what_is_ticked_is_claimed(world):
    manager = browser_of(world["manager"])
    name = f"{world['due'].pk}:1"
    # Twice ticked is ticked once.
    manager.post(reverse("portal:claims-file", args=["alfa"]), {"claim": [name, name]})
    assert claims() == [(world["due"].pk, 1, Decimal("9801.00"))]


@pytest.mark.parametrize("other", ["less:1", "silent:1", "due:2", "nonsense", "", "\0", "of beta"])
def test_one_that_does_not_qualify_is_not_left_out_unsaid(world, other):
    """Whatever of it was ticked elsewhere or meanwhile: nothing is filed, and the ticks stay."""
    with across_providers():
        foreign = make.started(make.make_contract(make.make_provider("beta")))
    of, _, tranche = other.partition(":")
    name = f"{world[of].pk}:{tranche}" if tranche else other
    if other == "of beta":
        name = f"{foreign.pk}:1"
    ticked = [f"{world['due'].pk}:1", name]
    answer = browser_of(world["manager"]).post(
        reverse("portal:claims-file", args=["alfa"]), {"claim": ticked}
    )
    assert answer.status_code == 422
    [told] = [str(message) for message in get_messages(answer.wsgi_request)]
    assert told.endswith("Er is niets ingediend.")
    assert (world["due"].reference in told) == (other == "due:2")
    assert {name for _, name, is_ticked in answer.context["now"] if is_ticked} == {ticked[0]}
    assert claims() == []


def test_a_window_that_closed_while_the_page_was_open_is_told(world, monkeypatch):
    manager = browser_of(world["manager"])
    page = manager.get(reverse("portal:claims", args=["alfa"]))
    assert 'name="quarter" value="2022-Q2"' in page.content.decode()
    late = IN_WINDOW + timedelta(days=20)
    for module in ("claims", "dossiers", "overview"):
        monkeypatch.setattr(f"apps.portal.views.{module}.timezone.now", lambda: late)
    make.sign_in(manager, world["manager"])
    sent = {"claim": [f"{world['due'].pk}:1"], "quarter": "2022-Q2"}
    answer = manager.post(reverse("portal:claims-file", args=["alfa"]), sent)
    assert answer.status_code == 422
    [told] = [str(message) for message in get_messages(answer.wsgi_request)]
    assert "2e kwartaal 2022 kon u uitbetaling vragen" in told
    assert told.endswith("Er is niets ingediend.")
    assert claims() == []


def test_the_overview_asks_for_a_statement_first_where_the_claim_needs_it(world):
    """As the page of claims does."""
    page = browser_of(world["manager"]).get(reverse("portal:overview", args=["alfa"]))
    told = {(what, dossier.pk) for what, dossier, _ in page.context["waits"]}
    assert ("Van schijf 1 kan uitbetaling gevraagd worden", world["due"].pk) in told
    first = "Dien de prestatiestaat in; dan kan schijf 1 aangevraagd worden"
    assert {pk for what, pk in told if what == first} == {world["old"].pk}


def test_one_that_is_refused_stops_all_and_is_named(world):
    """Also what was claimed of it just before: its own first tranche, or another dossier's."""
    with across_providers():
        manager, alfa = world["manager"], Provider.objects.get(slug="alfa")
        foreign = make.started(make.make_contract(make.make_provider("beta")))
    due, less, done = (world[name] for name in ("due", "less", "done"))
    for asked, code, named in (
        ([(due.pk, 1), (less.pk, 1), (done.pk, 1)], "not-delivered", less.reference),
        ([(due.pk, 1), (due.pk, 2)], "not-completed", due.reference),
        ([(due.pk, 1), (foreign.pk, 1)], "unknown-dossier", None),
        ([], "nothing-chosen", None),
    ):
        with inside(alfa.pk), pytest.raises(Refusal) as told:
            file_claims(asked=asked, quarter=Q2, actor=manager, at=IN_WINDOW)
        assert (told.value.code, told.value.facts.get("reference")) == (code, named)
        assert claims() == []


def test_what_is_refused_is_told_on_the_page_by_its_dossier_and_the_ticks_stay(world):
    manager = browser_of(world["manager"])
    ticked = {f"{world['due'].pk}:1", f"{world['done'].pk}:2"}
    answer = manager.post(reverse("portal:claims-file", args=["alfa"]), {"claim": sorted(ticked)})
    assert answer.status_code == 422
    [told] = [str(message) for message in get_messages(answer.wsgi_request)]
    assert told.startswith(f"{world['done'].reference}: ")
    assert {name for _, name, is_ticked in answer.context["now"] if is_ticked} == ticked
    assert len(answer.context["now"]) == 3
    assert claims() == []


def test_a_coach_looks_and_claims_nothing(world):
    coach = browser_of(world["coach"])
    page = coach.get(reverse("portal:claims", args=["alfa"]))
    assert "Vraag aan wat aangevinkt is" not in page.content.decode()
    answer = coach.post(reverse("portal:claims-file", args=["alfa"]), {"claim": "x"})
    assert answer.status_code == 403


def test_the_page_asks_as_much_of_thirty_dossiers_as_of_a_few(world):
    manager = browser_of(world["manager"])
    address = reverse("portal:claims", args=["alfa"])
    manager.get(address)
    with CaptureQueriesContext(
        connection,
    ) as few:
        manager.get(address)
    with across_providers():
        contract = world["due"].contract
        for _ in range(25):
            make.stated(make.started(contract), "20000.00", quarter=Q2, at=IN_WINDOW)
    with CaptureQueriesContext(connection) as many:
        page = manager.get(address)
    assert len(page.context["now"]) == 28
    assert len(many) == len(few), re.sub(r"\s+", " ", str(many.captured_queries))[:500]


def test_the_dossier_says_when_its_claim_may_be_paid(world):
    manager = browser_of(world["manager"])
    manager.post(reverse("portal:claims-file", args=["alfa"]), {"claim": [f"{world['due'].pk}:1"]})
    page = manager.get(reverse("portal:dossier", args=["alfa", world["due"].pk]))
    [(tranche, [_, expected]), *_] = page.context["tranches"]
    assert (tranche.number, "20/07/2022" in expected) == (1, True)
    assert "Ze wordt betaald met de kwartaalrun van 20/07/2022" in page.content.decode()


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        # On 5 July, in the window of the second quarter.
        (make.started, [(Q2, date(2022, 7, 20))] * 2),
        # Work that begins now is claimed with this quarter at the earliest.
        (make.approved, [(Q2.next, date(2022, 10, 20))] * 2),
        # Completed under the threshold: the last tranche is all there is.
        (
            lambda contract: make.stated(make.completed(contract), "3000.00", person_days="3"),
            [None, (Q2, date(2022, 7, 20))],
        ),
        (lambda contract: stopped(contract), [None, None]),
    ],
)
def test_the_dossier_says_when_what_is_not_claimed_yet_may_be_paid(world, made, expected):
    with across_providers():
        dossier = made(world["due"].contract)
    page = browser_of(world["manager"]).get(reverse("portal:dossier", args=["alfa", dossier.pk]))
    for (_, told), when in zip(page.context["tranches"], expected, strict=True):
        if when is None:
            assert "kwartaalrun" not in " ".join(told)
        else:
            quarter, day = when
            assert told[-1].startswith(
                f"Vraagt u ze aan voor het {figures.quarter(str(quarter))}, dan wordt ze"
                f" ten vroegste betaald met de kwartaalrun van {day:%d/%m/%Y}"
            )


def test_of_a_stopped_dossier_no_tranche_is_to_come(world):
    with across_providers():
        dossier = stopped(world["due"].contract)
    page = browser_of(world["manager"]).get(reverse("portal:dossier", args=["alfa", dossier.pk]))
    assert [tranche.amount for tranche, _ in page.context["tranches"]] == [0, 0]


def stopped(contract):
    return stop_dossier(
        dossier=make.started(contract),
        cause="ended_early",
        reason="gestopt",
        actor=make.make_user(),
        at=IN_WINDOW,
    )


def test_the_overview_puts_what_is_due_first_on_top_and_says_what_it_has_no_room_for(
    world, monkeypatch
):
    """The window closes on 15 July; one question is to be answered before, one after."""
    monkeypatch.setattr("apps.portal.views.overview.WAITS_MAX", 2)
    with across_providers():
        make.message(world["old"], by_agency=True, at=IN_WINDOW - timedelta(days=9))
        third = make.started(world["old"].contract)
        make.stated(third, "20000.00", quarter=Q2, at=IN_WINDOW)
        after, before = (make.submitted(world["old"].contract) for _ in range(2))
        for dossier, days in ((after, 0), (before, 10)):
            at = IN_WINDOW - timedelta(days=days)
            make.message(dossier, by_agency=True, asks=True, at=at)
    page = browser_of(world["coach"]).get(reverse("portal:overview", args=["alfa"]))
    waits = page.context["waits"]
    days = [day for *_, day in waits]
    assert days == sorted(days, key=lambda day: day or date.max)
    asked = [dossier.pk for what, dossier, _ in waits if "informatie" in what]
    assert asked == [before.pk, after.pk]
    assert waits[-1][2] is None
    claims = reverse("portal:claims", args=["alfa"])
    assert page.context["waits_more"] == [
        ("En nog 1 bericht", ""),
        ("En nog 1 dossier met een schijf waarvan uitbetaling gevraagd kan worden", claims),
    ]
    assert f'<a href="{claims}">En nog 1 dossier' in page.content.decode()
