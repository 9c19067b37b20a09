from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.documents.models import Document
from apps.dossiers.models import Dossier
from apps.providers.models import Provider


class Message(models.Model):
    """Something the agency and a provider tell each other about a dossier. Never changed.

    One that `asks` for information stops the clock of the decision until it is answered. It is
    handled once the other side wrote back, or said that it needs no answer.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="+")
    dossier = models.ForeignKey(Dossier, on_delete=models.PROTECT, related_name="messages")
    by_agency = models.BooleanField()
    asks = models.BooleanField(default=False)
    answer_by = models.DateField(null=True, help_text="The last day to answer what is asked.")
    text = models.TextField()
    document = models.OneToOneField(
        Document, on_delete=models.PROTECT, null=True, related_name="message"
    )
    written_on = models.DateField()
    written_at = models.DateTimeField()
    written_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.RESTRICT,  # Who wrote it stays nameable.
        related_name="+",
    )
    writer = models.CharField(max_length=200, help_text="The name, for who cannot read accounts.")
    handled_on = models.DateField(null=True)
    handled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.RESTRICT, null=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(name="message_says_something", condition=~Q(text="")),
            models.CheckConstraint(
                name="message_asks_by_a_day",
                condition=Q(asks=False, answer_by=None)
                | Q(asks=True, by_agency=True, answer_by__isnull=False),
            ),
            models.CheckConstraint(
                name="message_handled_by_somebody",
                condition=Q(handled_on=None, handled_by=None)
                | Q(handled_on__isnull=False, handled_by__isnull=False),
            ),
            models.UniqueConstraint(
                name="message_asks_once_at_a_time",
                fields=["dossier"],
                condition=Q(asks=True, handled_on=None),
            ),
        ]
        indexes = [
            models.Index(name="message_of_dossier", fields=["dossier", "written_at"]),
            models.Index(
                name="message_open",
                fields=["by_agency", "written_at"],
                condition=Q(handled_on=None),
            ),
        ]

    def __str__(self) -> str:
        return self.text[:50]


class Handler(models.Model):
    """Who at the agency handles a dossier, since when; ended when a colleague takes over."""

    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="+")
    dossier = models.ForeignKey(Dossier, on_delete=models.PROTECT, related_name="handlers")
    officer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.RESTRICT, related_name="+"
    )
    given_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.RESTRICT, related_name="+"
    )
    since = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="handler_one_at_a_time", fields=["dossier"], condition=Q(ended_at=None)
            ),
        ]
        indexes = [
            models.Index(name="handler_of", fields=["officer"], condition=Q(ended_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.dossier_id}: {self.officer_id}"
