"""Sessions in the database, which the database can neither read nor pass from one to another."""

import base64
import hashlib
import hmac
import json
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.contrib.sessions.backends import db


class SessionStore(db.SessionStore):
    """A row opens with this process's key and under its own name alone.

    Whoever could write rows would otherwise copy an officer's session into their own.
    """

    def encode(self, session_dict: dict[str, Any]) -> str:
        return self._box().encrypt(json.dumps(session_dict).encode()).decode()

    def decode(self, session_data: bytes | str) -> dict[str, Any]:
        try:
            told: dict[str, Any] = json.loads(self._box().decrypt(session_data))
        except InvalidToken:
            return {}
        return told

    def _box(self) -> Fernet:
        name = f"session:{self.session_key}".encode()
        key = hmac.digest(settings.SECRET_KEY.encode(), name, hashlib.sha256)
        return Fernet(base64.urlsafe_b64encode(key))
