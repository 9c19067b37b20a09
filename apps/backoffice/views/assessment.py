"""What an assessment rests on: the size with its graph, de minimis aid with its time line."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from apps.backoffice.pictures import ownership
from apps.backoffice.time_line import time_lines
from apps.backoffice.views.dossiers import dossier_of
from apps.backoffice.views.frame import show
from apps.dossiers.models import Dossier
from apps.dossiers.selectors import references_closed_to
from apps.eligibility.models import Workings
from apps.providers.doors import requires
from apps.providers.middleware import DoorRequest
from cstraject.kmo import CEILINGS
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
    context = {
        "dossier": case,
        "size": told,
        "periods": [_summed(period) for period in told["periods"]],
        "ceilings": CEILINGS.items(),
        "ties": [_named(tie, names) for tie in told["ties"]],
        "doubts": [_named(d, names) for d in (*told["contradictions"], *told["doubts"])],
        "graph": graph,
        "with_control": any(arrow.holding["control"] for arrow in graph.arrows),
        "members": [(box, why_out.get(box.key, "")) for box in graph.boxes],
        "room": _room(told),
        # Older assessments kept none.
        "pivots": [_named(pivot, names) for pivot in told.get("pivots") or ()],
        "too_many": told.get("pivots", ()) is None,
    }
    return _page(request, "backoffice/size.html", context, case)


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
    amount = Decimal(room["amount"])
    context = {
        "dossier": case,
        "room": room,
        "left_after": Decimal(room["left"]) - amount if room["allows"] else None,
        "ties": [_named(tie, names) for tie in room.get("ties", ())],
        "aid": aid,
        "rooms": [
            {**each, "fits": amount <= Decimal(each["left"])}
            for each in ({"on": room["on"], "left": room["left"]}, *room["releases"])
        ],
        "lines": time_lines({**room, "aid": aid}),
    }
    return _page(request, "backoffice/de_minimis.html", context, case)


def _page(
    request: DoorRequest, template: str, context: dict[str, Any], case: Dossier
) -> HttpResponse:
    return show(
        request,
        template,
        context
        | {"back": {"url": reverse("backoffice:dossier", args=[case.pk]), "label": case.reference}},
        section="dossiers",
    )
