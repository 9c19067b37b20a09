"""How the library that signs people in (django-allauth) behaves here."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.stagekit import unstash_login
from allauth.core import context, ratelimit
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.utils import is_mfa_enabled
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.keys import lock, unlock
from apps.accounts.models import PERSON, User
from apps.accounts.refusals import note_refusal
from apps.accounts.sessions import is_fresh, shows_enough
from apps.entrance.knocking import PASSWORD, knock
from apps.notices.services import post_mail

# The account of an address that has none: what is done for it is undone.
NOBODY = 0
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
        if user is not None and self.tried is not None:
            self.tried.worked()
        return user if user is not None and user.kind == PERSON else None

    def reauthenticate(self, user: User, password: str) -> bool:
        return self.authenticate(context.request, email=user.email, password=password) == user

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Instead of the library's count, which a stranger at the same place uses up."""
        self.tried = knock(request, PASSWORD, address=credentials.get("email") or "")
        if self.tried is None:
            raise self.validation_error("too_many_login_attempts")

    def login(self, request: HttpRequest, user: User) -> None:
        super().login(request, user)
        request.got_in = user.email  # type: ignore[attr-defined]

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        super().authentication_failed(request, **credentials)
        note_refusal(request, "password", address=credentials.get("email") or "")

    def set_password(self, user: User, password: str) -> None:
        """Of an account the doorkeeper may change the password, and no more."""
        user.set_password(password)
        user.save(update_fields=["password"])

    def send_password_reset_mail(self, user: User, email: str, context: dict[str, Any]) -> None:
        """So many in a while: who asks for somebody else fills no mailbox, and stops nobody."""
        if user.kind != PERSON:
            return
        if ratelimit.consume(self.request, action="reset_mail", key=user.email.lower()):
            with transaction.atomic():
                super().send_password_reset_mail(user, user.email, context)
                transaction.set_rollback(user.pk == NOBODY)

    def send_notification_mail(
        self,
        template_prefix: str,
        user: User,
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        """Whatever changes in how somebody signs in, its owner hears of."""
        super().send_notification_mail(template_prefix, user, context, email or user.email)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Mails wait in the database until they are sent, as all that goes out."""
        message = self.render_mail(template_prefix, email, context)
        post_mail(to=email, subject=message.subject, text=message.body, at=timezone.now())

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        request = context.request
        enough = shows_enough(request) or not is_mfa_enabled(request.user)
        return not (enough and is_fresh(request, at=timezone.now()))

    def get_reauthentication_methods(self, user: User) -> list[dict[str, Any]]:
        """A password is no way to show more than a password."""
        ways: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        if shows_enough(context.request):
            return ways
        return [way for way in ways if way["id"] != "reauthenticate"] or ways


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Secrets of second factors are kept encrypted, with a key that the database does not hold."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _("This code is not right, or was used already. Wait for the next one."),
    }

    def validation_error(self, code: str, *args: Any) -> ValidationError:
        request = context.request
        # Who shows it: somebody who is in, or who got as far as this by a password.
        begun = unstash_login(request, peek=True)
        user = request.user if request.user.is_authenticated else begun and begun.user
        note_refusal(request, f"second-factor: {code}", address=user.email if user else "")
        error: ValidationError = super().validation_error(code, *args)
        return error

    def encrypt(self, text: str) -> str:
        return lock(text, purpose="second factor")

    def decrypt(self, encrypted_text: str) -> str:
        secret = unlock(encrypted_text, purpose="second factor")
        if secret is None:
            # An empty secret would be one that everybody knows.
            raise self.validation_error("incorrect_code")
        return secret


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
