"""What one may ask: what waits to be sent."""

from datetime import datetime

from django.db.models import QuerySet

from apps.notices.models import Mail


def mails_to_send(*, at: datetime) -> QuerySet[Mail]:
    """What waits and may be tried now, the longest waiting first."""
    waiting = Mail.objects.filter(sent_at=None, given_up_at=None, next_try_at__lte=at)
    return waiting.order_by("next_try_at", "id")
