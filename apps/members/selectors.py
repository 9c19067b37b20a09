"""What one may ask: who works here, and who is invited."""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import Q, QuerySet

from apps.accounts.selectors import OF_ACMIDM
from apps.members.models import Invitation
from apps.providers.models import Provider


@dataclass(frozen=True)
class Member:
    """Somebody with a role at a provider."""

    user_id: int
    name: str
    email: str
    role: str
    last_login: datetime | None

    @property
    def by_acmidm(self) -> bool:
        """Whether ACM/IDM tells their role; it tells no address."""
        return self.email.endswith(OF_ACMIDM)


def members() -> list[Member]:
    """Everybody with a role at the provider whose scope is open, by name; machines are none."""
    return [member for member in _known_here() if member.role]


def shut_out_by_us() -> list[Member]:
    """Whoever ACM/IDM tells a role of, and is shut out at the provider whose scope is open."""
    return [member for member in _known_here() if not member.role]


def _known_here() -> list[Member]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM cst_members()")
        return [Member(*row) for row in cursor.fetchall()]


def invitations_since(*, provider: Provider | None, at: datetime) -> int:
    """How many were sent from a place since a moment, whatever became of them."""
    return Invitation.objects.filter(
        _at(provider.pk if provider else None), invited_at__gt=at
    ).count()


def _at(provider_id: int | None) -> Q:
    return Q(provider=None) if provider_id is None else Q(provider=provider_id)


def open_invitations(*, provider_id: int | None, at: datetime) -> QuerySet[Invitation]:
    """What can still be accepted, at a provider or at the agency; the last one first."""
    still = Invitation.objects.filter(accepted_at=None, revoked_at=None, expires_at__gt=at)
    return still.filter(_at(provider_id)).order_by("-invited_at", "id")


@dataclass(frozen=True)
class Shown:
    """What an invitation says to whoever holds its key."""

    email: str
    name: str
    role: str
    provider_name: str
    """Empty: at the agency."""
    has_account: bool
    """Somebody signs in with this address already."""


def shown_invitation(key: str, *, at: datetime) -> Shown | None:
    """What a key still opens, if anything. Asked by the doorkeeper."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM cst_show_invitation(%s, %s)", [key.replace("\0", ""), at])
        row = cursor.fetchone()
    return Shown(*row) if row else None
