"""The pre-check, for everybody: a few questions, a reasoned answer, nothing stored.

It looks at the terms and at the public register, never at what others filed: whether an
enterprise was helped before is told of a filed dossier alone.
"""

import json
from datetime import date
from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from apps.design import figures
from apps.design.words import words_for
from apps.enterprises.selectors import Registered, registered
from apps.portal.forms import PrecheckForm
from apps.programme.selectors import edition_on, terms_of
from cstraject import eligibility
from cstraject.eligibility import MET, NOT_MET
from cstraject.facts import Offer, facts_from_json
from cstraject.quarter import day_of
from cstraject.refusal import Refusal
from cstraject.subsidy import granted_for
from cstraject.terms import Terms

# What only a filed dossier can tell, with its documents.
AFTER_FILING = ("once_only", "declarations", "independence")
# Answered by a person anyway, where the edition has no list: it decides nothing here.
NOT_DECISIVE = ("main_activity",)
# A number of the kind that is not issued, to read facts that were given without one.
NOBODY = "1999000051"


@require_http_methods(["GET", "HEAD", "POST"])
def precheck(request: HttpRequest) -> HttpResponse:
    today = day_of(timezone.now())
    terms = terms_of(edition_on(today))
    deed = request.POST.get("deed", "")
    if deed == "look-up":
        return _show(request, _looked_up(request, terms))
    form = PrecheckForm(request.POST or None, terms=terms)
    if request.method != "POST":
        return _show(request, form)
    if not form.is_valid():
        return _show(request, form, status=422)
    given = form.cleaned_data
    try:
        if deed == "carry":
            return _carried(form)
        told = _told(_facts(given, today), given, terms, today)
    except Refusal as refusal:
        form.add_error(None, words_for(refusal))
        return _show(request, form, status=422)
    return _show(request, form, told=told)


def _show(
    request: HttpRequest, form: PrecheckForm, *, status: int = 200, **more: Any
) -> HttpResponse:
    return render(request, "portal/precheck.html", {"form": form, **more}, status=status)


def _looked_up(request: HttpRequest, terms: Terms) -> PrecheckForm:
    """The form filled in from the public register, over what was typed."""
    filled = {name: request.POST.get(name, "") for name in PrecheckForm.base_fields}
    try:
        found = registered(filled["number"][:40])
    except Refusal as refusal:
        note = words_for(refusal)
    else:
        note = gettext("This number is not in the register here. Fill in the form by hand.")
        if found is not None:
            filled |= _registered(found)
            told = gettext("Filled in from: %(source)s. Check it, and complete it.")
            note = told % {"source": found.source}
    form = PrecheckForm(initial=filled, terms=terms)
    form.note = note
    return form


def _registered(found: Registered) -> dict[str, str]:
    """What the register tells, as it would be typed."""
    filled = {"name": found.name}
    if places := [place.postal_code for place in found.establishments] or [found.postal_code]:
        filled["postal_code"] = places[0]
    if found.main_activities:
        filled["nace_code"] = found.main_activities[0].code
    for period, suffix in zip(found.periods[:2], ("", "_before"), strict=False):
        for field in ("headcount", "turnover", "balance_total"):
            value: Decimal | None = getattr(period, field)
            filled[f"{field}{suffix}"] = "" if value is None else figures.number(value)
    if found.equity is not None:
        filled["equity_negative"] = "yes" if found.equity < 0 else "no"
    return filled


