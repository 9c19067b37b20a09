"""What the database holds and cannot read, or passes on and cannot forge: it lacks the key."""

import base64
import hashlib
import hmac
from contextlib import suppress

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings


def key_for(purpose: str, key: str = "") -> bytes:
    """32 bytes of their own for one purpose, so that one use tells nothing of another."""
    whole = key or settings.DATABASE_KEY
    return hmac.digest(whole.encode(), purpose.encode(), hashlib.sha256)


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
