"""The way in: from the front page to where someone belongs."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from apps.accounts.models import User
from apps.accounts.selectors import agency_acts_of
from apps.providers.selectors import providers_of


@login_required
def home(request: HttpRequest) -> HttpResponse:
    """To the one place where someone has a role, or a choice between several."""
    assert isinstance(request.user, User)
    providers = list(providers_of(request.user))
    at_agency = bool(agency_acts_of(request.user))
    if at_agency and not providers:
        return redirect("backoffice:dossiers")
    if len(providers) == 1 and not at_agency:
        return redirect("portal:overview", provider=providers[0].slug)
    return render(request, "portal/home.html", {"providers": providers, "at_agency": at_agency})
