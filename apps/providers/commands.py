"""Commands that work across providers, in one transaction."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from apps.design.words import words_for
from apps.providers.scope import across_providers
from cstraject.refusal import Refusal


class AcrossProviders(BaseCommand):
    """A command of the agency: what it does happens whole or not at all.

    A refusal is told in words, with its code, and ends the command with an error.
    """

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            with across_providers(), transaction.atomic():
                return super().execute(*args, **options)
        except Refusal as refusal:
            raise CommandError(f"{words_for(refusal)} [{refusal.code}]") from refusal
