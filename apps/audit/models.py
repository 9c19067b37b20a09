from django.db import models
from django.db.models.functions import Now


class Entry(models.Model):
    """One deed: who did what to which subject, when. Rows are never changed or removed.

    Without foreign keys, so that it stands below everything it tells about and outlives it.
    """

    provider_id = models.BigIntegerField(null=True, help_text="Whose tenant it concerns, if any.")
    case_id = models.UUIDField(null=True, help_text="The dossier it concerns, if any.")
    action = models.CharField(max_length=60, help_text="For example dossier.approve.")
    subject_id = models.CharField(max_length=60)
    at = models.DateTimeField(help_text="When it was done.")
    recorded_at = models.DateTimeField(db_default=Now(), help_text="When it was written down.")
    actor_id = models.BigIntegerField()
    actor_name = models.CharField(max_length=200)
    facts = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(name="audit_by_case", fields=["provider_id", "case_id", "at"]),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d} {self.action}"
