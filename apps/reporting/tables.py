"""Tables that the pages of both doors list, each as it leaves as a file."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.utils.translation import gettext

from apps.claims.models import EndReport
from apps.design import figures
from apps.design.words import (
    words_for_measure,
    words_for_phase,
    words_for_role,
    words_for_standing,
)
from apps.members.models import Invitation
from apps.payouts.selectors import StatementLine
from apps.reporting.exports import Table
from cstraject.delivery import PHASES, Delivered
from cstraject.measures import CATALOGUE
from cstraject.quarter import day_of


def invitations_table(invitations: Iterable[Invitation]) -> Table:
    return Table(
        gettext("Invitations"),
        invitations,
        {
            gettext("Name"): lambda one: one.name,
            gettext("E-mail address"): lambda one: one.email,
            gettext("Role"): lambda one: words_for_role(one.role),
            gettext("Good until"): lambda one: day_of(one.expires_at),
        },
    )


def statements_table(lines: Iterable[StatementLine]) -> Table:
    """What was delivered by the end of each quarter, with its phases, and what was paid."""
    days, amount = gettext("Person-days"), gettext("Amount excluding VAT")

    def phase_of(phase: str, what: str) -> Callable[[StatementLine], object]:
        return lambda line: getattr((line.statement.phases or {}).get(phase), what, None)

    parts: list[tuple[str, Callable[[StatementLine], Delivered]]] = [
        (gettext("Stated earlier"), lambda line: line.earlier),
        (gettext("In this quarter"), lambda line: line.now),
        (gettext("Since the start"), lambda line: line.whole),
        (gettext("Still to deliver"), lambda line: line.left),
    ]
    return Table(
        gettext("Statements"),
        lines,
        {
            gettext("Quarter"): lambda line: figures.quarter(line.statement.quarter),
            **{f"{part}: {days}": _days_of(told) for part, told in parts},
            **{f"{part}: {amount}": _amount_of(told) for part, told in parts},
            gettext("Delivered (%)"): lambda line: figures.in_hundredths(line.share),
            **{f"{days}: {words_for_phase(one)}": phase_of(one, "person_days") for one in PHASES},
            **{f"{amount}: {words_for_phase(one)}": phase_of(one, "amount") for one in PHASES},
            gettext("Paid"): lambda line: line.paid,
            gettext("Filed"): lambda line: line.statement.filed_on,
            gettext("Version"): lambda line: line.statement.version,
        },
    )


def _days_of(told: Callable[[StatementLine], Delivered]) -> Callable[[StatementLine], object]:
    return lambda line: told(line).person_days


def _amount_of(told: Callable[[StatementLine], Delivered]) -> Callable[[StatementLine], object]:
    return lambda line: told(line).amount


def measures_table(report: EndReport | None) -> Table:
    return Table(
        gettext("Measures"),
        report.measures if report else [],
        {
            gettext("Measure"): lambda one: words_for_measure(one["code"]),
            "CyFun": lambda one: CATALOGUE[one["code"]].cyfun if one["code"] in CATALOGUE else "",
            gettext("How it stands"): lambda one: words_for_standing(
                one.get("standing", ""), one.get("priority", "")
            ),
            gettext("Note"): lambda one: one.get("note"),
        },
    )


def deeds_table(deeds: Iterable[Mapping[str, Any]]) -> Table:
    """The time line of a dossier, the newest first."""
    return Table(
        gettext("Time line"),
        deeds,
        {
            gettext("When"): lambda deed: deed["at"],
            gettext("Who"): lambda deed: deed["who"],
            gettext("What happened"): lambda deed: deed["what"],
        },
    )
