"""What the database holds and cannot read, or passes on and cannot forge: it lacks the key."""

import base64
import hashlib
import hmac
from contextlib import suppress

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.db import connection
from psycopg import Cursor


def key_for(purpose: str, key: str = "") -> bytes:
    """32 bytes of their own for one purpose, so that one use tells nothing of another."""
    whole = key or settings.DATABASE_KEY
    return hmac.digest(whole.encode(), purpose.encode(), hashlib.sha256)


def sealed(text: str) -> str:
    """With a seal that the database checks and whoever only writes SQL cannot make."""
    return f"{text}.{hmac.new(key_for('tenant'), text.encode(), 'sha256').hexdigest()}"


def in_name_of(address: str) -> None:
    """For the rest of this transaction: how the person of this address signs in may change.

    Asked once somebody has shown that it is they.
    """
    # With a parameter of its own, so that no list of running statements shows the seal.
    Cursor(connection.connection).execute(
        "SELECT set_config('app.person', %s, true)", [sealed(f"person:{address}")]
    )


def lock(text: str, *, purpose: str) -> str:
    """Encrypted, so that the database can keep it."""
    return _box(purpose).encrypt(text.encode()).decode()


def unlock(locked: str, *, purpose: str) -> str | None:
    """What was locked for the same purpose, with the key of now or of before; else None."""
    for key in filter(None, (settings.DATABASE_KEY, settings.DATABASE_KEY_BEFORE)):
        with suppress(InvalidToken):
            return _box(purpose, key).decrypt(locked.encode()).decode()
    return None


def _box(purpose: str, key: str = "") -> Fernet:
    return Fernet(base64.urlsafe_b64encode(key_for(purpose, key)))
