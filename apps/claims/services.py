"""What one may do: state what was delivered, claim a tranche, verify it, stop a dossier.

A dossier is stopped here because what was stated and claimed decides what comes back.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID, uuid4

from django.db import transaction

from apps.accounts.models import User
from apps.audit.services import record
from apps.claims.models import MEASURES, Claim, Statement
from apps.claims.selectors import covers_completion, current_statements, delivered_by
from apps.contracts.models import RELEASE, Contract
from apps.contracts.selectors import committed_and_paid
from apps.contracts.services import Move, enter, lock_contract
from apps.dossiers.models import Amendment, Dossier
from apps.dossiers.services import lock_dossier, must_be_impartial, must_be_over
from apps.programme.selectors import terms_of
from cstraject.delivery import (
    NOTHING,
    Delivered,
    final_grant,
    must_follow,
    phases_follow,
    share_delivered,
    total_of,
    tranche_amount,
)
from cstraject.lifecycle import CLAIM, DOSSIER
from cstraject.money import ZERO
from cstraject.quarter import ClaimWindow, Quarter, day_of
from cstraject.refusal import Refusal, must
from cstraject.subsidy import Subsidy, Winding, granted_for, wind_up

ENDED_EARLY, NOT_ENTITLED = STOP_CAUSES = ("ended_early", "not_entitled")


@transaction.atomic
def file_statement(
    *,
    dossier: Dossier,
    quarter: Quarter,
    person_days: Decimal,
    amount: Decimal,
    phases: Mapping[str, Delivered] | None = None,
    actor: User,
    at: datetime,
    seen: int | None = None,
) -> Statement:
    """State what was delivered since the start, by the end of a quarter that is over.

    In all, and by phase where the provider knows; the phases then add up to the whole. Never less
    than an earlier quarter, never more than the offer, nothing for a quarter after the work was
    completed. Stating a quarter again is a new version, as long as no claim rests on the one
    before; stating the same again changes nothing. `seen` is how many statements of the dossier
    there were when it was filled in: not beside one that came since.
    """
    dossier = lock_dossier(dossier)
    if dossier.state not in ("in_delivery", "completed") or dossier.started_on is None:
        raise Refusal("not-now", noun="dossier", state=dossier.state, event="statement")
    on = day_of(at)
    if on < quarter.ends:
        raise Refusal("quarter-not-over", quarter=str(quarter), opens_on=quarter.ends)
    if dossier.completed_on is not None and quarter.starts > dossier.completed_on:
        raise Refusal("work-completed", completed_on=dossier.completed_on)
    if quarter.ends <= dossier.started_on:
        raise Refusal("date-order", earlier=dossier.started_on, later=quarter.last_day)
    stated = current_statements(dossier)
    own = stated.pop(str(quarter), None)
    now = Delivered(person_days, amount)
    if own is not None and delivered_by(own) == now and own.phases == phases:
        return own
    if seen is not None and seen != dossier.statements.count():
        raise Refusal("statement-beside")
    if phases is not None and total_of(phases.values()) != now:
        raise Refusal("phases-do-not-add-up")
    if own is not None and own.claims.exclude(state="sent_back").exists():
        raise Refusal("statement-claimed", quarter=str(quarter))
    earlier = [s for q, s in stated.items() if q < str(quarter)]
    later = [s for q, s in stated.items() if q > str(quarter)]
    must_follow(
        now,
        before=delivered_by(earlier[-1]) if earlier else None,
        after=delivered_by(later[0]) if later else None,
        offered=Delivered(dossier.person_days, dossier.price_excl_vat),
    )
    if phases is not None:
        phases_follow(
            phases,
            before=earlier[-1].phases if earlier else None,
            after=later[0].phases if later else None,
        )
    statement = Statement.objects.create(
        provider_id=dossier.provider_id,
        dossier=dossier,
        quarter=str(quarter),
        version=own.version + 1 if own else 1,
        person_days=person_days,
        amount=amount,
        filed_on=on,
        filed_at=at,
        filed_by=actor,
        **{
            f"{phase}_{measure}": value
            for phase, part in (phases or {}).items()
            for measure, value in zip(MEASURES, (part.person_days, part.amount), strict=True)
        },
    )
    before: dict[str, object] = {}
    if own is not None:
        before = {
            "version": statement.version,
            "days_before": own.person_days,
            "amount_before": own.amount,
        }
        if own.phases is not None and phases is not None:
            before["phases"] = [name for name in phases if phases[name] != own.phases[name]]
    _record(
        dossier,
        "statement.file",
        statement.pk,
        actor,
        at,
        quarter=quarter,
        person_days=person_days,
        amount=amount,
        **before,
    )
    return statement


@transaction.atomic
def complete_dossier(*, dossier: Dossier, on: date, actor: User, at: datetime) -> Dossier:
    """Say that all work was done on a day. The second tranche may then be claimed.

    Refuses a day after whose quarter more was stated: that statement would stand beside the end
    and could be corrected no more.
    """
    dossier = lock_dossier(dossier)
    state = DOSSIER.after(dossier.state, "complete")
    if dossier.started_on is None or on < dossier.started_on:
        raise Refusal(
            "date-order", earlier=dossier.started_on, later=on, started_on=dossier.started_on
        )
    must_be_over(on, at)
    last, done = NOTHING, str(Quarter.containing(on))
    for quarter, stated in current_statements(dossier).items():
        if quarter > done and delivered_by(stated) != last:
            raise Refusal("stated-later", quarter=quarter, on=on)
        last = delivered_by(stated)
    dossier.state, dossier.completed_on = state, on
    dossier.save(update_fields=["state", "completed_on"])
    _record(dossier, "dossier.complete", dossier.pk, actor, at, on=on)
    return dossier


@transaction.atomic
def file_claim(
    *,
    dossier: Dossier,
    tranche: int,
    quarter: Quarter,
    actor: User,
    at: datetime,
    amount: Decimal | None = None,
) -> Claim:
    """Claim a tranche in the window at the start of the next quarter, on that quarter's statement.

    Of completed work the statement of the quarter of completion stays good. The amount follows
    from the rules; a caller may give the one in its own books, which must agree. All claims of a
    dossier together never exceed its grant.
    """
    dossier = lock_dossier(dossier)
    terms = terms_of(dossier.contract.edition)
    if dossier.state not in ("in_delivery", "completed") or dossier.granted_incl_vat is None:
        raise Refusal("not-now", noun="dossier", state=dossier.state, event="claim")
    ClaimWindow(quarter, terms.claim_window_days).must_be_open(day_of(at))
    asked = {claim.tranche: claim for claim in dossier.claims.exclude(state="sent_back")}
    if tranche in asked:
        raise Refusal("already-claimed", tranche=tranche, quarter=asked[tranche].quarter)
    committed, _ = committed_and_paid(dossier.pk)
    left = committed - sum((claim.amount for claim in asked.values()), ZERO)
    if amount is not None and amount > left:
        raise Refusal("over-grant", asked=amount, left=left)
    statement = _statement_for(dossier, quarter)
    entitled = _entitled(dossier, tranche, statement, asked.values())
    if tranche == 2 and 1 not in asked and _first_is_due(dossier, statement):
        raise Refusal("first-tranche-first")
    if amount is not None and amount != entitled:
        raise Refusal("amount-differs", asked=amount, entitled=entitled)
    must(entitled <= left, "the tranches of a dossier add up to its grant at most")
    claim = Claim.objects.create(
        provider_id=dossier.provider_id,
        dossier=dossier,
        statement=statement,
        tranche=tranche,
        quarter=str(quarter),
        amount=entitled,
        filed_on=day_of(at),
        filed_at=at,
        filed_by=actor,
    )
    _record(
        *(dossier, "claim.file", claim.pk, actor, at),
        tranche=tranche,
        quarter=quarter,
        amount=entitled,
    )
    return claim


@transaction.atomic
def file_claims(
    *, asked: Iterable[tuple[UUID, int]], quarter: Quarter, actor: User, at: datetime
) -> list[Claim]:
    """Claim tranches of several dossiers in one deed: all of them, or none.

    A refusal names the dossier (`reference`) on which it rests.
    """
    claims = []
    for pk, tranche in sorted(asked):
        dossier = Dossier.objects.filter(pk=pk).first()
        if dossier is None:
            raise Refusal("unknown-dossier", given=str(pk))
        try:
            claims.append(
                file_claim(dossier=dossier, tranche=tranche, quarter=quarter, actor=actor, at=at)
            )
        except Refusal as refusal:
            raise Refusal(
                refusal.code, **{**refusal.facts, "reference": dossier.reference}
            ) from refusal
    if not claims:
        raise Refusal("nothing-chosen")
    return claims


@transaction.atomic
def verify_claim(*, claim: Claim, actor: User, at: datetime) -> Claim:
    """Verify a claim: what was delivered is shown. It waits for the next run.

    The amount is worked out again from the statement; a claim that asks another is refused.
    """
    dossier = lock_dossier(Dossier.objects.get(pk=claim.dossier_id))
    claim = _locked_claim(claim)
    claim.state = CLAIM.after(claim.state, "verify")
    if claim.filed_by_id == actor.pk:
        raise Refusal("self-decided")
    must_be_impartial(dossier, actor, at)
    others = dossier.claims.exclude(state="sent_back").exclude(pk=claim.pk)
    entitled = _entitled(dossier, claim.tranche, claim.statement, others)
    if claim.amount != entitled:
        raise Refusal("amount-differs", asked=claim.amount, entitled=entitled)
    claim.verified_at, claim.verified_by = at, actor
    claim.save(update_fields=["state", "verified_at", "verified_by"])
    _record(
        *(dossier, "claim.verify", claim.pk, actor, at), tranche=claim.tranche, amount=claim.amount
    )
    return claim


def _statement_for(dossier: Dossier, quarter: Quarter) -> Statement:
    stated = current_statements(dossier)
    if str(quarter) in stated:
        return stated[str(quarter)]
    before = [statement for name, statement in stated.items() if name < str(quarter)]
    if before and covers_completion(before[-1], dossier):
        return before[-1]
    raise Refusal("no-statement", quarter=str(quarter))


def _entitled(
    dossier: Dossier, tranche: int, statement: Statement, others: Iterable[Claim]
) -> Decimal:
    """What a tranche pays on a statement, given the dossier's other claims."""
    must(dossier.granted_incl_vat is not None, "what is claimed was granted")
    return tranche_amount(
        tranche,
        stated=delivered_by(statement),
        offered=Delivered(dossier.person_days, dossier.price_excl_vat),
        granted=dossier.granted_incl_vat or ZERO,
        claimed=sum((claim.amount for claim in others), ZERO),
        over=covers_completion(statement, dossier),
        terms=terms_of(dossier.contract.edition),
    )


