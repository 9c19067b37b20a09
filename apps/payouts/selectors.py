"""What one may ask about runs: what would be paid, why the rest would not, what was paid."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from apps.claims.models import Claim, Statement
from apps.claims.selectors import (
    covers_completion,
    current_statements,
    current_statements_of,
    delivered_by,
)
from apps.dossiers.models import Dossier
from apps.payouts.models import Payment, PaymentLine, Run
from apps.programme.selectors import edition_on, terms_of
from cstraject.delivery import NOTHING, Delivered, share_delivered, tranche_amount
from cstraject.money import ZERO
from cstraject.quarter import ClaimWindow, Quarter
from cstraject.refusal import Refusal, must
from cstraject.subsidy import tranches_of
from cstraject.terms import Terms

# What the bank did not pay after all.
NOT_PAID = ("refused", "returned")


def must_be_payable(quarter: Quarter, *, on: date) -> Terms:
    """The terms of a quarter whose claim window has closed by a day; refuses it before that."""
    terms = terms_of(edition_on(quarter.last_day))
    window = ClaimWindow(quarter, terms.claim_window_days)
    if on < window.opens_on:
        raise Refusal("quarter-not-over", quarter=str(quarter), opens_on=window.opens_on)
    if on < window.shuts_on:
        raise Refusal("window-open", quarter=str(quarter), last_day=window.last_day)
    return terms


def due_quarter(*, on: date) -> Quarter | None:
    """The last quarter whose run day has come by a day; None where no edition speaks of it."""
    quarter = Quarter.containing(on).previous
    try:
        terms = terms_of(edition_on(quarter.last_day))
    except Refusal:
        return None
    return quarter if on >= quarter.ends.replace(day=terms.run_day) else quarter.previous


def waits_for_a_person(quarter: Quarter, *, on: date) -> str:
    """Why the timetable leaves the run of a quarter to a person; empty when it does not.

    A run that somebody gave up is drawn up again by hand. After the run day the timetable waits
    until no claim of the quarter waits for an officer, lest the first one make a run of its own.
    """
    if Run.objects.filter(quarter=str(quarter)).exists():
        return "run-exists"
    run_day = quarter.ends.replace(day=terms_of(edition_on(quarter.last_day)).run_day)
    if on > run_day and Claim.objects.filter(quarter__lte=str(quarter), state="submitted").exists():
        return "claim-waits"
    return ""


def runs_newest_first() -> QuerySet[Run]:
    """Every run, the last drawn up first, each with what the bank did not pay of it."""
    unpaid = Sum("payments__amount", filter=Q(payments__state__in=NOT_PAID), default=ZERO)
    return Run.objects.annotate(unpaid=unpaid).order_by("-drawn_up_at")


def refused_accounts(ibans: Collection[str]) -> dict[str, Payment]:
    """Of these accounts those that the bank did not pay the last time, each with that payment."""
    answered = Payment.objects.filter(iban__in=ibans, state__in=("paid", *NOT_PAID)).order_by(
        Coalesce("returned_on", "settled_on"), "run__drawn_up_at"
    )
    last = {payment.iban: payment for payment in answered}
    return {iban: one for iban, one in last.items() if one.state in NOT_PAID}


def runs_to_file() -> QuerySet[Run]:
    """Approved runs that wait for their file."""
    return Run.objects.filter(state="approved").order_by("approved_at")


def payments_of(run: Run) -> QuerySet[Payment]:
    """The payments of a run, by provider."""
    return run.payments.select_related("provider").order_by("payee_name")


def lines_of(run: Run) -> QuerySet[PaymentLine]:
    """The lines of a run with their claims and dossiers, by provider and dossier."""
    return (
        PaymentLine.objects.filter(payment__run=run)
        .select_related("payment", "claim__dossier")
        .order_by("payment__payee_name", "claim__dossier__reference", "claim__tranche")
    )


def run_before(run: Run) -> Run | None:
    """The last run of an earlier quarter that was not given up."""
    earlier = Run.objects.filter(quarter__lt=run.quarter).exclude(state="abandoned")
    return earlier.order_by("-quarter", "-drawn_up_at").first()


@dataclass(frozen=True)
class Difference:
    """What a provider is paid by a run and was by the one before: euro, and how many tranches."""

    provider: str
    before: Decimal
    before_lines: int
    now: Decimal
    now_lines: int

    @property
    def by(self) -> Decimal:
        return self.now - self.before


def differences(run: Run, before: Run) -> list[Difference]:
    """Provider by provider what differs between two runs, by name."""
    sums: dict[str, list[tuple[Decimal, int]]] = {}
    for nth, one in enumerate((before, run)):
        lines = PaymentLine.objects.filter(payment__run=one)
        for name, amount, count in lines.values_list("payment__provider__name").annotate(
            amount=Sum("amount"), count=Count("pk")
        ):
            sums.setdefault(name, [(ZERO, 0), (ZERO, 0)])[nth] = (amount, count)
    return [Difference(name, *was, *now) for name, (was, now) in sorted(sums.items())]


@dataclass(frozen=True)
class LeftOut:
    """A tranche that a run does not pay, and why: a code with its facts."""

    dossier: Dossier
    tranche: int
    why: str
    facts: Mapping[str, object]
    amount: Decimal = ZERO
    """What it would pay if it were claimed, in euro including VAT; nought where it cannot be."""
    statement: Statement | None = None
    """What it would rest on."""
    planned: Decimal = ZERO
    """What it was claimed or granted for, in euro including VAT."""


@dataclass(frozen=True)
class Preflight:
    """What a run of a quarter would pay now, and what it would leave out."""

    quarter: Quarter
    claims: list[Claim]
    left_out: list[LeftOut]

    @property
    def total(self) -> Decimal:
        """Euro including VAT."""
        return sum((claim.amount for claim in self.claims), ZERO)


def can_be_claimed(item: LeftOut, quarter: Quarter) -> bool:
    """Whether a tranche has all that a claim of a quarter asks: its statement, or the last one."""
    return (
        item.why == "not-claimed"
        and item.statement is not None
        and (
            item.statement.quarter == str(quarter)
            or covers_completion(item.statement, item.dossier)
        )
    )


def preflight(quarter: Quarter) -> Preflight:
    """What would be paid, and for every other open tranche the reason why not."""
    claims = list(
        Claim.objects.filter(state="verified", quarter__lte=str(quarter))
        .select_related("dossier", "provider")
        .order_by("provider__name", "dossier__reference", "tranche")
    )
    return Preflight(quarter, claims, _left_out(quarter))


def tranches_to_claim(quarter: Quarter) -> tuple[dict[UUID, int], dict[UUID, int]]:
    """Per dossier the first tranche that can be claimed with a quarter; or once that is stated."""
    to_claim: dict[UUID, int] = {}
    to_state: dict[UUID, int] = {}
    for item in preflight(quarter).left_out:
        if can_be_claimed(item, quarter):
            to_claim.setdefault(item.dossier.pk, item.tranche)
        elif item.why == "not-claimed":
            to_state.setdefault(item.dossier.pk, item.tranche)
    return to_claim, {pk: nth for pk, nth in to_state.items() if pk not in to_claim}


def _left_out(quarter: Quarter) -> list[LeftOut]:
    dossiers = list(
        Dossier.objects.filter(state__in=("in_delivery", "completed"), started_on__lt=quarter.ends)
        .select_related("contract__edition", "provider")
        .order_by("provider__name", "reference")
    )
    statements = current_statements_of([dossier.pk for dossier in dossiers], until=quarter)
    live = {
        (claim.dossier_id, claim.tranche): claim
        for claim in Claim.objects.filter(dossier__in=dossiers).exclude(state="sent_back")
    }
    terms_by_edition = {d.contract.edition_id: d.contract.edition for d in dossiers}
    terms = {pk: terms_of(edition) for pk, edition in terms_by_edition.items()}
    left_out = []
    for dossier in dossiers:
        for tranche in (1, 2):
            claim = live.get((dossier.pk, tranche))
            if claim is not None:
                if claim.state == "submitted":
                    left_out.append(
                        LeftOut(dossier, tranche, "claim-not-verified", {}, planned=claim.amount)
                    )
                elif claim.state == "verified" and claim.quarter > str(quarter):
                    later = {"quarter": claim.quarter}
                    left_out.append(
                        LeftOut(dossier, tranche, "claim-of-later", later, planned=claim.amount)
                    )
                continue
            statement = statements.get(dossier.pk)
            first = live.get((dossier.pk, 1))
            why, facts, amount = _open_tranche(
                dossier,
                tranche,
                statement,
                claimed=first.amount if first else None,
                terms=terms[dossier.contract.edition_id],
            )
            planned = tranches_of(
                dossier.granted_incl_vat or ZERO, terms=terms[dossier.contract.edition_id]
            )[tranche - 1]
            left_out.append(LeftOut(dossier, tranche, why, facts, amount, statement, planned))
    return left_out


def _open_tranche(
    dossier: Dossier,
    number: int,
    statement: Statement | None,
    *,
    claimed: Decimal | None,
    terms: Terms,
) -> tuple[str, Mapping[str, object], Decimal]:
    """Why a tranche without a claim is not paid (a code with facts), and what it would pay.

    `claimed` is what was claimed in the first tranche, if it was.
    """
    must(dossier.granted_incl_vat is not None, "what has tranches was granted")
    granted = dossier.granted_incl_vat or ZERO
    if statement is None:
        return "no-statement-yet", {}, ZERO
    delivered = delivered_by(statement)
    offered = Delivered(dossier.person_days, dossier.price_excl_vat)
    if claimed is None:
        due = share_delivered(delivered, offered=offered) >= terms.first_tranche_threshold
        claimed = tranches_of(granted, terms=terms)[0] if due else ZERO
    try:
        amount = tranche_amount(
            number,
            stated=delivered,
            offered=offered,
            granted=granted,
            claimed=claimed,
            over=covers_completion(statement, dossier),
            terms=terms,
        )
    except Refusal as refusal:
        return refusal.code, refusal.facts, ZERO
    return "not-claimed", {}, amount


@dataclass(frozen=True)
class Tranche:
    """A tranche of a grant: its amount, and when it was paid or why (a code with facts) not yet."""

    number: int
    amount: Decimal
    claim: Claim | None = None
    paid_on: date | None = None
    why: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)
    sent_back: str = ""
    """The reason for which its last claim was sent back, as long as there is no new one."""

    @property
    def state(self) -> str:
        """That of its claim, also of one that was sent back; empty if nothing was claimed."""
        return self.claim.state if self.claim else "sent_back" if self.sent_back else ""


def tranches_of_grant(dossier: Dossier) -> list[Tranche]:
    """How each tranche of a dossier stands; none as long as nothing is granted."""
    if dossier.granted_incl_vat is None:
        return []
    terms = terms_of(dossier.contract.edition)
    claims = list(dossier.claims.order_by("filed_at"))
    live = {claim.tranche: claim for claim in claims if claim.state != "sent_back"}
    sent_back = {
        claim.tranche: claim.sent_back_reason for claim in claims if claim.state == "sent_back"
    }
    paid_on = dict(
        PaymentLine.objects.filter(
            claim__in=live.values(), released_at=None, payment__state="paid"
        ).values_list("claim_id", "payment__settled_on")
    )
    stated = list(current_statements(dossier).values())
    first = live.get(1)
    tranches = []
    for number, planned in enumerate(tranches_of(dossier.granted_incl_vat, terms=terms), start=1):
        if claim := live.get(number):
            tranches.append(Tranche(number, claim.amount, claim, paid_on.get(claim.pk)))
            continue
        told: tuple[str, Mapping[str, object], Decimal] = ("ended", {}, ZERO)
        if dossier.state == "approved":
            told = ("not-started", {}, ZERO)
        elif dossier.state in ("in_delivery", "completed"):
            told = _open_tranche(
                dossier,
                number,
                stated[-1] if stated else None,
                claimed=first.amount if first else None,
                terms=terms,
            )
        why, facts, amount = told
        tranches.append(
            Tranche(
                number,
                # Of what ended nothing more is paid.
                ZERO if why == "ended" else amount or planned,
                why=why,
                facts=facts,
                sent_back=sent_back.get(number, ""),
            )
        )
    return tranches


@dataclass(frozen=True)
class StatementLine:
    """What a statement says, as answer 526 asks for it [3]: in all, delivered earlier and in its
    quarter, what was paid on it and before it (in euro including VAT), and what is to come."""

    statement: Statement
    whole: Delivered
    earlier: Delivered
    now: Delivered
    left: Delivered
    share: Decimal
    paid: Decimal


def statement_lines(
    dossier: Dossier, stated: Mapping[str, Statement], tranches: Iterable[Tranche]
) -> list[StatementLine]:
    """The statements of a dossier that stand, the newest first, with how its tranches stand."""
    offered = Delivered(dossier.person_days, dossier.price_excl_vat)
    paid: dict[UUID, Decimal] = defaultdict(Decimal)
    for tranche in tranches:
        if tranche.claim is not None and tranche.paid_on is not None:
            paid[tranche.claim.statement_id] += tranche.amount
    lines, earlier, paid_so_far = [], NOTHING, ZERO
    for statement in stated.values():
        whole = delivered_by(statement)
        paid_so_far += paid[statement.pk]
        lines.append(
            StatementLine(
                statement=statement,
                whole=whole,
                earlier=earlier,
                now=whole - earlier,
                left=offered - whole,
                share=share_delivered(whole, offered=offered),
                paid=paid_so_far,
            )
        )
        earlier = whole
    return lines[::-1]
