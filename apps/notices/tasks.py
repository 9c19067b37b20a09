"""Work that runs by itself: what waits to be sent is sent."""

from celery import shared_task
from celery.utils.log import get_task_logger
from django.db import transaction
from django.utils import timezone

from apps.notices import selectors, services
from apps.providers.scope import across_providers

MAILS_PER_CALL_MAX = 50

log = get_task_logger(__name__)


@shared_task(name="notices.send_waiting")
def send_waiting() -> int:
    """Send what waits; how many went. What another worker holds is skipped, not waited for."""
    sent = 0
    for _ in range(MAILS_PER_CALL_MAX):
        at = timezone.now()
        with across_providers(), transaction.atomic():
            mail = selectors.mails_to_send(at=at).select_for_update(skip_locked=True).first()
            if mail is None:
                break
            if services.send_mail_posted(mail=mail, at=at):
                sent += 1
            else:
                log.warning("message %s is not sent after %s tries", mail.pk, mail.tries)
    return sent
