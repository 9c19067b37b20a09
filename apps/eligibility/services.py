"""What one may do: keep facts as stated, keep an assessment whole, record what a person found."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from django.db import transaction

from apps.accounts.models import User
from apps.eligibility.models import (
    Answer,
    Assessment,
    Confirmation,
    FactSheet,
    Finding,
    Workings,
)
from apps.eligibility.selectors import facts_of, known_as_json, standings_of
from apps.programme.models import Edition
from apps.programme.selectors import terms_of
from cstraject import eligibility, facts
from cstraject.places import province_of
from cstraject.quarter import day_of
from cstraject.refusal import Refusal
from cstraject.workings import room_as_json, size_as_json


@transaction.atomic
def keep_facts(
    *,
    provider_id: int,
    stated: Mapping[str, Any],
    source: str,
    stated_on: date,
    replaces: FactSheet | None = None,
    because: str = "",
    actor: User | None = None,
) -> FactSheet:
    """Keep what is stated about an enterprise; refuses what cannot be read.

    What it replaces stays as it was. Refuses (`other-enterprise`) facts about another enterprise,
    and a replacement without a reason.
    """
    read = facts.facts_from_json(dict(stated), source=source, stated_on=stated_on)
    if replaces is not None:
        if read.number != replaces.enterprise_number:
            raise Refusal("other-enterprise", given=read.number)
        if not because.strip():
            raise Refusal("reason-missing")
    return FactSheet.objects.create(
        provider_id=provider_id,
        enterprise_number=read.number,
        name=read.name,
        nace_version=read.nace_version,
        nace_code=read.nace_code,
        nace_label=read.nace_label,
        province=province_of(read.postal_code, on=stated_on) or "",
        stated=dict(stated),
        source=source,
        stated_on=stated_on,
        replaces=replaces,
        replaced_because=because.strip()[:500],
        replaced_by=actor,
    )


@transaction.atomic
def keep_assessment(
    *,
    sheet: FactSheet,
    offer: facts.Offer,
    edition: Edition,
    known: facts.Known,
    on: date,
    at: datetime,
    keep_back: bool = False,
) -> Assessment:
    """Put every question to the facts as they stood; keep the answers and what they rest on.

    Earlier help and aid count as on the day of `at`. `keep_back`: the provider was told enough
    about others, and reads of them no more than that a person looks.
    """
    read, terms, granted_on = facts_of(sheet), terms_of(edition), day_of(at)
    found = eligibility.assess(
        read, offer=offer, terms=terms, on=on, granted_on=granted_on, known=known
    )
    told = [
        eligibility.kept_back(answer)
        if keep_back and answer.question in eligibility.ABOUT_OTHERS
        else answer
        for answer in found.told
    ]
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
        for answer in told
    )
    Workings.objects.create(
        provider_id=sheet.provider_id,
        assessment=assessment,
        known=known_as_json(known),
        size=size_as_json(found.size, read.graph, on=on, rule=terms.period_rule),
        room=found.room
        and room_as_json(
            found.room,
            eligibility.releases_for(read, terms=terms, on=granted_on, known=known),
            amount=eligibility.aid_amount(offer, terms),
            facts=read,
            known=known,
        ),
        answers=[
            {**asdict(answer), "figures": dict(answer.figures)}
            for answer in found.answers
            if answer not in told
        ],
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
    """Record what a person found on a question, with the reason.

    On a question that the rules answered it is an override: also a formal "met" may be refused
    with reasons (C-572/19 P). Refuses to repeat the rules, and to waive a term of the edition.
    """
    standing = next((s for s in standings_of(assessment) if s.answer.question == question), None)
    if standing is None or outcome not in (eligibility.MET, eligibility.NOT_MET):
        raise Refusal("unknown-question", given=question[:30])
    if not reason.strip():
        raise Refusal("reason-missing")
    overrides = standing.answer.outcome in (eligibility.MET, eligibility.NOT_MET)
    if overrides and outcome == standing.answer.outcome:
        if standing.outcome == outcome and not standing.pending:
            raise Refusal("question-answered", question=question)
        overrides = False  # Back to what the rules say takes nobody's leave.
    elif outcome == eligibility.MET and question in eligibility.NOT_TO_BE_WAIVED:
        raise Refusal("not-to-be-waived", question=question)
    return Finding.objects.create(
        provider_id=assessment.provider_id,
        assessment=assessment,
        question=question,
        outcome=outcome,
        overrides=overrides,
        needs_a_second=overrides and assessment.edition.overrides_by_two,
        reason=reason.strip()[:500],
        found_at=at,
        found_by=actor,
    )


@transaction.atomic
def confirm_finding(
    *, assessment: Assessment, question: str, actor: User, at: datetime
) -> Confirmation:
    """Confirm an override as a second officer; refuses whoever recorded it."""
    pending = {s.answer.question: s.pending for s in standings_of(assessment)}.get(question)
    if pending is None:
        raise Refusal("nothing-to-confirm", question=question[:30])
    if pending.found_by_id == actor.pk:
        raise Refusal("self-confirmed")
    return Confirmation.objects.create(
        provider_id=assessment.provider_id,
        finding=pending,
        found_by_id=pending.found_by_id,
        confirmed_by=actor,
        confirmed_at=at,
    )
