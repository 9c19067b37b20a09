"""What one may do: make accounts, keys and the agency's groups."""

import secrets
from datetime import datetime, timedelta

from django.contrib.auth.models import Group, Permission
from django.db import transaction

from apps.accounts.models import PERSON, Token, User
from apps.accounts.selectors import digest_of
from apps.audit.services import Actor, record
from cstraject.roles import AGENCY_ROLES

TOKEN_DAYS = 365


@transaction.atomic
def add_user(
    *, email: str, name: str, actor: Actor, at: datetime, kind: str = PERSON, active: bool = True
) -> User:
    """Make an account without a password; who holds the address already is returned as it is."""
    user, made = User.objects.get_or_create(
        email=email.strip().lower(), defaults={"name": name, "kind": kind, "is_active": active}
    )
    if made:
        user.set_unusable_password()
        user.save(update_fields=["password"])
        record(actor=actor, action="user.add", subject_id=user.pk, at=at, facts={"kind": kind})
    return user


@transaction.atomic
def grant_agency_role(*, user: User, role: str, actor: Actor, at: datetime) -> None:
    """Give a person a role at the agency."""
    group, made = Group.objects.get_or_create(name=f"agency:{role}")
    if made:
        group.permissions.set(
            Permission.objects.filter(
                content_type__app_label="accounts", codename__in=AGENCY_ROLES[role]
            )
        )
    user.groups.add(group)
    record(actor=actor, action="user.grant", subject_id=user.pk, at=at, facts={"role": role})


@transaction.atomic
def issue_token(*, user: User, name: str, actor: Actor, at: datetime) -> str:
    """Make a key for a machine's account, valid for a year; it can be read only now."""
    secret = "cst_" + secrets.token_urlsafe(32)
    token = Token.objects.create(
        user=user,
        name=name,
        digest=digest_of(secret),
        created_at=at,
        expires_at=at + timedelta(days=TOKEN_DAYS),
    )
    record(actor=actor, action="token.issue", subject_id=token.pk, at=at, facts={"name": name})
    return secret
