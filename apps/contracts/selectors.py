"""What one may ask: contracts, what a case has committed and paid, whether the ledger agrees."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import connection
from django.db.models import Case, DecimalField, F, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Coalesce, TruncMonth

from apps.accounts.models import User
from apps.contracts.models import AWARD, COMMIT, PAY, RELEASE, RETURN, Contract, LedgerEntry, Shift
from cstraject.forecast import Forecast, forecast, pace_since
from cstraject.money import ZERO
from cstraject.quarter import ClaimWindow, Quarter
from cstraject.refusal import Refusal


@dataclass(frozen=True)
class Balance:
    """What a contract had on a day, in euro including VAT."""

    on: date
    budget: Decimal
    committed: Decimal
    paid: Decimal

    @property
    def moved(self) -> tuple[Decimal, Decimal, Decimal]:
        return self.budget, self.committed, self.paid


EURO: "DecimalField[Decimal, Decimal]" = DecimalField(max_digits=14, decimal_places=2)


def contracts_with_balances() -> QuerySet[Contract]:
    """The contracts in scope with their provider and edition, by provider's name."""
    return Contract.objects.select_related("provider", "edition").order_by(
        "provider__name", "valid_from"
    )


def window_around(today: date, contract: Contract) -> ClaimWindow:
    """The claim window that is open today, else the next one to open."""
    quarter = Quarter.containing(today)
    days = contract.edition.claim_window_days
    last = ClaimWindow(quarter.previous, days)
    return last if today < last.shuts_on else ClaimWindow(quarter, days)


def contract_of(provider_id: int, *, on: date) -> Contract:
    """The contract under which a provider files on a day; refuses where there is none."""
    contract = (
        Contract.objects.select_related("edition")
        .filter(provider_id=provider_id, valid_from__lte=on, valid_until__gte=on)
        .order_by("-valid_from")
        .first()
    )
    if contract is None:
        raise Refusal("no-contract", on=on)
    return contract


