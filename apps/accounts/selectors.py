"""What one may ask: who someone is."""

import hashlib
from datetime import datetime

from apps.accounts.models import Token, User

TIMETABLE = "timetable@cstraject.invalid"


def timetable() -> User:
    """The account in whose name work runs by itself."""
    return User.objects.get(email=TIMETABLE)


def digest_of(secret: str) -> str:
    """What is kept of a key: a digest suffices, for a key is random, not chosen."""
    return hashlib.sha256(secret.encode()).hexdigest()


def user_of_token(secret: str, *, at: datetime) -> User | None:
    """Whose machine holds this key; None when it is unknown, expired or revoked."""
    token = (
        Token.objects.select_related("user")
        .filter(
            digest=digest_of(secret),
            revoked_at=None,
            expires_at__gt=at,
            user__is_active=True,
        )
        .first()
    )
    return token.user if token else None


def agency_acts_of(user: User) -> frozenset[str]:
    """What a person may do at the agency."""
    return frozenset(
        name.removeprefix("accounts.")
        for name in user.get_group_permissions()
        if name.startswith("accounts.")
    )
