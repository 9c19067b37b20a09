"""Work that runs by itself: long lists are made, old ones removed."""

import logging

from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded
from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone

from apps.providers.scope import across_providers
from apps.reporting import background
from apps.reporting.models import Export

EXPORTS_PER_CALL_MAX = 5
logger = logging.getLogger(__name__)


@shared_task(name="reporting.make_exports")
def make_exports() -> int:
    """Make what was asked, the first asked first; how many. One that fails is told as failed."""
    made = 0
    for _ in range(EXPORTS_PER_CALL_MAX):
        with across_providers(), transaction.atomic():
            export = (
                Export.objects.filter(ready_at=None, failed_at=None)
                .select_related("asked_by")
                .order_by("asked_at")
                .first()
            )
        if export is None:
            break
        try:
            background.make_export(export, at=timezone.now())
        except (SoftTimeLimitExceeded, InterfaceError, OperationalError):
            raise  # Not for what this list holds.
        except Exception:
            logger.exception("export %s cannot be made", export.pk)
            with across_providers(), transaction.atomic():
                Export.objects.filter(pk=export.pk).update(failed_at=timezone.now())
        else:
            made += 1
    return made


@shared_task(name="reporting.clear_exports")
def clear_exports() -> int:
    """Remove lists that were kept long enough; how many there were."""
    with across_providers(), transaction.atomic():
        return background.clear_exports(at=timezone.now())
