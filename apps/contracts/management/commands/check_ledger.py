"""Whether every contract's balances are the sums of its entries."""

from typing import Any

from django.core.management.base import CommandError

from apps.contracts.models import Contract, LedgerEntry
from apps.contracts.selectors import ledger_differences
from apps.providers.commands import AcrossProviders


class Command(AcrossProviders):
    help = "Check the whole ledger; exits with an error on any difference."

    def work(self, **options: Any) -> str:
        differences = ledger_differences()
        for difference in differences:
            self.stderr.write(difference)
        if differences:
            raise CommandError(f"{len(differences)} differences")
        return (
            f"the ledger agrees: {Contract.objects.count()} contracts, "
            f"{LedgerEntry.objects.count()} entries"
        )