def _first_is_due(dossier: Dossier, statement: Statement) -> bool:
    offered = Delivered(dossier.person_days, dossier.price_excl_vat)
    terms = terms_of(dossier.contract.edition)
    share = share_delivered(delivered_by(statement), offered=offered)
    return share >= terms.first_tranche_threshold


@transaction.atomic
def release_rest(*, dossier: Dossier, actor: User, at: datetime) -> Decimal:
    """Release what completed work will not use, once all that it entitles to is paid; in euro.

    Zero while a claim waits, or while the last statement still entitles to more.
    """
    contract = lock_contract(dossier.contract_id)
    dossier = lock_dossier(dossier)
    statements = list(current_statements(dossier).values())
    if dossier.state != "completed" or not statements:
        return ZERO
    if not covers_completion(statements[-1], dossier):
        return ZERO
    if dossier.claims.filter(state__in=("submitted", "verified", "in_run")).exists():
        return ZERO
    committed, paid = committed_and_paid(dossier.pk)
    final = final_grant(
        delivered_by(statements[-1]),
        granted=dossier.granted_incl_vat or ZERO,
        terms=terms_of(dossier.contract.edition),
    )
    if paid < final or committed == paid:
        return ZERO
    rest = committed - paid
    _record(*(dossier, "dossier.release", dossier.pk, actor, at), released=rest)
    enter(
        [
            Move(
                contract,
                RELEASE,
                rest,
                on=day_of(at),
                case_id=dossier.pk,
                cause_id=uuid4(),
                reason="minder geleverd dan aangeboden",
            )
        ],
        actor=actor,
    )
    return rest


