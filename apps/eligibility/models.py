import uuid
from datetime import date

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from apps.programme.models import Edition
from apps.providers.models import Provider
from cstraject.eligibility import MET, NOT_MET, OUTCOMES, QUESTIONS
from cstraject.kmo import CATEGORIES
from cstraject.quarter import day_of


class FactSheet(models.Model):
    """What was stated about an enterprise, as it stood when a dossier was filed. Never changed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="+")
    enterprise_number = models.CharField(max_length=10)
    name = models.CharField(max_length=200)
    nace_version = models.CharField(max_length=10)
    nace_code = models.CharField(max_length=5)
    nace_label = models.CharField(max_length=200, blank=True)
    province = models.CharField(max_length=30, blank=True, help_text="Of the establishment served.")
    stated = models.JSONField(help_text="All that was stated; read by cstraject.eligibility.")
    source = models.CharField(max_length=200)
    stated_on = models.DateField()
    replaces = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="+")
    replaced_because = models.CharField(max_length=500, blank=True)
    replaced_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.RESTRICT,  # Who corrected stays nameable.
        null=True,
        related_name="+",
        help_text="Who corrected. Not kept of the first corrections.",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(name="fact_sheet_of_provider", fields=["id", "provider"]),
            models.CheckConstraint(
                name="fact_sheet_replaces_with_a_reason",
                condition=Q(replaces=None, replaced_because="")
                | Q(replaces__isnull=False) & ~Q(replaced_because=""),
            ),
            models.CheckConstraint(
                name="fact_sheet_replaced_by_somebody_replaces",
                condition=Q(replaced_by=None) | Q(replaces__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.enterprise_number


class Assessment(models.Model):
    """All questions put to a dossier by one version of the rules, on a day. Never changed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="+")
    facts = models.ForeignKey(FactSheet, on_delete=models.PROTECT, related_name="assessments")
    edition = models.ForeignKey(Edition, on_delete=models.PROTECT, related_name="+")
    rule_version = models.CharField(max_length=20)
    size_class = models.CharField(max_length=10, blank=True, help_text="Empty: not known.")
    on = models.DateField()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="assessment_of_provider", fields=["id", "provider"]),
            models.UniqueConstraint(name="assessment_of_facts", fields=["id", "facts"]),
            models.CheckConstraint(
                name="assessment_size_class_known",
                condition=Q(size_class="") | Q(size_class__in=CATEGORIES),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.facts_id} {self.on}"

    @property
    def granted_on(self) -> date:
        """The day as on which earlier help and aid count: aid is granted after the filing."""
        return day_of(self.at)


class Workings(models.Model):
    """What an assessment rests on, kept whole: for the agency alone. Never changed.

    It tells what the agency knows of others too: earlier help and aid, by whichever provider.
    """

    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="+")
    assessment = models.OneToOneField(Assessment, on_delete=models.PROTECT, related_name="workings")
    known = models.JSONField(help_text="Earlier help and aid, as the agency knew them.")
    size = models.JSONField(help_text="Lines, ties and sums, by cstraject.workings.")
    room = models.JSONField(null=True, help_text="De minimis: aid, ceilings, releases.")
    answers = models.JSONField(
        default=list, help_text="The agency's answers that say otherwise than the provider reads."
    )

    def __str__(self) -> str:
        return str(self.assessment_id)


class Answer(models.Model):
    """One question answered by the rules: outcome, finding with its figures, source."""

    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="+")
    assessment = models.ForeignKey(Assessment, on_delete=models.PROTECT, related_name="answers")
    question = models.CharField(max_length=30)
    outcome = models.CharField(max_length=10)
    finding = models.CharField(max_length=40)
    figures = models.JSONField(default=dict)
    source = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="answer_once_per_question", fields=["assessment", "question"]
            ),
            models.CheckConstraint(name="answer_outcome_known", condition=Q(outcome__in=OUTCOMES)),
            models.CheckConstraint(
                name="answer_question_known", condition=Q(question__in=QUESTIONS)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.question}: {self.outcome}"


class Finding(models.Model):
    """What a person found on a question, with the reason. Never changed.

    One that goes against an answer of the rules is an override; where the edition asks for two,
    it counts once a second officer confirmed it.
    """

    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="+")
    assessment = models.ForeignKey(Assessment, on_delete=models.PROTECT, related_name="findings")
    question = models.CharField(max_length=30)
    outcome = models.CharField(max_length=10)
    overrides = models.BooleanField(default=False)
    needs_a_second = models.BooleanField(default=False)
    reason = models.CharField(max_length=500)
    found_at = models.DateTimeField()
    found_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.RESTRICT,  # Who found something stays nameable.
        related_name="+",
    )

    class Meta:
        constraints = [
            models.CheckConstraint(name="finding_decides", condition=Q(outcome__in=(MET, NOT_MET))),
            models.CheckConstraint(
                name="finding_question_known", condition=Q(question__in=QUESTIONS)
            ),
            models.CheckConstraint(name="finding_has_a_reason", condition=~Q(reason="")),
            models.CheckConstraint(
                name="finding_by_two_is_an_override",
                condition=Q(needs_a_second=False) | Q(overrides=True),
            ),
            models.UniqueConstraint(
                name="finding_of_provider_by_whom", fields=["id", "provider", "found_by"]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.question}: {self.outcome}"


class Confirmation(models.Model):
    """A second officer confirmed an override. Never changed."""

    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="+")
    finding = models.OneToOneField(Finding, on_delete=models.PROTECT, related_name="confirmation")
    # Copied from the finding, and held to it by a composite key: four eyes in one row.
    found_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.RESTRICT, related_name="+"
    )
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.RESTRICT,  # Who confirmed stays nameable.
        related_name="+",
    )
    confirmed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="override_confirmed_by_someone_else",
                condition=~Q(confirmed_by=F("found_by")),
            ),
        ]

    def __str__(self) -> str:
        return str(self.finding_id)
