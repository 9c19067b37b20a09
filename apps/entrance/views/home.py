"""From the front page to where somebody belongs, and in which role they act there."""

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.selectors import AT_AGENCY, Capacity
from apps.accounts.sessions import capacities_now
from apps.providers.middleware import act_as
from apps.providers.selectors import providers_named
from cstraject.roles import AGENCY_ROLES

# The first page of a role at the agency is the first of these that it may see.
FIRST_PAGES = {
    "handle_dossiers": "backoffice:work",
    "open_dossiers": "backoffice:dossiers",
    "see_answers": "backoffice:answer",
    "see_people": "backoffice:people",
}


@login_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """To the one place where someone has a role, or a choice between several."""
    capacities = _served(capacities_now(request))
    if len(capacities) == 1:
        return redirect(page_wished(request) or first_page(capacities[0]))
    names = {p.slug: p.name for p in providers_named(c.place for c in capacities)}
    choices = [(capacity, names.get(capacity.place, "")) for capacity in capacities]
    return render(request, "entrance/home.html", {"choices": choices, "next": page_wished(request)})


@login_required
@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """From now on act in this role, at its place."""
    wanted = Capacity(request.POST.get("place", ""), request.POST.get("role", ""))
    if wanted not in _served(capacities_now(request)):
        raise Http404
    act_as(request, wanted)
    wished = page_wished(request)
    root = "/agency/" if wanted.place == AT_AGENCY else f"/p/{wanted.place}/"
    here = wished.startswith(root) or wished == reverse("go-on")
    return redirect(wished if here else first_page(wanted))


def _served(capacities: list[Capacity]) -> list[Capacity]:
    """Those whose door this process opens."""
    doors = {True: "backoffice", False: "portal"}
    return [c for c in capacities if doors[c.place == AT_AGENCY] in settings.DOORS]


def first_page(capacity: Capacity) -> str:
    if capacity.place != AT_AGENCY:
        return reverse("portal:overview", kwargs={"provider": capacity.place})
    acts = AGENCY_ROLES[capacity.role]
    return reverse(next(page for act, page in FIRST_PAGES.items() if act in acts))


def page_wished(request: HttpRequest) -> str:
    """The page of ours that somebody was on the way to: a path, never the name of a view."""
    wished = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(
        wished, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wished if safe and wished.startswith("/") else ""
