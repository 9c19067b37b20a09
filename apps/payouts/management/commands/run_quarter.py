"""Draw up the run of a quarter by hand, or show what it would pay and why the rest not."""

from argparse import ArgumentParser
from typing import Any

from django.utils import timezone

from apps.accounts.selectors import timetable
from apps.payouts.models import Run
from apps.payouts.selectors import lines_of, must_be_payable, payments_of, preflight
from apps.payouts.services import draw_up_run
from apps.providers.commands import AcrossProviders
from cstraject.quarter import Quarter, day_of
from cstraject.refusal import Refusal


class Command(AcrossProviders):
    help = "Draw up the run of a quarter; --dry-run only shows what it would pay."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("quarter", metavar="2022-Q1")
        parser.add_argument("--dry-run", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        quarter = Quarter.parse(options["quarter"])
        now = timezone.now()
        must_be_payable(quarter, on=day_of(now))
        ahead = preflight(quarter)
        run = Run.objects.filter(quarter=str(quarter)).exclude(state="abandoned").first()
        if run is None and not options["dry_run"]:
            run = draw_up_run(quarter=quarter, actor=timetable(), at=now)
            self.stdout.write("drawn up now; the lines are frozen")
        elif run is not None and not options["dry_run"]:
            raise Refusal("run-exists", quarter=str(quarter), state=run.state)
        if run is not None:
            self._show_run(run)
        else:
            self.stdout.write(
                f"run {quarter} would pay {len(ahead.claims)} tranches, {ahead.total:,.2f} euro:"
            )
            for claim in ahead.claims:
                self.stdout.write(
                    f"  {claim.dossier.reference} tranche {claim.tranche} {claim.amount:>12,.2f}"
                )
        self.stdout.write(f"not paid: {len(ahead.left_out)} tranches")
        for left in ahead.left_out:
            facts = ", ".join(
                f"{name} {value:.1%}" if name in ("delivered", "threshold") else f"{name} {value}"
                for name, value in left.facts.items()
            )
            self.stdout.write(
                f"  {left.dossier.reference} tranche {left.tranche}: {left.why}"
                + (f" ({facts})" if facts else "")
            )

    def _show_run(self, run: Run) -> None:
        self.stdout.write(
            f"run {run.quarter} is {run.state}: {run.lines_count} tranches, {run.total:,.2f} euro"
        )
        for payment in payments_of(run):
            self.stdout.write(
                f"  {payment.payee_name:<16} {payment.amount:>12,.2f}  {payment.end_to_end_id}"
            )
        for line in lines_of(run):
            self.stdout.write(
                f"    {line.claim.dossier.reference} tranche {line.claim.tranche} "
                f"{line.amount:>12,.2f}"
            )
