"""What a browser hands over of a security key, looked at before the library reads it.

The library (django-allauth) trips over what no browser makes, and keeps a key that nobody showed
when it is handed a zero in its place.
"""

from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.webauthn import forms as keys
from django import forms
from django.core.exceptions import ValidationError


def _wrong() -> ValidationError:
    told: ValidationError = get_adapter().validation_error("incorrect_code")
    return told


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
