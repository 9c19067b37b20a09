"""What one may do: state what was delivered, claim a tranche, verify it, stop a dossier.

A dossier is stopped here because what was stated and claimed decides what comes back.
"""

from datetime import datetime
from decimal import Decimal
from uuid import uuid4

from django.db import transaction

from apps.accounts.models import User
from apps.audit.services import record
from apps.claims.models import Claim, Statement
from apps.claims.selectors import current_statements, delivered_by
from apps.contracts.models import RELEASE
from apps.contracts.selectors import committed_and_paid
from apps.contracts.services import Move, enter, lock_contract
from apps.dossiers.models import Dossier
from apps.programme.selectors import terms_of
from cstraject.delivery import Delivered, final_grant, must_follow, tranche_amount
from cstraject.lifecycle import CLAIM, DOSSIER
from cstraject.money import ZERO
from cstraject.quarter import ClaimWindow, Quarter, day_of
from cstraject.refusal import Refusal, must
from cstraject.subsidy import wind_up

ENDED_EARLY, NOT_ENTITLED = STOP_CAUSES = ("ended_early", "not_entitled")


@transaction.atomic
def file_statement(
    *,
    dossier: Dossier,
    quarter: Quarter,
    person_days: Decimal,
    amount: Decimal,
    actor: User,
    at: datetime,
) -> Statement:
    """State what was delivered since the start, by the end of a quarter that is over.

    Never less than an earlier quarter, never more than the offer. Stating a quarter again is a
    new version, as long as no claim rests on the one before.
    """
    dossier = _locked(dossier)
    if dossier.state not in ("in_delivery", "completed") or dossier.started_on is None:
        raise Refusal("not-now", noun="dossier", state=dossier.state, event="statement")
    on = day_of(at)
    if on < quarter.ends:
        raise Refusal("quarter-not-over", quarter=str(quarter), opens_on=quarter.ends)
    if quarter.ends <= dossier.started_on:
        raise Refusal("date-order", earlier=dossier.started_on, later=quarter.last_day)
    stated = current_statements(dossier)
    own = stated.pop(str(quarter), None)
    if own is not None and own.claims.exclude(state="sent_back").exists():
        raise Refusal("statement-claimed", quarter=str(quarter))
    earlier = [s for q, s in stated.items() if q < str(quarter)]
    later = [s for q, s in stated.items() if q > str(quarter)]
    must_follow(
        Delivered(person_days, amount),
        before=delivered_by(earlier[-1]) if earlier else None,
        after=delivered_by(later[0]) if later else None,
        offered=Delivered(dossier.person_days, dossier.price_excl_vat),
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
    )
    _record(
        *(dossier, "statement.file", statement.pk, actor, at),
        quarter=quarter,
        person_days=person_days,
        amount=amount,
    )
    return statement


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

    The amount follows from the rules; a caller may give the one in its own books, which must
    agree. All claims of a dossier together never exceed its grant.
    """
    dossier = _locked(dossier)
    terms = terms_of(dossier.contract.edition)
    if dossier.state not in ("in_delivery", "completed") or dossier.granted_incl_vat is None:
        raise Refusal("not-now", noun="dossier", state=dossier.state, event="claim")
    ClaimWindow(quarter, terms.claim_window_days).must_be_open(day_of(at))
    statement = current_statements(dossier).get(str(quarter))
    if statement is None:
        raise Refusal("no-statement", quarter=str(quarter))
    asked = {claim.tranche: claim for claim in dossier.claims.exclude(state="sent_back")}
    if tranche in asked:
        raise Refusal("already-claimed", tranche=tranche, quarter=asked[tranche].quarter)
    committed, _ = committed_and_paid(dossier.pk)
    left = committed - sum((claim.amount for claim in asked.values()), ZERO)
    if amount is not None and amount > left:
        raise Refusal("over-grant", asked=amount, left=left)
    entitled = tranche_amount(
        tranche,
        stated=delivered_by(statement),
        offered=Delivered(dossier.person_days, dossier.price_excl_vat),
        granted=dossier.granted_incl_vat,
        completed=dossier.completed_on is not None and dossier.completed_on < quarter.ends,
        terms=terms,
    )
    if tranche == 2 and 1 not in asked:
        raise Refusal("first-tranche-first")
    if amount is not None and amount != entitled:
        raise Refusal("amount-differs", asked=amount, entitled=entitled)
    if entitled > left:
        raise Refusal("over-grant", asked=entitled, left=left)
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
def verify_claim(*, claim: Claim, actor: User, at: datetime) -> Claim:
    """Verify a claim: what was delivered is shown. It waits for the next run.

    With the second tranche the grant becomes final; what is not needed returns to the budget.
    """
    dossier_of_claim = Dossier.objects.get(pk=claim.dossier_id)
    contract = lock_contract(dossier_of_claim.contract_id)
    dossier = _locked(dossier_of_claim)
    claim = _locked_claim(claim)
    claim.state = CLAIM.after(claim.state, "verify")
    if claim.filed_by_id == actor.pk:
        raise Refusal("self-decided")
    claim.verified_at, claim.verified_by = at, actor
    claim.save(update_fields=["state", "verified_at", "verified_by"])
    _record(
        *(dossier, "claim.verify", claim.pk, actor, at), tranche=claim.tranche, amount=claim.amount
    )
    if claim.tranche == 2:
        committed, _ = committed_and_paid(dossier.pk)
        must(dossier.granted_incl_vat is not None, "what is claimed was granted")
        final = final_grant(
            delivered_by(claim.statement),
            granted=dossier.granted_incl_vat or ZERO,
            terms=terms_of(dossier.contract.edition),
        )
        if committed > final:
            enter(
                [
                    Move(
                        contract,
                        RELEASE,
                        committed - final,
                        on=day_of(at),
                        case_id=dossier.pk,
                        cause_id=claim.pk,
                        reason="minder geleverd dan aangeboden",
                    )
                ],
                actor=actor,
            )
    return claim


@transaction.atomic
def send_back_claim(*, claim: Claim, reason: str, actor: User, at: datetime) -> Claim:
    """Send a claim back to the provider with a reason; the tranche can be claimed again."""
    dossier = _locked(Dossier.objects.get(pk=claim.dossier_id))
    claim = _locked_claim(claim)
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


@transaction.atomic
def stop_dossier(
    *, dossier: Dossier, cause: str, reason: str, actor: User, at: datetime
) -> Dossier:
    """Stop a dossier after its start: release what is not needed, say what must come back.

    `ended_early`: the provider keeps the subsidy on what was last stated. `not_entitled`: the
    enterprise should not have been helped, all that was paid comes back. What was paid beyond
    what is kept stays committed until it is returned. Claims that wait are sent back; one that
    is in a run must be settled first.
    """
    contract = lock_contract(dossier.contract_id)
    dossier = _locked(dossier)
    on = day_of(at)
    state = DOSSIER.after(dossier.state, "stop")
    if not reason.strip():
        raise Refusal("reason-missing")
    if cause not in STOP_CAUSES:
        raise Refusal("unknown-reason", given=cause[:20])
    claims = list(
        dossier.claims.select_for_update(of=("self",)).exclude(state="sent_back").order_by("id")
    )
    if any(claim.state == "in_run" for claim in claims):
        raise Refusal("in-a-run")
    statements = list(current_statements(dossier).values())
    entitled = ZERO
    if cause == ENDED_EARLY and statements:
        entitled = final_grant(
            delivered_by(statements[-1]),
            granted=dossier.granted_incl_vat or ZERO,
            terms=terms_of(dossier.contract.edition),
        )
    committed, paid = committed_and_paid(dossier.pk)
    winding = wind_up(committed=committed, paid=paid, entitled=entitled)
    dossier.state = state
    dossier.ended_on, dossier.ended_reason = on, reason.strip()[:500]
    dossier.comes_back = winding.comes_back
    dossier.save(update_fields=["state", "ended_on", "ended_reason", "comes_back"])
    for claim in claims:
        if claim.state != "paid":
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
        enter(
            [
                Move(
                    contract,
                    RELEASE,
                    winding.released,
                    on=on,
                    case_id=dossier.pk,
                    cause_id=uuid4(),
                    reason="stopgezet",
                )
            ],
            actor=actor,
        )
    return dossier


def _locked(dossier: Dossier) -> Dossier:
    return (
        Dossier.objects.select_for_update(of=("self",), no_key=True)
        .select_related("contract__edition")
        .get(pk=dossier.pk)
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
