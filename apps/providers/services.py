"""What one may do: register a provider, give a person a role there."""

from datetime import datetime

from django.contrib.auth.models import Group
from django.db import transaction
from guardian.shortcuts import assign_perm

from apps.accounts.models import User
from apps.audit.services import Actor, record
from apps.providers.models import Provider
from cstraject.identifiers import enterprise_number as checked_enterprise_number
from cstraject.identifiers import iban as checked_iban
from cstraject.roles import PROVIDER_ROLES


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
    for role, acts in PROVIDER_ROLES.items():
        group = Group.objects.create(name=_group_name(provider, role))
        for act in sorted(acts):
            assign_perm(f"providers.{act}", group, provider)
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
def grant_provider_role(
    *, user: User, provider: Provider, role: str, actor: Actor, at: datetime
) -> None:
    """Give a person a role at a provider."""
    user.groups.add(Group.objects.get(name=_group_name(provider, role)))
    record(
        actor=actor,
        action="user.grant",
        subject_id=user.pk,
        at=at,
        provider_id=provider.pk,
        facts={"role": role},
    )


def _group_name(provider: Provider, role: str) -> str:
    return f"provider:{provider.slug}:{role}"
