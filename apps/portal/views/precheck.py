"""The pre-check, for everybody: a few questions, a reasoned answer, nothing stored.

It works as the doorkeeper, who can read the terms and the public register and no dossier: whether
an enterprise was helped before is told of a filed dossier alone. Answers travel in what is posted,
never in an address, and are not logged.
"""

import json
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import activate, get_language, gettext, gettext_noop
from django.views.decorators.http import require_http_methods
from django.views.i18n import set_language

from apps.design import figures
from apps.design.words import words_for, words_for_finding
from apps.enterprises.selectors import Registered, registered
from apps.portal.asked import NO, YES, accounts_typed, identity_typed
from apps.portal.precheck_form import PrecheckForm
from apps.programme.selectors import edition_on, terms_of
from apps.reporting.exports import JSON, kept_as
from cstraject.precheck import Line, outlook
from cstraject.quarter import day_of
from cstraject.refusal import Refusal
from cstraject.subsidy import granted_for, own_part_of

# The findings of a pre-check that no assessment of a dossier has.
NOTES = {
    # What an officer is asked to do, as it is asked of whoever fills this in.
    "size-unknown": gettext_noop(
        "Figures are missing. Give the headcount, and the turnover or the balance sheet total, of"
        " everybody that counts, for two years."
    ),
    "public-share-unknown": gettext_noop("Not given. Say which share is in public hands."),
    "activity-to-judge": gettext_noop("An officer of the agency judges the main activity."),
    "de-minimis-not-declared": gettext_noop(
        "Not given. All de minimis aid of the last three years must be known."
    ),
    "equity-unknown": gettext_noop("Not given. Look it up in the annual accounts."),
    "when-filed": gettext_noop("Checked when the dossier is filed."),
    "other-legal-form": gettext_noop("This legal form is not on the list. A person judges it."),
    "activity-not-said": gettext_noop("Not given. A person judges the main activity."),
    "equity-said-negative": gettext_noop("Negative, you say. Such an enterprise is not helped."),
    "equity-said-not-negative": gettext_noop("Not negative, you say."),
    "de-minimis-by-price": gettext_noop(
        "It depends on the price whether the subsidy still fits. Give the price of the offer."
    ),
    "no-price": gettext_noop("No price was given. Checked when the dossier is filed."),
}


@require_http_methods(["GET", "HEAD", "POST"])
def precheck(request: HttpRequest) -> HttpResponse:
    on = day_of(timezone.now())
    asks: dict[str, Any] = {"terms": terms_of(edition_on(on)), "on": on}
    if request.method != "POST":
        return _page(request, PrecheckForm(**asks))
    if (language := request.POST.get("language")) in dict(settings.LANGUAGES):
        return _in(language, request, asks)
    deed = request.POST.get("deed")
    if deed == "look-up":
        return _look_up(request, asks)
    return _check(request, request.POST, asks)


def _check(request: HttpRequest, typed: Mapping[str, str], asks: Mapping[str, Any]) -> HttpResponse:
    form = PrecheckForm(typed, **asks)
    if not form.is_valid():
        return _page(request, form)
    try:
        told = outlook(form.said(), **asks)
    except Refusal as refusal:
        form.add_error(None, words_for(refusal))
        return _page(request, form)
    if typed.get("deed") == "carry":
        carried = {
            "facts": form.facts(),
            "answers": {name: typed[name] for name in form.fields if typed.get(name)},
            "language": get_language(),
        }
        content = json.dumps(carried, ensure_ascii=False, indent=2).encode()
        return kept_as(gettext("Pre-check"), content, JSON)
    terms, price = asks["terms"], form.cleaned_data["price"]
    context: dict[str, Any] = {
        "told": told,
        "lines": [(line, sentence_of(line)) for line in told.lines],
        "price": price,
        "missing": [
            form[name].label
            for name in ("number", "name", "legal_form", "nace_code")
            if name not in form.facts()
        ],
    }
    if price and told.offer_fits:
        context["subsidy"] = granted_for(price, terms=terms)
        context["own"] = own_part_of(price, terms=terms)
    return _page(request, form, **context)


def _in(language: str, request: HttpRequest, asks: Mapping[str, Any]) -> HttpResponse:
    """The same page in the other language, with what was typed in the figures of that one."""
    stated = PrecheckForm(request.POST, **asks).numbers()
    activate(language)
    typed = request.POST.dict() | {name: figures.number(value) for name, value in stated.items()}
    if typed.get("shown"):
        response = _check(request, typed, asks)
    else:
        response = _page(request, PrecheckForm(initial=typed, **asks))
    response.cookies.update(set_language(request).cookies)
    return response


def _page(request: HttpRequest, form: PrecheckForm, **more: Any) -> HttpResponse:
    context = {
        "form": form,
        "ended": form.terms if form.terms.valid_until < form.on else None,
        **more,
    }
    status = 422 if form.errors else 200
    return render(request, "portal/precheck.html", context, status=status)


def sentence_of(line: Line) -> str:
    if line.finding in NOTES:
        return gettext(NOTES[line.finding])
    return words_for_finding(line.finding, line.figures)


# ---- The public register -------------------------------------------------------------------------


def _look_up(request: HttpRequest, asks: Mapping[str, Any]) -> HttpResponse:
    """The form with what the register and the annual accounts tell, over what was typed there."""
    form = PrecheckForm(request.POST, **asks)
    for name in [name for name in form.errors if name != "number"]:
        del form.errors[name]
    number = form.cleaned_data.get("number")
    if not number and not form.errors:
        form.add_error("number", gettext("Give the number to look up."))
    if not number:
        return _page(request, form)
    found = registered(number)
    typed = {name: request.POST.get(name, "") for name in form.fields}
    filled = PrecheckForm(initial=typed | (_as_typed(found, form) if found else {}), **asks)
    return _page(request, filled, looked_up=True, found=found)


def _as_typed(found: Registered, form: PrecheckForm) -> dict[str, str]:
    """What the register tells, as somebody would type it; what it does not tell is left out."""
    known = identity_typed(found, terms=form.terms, on=form.on) | accounts_typed(found, on=form.on)
    if found.equity is not None:
        known["negative_equity"] = YES if found.equity < 0 else NO
    return known
