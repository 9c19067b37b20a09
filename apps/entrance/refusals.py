"""Who is not let in: told in one sentence what to do, and on record."""

from collections.abc import Callable

from django.core.exceptions import ValidationError
from django.db import ProgrammingError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from psycopg.errors import InsufficientPrivilege

from apps.accounts.refusals import note_refusal
from apps.design.words import words_for
from apps.entrance.deeds import deed_at, others_of, told_of
from cstraject.refusal import Refusal

# It is not the person who is refused: the other side does not answer.
DOWN = "acmidm-down"
# What the database says to a process of the portal (`cst_guard_secrets`).
AT_OFFICE_ALONE = "at the office alone"


def refused(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """The page that says so. What exactly was wrong is for the record alone."""
    note_refusal(request, ":".join([refusal.code, *map(str, refusal.facts.values())]))
    return render(
        request,
        "entrance/refused.html",
        {"sentence": words_for(refusal)},
        status=503 if refusal.code == DOWN else 403,
    )


def token_wrong(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A page was open for too long, or somebody else signed in: what was typed there, to copy.

    Shown only where the browser says that a page of ours sent it; nothing is done or kept.
    """
    deed, fields = deed_at(request.path), []
    if deed and request.headers.get("Sec-Fetch-Site") == "same-origin":
        fields = [(name, value) for name, values in request.POST.lists() for value in values]
    told = {"deed": deed, "said": told_of(fields), "others": others_of(fields)}
    return render(request, "403_csrf.html", told, status=403)


def in_words(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """What the library does not expect of the account of somebody, told on a page.

    The database changes how an officer signs in at the office alone; and recovery codes can have
    been locked with a key that is gone.
    """

    def answer(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    def process_exception(request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if (
            isinstance(exception, ProgrammingError)
            and isinstance(exception.__cause__, InsufficientPrivilege)
            and AT_OFFICE_ALONE in str(exception)
        ):
            return refused(request, Refusal("at-office-alone"))
        of_account = request.path.startswith(reverse("mfa_index"))
        if of_account and isinstance(exception, ValidationError):
            return render(request, "entrance/codes_unreadable.html", status=409)
        return None

    answer.process_exception = process_exception  # type: ignore[attr-defined]
    return answer
