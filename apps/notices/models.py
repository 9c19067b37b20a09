from uuid import uuid4

from django.db import models
from django.db.models import Q


class Mail(models.Model):
    """A message that waits to be sent, was sent, or was given up.

    What it says may let somebody in, so it is kept locked, and no longer than it waits.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    to = models.EmailField()
    subject = models.CharField(max_length=200)
    locked = models.TextField(help_text="The text, which only who has the key can read.")
    posted_at = models.DateTimeField()
    next_try_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    given_up_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="mail_says_nothing_once_it_is_done",
                condition=Q(sent_at=None, given_up_at=None) | Q(locked=""),
            ),
            models.CheckConstraint(
                name="mail_sent_or_given_up", condition=Q(sent_at=None) | Q(given_up_at=None)
            ),
        ]
        indexes = [
            models.Index(
                name="mail_waiting",
                fields=["next_try_at"],
                condition=Q(sent_at=None, given_up_at=None),
            )
        ]

    def __str__(self) -> str:
        return f"{self.to}: {self.subject}"
