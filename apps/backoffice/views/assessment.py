"""What an assessment rests on: the size with its graph, de minimis aid with its time line."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from apps.backoffice.pictures import Arrow, Box, ownership
from apps.backoffice.time_line import time_lines
from apps.backoffice.views.dossiers import dossier_of
from apps.backoffice.views.frame import show
from apps.design import figures
from apps.design.words import words_for_source, words_for_working
from apps.dossiers.models import Dossier
from apps.dossiers.selectors import references_closed_to
from apps.eligibility.models import Workings
from apps.providers.doors import requires
from apps.providers.middleware import DoorRequest
from apps.reporting.exports import Table, Tables
from cstraject.kmo import CEILINGS
from cstraject.money import ZERO
from cstraject.quarter import day_of

FIGURES = ("headcount", "turnover", "balance_total")


def workings_of(dossier: Dossier) -> Workings:
    """What the assessment of a dossier rests on; an older assessment kept none."""
    workings = Workings.objects.filter(assessment=dossier.assessment_id).first()
    if workings is None:
        raise Http404
    return workings


@requires("open_dossiers")
@require_safe
def size(request: DoorRequest, dossier: UUID) -> HttpResponse:
    """Every line that was added up, why, who was left out, and what would change it."""
    case = dossier_of(request, dossier)
    told: dict[str, Any] = workings_of(case).size
    names = {entity["key"]: entity["name"] for entity in told["entities"]}
    why_out = {out["key"]: out["why"] for out in told["left_out"]}
    graph = ownership(told)
    periods = [_summed(period) for period in told["periods"]]
    members = [(box, why_out.get(box.key, "")) for box in graph.boxes]
    context = {
        "dossier": case,
        "size": told,
        "periods": periods,
        "ceilings": CEILINGS.items(),
        "ties": [_named(tie, names) for tie in told["ties"]],
        "doubts": [_named(d, names) for d in (*told["contradictions"], *told["doubts"])],
        "graph": graph,
        "with_control": any(arrow.holding["control"] for arrow in graph.arrows),
        "members": members,
        "room": _room(told),
        # Older assessments kept none.
        "pivots": [_named(pivot, names) for pivot in told.get("pivots") or ()],
        "too_many": told.get("pivots", ()) is None,
    }
    tables = {
        "members": _members_table(members),
        "holdings": _holdings_table(graph.arrows),
        "lines": _lines_table(case, periods),
    }
    return _page(request, "backoffice/size.html", context, case, tables)


def _members_table(members: list[tuple[Box, str]]) -> Table:
    counts_not = gettext("does not count")
    return Table(
        gettext("Who counts"),
        members,
        {
            gettext("Who"): lambda row: row[0].name,
            gettext("Kind"): lambda row: words_for_working("kind", row[0].kind),
            gettext("Relation"): lambda row: (
                row[0].relation and words_for_working("relation", row[0].relation)
            ),
            gettext("Counts for (%)"): lambda row: (
                Decimal(row[0].counts_pct) if row[0].counts_pct else counts_not
            ),
            gettext("Why not"): lambda row: row[1] and words_for_working("left_out", row[1]),
        },
    )


def _holdings_table(arrows: Sequence[Arrow]) -> Table:
    def share(name: str) -> Callable[[Arrow], object]:
        def told(arrow: Arrow) -> object:
            pct = arrow.holding[name]
            return gettext("Not known") if pct is None else Decimal(pct)

        return told

    return Table(
        gettext("Holdings"),
        arrows,
        {
            gettext("Who holds"): lambda arrow: arrow.owner,
            gettext("Of whom"): lambda arrow: arrow.owned,
            gettext("Capital (%)"): share("capital_pct"),
            gettext("Votes (%)"): share("voting_pct"),
            gettext("Other control"): lambda arrow: (
                arrow.holding["control"] and words_for_working("tie", arrow.holding["control"])
            ),
        },
    )


def _lines_table(case: Dossier, periods: list[dict[str, Any]]) -> Table:
    """Every line that was added up, of all years together."""

    def counted(nth: int) -> Callable[[tuple[int, dict[str, Any]]], object]:
        def told(row: tuple[int, dict[str, Any]]) -> object:
            figure = row[1]["cells"][nth]["counted"]
            return gettext("Not known") if figure is None else figure

        return told

    return Table(
        gettext("Figures added up"),
        ((period["year"], line) for period in periods for line in period["lines"]),
        {
            gettext("Year"): lambda row: row[0],
            gettext("Who"): lambda row: row[1]["name"],
            gettext("Relation"): lambda row: words_for_working("relation", row[1]["relation"]),
            gettext("Counts for (%)"): lambda row: Decimal(row[1]["added_pct"]),
            gettext("Headcount"): counted(0),
            gettext("Turnover"): counted(1),
            gettext("Balance total"): counted(2),
            gettext("Source"): lambda row: words_for_source(row[1]["source"] or case.facts.source),
        },
    )


def _summed(period: dict[str, Any]) -> dict[str, Any]:
    """A period with what of each figure was counted, so that the columns add up."""
    return {
        **period,
        "lines": [
            {**line, "cells": [_counted(line, name) for name in FIGURES]}
            for line in period["lines"]
        ],
    }


def _counted(line: dict[str, Any], name: str) -> dict[str, Any]:
    pct = Decimal(line["added_staff_pct" if name == "headcount" else "added_pct"])
    whole = None if line[name] is None else Decimal(line[name])
    counted = (whole or Decimal(0)) * pct / 100 if whole is not None or not pct else None
    return {"name": name, "whole": whole, "pct": pct, "counted": counted}


def _room(told: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """How far each sum lies under its ceiling: at most so far, where part of a sum is missing."""
    sums = told["periods"][0]["sums"] if told["periods"] else {}
    return {
        name: {"left": Decimal(told["room"][name]), "at_most": bool(sums and sums[name]["missing"])}
        for name in FIGURES
    }


def _named(tie: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """With names in the place of keys."""
    return {
        **tie,
        **{
            field: ", ".join(names.get(key, key) for key in tie[field])
            for field in ("by", "to", "who")
            if field in tie
        },
        **{
            field: names.get(tie[field], tie[field]) for field in ("owner", "owned") if field in tie
        },
    }


@requires("see_portfolio")
@require_safe
def de_minimis(request: DoorRequest, dossier: UUID) -> HttpResponse:
    """Every earlier aid, the ceilings over it, and from when how much frees up."""
    case = dossier_of(request, dossier)
    workings = workings_of(case)
    room: dict[str, Any] | None = workings.room
    if room is None:
        raise Http404
    names = {entity["key"]: entity["name"] for entity in workings.size["entities"]}
    # Older assessments kept neither names nor sources with the aid.
    hidden = references_closed_to(request.user, on=day_of(timezone.now()))
    aid = [
        {"name": names.get(each["recipient"], ""), "source": None}
        | each
        | {"note": "" if each.get("note") in hidden else each.get("note", "")}
        for each in room["aid"]
    ]
    for each in aid:
        each["whence"] = _whence(each["source"], each["note"])
        each["explanation"] = "; ".join(
            filter(None, (words_for_working("aid", each["why"]), _came(each.get("came_with"))))
        )
    amount = Decimal(room["amount"])
    rooms = [{**each, "fits": amount <= Decimal(each["left"])} for each in _rooms(room)]
    context = {
        "dossier": case,
        "room": room,
        "left_after": Decimal(room["left"]) - amount if room["allows"] else None,
        "ties": [_named(tie, names) for tie in room.get("ties", ())],
        "aid": aid,
        "rooms": rooms,
        "lines": time_lines({**room, "aid": aid}),
    }
    tables = {"releases": _releases_table(rooms), "aid": _aid_table(aid)}
    return _page(request, "backoffice/de_minimis.html", context, case, tables)


def _rooms(room: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """How much frees up from when on, and the room then: also where that stays as it was, since
    the aid was more than the ceiling. Where no aid frees up the ceiling itself changes."""
    yield {"on": room["on"], "left": room["left"]}
    freed: dict[str, Decimal] = {}
    for aid in room["aid"]:
        if aid["frees_on"]:
            freed[aid["frees_on"]] = freed.get(aid["frees_on"], ZERO) + Decimal(aid["counted"])
    changes, left = {each["on"]: each for each in room["releases"]}, room["left"]
    for on in sorted({*freed, *changes}):
        left = changes[on]["left"] if on in changes else left
        yield {"on": on, "left": left, "freed": freed.get(on) or changes[on]["freed"]}


def _whence(source: str | None, note: str) -> str:
    """Who tells of earlier aid: this programme, or what was stated."""
    if source == "":
        return ", ".join(filter(None, (gettext("This programme"), note)))
    return "; ".join(filter(None, (note, source and words_for_source(source))))


def _came(way: str | None) -> str:
    """How aid that somebody else received came here."""
    return {"merger": gettext("came with a merger"), "split": gettext("came with a split")}.get(
        way or "", ""
    )


def _releases_table(rooms: list[dict[str, Any]]) -> Table:
    return Table(
        gettext("When aid frees up"),
        rooms,
        {
            gettext("From"): lambda one: date.fromisoformat(one["on"]),
            gettext("Frees up"): lambda one: Decimal(one["freed"]) if one.get("freed") else None,
            gettext("Room left then"): lambda one: Decimal(one["left"]),
            gettext("What is asked"): lambda one: (
                gettext("Fits") if one["fits"] else gettext("Does not fit")
            ),
        },
    )


def _aid_table(aid: list[dict[str, Any]]) -> Table:
    def recipient(one: dict[str, Any]) -> str:
        number = figures.enterprise_number(one["recipient"])
        return " ".join(filter(None, (one["name"], number)))

    return Table(
        gettext("Earlier aid"),
        aid,
        {
            gettext("Granted"): lambda one: date.fromisoformat(one["on"]),
            gettext("To"): recipient,
            gettext("Regulation"): lambda one: one["regulation"],
            gettext("Amount"): lambda one: Decimal(one["amount"]),
            gettext("Counts for"): lambda one: Decimal(one["counted"]),
            gettext("Explanation"): lambda one: one["explanation"],
            gettext("Frees up"): lambda one: (
                date.fromisoformat(one["frees_on"]) if one["frees_on"] else None
            ),
            gettext("Source"): lambda one: one["whence"],
        },
    )


def _page(
    request: DoorRequest, template: str, context: dict[str, Any], case: Dossier, tables: Tables
) -> HttpResponse:
    return show(
        request,
        template,
        context
        | {"back": {"url": reverse("backoffice:dossier", args=[case.pk]), "label": case.reference}},
        section="dossiers",
        about=case.reference,
        tables=tables,
    )
