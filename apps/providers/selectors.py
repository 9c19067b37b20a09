"""What one may ask: which provider, and what a person may do there."""

from django.db.models import QuerySet
from guardian.core import ObjectPermissionChecker

from apps.accounts.models import User
from apps.providers.models import Provider


def provider_by_slug(slug: str) -> Provider | None:
    """The provider that a URL names; read by the doorkeeper, who knows no more of it."""
    return Provider.objects.only("id", "slug", "name").filter(slug=slug).first()


def acts_at(provider: Provider, *, user: User) -> frozenset[str]:
    """What a person may do at one provider, through the groups of that provider alone."""
    if not user.is_active:
        return frozenset()
    return frozenset(ObjectPermissionChecker(user).get_group_perms(provider))


def providers_of(user: User) -> QuerySet[Provider]:
    """The providers at which a person has any role, by name."""
    return (
        Provider.objects.only("id", "slug", "name")
        .filter(providergroupobjectpermission__group__user=user)
        .distinct()
        .order_by("name")
    )
