"""What one may ask: who someone is, and in which roles."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.auth.models import Permission
from django.db import connection
from django.db.models import F, Q, QuerySet

from apps.accounts.models import User
from cstraject.roles import AGENCY_ROLES, PROVIDER_ROLES

TIMETABLE = "timetable@cstraject.invalid"
AT_AGENCY = ""
# Accounts of whom ACM/IDM tells who they are: it tells no address.
OF_ACMIDM = "@acmidm.invalid"


def timetable() -> User:
    """The account in whose name work runs by itself."""
    return User.objects.get(email=TIMETABLE)


def digest_of(secret: str) -> str:
    """What is kept of a key: a digest suffices, for a key is random, not chosen."""
    return hashlib.sha256(secret.encode()).hexdigest()


@dataclass(frozen=True, order=True)
class Capacity:
    """In what somebody acts: a role at one provider, named by its slug, or at the agency."""

    place: str
    role: str

    @property
    def group_name(self) -> str:
        """The group whose members have this role here; its rights follow `cstraject.roles`."""
        if self.place == AT_AGENCY:
            return f"agency:{self.role}"
        return f"provider:{self.place}:{self.role}"

    @property
    def known(self) -> bool:
        """Whether there is such a role at such a place."""
        return self.role in (AGENCY_ROLES if self.place == AT_AGENCY else PROVIDER_ROLES)


def capacities_of(user: User) -> list[Capacity]:
    """Every role of a person, at every place; none of an account that is shut."""
    if not user.is_active:
        return []
    return capacities_in(user.groups.values_list("name", flat=True))


def shut_from(user: User) -> frozenset[str]:
    """The providers that shut somebody out, though ACM/IDM tells a role of theirs there."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM cst_shut_from(%s)", [user.pk])
        return frozenset(slug for (slug,) in cursor.fetchall())


def capacities_in(group_names: Iterable[str]) -> list[Capacity]:
    """The roles that groups of these names stand for; the agency first, then by place and role."""
    found = []
    for name in group_names:
        kind, *place, role = name.split(":")
        capacity = Capacity(place[0] if kind == "provider" else AT_AGENCY, role)
        if capacity.known:
            found.append(capacity)
    return sorted(found)


def staff() -> QuerySet[User]:
    """Whoever has a role at the agency, or may be told to have one by ACM/IDM; by name."""
    could_be = Q(groups__name__startswith="agency:") | Q(email__endswith=OF_ACMIDM)
    return User.objects.filter(could_be, is_active=True).distinct().order_by("name", "pk")


def officers_who(act: str) -> QuerySet[User]:
    """Whoever at the agency may do this, or may be told to by ACM/IDM; by name."""
    groups = [
        Capacity(AT_AGENCY, role).group_name for role, may in AGENCY_ROLES.items() if act in may
    ]
    return staff().filter(Q(groups__name__in=groups) | Q(email__endswith=OF_ACMIDM))


def people_at_agency() -> list[tuple[User, str]]:
    """Everybody with a role at the agency, a line per role, by name."""
    found = User.objects.filter(groups__name__startswith="agency:").annotate(
        group_name=F("groups__name")
    )
    return [
        (user, capacity.role)
        for user in found.order_by("name", "pk", "group_name")
        for capacity in capacities_in([user.group_name])
    ]


def agency_acts_as(role: str) -> frozenset[str]:
    """What the agency's group of a role may do."""
    return frozenset(
        Permission.objects.filter(
            group__name=Capacity(AT_AGENCY, role).group_name, content_type__app_label="accounts"
        ).values_list("codename", flat=True)
    )
