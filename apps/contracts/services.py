"""What one may do: award a contract, move money on it. The database keeps the balances."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db import connection, transaction

from apps.accounts.models import User
from apps.audit.services import record
from apps.contracts.models import AWARD, Contract, LedgerEntry, Shift
from apps.programme.models import Edition
from apps.providers.models import Provider
from apps.providers.selectors import not_own_provider
from cstraject.quarter import day_of
from cstraject.refusal import Refusal, must


@transaction.atomic
def award_contract(
    *,
    provider: Provider,
    edition: Edition,
    budget: Decimal,
    valid_from: date,
    valid_until: date,
    actor: User,
    at: datetime,
) -> Contract:
    """Award a provider a framework contract with a budget in euro including VAT."""
    not_own_provider(actor, provider)
    if Contract.objects.filter(provider=provider, edition=edition).exists():
        raise Refusal("contract-there")
    contract = Contract.objects.create(
        provider=provider, edition=edition, valid_from=valid_from, valid_until=valid_until
    )
    record(
        actor=actor,
        action="contract.award",
        subject_id=contract.pk,
        at=at,
        provider_id=provider.pk,
        facts={"amount": budget},
    )
    enter([Move(contract, AWARD, budget, on=valid_from, reason="gunning")], actor=actor)
    contract.refresh_from_db()
    return contract


@transaction.atomic
def amend_budget(
    *,
    contract: Contract,
    by: Decimal,
    reason: str,
    actor: User,
    at: datetime,
    seen: Decimal | None = None,
) -> Contract:
    """Raise or lower a budget by an amount in euro; never under what is committed.

    `seen` is the budget that somebody looked at: another one by now is refused.
    """
    if not reason.strip():
        raise Refusal("reason-missing")
    not_own_provider(actor, contract.provider)
    contract = lock_contract(contract.pk)
    if seen is not None and contract.budget != seen:
        raise Refusal("budget-changed", amount=contract.budget)
    if not by:
        raise Refusal("nothing-changes")
    if contract.budget + by < contract.committed:
        asked = contract.budget + by
        raise Refusal("budget-below-committed", asked=asked, committed=contract.committed)
    record(
        actor=actor,
        action="contract.amend",
        subject_id=contract.pk,
        at=at,
        provider_id=contract.provider_id,
        facts={"by": by, "reason": reason},
    )
    enter([Move(contract, AWARD, by, on=day_of(at), reason=reason)], actor=actor)
    contract.refresh_from_db()
    return contract


@transaction.atomic
def propose_shift(
    *,
    source: Contract,
    target: Contract,
    amount: Decimal,
    reason: str,
    actor: User,
    at: datetime,
) -> Shift:
    """Propose that budget goes from one contract to another; a colleague decides.

    In euro including VAT. Refused at once where the source could not miss it today.
    """
    if not reason.strip():
        raise Refusal("reason-missing")
    not_own_provider(actor, source.provider, target.provider)
    if amount <= 0 or source.pk == target.pk:
        raise Refusal("shift-nowhere")
    source = lock_contract(source.pk)
    again = {"source": source, "target": target, "amount": amount, "reason": reason.strip()[:200]}
    if twice := Shift.objects.filter(**again, proposed_by=actor, done=None).first():
        return twice  # Pressed twice.
    if source.left < amount:
        raise Refusal("budget-exhausted", asked=amount, left=source.left)
    shift = Shift.objects.create(
        source=source,
        target=target,
        amount=amount,
        reason=reason.strip()[:200],
        proposed_at=at,
        proposed_by=actor,
    )
    _record_shift(shift, "shift.propose", actor, at)
    return shift


@transaction.atomic
def decide_shift(*, shift: Shift, done: bool, actor: User, at: datetime) -> Shift:
    """Carry out a proposed shift, as somebody else than who proposed it; or drop it.

    Both contracts are locked, in the order of their numbers; the source keeps what is committed.
    """
    shift = Shift.objects.select_for_update(of=("self",), no_key=True).get(pk=shift.pk)
    if shift.done is not None:
        raise Refusal("shift-decided")
    if done and shift.proposed_by_id == actor.pk:
        raise Refusal("self-decided")
    if done:
        not_own_provider(actor, shift.source.provider, shift.target.provider)
    shift.done, shift.decided_at, shift.decided_by = done, at, actor
    shift.save(update_fields=["done", "decided_at", "decided_by"])
    _record_shift(shift, "shift.carry_out" if done else "shift.drop", actor, at)
    if not done:
        return shift
    contracts = {pk: lock_contract(pk) for pk in sorted((shift.source_id, shift.target_id))}
    source, target, on = contracts[shift.source_id], contracts[shift.target_id], day_of(at)
    if source.left < shift.amount:
        raise Refusal("budget-exhausted", asked=shift.amount, left=source.left)
    moves = [
        Move(source, AWARD, -shift.amount, on=on, reason=shift.reason),
        Move(target, AWARD, shift.amount, on=on, reason=shift.reason),
    ]
    enter(sorted(moves, key=lambda move: move.contract.pk), actor=actor)
    return shift


def _record_shift(shift: Shift, deed: str, actor: User, at: datetime) -> None:
    """Without a provider: neither reads what the other has."""
    record(
        actor=actor,
        action=deed,
        subject_id=shift.pk,
        at=at,
        facts={
            "amount": shift.amount,
            "from": shift.source.provider.name,
            "to": shift.target.provider.name,
            "reason": shift.reason,
        },
    )


def lock_contract(contract_id: int) -> Contract:
    """The contract as it stands now; who else wants it waits until this transaction ends.

    Every deed that moves money takes this lock first. It goes through a function of the keeper,
    since a provider's role may read a contract but change nothing of it.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT contracts_lock(%s)", [contract_id])
    return Contract.objects.select_related("edition").get(pk=contract_id)


@dataclass(frozen=True)
class Move:
    """One entry to be made: what moves on which contract, for which dossier, caused by what."""

    contract: Contract
    kind: str
    amount: Decimal
    on: date
    case_id: UUID | None = None
    cause_id: UUID | None = None
    reason: str = ""


def enter(moves: Iterable[Move], *, actor: User) -> None:
    """Enter moves in the ledger, as the last step of a deed: the database then has its say."""
    must(connection.in_atomic_block, "an entry is made together with the deed that causes it")
    LedgerEntry.objects.bulk_create(
        (
            LedgerEntry(
                provider_id=move.contract.provider_id,
                contract=move.contract,
                kind=move.kind,
                amount=move.amount,
                on=move.on,
                case_id=move.case_id,
                cause_id=move.cause_id,
                reason=move.reason,
                made_by=actor,
            )
            for move in moves
        ),
        batch_size=2000,
    )
