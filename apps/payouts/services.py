"""What one may do with a run: draw up, check, approve, write its file, send, settle, abandon.

Every step is a state, every step can be killed and done again. Nothing is paid twice: a claim
is in one payment at a time (`line_one_per_claim`), a line is entered once (`entry_once_per_cause`).
"""

import hashlib
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import connection, transaction

from apps.accounts.models import User
from apps.audit.services import record, record_all
from apps.claims.models import Claim
from apps.claims.services import take_back
from apps.contracts.models import PAY, RETURN
from apps.contracts.services import Move, enter, lock_contract
from apps.dossiers.models import Dossier
from apps.payouts.models import Payment, PaymentFile, PaymentLine, Run
from apps.payouts.payment_file import Payer, Transfer, payment_file
from apps.payouts.selectors import must_be_payable
from apps.providers.models import Provider
from apps.providers.selectors import not_own_provider
from cstraject.batch import Due, plan_payments
from cstraject.identifiers import iban as checked_iban
from cstraject.identifiers import structured_communication
from cstraject.lifecycle import CLAIM, PAYMENT, RUN
from cstraject.money import ZERO
from cstraject.quarter import Quarter, day_of
from cstraject.refusal import Refusal, must

LINES_PER_BATCH = 2000
DRAWING_UP = 20_210_101  # The advisory lock that only one drawing up holds at a time.


@transaction.atomic
def draw_up_run(*, quarter: Quarter, actor: User, at: datetime) -> Run:
    """Gather every verified claim up to a quarter: one payment per provider, lines frozen.

    A claim that was verified late rides along with the next run. If two draw up at once, the
    second waits and is told that the run exists; the unique constraint stands behind that.
    """
    must_be_payable(quarter, on=day_of(at))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [DRAWING_UP])
    if existing := Run.objects.filter(quarter=str(quarter)).exclude(state="abandoned").first():
        raise Refusal("run-exists", quarter=str(quarter), state=existing.state)
    claims = {
        str(claim.pk): claim
        for claim in Claim.objects.select_for_update(of=("self",), no_key=True)
        .filter(quarter__lte=str(quarter), state="verified")
        .select_related("dossier")
        .only("id", "provider_id", "amount", "dossier__id", "dossier__contract_id")
        .order_by("id")
    }
    if not claims:
        raise Refusal("nothing-to-pay", quarter=str(quarter))
    plan = plan_payments(Due(c.provider_id, pk, c.amount) for pk, c in claims.items())
    total = sum((planned.amount for planned in plan), ZERO)
    must(total == sum(c.amount for c in claims.values()), "a run pays what its claims ask")

    providers = Provider.objects.in_bulk([planned.payee for planned in plan])
    run = Run.objects.create(
        quarter=str(quarter),
        total=total,
        lines_count=len(claims),
        content_sha256="",
        drawn_up_at=at,
        drawn_up_by=actor,
    )
    payments = Payment.objects.bulk_create(
        Payment(
            run=run,
            quarter=str(quarter),
            provider_id=planned.payee,
            amount=planned.amount,
            payee_name=providers[planned.payee].name,
            iban=checked_iban(providers[planned.payee].iban),
            communication=_communication(quarter, planned.payee),
            end_to_end_id=f"CST-{quarter}-{planned.payee:05d}",
        )
        for planned in plan
    )
    PaymentLine.objects.bulk_create(
        (
            PaymentLine(
                provider_id=planned.payee,
                payment=payment,
                claim_id=claims[pk].pk,
                contract_id=claims[pk].dossier.contract_id,
                case_id=claims[pk].dossier_id,
                amount=claims[pk].amount,
            )
            for planned, payment in zip(plan, payments, strict=True)
            for pk in planned.claims
        ),
        batch_size=LINES_PER_BATCH,
    )
    run.content_sha256 = content_digest(run)
    run.save(update_fields=["content_sha256"])
    moved = Claim.objects.filter(pk__in=[c.pk for c in claims.values()], state="verified").update(
        state=CLAIM.after("verified", "include")
    )
    must(moved == run.lines_count, "every claim of a run is in it")
    _record(run, "draw_up", actor, at, total=total, lines=run.lines_count)
    return run


def _communication(quarter: Quarter, provider_id: int) -> str:
    """Year, quarter and provider as a structured communication: known before it is paid."""
    must(provider_id < 100_000, "a provider's number fits in five digits")
    return structured_communication((quarter.year * 10 + quarter.number) * 100_000 + provider_id)


