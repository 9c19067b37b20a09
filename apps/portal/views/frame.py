"""What stands around every page of the portal."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext

from apps.providers.middleware import DoorRequest
from apps.reporting.exports import NO_TABLES, Tables, file_asked, files_of

Crumb = dict[str, str]


def show(
    request: DoorRequest,
    template: str,
    context: Mapping[str, Any],
    *,
    section: str = "overview",
    below: str = "",
    address: str = "",
    status: int = 200,
    tables: Tables = NO_TABLES,
) -> HttpResponse:
    """A page with its menu; `below` is its name when it stands under the overview.

    `address` is where the page stands, when this is the answer to something sent elsewhere. What
    it lists leaves as a file as well: `tables`, each found by the template in `as_files`.
    """
    if file := file_asked(request, tables, below):
        return file
    home = {
        "url": reverse("portal:overview", kwargs={"provider": request.provider.slug}),
        "label": gettext("Overview"),
    }
    claims = {
        "url": reverse("portal:claims", kwargs={"provider": request.provider.slug}),
        "label": gettext("Claims"),
    }
    people = {
        "url": reverse("portal:people", kwargs={"provider": request.provider.slug}),
        "label": gettext("People and machines"),
    }
    return render(
        request,
        template,
        {
            **context,
            "acts": request.acts,
            "address": address or request.get_full_path(),
            "as_files": files_of(request, tables, address.partition("?")[0] or request.path),
            "nav": [
                {**home, "current": section == "overview" and not below},
                {**claims, "current": section == "claims"},
                *(
                    [{**people, "current": section == "people"}]
                    if "manage_members" in request.acts
                    else []
                ),
            ],
            "crumbs": [home, {"label": below}] if below else [],
        },
        status=status,
    )
