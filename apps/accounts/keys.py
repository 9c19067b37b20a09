"""What the database holds and cannot read, or passes on and cannot forge: it lacks the key."""

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings


def key_for(purpose: str) -> bytes:
    """32 bytes of their own for one purpose, so that one use tells nothing of another."""
    return hmac.digest(settings.DATABASE_KEY.encode(), purpose.encode(), hashlib.sha256)


def lock(text: str, *, purpose: str) -> str:
    """Encrypted, so that the database can keep it."""
    return _box(purpose).encrypt(text.encode()).decode()


def unlock(locked: str, *, purpose: str) -> str | None:
    """What was locked for the same purpose; None for anything else."""
    try:
        return _box(purpose).decrypt(locked.encode()).decode()
    except InvalidToken:
        return None


def _box(purpose: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(key_for(purpose)))
