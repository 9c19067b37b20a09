from django.db import models
from django.db.models import F, Q

from cstraject.kmo import PERIOD_RULES
from cstraject.terms import ONCE_ONLY_PER


class Edition(models.Model):
    """An edition of the programme: its terms, with a validity. Shares are fractions (0.4500)."""

    name = models.CharField(max_length=40, unique=True)
    valid_from = models.DateField()
    valid_until = models.DateField()
    rate = models.DecimalField(max_digits=5, decimal_places=4)
    vat_rate = models.DecimalField(max_digits=5, decimal_places=4)
    extended_price_max = models.DecimalField(
        max_digits=12, decimal_places=2, help_text="Euro excluding VAT, package and extension."
    )
    first_tranche_share = models.DecimalField(max_digits=5, decimal_places=4)
    first_tranche_threshold = models.DecimalField(max_digits=5, decimal_places=4)
    once_only_years = models.PositiveSmallIntegerField()
    claim_window_days = models.PositiveSmallIntegerField()
    run_day = models.PositiveSmallIntegerField(
        help_text="Day of the month after the quarter on which its run is drawn up."
    )
    decision_days = models.PositiveSmallIntegerField(
        default=30, help_text="Calendar days within which a filed dossier is decided."
    )
    answer_days = models.PositiveSmallIntegerField(
        default=14, help_text="Calendar days that a provider has to answer a question."
    )
    verification_days = models.PositiveSmallIntegerField(
        default=30, help_text="Calendar days within which a claim is verified [R-PAY-01]."
    )
    letter_note = models.TextField(
        blank=True, help_text="At the end of each decision letter: how to appeal, whom to ask."
    )
    de_minimis_includes_vat = models.BooleanField()
    maatwerk_exempt_from = models.DateField(null=True)
    # What is not known of the programme, with its default [domain 8].
    period_rule = models.CharField(max_length=20, default="two_consecutive")
    once_only_per = models.CharField(max_length=20, default="enterprise")
    de_minimis_boundary_counts = models.BooleanField(default=True)
    de_minimis_old_in_transition = models.BooleanField(default=False)
    overrides_by_two = models.BooleanField(
        default=True, help_text="Going against an answer of the rules takes a second officer."
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="edition_ends_after_it_begins",
                condition=Q(valid_until__gte=F("valid_from")),
            ),
            models.CheckConstraint(
                name="edition_shares_are_fractions",
                condition=Q(rate__gt=0, rate__lte=1)
                & Q(vat_rate__gte=0, vat_rate__lte=1)
                & Q(first_tranche_share__gt=0, first_tranche_share__lt=1)
                & Q(first_tranche_threshold__gt=0, first_tranche_threshold__lte=1),
            ),
            models.CheckConstraint(
                name="edition_readings_known",
                condition=Q(period_rule__in=PERIOD_RULES, once_only_per__in=ONCE_ONLY_PER),
            ),
            models.CheckConstraint(
                name="edition_run_day_follows_the_claim_window",
                condition=Q(run_day__gt=F("claim_window_days"), run_day__lte=28),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Package(models.Model):
    """A package of an edition: price band in euro excluding VAT, and its own validity."""

    edition = models.ForeignKey(Edition, on_delete=models.PROTECT, related_name="packages")
    code = models.CharField(max_length=20)
    price_min = models.DecimalField(max_digits=12, decimal_places=2)
    price_max = models.DecimalField(max_digits=12, decimal_places=2)
    valid_from = models.DateField()
    valid_until = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="package_once_per_edition", fields=["edition", "code"]),
            models.CheckConstraint(
                name="package_band_is_a_band", condition=Q(price_max__gte=F("price_min"))
            ),
            models.CheckConstraint(
                name="package_ends_after_it_begins",
                condition=Q(valid_until__gte=F("valid_from")),
            ),
        ]

    def __str__(self) -> str:
        return self.code


class LegalForm(models.Model):
    """A legal form that an edition accepts from a day on, or refuses."""

    edition = models.ForeignKey(Edition, on_delete=models.PROTECT, related_name="legal_forms")
    code = models.CharField(max_length=40)
    accepted_from = models.DateField(null=True, help_text="Empty: refused.")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="legal_form_once_per_edition", fields=["edition", "code"]),
        ]

    def __str__(self) -> str:
        return self.code


class ActivityRule(models.Model):
    """Activities that an edition accepts or refuses, by the beginning of their NACE-BEL code."""

    edition = models.ForeignKey(Edition, on_delete=models.PROTECT, related_name="activities")
    nace_version = models.CharField(max_length=10)
    prefix = models.CharField(max_length=5)
    accepted = models.BooleanField()
    valid_from = models.DateField()
    valid_until = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="activity_rule_once_a_day",
                fields=["edition", "nace_version", "prefix", "valid_from"],
            ),
            models.CheckConstraint(
                name="activity_rule_ends_after_it_begins",
                condition=Q(valid_until=None) | Q(valid_until__gte=F("valid_from")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.nace_version} {self.prefix}"
