from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.providers.models import Provider


class Export(models.Model):
    """A list of dossiers that is too long to wait for: made by itself, kept for some days.

    Of a provider, or of the agency (no provider); for who asked it alone.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, null=True, related_name="+")
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.RESTRICT, related_name="+"
    )
    asked_at = models.DateTimeField()
    sees_all = models.BooleanField(help_text="At the agency: all, or what is opened to them.")
    query = models.CharField(max_length=2_000, blank=True, help_text="What the list was asked.")
    form = models.CharField(max_length=10)
    rows = models.PositiveIntegerField(help_text="How many the list held when it was asked.")
    file = models.FileField(blank=True)
    ready_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="export_ready_with_its_file",
                condition=Q(ready_at=None) | ~Q(file="") & Q(failed_at=None),
            ),
        ]
        indexes = [
            models.Index(
                name="export_waiting",
                fields=["asked_at"],
                condition=Q(ready_at=None, failed_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.form}: {self.query}"
