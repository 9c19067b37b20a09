from uuid import uuid4

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from guardian.models import GroupObjectPermissionBase

from apps.accounts.models import User
from cstraject.roles import MACHINE_ACTS


class Provider(models.Model):
    """A tenant: a service provider (dienstverlener) that holds a framework contract."""

    slug = models.SlugField(max_length=30, unique=True)
    name = models.CharField(max_length=200)
    enterprise_number = models.CharField(max_length=10, unique=True)
    iban = models.CharField(max_length=34, help_text="The account that its payments go to.")

    class Meta:
        # What a person may do at one provider; held through groups, one per provider and role.
        permissions = [
            ("see_dossiers", "see this provider's contract and dossiers"),
            ("file_dossiers", "file its dossiers, statements and end reports"),
            ("claim_tranches", "claim its tranches"),
            ("manage_members", "invite its people and shut them out, give keys to its machines"),
        ]
        default_permissions = ()

    def __str__(self) -> str:
        return self.name


class ProviderGroupObjectPermission(GroupObjectPermissionBase):
    """What the members of a group may do at one provider (django-guardian, direct foreign key)."""

    content_object = models.ForeignKey(Provider, on_delete=models.CASCADE)

    class Meta(GroupObjectPermissionBase.Meta):
        abstract = False


class Token(models.Model):
    """The key of one of a provider's machines. Only its digest is kept; the key is shown once."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    provider = models.ForeignKey(Provider, on_delete=models.RESTRICT, related_name="tokens")
    user = models.ForeignKey(
        User,
        on_delete=models.RESTRICT,
        related_name="+",
        help_text="The machine's account: what is done with the key is done in its name.",
    )
    name = models.CharField(max_length=100)
    acts = ArrayField(models.CharField(max_length=30), help_text="What may be done with it.")
    digest = models.CharField(max_length=64, unique=True)
    issued_by = models.ForeignKey(User, on_delete=models.RESTRICT, related_name="+")
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="token_does_what_machines_may",
                condition=Q(acts__contained_by=sorted(MACHINE_ACTS)) & Q(acts__len__gt=0),
            ),
            models.CheckConstraint(
                name="token_expires", condition=Q(expires_at__gt=F("issued_at"))
            ),
        ]

    def __str__(self) -> str:
        return self.name
