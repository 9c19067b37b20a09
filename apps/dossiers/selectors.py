"""What one may ask about dossiers. The scope that is open says whose."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import OuterRef, Prefetch, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from apps.accounts.models import User
from apps.contracts.selectors import committed_by_case
from apps.documents.models import Document
from apps.dossiers.models import (
    CLOSED,
    OPENED,
    Access,
    Amendment,
    Dossier,
    Draft,
    RegisterEntry,
)
from apps.eligibility.selectors import facts_of
from apps.programme.selectors import terms_of
from cstraject.deminimis import (
    REGISTER_SINCE,
    REGISTER_WORKING_DAYS,
    Aid,
    regulation_for,
)
from cstraject.eligibility import PERSONAL_FORMS, numbers_to_ask
from cstraject.facts import Helped, Known
from cstraject.money import ZERO
from cstraject.terms import Terms
from cstraject.workdays import working_days_after, working_days_until

# What a grant asks to be done in the register.
ENTER, AMEND, WITHDRAW, DONE = ("enter", "amend", "withdraw", "done")


def dossiers_newest_first() -> QuerySet[Dossier]:
    """The dossiers in scope, the last filed first."""
    return Dossier.objects.order_by("-submitted_on", "-id")


def documents_of(dossier: Dossier) -> list[Document]:
    """The evidence with which a dossier was filed, and the letter that told the decision."""
    return [dossier.offer, dossier.declaration, *([dossier.letter] if dossier.letter else [])]


def document_of(dossier: Dossier, kind: str) -> Document | None:
    return next((one for one in documents_of(dossier) if one.kind == kind), None)


def drafts_in_hand() -> QuerySet[Draft]:
    """What is being prepared in scope, and was not filed or set aside; the last changed first."""
    in_hand = Draft.objects.filter(saved__gt=0, dossier=None, discarded_on=None)
    return in_hand.order_by("-changed_at")


def changed_by_agency(*, since: date) -> QuerySet[Dossier]:
    """Dossiers that the agency stopped, or of which it amended the offer (`amended_on`), since a
    day; the last first."""
    amended = Amendment.objects.filter(on__gte=since)
    last = amended.filter(dossier=OuterRef("pk")).order_by("-on", "-id")
    return (
        Dossier.objects.filter(
            Q(pk__in=amended.values("dossier")) | Q(state="stopped", ended_on__gte=since)
        )
        .annotate(amended_on=Subquery(last.values("on")[:1]))
        .order_by(Coalesce("ended_on", "amended_on").desc(), "reference")
    )


def running_for(enterprise_number: str) -> list[Dossier]:
    """The dossiers in scope of an enterprise that were not refused and did not end."""
    if not enterprise_number:
        return []
    ended = ("refused", "withdrawn", "stopped")
    running = Dossier.objects.filter(enterprise_number=enterprise_number).exclude(state__in=ended)
    return list(running.order_by("submitted_on", "reference"))


def accesses_in_force(*, on: date) -> QuerySet[Access]:
    """What is opened and closed on a day, to whom; what ends first on top."""
    return Access.objects.filter(ended_at=None, until__gte=on).order_by("until", "id")


def dossiers_in_sight(*, user: User, all_of_them: bool, on: date) -> QuerySet[Dossier]:
    """What exists for somebody at the agency: all, or what is opened; never what is closed."""
    mine = accesses_in_force(on=on).filter(user=user).order_by()
    dossiers = Dossier.objects.exclude(pk__in=mine.filter(kind=CLOSED).values("dossier"))
    if not all_of_them:
        dossiers = dossiers.filter(pk__in=mine.filter(kind=OPENED).values("dossier"))
    return dossiers


def is_closed_to(user: User, dossier: Dossier, *, on: date) -> bool:
    """Whether somebody keeps off a dossier on a day: an interest, or that of somebody close."""
    return accesses_in_force(on=on).filter(user=user, dossier=dossier, kind=CLOSED).exists()


def references_closed_to(user: User, *, on: date) -> set[str]:
    """Of which dossiers somebody may read nothing, whatever else mentions them."""
    closed = accesses_in_force(on=on).filter(user=user, kind=CLOSED)
    return set(closed.values_list("dossier__reference", flat=True))


def dossiers_to_assess() -> QuerySet[Dossier]:
    """What was filed and waits for the rules; the oldest first."""
    return Dossier.objects.filter(state="submitted", assessment=None).order_by("submitted_at")


def dossiers_without_letter() -> QuerySet[Dossier]:
    """What was decided here and is not told by a letter yet; the first decided first."""
    waiting = Dossier.objects.filter(letter=None, imported_as="", decided_at__isnull=False)
    return waiting.order_by("decided_at")


def editions_decided_by() -> set[int]:
    """The editions under which a dossier was decided: their terms stand."""
    decided = Dossier.objects.filter(decided_on__isnull=False).order_by()
    return set(decided.values_list("contract__edition", flat=True).distinct())


def known_about(dossier: Dossier, *, on: date) -> Known:
    """What the agency knows of the enterprise and its single undertaking, across providers.

    Whatever was granted on or before a day; this dossier itself left out.
    """
    numbers = [n for n in numbers_to_ask(facts_of(dossier.facts), on=on) if n.isdecimal()]
    terms = terms_of(dossier.contract.edition)
    before = list(
        Dossier.objects.filter(
            enterprise_number__in=numbers, granted_incl_vat__isnull=False, decided_on__lte=on
        )
        .exclude(pk=dossier.pk)
        .order_by("decided_on", "id")
    )
    amounts = aid_of(before)
    return Known(
        helped=tuple(
            Helped(other.enterprise_number, other.decided_on)
            for other in before
            if other.helped_until is not None and other.decided_on is not None
        ),
        aid=tuple(
            Aid(
                on=other.decided_on,
                amount=amounts[other.pk] if terms.de_minimis_includes_vat else _share(other),
                regulation=_regulation(other.decided_on, terms),
                recipient=other.enterprise_number,
                note=other.reference,
            )
            for other in before
            if other.decided_on is not None and amounts[other.pk]
        ),
        provider=dossier.provider.enterprise_number,
    )


def _share(dossier: Dossier) -> Decimal:
    return dossier.share or ZERO


def _regulation(on: date, terms: Terms) -> str:
    regulation, _ = regulation_for(on, reading=terms.reading)
    return regulation


def aid_of(dossiers: Collection[Dossier]) -> dict[object, Decimal]:
    """What each dossier counts for as aid now, in euro: what is committed, or kept at its end."""
    committed = committed_by_case([dossier.pk for dossier in dossiers])
    return {
        dossier.pk: dossier.keeps
        if dossier.state in ("stopped", "withdrawn") and dossier.keeps is not None
        else committed.get(dossier.pk, ZERO)
        for dossier in dossiers
    }


@dataclass(frozen=True)
class Duty:
    """What must be entered in the register about a dossier: how much, and by when."""

    dossier: Dossier
    amount: Decimal
    entry: RegisterEntry | None
    """What the register says now."""
    since: date
    due_on: date
    days_left: int

    @property
    def is_done(self) -> bool:
        return self.what == DONE

    @property
    def of_a_person(self) -> bool:
        """Whether the beneficiary is a natural person, whose name the public is not shown."""
        return facts_of(self.dossier.facts).legal_form in PERSONAL_FORMS

    @property
    def what(self) -> str:
        """What to do in the register: enter, amend or withdraw; or it is done."""
        if self.entry is None:
            return ENTER
        if self.entry.amount == self.amount:
            return DONE
        return AMEND if self.amount else WITHDRAW


def register_duties_open(among: QuerySet[Dossier] | None = None) -> int:
    """How many grants the register does not tell rightly, if at all: for the menu."""
    last = RegisterEntry.objects.filter(dossier=OuterRef("pk")).order_by("-id").values("amount")
    dossiers = list(_grants_to_register(among).annotate(registered=Subquery(last[:1])))
    amounts = aid_of(dossiers)
    return sum(amounts[dossier.pk] != (dossier.registered or ZERO) for dossier in dossiers)


def _grants_to_register(among: QuerySet[Dossier] | None) -> QuerySet[Dossier]:
    grants = Dossier.objects.filter(granted_incl_vat__isnull=False, decided_on__gte=REGISTER_SINCE)
    return grants if among is None else grants.filter(pk__in=among.values("pk"))


def register_duties(*, on: date, among: QuerySet[Dossier] | None = None) -> list[Duty]:
    """Every grant that must stand in the register, as on a day; what is due first on top.

    `among` asks about some dossiers alone.

    A grant that shrank or ended is due again, counted from the day on which it did.
    """
    dossiers = list(
        _grants_to_register(among)
        .select_related("provider", "facts", "contract__edition")
        .prefetch_related(
            Prefetch("register_entries", queryset=RegisterEntry.objects.order_by("id")),
            "amendments",
        )
    )
    amounts = aid_of(dossiers)
    duties = []
    for dossier in dossiers:
        entries = list(dossier.register_entries.all())
        entry = entries[-1] if entries else None
        amount = amounts[dossier.pk]
        if entry is None and not amount:
            continue  # Withdrawn before it was entered: there is nothing to tell.
        since = _changed_on(dossier, entry) if entry else dossier.decided_on
        assert since is not None
        due_on = working_days_after(since, REGISTER_WORKING_DAYS)
        days_left = working_days_until(due_on, on=on)
        duties.append(Duty(dossier, amount, entry, since, due_on, days_left))
    return sorted(duties, key=lambda duty: (duty.is_done, duty.due_on, duty.dossier.reference))


def _changed_on(dossier: Dossier, entry: RegisterEntry) -> date | None:
    """Since when the register tells another amount than was granted: the first day after it."""
    shrank = [one.on for one in dossier.amendments.all() if one.granted_after < one.granted_before]
    days = sorted(d for d in (*shrank, dossier.ended_on, dossier.completed_on) if d is not None)
    after = [day for day in days if day > entry.entered_on]
    return next(iter(after or days[-1:]), dossier.decided_on)


def duty_of(dossier: Dossier, *, on: date) -> Duty | None:
    """What must be entered in the register about one dossier, if anything."""
    return next(iter(register_duties(on=on, among=Dossier.objects.filter(pk=dossier.pk))), None)