def content_digest(run: Run) -> str:
    """The digest of what a run pays: every line with its claim, amount and account, in order."""
    lines = (
        PaymentLine.objects.filter(payment__run=run)
        .order_by("claim_id")
        .values_list("claim_id", "amount", "payment__iban", "payment__communication")
    )
    digest = hashlib.sha256()
    for line in lines.iterator(chunk_size=LINES_PER_BATCH):
        digest.update("|".join(map(str, line)).encode() + b"\n")
    return digest.hexdigest()


@transaction.atomic
def check_run(*, run: Run, actor: User, at: datetime) -> Run:
    """One officer signs that the run is right; nobody one that pays their own provider."""
    run = _locked(run)
    not_own_provider(actor, *Provider.objects.filter(pk__in=run.payments.values("provider")))
    run.state = RUN.after(run.state, "check")
    run.checked_at, run.checked_by = at, actor
    run.save(update_fields=["state", "checked_at", "checked_by"])
    _record(run, "check", actor, at, total=run.total)
    return run


@transaction.atomic
def approve_run(*, run: Run, actor: User, at: datetime) -> Run:
    """Another person approves it. Refuses (`four-eyes`) who checked it or drew it up."""
    run = _locked(run)
    state = RUN.after(run.state, "approve")
    if actor.pk in (run.checked_by_id, run.drawn_up_by_id):
        raise Refusal("four-eyes")
    not_own_provider(actor, *Provider.objects.filter(pk__in=run.payments.values("provider")))
    must(content_digest(run) == run.content_sha256, "a run is approved as it was drawn up")
    run.state = state
    run.approved_at, run.approved_by = at, actor
    run.save(update_fields=["state", "approved_at", "approved_by"])
    _record(run, "approve", actor, at, total=run.total, sha256=run.content_sha256)
    return run


@transaction.atomic
def write_payment_file(*, run: Run, actor: User, at: datetime) -> Run:
    """Write the file of an approved run, once; it is kept with its digest."""
    run = _locked(run)
    state = RUN.after(run.state, "file")
    if not settings.PAYER_IBAN:
        raise Refusal("payer-unknown")
    payments = list(run.payments.order_by("end_to_end_id"))
    must(sum(p.amount for p in payments) == run.total, "the file pays the run's total")
    must(content_digest(run) == run.content_sha256, "the file pays what was approved")
    run.pays_on = day_of(at) + timedelta(days=1)
    content = payment_file(
        message_id=f"CST-{run.quarter}-{run.content_sha256[:12].upper()}",
        payer=Payer(settings.PAYER_NAME, checked_iban(settings.PAYER_IBAN)),
        transfers=[
            Transfer(p.end_to_end_id, p.payee_name, p.iban, p.amount, p.communication)
            for p in payments
        ],
        made_at=at,
        pays_on=run.pays_on,
    )
    file = PaymentFile.objects.create(
        run=run,
        name=f"cstraject-{run.quarter}.xml",
        content=content,
        sha256=hashlib.sha256(content).hexdigest(),
        written_at=at,
    )
    run.state, run.filed_at = state, at
    run.save(update_fields=["state", "filed_at", "pays_on"])
    _record(run, "file", actor, at, sha256=file.sha256)
    return run


@transaction.atomic
def mark_sent(*, run: Run, actor: User, at: datetime) -> Run:
    """Say that the file went to the bank."""
    run = _locked(run)
    run.state = RUN.after(run.state, "send")
    run.sent_at, run.sent_by = at, actor
    run.save(update_fields=["state", "sent_at", "sent_by"])
    _record(run, "send", actor, at)
    return run


