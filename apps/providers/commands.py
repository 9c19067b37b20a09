"""Commands that work across providers, in one transaction."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from apps.design.words import words_for
from apps.providers.scope import across_providers
from cstraject.refusal import Refusal


class AcrossProviders(BaseCommand):
    """A command of the agency: what it does happens whole or not at all.

    `work` does it and returns what there is to tell, which is written after the commit: a
    closed pipe undoes nothing. A refusal is told in words, with its code, and is an error.
    """

    def work(self, **options: Any) -> str:
        raise NotImplementedError

    def handle(self, *args: Any, **options: Any) -> str:
        try:
            with across_providers(), transaction.atomic():
                return self.work(**options)
        except Refusal as refusal:
            raise CommandError(f"{words_for(refusal)} [{refusal.code}]") from refusal