@transaction.atomic
def send_back_claim(*, claim: Claim, reason: str, actor: User, at: datetime) -> Claim:
    """Send a claim back to the provider with a reason; the tranche can be claimed again."""
    dossier = lock_dossier(Dossier.objects.get(pk=claim.dossier_id))
    claim = _locked_claim(claim)
    must_be_impartial(dossier, actor, at)
    if dossier.state == "stopped":
        # What a stopped dossier keeps was settled when it stopped.
        raise Refusal("not-now", noun="dossier", state=dossier.state, event="send_back")
    if not reason.strip():
        raise Refusal("reason-missing")
    _send_back(dossier, claim, reason.strip()[:500], actor, at)
    return claim


def _send_back(dossier: Dossier, claim: Claim, reason: str, actor: User, at: datetime) -> None:
    claim.state = CLAIM.after(claim.state, "send_back")
    claim.sent_back_reason = reason
    claim.save(update_fields=["state", "sent_back_reason"])
    _record(
        *(dossier, "claim.send_back", claim.pk, actor, at), tranche=claim.tranche, reason=reason
    )


def winding_of(dossier: Dossier, cause: str, claims: Sequence[Claim]) -> Winding:
    """What becomes of the grant of a dossier that is stopped, given its claims not sent back.

    Refuses (`in-a-run`, `claim-waits`) as long as a claim must be settled first.
    """
    if any(claim.state == "in_run" for claim in claims):
        raise Refusal("in-a-run")
    if cause == ENDED_EARLY and any(claim.state == "submitted" for claim in claims):
        raise Refusal("claim-waits")
    entitled = sum((c.amount for c in claims), ZERO) if cause == ENDED_EARLY else ZERO
    committed, paid = committed_and_paid(dossier.pk)
    return wind_up(committed=committed, paid=paid, entitled=entitled)


