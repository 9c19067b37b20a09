"""What one may do: make accounts, give the agency's roles."""

from datetime import datetime

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, Permission
from django.db import connection, transaction

from apps.accounts.keys import sealed
from apps.accounts.models import PERSON, User
from apps.accounts.selectors import AT_AGENCY, Capacity
from apps.audit.services import Actor, record
from cstraject.refusal import Refusal
from cstraject.roles import AGENCY_ROLES


@transaction.atomic
def add_user(
    *, email: str, name: str, actor: Actor, at: datetime, kind: str = PERSON, active: bool = True
) -> User:
    """Make an account without a password; who holds the address already is returned as it is."""
    unusable = make_password(None)
    user, made = User.objects.get_or_create(
        email=email.strip().lower(),
        defaults={"name": name, "kind": kind, "is_active": active, "password": unusable},
    )
    if made:
        record(actor=actor, action="user.add", subject_id=user.pk, at=at, facts={"kind": kind})
    return user


@transaction.atomic
def welcome(*, subject: str, name: str, at: datetime) -> User:
    """The account of whom ACM/IDM knows as this subject, made at their first coming.

    It has no password, no address and no role here. The doorkeeper asks for it by one function,
    which alone may tie a subject to an account: never to one that was there already.
    """
    with connection.cursor() as cursor:
        seal = sealed(f"welcome:{subject}")
        cursor.execute("SELECT cst_welcome(%s, %s, %s, %s)", [subject, name, at, seal])
        [pk] = cursor.fetchone()
    return User.objects.get(pk=pk)


@transaction.atomic
def shut_account(*, user: User, actor: Actor, at: datetime) -> None:
    """Let an account in no more, from its next request on. What it signed stays nameable."""
    user.is_active = False
    user.save(update_fields=["is_active"])
    record(actor=actor, action="user.shut", subject_id=user.pk, at=at)


def follow_agency_roles() -> None:
    """Give the agency's groups the rights that `cstraject.roles` declares, and no others.

    A role that is declared no more keeps its group, without any right.
    """
    declared = {Capacity(AT_AGENCY, role).group_name: acts for role, acts in AGENCY_ROLES.items()}
    there = Group.objects.filter(name__startswith="agency:").values_list("name", flat=True)
    for name in {*there, *declared}:
        group, _ = Group.objects.get_or_create(name=name)
        group.permissions.set(
            Permission.objects.filter(
                content_type__app_label="accounts", codename__in=declared.get(name, ())
            )
        )


@transaction.atomic
def grant_agency_role(*, user: User, role: str, actor: Actor, at: datetime) -> None:
    """Give a person a role at the agency. Nobody gives one to themselves."""
    if user.pk == actor.pk:
        raise Refusal("own-rights")
    capacity = Capacity(AT_AGENCY, role)
    if not capacity.known:
        raise Refusal("unknown-role", given=role[:30])
    group = Group.objects.filter(name=capacity.group_name).first()
    if group is None:
        follow_agency_roles()
        group = Group.objects.get(name=capacity.group_name)
    user.groups.add(group)
    record(actor=actor, action="user.grant", subject_id=user.pk, at=at, facts={"role": role})
