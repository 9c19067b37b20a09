"""What one may do: invite people, let them in, and end what they may do."""

import secrets
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.core.signing import Signer
from django.db import connection, transaction
from django.db.models import Q
from django.template.loader import render_to_string
from django.utils.translation import override

from apps.accounts.keys import in_name_of, sealed
from apps.accounts.models import User
from apps.accounts.selectors import AT_AGENCY, OF_ACMIDM, Capacity, digest_of
from apps.audit.services import Actor, record
from apps.members.models import Invitation
from apps.members.selectors import (
    invitations_since,
    members,
    open_invitations,
    shown_invitation,
    shut_out_by_us,
)
from apps.notices.services import post_mail
from apps.providers.models import Provider, Token
from cstraject.refusal import Refusal
from cstraject.roles import AGENCY_ROLES

LINK = "invitation"
INVITATION_DAYS = 7
# Of whoever comes by ACM/IDM we do not hear when they leave.
INVITATION_DAYS_BY_ACMIDM = 1
# So many a day from one place, so that nobody sends the world mails by us.
INVITATIONS_PER_DAY_MAX = 50


@transaction.atomic
def invite(
    *,
    provider: Provider | None,
    email: str,
    name: str,
    role: str,
    link: Callable[[str], str],
    actor: User,
    at: datetime,
) -> Invitation:
    """Ask somebody by mail to work in a role, at a provider or at the agency.

    Whether they have an account already makes no difference and is not told. An open invitation of
    the same address to the same place is taken back: the last one counts. `link` makes the address
    that opens an invitation from its key, which stands in the mail alone.
    """
    email, name = email.strip().lower(), " ".join(name.split())
    place = provider.slug if provider else AT_AGENCY
    if not Capacity(place, role).known:
        raise Refusal("unknown-role", given=role[:30])
    if _mailbox(email) == _mailbox(actor.email):
        raise Refusal("own-rights")
    of_acmidm = actor.email.endswith(OF_ACMIDM)
    if provider is None and of_acmidm and not AGENCY_ROLES[role] <= AGENCY_ROLES["auditor"]:
        # They would invite a mailbox of their own, and be two people where two are needed.
        raise Refusal("invited-by-acmidm")
    domains = settings.AGENCY_MAIL_DOMAINS
    if provider is None and domains and email.rpartition("@")[2] not in domains:
        raise Refusal("not-agency-address", domains=", ".join(domains))
    if invitations_since(provider=provider, at=at - timedelta(days=1)) >= INVITATIONS_PER_DAY_MAX:
        raise Refusal("too-many-invitations", max=INVITATIONS_PER_DAY_MAX)
    waiting = open_invitations(provider_id=provider.pk if provider else None, at=at)
    waiting.filter(email=email).update(revoked_at=at)
    days = INVITATION_DAYS_BY_ACMIDM if of_acmidm else INVITATION_DAYS
    key = secrets.token_urlsafe(32)
    invitation = Invitation.objects.create(
        provider=provider,
        email=email,
        name=name,
        role=role,
        digest=digest_of(key),
        invited_by=actor,
        invited_at=at,
        expires_at=at + timedelta(days=days),
    )
    # Signed, so that a row which SQL wrote has no link that opens it.
    _tell(invitation, link(Signer(salt=LINK).sign(key)))
    _record(actor, "invitation.send", invitation.pk, at, provider, role=role)
    return invitation


def _mailbox(address: str) -> str:
    """Where mail to an address arrives: what stands behind a plus changes nothing."""
    name, _, domain = address.rpartition("@")
    return f"{name.partition('+')[0]}@{domain}"


def _tell(invitation: Invitation, link: str) -> None:
    """In both languages: we do not know yet which one somebody reads."""
    text = []
    for language in ("nl", "en"):
        with override(language):
            about = {"invitation": invitation, "link": link}
            text.append(render_to_string("members/invitation.txt", about).strip())
    with override("nl"):
        subject = render_to_string("members/invitation_subject.txt").strip()
    post_mail(
        to=invitation.email,
        subject=subject,
        text="\n\n---\n\n".join(text),
        at=invitation.invited_at,
    )


@transaction.atomic
def withdraw_invitation(
    *, invitation: UUID, provider: Provider | None, actor: User, at: datetime
) -> None:
    """Take back an invitation that nobody accepted yet."""
    waiting = open_invitations(provider_id=provider.pk if provider else None, at=at)
    if not waiting.filter(pk=invitation).update(revoked_at=at):
        raise Refusal("invitation-gone")
    _record(actor, "invitation.withdraw", invitation, at, provider)