@transaction.atomic
def settle_payment(
    *, payment: Payment, outcome: str, on: date, actor: User, at: datetime
) -> Payment:
    """Settle a payment as the bank says: `pay`, `refuse`, or later `return`.

    Paid is entered in the ledger, a line per claim. Refused and returned open the tranche again:
    its claims wait, verified, for the next run. When every payment is settled, so is the run.
    """
    not_own_provider(actor, payment.provider)
    lines = list(
        PaymentLine.objects.filter(payment=payment, released_at=None)
        .select_related("claim")
        .order_by("contract_id", "claim_id")
    )
    contracts = {pk: lock_contract(pk) for pk in dict.fromkeys(line.contract_id for line in lines)}
    claim_ids = [line.claim_id for line in lines]
    if outcome == "return":
        # What comes back may change a stopped dossier: it is locked before its claims.
        cases = Dossier.objects.select_for_update(no_key=True).order_by("id")
        list(cases.filter(pk__in=[line.case_id for line in lines]).values("id"))
    list(Claim.objects.select_for_update().filter(pk__in=claim_ids).order_by("id").values("id"))
    run = _locked(Run.objects.get(pk=payment.run_id))
    payment = Payment.objects.select_for_update(of=("self",), no_key=True).get(pk=payment.pk)
    if run.state not in ("sent", "settled"):
        raise Refusal("not-now", noun="run", state=run.state, event="settle")
    if outcome not in ("pay", "refuse", "return"):
        raise Refusal("wrong-settlement")
    before = "in_run" if outcome != "return" else "paid"
    payment.state = PAYMENT.after(payment.state, outcome)
    if on > day_of(at):
        raise Refusal("future-date", given=on)
    must(run.sent_at is not None, "what is settled was sent")
    since = payment.settled_on or day_of(run.sent_at or at)
    if on < since:
        raise Refusal("date-order", earlier=since, later=on)
    if outcome == "return":
        payment.returned_on = on
    else:
        payment.settled_on = on
    payment.save(update_fields=["state", "settled_on", "returned_on"])
    event = {"pay": "pay", "refuse": "release", "return": "return"}[outcome]
    moved = Claim.objects.filter(pk__in=claim_ids, state=before).update(
        state=CLAIM.after(before, event)
    )
    must(moved == len(lines) > 0, "a payment settles every claim in it")
    if outcome != "pay":
        PaymentLine.objects.filter(pk__in=[line.pk for line in lines]).update(released_at=at)
    record_all(
        actor=actor,
        action=f"claim.{event}",
        at=at,
        deeds=[
            (
                line.claim_id,
                line.provider_id,
                line.case_id,
                {"tranche": line.claim.tranche, "amount": line.amount, "quarter": run.quarter},
            )
            for line in lines
        ],
    )
    if run.state == "sent" and not run.payments.filter(state="planned").exists():
        run.state = RUN.after(run.state, "settle")
        run.settled_at = at
        run.save(update_fields=["state", "settled_at"])
        _record(run, "settle", actor, at)
    moves = [
        Move(
            contracts[line.contract_id],
            PAY if outcome == "pay" else RETURN,
            line.amount,
            on=on,
            case_id=line.case_id,
            cause_id=line.pk,
            reason=run.quarter,
        )
        for line in lines
        if outcome != "refuse"
    ]
    if outcome == "return":
        freed = [
            take_back(
                contract=contracts[line.contract_id],
                claim=line.claim,
                amount=line.amount,
                actor=actor,
                at=at,
            )
            for line in lines
        ]
        moves += [move for move in freed if move]
    if moves:
        enter(moves, actor=actor)
    return payment


@transaction.atomic
def abandon_run(*, run: Run, reason: str, actor: User, at: datetime) -> Run:
    """Give up a run before its file is written; its claims wait, verified, for another."""
    if not reason.strip():
        raise Refusal("reason-missing")
    claim_ids = list(
        PaymentLine.objects.filter(payment__run=run, released_at=None).values_list(
            "claim_id", flat=True
        )
    )
    list(Claim.objects.select_for_update().filter(pk__in=claim_ids).order_by("id").values("id"))
    run = _locked(run)
    run.state = RUN.after(run.state, "abandon")
    run.abandoned_at, run.abandoned_by = at, actor
    run.abandoned_reason = reason.strip()[:500]
    run.save(update_fields=["state", "abandoned_at", "abandoned_by", "abandoned_reason"])
    PaymentLine.objects.filter(payment__run=run, released_at=None).update(released_at=at)
    run.payments.update(state=PAYMENT.after("planned", "abandon"), settled_on=None)
    Claim.objects.filter(pk__in=claim_ids, state="in_run").update(
        state=CLAIM.after("in_run", "release")
    )
    _record(run, "abandon", actor, at, reason=run.abandoned_reason)
    return run


def _locked(run: Run) -> Run:
    return Run.objects.select_for_update(of=("self",), no_key=True).get(pk=run.pk)


def _record(run: Run, deed: str, actor: User, at: datetime, **facts: object) -> None:
    record(
        actor=actor,
        action=f"run.{deed}",
        subject_id=run.pk,
        at=at,
        facts={"quarter": run.quarter, **facts},
    )
