"""An officer corrects the facts of a dossier: one thing, what was left out, or by the register."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal as D
from types import SimpleNamespace

import psycopg
import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from apps.accounts.selectors import timetable
from apps.dossiers import services
from apps.dossiers.models import Dossier
from apps.eligibility.models import FactSheet
from apps.eligibility.selectors import standings_of
from apps.eligibility.services import keep_facts
from apps.enterprises.models import Accounts
from apps.enterprises.services import import_register
from apps.providers.scope import across_providers, inside
from cstraject.refusal import Refusal
from tests import factories as make
from tests import kbo
from tests.factories import AT

OWN = kbo.enterprise(1)
NAMED = "Voorbeeld 1"  # As the register names it.
OWNER = make.enterprise_number(4_801)
GROUP = {
    "others": [
        {
            "number": OWNER,
            "name": "Boven",
            "periods": [{"year": 2021, "headcount": "5", "turnover": "1e6", "source": "NBB 2021"}],
        },
        {"key": "persoon 1", "name": "Een vennoot", "kind": "natural_person"},
        {"key": "zus", "name": "Zus"},
    ],
    "holdings": [
        {"owner": OWNER, "owned": OWN, "capital_pct": "20", "voting_pct": "20"},
        {"owner": "persoon 1", "owned": OWN, "capital_pct": "30", "voting_pct": "40"},
    ],
    "aid": [{"on": "2021-05-01", "amount": "9000.50", "regulation": "1407/2013", "recipient": OWN}],
}


@pytest.fixture
def desk(committed):
    return desk_with(aid=[])


@pytest.fixture
def group_desk(committed):
    return desk_with(**GROUP)


def desk_with(**stated):
    """A dossier to decide on, and a way to correct it as an officer does."""
    with across_providers(), transaction.atomic():
        dossier = make.submitted(make.make_contract(), number=OWN, **stated)
        services.assess_dossier(dossier=dossier, actor=timetable(), at=AT)
        officer = make.make_officer()
    client = Client(headers={"accept-language": "nl"})
    make.sign_in(client, officer)
    address = f"/agency/dossiers/{dossier.pk}/"

    def sheet():
        with across_providers(), transaction.atomic():
            return Dossier.objects.select_related("facts").get().facts

    def corrected(deed, **given):
        told = {"sheet": sheet().pk, "source": "aandelenregister", "reason": "ontbrak", **given}
        return client.post(f"{address}facts/correct/", {"deed": deed, **told})

    return SimpleNamespace(
        dossier=dossier,
        officer=officer,
        client=client,
        corrected=corrected,
        get=lambda: client.get(f"{address}facts/"),
        page=lambda: client.get(address),
        sheet=sheet,
        stated=lambda: sheet().stated,
    )


def finding(dossier, question):
    with across_providers(), transaction.atomic():
        dossier = Dossier.objects.select_related("assessment").get(pk=dossier.pk)
        return {s.answer.question: s for s in standings_of(dossier.assessment)}[question]


def wrong_with(response):
    """The fields that are wrong; nothing was stored."""
    assert response.status_code == 422
    with across_providers(), transaction.atomic():
        assert FactSheet.objects.count() == 1
    return list(response.context["form"].errors)


def text_of(response):
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


# ---- Whose facts they are then -------------------------------------------------------------------


def test_one_correction_leaves_the_source_of_everything_else(group_desk):
    given = {"change": "others.0.periods.2021.headcount", "value": "6", "source": "NBB 2022"}
    assert group_desk.corrected("change", **given).status_code == 302

    stated = group_desk.stated()
    assert stated["others"][0]["periods"][0]["source"] == "NBB 2022; NBB 2021"
    assert {period["source"] for period in stated["periods"]} == {make.SOURCE}
    assert finding(group_desk.dossier, "equity").answer.source == make.SOURCE
    group_desk.corrected("change", change="equity", value="1", source="NBB 2023")
    assert finding(group_desk.dossier, "equity").answer.source == "NBB 2023"
    assert finding(group_desk.dossier, "legal_form").answer.source == make.SOURCE
    assert group_desk.stated()["others"] == stated["others"]


def test_what_was_corrected_is_told_line_by_line(desk):
    assert "keer verbeterd" not in text_of(desk.page())
    desk.corrected("change", change="equity", value="-1.500", reason="<b>jonger</b>")
    desk.corrected("change", change="periods.2021.headcount", value="13,5", source="sociale balans")

    told = text_of(desk.page())
    assert "Gegevens 2 keer verbeterd" in told
    assert "jonger</b>, bron" not in told
    html = desk.get().content.decode()
    assert 'id="history"' in html
    assert "<b>jonger" not in html
    history = text_of(desk.get()).partition("Waar de gegevens vandaan komen")[2]
    assert "Eigen vermogen: € 50.000 → € -1.500" in history.replace("\xa0", " ")
    assert f"Personeel van Voorbeeld {OWN} in 2021: 12 VTE → 13,5 VTE" in history
    assert history.count(desk.officer.name) == 2
    assert history.index("sociale balans") < history.index("aandelenregister")
    deeds = [deed["what"].replace("\xa0", " ") for deed in desk.page().context["deeds"]]
    assert "Reden: ontbrak. Personeel van Voorbeeld" in deeds[0]
    assert deeds[0].endswith("in 2021: 12 VTE → 13,5 VTE")
    assert deeds[1].endswith("Reden: <b>jonger</b>. Eigen vermogen: € 50.000 → € -1.500")
    # A fact with its own day and source, beside those that stand since the filing.
    rows = {row["label"]: row for row in desk.get().context["stands"]["single"]}
    assert rows["Eigen vermogen"]["source"] == "aandelenregister"
    assert rows["Eigen vermogen"]["on"] > rows["Postcode"]["on"] == date(2022, 2, 1)
    assert rows["Postcode"]["source"] == make.SOURCE


def test_the_database_keeps_who_corrected_to_what_was_corrected(desk):
    facts = {"stated": make.facts(OWN, name="Anders"), "source": "x", "stated_on": AT.date()}
    sheet = desk.sheet()
    with across_providers(), pytest.raises(IntegrityError), transaction.atomic():
        keep_facts(provider_id=sheet.provider_id, actor=desk.officer, **facts)
    # What a provider states replaces nothing.
    with inside(sheet.provider_id), pytest.raises(DatabaseError), transaction.atomic():
        keep_facts(provider_id=sheet.provider_id, replaces=sheet, because="x", **facts)


def correct_and_judge(desk):
    """Corrected by the officer, with every open question decided by another."""
    desk.corrected("change", change="equity", value="1")
    with across_providers(), transaction.atomic():
        dossier = Dossier.objects.select_related("assessment").get()
        for standing in standings_of(dossier.assessment):
            if standing.outcome not in ("met", "not_met"):
                services.find(
                    dossier=dossier,
                    question=standing.answer.question,
                    outcome="met",
                    reason="x",
                    actor=make.make_officer(),
                    at=AT,
                )
    return dossier


def test_who_corrected_facts_does_not_decide(desk):
    dossier = correct_and_judge(desk)

    told = "U verbeterde gegevens van dit dossier. Een andere dossierbehandelaar moet beslissen."
    page = desk.page()
    assert told in text_of(page)
    assert "/approve/" not in page.content.decode()
    assert "/refuse/" not in page.content.decode()
    assert "Het dossier kan goedgekeurd worden." not in text_of(page)
    sent = desk.client.post(f"/agency/dossiers/{dossier.pk}/approve/", follow=True)
    assert told in text_of(sent)
    # Nor refuse: what they typed stays on the page.
    sent = desk.client.post(f"/agency/dossiers/{dossier.pk}/refuse/", {"reason": "geen kmo"})
    assert (sent.status_code, told in text_of(sent)) == (422, True)
    assert "geen kmo" in sent.content.decode()
    # A later correction by somebody else does not wash it away.
    with across_providers(), transaction.atomic():
        other = make.make_officer()
        services.correct_facts(
            dossier=dossier,
            seen=dossier.facts_id,
            stated={**desk.stated(), "equity": "2"},
            source="x",
            reason="x",
            actor=other,
            at=AT,
        )
        for actor in (other, desk.officer):
            with pytest.raises(Refusal, match="self-corrected"):
                services.approve_dossier(dossier=dossier, actor=actor, at=AT)
            with pytest.raises(Refusal, match="self-corrected"):
                services.refuse_dossier(dossier=dossier, reason="x", actor=actor, at=AT)


@pytest.mark.parametrize("deed", ["approve", "refuse"])
def test_a_colleague_decides_about_what_was_corrected(desk, deed):
    dossier = correct_and_judge(desk)
    with across_providers(), transaction.atomic():
        decide = {"approve": services.approve_dossier, "refuse": services.refuse_dossier}[deed]
        reason = {"reason": "geen kmo"} if deed == "refuse" else {}
        decide(dossier=dossier, actor=make.make_officer(), at=AT, **reason)


def test_an_edition_that_trusts_one_officer_lets_who_corrected_approve(desk, servers, committed):
    dossier = correct_and_judge(desk)
    with psycopg.connect(servers.database_url("cst_owner", committed)) as owner:
        owner.execute("UPDATE programme_edition SET overrides_by_two = false")
    assert "/approve/" in desk.page().content.decode()
    with across_providers(), transaction.atomic():
        services.approve_dossier(dossier=dossier, actor=desk.officer, at=AT)


# ---- One thing -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"change": ""}, "change"),
        ({"change": "nowhere"}, "change"),
        ({"value": ""}, "value"),
        ({"value": "50.000,00"}, "value"),
        ({"value": "veel"}, "value"),
        ({"value": "1", "unknown": "on"}, "unknown"),
        ({"value": "1", "choice": "legal_form:nv"}, "choice"),
        ({"change": "periods.2021.headcount", "value": "-1"}, "value"),
        ({"change": "periods.2021.headcount", "value": "12,0"}, "value"),
        ({"change": "periods.2020.turnover", "value": "-1"}, "value"),
        ({"change": "public_share_pct", "value": "101"}, "value"),
        ({"change": "declared_on", "value": "2022-13-01"}, "value"),
        ({"change": "postal_code", "value": "0999"}, "value"),
        ({"change": "postal_code", "value": "20000"}, "value"),
        ({"change": "postal_code", "value": "", "unknown": "on"}, "unknown"),
        ({"change": "nace_code", "value": "6201"}, "value"),
        ({"change": "legal_form", "value": "xyz"}, "value"),
        ({"change": "legal_form", "value": "bv"}, "value"),
        ({"change": "legal_form", "value": ""}, "choice"),
        ({"change": "legal_form", "value": "", "choice": "legal_form:other"}, "value"),
        ({"change": "legal_form", "value": "xyz", "choice": "legal_form:nv"}, "value"),
        ({"change": "legal_form", "value": "", "choice": "aid.excluded:yes"}, "choice"),
        ({"reason": " "}, "reason"),
        ({"source": ""}, "source"),
    ],
)
def test_what_is_no_value_is_told_at_its_field(desk, given, field):
    response = desk.corrected("change", **{"change": "equity", "value": "1", **given})

    assert wrong_with(response) == [field]
    assert "periods." not in str(response.context["form"].errors)
    assert f'href="#change_{field}"' in response.content.decode()


@pytest.mark.parametrize(
    ("change", "value", "stated"),
    [
        ("equity", "-1.000,5", "-1000.5"),
        ("public_share_pct", "24,99", "24.99"),
        ("declared_on", "31/01/2022", "2022-01-31"),
        ("postal_code", "9000", "9000"),
        ("nace_code", "62.020", "62020"),
        ("legal_form", "NV", "nv"),
        ("maatwerk_recognition", "MW-1", "MW-1"),
    ],
)
def test_one_thing_is_corrected_as_it_is_written_here(desk, change, value, stated):
    assert desk.corrected("change", change=change, value=value).status_code == 302
    assert desk.stated()[change] == stated


def test_what_is_not_known_is_said_so(desk):
    assert desk.corrected("change", change="equity", unknown="on").status_code == 302
    assert desk.stated()["equity"] is None
    assert finding(desk.dossier, "equity").answer.outcome == "unknown"


def test_another_legal_form_is_typed(desk):
    given = {"change": "legal_form", "choice": "legal_form:other", "value": "GmbH"}
    assert desk.corrected("change", **given).status_code == 302
    assert desk.stated()["legal_form"] == "GmbH"


def test_every_choice_tells_what_stands_there_now(group_desk):
    form = group_desk.get().context["corrections"]["change"]
    told = [text for _group, choices in form.fields["change"].choices[1:] for _p, text in choices]
    assert form.fields["change"].choices[0] == ("", "- kies -")
    assert f"Personeel van Voorbeeld {OWN} in 2020 (nu: 11 VTE)" in told
    assert "Omzet van Boven in 2020 (nu: Niet bekend)" in told
    assert "Personeel van Zus in 2021 (nu: Niet bekend)" in told
    assert not [text for text in told if text.startswith("Personeel van Een vennoot")]
    assert f"Aandeel van Boven in Voorbeeld {OWN}, in procent (nu: 20 %)" in [
        text.replace("\xa0", " ") for text in told
    ]


def test_a_year_without_figures_gets_them(group_desk):
    for where, value in (
        ("others.2.periods.2021.headcount", "7"),
        ("others.0.periods.2020.turnover", "5"),
    ):
        assert group_desk.corrected("change", change=where, value=value).status_code == 302
    boven, _person, zus = group_desk.stated()["others"]
    assert zus["periods"] == [{"year": 2021, "headcount": "7", "source": "aandelenregister"}]
    assert [period["year"] for period in boven["periods"]] == [2021, 2020]


def test_a_holding_is_corrected_whole_or_its_votes_alone(group_desk):
    first, second = (
        group_desk.stated()["holdings"][0] | {"capital_pct": "24", "voting_pct": "24"},
        group_desk.stated()["holdings"][1] | {"voting_pct": "51"},
    )
    group_desk.corrected("change", change="holdings.0", value="24")
    group_desk.corrected("change", change="holdings.1.voting_pct", value="51")
    assert group_desk.stated()["holdings"] == [first, second]
    given = {"change": "holdings.0.control", "choice": "holdings.control:board_majority"}
    group_desk.corrected("change", **given)
    assert group_desk.stated()["holdings"][0]["control"] == "board_majority"


def test_aid_that_stands_is_corrected_or_waived(group_desk):
    group_desk.corrected("change", change="aid.0.amount", value="8.000")
    group_desk.corrected("change", change="aid.0.excluded", choice="aid.excluded:yes")
    [aid] = group_desk.stated()["aid"]
    assert (aid["amount"], aid["excluded"]) == ("8000.00", True)
    assert finding(group_desk.dossier, "de_minimis").answer.outcome == "person"


def test_headcount_by_parts_is_corrected_as_a_whole(committed):
    staff = [{"kind": "employee", "persons": "3", "fraction": "0.5"}]
    desk = desk_with(periods=[{"year": "2021", "staff": staff, "turnover": "1"}])
    form = desk.get().context["corrections"]["change"]
    assert form.places["periods.2021.headcount"].value == D("1.5")
    assert desk.corrected("change", change="periods.2021.headcount", value="4").status_code == 302
    assert "staff" not in desk.stated()["periods"][0]


def test_who_saw_other_facts_looks_again_with_what_was_typed(desk):
    seen = desk.sheet().pk
    assert desk.corrected("change", change="equity", value="1").status_code == 302

    given = {"change": "public_share_pct", "value": "12,5", "reason": "getypt"}
    late = desk.corrected("change", sheet=seen, **given)
    html = late.content.decode()
    assert late.status_code == 422
    assert "De gegevens werden intussen verbeterd." in text_of(late)
    assert 'value="12,5"' in html
    assert "getypt" in html
    assert desk.stated()["public_share_pct"] == "0"
    # The page that came back shows the facts as they are now: sent again, it counts.
    assert f'name="sheet" value="{desk.sheet().pk}"' in html
    assert str(seen) not in html
    assert desk.corrected("change", **given).status_code == 302
    nothing = desk.client.post(late.request["PATH_INFO"], {"deed": "change", **given})
    assert nothing.status_code == 422


@pytest.mark.parametrize("deed", ["change", "aid", "holding"])
def test_the_same_correction_sent_twice_is_made_once_and_told_as_done(desk, deed):
    given = {
        "change": {"change": "equity", "value": "1"},
        "aid": {
            "recipient": OWN, "regulation": "1407/2013", "on": "01/06/2021", "amount": "9.000",
        },
        "holding": {
            "name": "Moeder", "number": OWNER, "kind": "enterprise", "side": "owner",
            "other": OWN, "capital_pct": "24",
        },
    }[deed] | {"sheet": desk.sheet().pk}  # fmt: skip
    assert desk.corrected(deed, **given).status_code == 302
    assert desk.corrected(deed, **given).status_code == 302
    told = text_of(desk.page())
    assert "Gegevens 1 keer verbeterd" in told
    assert "intussen verbeterd" not in told
    # For another reason it is another correction.
    late = desk.corrected(deed, **given, reason="anders")
    assert late.status_code == 422
    assert "De gegevens werden intussen verbeterd." in text_of(late)
    with across_providers(), transaction.atomic():
        assert FactSheet.objects.count() == 2


# ---- What was left out ---------------------------------------------------------------------------


def test_an_owner_that_was_not_stated_is_added(desk):
    number = OWNER
    given = {
        "name": "Moeder", "number": number, "kind": "enterprise", "side": "owner",
        "other": OWN, "capital_pct": "24", "voting_pct": "50,1",
    }  # fmt: skip

    assert desk.corrected("holding", **given).status_code == 302

    after = desk.stated()
    assert after["others"] == [{"name": "Moeder", "kind": "enterprise", "number": number}]
    assert after["holdings"] == [
        {"owner": number, "owned": OWN, "capital_pct": "24", "voting_pct": "50.1"}
    ]
    # Linked through votes, with figures that nobody told yet.
    size = finding(desk.dossier, "size").answer
    assert size.outcome == "unknown"
    # It rests on the figures that were stated, and on the owner that was added.
    assert size.source == f"{make.SOURCE}; aandelenregister"
    # A person has no number, and holds a share of who is known by now.
    person = {**given, "name": "Een vennoot", "number": "", "kind": "natural_person"}
    assert desk.corrected("holding", **person | {"other": number}).status_code == 302
    assert desk.stated()["others"][1] == {
        "name": "Een vennoot", "kind": "natural_person", "key": "added-1"
    }  # fmt: skip
    assert desk.stated()["holdings"][1]["owned"] == number
    # The other way round, by a number that is known: nobody is named twice.
    below = {**given, "side": "owned", "number": number, "other": "added-1"}
    twice = desk.corrected("holding", **below)
    assert (twice.status_code, list(twice.context["form"].errors)) == (422, ["other"])
    itself = desk.corrected("holding", **below | {"other": number})
    assert (itself.status_code, list(itself.context["form"].errors)) == (422, ["other"])
    wrong = desk.corrected("holding", **given | {"number": "0428315872", "capital_pct": "101"})
    assert list(wrong.context["form"].errors) == ["number", "capital_pct"]
    assert 'value="101"' in wrong.content.decode()
    assert len(desk.stated()["holdings"]) == 2


def test_an_owner_is_added_with_its_figures_and_control(desk):
    given = {
        "name": "Moeder", "number": OWNER, "kind": "enterprise", "side": "owner", "other": OWN,
        "capital_pct": "30", "control": "board_majority", "year": "2021", "headcount": "300",
        "turnover": "60 000 000",
    }  # fmt: skip
    for wrong, field in (
        ({"year": ""}, "year"),
        ({"headcount": "", "turnover": ""}, "year"),
        ({"kind": "natural_person"}, "kind"),
        ({"control": "magic"}, "control"),
        ({"headcount": "x"}, "headcount"),
    ):
        assert wrong_with(desk.corrected("holding", **given | wrong)) == [field]

    assert desk.corrected("holding", **given).status_code == 302

    [other], [holding] = desk.stated()["others"], desk.stated()["holdings"]
    assert other["periods"] == [
        {"year": 2021, "headcount": "300", "turnover": "60000000.0", "source": "aandelenregister"}
    ]
    # Votes that were not given are those of the capital.
    assert holding == {
        "owner": OWNER, "owned": OWN, "capital_pct": "30", "control": "board_majority"
    }  # fmt: skip
    assert desk.get().context["stands"]["holdings"][0]["holding"].votes == 30
    assert "het recht om een meerderheid" in text_of(desk.get())


def test_aid_that_was_not_stated_is_added(desk, clock):
    given = {
        "recipient": OWN, "regulation": "1407/2013", "on": "01/06/2021",
        "amount": "190.000,50", "note": "Stad",
    }  # fmt: skip
    tomorrow = timezone.now() + timedelta(days=2)
    assert wrong_with(desk.corrected("aid", **given | {"on": f"{tomorrow:%d/%m/%Y}"})) == ["on"]

    for regulation in ("2023/2831", ""):
        wrong = desk.corrected("aid", **given | {"regulation": regulation})
        assert wrong_with(wrong) == ["regulation"]

    assert desk.corrected("aid", **given).status_code == 302

    assert desk.stated()["aid"] == [
        {
            "recipient": OWN, "regulation": "1407/2013", "on": "2021-06-01",
            "amount": "190000.50", "note": "Stad", "source": "aandelenregister",
        }
    ]  # fmt: skip
    assert finding(desk.dossier, "de_minimis").answer.outcome == "not_met"
    # What the provider said of other aid is its own word still.
    rows = {row["label"]: row for row in desk.get().context["stands"]["single"]}
    other = rows["Andere staatssteun voor dezelfde kosten"]
    assert (other["source"], other["on"]) == (make.SOURCE, date(2022, 2, 1))
    wrong = desk.corrected("aid", **given | {"amount": "veel", "reason": ""})
    assert list(wrong.context["form"].errors) == ["amount", "reason"]
    assert desk.corrected("elsewhere").status_code == 404


def test_aid_is_under_a_regulation_that_held_on_its_day(desk, clock):
    clock.at = datetime(2025, 10, 10, 9, tzinfo=UTC)
    make.sign_in(desk.client, desk.officer)
    given = {"recipient": OWN, "amount": "9.000", "regulation": "1407/2013"}
    assert wrong_with(desk.corrected("aid", **given, on="01/07/2024")) == ["regulation"]
    assert desk.corrected("aid", **given, on="30/06/2024").status_code == 302


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"recipient": "gone"}, ["former", "came_with"]),
        ({"recipient": "gone", "former": "1999"}, ["former"]),
        ({"recipient": "gone", "former": "1999000546"}, ["came_with"]),
        ({"recipient": OWN, "former": "1999000546"}, ["former"]),
        ({"recipient": OWN, "came_with": "split"}, ["allocated"]),
        ({"recipient": OWN, "came_with": "merger", "allocated": "1"}, ["allocated"]),
        ({"recipient": OWN, "came_with": "split", "allocated": "190.001"}, ["allocated"]),
    ],
)
def test_aid_that_came_along_is_stated_whole(desk, given, wrong):
    aid = {"regulation": "1407/2013", "on": "01/06/2021", "amount": "190.000"}
    assert wrong_with(desk.corrected("aid", **aid, **given)) == wrong


def test_aid_that_came_with_a_merger_or_a_split_counts_for_its_part(desk, clock):
    """Of a merger all of it, of a split what falls on this undertaking [R-DM-10, R-DM-11]."""
    aid = {
        "recipient": "gone", "former": "1999.000.546", "regulation": "1407/2013",
        "on": "01/06/2021", "amount": "190.000",
    }  # fmt: skip
    desk.corrected("aid", **aid, came_with="split", allocated="100.000")
    [stated] = desk.stated()["aid"]
    assert (stated["recipient"], stated["inherited"]) == ("1999000546", True)
    assert (stated["amount"], stated["allocated"]) == ("190000.00", "100000.00")
    assert finding(desk.dossier, "de_minimis").answer.outcome == "met"
    assert "100.000,00 hiervan telt hier" in desk.get().content.decode()

    merged = {**aid, "amount": "199.000", "source": "fusieakte"}
    desk.corrected("aid", **merged, came_with="merger")
    # Each tells its own source, and how it came; also in the file, and beside what was counted.
    for page in ("facts", "de-minimis"):
        address = f"/agency/dossiers/{desk.dossier.pk}/{page}/"
        told = desk.client.get(address).content.decode()
        rows = told.partition("aid-caption")[2].partition("</table>")[0].split("<tr>")[2:]
        assert ["fusieakte" in row for row in rows] == [False, True]
        assert ["kwam met een fusie" in row for row in rows] == [False, True]
        file = desk.client.get(f"{address}?file=aid.csv").content.decode("utf-8-sig")
        assert ["fusieakte" in row for row in file.splitlines()[1:]] == [False, True]
        assert "kwam met een fusie" in file
    assert finding(desk.dossier, "de_minimis").answer.outcome == "not_met"


def test_what_has_rules_of_its_own_is_asked_and_corrected(desk):
    desk.corrected("change", change="aid_for_same_costs", choice="aid_for_same_costs:yes")
    assert finding(desk.dossier, "de_minimis").answer.figures["doubts"] == "aid-for-same-costs"
    desk.corrected("change", change="aid_sector", choice="aid_sector:primary_fishery")
    assert finding(desk.dossier, "de_minimis").answer.finding == "de-minimis-out-of-scope"
    assert "Visserij en aquacultuur" in desk.get().content.decode()


def test_who_belongs_together_is_found_by_a_person(group_desk):
    for wrong, field in (
        ({}, "finding"),
        ({"finding": "acting_jointly", "who": ["persoon 1"]}, "who"),
        ({"finding": "single_economic_unit", "who": ["persoon 1", OWN]}, "who"),
        # No markets are stated: none can be adjacent.
        ({"finding": "adjacent_markets", "who": [OWN, OWNER]}, "finding"),
    ):
        assert field in wrong_with(group_desk.corrected("together", **wrong))

    found = {"finding": "acting_jointly", "who": ["persoon 1", OWNER]}
    assert group_desk.corrected("together", **found).status_code == 302
    assert group_desk.stated()["acting_jointly"] == [["persoon 1", OWNER]]
    again = group_desk.corrected("together", **found)
    assert list(again.context["form"].errors) == ["who"]
    told = text_of(group_desk.get())
    assert "Personen die gezamenlijk optreden: – → Een vennoot, Boven" in told


def test_markets_are_found_to_be_adjacent(committed):
    desk = desk_with(others=[{"key": "zus", "name": "Zus", "markets": ["hosting"]}], markets=["it"])
    found = {"finding": "adjacent_markets", "who": [OWN, "zus"]}
    assert wrong_with(desk.corrected("together", **found)) == ["markets"]
    assert desk.corrected("together", **found, markets=["it", "hosting"]).status_code == 302
    assert sorted(desk.stated()["adjacent_markets"][0]) == ["hosting", "it"]


def test_the_facts_stand_there_whole(group_desk):
    stands = group_desk.get().context["stands"]
    assert [(row["name"], row.get("year")) for row in stands["figures"]] == [
        (f"Voorbeeld {OWN}", "2021"), (f"Voorbeeld {OWN}", "2020"), ("Boven", "2021"), ("Zus", None)
    ]  # fmt: skip
    assert [row["source"] for row in stands["figures"][:3]] == [
        make.SOURCE,
        make.SOURCE,
        "NBB 2021",
    ]
    assert [row["owner"] for row in stands["holdings"]] == ["Boven", "Een vennoot"]
    told = text_of(group_desk.get()).replace("\xa0", " ")
    assert "01/05/2021 Voorbeeld" in told
    assert "€ 9.000,50" in told
    assert "Verklaringen op eer kmo-status, rechtsvorm, de-minimissteun, hoofdactiviteit" in told
    assert "Banden met de dienstverlener Geen" in told


# ---- What the register tells ---------------------------------------------------------------------


@pytest.fixture
def registered(desk, tmp_path):
    with across_providers():
        import_register(kbo.write(tmp_path / "f.zip", kbo.full(3)), only=None, now=lambda: AT)
        with transaction.atomic():
            Accounts.objects.create(
                reference="R-2021",
                enterprise_number=OWN,
                begins_on=date(2021, 1, 1),
                closed_on=date(2021, 12, 31),
                deposited_on=date(2022, 6, 1),
                received_at=AT,
                sha256="0" * 64,
                headcount=D(14),
                balance_total=D(900_000),
                equity=D(-7),
            )
    return desk


def offered(desk):
    return desk.get().context["corrections"]["register"]


def test_without_a_register_nothing_is_taken_over(desk):
    assert "register" not in desk.get().context["corrections"]


def test_what_the_register_tells_is_taken_over_with_its_source(registered):
    before, form = registered.stated(), offered(registered)
    told = {row.label: (row.before, row.after) for row in form.rows}
    assert told["Eigen vermogen"] == ("€\xa050.000", "€\xa0-7")
    assert told[f"Personeel van Voorbeeld {OWN} in 2021"] == ("12 VTE", "14 VTE")
    # The same in other digits, or not told by the register, is no difference.
    assert not [label for label in told if "2020" in label or "omzet" in label.lower()]
    ticked = form.fields["take"].initial
    assert {"name", "equity", "2021.headcount"} <= set(ticked)
    assert registered.corrected("register", take=ticked).status_code == 302

    after = registered.stated()
    assert (after["name"], after["equity"], after["aid"]) == (NAMED, "-7.00", [])
    assert after["sources"]["equity"] == "NBB, neerlegging R-2021"
    assert after["sources"]["name"].startswith("KBO")
    assert after["sources"]["public_share_pct"] == after["sources"]["provider_ties"] == make.SOURCE
    assert after["periods"][0]["turnover"] == before["periods"][0]["turnover"]
    assert after["periods"][0]["source"] == f"NBB, neerlegging R-2021; {make.SOURCE}"
    assert after["periods"][1] == {**before["periods"][1], "source": make.SOURCE}
    assert finding(registered.dossier, "equity").answer.outcome == "not_met"
    assert {row.key for row in offered(registered).rows} <= {"postal_code"}


def test_what_a_colleague_took_over_meanwhile_leaves_the_reason_that_was_typed(registered):
    seen, ticked = registered.sheet().pk, offered(registered).fields["take"].initial
    every = [row.key for row in offered(registered).rows]
    registered.corrected("register", take=every)
    late = registered.corrected("register", take=ticked, sheet=seen, reason="volgens de KBO")
    assert late.status_code == 422
    assert "volgens de KBO" in late.content.decode()
    assert "Wat u invulde; het is niet gebeurd" in late.content.decode()
    again = registered.corrected("register", take=ticked, reason="nog eens")
    assert again.status_code == 422
    assert "Zo staat het er al" in again.content.decode()
    assert "nog eens" in again.content.decode()


def test_a_source_is_told_in_the_language_of_the_page(registered):
    registered.corrected("register", take=offered(registered).fields["take"].initial)
    page = f"/agency/dossiers/{registered.dossier.pk}/facts/"
    in_english = registered.client.get(page, headers={"accept-language": "en"}).content.decode()
    assert "NBB, deposit R-2021" in in_english
    assert "Crossroads Bank (KBO), extract" in in_english
    assert "neerlegging" not in in_english
    in_dutch = registered.get().content.decode()
    assert "NBB, neerlegging R-2021" in in_dutch
    assert "Crossroads" not in in_dutch


def test_what_is_not_ticked_stays(registered):
    before = registered.stated()
    assert wrong_with(registered.corrected("register")) == ["take"]
    assert wrong_with(registered.corrected("register", take=["2020.headcount"])) == ["take"]

    assert registered.corrected("register", take=["equity"]).status_code == 302

    after = registered.stated()
    assert after["equity"] == "-7.00"
    assert (after["name"], after["nace_code"]) == (before["name"], before["nace_code"])
    assert after["sources"]["name"] == make.SOURCE
    assert [{**p, "source": None} for p in after["periods"]] == [
        {**p, "source": None} for p in before["periods"]
    ]
    assert {"name", "2021.headcount"} <= {row.key for row in offered(registered).rows}


def test_the_postal_code_of_the_register_is_not_ticked(registered):
    registered.corrected("change", change="postal_code", value="8400")
    form = offered(registered)
    assert "postal_code" in {row.key for row in form.rows}
    assert "postal_code" not in form.fields["take"].initial
    html = registered.get().content.decode()
    boxes = re.findall(r'<input type="checkbox" name="take" value="([^"]+)"[^>]*?(checked)?>', html)
    assert dict(boxes)["postal_code"] == ""
    assert dict(boxes)["equity"] == "checked"
    assert html.count('<label for="register_take_') == len(boxes)


def test_years_may_stand_as_text(committed, tmp_path):
    periods = [{"year": "2021", "headcount": "12"}, {"year": "2020", "headcount": "11"}]
    desk = desk_with(aid=[], periods=periods)
    with across_providers():
        import_register(kbo.write(tmp_path / "f.zip", kbo.full(3)), only=None, now=lambda: AT)
        with transaction.atomic():
            for year in (2021, 2019):
                Accounts.objects.create(
                    reference=f"R-{year}",
                    enterprise_number=OWN,
                    begins_on=date(year, 1, 1),
                    closed_on=date(year, 12, 31),
                    deposited_on=date(year + 1, 6, 1),
                    received_at=AT,
                    sha256="0" * 64,
                    headcount=D(14),
                )
    taken = [row.key for row in offered(desk).rows if "headcount" in row.key]
    assert taken == ["2021.headcount", "2019.headcount"]
    assert desk.corrected("register", take=taken).status_code == 302
    assert [p["year"] for p in desk.stated()["periods"]] == ["2021", "2020", 2019]
    assert desk.corrected("change", change="periods.2020.turnover", value="5").status_code == 302
    assert desk.stated()["periods"][1]["turnover"] == "5.0"
