"""Draw up the run of a quarter by hand, or show what it would pay and why the rest not."""

from argparse import ArgumentParser
from typing import Any

from django.utils import timezone

from apps.accounts.selectors import timetable
from apps.payouts.models import Run
from apps.payouts.selectors import (
    LeftOut,
    Preflight,
    lines_of,
    must_be_payable,
    payments_of,
    preflight,
)
from apps.payouts.services import draw_up_run
from apps.providers.commands import AcrossProviders
from cstraject.quarter import Quarter, day_of


class Command(AcrossProviders):
    help = "Draw up the run of a quarter; --dry-run only shows what it would pay."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("quarter", metavar="2022-Q1")
        parser.add_argument("--dry-run", action="store_true")

    def work(self, **options: Any) -> str:
        quarter, now = Quarter.parse(options["quarter"]), timezone.now()
        must_be_payable(quarter, on=day_of(now))
        run = Run.objects.filter(quarter=str(quarter)).exclude(state="abandoned").first()
        lines = []
        if not options["dry_run"]:
            run = draw_up_run(quarter=quarter, actor=timetable(), at=now)
            lines.append("drawn up now; the lines are frozen")
        ahead = preflight(quarter)
        lines += _run_in_words(run) if run else _preflight_in_words(ahead)
        lines.append(f"not paid: {len(ahead.left_out)} tranches")
        lines += [_left_out_in_words(left) for left in ahead.left_out]
        return "\n".join(lines)


def _preflight_in_words(ahead: Preflight) -> list[str]:
    return [
        f"run {ahead.quarter} would pay {len(ahead.claims)} tranches, {ahead.total:,.2f} euro:",
        *(
            f"  {claim.dossier.reference} tranche {claim.tranche} {claim.amount:>12,.2f}"
            for claim in ahead.claims
        ),
    ]


def _run_in_words(run: Run) -> list[str]:
    return [
        f"run {run.quarter} is {run.state}: {run.lines_count} tranches, {run.total:,.2f} euro",
        *(
            f"  {payment.payee_name:<16} {payment.amount:>12,.2f}  {payment.end_to_end_id}"
            for payment in payments_of(run)
        ),
        *(
            f"    {line.claim.dossier.reference} tranche {line.claim.tranche} {line.amount:>12,.2f}"
            for line in lines_of(run)
        ),
    ]


def _left_out_in_words(left: LeftOut) -> str:
    facts = ", ".join(
        f"{name} {value:.1%}" if name in ("delivered", "threshold") else f"{name} {value}"
        for name, value in left.facts.items()
    )
    told = f"  {left.dossier.reference} tranche {left.tranche}: {left.why}"
    return f"{told} ({facts})" if facts else told
