import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from apps.claims.models import Claim
from apps.contracts.models import Contract
from apps.providers.models import Provider
from cstraject.lifecycle import PAYMENT, RUN


def signature() -> models.ForeignKey:  # type: ignore[type-arg]
    """Who took a step of a run; a person who once signed stays nameable."""
    return models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.RESTRICT, null=True, related_name="+"
    )


class Run(models.Model):
    """The payment of what was delivered up to the end of a quarter: frozen, signed by two people.

    `content_sha256` is the digest of its lines as they were drawn up. Amounts in euro.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    quarter = models.CharField(max_length=7)
    state = models.CharField(max_length=10, default=RUN.first)
    total = models.DecimalField(max_digits=14, decimal_places=2)
    lines_count = models.PositiveIntegerField()
    content_sha256 = models.CharField(max_length=64)
    pays_on = models.DateField(null=True, help_text="The execution day asked of the bank.")
    drawn_up_at = models.DateTimeField()
    drawn_up_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.RESTRICT, related_name="+"
    )
    checked_at = models.DateTimeField(null=True)
    checked_by = signature()
    approved_at = models.DateTimeField(null=True)
    approved_by = signature()
    filed_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    sent_by = signature()
    settled_at = models.DateTimeField(null=True)
    abandoned_at = models.DateTimeField(null=True)
    abandoned_by = signature()
    abandoned_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="run_one_per_quarter", fields=["quarter"], condition=~Q(state="abandoned")
            ),
            models.CheckConstraint(name="run_state_known", condition=Q(state__in=RUN.states)),
            models.CheckConstraint(
                name="run_pays_something", condition=Q(total__gt=0, lines_count__gt=0)
            ),
            models.CheckConstraint(
                name="run_quarter_is_one", condition=Q(quarter__regex=r"^20[0-9]{2}-Q[1-4]$")
            ),
            models.CheckConstraint(
                name="run_approved_by_someone_else",
                condition=Q(approved_by=None)
                | ~Q(approved_by=F("checked_by")) & ~Q(approved_by=F("drawn_up_by")),
            ),
            models.CheckConstraint(
                name="run_signed_before_it_is_filed",
                condition=Q(state__in=("drawn_up", "abandoned"))
                | Q(checked_at__isnull=False, checked_by__isnull=False)
                & (
                    Q(state="checked", approved_at=None, approved_by=None)
                    | Q(approved_at__isnull=False, approved_by__isnull=False)
                ),
            ),
            models.CheckConstraint(
                name="run_filed_sent_settled_in_order",
                condition=Q(
                    state__in=("drawn_up", "checked", "approved", "abandoned"), filed_at=None
                )
                | Q(state="filed", filed_at__isnull=False, sent_at=None)
                | Q(state="sent", sent_at__isnull=False, settled_at=None)
                | Q(state="settled", settled_at__isnull=False),
            ),
            models.CheckConstraint(
                name="run_abandoned_with_a_reason",
                condition=~Q(state="abandoned") | ~Q(abandoned_reason=""),
            ),
        ]

    def __str__(self) -> str:
        return self.quarter


class Payment(models.Model):
    """What a run pays one provider: to which account, under which communication."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="payments")
    quarter = models.CharField(max_length=7)
    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="+")
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    payee_name = models.CharField(max_length=200)
    iban = models.CharField(max_length=34)
    communication = models.CharField(max_length=12, help_text="Structured: twelve digits.")
    end_to_end_id = models.CharField(max_length=35)
    state = models.CharField(max_length=10, default=PAYMENT.first)
    settled_on = models.DateField(null=True, help_text="Paid or refused.")
    returned_on = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="payment_of_provider", fields=["id", "provider"]),
            models.UniqueConstraint(name="payment_one_per_provider", fields=["run", "provider"]),
            models.UniqueConstraint(
                name="payment_found_by_its_end_to_end_id",
                fields=["end_to_end_id"],
                condition=~Q(state="abandoned"),
            ),
            models.CheckConstraint(
                name="payment_state_known", condition=Q(state__in=PAYMENT.states)
            ),
            models.CheckConstraint(name="payment_pays_something", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="payment_settled_on_a_day",
                condition=Q(state__in=("planned", "abandoned"), settled_on=None, returned_on=None)
                | Q(state__in=("paid", "refused"), settled_on__isnull=False, returned_on=None)
                | Q(state="returned", returned_on__gte=F("settled_on")),
            ),
        ]

    def __str__(self) -> str:
        return self.end_to_end_id


class PaymentLine(models.Model):
    """One claim in a payment, frozen. A claim is in one payment at a time, for its whole amount."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="+")
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="lines")
    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="lines")
    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="+")
    case_id = models.UUIDField(help_text="The dossier, as a value.")
    amount = models.DecimalField(max_digits=12, decimal_places=2)
    released_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="line_one_per_claim", fields=["claim"], condition=Q(released_at=None)
            ),
            models.CheckConstraint(name="line_pays_something", condition=Q(amount__gt=0)),
        ]

    def __str__(self) -> str:
        return str(self.claim_id)


class PaymentFile(models.Model):
    """The file of a run for the bank (pain.001.001.09): written once, kept as bytes."""

    run = models.OneToOneField(Run, on_delete=models.PROTECT, related_name="file")
    name = models.CharField(max_length=60)
    content = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    written_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
