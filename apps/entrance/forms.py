"""Second factors as they are shown: codes are counted, keys looked at before the library does.

The library (django-allauth) trips over what no browser makes, and keeps a key that nobody showed
when it is handed a zero in its place.
"""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import ChangePasswordForm, ResetPasswordForm
from allauth.core import context
from allauth.mfa.adapter import get_adapter as get_factor_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.webauthn import forms as keys
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User
from apps.entrance.adapters import NOBODY
from apps.entrance.knocking import CODE, knock


def _wrong() -> ValidationError:
    told: ValidationError = get_factor_adapter().validation_error("incorrect_code")
    return told


class _Counted:
    """A code has six digits: who guesses is stopped, and its owner is not."""

    user: User

    def clean_code(self) -> str:
        tried = knock(context.request, CODE, address=self.user.email)
        if tried is None:
            raise get_adapter().validation_error("too_many_login_attempts")
        code: str = super().clean_code()  # type: ignore[misc]
        tried.worked()
        return code


class CodeForm(_Counted, AuthenticateForm):  # type: ignore[misc]
    """A code at signing in."""


class CodeAgainForm(_Counted, ReauthenticateForm):  # type: ignore[misc]
    """A code to show once more that it is you."""


class ChangeForm(ChangePasswordForm):  # type: ignore[misc]
    """The present password is asked and counted as at signing in, and stands on record if wrong."""

    def clean_oldpassword(self) -> str:
        given: str = self.cleaned_data["oldpassword"]
        if not get_adapter().reauthenticate(self.user, given):
            raise get_adapter().validation_error("enter_current_password")
        return given


class ForgottenForm(ResetPasswordForm):  # type: ignore[misc]
    """Who asks for an address without account is answered alike, after the same work."""

    users: Any

    def clean_email(self) -> str:
        email: str = super().clean_email()
        self.users = self.users or [User(pk=NOBODY, email=email)]
        return email


class CredentialField(forms.JSONField):
    """What a key answered: an object, never a number or a list."""

    def __init__(self) -> None:
        super().__init__(widget=forms.HiddenInput)

    def to_python(self, value: Any) -> Any:
        shown = super().to_python(value)
        if not isinstance(shown, dict) or not isinstance(shown.get("response"), dict):
            raise _wrong()
        return shown


class AddKeyForm(keys.AddWebAuthnForm):  # type: ignore[misc]
    name = forms.CharField(label=_("Name"), required=False)
    credential = CredentialField()

    def clean(self) -> Any:
        try:
            return super().clean()
        except (KeyError, AttributeError, TypeError, ValueError) as unreadable:
            raise _wrong() from unreadable


class _Shown:
    """A key that is shown to sign in, or once more."""

    def clean_credential(self) -> Any:
        try:
            return super().clean_credential()  # type: ignore[misc]
        except (KeyError, AttributeError, TypeError, ValueError) as unreadable:
            raise _wrong() from unreadable


class SecondFactorKeyForm(_Shown, keys.AuthenticateWebAuthnForm):  # type: ignore[misc]
    credential = CredentialField()


class PasskeyForm(_Shown, keys.LoginWebAuthnForm):  # type: ignore[misc]
    credential = CredentialField()


class KeyAgainForm(_Shown, keys.ReauthenticateWebAuthnForm):  # type: ignore[misc]
    credential = CredentialField()
