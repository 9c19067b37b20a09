"""What an assessment rests on: the size with its graph, de minimis aid with its time line."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from apps.backoffice.pictures import ownership
from apps.backoffice.time_line import time_line
from apps.backoffice.views.dossiers import dossier_of
from apps.backoffice.views.frame import show
from apps.dossiers.models import Dossier
from apps.eligibility.models import Workings
from apps.eligibility.selectors import facts_of
from apps.programme.selectors import terms_of
from apps.providers.doors import requires
from apps.providers.middleware import DoorRequest
from cstraject import kmo
from cstraject.kmo import CEILINGS

FIGURES = ("headcount", "turnover", "balance_total")


def workings_of(dossier: Dossier) -> Workings:
    """What the assessment of a dossier rests on; an older assessment kept none."""
    workings = Workings.objects.filter(assessment=dossier.assessment_id).first()
    if workings is None:
        raise Http404
    return workings


@requires("see_portfolio")
@require_safe
def size(request: DoorRequest, dossier: UUID) -> HttpResponse:
    """Every line that was added up, why, who was left out, and what would change it."""
    case = dossier_of(dossier)
    told: dict[str, Any] = workings_of(case).size
    names = {entity["key"]: entity["name"] for entity in told["entities"]}
    context = {
        "dossier": case,
        "size": told,
        "latest": told["periods"][0] if told["periods"] else None,
        "ceilings": CEILINGS.items(),
        "ties": [_named(tie, names) for tie in told["ties"]],
        "doubts": [_named(d, names) for d in (*told["contradictions"], *told["doubts"])],
        "graph": ownership(told),
        "room": {name: Decimal(told["room"][name]) for name in FIGURES},
        "pivots": _pivots(case, names),
    }
    return _page(request, "backoffice/size.html", context, case)


def _named(tie: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """With names in the place of keys."""
    return {
        **tie,
        **{
            field: ", ".join(names.get(key, key) for key in tie[field])
            for field in ("by", "to", "who")
            if field in tie
        },
    }


def _pivots(case: Dossier, names: dict[str, str]) -> list[dict[str, Any]]:
    assert case.assessment is not None
    graph, rule = facts_of(case.facts).graph, terms_of(case.contract.edition).period_rule
    on = case.assessment.on
    size = kmo.size_of(graph, on=on, rule=rule)
    return [
        {
            "owner": names.get(pivot.holding.owner, pivot.holding.owner),
            "owned": names.get(pivot.holding.owned, pivot.holding.owned),
            "is_sme": pivot.is_sme,
            "category": pivot.category or "",
        }
        for pivot in kmo.pivots_of(graph, size, on=on, rule=rule)
    ]


@requires("see_portfolio")
@require_safe
def de_minimis(request: DoorRequest, dossier: UUID) -> HttpResponse:
    """Every earlier aid, the ceilings over it, and from when how much frees up."""
    case = dossier_of(dossier)
    room: dict[str, Any] | None = workings_of(case).room
    if room is None:
        raise Http404
    left_after = Decimal(room["left"]) - Decimal(room["amount"]) if room["allows"] else None
    context = {
        "dossier": case,
        "room": room,
        "left_after": left_after,
        "line": time_line(room),
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