@transaction.atomic
def stop_dossier(
    *, dossier: Dossier, cause: str, reason: str, actor: User, at: datetime
) -> Dossier:
    """Stop a dossier after its start: release what is not needed, say what must come back.

    `ended_early`: the provider keeps the tranches that are paid or verified, no more: a tranche
    is owed from its threshold on [answer 526, 3]. `not_entitled`: the enterprise should not have
    been helped, all that was paid comes back. What was paid beyond what is kept stays committed
    until it is returned. A claim that waits for an officer, or is in a run, must be settled first.
    """
    contract = lock_contract(dossier.contract_id)
    dossier = lock_dossier(dossier)
    must_be_impartial(dossier, actor, at)
    on = day_of(at)
    state = DOSSIER.after(dossier.state, "stop")
    if not reason.strip():
        raise Refusal("reason-missing")
    if cause not in STOP_CAUSES:
        raise Refusal("unknown-reason", given=cause[:20])
    claims = list(
        dossier.claims.select_for_update(of=("self",)).exclude(state="sent_back").order_by("id")
    )
    winding = winding_of(dossier, cause, claims)
    dossier.state = state
    dossier.ended_on, dossier.ended_reason = on, reason.strip()[:500]
    dossier.keeps, dossier.comes_back = winding.keeps, winding.comes_back
    dossier.save(update_fields=["state", "ended_on", "ended_reason", "keeps", "comes_back"])
    for claim in claims:
        if cause == NOT_ENTITLED and claim.state != "paid":
            _send_back(dossier, claim, dossier.ended_reason, actor, at)
    _record(
        *(dossier, "dossier.stop", dossier.pk, actor, at),
        reason=dossier.ended_reason,
        cause=cause,
        released=winding.released,
        keeps=winding.keeps,
        comes_back=winding.comes_back,
    )
    if winding.released:
        enter([_release(contract, dossier, winding.released, on)], actor=actor)
    return dossier


