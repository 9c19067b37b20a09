"""What one may do: award a contract, move money on it. The database keeps the balances."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db import connection, transaction

from apps.accounts.models import User
from apps.audit.services import record
from apps.contracts.models import AWARD, Contract, LedgerEntry
from apps.programme.models import Edition
from apps.providers.models import Provider
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
    *, contract: Contract, by: Decimal, reason: str, actor: User, at: datetime
) -> Contract:
    """Raise or lower a budget by an amount in euro; never under what is committed."""
    if not reason.strip():
        raise Refusal("reason-missing")
    contract = lock_contract(contract.pk)
    if contract.budget + by < contract.committed:
        raise Refusal("budget-exhausted", asked=-by, left=contract.left)
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
