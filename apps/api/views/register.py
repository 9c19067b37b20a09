"""What the public register tells of a number, ready to be completed into the facts of a dossier."""

from django.http import Http404
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api import shapes
from apps.api.views.door import Door, operation
from apps.enterprises.selectors import as_facts, registered
from cstraject.quarter import day_of


class Register(Door):
    acts = {"GET": "see_dossiers"}

    @operation(
        "register",
        "Facts of an enterprise from the public register and its annual accounts, each with its"
        " source. It says nothing about earlier dossiers.",
        tells=shapes.RegisteredFacts,
        refuses=True,
    )
    def get(self, request: Request, provider: str, number: str) -> Response:
        found = registered(number)
        if found is None:
            raise Http404
        return Response(
            {"facts": as_facts(found, on=day_of(timezone.now())), "gone_since": found.gone_since}
        )
