"""What one may ask: the deeds of a case."""

from uuid import UUID

from django.db.models import QuerySet

from apps.audit.models import Entry


def deeds_of(*, case_id: UUID) -> QuerySet[Entry]:
    """The time line of a dossier, the oldest deed first."""
    return Entry.objects.filter(case_id=case_id).order_by("at", "id")
