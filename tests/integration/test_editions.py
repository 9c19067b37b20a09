"""A new edition beside the old one, fixed once a dossier was decided under it; its contracts."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from apps.audit.models import Entry
from apps.backoffice.edition_forms import LABELS, EditionForm
from apps.contracts.models import Contract
from apps.contracts.selectors import ledger_differences
from apps.programme.models import Edition, LegalForm
from apps.programme.selectors import edition_on, terms_of
from apps.providers.scope import across_providers, inside
from tests import factories as make


@pytest.fixture
def administrator(db):
    with across_providers():
        person = make.make_officer("administrator")
    client = Client(headers={"accept-language": "nl"})
    make.sign_in(client, person)
    return client


@pytest.fixture
def old(db):
    with across_providers():
        return edition_on(date(2022, 1, 1))


def beside(edition):
    return reverse("backoffice:edition-beside", args=[edition.pk])


def typed(old, **changes):
    return make.edition_typed(
        old,
        **{
            "name": "2025-2027",
            "valid_from": "01/01/2025",
            "valid_until": "31/12/2027",
            "rate": "50 %",
            "p1_code": "start",
            "p1_min": "9.200",
            "p1_max": "35.000",
            "p1_first": "01/01/2025",
            "p1_last": "31/12/2027",
            "p2_code": "",
            **changes,
        },
    )


def test_every_term_of_an_edition_can_be_typed():
    """A term that is added to the model and forgotten here would keep the old one's value."""
    fields = {field.name for field in Edition._meta.concrete_fields} - {"id"}
    assert set(LABELS) == fields
    assert set(EditionForm.base_fields) == fields


def test_a_new_edition_begins_with_the_terms_of_the_old_one_and_leaves_it_as_it_was(
    old, administrator
):
    with across_providers():
        before = terms_of(old)
    form = administrator.get(beside(old)).context["form"]
    assert form["name"].value() == ""
    assert form["once_only_years"].value() == 4
    answer = administrator.post(beside(old), typed(old))
    with across_providers():
        new = Edition.objects.get(name="2025-2027")
        terms = terms_of(new)
        assert answer["Location"] == reverse("backoffice:edition", args=[new.pk])
        assert (terms.rate, terms.valid_from) == (Decimal("0.5000"), date(2025, 1, 1))
        assert [(p.code, p.price_max) for p in terms.packages] == [("start", Decimal("35000.00"))]
        assert terms.legal_forms == before.legal_forms
        assert terms.legal_forms_refused == before.legal_forms_refused
        assert terms_of(old) == before
        assert edition_on(date(2025, 1, 1)) == new
        assert edition_on(date(2024, 12, 31)) == old


def test_it_can_be_changed_until_a_dossier_is_decided_under_it(old, administrator):
    administrator.post(beside(old), typed(old))
    with across_providers():
        new = Edition.objects.get(name="2025-2027")
    change = beside(new) + "?change"
    assert administrator.get(change).context["form"]["rate"].value() == "50\xa0%"
    assert administrator.post(change, typed(old, rate="40")).status_code == 302
    taken = administrator.post(change, typed(old, name="2021-2024"))
    assert "Er bestaat al een editie met deze naam." in taken.content.decode()
    changed = typed(old, rate="45,25", name="2025-2028")
    assert administrator.post(change, changed).status_code == 302
    with across_providers():
        new.refresh_from_db()
        assert (new.rate, new.name) == (Decimal("0.4525"), "2025-2028")
        contract = make.make_contract(make.make_provider("alfa"))
        make.approved(contract)
    # Under the old one a dossier was decided.
    page = administrator.get(beside(old) + "?change", follow=True)
    assert "liggen de voorwaarden vast" in page.content.decode() or (
        "liggen vast" in page.content.decode()
    )
    before = administrator.get(reverse("backoffice:edition", args=[old.pk]))
    assert before.context["stands"]
    answer = administrator.post(beside(old) + "?change", typed(old, name="anders"))
    assert answer.status_code == 422
    assert "is over een dossier beslist" in answer.content.decode()
    assert "Wijzig editie 2021-2024" in answer.content.decode()
    with across_providers():
        old.refresh_from_db()
        assert old.name == "2021-2024"


@pytest.mark.parametrize(
    "change",
    [
        lambda old: Edition.objects.filter(pk=old.pk).update(rate="0.9"),
        lambda old: old.packages.update(price_max=1_000_000),
        lambda old: old.packages.all().delete(),
        lambda old: LegalForm.objects.create(edition=old, code="nieuw"),
        lambda old: old.activities.create(
            nace_version="2008", prefix="62", accepted=True, valid_from=date(2021, 1, 1)
        ),
    ],
)
def test_the_database_keeps_the_terms_by_which_was_decided(old, change):
    with across_providers():
        make.approved(make.make_contract(make.make_provider("alfa")))
        with (
            pytest.raises(IntegrityError, match="a dossier was decided under this edition"),
            transaction.atomic(),
        ):
            change(old)


