"""What one may do: register a provider, give roles to people there and keys to machines."""

import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.contrib.auth.models import Group
from django.db import connection, transaction
from guardian.shortcuts import assign_perm, remove_perm

from apps.accounts.keys import key_for
from apps.accounts.models import User
from apps.accounts.selectors import Capacity, digest_of
from apps.audit.services import Actor, record
from apps.providers.models import Provider, Token
from apps.providers.selectors import acts_at, tokens_in_use
from cstraject.identifiers import enterprise_number as checked_enterprise_number
from cstraject.identifiers import iban as checked_iban
from cstraject.refusal import Refusal
from cstraject.roles import MACHINE_ACTS, PROVIDER_ROLES

TOKEN_DAYS_MAX = 365


@transaction.atomic
def register_provider(
    *, slug: str, name: str, enterprise_number: str, iban: str, actor: Actor, at: datetime
) -> Provider:
    """Make a tenant, with a group for each role there. Refuses a wrong number or account."""
    provider = Provider.objects.create(
        slug=slug,
        name=name,
        enterprise_number=checked_enterprise_number(enterprise_number),
        iban=checked_iban(iban),
    )
    _follow_roles_at(provider)
    record(
        actor=actor,
        action="provider.register",
        subject_id=provider.pk,
        at=at,
        provider_id=provider.pk,
        facts={"name": name},
    )
    return provider


@transaction.atomic
def renew_seal() -> None:
    """Give the database the key by which it knows a tenant: HMAC's key, ready for both passes.

    Done by the owner of the tables, who migrates, and by no role of ours.
    """
    key = key_for("tenant").ljust(64, b"\0")
    inner, outer = (bytes(byte ^ pad for byte in key) for pad in (0x36, 0x5C))
    with connection.cursor() as cursor:
        cursor.execute("SELECT cst_keep_seal(%s, %s)", [inner, outer])


def follow_provider_roles() -> None:
    """Give every provider's groups the rights that `cstraject.roles` declares, and no others."""
    for provider in Provider.objects.order_by("pk"):
        _follow_roles_at(provider)


def _follow_roles_at(provider: Provider) -> None:
    for role, declared in PROVIDER_ROLES.items():
        group, _ = Group.objects.get_or_create(name=Capacity(provider.slug, role).group_name)
        granted = acts_at(provider, role=role)
        for act in sorted(declared - granted):
            assign_perm(f"providers.{act}", group, provider)
        for act in sorted(granted - declared):
            remove_perm(f"providers.{act}", group, provider)


@transaction.atomic
def grant_provider_role(
    *, user: User, provider: Provider, role: str, actor: Actor, at: datetime
) -> None:
    """Give a person a role at a provider. Nobody gives one to themselves."""
    if user.pk == actor.pk:
        raise Refusal("own-rights")
    user.groups.add(Group.objects.get(name=Capacity(provider.slug, role).group_name))
    record(
        actor=actor,
        action="user.grant",
        subject_id=user.pk,
        at=at,
        provider_id=provider.pk,
        facts={"role": role},
    )


# ---- Machines ------------------------------------------------------------------------------------


@transaction.atomic
def issue_token(
    *,
    provider: Provider,
    name: str,
    acts: Collection[str],
    days: int,
    actor: User,
    at: datetime,
) -> str:
    """Make a key for a machine, for some acts and some days; it can be read only now."""
    if not acts or not set(acts) <= MACHINE_ACTS:
        raise Refusal("unknown-act", given=", ".join(sorted(acts))[:100])
    if not 1 <= days <= TOKEN_DAYS_MAX:
        raise Refusal("token-days", max=TOKEN_DAYS_MAX)
    with connection.cursor() as cursor:
        # Pressed twice, the first one's secret would be shown to nobody.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [provider.slug])
        if tokens_in_use(at=at).filter(provider=provider, name=name.strip()[:100]).exists():
            raise Refusal("key-name-taken", name=name.strip()[:100])
        cursor.execute("SELECT cst_new_machine(%s)", [name.strip()[:100]])
        machine = cursor.fetchone()[0]
    secret = "cst_" + secrets.token_urlsafe(32)
    token = Token.objects.create(
        provider=provider,
        user_id=machine,
        name=name.strip()[:100],
        acts=sorted(acts),
        digest=digest_of(secret),
        issued_by=actor,
        issued_at=at,
        expires_at=at + timedelta(days=days),
    )
    _record(actor, "token.issue", token.pk, at, provider, name=token.name)
    return secret


@transaction.atomic
def revoke_token(*, token: UUID, actor: User, at: datetime) -> None:
    """End a key, at once."""
    found = Token.objects.select_related("provider").filter(pk=token, revoked_at=None)
    one = found.first()
    if one is None or not found.update(revoked_at=at):
        raise Refusal("token-gone")
    _record(actor, "token.revoke", one.pk, at, one.provider, name=one.name)


def _record(
    actor: Actor,
    action: str,
    subject: object,
    at: datetime,
    provider: Provider,
    **facts: object,
) -> None:
    record(
        actor=actor,
        action=action,
        subject_id=subject,
        at=at,
        provider_id=provider.pk,
        facts=facts,
    )
