"""What one may do: write to the other side, ask for information, take a dossier, hand it over."""

from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from apps.accounts.models import User
from apps.audit.services import record
from apps.documents.models import Document
from apps.dossiers.models import Dossier
from apps.dossiers.selectors import is_closed_to
from apps.dossiers.services import lock_dossier, must_be_impartial
from apps.handling.models import Handler, Message
from apps.handling.selectors import messages_about, officers_for
from cstraject.quarter import day_of
from cstraject.refusal import Refusal

TEXT_MAX = 5_000
ANSWER_DAYS_MAX = 365
# A deed of each side has its own name: of the agency's a provider is not told whose they are.
WRITES = {False: "message.write", True: "message.tell"}
READS = {False: "message.read", True: "message.close"}


@transaction.atomic
def write_message(
    *,
    dossier: Dossier,
    text: str,
    by_agency: bool,
    actor: User,
    at: datetime,
    document: Document | None = None,
    answer_by: date | None = None,
    seen: str | None = None,
) -> Message:
    """Write about a dossier to the other side; what it wrote is handled with that.

    Up to `seen`, if told, the key of the newest message on the page: a later one stays open.

    With `answer_by` the agency asks for information: the clock of the decision stops until the
    answer. Only of a dossier that waits for a decision, and one question at a time.
    """
    dossier, on = lock_dossier(dossier), day_of(at)
    if by_agency:
        must_be_impartial(dossier, actor, at)
    if not text.strip():
        raise Refusal("message-empty")
    if len(text) > TEXT_MAX:
        raise Refusal("message-too-long", max=TEXT_MAX)
    if answer_by is not None:
        _may_ask(dossier, answer_by, on)
    last = Message.objects.filter(dossier=dossier).order_by("-written_at", "-id").first()
    if (
        last is not None
        and (last.text, last.by_agency, last.written_by_id) == (text.strip(), by_agency, actor.pk)
        and last.handled_on is None
        and (document and document.sha256) == (last.document and last.document.sha256)
        and last.asks == (answer_by is not None)
    ):
        return last  # Pressed twice.
    theirs = Message.objects.filter(dossier=dossier, by_agency=not by_agency)
    if seen is not None:
        theirs = theirs.filter(pk__in=_until(dossier, seen))
    facts = _handled_with_it(dossier, theirs)
    _handle(theirs, actor, on)
    message = Message.objects.create(
        provider_id=dossier.provider_id,
        dossier=dossier,
        by_agency=by_agency,
        asks=answer_by is not None,
        answer_by=answer_by,
        text=text.strip(),
        document=document,
        written_on=on,
        written_at=at,
        written_by=actor,
        writer=actor.name,
    )
    deed = "message.ask" if message.asks else WRITES[by_agency]
    if answer_by is not None:
        facts["last_day"] = answer_by
    _record(dossier, deed, message.pk, actor, at, **facts)
    return message


def _handled_with_it(dossier: Dossier, theirs: QuerySet[Message]) -> dict[str, date]:
    """What a message does to those of the other side: a question that it answers, with which the
    clock of the decision goes on, and until when what they wrote is handled."""
    facts = {}
    for message in theirs.filter(handled_on=None).order_by("written_at"):
        if not message.asks:
            facts["read_until"] = message.written_on
        elif dossier.state == "submitted":
            facts["asked_on"] = message.written_on
    return facts


def _may_ask(dossier: Dossier, answer_by: date, on: date) -> None:
    if dossier.state != "submitted":
        raise Refusal("not-now", noun="dossier", state=dossier.state, event="ask")
    if not on < answer_by <= on + timedelta(days=ANSWER_DAYS_MAX):
        raise Refusal("answer-by", max=ANSWER_DAYS_MAX)
    if Message.objects.filter(dossier=dossier, asks=True, handled_on=None).exists():
        raise Refusal("already-asked")


@transaction.atomic
def handle_messages(
    *, dossier: Dossier, by_agency: bool, last: str, actor: User, at: datetime
) -> int:
    """Say that what the other side wrote needs no answer (more); how many came since it was read.

    It was read up to `last`, the key of the newest message on the page: a later one stays open.
    A question of the agency is answered, never merely read; the agency can take it back.
    """
    dossier = lock_dossier(dossier)
    if by_agency:
        must_be_impartial(dossier, actor, at)
    theirs = Message.objects.filter(dossier=dossier, by_agency=not by_agency, asks=False)
    handled = _handle(theirs.filter(pk__in=_until(dossier, last)), actor, day_of(at))
    if handled:
        _record(dossier, READS[by_agency], dossier.pk, actor, at)
    return theirs.filter(handled_on=None).count()


def _until(dossier: Dossier, newest: str) -> list[str]:
    """The keys of the messages about a dossier up to one of them; none if it is none of them."""
    keys = [str(message.pk) for message in messages_about(dossier)]
    return keys[: keys.index(newest) + 1] if newest in keys else []


@transaction.atomic
def take_back_question(*, dossier: Dossier, actor: User, at: datetime) -> None:
    """The agency needs no answer any more: its clock goes on."""
    dossier = lock_dossier(dossier)
    must_be_impartial(dossier, actor, at)
    asked = Message.objects.filter(dossier=dossier, asks=True)
    if not _handle(asked, actor, day_of(at)):
        raise Refusal("nothing-asked")
    _record(dossier, "message.take_back", dossier.pk, actor, at)


def _handle(messages: QuerySet[Message], actor: User, on: date) -> int:
    return messages.filter(handled_on=None).update(handled_on=on, handled_by=actor)


@transaction.atomic
def give_to(
    *, dossier: Dossier, officer: User, actor: User, at: datetime, seen: str | None = None
) -> Handler:
    """Let somebody handle a dossier from now on: oneself, or a colleague who may.

    Not somebody to whom it is closed. Giving it to who has it already changes nothing. `seen`, if
    told, is the key of who handled it on the page, empty for nobody: refuses
    (`taken-meanwhile`) to take it from another.
    """
    dossier = lock_dossier(dossier)
    must_be_impartial(dossier, actor, at)
    if not officers_for(dossier).filter(pk=officer.pk).exists() or is_closed_to(
        officer, dossier, on=day_of(at)
    ):
        raise Refusal("cannot-handle")
    now = Handler.objects.filter(dossier=dossier, ended_at=None).first()
    if now is not None and now.officer_id == officer.pk:
        return now
    if now is not None and seen is not None and seen != str(now.officer_id):
        raise Refusal("taken-meanwhile", name=now.officer.name)
    Handler.objects.filter(dossier=dossier, ended_at=None).update(ended_at=at)
    handler = Handler.objects.create(
        provider_id=dossier.provider_id,
        dossier=dossier,
        officer=officer,
        given_by=actor,
        since=at,
    )
    # Who handles it is the agency's business: without a provider, who reads its own deeds alone.
    record(
        actor=actor,
        action="handler.take" if officer == actor else "handler.give",
        subject_id=handler.pk,
        at=at,
        case_id=dossier.pk,
        facts={"to": officer.name},
    )
    return handler


def _record(
    dossier: Dossier, deed: str, subject: object, actor: User, at: datetime, **facts: object
) -> None:
    record(
        actor=actor,
        action=deed,
        subject_id=subject,
        at=at,
        provider_id=dossier.provider_id,
        case_id=dossier.pk,
        facts=facts,
    )