def test_a_provider_changes_no_terms(old):
    with across_providers():
        provider = make.make_provider("alfa")
    with (
        inside(provider.pk),
        pytest.raises(Exception, match="permission denied"),
        transaction.atomic(),
    ):
        Edition.objects.filter(pk=old.pk).update(rate="0.9")


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"valid_until": "31/12/2024"}, "valid_until"),
        ({"run_day": "31"}, "run_day"),
        ({"run_day": "15"}, "run_day"),
        ({"rate": "100,1"}, "rate"),
        ({"rate": "0"}, "rate"),
        ({"first_tranche_share": "0"}, "first_tranche_share"),
        ({"first_tranche_share": "100"}, "first_tranche_share"),
        ({"first_tranche_threshold": "0"}, "first_tranche_threshold"),
        ({"p1_code": "mijn pakket"}, "p1_code"),
        ({"p1_max": "9.199"}, "p1_max"),
        ({"p1_min": ""}, "p1_min"),
        ({"p1_first": "01/01/2028", "p1_last": ""}, "p1_last"),
        ({"p1_last": "", "valid_until": ""}, "valid_until"),
        ({"name": "2021-2024"}, "name"),
        ({"p1_code": ""}, ""),
        ({"p2_code": "start"}, ""),
    ],
)
def test_what_cannot_be_is_told_and_nothing_typed_is_lost(old, administrator, changes, wrong):
    page = administrator.post(beside(old), typed(old, **changes))
    assert page.status_code == 422
    assert "geschonden" not in page.content.decode()
    errors = {**page.context["form"].errors, **page.context["rows"].errors}
    assert (wrong in errors) if wrong else errors == {}
    assert wrong or [m for m in page.context["messages"] if m.tags == "error"]
    assert page.context["form"]["rate"].value() == changes.get("rate", "50 %")
    with across_providers():
        assert Edition.objects.count() == 1


def test_what_is_wrong_stands_in_one_list_and_names_the_package(old, administrator):
    page = administrator.post(beside(old), typed(old, name="", p1_max="9.199")).content.decode()
    assert page.count('id="error-summary-title"') == 1
    summary = page.split('id="error-summary-title"')[1].split("</ul>")[0]
    assert "Naam: " in summary
    assert "Pakket 1: tot, exclusief btw: Dit is minder dan de laagste prijs." in summary


def test_a_package_without_days_is_offered_on_all_days_of_its_edition(old, administrator):
    page = administrator.post(beside(old), typed(old, p1_first="", p1_last=""), follow=True)
    with across_providers():
        package = Edition.objects.get(name="2025-2027").packages.get()
        assert (package.valid_from, package.valid_until) == (date(2025, 1, 1), date(2027, 12, 31))
    told = page.content.decode()
    assert "niet op alle dagen van deze editie" not in told
    # What has no name here is told, and so are days without any package.
    assert "Dit systeem kent geen naam voor pakket start" in told
    sent = typed(old, name="later", p1_code="basis", p1_first="01/03/2025")
    told = administrator.post(beside(old), sent, follow=True).content.decode()
    assert "Dit systeem kent geen naam" not in told
    assert "van 01/03/2025 tot 31/12/2027: niet op alle dagen van deze editie" in told


def test_a_new_edition_begins_on_the_list_with_the_terms_of_the_last(old, administrator):
    with across_providers():
        make.add_edition_of_2026()
        newest = edition_on(date(2026, 1, 1))
    page = administrator.get(reverse("backoffice:editions")).content.decode()
    assert f'<a class="button" href="{beside(newest)}">' in page


def test_what_stands_below_a_letter_changes_though_dossiers_were_decided(old, administrator):
    with across_providers():
        make.approved(make.make_contract(make.make_provider("alfa")))
    said = "Beroep: binnen zestig dagen bij de raad."
    address = reverse("backoffice:edition-note", args=[old.pk])
    for _ in range(2):
        page = administrator.post(address, {"letter_note": said}, follow=True).content.decode()
        assert said in page
    with across_providers():
        assert Edition.objects.get(pk=old.pk).letter_note == said
        [deed] = Entry.objects.filter(action="edition.change")
        assert deed.facts["changed"] == ["letter_note"]
        # Nothing else of it, also beside the note.
        for changed in ({"rate": "0.50"}, {"letter_note": "", "rate": "0.50"}):
            with pytest.raises(IntegrityError, match="decided"), transaction.atomic():
                Edition.objects.filter(pk=old.pk).update(**changed)


def test_an_edition_that_holds_beside_another_says_so(old, administrator):
    typed_so = typed(old, valid_from="01/01/2024", p1_first="01/01/2024")
    told = administrator.post(beside(old), typed_so, follow=True).content.decode()
    assert "Op een deel van haar dagen geldt ook editie 2021-2024" in told


def test_a_contract_is_awarded_under_an_edition_once_per_provider(old):
    with across_providers():
        provider, person = make.make_provider("alfa"), make.make_officer("payments_officer")
    officer = Client(headers={"accept-language": "nl"})
    make.sign_in(officer, person)
    address = reverse("backoffice:contract-award", args=[old.pk])
    sent = {
        "provider": provider.pk,
        "budget": "350.000",
        "valid_from": "01/01/2022",
        "valid_until": "31/12/2024",
    }
    assert officer.post(address, sent).status_code == 302
    assert officer.post(address, sent).status_code == 422
    with across_providers():
        contract = Contract.objects.get()
        assert (contract.budget, contract.committed) == (Decimal("350000.00"), Decimal(0))
        assert ledger_differences() == []