def _facts(given: dict[str, Any], today: date) -> dict[str, Any]:
    """What was answered, as a dossier states it; what is not known is left out."""
    number = given["number"] or NOBODY
    year = today.year - 1
    facts: dict[str, Any] = {
        "number": number,
        "name": given["name"] or number,
        "legal_form": given["legal_form"],
        "nace_version": "2025",
        "nace_code": given["nace_code"] or "00000",
        "postal_code": given["postal_code"],
        "periods": _periods(given, year),
    }
    if given["public_share_pct"] is not None:
        facts["public_share_pct"] = str(given["public_share_pct"])
    if given["maatwerk"]:
        facts["maatwerk_recognition"] = "?"
    if given["aid"] is not None:
        facts["aid"] = (
            [
                {
                    "on": today.isoformat(),
                    "amount": str(given["aid"]),
                    "regulation": "2023/2831",
                    "recipient": number,
                }
            ]
            if given["aid"]
            else []
        )
    if given["holder_kind"]:
        facts |= _holder(given, number, year)
    return facts


def _periods(given: dict[str, Any], year: int) -> list[dict[str, Any]]:
    periods = []
    for nth, suffix in enumerate(("", "_before")):
        told = {
            field: None if given[field + suffix] is None else str(given[field + suffix])
            for field in ("headcount", "turnover", "balance_total")
        }
        if any(told.values()):
            periods.append({"year": year - nth, **told})
    return periods


def _holder(given: dict[str, Any], number: str, year: int) -> dict[str, Any]:
    """The largest owner or daughter, and how much is held."""
    pct = str(given["holder_pct"] if given["holder_pct"] is not None else Decimal(100))
    kind, daughter = given["holder_kind"], given["holder_kind"] == "daughter"
    told = {
        field: None if given[f"holder_{field}"] is None else str(given[f"holder_{field}"])
        for field in ("headcount", "turnover", "balance_total")
    }
    holder: dict[str, Any] = {"key": "1", "name": gettext("the other enterprise")}
    if kind in ("owner", "daughter"):
        holder["periods"] = [{"year": year, **told}]
    else:
        holder["kind"] = kind
    owner, owned = (number, "1") if daughter else ("1", number)
    return {
        "others": [holder],
        "holdings": [{"owner": owner, "owned": owned, "capital_pct": pct, "voting_pct": pct}],
    }


def _told(
    stated: dict[str, Any], given: dict[str, Any], terms: Terms, today: date
) -> dict[str, Any]:
    """The verdict with its reasons, question by question."""
    equity = {"yes": "-1", "no": "0"}.get(given["equity_negative"])
    facts = facts_from_json({**stated, "equity": equity}, source="", stated_on=today)
    price = given["price"]
    # Without a price the dearest offer is held against the ceiling: what fits then always fits.
    offer = Offer("basis", True, price or terms.extended_price_max, Decimal(1))
    assessment = eligibility.assess(facts, offer=offer, terms=terms, on=today)
    later = (*AFTER_FILING, *(() if given["nace_code"] else NOT_DECISIVE))
    answers = [a for a in assessment.answers if a.question not in (*later, "offer")]
    decisive = {a.outcome for a in answers if a.question not in NOT_DECISIVE}
    verdict = "no" if NOT_MET in decisive else "yes" if decisive == {MET} else "person"
    return {
        "verdict": verdict,
        "answers": answers,
        "after_filing": later,
        "price": price,
        "subsidy": granted_for(price, terms=terms) if price else None,
    }


def _carried(form: PrecheckForm) -> HttpResponse:
    """The answers as the facts of a dossier, to be filed by a provider; nothing is kept here."""
    given = form.cleaned_data
    for field in ("number", "name", "nace_code"):
        if not given[field]:
            form.add_error(field, gettext("Needed to carry the answers into a dossier."))
    if form.errors:
        raise Refusal("precheck-incomplete")
    facts = _facts(given, day_of(timezone.now()))
    facts.pop("maatwerk_recognition", None)  # Its number is on the recognition, not known here.
    facts.pop("aid", None)  # A dossier asks each aid with its day.
    facts_from_json(facts, source="", stated_on=day_of(timezone.now()))
    return HttpResponse(
        json.dumps(facts, ensure_ascii=False, indent=2),
        content_type="application/json",
        headers={"Content-Disposition": 'attachment; filename="facts.json"'},
    )
