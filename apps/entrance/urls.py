"""The way in. Only those addresses of django-allauth that we use, under the names it asks for."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account import views as account
from allauth.account.internal.flows.login import record_authentication
from allauth.account.internal.stagekit import unstash_login
from allauth.mfa.base import views as factors
from allauth.mfa.recovery_codes import views as recovery
from allauth.mfa.totp import views as totp
from allauth.mfa.utils import is_mfa_enabled
from allauth.mfa.webauthn import views as webauthn
from allauth.usersessions import views as sessions
from allauth.usersessions.internal.flows.sessions import end_other_sessions
from csp.constants import SELF
from csp.decorators import csp_update
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import path, re_path

from apps.accounts.keys import in_name_of
from apps.design.middleware import PERMISSIONS_POLICY
from apps.entrance.views.acmidm import ask, come_back
from apps.entrance.views.home import choose, home
from apps.entrance.views.invitation import invitation, open_invitation
from apps.entrance.views.rights import rights
from apps.entrance.views.sign_in import (
    again,
    choose_password,
    go_on,
    second_factor,
    sign_out,
)

View = Callable[..., HttpResponseBase]
KEYS = PERMISSIONS_POLICY.replace(
    "publickey-credentials-create=()", "publickey-credentials-create=(self)"
).replace("publickey-credentials-get=()", "publickey-credentials-get=(self)")


def with_keys(view: View) -> View:
    """Security keys and passkeys ask for the library's own script, and for the browser's leave."""

    @csp_update({"script-src": [SELF], "img-src": ["data:"], "connect-src": [SELF]})
    @wraps(view)
    def allowed(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        response["Permissions-Policy"] = KEYS
        return response

    return allowed


def in_own_name(view: View) -> View:
    """How somebody signs in changes here, in their own name: who is in, or got in by a password."""

    @wraps(view)
    def named(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        begun = unstash_login(request, peek=True)
        who = request.user if request.user.is_authenticated else begun and begun.user
        if who:
            in_name_of(who.email)
        return view(request, *args, **kwargs)

    return with_keys(named)


def with_first_factor(view: View) -> View:
    """Whoever adds their first second factor has shown it, and is not asked for it at once."""

    @wraps(view)
    def adding(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        user = request.user
        had_one = user.is_authenticated and is_mfa_enabled(user)
        response = view(request, *args, **kwargs)
        if user.is_authenticated and not had_one and is_mfa_enabled(user):
            # Whoever got in elsewhere by the password alone does not stay in.
            end_other_sessions(request, user)
            record_authentication(request, user, "mfa", reauthenticated=False)
        return response

    return in_own_name(adding)


def shut(request: HttpRequest) -> HttpResponse:
    """What the library knows an address of and we do not offer: nobody makes their own account."""
    raise Http404


urlpatterns = [
    path("", home, name="home"),
    path("act-as/", choose, name="act-as"),
    path("who-may-do-what/", rights, name="rights"),
    path("invitation/", invitation, name="invitation"),
    path("invitation/<str:key>/", open_invitation, name="invitation-open"),
    path("sign-in/", with_keys(account.login), name="account_login"),
    path("sign-in/acmidm/", ask, name="acmidm"),
    path("sign-in/acmidm/callback/", come_back, name="acmidm-callback"),
    path("sign-in/again/", again, name="sign-in-again"),
    path("sign-in/go-on/", go_on, name="go-on"),
    path("sign-in/code/", in_own_name(factors.authenticate), name="mfa_authenticate"),
    path("sign-in/passkey/", with_keys(webauthn.login_webauthn), name="mfa_login_webauthn"),
    path("sign-in/second-factor/", second_factor, name="second-factor"),
    path("sign-in/shut/", account.account_inactive, name="account_inactive"),
    path("sign-in/up/", shut, name="account_signup"),
    path("sign-in/forgotten/", account.password_reset, name="account_reset_password"),
    path(
        "sign-in/forgotten/sent/", account.password_reset_done, name="account_reset_password_done"
    ),
    re_path(
        r"^sign-in/forgotten/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        choose_password,
        name="account_reset_password_from_key",
    ),
    path(
        "sign-in/forgotten/done/",
        account.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    path("sign-out/", sign_out, name="account_logout"),
    path("account/", with_keys(factors.index), name="mfa_index"),
    path("account/again/", account.reauthenticate, name="account_reauthenticate"),
    path("account/again/code/", in_own_name(factors.reauthenticate), name="mfa_reauthenticate"),
    path(
        "account/again/key/",
        with_keys(webauthn.reauthenticate_webauthn),
        name="mfa_reauthenticate_webauthn",
    ),
    path("account/password/", account.password_change, name="account_change_password"),
    path("account/password/set/", shut, name="account_set_password"),
    path(
        "account/app/add/",
        with_first_factor(totp.activate_totp),
        name="mfa_activate_totp",
    ),
    path("account/app/remove/", in_own_name(totp.deactivate_totp), name="mfa_deactivate_totp"),
    path("account/keys/", webauthn.list_webauthn, name="mfa_list_webauthn"),
    path(
        "account/keys/add/",
        with_first_factor(webauthn.add_webauthn),
        name="mfa_add_webauthn",
    ),
    path("account/keys/<int:pk>/", in_own_name(webauthn.edit_webauthn), name="mfa_edit_webauthn"),
    path(
        "account/keys/<int:pk>/remove/",
        in_own_name(webauthn.remove_webauthn),
        name="mfa_remove_webauthn",
    ),
    path(
        "account/codes/", in_own_name(recovery.view_recovery_codes), name="mfa_view_recovery_codes"
    ),
    path(
        "account/codes/new/",
        in_own_name(recovery.generate_recovery_codes),
        name="mfa_generate_recovery_codes",
    ),
    path(
        "account/codes/file/",
        recovery.download_recovery_codes,
        name="mfa_download_recovery_codes",
    ),
    path("account/sessions/", sessions.list_usersessions, name="usersessions_list"),
]
