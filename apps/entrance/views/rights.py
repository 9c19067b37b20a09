"""Who may do what, as declared in one place and held by tests to every address."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from apps.design.words import words_for_may, words_for_role
from apps.reporting.exports import Table, file_asked, files_of
from cstraject.roles import AGENCY_ROLES, PROVIDER_ROLES


@login_required
@require_safe
def rights(request: HttpRequest) -> HttpResponse:
    told = {"provider": _told(PROVIDER_ROLES), "agency": _told(AGENCY_ROLES)}
    tables = {where: _table(where, **one) for where, one in told.items()}
    if file := file_asked(request, tables):
        return file
    context = {
        "tables": [{"where": where, **one} for where, one in told.items()],
        "as_files": files_of(request, tables, request.path),
    }
    return render(request, "entrance/rights.html", context)


def _told(roles: dict[str, frozenset[str]]) -> dict[str, list[Any]]:
    """A row per act, in the order in which the roles first have it; a column per role."""
    acts = list(dict.fromkeys(act for role in roles.values() for act in sorted(role)))
    return {
        "roles": [words_for_role(role) for role in roles],
        "rows": [
            {"act": words_for_may(act), "may": [act in may for may in roles.values()]}
            for act in acts
        ],
    }


def _table(where: str, roles: list[str], rows: list[dict[str, Any]]) -> Table:
    yes, no = gettext("yes"), gettext("no")
    at = {"provider": gettext("Provider"), "agency": "VLAIO"}[where]
    return Table(
        f"{gettext('Who may do what')} {at}",
        rows,
        {gettext("May"): lambda row: row["act"]}
        | {
            role: lambda row, nth=nth: yes if row["may"][nth] else no
            for nth, role in enumerate(roles)
        },
    )
