"""`manage.py assess FILE.json`: what the rules make of a worked case, and why."""

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import translation
from django.utils.translation import gettext

from apps.design import figures
from apps.design.words import words_for, words_for_category, words_for_working
from cstraject import cases, kmo
from cstraject.deminimis import Headroom
from cstraject.reading import Unreadable
from cstraject.refusal import Refusal


class Command(BaseCommand):
    help = "Assess a worked case of the SME definition or of de minimis aid, from a JSON file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE.json", help="one case, or a list")
        parser.add_argument("--case", metavar="ID", help="only the case with this id")
        parser.add_argument("--explain", choices=("nl", "en"), help="tell the reasons as well")

    def handle(self, *args: Any, **options: Any) -> None:
        found = [
            case
            for case in self._cases(options["file"])
            if options["case"] in (None, case.get("id"))
        ]
        if not found:
            raise CommandError(f"{options['file']}: no such case")
        wrong = 0
        for case in found:
            try:
                answers = cases.judge(case)
                different = cases.differences(case) if "expected" in case else {}
            except Unreadable as unreadable:
                raise CommandError(f"{case.get('id', '?')}: cannot read {unreadable}") from None
            except Refusal as refusal:
                raise CommandError(f"{case.get('id', '?')}: {words_for(refusal)}") from None
            self.stdout.write(str(case.get("id", options["file"].name)))
            for key, value in answers.items():
                self.stdout.write(f"  {key}: {_plain(value)}")
            for key, (expected, told) in different.items():
                self.stdout.write(f"  differs: {key} is {_plain(told)}, expected {expected}")
            wrong += bool(different)
            if options["explain"]:
                with translation.override(options["explain"]):
                    for line in explain(case):
                        self.stdout.write(f"  - {line}")
        if wrong:
            raise CommandError(f"{wrong} of {len(found)} cases differ from what they expect")

    def _cases(self, file: Path) -> list[dict[str, Any]]:
        try:
            content = json.loads(file.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise CommandError(f"{file}: {error}") from None
        found = content if isinstance(content, list) else [content]
        if not all(isinstance(case, dict) for case in found):
            raise CommandError(f"{file}: not a case, nor a list of cases")
        return found


def _plain(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    return str(value)


def explain(case: dict[str, Any]) -> Iterator[str]:
    """The reasons behind the answers, sentence by sentence, in the active language."""
    if cases.kind_of(case) == "kmo":
        graph, maatwerk = cases.read_kmo(case)
        yield from explain_size(kmo.size_of(graph))
        if maatwerk:
            yield gettext("A recognised maatwerkbedrijf passes whatever its size.")
    else:
        stated = cases.read_de_minimis(case)
        room, amount = stated.room(), stated.amount
        yield from explain_room(room)
        if room.allows(amount):
            yield gettext("%(amount)s fits.") % {"amount": figures.euro(amount)}
        else:
            yield gettext("%(amount)s does not fit: then nothing of it may be granted.") % {
                "amount": figures.euro(amount)
            }


def explain_size(size: kmo.Size) -> Iterator[str]:
    """Every line that was added, every tie, who was left out, what a person must judge."""
    for tie in size.ties:
        yield gettext("%(by)s → %(to)s: %(why)s.") % {
            "by": ", ".join(tie.by),
            "to": ", ".join(tie.to),
            "why": words_for_working("tie", tie.why),
        }
    for line in size.lines:
        yield gettext("%(who)s: %(relation)s, counts for %(pct)s.") % {
            "who": line.entity.name,
            "relation": words_for_working("relation", line.relation).lower(),
            "pct": figures.percentage(line.added_pct),
        }
    for out in size.left_out:
        yield gettext("%(who)s does not count: %(why)s.") % {
            "who": out.entity.name,
            "why": words_for_working("left_out", out.why),
        }
    if size.public:
        yield gettext(
            "A quarter or more is controlled by public bodies: never an SME (article 3(4))."
        )
    for doubt in (*size.contradictions, *size.doubts):
        yield gettext("To be judged (%(who)s): %(why)s.") % {
            "who": ", ".join(doubt.who),
            "why": words_for_working("doubt", doubt.why),
        }
    if size.ownership_changed:
        yield gettext("The owners changed: the last accounts decide alone.")
    elif len(size.periods) > 1:
        yield gettext("A ceiling must be crossed in two consecutive periods (article 4(2)).")
    if size.category:
        yield gettext("Category: %(category)s.") % {"category": words_for_category(size.category)}
    elif size.contradictions:
        yield gettext("The category cannot be told: a person must judge what stands above.")
    else:
        yield gettext("The category cannot be told: figures of %(who)s are missing.") % {
            "who": ", ".join(size.missing) or gettext("the enterprise")
        }


def explain_room(room: Headroom) -> Iterator[str]:
    """Every earlier aid and every ceiling."""
    for line in room.lines:
        yield gettext("Aid of %(on)s, %(amount)s (Regulation %(regulation)s): %(why)s.") % {
            "on": figures.day(line.aid.on),
            "amount": figures.euro(line.aid.amount),
            "regulation": line.aid.regulation,
            "why": words_for_working("aid", line.why),
        }
    for limit in room.limits:
        yield gettext(
            "Since %(since)s at most %(ceiling)s; counted %(counted)s, left %(left)s."
        ) % {
            "since": figures.day(limit.since),
            "ceiling": figures.euro(limit.ceiling),
            "counted": figures.euro(limit.counted),
            "left": figures.euro(limit.headroom),
        }
    for doubt in room.doubts:
        yield gettext("To be judged (%(who)s): %(why)s.") % {
            "who": room.regulation,
            "why": words_for_working("doubt", doubt),
        }