def contract_holder(enterprise_number: str) -> str:
    """The short name of the provider of this number, if it ever held a contract; "" otherwise.

    Asked by the doorkeeper, of somebody who comes in the name of that enterprise.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT cst_contract_holder(%s)", [enterprise_number])
        [slug] = cursor.fetchone()
    return slug or ""


def _net(plus: str, minus: str) -> Coalesce:
    signed = Case(
        When(kind=plus, then=F("amount")),
        When(kind=minus, then=-F("amount")),
        output_field=EURO,
    )
    return Coalesce(Sum(signed), Value(ZERO), output_field=EURO)


def committed_and_paid(case_id: UUID, *, on: date | None = None) -> tuple[Decimal, Decimal]:
    """What a dossier has committed and paid in euro, now or as of a day."""
    entries = LedgerEntry.objects.filter(case_id=case_id)
    if on is not None:
        entries = entries.filter(on__lte=on)
    sums = entries.aggregate(committed=_net(COMMIT, RELEASE), paid=_net(PAY, RETURN))
    return sums["committed"], sums["paid"]


def committed_by_case(cases: Collection[UUID]) -> dict[UUID | None, Decimal]:
    """What is committed for each of these dossiers now, less what was released, in euro."""
    return dict(
        LedgerEntry.objects.filter(case_id__in=cases)
        .values("case_id")
        .annotate(net=_net(COMMIT, RELEASE))
        .values_list("case_id", "net")
    )


def cases_with_a_rest() -> QuerySet[LedgerEntry, UUID | None]:
    """The dossiers for which more is committed than is paid."""
    return (
        LedgerEntry.objects.filter(case_id__isnull=False)
        .values("case_id")
        .annotate(rest=_net(COMMIT, RELEASE) - _net(PAY, RETURN))
        .filter(rest__gt=0)
        .values_list("case_id", flat=True)
    )


def shifts_proposed() -> QuerySet[Shift]:
    """What waits for a second person, the oldest first."""
    return (
        Shift.objects.filter(done=None)
        .select_related(
            *("source__provider", "source__edition", "target__provider", "target__edition"),
            "proposed_by",
        )
        .order_by("proposed_at")
    )


def shifts_to_decide(user: User) -> QuerySet[Shift]:
    """What somebody may decide who may: shifts that a colleague proposed."""
    return shifts_proposed().exclude(proposed_by=user)


def shifts_of(contract: Contract) -> QuerySet[Shift]:
    """Every shift from or to a contract, the newest first."""
    return (
        Shift.objects.filter(Q(source=contract) | Q(target=contract))
        .select_related(
            *("source__provider", "source__edition", "target__provider", "target__edition"),
            *("proposed_by", "decided_by"),
        )
        .order_by("-proposed_at")
    )


def awards_of(contract: Contract) -> QuerySet[LedgerEntry]:
    """How a budget came to be what it is: the award and what was added or taken; oldest first."""
    awards = LedgerEntry.objects.filter(contract=contract, kind=AWARD)
    return awards.select_related("made_by").order_by("on", "recorded_at")


def balances_by_month(contract: Contract, *, until: date) -> list[Balance]:
    """What a contract had at the end of each month from its first entry, up to a day."""
    sums = (
        LedgerEntry.objects.filter(contract=contract, on__lte=until)
        .annotate(month=TruncMonth("on"))
        .values("month")
        .annotate(
            awarded=Coalesce(Sum("amount", filter=Q(kind=AWARD)), Value(ZERO), output_field=EURO),
            net_committed=_net(COMMIT, RELEASE),
            net_paid=_net(PAY, RETURN),
        )
        .order_by("month")
        .values_list("month", "awarded", "net_committed", "net_paid")
    )
    found = {month: moved for month, *moved in sums}
    balances: list[Balance] = []
    if not found:
        return balances
    month, budget, committed, paid = min(found), ZERO, ZERO, ZERO
    while month <= until:
        moved = found.get(month, [ZERO] * 3)
        budget, committed, paid = budget + moved[0], committed + moved[1], paid + moved[2]
        following = (month + timedelta(days=32)).replace(day=1)
        balances.append(Balance(min(following - timedelta(days=1), until), budget, committed, paid))
        month = following
    return balances


def forecasts(contracts: Collection[Contract], *, on: date) -> dict[int, Forecast]:
    """Per contract when its budget is used up at the pace of the last year, in one query."""
    of_late = Q()
    for contract in contracts:
        since = pace_since(contract.valid_from, on=on)
        of_late |= Q(contract=contract, on__gt=since, on__lte=on)
    if not contracts:
        return {}
    pace = dict(
        LedgerEntry.objects.filter(of_late)
        .values("contract")
        .annotate(net=_net(COMMIT, RELEASE))
        .values_list("contract", "net")
    )
    told = {
        contract.pk: forecast(
            contract.left,
            committed=pace.get(contract.pk, ZERO),
            valid_from=contract.valid_from,
            valid_until=contract.valid_until,
            on=on,
        )
        for contract in contracts
    }
    return {pk: one for pk, one in told.items() if one is not None}


def ledger_differences() -> list[str]:
    """Where a contract's balances differ from the sum of its entries; empty when all agree."""
    sums = {
        contract: totals
        for contract, *totals in LedgerEntry.objects.values("contract")
        .annotate(
            awarded=Coalesce(Sum("amount", filter=Q(kind=AWARD)), Value(ZERO), output_field=EURO),
            net_committed=_net(COMMIT, RELEASE),
            net_paid=_net(PAY, RETURN),
        )
        .order_by("contract")
        .values_list("contract", "awarded", "net_committed", "net_paid")
    }
    differences = []
    for contract in Contract.objects.select_related("provider").order_by("id"):
        kept = (contract.budget, contract.committed, contract.paid)
        totals = sums.get(contract.pk, [ZERO] * 3)
        for name, balance, total in zip(("budget", "committed", "paid"), kept, totals, strict=True):
            if balance != total:
                differences.append(
                    f"{contract.provider.slug}: {name} is {balance}, its entries say {total}"
                )
    return differences
