"""Asking ACM/IDM who somebody is, by OpenID Connect, and what is believed of its answer.

The library fetches, and keeps what belongs to one attempt in the session, where it serves once.
What it leaves out stands here: a nonce, and that a token was signed by the OP, for us, just now.
"""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import jwt
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.internal import statekit
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.http import Http404, HttpRequest
from django.urls import reverse
from requests import RequestException

from apps.accounts.selectors import AT_AGENCY, Capacity
from apps.contracts.selectors import contract_holder
from apps.entrance.adapters import ACMIDM
from apps.entrance.refusals import DOWN
from cstraject.refusal import Refusal
from cstraject.roles import AGENCY_ROLES_TOLD, PROVIDER_ROLES_TOLD, roles_told

# By how many seconds the clocks of the OP and ours may differ.
LEEWAY = 60
SUBJECT_LENGTH_MAX = 191
# In the session: that the last attempt was refused. The next one has the OP ask anew who it is and
# for whom; else it would let the same person pass in the same way while its own session lasts.
REFUSED = "acmidm-refused"


@dataclass(frozen=True)
class Told:
    """What the OP told of somebody, verified."""

    subject: str
    name: str
    capacities: list[Capacity]
    id_token: str
    next_page: str
    again: bool
    """Whether it was asked of somebody who was signed in already."""


class Op(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]
    """The OP of ACM/IDM, at the addresses that it publishes itself."""

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request, ACMIDM)
        try:
            self.provider = self.get_provider()
        except SocialApp.DoesNotExist:
            raise Http404 from None
        self.client_id = self.provider.app.client_id
        self._config: dict[str, Any] | None = None

    @property
    def openid_config(self) -> dict[str, Any]:
        if self._config is None:
            config = _fetched(self.provider.server_url)
            if config.get("issuer") != settings.ACMIDM_ISSUER:
                raise Refusal("acmidm-failed", why="issuer")
            self._config = config
        return self._config

    def get_callback_url(self, request: HttpRequest, app: SocialApp) -> str:
        return request.build_absolute_uri(reverse("acmidm-callback"))


def address_to_ask(request: HttpRequest, *, next_page: str, again: bool = False) -> str:
    """Where somebody shows the OP who they are; anew, if they were signed in already."""
    op = Op(request)
    with _answering():
        client = op.get_client(request, op.provider.app)
        proof = op.provider.get_pkce_params()
        nonce = secrets.token_urlsafe(32)
        client.state = op.provider.stash_redirect_state(
            request,
            "login",
            next_page,
            pkce_code_verifier=proof.pop("code_verifier"),
            nonce=nonce,
            again=again,
            asked_at=time.time(),
        )
        more = {"nonce": nonce, **proof}
        if settings.ACMIDM_ACR:
            # Only of whom it is asked, the OP tells by what means they signed in.
            more["acr_values"] = " ".join(settings.ACMIDM_ACR)
        if again or request.session.pop(REFUSED, False):
            more["prompt"] = "login"
        if again:
            # Has the moment of signing in told: the browser could leave out the line above.
            more["max_age"] = "0"
        address: str = client.get_redirect_url(op.authorize_url, op.provider.get_scope(), more)
        return address


def answer_of_op(request: HttpRequest) -> Told:
    """What the OP told of whom it sent back to us; refuses what cannot be believed."""
    op = Op(request)
    state = statekit.unstash_state(
        request, provider_id=ACMIDM, state_id=request.GET.get("state", "")
    )
    if state is None:
        raise Refusal("acmidm-failed", why="state")
    if "code" not in request.GET:
        stopped = request.GET.get("error") == op.login_cancelled_error
        raise Refusal("acmidm-stopped" if stopped else "acmidm-failed", why="error")
    with _answering():
        client = op.get_client(request, op.provider.app)
        tokens = op.get_access_token_data(
            request, op.provider.app, client, pkce_code_verifier=state["pkce_code_verifier"]
        )
        proven = _proven(op, tokens.get("id_token"), state)
        more = _fetched(op.profile_url, bearer=tokens["access_token"])
    if more.get("sub") != proven["sub"]:
        raise Refusal("acmidm-failed", why="userinfo")
    claims = {**more, **proven}
    return Told(
        subject=claims["sub"],
        name=_name_of(claims),
        capacities=_capacities_told(claims),
        id_token=tokens["id_token"],
        next_page=state.get("next", ""),
        again=state["again"],
    )