@transaction.atomic
def amend_dossier(
    *,
    dossier: Dossier,
    price_excl_vat: Decimal,
    person_days: Decimal,
    reason: str,
    actor: User,
    at: datetime,
) -> Amendment:
    """Amend the offer of an approved dossier: less work for less money; the rest is released.

    Never more than was granted (that takes a new decision), never less than was stated or
    claimed, and within the limits of its package on the day it was filed.
    """
    contract = lock_contract(dossier.contract_id)
    dossier = lock_dossier(dossier)
    must_be_impartial(dossier, actor, at)
    if not reason.strip():
        raise Refusal("reason-missing")
    subsidy = amended_grant(dossier, price_excl_vat=price_excl_vat, person_days=person_days)
    granted, on = dossier.granted_incl_vat or ZERO, day_of(at)
    amendment = Amendment.objects.create(
        provider_id=dossier.provider_id,
        dossier=dossier,
        on=on,
        price_before=dossier.price_excl_vat,
        price_after=price_excl_vat,
        days_before=dossier.person_days,
        days_after=person_days,
        granted_before=granted,
        granted_after=subsidy.granted,
        reason=reason.strip()[:500],
        amended_by=actor,
    )
    dossier.price_excl_vat, dossier.person_days = price_excl_vat, person_days
    dossier.share, dossier.vat, dossier.granted_incl_vat = (
        subsidy.share,
        subsidy.vat,
        subsidy.granted,
    )
    dossier.save(
        update_fields=["price_excl_vat", "person_days", "share", "vat", "granted_incl_vat"]
    )
    released = granted - subsidy.granted
    _record(
        *(dossier, "dossier.amend", dossier.pk, actor, at),
        price=price_excl_vat,
        person_days=person_days,
        released=released,
        reason=amendment.reason,
    )
    if released:
        enter([_release(contract, dossier, released, on, reason="offerte gewijzigd")], actor=actor)
    return amendment


def amended_grant(dossier: Dossier, *, price_excl_vat: Decimal, person_days: Decimal) -> Subsidy:
    """What a dossier would be granted with another offer; refuses what `amend_dossier` does."""
    if dossier.state not in ("approved", "in_delivery"):
        raise Refusal("not-now", noun="dossier", state=dossier.state, event="amend")
    if not 0 < person_days < 10_000 or person_days != round(person_days, 1):
        raise Refusal("unreadable-person-days", given=person_days)
    if (price_excl_vat, person_days) == (dossier.price_excl_vat, dossier.person_days):
        raise Refusal("nothing-changes")
    if price_excl_vat > dossier.price_excl_vat:
        raise Refusal("amend-raises", price=dossier.price_excl_vat)
    terms = terms_of(dossier.contract.edition)
    terms.package_for(
        code=dossier.package,
        with_extension=dossier.with_extension,
        price_excl_vat=price_excl_vat,
        on=dossier.submitted_on,
    )
    for statement in current_statements(dossier).values():
        if statement.amount > price_excl_vat or statement.person_days > person_days:
            raise Refusal("amend-below-delivered", quarter=statement.quarter)
    subsidy = granted_for(price_excl_vat, terms=terms)
    claimed = sum((c.amount for c in dossier.claims.exclude(state="sent_back")), ZERO)
    if claimed > subsidy.granted:
        raise Refusal("amend-below-claimed", amount=claimed)
    return subsidy


def take_back(
    *, contract: Contract, claim: Claim, amount: Decimal, actor: User, at: datetime
) -> Move | None:
    """After the bank returned a tranche of a stopped dossier: what that frees, to be entered.

    What the provider was not to keep is not paid again: its claim is sent back, what must come
    back shrinks, and the commitment is released. None where the tranche is simply open again.
    """
    dossier = lock_dossier(Dossier.objects.get(pk=claim.dossier_id))
    if dossier.state != "stopped" or not dossier.comes_back:
        return None
    freed = min(amount, dossier.comes_back)
    dossier.comes_back -= freed
    dossier.save(update_fields=["comes_back"])
    _send_back(dossier, _locked_claim(claim), dossier.ended_reason, actor, at)
    return _release(contract, dossier, freed, day_of(at))


def _release(
    contract: Contract, dossier: Dossier, amount: Decimal, on: date, *, reason: str = "stopgezet"
) -> Move:
    return Move(
        contract,
        RELEASE,
        amount,
        on=on,
        case_id=dossier.pk,
        cause_id=uuid4(),
        reason=reason,
    )


def _locked_claim(claim: Claim) -> Claim:
    return (
        Claim.objects.select_for_update(of=("self",), no_key=True)
        .select_related("statement")
        .get(pk=claim.pk)
    )


def _record(
    dossier: Dossier, deed: str, subject_id: object, actor: User, at: datetime, **facts: object
) -> None:
    record(
        actor=actor,
        action=deed,
        subject_id=subject_id,
        at=at,
        provider_id=dossier.provider_id,
        case_id=dossier.pk,
        facts=facts,
    )
