"""The library's forms that read what a security key says, for keys that talk nonsense."""

from collections.abc import Callable
from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.webauthn import forms


def _calm(read: Callable[[], Any]) -> Any:
    """Nonsense is a wrong code; the library expects a browser, which sends none."""
    try:
        return read()
    except (KeyError, AttributeError, TypeError, ValueError) as error:
        raise get_adapter().validation_error("incorrect_code") from error


class AddKeyForm(forms.AddWebAuthnForm):  # type: ignore[misc]
    def clean(self) -> Any:
        return _calm(super().clean)


class ShowKeyForm(forms.AuthenticateWebAuthnForm):  # type: ignore[misc]
    def clean_credential(self) -> Any:
        return _calm(super().clean_credential)


class SignInWithKeyForm(forms.LoginWebAuthnForm):  # type: ignore[misc]
    def clean_credential(self) -> Any:
        return _calm(super().clean_credential)


class ShowKeyAgainForm(forms.ReauthenticateWebAuthnForm):  # type: ignore[misc]
    def clean_credential(self) -> Any:
        return _calm(super().clean_credential)
