"""The demo: the published portfolio, and people who can sign in to it."""

import secrets
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from apps.accounts.models import MACHINE, User
from apps.accounts.selectors import timetable
from apps.accounts.services import add_user, grant_agency_role, issue_token
from apps.providers.models import Provider
from apps.providers.scope import across_providers
from apps.providers.services import grant_provider_role

# Name, address, provider (empty: the agency), role.
PEOPLE = (
    ("An Voorbeeld", "manager@toreon.example", "toreon", "manager"),
    ("Bart Voorbeeld", "coach@toreon.example", "toreon", "coach"),
    ("Celia Voorbeeld", "reader@toreon.example", "toreon", "reader"),
    ("Dirk Voorbeeld", "manager@netcure.example", "netcure", "manager"),
    ("Els Voorbeeld", "officer@agency.example", "", "officer"),
    ("Frank Voorbeeld", "approver@agency.example", "", "approver"),
)
MACHINE_ADDRESS = "machine@toreon.example"


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
