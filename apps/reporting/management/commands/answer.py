"""The tables of answer 526 as of any day, as a workbook and as JSON."""

import json
from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from apps.providers.commands import AcrossProviders
from apps.reporting.selectors import answer_as_of
from apps.reporting.workbook import workbook_of


class Command(AcrossProviders):
    help = "Write the answer to parliament as of a day: --output answer.xlsx, --json answer.json."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--as-of", type=date.fromisoformat, required=True, metavar="YYYY-MM-DD")
        parser.add_argument("--output", type=Path, help="The Excel workbook.")
        parser.add_argument("--json", type=Path, help="The same figures for machines.")

    def work(self, **options: Any) -> str:
        answer = answer_as_of(options["as_of"])
        if options["output"]:
            options["output"].write_bytes(workbook_of(answer))
        if options["json"]:
            options["json"].write_text(
                json.dumps(answer.as_json(), ensure_ascii=False, indent=1) + "\n"
            )
        years = [
            f"{year}: {count} dossiers, {amount:,.2f} euro granted"
            for year, (count, amount) in answer.total.items()
        ]
        return "\n".join(
            [
                f"as of {answer.as_of}: {answer.applications} applications, "
                f"{answer.refused} refused",
                *years,
                f"started {answer.started}, of which light {answer.started_light}, "
                f"completed {answer.completed}",
            ]
        )
