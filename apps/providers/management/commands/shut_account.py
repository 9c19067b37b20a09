"""Shut an account, at once and everywhere: for whoever must be out now."""

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.selectors import timetable
from apps.accounts.services import shut_account
from apps.providers.commands import AcrossProviders


class Command(AcrossProviders):
    help = "Shut an account, by its address or its number. What it signed stays nameable."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("who", help="the e-mail address, or the number that the record tells")

    def work(self, **options: Any) -> str:
        who = options["who"].strip().lower()
        known = {"pk": int(who)} if who.isdecimal() else {"email": who}
        user = User.objects.filter(**known, kind="person").first()
        if user is None:
            raise CommandError(f"nobody here is {who}")
        shut_account(user=user, actor=timetable(), at=timezone.now())
        return f"the account of {user.name} is shut"
