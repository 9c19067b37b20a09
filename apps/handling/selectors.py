"""What one may ask: messages about a dossier, who handles it, and what waits at the agency."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet

from apps.accounts.models import User
from apps.accounts.selectors import officers_who
from apps.claims.selectors import claims_to_verify, end_reports_to_read
from apps.contracts.models import Shift
from apps.dossiers.models import Dossier
from apps.dossiers.selectors import register_duties
from apps.eligibility.models import Finding
from apps.handling.models import Handler, Message
from cstraject.clock import due_on
from cstraject.quarter import day_of

REVIEW, CONFIRM, ANSWER, CLAIM, REPORT, REGISTER, SHIFT = KINDS = (
    *("review", "confirm", "answer", "claim", "end_report", "register", "shift"),
)


def messages_about(dossier: Dossier) -> QuerySet[Message]:
    """What was written about a dossier to and fro, the oldest first."""
    return (
        Message.objects.filter(dossier=dossier)
        .select_related("document")
        .order_by("written_at", "id")
    )


def question_open(dossier: Dossier) -> Message | None:
    """What the agency asked and waits for; the clock stands still meanwhile."""
    return Message.objects.filter(dossier=dossier, asks=True, handled_on=None).first()


def open_to_providers() -> QuerySet[Message]:
    """What the agency wrote and nobody at the provider handled yet, the oldest first.

    What it asked to decide waits no longer once it decided.
    """
    return (
        Message.objects.filter(by_agency=True, handled_on=None)
        .exclude(~Q(dossier__state="submitted"), asks=True)
        .select_related("dossier")
        .order_by("written_at", "id")
    )


def open_to_agency() -> QuerySet[Message]:
    """Of each dossier the oldest that its provider wrote and nobody at the agency handled yet."""
    return (
        Message.objects.filter(by_agency=False, handled_on=None)
        .select_related("dossier__provider")
        .order_by("dossier_id", "written_at", "id")
        .distinct("dossier_id")
    )


def handler_of(dossier: Dossier) -> Handler | None:
    """Who handles a dossier at the agency, if anybody."""
    return Handler.objects.filter(dossier=dossier, ended_at=None).select_related("officer").first()


def officers_for(dossier: Dossier) -> QuerySet[User]:
    """Who at the agency may handle a dossier: one to decide on, whoever may decide it."""
    return officers_who("decide_dossiers" if dossier.state == "submitted" else "handle_dossiers")


def decision_due_on(dossier: Dossier, *, on: date) -> date:
    """By when a filed dossier is to be decided, with the days that the clock stood still."""
    asked = Message.objects.filter(dossier=dossier, asks=True).values_list(
        "written_on", "handled_on"
    )
    days = dossier.contract.edition.decision_days
    return due_on(dossier.submitted_on, days=days, waited=asked, on=on)


@dataclass(frozen=True)
class Waiting:
    """Something that waits for somebody at the agency: what, since when, by when, whose it is.

    It is about a dossier, or is a shift of budget between two contracts.
    """

    kind: str
    about: Dossier | Shift
    since: date
    due_on: date | None
    asked: Message | None = None
    """What the agency waits for itself: its clock stands still."""
    officer: User | None = None

    @property
    def editions(self) -> set[int]:
        if isinstance(self.about, Shift):
            return {self.about.source.edition_id, self.about.target.edition_id}
        return {self.about.contract.edition_id}

    @property
    def order(self) -> tuple[bool, date, str]:
        """By its last day; then what has none, or whose clock stands still, the oldest first."""
        last_day = None if self.asked else self.due_on
        return (last_day is None, last_day or self.since, str(self.about))

    def days_left(self, on: date) -> int | None:
        return None if self.due_on is None else (self.due_on - on).days


def waiting_at_agency(
    dossiers: QuerySet[Dossier],
    *,
    on: date,
    shifts: QuerySet[Shift],
    overrides: QuerySet[Finding],
) -> list[Waiting]:
    """What waits of these dossiers, and these shifts and overrides, what is due first on top; in as
    many queries for any number.

    Reviews and claims have the term of their edition, the register that of the law; an answer is
    read as soon as one can.
    """
    found = [*_reviews(dossiers, on=on), *_answers(dossiers), *_claims(dossiers)]
    found += [
        Waiting(REPORT, report.dossier, report.filed_on, None)
        for report in end_reports_to_read()
        .filter(dossier__in=dossiers.values("pk"))
        .select_related("dossier__provider", "dossier__contract")
    ]
    found += [
        Waiting(REGISTER, duty.dossier, duty.since, duty.due_on)
        for duty in register_duties(on=on, among=dossiers)
        if not duty.is_done
    ]
    found += _overridden(dossiers, overrides)
    found += [Waiting(SHIFT, shift, day_of(shift.proposed_at), None) for shift in shifts]
    officers = _officers({item.about.pk for item in found})
    found = [replace(item, officer=officers.get(item.about.pk)) for item in found]
    return sorted(found, key=lambda item: item.order)


def _reviews(dossiers: QuerySet[Dossier], *, on: date) -> list[Waiting]:
    filed = list(
        dossiers.filter(state="submitted")
        .select_related("provider", "contract__edition")
        .order_by("submitted_on")
    )
    asked: dict[UUID, list[Message]] = {}
    questions = Message.objects.filter(asks=True, dossier__state="submitted")
    for message in questions.filter(dossier__in=filed).order_by("written_at"):
        asked.setdefault(message.dossier_id, []).append(message)
    return [
        Waiting(
            REVIEW,
            dossier,
            dossier.submitted_on,
            due_on(
                dossier.submitted_on,
                days=dossier.contract.edition.decision_days,
                waited=[(m.written_on, m.handled_on) for m in asked.get(dossier.pk, [])],
                on=on,
            ),
            asked=next((m for m in asked.get(dossier.pk, []) if m.handled_on is None), None),
        )
        for dossier in filed
    ]


def _overridden(dossiers: QuerySet[Dossier], overrides: QuerySet[Finding]) -> list[Waiting]:
    """The dossiers of which a finding against the rules waits for a second officer."""
    since: dict[UUID, date] = {}
    for finding in overrides:
        since.setdefault(finding.assessment_id, day_of(finding.found_at))
    found = dossiers.filter(state="submitted", assessment__in=list(since))
    return [
        Waiting(CONFIRM, dossier, since[assessment.pk], None)
        for dossier in found.select_related("provider", "contract", "assessment")
        if (assessment := dossier.assessment)
    ]


def _answers(dossiers: QuerySet[Dossier]) -> list[Waiting]:
    return [
        Waiting(ANSWER, message.dossier, message.written_on, None)
        for message in open_to_agency()
        .filter(dossier__in=dossiers.values("pk"))
        .select_related("dossier__provider", "dossier__contract")
    ]


def _claims(dossiers: QuerySet[Dossier]) -> list[Waiting]:
    claims = claims_to_verify().filter(dossier__in=dossiers.values("pk"))
    return [
        Waiting(
            CLAIM,
            claim.dossier,
            claim.filed_on,
            claim.filed_on + timedelta(days=claim.dossier.contract.edition.verification_days),
        )
        for claim in claims.select_related("dossier__provider", "dossier__contract__edition")
    ]


def _officers(dossiers: Collection[UUID]) -> dict[UUID, User]:
    handlers = Handler.objects.filter(dossier__in=dossiers, ended_at=None)
    return {handler.dossier_id: handler.officer for handler in handlers.select_related("officer")}
