"""What one may ask about dossiers. The scope that is open says whose."""

from django.db.models import QuerySet

from apps.dossiers.models import Dossier


def dossiers_newest_first() -> QuerySet[Dossier]:
    """The dossiers in scope, the last filed first."""
    return Dossier.objects.order_by("-submitted_on", "-id")


def dossiers_to_assess() -> QuerySet[Dossier]:
    """What was filed and waits for the rules; the oldest first."""
    return Dossier.objects.filter(state="submitted", assessment=None).order_by("submitted_at")