def address_to_leave(request: HttpRequest, *, id_token: str, next_page: str) -> str:
    """Where the session at the OP ends; "" if it has no such address."""
    op = Op(request)
    with _answering():
        address: str = op.openid_config.get("end_session_endpoint", "")
    query = {
        "client_id": op.client_id,
        "id_token_hint": id_token,
        "post_logout_redirect_uri": request.build_absolute_uri(next_page),
    }
    return f"{address}?{urlencode(query)}" if address else ""


@contextmanager
def _answering() -> Iterator[None]:
    """Whatever the OP does not answer, or answers unreadably, is its failure and not ours."""
    try:
        yield
    except OAuth2Error as error:
        raise Refusal("acmidm-failed", why="code") from error
    except (RequestException, KeyError) as error:
        raise Refusal(DOWN, why=type(error).__name__) from error


def _fetched(address: str, *, bearer: str = "") -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    with get_adapter().get_requests_session() as link:
        answer = link.get(address, headers=headers)
        answer.raise_for_status()
        found = answer.json()
    if not isinstance(found, dict):
        raise Refusal(DOWN, why="unreadable")
    return found


def _proven(op: Op, id_token: object, state: dict[str, Any]) -> dict[str, Any]:
    """The claims of an id token that this OP signed for us, in answer to what was asked."""
    keys = _fetched(op.openid_config["jwks_uri"])["keys"]
    try:
        kid = jwt.get_unverified_header(str(id_token)).get("kid")
        [key] = [key for key in keys if _could_have_signed(key, kid)]
        claims: dict[str, Any] = jwt.decode(
            str(id_token),
            jwt.PyJWK(key, "RS256"),
            algorithms=["RS256"],
            issuer=settings.ACMIDM_ISSUER,
            audience=op.client_id,
            leeway=LEEWAY,
            options={"require": ["iss", "aud", "exp", "iat", "sub"]},
        )
    except (jwt.PyJWTError, ValueError) as error:
        raise Refusal("acmidm-failed", why=type(error).__name__) from error
    if claims.get("azp", claims["aud"]) not in (op.client_id, [op.client_id]):
        raise Refusal("acmidm-failed", why="azp")
    if claims.get("nonce") != state["nonce"]:
        raise Refusal("acmidm-failed", why="nonce")
    if not 0 < len(claims["sub"]) <= SUBJECT_LENGTH_MAX:
        raise Refusal("acmidm-failed", why="subject")
    if settings.ACMIDM_ACR and claims.get("acr") not in settings.ACMIDM_ACR:
        raise Refusal("acmidm-means")
    shown_at = claims.get("auth_time")
    if state["again"] and not (
        isinstance(shown_at, int) and shown_at >= state["asked_at"] - LEEWAY
    ):
        raise Refusal("acmidm-failed", why="auth_time")
    return claims


def _could_have_signed(key: dict[str, Any], kid: str | None) -> bool:
    """Whether it is an RSA key for signing, and the one that is named, if one is."""
    signs = key.get("kty") == "RSA" and key.get("use", "sig") == "sig"
    return signs and kid in (None, key.get("kid"))


def _name_of(claims: dict[str, Any]) -> str:
    name = f"{claims.get('given_name') or ''} {claims.get('family_name') or ''}".strip()
    return (name or "ACM/IDM")[:200]


def _capacities_told(claims: dict[str, Any]) -> list[Capacity]:
    """As what somebody may act: their known roles at the organisation for which they came.

    That is the agency, or a provider with a contract. Any other has no place here.
    """
    code, told = claims.get("vo_orgcode"), claims.get(settings.ACMIDM_ROLE_CLAIM)
    values = told if isinstance(told, list) else [told]
    if not isinstance(code, str) or not code:
        return []
    if claims.get("vo_doelgroepcode") == "GID" and code == settings.ACMIDM_AGENCY_CODE:
        names, place = AGENCY_ROLES_TOLD, AT_AGENCY
    elif claims.get("vo_doelgroepcode") == "EA" and (holder := contract_holder(code)):
        names, place = PROVIDER_ROLES_TOLD, holder
    else:
        return []
    return sorted(Capacity(place, role) for role in roles_told(values, names=names, at=code))
