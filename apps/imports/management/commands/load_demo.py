"""The demo: the published portfolio, people who can sign in, and what waits for them today."""

import json
import os
import secrets
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from apps.accounts.models import MACHINE, User
from apps.accounts.selectors import timetable
from apps.accounts.services import add_user, grant_agency_role, issue_token
from apps.contracts.models import Contract
from apps.contracts.services import award_contract
from apps.documents.models import DECLARATION, OFFER
from apps.documents.services import note_document_held_elsewhere
from apps.dossiers import services as dossiers
from apps.eligibility.selectors import standings_of
from apps.programme.selectors import edition_on
from apps.providers.models import Provider
from apps.providers.scope import across_providers
from apps.providers.services import grant_provider_role
from cstraject.eligibility import MET, NOT_MET
from cstraject.quarter import day_of

# Name, address, provider (empty: the agency), role.
PEOPLE = (
    ("An Voorbeeld", "manager@toreon.example", "toreon", "manager"),
    ("Bart Voorbeeld", "coach@toreon.example", "toreon", "coach"),
    ("Celia Voorbeeld", "reader@toreon.example", "toreon", "reader"),
    ("Dirk Voorbeeld", "manager@netcure.example", "netcure", "manager"),
    ("Els Voorbeeld", "officer@agency.example", "", "officer"),
    ("Gust Voorbeeld", "second@agency.example", "", "officer"),
    ("Frank Voorbeeld", "approver@agency.example", "", "approver"),
)
MACHINE_ADDRESS = "machine@toreon.example"
SOURCE = "opgave van de kmo"
BUDGET = Decimal("350000.00")


class Command(BaseCommand):
    help = "Load the demo; what is there already is left as it is."

    def handle(self, *args: Any, **options: Any) -> None:
        path = settings.DEMO_SIGN_INS
        if path is None:
            raise CommandError("the demo is for one's own machine, under config.settings.dev")
        call_command("import_portfolio", settings.DEMO_PORTFOLIO, stdout=self.stdout)
        with across_providers(), transaction.atomic():
            if not User.objects.filter(email=MACHINE_ADDRESS).exists() or not path.exists():
                path.touch(mode=0o600)
                path.write_text(self._people())
        # Only the owner writes terms.
        owner_url = os.environ.get("OWNER_DATABASE_URL") or os.environ["DATABASE_URL"]
        with psycopg.connect(owner_url) as owner:
            owner.execute((settings.DEMO_PORTFOLIO / "edition.sql").read_bytes())
        with across_providers(), transaction.atomic():
            self._today(timezone.now())

    def _today(self, now: datetime) -> None:
        """A contract of today, dossiers to assess and a grant that is due in the register."""
        today, provider = day_of(now), Provider.objects.get(slug="toreon")
        edition = edition_on(today)
        if (
            edition.valid_until < today
            or Contract.objects.filter(provider=provider, edition=edition).exists()
        ):
            return
        contract = award_contract(
            provider=provider,
            edition=edition,
            budget=BUDGET,
            valid_from=edition.valid_from,
            valid_until=edition.valid_until,
            actor=timetable(),
            at=now,
        )
        for told in json.loads((settings.DEMO_PORTFOLIO / "today.json").read_text("utf-8")):
            self._file(contract, told, now)

    def _file(self, contract: Contract, told: dict[str, Any], now: datetime) -> None:
        coach = User.objects.get(email="coach@toreon.example")
        officer = User.objects.get(email="officer@agency.example")
        at = now - timedelta(days=told["submitted_days_ago"])
        offer, declaration = (
            note_document_held_elsewhere(
                provider_id=contract.provider_id,
                kind=kind,
                name=f"{kind}.pdf",
                held_at="demo",
                actor=coach,
                at=at,
            ).pk
            for kind in (OFFER, DECLARATION)
        )
        dossier = dossiers.file_dossier(
            provider_id=contract.provider_id,
            package=told["package"],
            with_extension=False,
            price_excl_vat=Decimal(told["price_excl_vat"]),
            person_days=Decimal(told["person_days"]),
            facts={**told["facts"], "declared_on": f"{day_of(at):%Y-%m-%d}"},
            facts_source=SOURCE,
            offer=offer,
            declaration=declaration,
            actor=coach,
            at=at,
        )
        dossier = dossiers.assess_dossier(dossier=dossier, actor=timetable(), at=at)
        if "approved_days_ago" not in told:
            return
        at = now - timedelta(days=told["approved_days_ago"])
        assert dossier.assessment is not None
        for standing in standings_of(dossier.assessment):
            if standing.outcome not in (MET, NOT_MET):
                dossiers.find(
                    dossier=dossier,
                    question=standing.answer.question,
                    outcome=MET,
                    reason="nagekeken bij het dossier",
                    actor=officer,
                    at=at,
                )
        dossiers.approve_dossier(dossier=dossier, actor=officer, at=at)

    def _people(self) -> str:
        at, clock = timezone.now(), timetable()
        password = "-".join(secrets.token_hex(2) for _ in range(4))
        lines = ["Sign in with (one password for all):", ""]
        for name, email, slug, role in PEOPLE:
            user = add_user(email=email, name=name, actor=clock, at=at)
            user.set_password(password)
            user.save(update_fields=["password"])
            if slug:
                provider = Provider.objects.get(slug=slug)
                grant_provider_role(user=user, provider=provider, role=role, actor=clock, at=at)
            else:
                grant_agency_role(user=user, role=role, actor=clock, at=at)
            lines.append(f"  {email:<26} {role} at {slug or 'the agency'}")
        machine = add_user(email=MACHINE_ADDRESS, name="Machine", actor=clock, at=at, kind=MACHINE)
        provider = Provider.objects.get(slug="toreon")
        grant_provider_role(user=machine, provider=provider, role="manager", actor=clock, at=at)
        token = issue_token(user=machine, name="demo", actor=clock, at=at)
        lines += [
            "",
            f"  password: {password}",
            "",
            "API: /api/v1/schema/, and for Toreon's machine /api/v1/providers/toreon/contract/",
            f"  Authorization: Bearer {token}",
        ]
        return "\n".join(lines) + "\n"
