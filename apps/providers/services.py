"""What one may do: register a provider, shut out its people, give keys to machines."""

import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.contrib.auth.models import Group
from django.db import connection, transaction
from guardian.shortcuts import assign_perm, remove_perm

from apps.accounts.models import User
from apps.accounts.selectors import Capacity, digest_of
from apps.audit.services import Actor, record
from apps.providers.models import Provider, Token
from apps.providers.selectors import acts_at
from cstraject.identifiers import enterprise_number as checked_enterprise_number
from cstraject.identifiers import iban as checked_iban
from cstraject.refusal import Refusal
from cstraject.roles import MACHINE_ACTS, PROVIDER_ROLES

TOKEN_DAYS_MAX = 365
HIGHEST_KEY = 2**63 - 1


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


# ---- People --------------------------------------------------------------------------------------


@transaction.atomic
def shut_out(*, provider: Provider, member: int, actor: User, at: datetime) -> None:
    """Take every role at a provider from a person, at once. What they signed stays nameable."""
    if member == actor.pk:
        raise Refusal("own-rights")
    if member > HIGHEST_KEY:
        raise Refusal("not-a-member")
    with connection.cursor() as cursor:
        cursor.execute("SELECT cst_shut_out(%s)", [member])
        if not cursor.fetchone()[0]:
            raise Refusal("not-a-member")
    _record(actor, "member.shut_out", member, at, provider)


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
