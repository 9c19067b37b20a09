"""Work that runs by itself. A task looks for rows that wait in a state; nobody sends it any."""

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from apps.accounts.selectors import timetable
from apps.claims import selectors, services
from apps.providers.scope import across_providers


@shared_task(name="claims.release_rests")
def release_rests() -> int:
    """Release what completed dossiers will not use; of how many dossiers."""
    with across_providers():
        with transaction.atomic():
            dossiers = list(selectors.completed_with_a_rest())
        released = 0
        for dossier in dossiers:
            if services.release_rest(dossier=dossier, actor=timetable(), at=timezone.now()):
                released += 1
    return released
