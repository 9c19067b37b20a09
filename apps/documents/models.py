import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.providers.models import Provider

# What a dossier is filed with; what comes with a message; what the agency decided.
OFFER, DECLARATION = FILED_WITH = ("offer", "declaration")
ATTACHMENT, LETTER, REPORT = ("attachment", "letter", "end_report")
KINDS = (*FILED_WITH, ATTACHMENT, LETTER, REPORT)


class Document(models.Model):
    """A piece of evidence of one provider, by its content and digest.

    Of a document that is held elsewhere only the fact is kept.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20, choices=[(k, k) for k in KINDS])
    name = models.CharField(max_length=200)
    media_type = models.CharField(max_length=60, blank=True)
    size = models.BigIntegerField(default=0, help_text="Bytes.")
    sha256 = models.CharField(max_length=64, blank=True)
    file = models.FileField(blank=True)
    held_at = models.CharField(max_length=200, blank=True, help_text="Where, if held elsewhere.")
    received_at = models.DateTimeField()
    received_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.RESTRICT,  # A person who once handed something in stays nameable.
        related_name="+",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(name="document_of_provider", fields=["id", "provider"]),
            models.CheckConstraint(name="document_kind_known", condition=Q(kind__in=KINDS)),
            models.CheckConstraint(
                name="document_here_or_elsewhere",
                condition=Q(held_at="", size__gt=0) & ~Q(sha256="") & ~Q(file="")
                | ~Q(held_at="") & Q(file=""),
            ),
        ]

    def __str__(self) -> str:
        return self.name
