from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from apps.contracts.models import Contract
from apps.documents.models import Document
from apps.eligibility.models import Assessment, FactSheet
from apps.providers.models import Provider
from cstraject.lifecycle import DOSSIER

DECIDED = ("approved", "in_delivery", "completed", "stopped")


class Numbering(models.Model):
    """The last number that a provider's dossiers reached in a year."""

    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="+")
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="numbering_per_year", fields=["provider", "year"]),
        ]

    def __str__(self) -> str:
        return f"{self.year}: {self.last}"


class Dossier(models.Model):
    """The case of one enterprise with one provider, from filing to end report.

    The state moves through `services` alone. What must never be true of a dossier, whoever
    writes it, stands below as a constraint. Amounts in euro.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="+")
    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="+")
    reference = models.CharField(max_length=50, help_text="For people: TOREON-2026-014.")
    imported_as = models.CharField(max_length=50, blank=True, help_text="Its name in a file.")
    state = models.CharField(max_length=20, default=DOSSIER.first)

    enterprise_number = models.CharField(max_length=10)
    enterprise_name = models.CharField(max_length=200)
    facts = models.OneToOneField(FactSheet, on_delete=models.PROTECT, related_name="+")
    # Signed for this dossier and no other.
    offer = models.OneToOneField(Document, on_delete=models.PROTECT, related_name="+")
    declaration = models.OneToOneField(Document, on_delete=models.PROTECT, related_name="+")
    package = models.CharField(max_length=20)
    with_extension = models.BooleanField()
    price_excl_vat = models.DecimalField(max_digits=12, decimal_places=2)
    person_days = models.DecimalField(max_digits=7, decimal_places=1)

    submitted_on = models.DateField()
    submitted_at = models.DateTimeField()
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.RESTRICT,  # Who filed stays nameable.
        related_name="+",
    )
    assessment = models.ForeignKey(
        Assessment, on_delete=models.PROTECT, null=True, related_name="+"
    )
    decided_on = models.DateField(null=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.RESTRICT,  # Who decided stays nameable.
        null=True,
        related_name="+",
    )
    decision_reason = models.CharField(max_length=500, blank=True)
    share = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    vat = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    granted_incl_vat = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    helped_until = models.DateField(
        null=True, help_text="The first day on which the enterprise may be helped again."
    )
    letter = models.OneToOneField(
        Document,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text="What the agency decided, as it was told: made once.",
    )
    started_on = models.DateField(null=True)
    completed_on = models.DateField(null=True)
    end_report_on = models.DateField(null=True)
    ended_on = models.DateField(null=True, help_text="Withdrawn or stopped.")
    ended_reason = models.CharField(max_length=500, blank=True)
    keeps = models.DecimalField(
        max_digits=12,
        decimal_places=2,
        null=True,
        help_text="What the provider is entitled to in all, when it ended.",
    )
    comes_back = models.DecimalField(
        max_digits=12,
        decimal_places=2,
        null=True,
        help_text="What was paid beyond what the provider keeps, when it ended.",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(name="dossier_of_provider", fields=["id", "provider"]),
            models.UniqueConstraint(
                name="dossier_reference_once", fields=["provider", "reference"]
            ),
            models.UniqueConstraint(
                name="dossier_imported_once",
                fields=["provider", "imported_as"],
                condition=~Q(imported_as=""),
            ),
            models.CheckConstraint(
                name="dossier_state_known", condition=Q(state__in=DOSSIER.states)
            ),
            models.CheckConstraint(
                name="dossier_offers_something",
                condition=Q(price_excl_vat__gt=0, person_days__gt=0),
            ),
            models.CheckConstraint(
                name="dossier_decided_whole_or_not_at_all",
                condition=Q(decided_on=None, decided_at=None, decided_by=None, state="submitted")
                | Q(decided_on=None, decided_at=None, decided_by=None, state="withdrawn")
                | Q(
                    decided_on__isnull=False,
                    decided_at__isnull=False,
                    decided_by__isnull=False,
                    assessment__isnull=False,
                )
                & ~Q(state="submitted"),
            ),
            models.CheckConstraint(
                name="dossier_granted_when_approved",
                condition=Q(
                    state__in=("submitted", "refused"),
                    granted_incl_vat=None,
                    share=None,
                    vat=None,
                    helped_until=None,
                )
                | Q(
                    state__in=DECIDED,
                    granted_incl_vat__isnull=False,
                    share__isnull=False,
                    vat__isnull=False,
                    granted_incl_vat=F("share") + F("vat"),
                    share__gt=0,
                    helped_until__isnull=False,
                )
                | Q(state="withdrawn", helped_until=None),
            ),
            models.CheckConstraint(
                name="dossier_refused_with_a_reason",
                condition=~Q(state="refused") | ~Q(decision_reason=""),
            ),
            models.CheckConstraint(
                name="dossier_starts_after_approval",
                condition=Q(started_on=None)
                | Q(decided_on__isnull=False, started_on__gte=F("decided_on")),
            ),
            models.CheckConstraint(
                name="dossier_started_when_in_delivery",
                condition=Q(
                    state__in=("in_delivery", "completed", "stopped"), started_on__isnull=False
                )
                | Q(state__in=("submitted", "approved", "refused", "withdrawn"), started_on=None),
            ),
            models.CheckConstraint(
                name="dossier_completed_after_start",
                condition=Q(completed_on=None) & ~Q(state="completed")
                | Q(completed_on__gte=F("started_on"), state__in=("completed", "stopped")),
            ),
            models.CheckConstraint(
                name="dossier_end_report_after_completion",
                condition=Q(end_report_on=None)
                | Q(completed_on__isnull=False, end_report_on__gte=F("completed_on")),
            ),
            models.CheckConstraint(
                name="dossier_ended_with_a_reason",
                condition=Q(ended_on=None, ended_reason="", comes_back=None, keeps=None)
                & ~Q(state__in=("withdrawn", "stopped"))
                | Q(
                    state__in=("withdrawn", "stopped"),
                    ended_on__isnull=False,
                    comes_back__isnull=False,
                    comes_back__gte=0,
                    keeps__isnull=False,
                    keeps__gte=0,
                )
                & ~Q(ended_reason=""),
            ),
        ]
        indexes = [
            models.Index(name="dossier_list", fields=["provider", "-submitted_on", "-id"]),
            models.Index(name="dossier_list_of_all", fields=["-submitted_on", "-id"]),
            models.Index(name="dossier_by_state", fields=["state", "submitted_on"]),
            models.Index(name="dossier_by_enterprise", fields=["enterprise_number"]),
            models.Index(
                name="dossier_letter_due",
                fields=["decided_at"],
                condition=Q(letter=None, imported_as="", decided_at__isnull=False),
            ),
            # The first of a long queue is found without sorting the rest.
            models.Index(
                name="dossier_to_assess",
                fields=["submitted_at"],
                condition=Q(state="submitted", assessment=None),
            ),
        ]

    def __str__(self) -> str:
        return self.reference


class Amendment(models.Model):
    """What an offer was before it was amended after approval, and why. Never changed.

    A grant only shrinks by it: what the dossier needs no more is released. Amounts in euro.
    """

    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="+")
    dossier = models.ForeignKey(Dossier, on_delete=models.PROTECT, related_name="amendments")
    on = models.DateField()
    price_before = models.DecimalField(max_digits=12, decimal_places=2)
    price_after = models.DecimalField(max_digits=12, decimal_places=2)
    days_before = models.DecimalField(max_digits=7, decimal_places=1)
    days_after = models.DecimalField(max_digits=7, decimal_places=1)
    granted_before = models.DecimalField(max_digits=12, decimal_places=2)
    granted_after = models.DecimalField(max_digits=12, decimal_places=2)
    reason = models.CharField(max_length=500)
    amended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.RESTRICT,  # Who amended it stays nameable.
        related_name="+",
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="amendment_only_shrinks",
                condition=Q(
                    price_after__lte=F("price_before"), granted_after__lte=F("granted_before")
                )
                & ~Q(reason=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.dossier_id}: {self.price_after}"


class Draft(models.Model):
    """What somebody is preparing to file, as it was typed, step by step.

    It is no dossier yet: nobody at the agency reads it, and nothing is decided on it. It is never
    removed, so that what was begun and never filed can be counted by day, sector, size and
    province [answer 526, question 1g].
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="+")
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.RESTRICT,  # Who began it stays nameable.
        related_name="+",
    )
    started_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.RESTRICT, related_name="+"
    )
    steps = models.JSONField(
        default=dict,
        help_text="Per step what was typed, in which language, how often saved, by whom and when.",
    )
    saved = models.PositiveIntegerField(default=0, help_text="How often anything of it was kept.")
    enterprise_number = models.CharField(max_length=10, blank=True)
    enterprise_name = models.CharField(max_length=200, blank=True)
    nace_code = models.CharField(max_length=10, blank=True)
    postal_code = models.CharField(max_length=4, blank=True)
    headcount = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    offer = models.ForeignKey(Document, on_delete=models.PROTECT, null=True, related_name="+")
    declaration = models.ForeignKey(Document, on_delete=models.PROTECT, null=True, related_name="+")
    discarded_on = models.DateField(null=True)
    filed_on = models.DateField(null=True)
    dossier = models.OneToOneField(
        Dossier, on_delete=models.PROTECT, null=True, related_name="draft"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="draft_filed_or_discarded_or_neither",
                condition=Q(dossier=None, filed_on=None)
                | Q(dossier__isnull=False, filed_on__isnull=False, discarded_on=None),
            ),
        ]
        indexes = [
            models.Index(
                name="draft_in_hand",
                fields=["provider", "-changed_at"],
                condition=Q(dossier=None, discarded_on=None),
            ),
        ]

    def __str__(self) -> str:
        return self.enterprise_name or str(self.id)


