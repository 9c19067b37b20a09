"""The demo: the published portfolio, people who can sign in, and what waits for them today."""

import json
import secrets
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.selectors import Capacity, capacities_of, timetable
from apps.accounts.services import add_user, grant_agency_role
from apps.contracts.models import Contract
from apps.contracts.services import award_contract
from apps.documents.models import DECLARATION, OFFER
from apps.documents.services import note_document_held_elsewhere
from apps.dossiers import services as dossiers
from apps.dossiers.models import OPENED, Access
from apps.dossiers.selectors import dossiers_newest_first
from apps.eligibility.selectors import standings_of
from apps.programme.models import Edition
from apps.programme.selectors import edition_on
from apps.programme.services import change_letter_note, prepare_alike
from apps.providers.models import Provider
from apps.providers.scope import across_providers
from apps.providers.services import (
    TOKEN_DAYS_MAX,
    grant_provider_role,
    issue_token,
)
from cstraject.eligibility import MET, NOT_MET
from cstraject.quarter import day_of
from cstraject.roles import MACHINE_ACTS

# Name, address, provider (empty: the agency), role.
PEOPLE = (
    ("An Voorbeeld", "manager@toreon.example", "toreon", "manager"),
    ("Bart Voorbeeld", "coach@toreon.example", "toreon", "coach"),
    ("Celia Voorbeeld", "reader@toreon.example", "toreon", "reader"),
    ("Dirk Voorbeeld", "manager@netcure.example", "netcure", "manager"),
    ("Els Voorbeeld", "reviewer@agency.example", "", "reviewer"),
    ("Gust Voorbeeld", "reviewer2@agency.example", "", "reviewer"),
    ("Frank Voorbeeld", "controller@agency.example", "", "controller"),
    ("Hilde Voorbeeld", "payments@agency.example", "", "payments_officer"),
    ("Imre Voorbeeld", "approver@agency.example", "", "payments_approver"),
    ("Jana Voorbeeld", "reporting@agency.example", "", "reporting_officer"),
    ("Karel Voorbeeld", "administrator@agency.example", "", "administrator"),
    ("Lien Voorbeeld", "auditor@agency.example", "", "auditor"),
    ("Nora Voorbeeld", "guest@agency.example", "", "guest"),
    # Somebody who chooses: two roles at one provider's desk and at another's.
    ("Mats Voorbeeld", "both@toreon.example", "toreon", "coach"),
    ("Mats Voorbeeld", "both@toreon.example", "netcure", "reader"),
)
SOURCE = "opgave van de kmo"
FILED_ELSEWHERE = "voorbeeld, zonder bestand"
PAPERS = ((OFFER, "offerte.pdf"), (DECLARATION, "verklaring op eer.pdf"))
BUDGET = Decimal("350000.00")
LETTER_NOTE = "Voorbeeld: hier staat hoe, bij wie en tot wanneer men beroep kan instellen."


class Command(BaseCommand):
    help = "Load the demo; what is there already is left as it is."

    def handle(self, *args: Any, **options: Any) -> None:
        path = settings.DEMO_SIGN_INS
        if path is None:
            raise CommandError("the demo is for one's own machine, under config.settings.dev")
        call_command("import_portfolio", settings.DEMO_PORTFOLIO, stdout=self.stdout)
        with across_providers(), transaction.atomic():
            self._people(path)
        with across_providers(), transaction.atomic():
            self._edition(timezone.now())
            self._today(timezone.now())
            self._open_one_to_the_guest(timezone.now())

    def _open_one_to_the_guest(self, now: datetime) -> None:
        if not Access.objects.exists():
            dossiers.give_access(
                reference=dossiers_newest_first()[0].reference,
                user=User.objects.get(email="guest@agency.example"),
                kind=OPENED,
                until=day_of(now) + timedelta(days=7),
                reason="audit van een week",
                actor=timetable(),
                at=now,
            )

    def _edition(self, now: datetime) -> None:
        """One of today, with the terms of the one before it: an example, for none is published."""
        for edition in Edition.objects.filter(letter_note=""):
            change_letter_note(edition=edition, letter_note=LETTER_NOTE, actor=timetable(), at=now)
        if not Edition.objects.filter(name="2026-2028").exists():
            prepare_alike(
                beside=Edition.objects.get(name="2021-2024"),
                name="2026-2028",
                valid_from=date(2026, 1, 1),
                valid_until=date(2028, 12, 31),
                actor=timetable(),
                at=now,
            )

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
        officer = User.objects.get(email="reviewer@agency.example")
        at = now - timedelta(days=told["submitted_days_ago"])
        offer, declaration = (
            note_document_held_elsewhere(
                provider_id=contract.provider_id,
                kind=kind,
                name=name,
                held_at=FILED_ELSEWHERE,
                actor=coach,
                at=at,
            ).pk
            for kind, name in PAPERS
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

    def _people(self, path: Path) -> None:
        """Accounts and roles; a new password and key for all once somebody is new."""
        at, clock, new = timezone.now(), timetable(), not path.exists()
        users = []
        for name, email, slug, role in PEOPLE:
            user = add_user(email=email, name=name, actor=clock, at=at)
            users.append(user)
            if Capacity(slug, role) in capacities_of(user):
                continue
            new = True
            if slug:
                provider = Provider.objects.get(slug=slug)
                grant_provider_role(user=user, provider=provider, role=role, actor=clock, at=at)
            else:
                grant_agency_role(user=user, role=role, actor=clock, at=at)
        if not new:
            return
        password = "-".join(secrets.token_hex(2) for _ in range(4))
        for user in {user.pk: user for user in users}.values():
            user.set_password(password)
            user.save(update_fields=["password"])
        token = issue_token(
            provider=Provider.objects.get(slug="toreon"),
            name="demo",
            acts=MACHINE_ACTS,
            days=TOKEN_DAYS_MAX,
            actor=clock,
            at=at,
        )
        lines = [
            "Sign in with (one password for all):",
            "",
            *(f"  {email:<28} {role} at {slug or 'the agency'}" for _, email, slug, role in PEOPLE),
            "",
            f"  password: {password}",
            "",
            "API: /api/v1/schema/, and for Toreon's machine /api/v1/providers/toreon/contract/",
            f"  Authorization: Bearer {token}",
        ]
        path.touch(mode=0o600)
        path.write_text("\n".join(lines) + "\n")
