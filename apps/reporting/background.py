"""Lists that are too long to wait for: asked, made by itself with progress, kept for some days."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

from django.core.cache import cache
from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models import Max, QuerySet
from django.http import QueryDict

from apps.accounts.models import User
from apps.dossiers.listing import AgencyDossierFilter, DossierFilter, Listing
from apps.dossiers.models import Access, Dossier
from apps.dossiers.selectors import dossiers_in_sight
from apps.providers.models import Provider
from apps.providers.scope import across_providers, inside
from apps.reporting.exports import columns_of_provider, dossiers_content
from apps.reporting.models import Export
from cstraject.quarter import day_of

# More than this is made in the background.
AT_ONCE_MAX = 10_000
KEPT_DAYS = 7
CHUNK = 2_000


@transaction.atomic
def ask_export(
    *,
    provider: Provider | None,
    query: str,
    form: str,
    rows: int,
    sees_all: bool,
    actor: User,
    at: datetime,
) -> Export:
    """Ask for a list as a file; the same one that is being made already is not made twice."""
    same = Export.objects.filter(
        provider=provider, asked_by=actor, query=query, form=form, ready_at=None, failed_at=None
    ).first()
    return same or Export.objects.create(
        provider=provider,
        asked_by=actor,
        asked_at=at,
        sees_all=sees_all,
        query=query,
        form=form,
        rows=rows,
    )


def exports_of(user: User, *, at: datetime) -> QuerySet[Export]:
    """What somebody asked for and is still kept, in the scope that is open; the newest first."""
    since = at - timedelta(days=KEPT_DAYS)
    return Export.objects.filter(asked_by=user, asked_at__gt=since).order_by("-asked_at")


def exports_at_agency(user: User, *, at: datetime, sees_all: bool) -> QuerySet[Export]:
    """The same for somebody of the agency, as long as they may see what was listed.

    Not once their role shows less, nor once a dossier was opened or closed to them since; of what
    is opened until a day, on the same day alone.
    """
    kept = exports_of(user, at=at)
    if not sees_all:
        kept = kept.filter(sees_all=False, asked_at__date=day_of(at))
    mine = Access.objects.filter(user=user)
    for changed in mine.aggregate(Max("given_at"), Max("ended_at")).values():
        if changed is not None:
            kept = kept.filter(asked_at__gt=changed)
    return kept


def progress_of(export: Export) -> int:
    """How many rows are written, as far as is known."""
    if export.ready_at is not None:
        return export.rows
    return min(int(cache.get(_key(export.pk), 0)), export.rows)


def _key(pk: UUID) -> str:
    return f"export:{pk}"


def make_export(export: Export, *, at: datetime) -> None:
    """Write the file: of what is in sight now for who asked, in the scope in which they asked.

    That scope is opened here, so that no filter of ours stands between tenants.
    """
    scope = inside(export.provider_id) if export.provider_id else across_providers()
    with scope, transaction.atomic():
        data = QueryDict(export.query)
        if export.provider_id:
            listed = Listing(Dossier.objects.all(), DossierFilter(data))
        else:
            dossiers = dossiers_in_sight(
                user=export.asked_by, all_of_them=export.sees_all, on=day_of(at)
            )
            filters = AgencyDossierFilter(data, providers=Provider.objects.all())
            listed = Listing(dossiers.select_related("provider"), filters)
        content = dossiers_content(
            _counted(listed.dossiers, export),
            export.form,
            with_provider=not export.provider_id,
            more=columns_of_provider(listed.dossiers, on=day_of(at))
            if export.provider_id
            else None,
        )
    with across_providers(), transaction.atomic():
        # On a server the portal does not reach the folder with lists of the agency.
        folder = "exports" if export.provider_id else "agency"
        name = f"{folder}/{export.pk}.{export.form}"
        export.file.save(name, ContentFile(content), save=False)
        export.ready_at = at
        export.save(update_fields=["file", "ready_at"])


def _counted(dossiers: QuerySet[Dossier], export: Export) -> Iterator[Dossier]:
    """Row by row, telling how far we are."""
    for nth, dossier in enumerate(dossiers.iterator(chunk_size=CHUNK), start=1):
        if nth % CHUNK == 0:
            cache.set(_key(export.pk), nth, 3_600)
        yield dossier


def clear_exports(*, at: datetime) -> int:
    """Remove what nobody fetches any more; how many there were."""
    old = Export.objects.filter(asked_at__lte=at - timedelta(days=KEPT_DAYS))
    for export in old.exclude(file=""):
        export.file.delete(save=False)
    return old.delete()[0]
