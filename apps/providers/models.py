from django.db import models
from guardian.models import GroupObjectPermissionBase


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
        ]
        default_permissions = ()

    def __str__(self) -> str:
        return self.name


class ProviderGroupObjectPermission(GroupObjectPermissionBase):
    """What the members of a group may do at one provider (django-guardian, direct foreign key)."""

    content_object = models.ForeignKey(Provider, on_delete=models.CASCADE)

    class Meta(GroupObjectPermissionBase.Meta):
        abstract = False
