"""Work that runs by itself. A task looks for rows that wait in a state; nobody sends it any."""

import logging
from collections.abc import Callable
from uuid import UUID

from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from apps.accounts.selectors import timetable
from apps.dossiers import selectors, services
from apps.dossiers.letters import write_letter
from apps.dossiers.models import Dossier
from apps.providers.scope import across_providers

DOSSIERS_PER_CALL_MAX = 200
LETTERS_PER_CALL_MAX = 50
logger = logging.getLogger(__name__)


@shared_task(name="dossiers.assess_submitted")
def assess_submitted() -> int:
    """Assess every dossier that waits for it; how many there were."""
    return _each(selectors.dossiers_to_assess, services.assess_dossier, most=DOSSIERS_PER_CALL_MAX)


@shared_task(name="dossiers.write_letters")
def write_letters() -> int:
    """Write the letter of every decision that has none yet; how many were written."""
    return _each(selectors.dossiers_without_letter, write_letter, most=LETTERS_PER_CALL_MAX)


def _each(
    waiting: Callable[[], QuerySet[Dossier]], deed: Callable[..., object], *, most: int
) -> int:
    """Do something to each dossier that waits for it, one per transaction; how many.

    One on which it stumbles is left for people to look at, and keeps no other waiting. What
    another worker holds is skipped.
    """
    done, failed = 0, list[UUID]()
    while done + len(failed) < most:
        dossier = None
        try:
            with across_providers(), transaction.atomic():
                dossier = (
                    waiting()
                    .exclude(pk__in=failed)
                    .select_for_update(skip_locked=True, of=("self",), no_key=True)
                    .first()
                )
                if dossier is None:
                    break
                deed(dossier=dossier, actor=timetable(), at=timezone.now())
        except (SoftTimeLimitExceeded, InterfaceError, OperationalError):
            raise  # Not for what this dossier says.
        except Exception:
            if dossier is None:
                raise
            logger.exception("%s failed for dossier %s", deed.__name__, dossier.pk)
            failed.append(dossier.pk)
        else:
            done += 1
    return done
