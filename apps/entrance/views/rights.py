"""Who may do what, as declared in one place and held by tests to every address."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.design.words import words_for_may, words_for_role
from cstraject.roles import AGENCY_ROLES, PROVIDER_ROLES


@login_required
@require_safe
def rights(request: HttpRequest) -> HttpResponse:
    return render(
        request,
        "entrance/rights.html",
        {"tables": [_table("provider", PROVIDER_ROLES), _table("agency", AGENCY_ROLES)]},
    )


def _table(where: str, roles: dict[str, frozenset[str]]) -> dict[str, object]:
    """A row per act, in the order in which the roles first have it; a column per role."""
    acts = list(dict.fromkeys(act for role in roles.values() for act in sorted(role)))
    return {
        "where": where,
        "roles": [words_for_role(role) for role in roles],
        "rows": [
            {"act": words_for_may(act), "may": [act in may for may in roles.values()]}
            for act in acts
        ],
    }
