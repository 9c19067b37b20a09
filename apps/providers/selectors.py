"""What one may ask: which provider, and what a role may do there."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import QuerySet

from apps.accounts.models import User
from apps.accounts.selectors import Capacity
from apps.providers.models import Provider, ProviderGroupObjectPermission, Token
from cstraject.refusal import Refusal


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


def not_own_provider(actor: User, *providers: Provider) -> None:
    """Refuse who works for one of them: nobody at the agency decides about their own provider."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM cst_works_at(%s)", [actor.pk])
        works_at = {pk for (pk,) in cursor.fetchall()}
    if any(provider.pk in works_at for provider in providers):
        raise Refusal("own-provider")


def providers_named(slugs: Iterable[str]) -> QuerySet[Provider]:
    """The providers of these short names, by name."""
    return Provider.objects.only("id", "slug", "name").filter(slug__in=slugs).order_by("name")


def tokens_in_use(*, at: datetime) -> QuerySet[Token]:
    """The keys in scope that open something, by name."""
    return Token.objects.filter(revoked_at=None, expires_at__gt=at).order_by("name", "issued_at")


@dataclass(frozen=True)
class Shown:
    """What a key that was shown opens: in whose name, at which provider, for which acts."""

    user_id: int
    provider_id: int
    acts: list[str]


def shown_key(secret: str, *, at: datetime) -> Shown | None:
    """What a key opens now, if anything; its use is noted. Asked by the doorkeeper."""
    with connection.cursor() as cursor:
        # What cannot be written is no key; it is asked all the same, and takes as long.
        cursor.execute("SELECT * FROM cst_show_key(%s, %s)", [secret.replace("\0", ""), at])
        row = cursor.fetchone()
    return Shown(*row) if row else None