class RegisterEntry(models.Model):
    """What the European register of de minimis aid says of a dossier, since a day. Never changed.

    The grant must stand there within twenty working days; less aid is a later entry, nought when
    all of it was taken back [R-DM-22, R-DM-23].
    """

    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="+")
    dossier = models.ForeignKey(Dossier, on_delete=models.PROTECT, related_name="register_entries")
    amount = models.DecimalField(max_digits=12, decimal_places=2)
    reference = models.CharField(max_length=60, help_text="The register's own.")
    entered_on = models.DateField()
    entered_at = models.DateTimeField()
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.RESTRICT,  # Who entered it stays nameable.
        related_name="+",
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="register_entry_says_something",
                condition=Q(amount__gte=0) & ~Q(reference=""),
            ),
        ]

    def __str__(self) -> str:
        return self.reference


OPENED, CLOSED = ACCESSES = ("opened", "closed")


class Access(models.Model):
    """A single dossier opened to somebody who by their role sees none, or closed to somebody who
    does, until a day. It is ended, never removed.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="+")
    dossier = models.ForeignKey(Dossier, on_delete=models.PROTECT, related_name="accesses")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.RESTRICT, related_name="accesses"
    )
    kind = models.CharField(max_length=10)
    until = models.DateField(help_text="The last day.")
    reason = models.TextField()
    given_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.RESTRICT, related_name="+"
    )
    given_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="access_opened_or_closed", condition=Q(kind__in=ACCESSES)),
            models.CheckConstraint(name="access_has_a_reason", condition=~Q(reason="")),
            models.CheckConstraint(
                name="access_given_by_somebody_else", condition=~Q(user=F("given_by"))
            ),
        ]
        indexes = [
            models.Index(name="access_in_force", fields=["user"], condition=Q(ended_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.dossier_id}: {self.kind}"
