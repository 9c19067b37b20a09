"""A list of dossiers as a file, at either door: at once, or made in the background."""

from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext

from apps.accounts.models import User
from apps.dossiers.listing import Listing
from apps.providers.models import Provider
from apps.reporting.background import AT_ONCE_MAX, ask_export, progress_of
from apps.reporting.exports import FORMS, columns_of_provider, dossiers_content, kept_as
from apps.reporting.models import Export
from cstraject.quarter import day_of

REFRESH_SECONDS = 3


def dossiers_export(
    listed: Listing,
    form: str,
    *,
    provider: Provider | None,
    sees_all: bool,
    user: User,
    page: str,
    keys: list[str],
) -> HttpResponse:
    """The file itself, or the page on which it is awaited (named `page`, with these keys)."""
    if form not in FORMS:
        raise Http404
    rows = listed.dossiers.count()
    if rows <= AT_ONCE_MAX:
        on = day_of(timezone.now())
        content = dossiers_content(
            listed.dossiers,
            form,
            with_provider=provider is None,
            more=columns_of_provider(listed.dossiers, on=on) if provider else None,
        )
        return kept_as(gettext("Dossiers"), content, form)
    export = ask_export(
        provider=provider,
        query=listed.query(),
        form=form,
        rows=rows,
        sees_all=sees_all,
        actor=user,
        at=timezone.now(),
    )
    return redirect(page, *keys, export.pk)


def export_of(pk: UUID, theirs: QuerySet[Export]) -> Export:
    """What somebody asked for themselves; a colleague's is not there."""
    return get_object_or_404(theirs, pk=pk)


def told_of(export: Export, *, file: str) -> dict[str, object]:
    return {"export": export, "done": progress_of(export), "file": file}


def waited_for(answer: HttpResponse, export: Export) -> HttpResponse:
    """A page that looks again by itself, also without scripts, as long as there is a reason."""
    if export.ready_at is None and export.failed_at is None:
        answer["Refresh"] = str(REFRESH_SECONDS)
    return answer


def file_of_export(export: Export) -> HttpResponse:
    if not export.file:
        raise Http404
    with export.file.open("rb") as file:
        return kept_as(gettext("Dossiers"), file.read(), export.form)
