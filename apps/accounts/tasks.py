"""Work that runs by itself: sessions that are over are removed."""

from celery import shared_task
from django.contrib.sessions.models import Session
from django.utils import timezone


@shared_task(name="accounts.clear_sessions")
def clear_sessions() -> int:
    """Remove what nobody can use any more; how many there were. Done by the doorkeeper."""
    return Session.objects.filter(expire_date__lt=timezone.now()).delete()[0]
