"""What one may ask: which provider, and what a role may do there."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Q, QuerySet

from apps.accounts.selectors import Capacity, digest_of
from apps.providers.models import Provider, ProviderGroupObjectPermission, Token

# How exactly the last use of a key is known; each use would be a write otherwise.
LAST_USE = timedelta(minutes=5)


def provider_by_slug(slug: str) -> Provider | None:
    """The provider that a URL names; read by the doorkeeper, who knows no more of it."""
    return Provider.objects.only("id", "slug", "name").filter(slug=slug).first()


def acts_at(provider: Provider, *, role: str) -> frozenset[str]:
    """What a role may do at one provider, by what django-guardian granted its group there."""
    return frozenset(
        ProviderGroupObjectPermission.objects.filter(
            content_object=provider, group__name=Capacity(provider.slug, role).group_name
        ).values_list("permission__codename", flat=True)
    )


def providers_named(slugs: Iterable[str]) -> QuerySet[Provider]:
    """The providers of these short names, by name."""
    return Provider.objects.only("id", "slug", "name").filter(slug__in=slugs).order_by("name")


@dataclass(frozen=True)
class Member:
    """Somebody with a role at a provider."""

    user_id: int
    name: str
    email: str
    role: str
    last_login: datetime | None


def members() -> list[Member]:
    """Everybody with a role at the provider whose scope is open, by name; machines are none."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM cst_members()")
        return [Member(*row) for row in cursor.fetchall()]


def tokens_in_use(*, at: datetime) -> QuerySet[Token]:
    """The keys in scope that open something, by name."""
    return Token.objects.filter(revoked_at=None, expires_at__gt=at).order_by("name", "issued_at")


def token_of(secret: str, *, at: datetime) -> Token | None:
    """The key, if it opens anything now; its last use is noted. Read by the doorkeeper."""
    found = Token.objects.filter(
        digest=digest_of(secret), revoked_at=None, expires_at__gt=at, user__is_active=True
    )
    token = found.select_related("user").first()
    if token:
        old = Q(last_used_at=None) | Q(last_used_at__lt=at - LAST_USE)
        Token.objects.filter(old, pk=token.pk).update(last_used_at=at)
    return token
