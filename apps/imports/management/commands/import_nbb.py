"""Take in annual accounts (NBB, JSON): a deposit, a folder of them, or a daily ZIP."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from apps.design.words import words_for
from apps.enterprises.deposits import WrongFile, read_deposits
from apps.enterprises.services import keep_accounts
from apps.providers.commands import AcrossProviders
from cstraject.refusal import Refusal

SHOWN = 20


class Command(AcrossProviders):
    help = (
        "Take in annual accounts in the JSON of the NBB. Deposits are files of rubrics; a file "
        "*references.json beside them tells what they do not (apps/enterprises/deposits.py)."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("paths", type=Path, nargs="+", metavar="PATH")
        parser.add_argument(
            "--of-everyone",
            action="store_true",
            help=(
                "These are the deposits of everybody (a daily extract of the NBB), so that they "
                "tell nothing of who is here: providers and the pre-check may read them."
            ),
        )

    def work(self, **options: Any) -> str:
        kept = stood = 0
        wrong: list[WrongFile] = []
        for path in options["paths"]:
            for found in read_deposits(path):
                if isinstance(found, WrongFile):
                    wrong.append(found)
                    continue
                try:
                    changed = keep_accounts(
                        found, at=timezone.now(), of_everyone=options["of_everyone"]
                    )
                except Refusal as refusal:
                    wrong.append(WrongFile(found.reference, refusal))
                else:
                    kept, stood = kept + changed, stood + (not changed)
        for file in wrong[:SHOWN]:
            self.stderr.write(f"{file.name}: {words_for(file.refusal)} [{file.refusal.code}]")
        told = f"kept {kept} deposits; {stood} stood already; {len(wrong)} files are wrong"
        if wrong and not kept + stood:
            raise CommandError(told)
        return told
