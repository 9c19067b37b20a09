"""What one may do: keep facts as stated, keep an assessment whole, record what a person found."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db import transaction

from apps.accounts.models import User
from apps.eligibility.models import Answer, Assessment, FactSheet, Finding
from apps.eligibility.selectors import facts_of
from apps.programme.models import Edition
from apps.programme.selectors import terms_of
from cstraject import eligibility
from cstraject.places import province_of
from cstraject.refusal import Refusal


@transaction.atomic
def keep_facts(
    *, provider_id: int, stated: Mapping[str, Any], source: str, stated_on: date
) -> FactSheet:
    """Keep what is stated about an enterprise; refuses what cannot be read."""
    facts = eligibility.facts_from_json(dict(stated), source=source, stated_on=stated_on)
    return FactSheet.objects.create(
        provider_id=provider_id,
        enterprise_number=facts.number,
        name=facts.name,
        nace_version=facts.nace_version,
        nace_code=facts.nace_code,
        nace_label=facts.nace_label,
        province=province_of(facts.postal_code, on=stated_on) or "",
        stated=dict(stated),
        source=source,
        stated_on=stated_on,
    )


@transaction.atomic
def keep_assessment(
    *,
    sheet: FactSheet,
    offer: eligibility.Offer,
    edition: Edition,
    helped_on: list[date],
    on: date,
    at: datetime,
) -> Assessment:
    """Put every question to the facts as they stood, and keep the answers with their figures."""
    found = eligibility.assess(
        facts_of(sheet), offer=offer, terms=terms_of(edition), on=on, helped_on=helped_on
    )
    assessment = Assessment.objects.create(
        provider_id=sheet.provider_id,
        facts=sheet,
        edition=edition,
        rule_version=found.rule_version,
        size_class=found.size_class or "",
        on=on,
        at=at,
    )
    Answer.objects.bulk_create(
        Answer(
            provider_id=sheet.provider_id,
            assessment=assessment,
            question=answer.question,
            outcome=answer.outcome,
            finding=answer.finding,
            figures=dict(answer.figures),
            source=answer.source,
        )
        for answer in found.answers
    )
    return assessment


@transaction.atomic
def keep_finding(
    *,
    assessment: Assessment,
    question: str,
    outcome: str,
    reason: str,
    actor: User,
    at: datetime,
) -> Finding:
    """Record what a person found on a question that the rules left open, with the reason."""
    answer = assessment.answers.filter(question=question).first()
    if answer is None or outcome not in (eligibility.MET, eligibility.NOT_MET):
        raise Refusal("unknown-question", given=question[:30])
    if answer.outcome in (eligibility.MET, eligibility.NOT_MET):
        raise Refusal("question-answered", question=question)
    if not reason.strip():
        raise Refusal("reason-missing")
    return Finding.objects.create(
        provider_id=assessment.provider_id,
        assessment=assessment,
        question=question,
        outcome=outcome,
        reason=reason.strip()[:500],
        found_at=at,
        found_by=actor,
    )
