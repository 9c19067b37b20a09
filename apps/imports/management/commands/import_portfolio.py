"""File a portfolio from CSV files, whole or not at all."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from apps.imports.portfolio import RowError, read_portfolio
from apps.imports.replay import CannotReplay, replay
from apps.providers.commands import AcrossProviders


class Command(AcrossProviders):
    help = "File every dossier, statement, claim and quarterly run of a folder of CSV files."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR")

    def work(self, **options: Any) -> str:
        portfolio, errors = read_portfolio(options["folder"])
        if errors:
            raise self._wrong(errors)
        try:
            tally = replay(portfolio, tell=self.stdout.write)
        except CannotReplay as wrong:
            raise self._wrong(wrong.errors) from wrong
        return (
            f"filed {tally.dossiers} dossiers, {tally.statements} statements, "
            f"{tally.claims} claims, {tally.runs} runs; {tally.already} dossiers stood already"
        )

    def _wrong(self, errors: list[RowError]) -> CommandError:
        for error in errors:
            self.stderr.write(str(error))
        return CommandError(f"{len(errors)} rows are wrong; nothing was kept")
