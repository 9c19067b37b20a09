"""What one may ask: the facts, how each question stands, and how it would stand otherwise."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from apps.accounts.models import User
from apps.eligibility.models import Assessment, FactSheet, Finding, Workings
from cstraject import eligibility, facts
from cstraject.deminimis import Aid


def facts_of(sheet: FactSheet) -> facts.Facts:
    """A fact sheet as the rules read it."""
    return facts.facts_from_json(sheet.stated, source=sheet.source, stated_on=sheet.stated_on)


@dataclass(frozen=True)
class Standing:
    """How a question stands: what the rules answered, and what a person found since."""

    answer: eligibility.Answer
    finding: Finding | None
    """The latest that counts."""
    pending: Finding | None
    """A later override that a second officer has not confirmed yet."""

    @property
    def outcome(self) -> str:
        return self.finding.outcome if self.finding else self.answer.outcome


def standings_of(assessment: Assessment, *, told: bool = False) -> list[Standing]:
    """Every question of an assessment in order, with the latest findings of persons on it.

    `told`: as the provider may read them, without what the agency granted to others.
    """
    fields = ("question", "outcome", "finding", "figures", "source")
    answers = {
        row["question"]: eligibility.Answer(**row) for row in assessment.answers.values(*fields)
    }
    if not told:
        answers |= {
            kept["question"]: eligibility.Answer(**kept)
            for kept in _kept_from_the_provider(assessment)
        }
    counts: dict[str, Finding] = {}
    pending: dict[str, Finding] = {}
    for finding in assessment.findings.select_related("confirmation").order_by("id"):
        pending.pop(finding.question, None)
        if finding.needs_a_second and not hasattr(finding, "confirmation"):
            pending[finding.question] = finding
        else:
            counts[finding.question] = finding
    return [
        Standing(answers[question], counts.get(question), pending.get(question))
        for question in eligibility.QUESTIONS
        if question in answers  # An older version of the rules asked fewer.
    ]


def _kept_from_the_provider(assessment: Assessment) -> list[dict[str, Any]]:
    """The agency's own answers, where they say otherwise than what the provider reads."""
    kept = Workings.objects.filter(assessment=assessment).values_list("answers", flat=True).first()
    return kept or []


def known_as_json(known: facts.Known) -> dict[str, Any]:
    """What the agency knew, to be kept with the assessment."""
    return {
        "provider": known.provider,
        "helped": [{"number": h.number, "on": h.on.isoformat()} for h in known.helped],
        "aid": [
            {
                "on": aid.on.isoformat(),
                "amount": str(aid.amount),
                "regulation": aid.regulation,
                "recipient": aid.recipient,
                "note": aid.note,
            }
            for aid in known.aid
        ],
    }


def known_of(workings: Workings | None) -> facts.Known:
    """What the agency knew when it assessed; nothing where that was not kept yet."""
    if workings is None:
        return facts.Known()
    kept: Mapping[str, Any] = workings.known
    return facts.Known(
        helped=tuple(
            facts.Helped(h["number"], date.fromisoformat(h["on"])) for h in kept["helped"]
        ),
        aid=tuple(
            Aid(
                on=date.fromisoformat(aid["on"]),
                amount=Decimal(aid["amount"]),
                regulation=aid["regulation"],
                recipient=aid["recipient"],
                note=aid["note"],
            )
            for aid in kept["aid"]
        ),
        provider=kept["provider"],
    )


def overrides_to_confirm(user: User) -> QuerySet[Finding]:
    """The findings against the rules that wait for a second officer, as somebody else than who
    found them; not those that another finding came after."""
    later = Finding.objects.filter(
        assessment=OuterRef("assessment"), question=OuterRef("question"), pk__gt=OuterRef("pk")
    )
    waiting = Finding.objects.filter(~Exists(later), needs_a_second=True, confirmation=None)
    return waiting.exclude(found_by=user).order_by("found_at", "pk")


def facts_history(sheet: FactSheet) -> list[FactSheet]:
    """A fact sheet and those that it replaced, the newest first."""
    if sheet.replaces_id is None:
        return [sheet]
    before = {
        one.pk: one
        for one in FactSheet.objects.filter(
            provider_id=sheet.provider_id, enterprise_number=sheet.enterprise_number
        ).select_related("replaced_by")
    }
    history = [before[sheet.pk]]
    while (replaced := history[-1].replaces_id) is not None:
        # Found already: nobody asks for it again.
        history[-1].replaces = before[replaced]
        history.append(before[replaced])
    return history


def facts_filed(sheet: FactSheet) -> FactSheet:
    """What the provider stated: the first of the sheets that a fact sheet replaced."""
    if sheet.replaces_id is not None:
        same = FactSheet.objects.filter(
            provider_id=sheet.provider_id, enterprise_number=sheet.enterprise_number
        ).in_bulk()
        while sheet.replaces_id is not None:
            sheet = same[sheet.replaces_id]
    return sheet


def has_corrected(user: User, sheet: FactSheet) -> bool:
    """Whether somebody made one of the corrections that led to a fact sheet."""
    return any(one.replaced_by_id == user.pk for one in facts_history(sheet))
