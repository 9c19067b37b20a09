from uuid import uuid4

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from apps.accounts.models import User
from apps.providers.models import Provider
from cstraject.roles import AGENCY_ROLES, PROVIDER_ROLES


class Invitation(models.Model):
    """Somebody is asked to work in a role, at a provider or (without one) at the agency.

    The link in the mail opens it once, until it expires; of its key only a digest is kept.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    provider = models.ForeignKey(
        Provider, on_delete=models.RESTRICT, null=True, related_name="invitations"
    )
    email = models.EmailField()
    name = models.CharField(max_length=200)
    role = models.CharField(max_length=30)
    digest = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(User, on_delete=models.RESTRICT, related_name="+")
    invited_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField(null=True)
    accepted_by = models.ForeignKey(User, on_delete=models.RESTRICT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="invitation_to_a_role_of_that_place",
                condition=Q(provider__isnull=False, role__in=sorted(PROVIDER_ROLES))
                | Q(provider__isnull=True, role__in=sorted(AGENCY_ROLES)),
            ),
            models.CheckConstraint(
                name="invitation_expires", condition=Q(expires_at__gt=F("invited_at"))
            ),
            models.CheckConstraint(
                name="invitation_accepted_by_somebody",
                condition=Q(accepted_at__isnull=True, accepted_by__isnull=True)
                | Q(accepted_at__isnull=False, accepted_by__isnull=False, revoked_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email}: {self.role}"


class Arrival(models.Model):
    """Somebody came by ACM/IDM with roles at a provider: the last time, and whether still let in.

    Their roles are told by ACM/IDM at each sign-in; here a manager sees them, and shuts them out.
    """

    user = models.ForeignKey(User, on_delete=models.RESTRICT, related_name="+")
    provider = models.ForeignKey(Provider, on_delete=models.RESTRICT, related_name="+")
    roles = ArrayField(models.CharField(max_length=30))
    at = models.DateTimeField()
    shut_out_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="arrival_of_one_at_one", fields=["user", "provider"]),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {', '.join(self.roles)}"
