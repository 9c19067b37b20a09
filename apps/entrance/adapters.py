"""How the library that signs people in (django-allauth) behaves here."""

import base64
import hashlib
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp
from cryptography.fernet import Fernet
from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import PERSON, User
from apps.accounts.sessions import is_fresh

# Under what name the library knows the one provider of identities that we use.
ACMIDM = "acmidm"


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Accounts are given, never made by oneself; attempts are counted by who makes them."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": _("The e-mail address or the password is not right."),
        "incorrect_password": _("The password is not right."),
        "enter_current_password": _("Type your present password."),
        "account_inactive": _(
            "This account is shut. Ask whoever manages the users of your organisation."
        ),
        "too_many_login_attempts": _(
            "Too many attempts from here. Wait five minutes and try again."
        ),
        "rate_limited": _("Too many attempts. Wait a moment and try again."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """Only people sign in: a machine shows its key, and the timetable never does."""
        user = super().authenticate(request, **credentials)
        return user if user is not None and user.kind == PERSON else None

    def reauthenticate(self, user: User, password: str) -> bool:
        return self.authenticate(context.request, email=user.email, password=password) == user

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        return not is_fresh(context.request, at=timezone.now())

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Failures count per address and per place that tries: from elsewhere its owner gets in."""
        told = super()._get_login_attempts_cache_key(request, **credentials)
        return f"{told}:{self.get_client_ip(request)}"


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Secrets of second factors are kept encrypted, with a key that the database does not hold."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _("This code is not right, or was used already. Wait for the next one."),
    }

    def encrypt(self, text: str) -> str:
        return _box().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _box().decrypt(encrypted_text.encode()).decode()


class FederatedAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """ACM/IDM, as the settings say, and no other: none is ever read from the database."""

    def list_apps(
        self, request: HttpRequest, provider: str | None = None, client_id: str | None = None
    ) -> list[SocialApp]:
        if not settings.ACMIDM_ISSUER:
            return []
        return [
            SocialApp(
                provider="openid_connect",
                provider_id=ACMIDM,
                name="ACM/IDM",
                client_id=settings.ACMIDM_CLIENT_ID,
                secret=settings.ACMIDM_CLIENT_SECRET,
                settings={
                    "server_url": settings.ACMIDM_ISSUER.rstrip("/"),
                    "scope": settings.ACMIDM_SCOPES,
                    "oauth_pkce_enabled": True,
                },
            )
        ]


def _box() -> Fernet:
    key = hashlib.sha256(settings.SECOND_FACTOR_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(key))
