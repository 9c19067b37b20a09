from django.db import models

from apps.providers.models import Provider


class Receipt(models.Model):
    """What was answered to a request with a key, so that the same request does nothing twice."""

    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=100)
    fingerprint = models.CharField(max_length=64, help_text="Digest of what was asked.")
    status = models.PositiveSmallIntegerField()
    answer = models.JSONField()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="receipt_once_per_key", fields=["provider", "key"]),
        ]

    def __str__(self) -> str:
        return self.key
