"""What happened: every deed that is on record, for who sees the record of people."""

from collections.abc import Iterable

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from apps.backoffice.record import RecordFilter, Told, told_of
from apps.backoffice.views.frame import in_sight, show
from apps.dossiers.selectors import references_closed_to
from apps.providers.doors import requires
from apps.providers.middleware import DoorRequest
from apps.reporting.exports import Table
from cstraject.quarter import day_of

PER_PAGE = 50


@requires("see_people")
@require_safe
def record(request: DoorRequest) -> HttpResponse:
    """The whole for who sees dossiers as well; otherwise what is of the agency's own people."""
    filters = RecordFilter(request.GET, whole="see_portfolio" in request.acts)
    found = filters.found(
        dossiers=in_sight(request),
        closed=references_closed_to(request.user, on=day_of(timezone.now())),
    )
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    query = filters.search_query()
    context = {
        "filters": filters,
        "is_filtered": bool(filters.chosen),
        "page": page,
        "query": f"{query}&" if query else "",
        "rows": list(told_of(page)),
        "form": filters,
    }
    return show(
        request,
        "backoffice/record.html",
        context,
        section="record",
        status=422 if filters.errors else 200,
        tables={"record": _table(told_of(found.iterator()))},
    )


def _table(rows: Iterable[Told]) -> Table:
    return Table(
        gettext("What happened"),
        rows,
        {
            gettext("When"): lambda one: one.at,
            gettext("Who"): lambda one: one.who,
            gettext("What happened"): lambda one: one.what,
            gettext("Dossier"): lambda one: one.reference,
            gettext("Provider"): lambda one: one.provider,
            gettext("Person"): lambda one: one.whom,
        },
    )
