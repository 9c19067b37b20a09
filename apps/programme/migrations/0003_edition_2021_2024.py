"""The edition of 2021-2024 [domain 5.1, 5.2; answer 526].

Not known and set to the stated default: once in four years between approvals; the subsidy counts
as de minimis aid with its VAT; the run is drawn up on the twentieth. The vzw was not yet on the
page of 9 March 2021 and was accepted later; the first day is an assumption, as is that of the
exception for maatwerkbedrijven ("very recent" in 2022) and the last day of the edition.
"""

from datetime import date
from decimal import Decimal

from django.db import migrations

LAST_DAY = date(2024, 12, 31)


def add(apps, schema_editor):
    edition = apps.get_model("programme", "Edition").objects.create(
        name="2021-2024",
        valid_from=date(2021, 1, 1),
        valid_until=LAST_DAY,
        rate=Decimal("0.45"),
        vat_rate=Decimal("0.21"),
        extended_price_max=Decimal(50_000),
        first_tranche_share=Decimal("0.60"),
        first_tranche_threshold=Decimal("0.60"),
        once_only_years=4,
        claim_window_days=15,
        run_day=20,
        de_minimis_includes_vat=True,
        maatwerk_exempt_from=date(2022, 1, 1),
    )
    package = apps.get_model("programme", "Package").objects
    for code, price_max, valid_from in (
        ("basis", 50_000, date(2021, 1, 1)),
        ("light", 20_000, date(2021, 9, 1)),
    ):
        package.create(
            edition=edition,
            code=code,
            price_min=Decimal(15_000),
            price_max=Decimal(price_max),
            valid_from=valid_from,
            valid_until=LAST_DAY,
        )
    legal_form = apps.get_model("programme", "LegalForm").objects
    for code in (
        *("eenmanszaak", "zelfstandige", "vrij beroep", "nv", "bvba", "ebvba", "s-bvba", "bv"),
        *("cvba", "cvoa", "cv", "vof", "comm.v", "comm.va", "esv", "se", "sce"),
    ):
        legal_form.create(edition=edition, code=code, accepted_from=date(2021, 1, 1))
    legal_form.create(edition=edition, code="vzw", accepted_from=date(2021, 4, 1))
    for code in (
        *("maatschap", "feitelijke vereniging"),
        *("stille handelsvennootschap", "tijdelijke handelsvennootschap"),
    ):
        legal_form.create(edition=edition, code=code, accepted_from=None)


class Migration(migrations.Migration):
    dependencies = [("programme", "0002_walls")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
