"""Work that runs by itself. A task looks for rows that wait in a state; nobody sends it any."""

import logging
from uuid import UUID

from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded
from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone

from apps.accounts.selectors import timetable
from apps.dossiers import selectors, services
from apps.providers.scope import across_providers

DOSSIERS_PER_CALL_MAX = 200
logger = logging.getLogger(__name__)


@shared_task(name="dossiers.assess_submitted")
def assess_submitted() -> int:
    """Assess every dossier that waits for it; how many there were.

    One on which the rules stumble is left for people to look at, and keeps nobody waiting.
    """
    assessed, failed = 0, list[UUID]()
    while assessed + len(failed) < DOSSIERS_PER_CALL_MAX:
        dossier = None
        try:
            with across_providers(), transaction.atomic():
                dossier = (
                    selectors.dossiers_to_assess()
                    .exclude(pk__in=failed)
                    .select_for_update(skip_locked=True, of=("self",), no_key=True)
                    .first()
                )
                if dossier is None:
                    break
                services.assess_dossier(dossier=dossier, actor=timetable(), at=timezone.now())
        except (SoftTimeLimitExceeded, InterfaceError, OperationalError):
            raise  # Not for what this dossier says.
        except Exception:
            if dossier is None:
                raise
            logger.exception("dossier %s cannot be assessed", dossier.pk)
            failed.append(dossier.pk)
        else:
            assessed += 1
    return assessed
