"""What every view of the portal and the back office begins and ends with."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext

from apps.accounts.sessions import is_fresh, mark_of
from apps.design.words import words_for
from apps.providers.middleware import DoorRequest, must_have_acts, page_to_come_back_to
from cstraject.refusal import Refusal
from cstraject.roles import SIGN_IN_AGAIN_FOR

P = ParamSpec("P")
View = Callable[Concatenate[DoorRequest, P], HttpResponse]


def requires(act: str) -> Callable[[View[P]], View[P]]:
    """Open a view to who may do this act; an outsider finds nothing here, an insider is told no.

    The act can be read from the view, so that a test may hold every address against it.
    """

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(request: DoorRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if not must_have_acts(request, act):
                raise PermissionDenied
            fresh = is_fresh(request, at=timezone.now())
            if act in SIGN_IN_AGAIN_FOR and request.method == "POST" and not fresh:
                messages.info(request, gettext("First confirm that it is you."))
                page = page_to_come_back_to(request, mark=mark_of(request.user.email))
                query = urlencode({"next": page})
                return redirect(f"{reverse('sign-in-again')}?{query}")
            return view(request, *args, **kwargs)

        guarded.act = act  # type: ignore[attr-defined]
        return guarded

    return decorate


# Beside which field of a form a refusal is told: the first of these that the form has.
AT_FIELD: dict[str, tuple[str, ...]] = {
    # Days and quarters.
    "future-date": ("on",),
    "date-order": ("on", "quarter"),
    "start-before-approval": ("on",),
    "stated-later": ("on",),
    "answer-by": ("answer_by",),
    "access-until": ("until",),
    "token-days": ("days",),
    "quarter-not-over": ("quarter",),
    "window-open": ("quarter",),
    "window-closed": ("quarter",),
    "no-edition": ("quarter",),
    "no-statement": ("quarter",),
    "statement-claimed": ("quarter",),
    "work-completed": ("quarter",),
    "nothing-to-pay": ("quarter",),
    "run-exists": ("quarter",),
    # Amounts.
    "budget-below-committed": ("budget",),
    "budget-changed": ("budget",),
    "budget-exhausted": ("amount",),
    "shift-nowhere": ("amount",),
    "nothing-changes": ("budget", "price_excl_vat"),
    "amend-raises": ("price_excl_vat",),
    "amend-below-claimed": ("price_excl_vat",),
    "amend-below-delivered": ("price_excl_vat",),
    "price-outside-band": ("price_excl_vat",),
    "unreadable-person-days": ("person_days",),
    "statement-shrinks": ("{phase}_{what}",),
    "statement-over-later": ("{phase}_{what}",),
    # What is chosen or named.
    "unknown-dossier": ("reference",),
    "register-reference-missing": ("reference",),
    "reason-missing": ("reason",),
    "unknown-reason": ("cause",),
    "not-to-be-waived": ("outcome",),
    "question-answered": ("outcome",),
    "cannot-handle": ("officer",),
    "own-rights": ("person",),
    "access-kind": ("kind",),
    "contract-there": ("provider",),
    "edition-name-taken": ("name",),
    "key-name-taken": ("name",),
    "not-agency-address": ("email",),
    "invited-by-acmidm": ("role",),
    "message-empty": ("text",),
    "message-too-long": ("text",),
    "already-asked": ("asks",),
}


def _field_of(form: forms.BaseForm, refusal: Refusal) -> str:
    """The field that a refusal is about, if it is about one that somebody sees."""
    told = defaultdict(str, {name: str(value) for name, value in refusal.facts.items()})
    names = [name.format_map(told) for name in AT_FIELD.get(refusal.code, ())]
    return next((name for name in names if name in form.fields and not form[name].is_hidden), "")


@dataclass
class Told:
    """Whether the programme refused."""

    refused: bool = False


@contextmanager
def telling(
    request: DoorRequest, done: str = "", *, form: forms.BaseForm | None = None
) -> Iterator[Told]:
    """Say on the next page what was done, or why the programme refused it.

    After a refusal a view shows its form again as it was typed: nothing of it is lost, and what
    is about one of its fields stands beside that.
    """
    told = Told()
    try:
        yield told
    except Refusal as refusal:
        told.refused = True
        if form is not None and (field := _field_of(form, refusal)):
            form.add_error(field, words_for(refusal))
        else:
            messages.error(request, words_for(refusal))
        if request.FILES:
            # A browser does not send them a second time by itself.
            messages.warning(request, gettext("Choose this file again: it is not kept."))
    else:
        if done:
            messages.success(request, done)
