"""What one may do with a dossier: file, assess, decide, start, complete, withdraw.

Each is one decision, one transaction and one deed on the time line. Doors check who may; the
rules are asked of `cstraject`; the database has the last word.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from apps.accounts.models import User
from apps.audit.services import record
from apps.contracts.models import COMMIT, RELEASE
from apps.contracts.selectors import contract_of
from apps.contracts.services import Move, enter, lock_contract
from apps.documents.models import DECLARATION, OFFER, Document
from apps.dossiers.models import ACCESSES, Access, Dossier, RegisterEntry
from apps.dossiers.selectors import duty_of, is_closed_to, known_about
from apps.eligibility.models import Answer, FactSheet, Workings
from apps.eligibility.selectors import Standing, facts_of, has_corrected, known_of, standings_of
from apps.eligibility.services import (
    confirm_finding,
    keep_assessment,
    keep_facts,
    keep_finding,
)
from apps.programme.selectors import terms_of
from apps.providers.selectors import not_own_provider
from cstraject import eligibility
from cstraject.corrections import changes, sourced
from cstraject.eligibility import numbers_to_ask
from cstraject.facts import Offer
from cstraject.lifecycle import DOSSIER
from cstraject.money import ZERO
from cstraject.quarter import day_of, years_later
from cstraject.refusal import Refusal, must
from cstraject.subsidy import granted_for, wind_up

# An exception ends: after so many days at most somebody thinks again.
ACCESS_DAYS_MAX = 366
NUMBER = re.compile(r"\d{10}", re.ASCII)


@transaction.atomic
def file_dossier(
    *,
    provider_id: int,
    package: str,
    with_extension: bool,
    price_excl_vat: Decimal,
    person_days: Decimal,
    facts: Mapping[str, Any],
    facts_source: str,
    offer: UUID | None,
    declaration: UUID | None,
    actor: User,
    at: datetime,
    imported_as: str = "",
) -> Dossier:
    """File a dossier for an enterprise: signed offer, declarations, facts as they stand today.

    Refuses an offer outside the packages of the contract's edition, missing documents and facts
    that cannot be read.
    """
    on = day_of(at)
    _not_too_many(provider_id, on)
    contract = contract_of(provider_id, on=on)
    terms = terms_of(contract.edition)
    terms.package_for(
        code=package, with_extension=with_extension, price_excl_vat=price_excl_vat, on=on
    )
    if not 0 < person_days < 10_000 or person_days != round(person_days, 1):
        raise Refusal("unreadable-person-days", given=person_days)
    documents = {
        document.kind: document
        for document in Document.objects.filter(pk__in=[pk for pk in (offer, declaration) if pk])
    }
    missing = [kind for kind in (OFFER, DECLARATION) if kind not in documents]
    if missing:
        raise Refusal("documents-missing", missing=missing)
    sheet = keep_facts(provider_id=provider_id, stated=facts, source=facts_source, stated_on=on)
    dossier = Dossier(
        provider_id=provider_id,
        contract=contract,
        reference=_next_reference(provider_id, on.year),
        imported_as=imported_as,
        enterprise_number=sheet.enterprise_number,
        enterprise_name=sheet.name,
        facts=sheet,
        offer=documents[OFFER],
        declaration=documents[DECLARATION],
        package=package,
        with_extension=with_extension,
        price_excl_vat=price_excl_vat,
        person_days=person_days,
        submitted_on=on,
        submitted_at=at,
        submitted_by=actor,
    )
    try:
        with transaction.atomic():
            dossier.save(force_insert=True)
    except IntegrityError as error:
        if "offer_id" not in str(error) and "declaration_id" not in str(error):
            raise
        raise Refusal("document-used") from error
    _record(dossier, "file", actor, at, package=package, price=price_excl_vat)
    return dossier


def _not_too_many(provider_id: int, on: date) -> None:
    """Filing many dossiers to learn who was helped before, by whomever, is refused."""
    if (
        Dossier.objects.filter(provider_id=provider_id, submitted_on=on).count()
        >= eligibility.FILED_PER_DAY_MAX
    ):
        raise Refusal("too-many-filed", max=eligibility.FILED_PER_DAY_MAX)
    if _told_enough(provider_id, on):
        raise Refusal("too-many-helped-before", max=eligibility.HELPED_BEFORE_PER_WEEK_MAX)


def _told_enough(provider_id: int, on: date) -> bool:
    """Whether a provider was told of so many enterprises in a week that they were helped."""
    told = Answer.objects.filter(
        provider_id=provider_id,
        question__in=eligibility.ABOUT_OTHERS,
        outcome=eligibility.NOT_MET,
        assessment__on__gt=on - timedelta(days=7),
        assessment__on__lte=on,
        assessment__facts__replaces=None,  # A correction tells nothing new.
    )
    return told.count() >= eligibility.HELPED_BEFORE_PER_WEEK_MAX


def _next_reference(provider_id: int, year: int) -> str:
    """TOREON-2026-014: numbered per provider and year, so no number tells another's volume."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO dossiers_numbering (provider_id, year, last) VALUES (%s, %s, 1)
            ON CONFLICT (provider_id, year)
            DO UPDATE SET last = dossiers_numbering.last + 1
            RETURNING last, (SELECT upper(slug) FROM providers_provider WHERE id = provider_id)
            """,
            [provider_id, year],
        )
        number, slug = cursor.fetchone()
    return f"{slug}-{year}-{number:03d}"


@transaction.atomic
def assess_dossier(*, dossier: Dossier, actor: User, at: datetime) -> Dossier:
    """Put every question to a submitted dossier and keep the answers.

    The day is that of filing; earlier help and aid count as of now, so a dossier that waits may
    be assessed again. Works across providers: an enterprise is helped once by whichever of them.
    """
    dossier = lock_dossier(dossier)
    if dossier.state != "submitted":
        raise Refusal("not-now", noun="dossier", state=dossier.state, event="assess")
    again = dossier.assessment is not None
    _assess(dossier, dossier.facts, at)
    dossier.save(update_fields=["assessment"])
    _record(dossier, "assess_again" if again else "assess", actor, at)
    return dossier


def _assess(dossier: Dossier, sheet: FactSheet, at: datetime) -> None:
    dossier.facts = sheet
    dossier.assessment = keep_assessment(
        sheet=sheet,
        offer=offer_of(dossier),
        edition=dossier.contract.edition,
        known=known_about(dossier, on=day_of(at)),
        on=dossier.submitted_on,
        at=at,
        keep_back=sheet.replaces_id is None
        and _told_enough(dossier.provider_id, dossier.submitted_on),
    )


@transaction.atomic
def correct_facts(
    *,
    dossier: Dossier,
    seen: UUID,
    stated: Mapping[str, Any],
    source: str,
    sources: Mapping[str, str] | None = None,
    reason: str,
    actor: User,
    at: datetime,
) -> Dossier:
    """Put other facts beside what was stated, with source and reason, and assess anew.

    What was stated and assessed before stays as it was; what did not change keeps its source.
    `sources` names the source of single facts that do not come from `source`. Findings belong to
    the facts on which they were made, so open questions are judged again. Refuses
    (`facts-changed`) a correction of another fact sheet, `seen`, than the one that holds now, and
    (`nothing-changes`) one that states the same. The same correction sent twice is made once.
    """
    dossier = lock_dossier(dossier)
    if dossier.state != "submitted":
        raise Refusal("not-now", noun="dossier", state=dossier.state, event="correct_facts")
    _judged_by_another(dossier, actor, at)
    before, source = dossier.facts, source.strip()[:200]
    last = (before.replaces_id, before.replaced_by_id, before.source, before.replaced_because)
    sent = (seen, actor.pk, source, reason.strip()[:500])
    if last == sent and not changes(before.stated, stated):
        return dossier  # Pressed twice.
    if before.pk != seen:
        raise Refusal("facts-changed")
    if not source:
        raise Refusal("source-missing")
    if not changes(before.stated, stated):
        raise Refusal("nothing-changes")
    sheet = keep_facts(
        provider_id=dossier.provider_id,
        stated=sourced(before.stated, stated, was=before.source, now=source, sources=sources or {}),
        source=source,
        stated_on=day_of(at),
        replaces=before,
        because=reason,
        actor=actor,
    )
    _assess(dossier, sheet, at)
    dossier.save(update_fields=["facts", "assessment"])
    _record(dossier, "correct_facts", actor, at, source=sheet.source, reason=sheet.replaced_because)
    return dossier


@transaction.atomic
def find(
    *, dossier: Dossier, question: str, outcome: str, reason: str, actor: User, at: datetime
) -> Dossier:
    """Record what an officer found on a question, with the reason.

    Against an answer of the rules it is an override, for a second officer to confirm where the
    edition says so.
    """
    dossier = lock_dossier(dossier)
    if dossier.state != "submitted":
        raise Refusal("not-now", noun="dossier", state=dossier.state, event="find")
    _judged_by_another(dossier, actor, at)
    if dossier.assessment is None:
        raise Refusal("assessment-missing")
    found = next(
        (s for s in standings_of(dossier.assessment) if s.answer.question == question), None
    )
    last = found and (found.pending or found.finding)
    if last and (last.outcome, last.reason, last.found_by_id) == (
        outcome,
        reason.strip(),
        actor.pk,
    ):
        return dossier  # Pressed twice.
    finding = keep_finding(
        assessment=dossier.assessment,
        question=question,
        outcome=outcome,
        reason=reason,
        actor=actor,
        at=at,
    )
    deed = "override" if finding.overrides else "find"
    if found and found.pending and outcome == found.answer.outcome:
        deed = "drop_override"
    _record(dossier, deed, actor, at, question=question, outcome=outcome, reason=reason)
    return dossier


@transaction.atomic
def confirm_override(*, dossier: Dossier, question: str, actor: User, at: datetime) -> Dossier:
    """Confirm, as a second officer, what another found against an answer of the rules."""
    dossier = lock_dossier(dossier)
    if dossier.state != "submitted":
        raise Refusal("not-now", noun="dossier", state=dossier.state, event="confirm_override")
    _judged_by_another(dossier, actor, at)
    if dossier.assessment is None:
        raise Refusal("assessment-missing")
    confirm_finding(assessment=dossier.assessment, question=question, actor=actor, at=at)
    _record(dossier, "confirm_override", actor, at, question=question)
    return dossier


@transaction.atomic
def approve_dossier(*, dossier: Dossier, actor: User, at: datetime) -> Dossier:
    """Approve: from now on work may start, and the grant is committed against the contract.

    The contract is locked first, so two approvals never share the same euro. If that lock were
    missing, the ledger's trigger and the contract's constraint would still refuse.
    """
    contract = lock_contract(dossier.contract_id)
    on = day_of(at)
    _lock_undertaking(dossier, on)
    dossier = lock_dossier(dossier)
    state = DOSSIER.after(dossier.state, "approve")
    _judged_by_another(dossier, actor, at)
    if dossier.assessment is None:
        raise Refusal("assessment-missing")
    must(dossier.assessment.facts_id == dossier.facts_id, "a dossier is judged by its own facts")
    _decided_by_another(dossier, actor)
    terms = terms_of(contract.edition)
    standings = standings_of(dossier.assessment)
    failed = [s.answer.question for s in standings if s.outcome == eligibility.NOT_MET]
    if failed:
        raise Refusal("not-eligible", questions=failed)
    still_open = [s.answer.question for s in standings if s.outcome != eligibility.MET]
    if still_open:
        raise Refusal("questions-open", questions=still_open)
    unconfirmed = [s.answer.question for s in standings if s.pending]
    if unconfirmed:
        raise Refusal("override-pending", questions=unconfirmed)
    _still_fits(dossier, standings, on)
    if not contract.valid_from <= on <= contract.valid_until:
        raise Refusal(
            "contract-not-valid",
            valid_from=contract.valid_from,
            valid_until=contract.valid_until,
        )
    subsidy = granted_for(dossier.price_excl_vat, terms=terms)
    if subsidy.granted > contract.left:
        raise Refusal("budget-exhausted", asked=subsidy.granted, left=contract.left)

    dossier.state = state
    dossier.decided_on, dossier.decided_at, dossier.decided_by = on, at, actor
    dossier.share, dossier.vat = subsidy.share, subsidy.vat
    dossier.granted_incl_vat = subsidy.granted
    dossier.helped_until = years_later(on, terms.once_only_years)
    try:
        with transaction.atomic():
            dossier.save(
                update_fields=[
                    *("state", "decided_on", "decided_at", "decided_by"),
                    *("share", "vat", "granted_incl_vat", "helped_until"),
                ]
            )
    except IntegrityError as error:
        if "dossier_helps_an_enterprise_once" not in str(error):
            raise
        raise Refusal("helped-meanwhile") from error
    _record(
        dossier,
        *("approve", actor, at),
        share=subsidy.share,
        vat=subsidy.vat,
        granted=subsidy.granted,
    )
    enter(
        [Move(contract, COMMIT, subsidy.granted, on=on, case_id=dossier.pk, cause_id=dossier.pk)],
        actor=actor,
    )
    return dossier


def _lock_undertaking(dossier: Dossier, on: date) -> None:
    """Approvals within one single undertaking, in whatever contracts, come one after the other."""
    numbers = numbers_to_ask(facts_of(dossier.facts), on=on)
    with connection.cursor() as cursor:
        for number in sorted(n for n in numbers if NUMBER.fullmatch(n)):
            cursor.execute(
                "SELECT pg_advisory_xact_lock(hashtext('grant'), hashtext(%s))", [number]
            )


def _still_fits(dossier: Dossier, standings: list[Standing], on: date) -> None:
    """The grant is made today: whoever was helped or aided since the filing counts as well.

    An officer's finding stands for what was known when it was made, not for what came after.
    """
    assert dossier.assessment is not None
    terms, read = terms_of(dossier.contract.edition), facts_of(dossier.facts)
    known = known_about(dossier, on=on)
    before = known_of(Workings.objects.filter(assessment=dossier.assessment).first())
    now = eligibility.assess(read, offer=offer_of(dossier), terms=terms, on=on, known=known)
    if any(a.question == "once_only" and a.outcome != eligibility.MET for a in now.answers):
        raise Refusal("helped-meanwhile")
    judged = any(s.finding for s in standings if s.answer.question == "de_minimis")
    if judged and known.aid == before.aid:
        return
    room = now.room
    if room is not None and not room.allows(eligibility.aid_amount(offer_of(dossier), terms)):
        raise Refusal("de-minimis-exceeded", left=room.left, ceiling=room.ceiling)


def offer_of(dossier: Dossier) -> Offer:
    """What was offered, as the rules read it."""
    return Offer(
        dossier.package, dossier.with_extension, dossier.price_excl_vat, dossier.person_days
    )


@transaction.atomic
def enter_in_register(
    *,
    dossier: Dossier,
    reference: str,
    on: date,
    actor: User,
    at: datetime,
    corrects: str = "",
) -> RegisterEntry:
    """Note that the aid of a dossier stands in the European register, under its reference there.

    Refuses where nothing must be entered, a day before the grant or in the future, and the
    reference of another dossier. `corrects` is the reference that was noted by mistake, if any.
    """
    dossier = lock_dossier(dossier)
    must_be_impartial(dossier, actor, at)
    duty = duty_of(dossier, on=day_of(at))
    if duty is None or (duty.entry and duty.is_done and corrects != duty.entry.reference):
        raise Refusal("nothing-to-register")
    if not reference.strip():
        raise Refusal("register-reference-missing")
    # What stands of each other dossier: a reference that was mistaken once is free again.
    others = RegisterEntry.objects.exclude(dossier=dossier).order_by("dossier_id", "-pk")
    standing = others.distinct("dossier_id").values("pk")
    if others.filter(pk__in=standing, reference__iexact=reference.strip()[:60]).exists():
        raise Refusal("register-reference-used", given=reference.strip()[:60])
    if dossier.decided_on is None or on < dossier.decided_on:
        raise Refusal("date-order", earlier=dossier.decided_on, later=on)
    must_be_over(on, at)
    entry = RegisterEntry.objects.create(
        provider_id=dossier.provider_id,
        dossier=dossier,
        amount=duty.amount,
        reference=reference.strip()[:60],
        entered_on=on,
        entered_at=at,
        entered_by=actor,
    )
    _record(dossier, "enter_in_register", actor, at, amount=entry.amount, reference=entry.reference)
    return entry


@transaction.atomic
def refuse_dossier(*, dossier: Dossier, reason: str, actor: User, at: datetime) -> Dossier:
    """Refuse a submitted dossier, with the reason that the provider will read."""
    dossier = lock_dossier(dossier)
    state = DOSSIER.after(dossier.state, "refuse")
    _judged_by_another(dossier, actor, at)
    if dossier.assessment_id is None:
        raise Refusal("assessment-missing")
    _decided_by_another(dossier, actor)
    if not reason.strip():
        raise Refusal("reason-missing")
    dossier.state = state
    dossier.decided_on, dossier.decided_at, dossier.decided_by = day_of(at), at, actor
    dossier.decision_reason = reason.strip()[:500]
    dossier.save(
        update_fields=["state", "decided_on", "decided_at", "decided_by", "decision_reason"]
    )
    _record(dossier, "refuse", actor, at, reason=dossier.decision_reason)
    return dossier


@transaction.atomic
def start_dossier(*, dossier: Dossier, on: date, actor: User, at: datetime) -> Dossier:
    """Say that work started on a day: only after approval, and not in the future."""
    dossier = lock_dossier(dossier)
    if dossier.decided_on is None or on < dossier.decided_on:
        raise Refusal("start-before-approval", approved_on=dossier.decided_on or "", start=on)
    must_be_over(on, at)
    dossier.state = DOSSIER.after(dossier.state, "start")
    dossier.started_on = on
    dossier.save(update_fields=["state", "started_on"])
    _record(dossier, "start", actor, at, on=on)
    return dossier


@transaction.atomic
def receive_end_report(*, dossier: Dossier, on: date, actor: User, at: datetime) -> Dossier:
    """Note the day on which the end report was received; once, after completion."""
    dossier = lock_dossier(dossier)
    note_end_report(dossier, on=on, at=at)
    _record(dossier, "receive_end_report", actor, at, on=on)
    return dossier


def note_end_report(dossier: Dossier, *, on: date, at: datetime) -> None:
    """As `receive_end_report`, of a locked dossier, for who records more than that."""
    if dossier.state != "completed" or dossier.completed_on is None or dossier.end_report_on:
        raise Refusal("end-report-early")
    if on < dossier.completed_on:
        raise Refusal("date-order", earlier=dossier.completed_on, later=on)
    must_be_over(on, at)
    dossier.end_report_on = on
    dossier.save(update_fields=["end_report_on"])


@transaction.atomic
def withdraw_dossier(*, dossier: Dossier, reason: str, actor: User, at: datetime) -> Dossier:
    """Withdraw a dossier before work starts: the whole commitment is released.

    The enterprise may be helped again, since it was not.
    """
    contract = lock_contract(dossier.contract_id)
    dossier = lock_dossier(dossier)
    on = day_of(at)
    state = DOSSIER.after(dossier.state, "withdraw")
    if not reason.strip():
        raise Refusal("reason-missing")
    winding = wind_up(committed=dossier.granted_incl_vat or ZERO, paid=ZERO, entitled=ZERO)
    dossier.state = state
    dossier.ended_on, dossier.ended_reason = on, reason.strip()[:500]
    dossier.keeps, dossier.comes_back = winding.keeps, winding.comes_back
    dossier.helped_until = None
    dossier.save(
        update_fields=["state", "ended_on", "ended_reason", "keeps", "comes_back", "helped_until"]
    )
    _record(dossier, "withdraw", actor, at, reason=dossier.ended_reason, released=winding.released)
    if winding.released:
        enter(
            [
                Move(
                    contract,
                    RELEASE,
                    winding.released,
                    on=on,
                    case_id=dossier.pk,
                    cause_id=dossier.pk,
                    reason="ingetrokken",
                )
            ],
            actor=actor,
        )
    return dossier


def _judged_by_another(dossier: Dossier, actor: User, at: datetime) -> None:
    """Nobody judges a dossier that they filed, nor one in which they have an interest."""
    if dossier.submitted_by_id == actor.pk:
        raise Refusal("self-decided")
    must_be_impartial(dossier, actor, at)


def _decided_by_another(dossier: Dossier, actor: User) -> None:
    """Where the edition wants two, whoever corrected the facts neither approves nor refuses."""
    if dossier.contract.edition.overrides_by_two and has_corrected(actor, dossier.facts):
        raise Refusal("self-corrected")


def must_be_impartial(dossier: Dossier, actor: User, at: datetime) -> None:
    """Nobody at the agency does anything to a dossier of their own provider, or closed to them."""
    not_own_provider(actor, dossier.provider)
    if is_closed_to(actor, dossier, on=day_of(at)):
        raise Refusal("closed-to-you")


# ---- Exceptions for one dossier ------------------------------------------------------------------


@transaction.atomic
def give_access(
    *, reference: str, user: User, kind: str, until: date, reason: str, actor: User, at: datetime
) -> Access:
    """Open one dossier to somebody, or close it to them, until a day and for a reason.

    Nobody does so for themselves. What was given before for the same dossier ends.
    """
    if user.pk == actor.pk:
        raise Refusal("own-rights")
    if kind not in ACCESSES:
        raise Refusal("access-kind")
    if not reason.strip():
        raise Refusal("reason-missing")
    today = day_of(at)
    if not today <= until <= today + timedelta(days=ACCESS_DAYS_MAX):
        raise Refusal("access-until")
    dossier = Dossier.objects.filter(reference=reference.strip().upper()).first()
    if dossier is None:
        raise Refusal("unknown-dossier", given=reference.strip()[:30])
    Access.objects.filter(dossier=dossier, user=user, ended_at=None).update(ended_at=at)
    access = Access.objects.create(
        provider_id=dossier.provider_id,
        dossier=dossier,
        user=user,
        kind=kind,
        until=until,
        reason=reason.strip(),
        given_by=actor,
        given_at=at,
    )
    _note_access(access, "access.give", actor, at)
    return access


@transaction.atomic
def end_access(*, access: UUID, actor: User, at: datetime) -> None:
    """End what was opened or closed before its day. Nobody does so for themselves."""
    found = Access.objects.select_related("dossier", "user").filter(pk=access, ended_at=None)
    one = found.first()
    if one is None:
        raise Refusal("access-gone")
    if one.user_id == actor.pk:
        raise Refusal("own-rights")
    found.update(ended_at=at)
    _note_access(one, "access.end", actor, at)


def _note_access(access: Access, action: str, actor: User, at: datetime) -> None:
    """Not on the dossier's own time line, which its provider reads as well."""
    record(
        actor=actor,
        action=action,
        subject_id=access.pk,
        at=at,
        facts={
            "dossier": access.dossier.reference,
            "to": access.user.name,
            "kind": access.kind,
            "until": access.until,
            "reason": access.reason,
        },
    )


def lock_dossier(dossier: Dossier) -> Dossier:
    """The dossier as it stands now; who else wants it waits until this transaction ends.

    Locked first and read then: a fact sheet that was written while we waited is seen by the second
    question alone.
    """
    Dossier.objects.select_for_update(no_key=True).values_list("pk").get(pk=dossier.pk)
    return Dossier.objects.select_related(
        "contract__edition", "assessment", "facts", "provider"
    ).get(pk=dossier.pk)


def must_be_over(on: date, at: datetime) -> None:
    if on > day_of(at):
        raise Refusal("future-date", given=on)


def _record(dossier: Dossier, deed: str, actor: User, at: datetime, **facts: object) -> None:
    record(
        actor=actor,
        action=f"dossier.{deed}",
        subject_id=dossier.pk,
        at=at,
        provider_id=dossier.provider_id,
        case_id=dossier.pk,
        facts=facts,
    )
