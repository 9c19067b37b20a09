import uuid
from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from apps.programme.models import Edition
from apps.providers.models import Provider

AWARD, COMMIT, RELEASE, PAY, RETURN = KINDS = ("award", "commit", "release", "pay", "return")


class Contract(models.Model):
    """A provider's framework contract under an edition, with its budget in euro including VAT.

    The three balances are the sums of the ledger. A trigger on the ledger is their only writer;
    another change of them is refused by the database, whoever asks.
    """

    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="contracts")
    edition = models.ForeignKey(Edition, on_delete=models.PROTECT, related_name="+")
    valid_from = models.DateField()
    valid_until = models.DateField()
    budget = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    committed = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    paid = models.DecimalField(max_digits=14, decimal_places=2, default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="contract_of_provider", fields=["id", "provider"]),
            models.UniqueConstraint(
                name="contract_once_per_edition", fields=["provider", "edition"]
            ),
            models.CheckConstraint(
                name="contract_commits_within_budget",
                condition=Q(committed__gte=0, committed__lte=F("budget")),
            ),
            models.CheckConstraint(
                name="contract_pays_what_is_committed",
                condition=Q(paid__gte=0, paid__lte=F("committed")),
            ),
            models.CheckConstraint(
                name="contract_ends_after_it_begins",
                condition=Q(valid_until__gte=F("valid_from")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider_id}/{self.edition_id}"

    @property
    def left(self) -> Decimal:
        """What can still be committed, in euro including VAT."""
        return self.budget - self.committed


class LedgerEntry(models.Model):
    """Money moves on a contract: awarded, committed, released, paid or returned, in euro.

    Rows are never changed or removed; a correction is a new row. `case_id` is the dossier that
    it concerns, `cause_id` the deed that caused it, both as values.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="+")
    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="entries")
    kind = models.CharField(max_length=10, choices=[(k, k) for k in KINDS])
    amount = models.DecimalField(max_digits=12, decimal_places=2)
    on = models.DateField(help_text="The day from which it counts.")
    recorded_at = models.DateTimeField(db_default=Now())
    case_id = models.UUIDField(null=True)
    cause_id = models.UUIDField(null=True)
    reason = models.CharField(max_length=200, blank=True)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.RESTRICT,  # Who moved money stays nameable.
        related_name="+",
    )

    class Meta:
        constraints = [
            models.CheckConstraint(name="entry_kind_known", condition=Q(kind__in=KINDS)),
            models.CheckConstraint(
                name="entry_moves_something",
                # A budget may be lowered; everything else has its own word for less.
                condition=Q(amount__gt=0) | Q(kind=AWARD) & ~Q(amount=0),
            ),
            models.CheckConstraint(
                name="entry_names_its_case",
                condition=Q(kind=AWARD) | Q(case_id__isnull=False),
            ),
            models.UniqueConstraint(
                name="entry_commits_a_case_once", fields=["case_id"], condition=Q(kind=COMMIT)
            ),
            models.UniqueConstraint(
                name="entry_once_per_cause",
                fields=["cause_id", "kind"],
                condition=Q(cause_id__isnull=False),
            ),
        ]
        indexes = [
            models.Index(name="entry_by_case", fields=["case_id", "on"]),
            models.Index(name="entry_by_contract", fields=["contract", "on"]),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount}"


class Shift(models.Model):
    """Budget that goes from one contract to another: proposed by one person, decided by another."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    source = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="+")
    target = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="+")
    amount = models.DecimalField(max_digits=12, decimal_places=2)
    reason = models.CharField(max_length=200)
    proposed_at = models.DateTimeField()
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.RESTRICT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.RESTRICT, null=True, related_name="+"
    )
    done = models.BooleanField(null=True, help_text="Empty as long as nobody decided.")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="shift_goes_somewhere_else",
                condition=Q(amount__gt=0) & ~Q(source=F("target")) & ~Q(reason=""),
            ),
            models.CheckConstraint(
                name="shift_done_by_another",
                condition=Q(done=None, decided_at=None, decided_by=None)
                | Q(done__isnull=False, decided_at__isnull=False, decided_by__isnull=False)
                & (Q(done=False) | ~Q(decided_by=F("proposed_by"))),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source_id} → {self.target_id}: {self.amount}"
