"""Let somebody in by the command line: the first administrator, and whoever has no inviter yet."""

import sys
from getpass import getpass
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser
from django.core.validators import validate_email
from django.utils import timezone

from apps.accounts.selectors import timetable
from apps.accounts.services import add_user, grant_agency_role
from apps.providers.commands import AcrossProviders
from apps.providers.models import Provider
from apps.providers.services import grant_provider_role
from cstraject.roles import AGENCY_ROLES, PROVIDER_ROLES


class Command(AcrossProviders):
    help = (
        "Give a person a role, with an account when they have none. Asks for the first password"
        " (or reads a line of it); whoever has one already keeps it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("name")
        parser.add_argument("role", choices=sorted({*AGENCY_ROLES, *PROVIDER_ROLES}))
        parser.add_argument("--provider", help="the short name of the provider; else the agency")

    def work(self, **options: Any) -> str:
        role, slug, at, actor = options["role"], options["provider"], timezone.now(), timetable()
        if role not in (PROVIDER_ROLES if slug else AGENCY_ROLES):
            raise CommandError(f"{role} is no role {'of a provider' if slug else 'at the agency'}")
        provider = Provider.objects.filter(slug=slug).first()
        if slug and provider is None:
            raise CommandError(f"no provider is called {slug}")
        try:
            validate_email(options["email"])
            user = add_user(email=options["email"], name=options["name"], actor=actor, at=at)
            if not user.has_usable_password():
                password = _asked()
                validate_password(password, user)
                user.set_password(password)
                user.save(update_fields=["password"])
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        if provider:
            grant_provider_role(user=user, provider=provider, role=role, actor=actor, at=at)
        else:
            grant_agency_role(user=user, role=role, actor=actor, at=at)
        return f"{user.email} may sign in as {role}; a second factor is asked for the first time"


def _asked() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    password = getpass("First password: ")
    if password != getpass("Once more: "):
        raise CommandError("the two are not the same; nothing was done")
    return password
