import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from apps.documents.models import Document
from apps.dossiers.models import Dossier
from apps.providers.models import Provider
from cstraject.delivery import PHASES, Delivered
from cstraject.lifecycle import CLAIM

MEASURES = ("days", "amount")


class Statement(models.Model):
    """What was delivered on a dossier since its start, by the end of a quarter (prestatiestaat).

    Person-days and euro excluding VAT, cumulative; by phase where the provider told it so. A
    correction is a new version.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="+")
    dossier = models.ForeignKey(Dossier, on_delete=models.PROTECT, related_name="statements")
    quarter = models.CharField(max_length=7, help_text="For example 2022-Q1.")
    version = models.PositiveSmallIntegerField(default=1)
    person_days = models.DecimalField(max_digits=7, decimal_places=1)
    amount = models.DecimalField(max_digits=12, decimal_places=2)
    analysis_days = models.DecimalField(max_digits=7, decimal_places=1, null=True)
    analysis_amount = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    plan_days = models.DecimalField(max_digits=7, decimal_places=1, null=True)
    plan_amount = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    guidance_days = models.DecimalField(max_digits=7, decimal_places=1, null=True)
    guidance_amount = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    filed_on = models.DateField()
    filed_at = models.DateTimeField()
    filed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.RESTRICT,  # Who stated this stays nameable.
        related_name="+",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(name="statement_of_provider", fields=["id", "provider"]),
            models.UniqueConstraint(name="statement_of_dossier", fields=["id", "dossier"]),
            models.UniqueConstraint(
                name="statement_version_once", fields=["dossier", "quarter", "version"]
            ),
            models.CheckConstraint(
                name="statement_not_below_zero", condition=Q(person_days__gte=0, amount__gte=0)
            ),
            models.CheckConstraint(
                name="statement_phases_add_up",
                condition=Q(**{f"{phase}_{what}": None for phase in PHASES for what in MEASURES})
                | Q(**{f"{phase}_{what}__gte": 0 for phase in PHASES for what in MEASURES})
                & Q(
                    person_days=F("analysis_days") + F("plan_days") + F("guidance_days"),
                    amount=F("analysis_amount") + F("plan_amount") + F("guidance_amount"),
                ),
            ),
            models.CheckConstraint(
                name="statement_quarter_is_one",
                condition=Q(quarter__regex=r"^20[0-9]{2}-Q[1-4]$"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quarter} v{self.version}"

    @property
    def phases(self) -> dict[str, Delivered] | None:
        """What was delivered of each phase; none where only the whole was stated."""
        if self.analysis_days is None:
            return None
        return {
            phase: Delivered(*(getattr(self, f"{phase}_{what}") for what in MEASURES))
            for phase in PHASES
        }


class Claim(models.Model):
    """A provider asks a tranche of a dossier's grant to be paid, on the ground of a statement.

    The amount in euro including VAT stands from filing on.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="+")
    dossier = models.ForeignKey(Dossier, on_delete=models.PROTECT, related_name="claims")
    statement = models.ForeignKey(Statement, on_delete=models.PROTECT, related_name="claims")
    tranche = models.PositiveSmallIntegerField()
    quarter = models.CharField(max_length=7)
    amount = models.DecimalField(max_digits=12, decimal_places=2)
    state = models.CharField(max_length=10, default=CLAIM.first)
    filed_on = models.DateField()
    filed_at = models.DateTimeField()
    filed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.RESTRICT,  # Who claimed stays nameable.
        related_name="+",
    )
    verified_at = models.DateTimeField(null=True)
    verified_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.RESTRICT,  # Who verified stays nameable.
        null=True,
        related_name="+",
    )
    sent_back_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="claim_of_provider", fields=["id", "provider"]),
            models.UniqueConstraint(
                name="claim_one_per_tranche",
                fields=["dossier", "tranche"],
                condition=~Q(state="sent_back"),
            ),
            models.CheckConstraint(name="claim_state_known", condition=Q(state__in=CLAIM.states)),
            models.CheckConstraint(name="claim_tranche_known", condition=Q(tranche__in=(1, 2))),
            models.CheckConstraint(name="claim_asks_something", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="claim_verified_before_it_is_paid",
                condition=Q(state="submitted", verified_at=None, verified_by=None)
                | Q(
                    state__in=("verified", "in_run", "paid"),
                    verified_at__isnull=False,
                    verified_by__isnull=False,
                )
                | Q(state="sent_back"),
            ),
            models.CheckConstraint(
                name="claim_sent_back_with_a_reason",
                condition=Q(state="sent_back") & ~Q(sent_back_reason="")
                | ~Q(state="sent_back") & Q(sent_back_reason=""),
            ),
        ]
        indexes = [
            models.Index(name="claim_by_state", fields=["state", "quarter"]),
            models.Index(name="claim_of_provider_by_state", fields=["provider", "state"]),
        ]

    def __str__(self) -> str:
        return f"{self.dossier_id}/{self.tranche}"


class EndReport(models.Model):
    """What a trajectory achieved: told by the provider once the work is done, read by the agency.

    Measures realised and what remains in the action plan (as `cstraject.measures` reads them),
    the effort of the provider and of the enterprise in person-days. A correction is a new version.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="+")
    dossier = models.ForeignKey(Dossier, on_delete=models.PROTECT, related_name="end_reports")
    version = models.PositiveSmallIntegerField(default=1)
    measures = models.JSONField()
    person_days = models.DecimalField(max_digits=7, decimal_places=1)
    own_days = models.DecimalField(
        max_digits=7, decimal_places=1, null=True, help_text="Of the enterprise itself."
    )
    feedback = models.TextField(blank=True, help_text="What the enterprise says of it.")
    document = models.OneToOneField(
        Document,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text="The report, signed by the enterprise.",
    )
    state = models.CharField(max_length=10, default="filed")
    filed_on = models.DateField()
    filed_at = models.DateTimeField()
    filed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.RESTRICT,  # Who reported stays nameable.
        related_name="+",
    )
    judged_on = models.DateField(null=True)
    judged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.RESTRICT,  # Who accepted it or sent it back stays nameable.
        null=True,
        related_name="+",
    )
    sent_back_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="end_report_version_once", fields=["dossier", "version"]),
            models.UniqueConstraint(
                name="end_report_one_at_a_time",
                fields=["dossier"],
                condition=~Q(state="sent_back"),
            ),
            models.CheckConstraint(
                name="end_report_judged_whole_or_not_at_all",
                condition=Q(state="filed", judged_on=None, judged_by=None, sent_back_reason="")
                | Q(
                    state="accepted",
                    judged_on__isnull=False,
                    judged_by__isnull=False,
                    sent_back_reason="",
                )
                | Q(state="sent_back", judged_on__isnull=False, judged_by__isnull=False)
                & ~Q(sent_back_reason=""),
            ),
            models.CheckConstraint(
                name="end_report_effort_not_below_zero",
                condition=Q(person_days__gte=0) & (Q(own_days=None) | Q(own_days__gte=0)),
            ),
        ]
        indexes = [
            models.Index(
                name="end_report_to_read", fields=["filed_at"], condition=Q(state="filed")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.dossier_id} v{self.version}"
