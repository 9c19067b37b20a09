"""Work that runs by itself. A task looks for rows that wait in a state; nobody sends it any."""

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from apps.accounts.selectors import timetable
from apps.dossiers import selectors, services
from apps.providers.scope import across_providers

DOSSIERS_PER_CALL_MAX = 200


@shared_task(name="dossiers.assess_submitted")
def assess_submitted() -> int:
    """Assess every dossier that waits for it; how many there were."""
    for assessed in range(DOSSIERS_PER_CALL_MAX):
        with across_providers(), transaction.atomic():
            dossier = (
                selectors.dossiers_to_assess()
                .select_for_update(skip_locked=True, of=("self",), no_key=True)
                .first()
            )
            if dossier is None:
                return assessed
            services.assess_dossier(dossier=dossier, actor=timetable(), at=timezone.now())
    return DOSSIERS_PER_CALL_MAX
