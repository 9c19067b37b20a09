"""What one may ask: the facts, and how each question stands."""

from dataclasses import dataclass

from apps.eligibility.models import Answer, Assessment, FactSheet, Finding
from cstraject import eligibility


def facts_of(sheet: FactSheet) -> eligibility.Facts:
    """A fact sheet as the rules read it."""
    return eligibility.facts_from_json(sheet.stated, source=sheet.source, stated_on=sheet.stated_on)


@dataclass(frozen=True)
class Standing:
    """How a question stands: what the rules answered, and what a person found since."""

    answer: Answer
    finding: Finding | None

    @property
    def outcome(self) -> str:
        return self.finding.outcome if self.finding else self.answer.outcome


def standings_of(assessment: Assessment) -> list[Standing]:
    """Every question of an assessment in order, with the latest finding of a person on it."""
    answers = {answer.question: answer for answer in assessment.answers.all()}
    findings = {finding.question: finding for finding in assessment.findings.order_by("id")}
    return [
        Standing(answers[question], findings.get(question)) for question in eligibility.QUESTIONS
    ]
