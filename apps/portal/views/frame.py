"""What stands around every page of the portal."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext

from apps.providers.middleware import DoorRequest

Crumb = dict[str, str]


def show(
    request: DoorRequest,
    template: str,
    context: Mapping[str, Any],
    *,
    below: str = "",
    address: str = "",
    status: int = 200,
) -> HttpResponse:
    """A page with its menu; `below` is its name when it stands under the overview.

    `address` is where the page stands, when this is the answer to something sent elsewhere.
    """
    home = {
        "url": reverse("portal:overview", kwargs={"provider": request.provider.slug}),
        "label": gettext("Overview"),
    }
    return render(
        request,
        template,
        {
            **context,
            "acting_as": request.provider.name,
            "acts": request.acts,
            "address": address or request.get_full_path(),
            "nav": [{**home, "current": not below}],
            "crumbs": [home, {"label": below}] if below else [],
        },
        status=status,
    )
