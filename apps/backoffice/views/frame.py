"""What stands around every page of the back office."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext, gettext_noop

from apps.providers.middleware import DoorRequest

SECTIONS = {
    "dossiers": gettext_noop("Dossiers"),
    "claims": gettext_noop("Claims"),
    "contracts": gettext_noop("Contracts"),
    "runs": gettext_noop("Quarterly runs"),
    "answer": gettext_noop("Answer to parliament"),
}


def show(
    request: DoorRequest,
    template: str,
    context: Mapping[str, Any],
    *,
    section: str,
    below: str = "",
    status: int = 200,
) -> HttpResponse:
    """A page with its menu; `below` is its name when it stands under a section's first page."""
    sections = {
        name: {
            "url": reverse(f"backoffice:{name}"),
            "label": gettext(label),
            "current": name == section,
        }
        for name, label in SECTIONS.items()
    }
    return render(
        request,
        template,
        {
            **context,
            "acting_as": "VLAIO",
            "acts": request.acts,
            "nav": list(sections.values()),
            "crumbs": [sections[section], {"label": below}] if below else [],
        },
        status=status,
    )
