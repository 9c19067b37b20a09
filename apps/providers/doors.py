"""What every view of the portal and the back office begins and ends with."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import urlencode

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


@dataclass
class Told:
    """Whether the programme refused."""

    refused: bool = False


@contextmanager
def telling(request: DoorRequest, done: str = "") -> Iterator[Told]:
    """Say on the next page what was done, or why the programme refused it.

    After a refusal a view shows its form again as it was typed: nothing of it is lost.
    """
    told = Told()
    try:
        yield told
    except Refusal as refusal:
        told.refused = True
        messages.error(request, words_for(refusal))
        if request.FILES:
            # A browser does not send them a second time by itself.
            messages.warning(request, gettext("Choose this file again: it is not kept."))
    else:
        if done:
            messages.success(request, done)
