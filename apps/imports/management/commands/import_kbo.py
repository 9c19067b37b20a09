"""Take in an extract of the register (KBO open data)."""

import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from apps.design.words import words_for
from apps.enterprises.models import RegisterImport
from apps.enterprises.selectors import errors_of
from apps.enterprises.services import Told, import_register
from apps.imports.numbers import numbers_asked_for
from apps.providers.scope import across_providers
from cstraject.refusal import Refusal

SHOWN = 20


class Command(BaseCommand):
    help = (
        "Take in a full extract or an update of the KBO's open data, from a ZIP or a folder. "
        "One that was broken off goes on where it stopped; one that is in already changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path, metavar="PATH")
        parser.add_argument(
            "--only-needed",
            action="store_true",
            help="keep only enterprises that a dossier names, and their establishments; providers "
            "read nothing of such a register, for it tells who was helped",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        # Not one transaction: what was read of a large file stays when the rest fails.
        try:
            with across_providers():
                only = numbers_asked_for() if options["only_needed"] else None
                taken, done = import_register(
                    options["path"], only=only, now=timezone.now, told=self._teller()
                )
                self._tell(taken, done)
        except Refusal as refusal:
            raise CommandError(f"{words_for(refusal)} [{refusal.code}]") from refusal

    def _teller(self) -> Told:
        """One line per batch, with the rate of that batch."""
        last = time.monotonic()

        def told(file: str, rows: int, read: int) -> None:
            nonlocal last
            took, last = time.monotonic() - last, time.monotonic()
            self.stdout.write(f"{file}: {rows:,} rows, {read / took:,.0f} rows/s")
            self.stdout.flush()

        return told

    @transaction.atomic
    def _tell(self, taken: RegisterImport, done: bool) -> None:
        what = f"extract {taken.number} ({taken.kind}) of {taken.snapshot_on:%d/%m/%Y}"
        if not done:
            self.stdout.write(f"{what} was taken in before; nothing changed")
            return
        files = list(taken.files.order_by("id"))
        for error in errors_of(taken)[:SHOWN]:
            words = words_for(Refusal(error.reason, **error.facts))
            self.stderr.write(f"{error.file}:{error.line}: {words} [{error.reason}]")
        for file in files:
            if file.rows_wrong:
                self.stderr.write(f"{file.name}: {file.rows_wrong} rows were left out")
        self.stdout.write(
            f"took in {what}: {sum(f.rows_read for f in files):,} rows read, "
            f"{sum(f.rows_kept for f in files):,} kept, "
            f"{sum(f.rows_wrong for f in files):,} wrong"
        )