@transaction.atomic
def accept_invitation(
    *, key: str, user: User | None = None, password: str = "", at: datetime
) -> Capacity:
    """Give whom an invitation was sent to its role, once, and an account if they had none.

    Who has an account is signed in with it; who has none chooses a password. Done by the
    doorkeeper: a function of the database looks past the walls, and puts it on record.
    """
    asked = shown_invitation(key, at=at)
    if asked is None or not (password or (user and user.email == asked.email)):
        raise Refusal("invitation-gone")
    in_name_of(asked.email)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT * FROM cst_accept_invitation(%s, %s, %s, %s)",
            [
                *(key, at, user.pk if user else None),
                make_password(password) if password else None,
            ],
        )
        row = cursor.fetchone()
    if row is None:
        raise Refusal("invitation-gone")
    return Capacity(*row)


@transaction.atomic
def shut_out(*, provider: Provider, member: int, actor: User, at: datetime) -> None:
    """Take every role at a provider from a person, at once. What they signed stays nameable.

    Nor do the keys that they made for machines open anything any more, nor an invitation that they
    sent or were sent.
    """
    if member == actor.pk:
        raise Refusal("own-rights")
    here = members()
    if member not in {each.user_id for each in here}:
        raise Refusal("not-a-member")
    with connection.cursor() as cursor:
        cursor.execute("SELECT cst_shut_out(%s)", [member])
    address = next(each.email for each in here if each.user_id == member)
    theirs = Q(invited_by=member) | Q(email=address)
    open_invitations(provider_id=provider.pk, at=at).filter(theirs).update(revoked_at=at)
    Token.objects.filter(issued_by=member, revoked_at=None).update(revoked_at=at)
    _record(actor, "member.shut_out", member, at, provider)


@transaction.atomic
def let_in_again(*, provider: Provider, member: int, actor: User, at: datetime) -> None:
    """End that somebody of ACM/IDM is shut out at a provider: what ACM/IDM tells counts again."""
    if member not in {each.user_id for each in shut_out_by_us()}:
        raise Refusal("not-a-member")
    with connection.cursor() as cursor:
        cursor.execute("SELECT cst_let_in(%s)", [member])
    _record(actor, "member.let_in", member, at, provider)


@transaction.atomic
def note_arrival(*, user: User, capacities: Iterable[Capacity], at: datetime) -> None:
    """Keep that somebody came by ACM/IDM, as what at which provider: its manager sees them.

    Done by the doorkeeper, before anybody is inside.
    """
    roles: dict[str, list[str]] = {}
    for capacity in capacities:
        if capacity.place != AT_AGENCY:
            roles.setdefault(capacity.place, []).append(capacity.role)
    with connection.cursor() as cursor:
        for place, told in sorted(roles.items()):
            seal = sealed(f"arrival:{user.pk}:{place}:{','.join(told)}")
            cursor.execute(
                "SELECT cst_arrived(%s, %s, %s, %s, %s)", [user.pk, place, told, at, seal]
            )


@transaction.atomic
def take_agency_role(*, user: User, role: str, actor: Actor, at: datetime) -> None:
    """Take a role at the agency away, at once. Nobody takes their own: somebody must stay.

    Nor is anybody let in by an invitation that they sent or were sent.
    """
    if user.pk == actor.pk:
        raise Refusal("own-rights")
    group = Group.objects.filter(user=user, name=Capacity(AT_AGENCY, role).group_name).first()
    if group is None:
        raise Refusal("role-missing")
    if (
        role == "administrator"
        and not User.objects.filter(groups=group, is_active=True).exclude(pk=user.pk).exists()
    ):
        raise Refusal("last-administrator")
    user.groups.remove(group)
    theirs = Q(invited_by=user) | Q(email=user.email)
    open_invitations(provider_id=None, at=at).filter(theirs).update(revoked_at=at)
    _record(actor, "user.take", user.pk, at, None, role=role)


def _record(
    actor: Actor,
    action: str,
    subject: object,
    at: datetime,
    provider: Provider | None,
    **facts: object,
) -> None:
    record(
        actor=actor,
        action=action,
        subject_id=subject,
        at=at,
        provider_id=provider.pk if provider else None,
        facts=facts,
    )
