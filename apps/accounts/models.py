from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.accounts.keys import in_name_of

PERSON, MACHINE, ROBOT = KINDS = ("person", "machine", "robot")


class UserManager(BaseUserManager["User"]):
    """Makes and finds accounts by their e-mail address, in small letters."""

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").strip().lower())


class User(AbstractBaseUser, PermissionsMixin):
    """Who signs in: a person, a provider's machine, or the timetable (which never signs in).

    An account is shut, never removed: what it signed stays nameable.
    """

    email = models.EmailField(_("E-mail address"), unique=True)
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=10, choices=[(k, k) for k in KINDS], default=PERSON)
    is_active = models.BooleanField(default=True)

    objects = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        # What a person may do at the agency; held through groups, one per role.
        permissions = [
            ("open_dossiers", "open the pages of dossiers in sight"),
            ("see_portfolio", "see all dossiers, contracts, claims and runs"),
            ("see_answers", "make the answers to parliament"),
            ("handle_dossiers", "take dossiers, hand them over, write to providers about them"),
            ("decide_dossiers", "assess, approve and refuse dossiers, keep the register duty"),
            ("stop_dossiers", "stop dossiers"),
            ("verify_claims", "verify claims or send them back"),
            ("check_runs", "draw up, check and abandon runs"),
            ("approve_runs", "approve runs"),
            ("settle_runs", "take the payment file to the bank and settle payments"),
            ("amend_contracts", "award contracts, amend budgets, shift them with a colleague"),
            ("see_editions", "see the editions of the programme and their terms"),
            ("manage_editions", "prepare editions and change them until they decided"),
            ("see_people", "see who works here, in which role"),
            ("manage_people", "invite people at the agency, give them roles and take them away"),
        ]
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                name="user_is_never_above_the_rules", condition=Q(is_superuser=False)
            ),
            models.CheckConstraint(name="user_kind_known", condition=Q(kind__in=KINDS)),
            models.CheckConstraint(
                name="user_robot_never_signs_in", condition=~Q(kind="robot") | Q(is_active=False)
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def set_password(self, raw_password: str | None) -> None:
        """Choose another one, in their own name: the database lets nobody else's be changed."""
        super().set_password(raw_password)
        if self.pk:
            in_name_of(self.email)
