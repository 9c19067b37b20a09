"""Tables that the pages of both doors list, each as it leaves as a file."""

from collections.abc import Iterable, Mapping
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
from apps.reporting.exports import Table
from cstraject.delivery import PHASES
from cstraject.measures import CATALOGUE
from cstraject.quarter import day_of


def invitations_table(invitations: Iterable[Invitation]) -> Table:
    return Table(
        "uitnodigingen",
        invitations,
        {
            gettext("Name"): lambda one: one.name,
            gettext("E-mail address"): lambda one: one.email,
            gettext("Role"): lambda one: words_for_role(one.role),
            gettext("Good until"): lambda one: day_of(one.expires_at),
        },
    )


def statements_table(statements: Iterable[Mapping[str, Any]]) -> Table:
    """What was delivered by the end of each quarter, with its phases."""
    days, amount = gettext("Person-days"), gettext("Amount excluding VAT")
    left = gettext("Still to deliver")

    def part(phase: str, what: str) -> Any:
        return lambda row: getattr((row["statement"].phases or {}).get(phase), what, None)

    return Table(
        "prestatiestaten",
        statements,
        {
            gettext("Quarter"): lambda row: figures.quarter(row["statement"].quarter),
            days: lambda row: row["statement"].person_days,
            **{f"{days}: {words_for_phase(one)}": part(one, "person_days") for one in PHASES},
            amount: lambda row: row["statement"].amount,
            **{f"{amount}: {words_for_phase(one)}": part(one, "amount") for one in PHASES},
            gettext("Delivered"): lambda row: figures.percent(row["share"]),
            f"{left}: {days}": lambda row: row["days_left"],
            f"{left}: {amount}": lambda row: row["amount_left"],
            gettext("Filed"): lambda row: row["statement"].filed_on,
            gettext("Version"): lambda row: row["statement"].version,
        },
    )


def measures_table(report: EndReport | None) -> Table:
    return Table(
        "maatregelen",
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
        "tijdlijn",
        deeds,
        {
            gettext("When"): lambda deed: deed["at"],
            gettext("Who"): lambda deed: deed["who"],
            gettext("What happened"): lambda deed: deed["what"],
        },
    )
