"""A portfolio filed through the services of the programme, at its own dates.

In one transaction: either all of it stands, or none. What stands already is left as it is.
The files say nothing of who did what, so invented accounts that cannot sign in act: two officers
of the agency and a coach for each provider. Documents are noted as held elsewhere, questions on
which the files are silent are decided by a recorded finding, runs are paid in full; the last run
stays as it was drawn up.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial

from django.db import transaction

from apps.accounts.models import User
from apps.accounts.selectors import timetable
from apps.accounts.services import add_user
from apps.claims import services as claims
from apps.claims.models import Claim
from apps.contracts.models import Contract
from apps.contracts.services import award_contract
from apps.documents.models import DECLARATION, OFFER
from apps.documents.services import note_document_held_elsewhere
from apps.dossiers import services as dossiers
from apps.dossiers.models import Dossier
from apps.eligibility.selectors import standings_of
from apps.imports.portfolio import DossierRow, Place, Portfolio, RowError, StatementRow
from apps.payouts import services as payouts
from apps.payouts.models import Run
from apps.programme.selectors import edition_on, terms_of
from apps.providers.models import Provider
from apps.providers.services import register_provider
from cstraject.delivery import Delivered, share_delivered
from cstraject.eligibility import MET, NOT_MET
from cstraject.quarter import FLANDERS, Quarter
from cstraject.refusal import Refusal
from cstraject.terms import Terms

SOURCE = "ingevoerd bestand"
SILENT = "Het ingevoerde bestand zegt hier niets over; overgenomen zoals beslist."
FILED_ELSEWHERE = "papieren dossier van het agentschap"


class CannotReplay(Exception):
    """The set cannot be filed; `errors` says where and why."""

    def __init__(self, errors: list[RowError]) -> None:
        super().__init__(f"{len(errors)} rows cannot be filed")
        self.errors = errors


@dataclass
class Tally:
    """What was filed, and what stood already."""

    dossiers: int = 0
    already: int = 0
    statements: int = 0
    claims: int = 0
    runs: int = 0


@dataclass(frozen=True)
class Deed:
    """One thing that happened: when, in which order within the day, and where a file says so."""

    at: datetime
    order: int
    place: Place
    do: Callable[[datetime], None]
    of: str = ""
    """The dossier that must have been filed before."""


@transaction.atomic
def replay(portfolio: Portfolio, *, tell: Callable[[str], None] = lambda line: None) -> Tally:
    """File a portfolio, deed by deed in the order of their dates; what was filed.

    Raises `CannotReplay` with the rows that the programme refuses; nothing is kept then.
    """
    return _Replay(portfolio, tell).run()


def _moment(day: date, hour: int) -> datetime:
    return datetime.combine(day, time(hour), FLANDERS)


class _Replay:
    def __init__(self, portfolio: Portfolio, tell: Callable[[str], None]) -> None:
        self.portfolio = portfolio
        self.tell = tell
        self.tally = Tally()
        self.deeds: list[Deed] = []
        self.errors: list[RowError] = []
        self.made: dict[str, Dossier] = {}
        self.clock = timetable()

    def run(self) -> Tally:
        start = min((c.valid_from for c in self.portfolio.contracts.values()), default=None)
        if start is None:
            return self.tally
        at = _moment(start, 8)
        self.officers = [self._account(f"medewerker-{nth}", at) for nth in (1, 2)]
        self.coaches = {
            slug: self._account(f"begeleider-{slug}", at) for slug in self.portfolio.contracts
        }
        self._contracts()
        self._plan()
        self._do_all()
        if self.errors:
            raise CannotReplay(sorted(self.errors))
        return self.tally

    def _account(self, name: str, at: datetime) -> User:
        return add_user(
            email=f"{name}@ingevoerd.invalid",
            name=f"Ingevoerd: {name.replace('-', ' ')}",
            actor=self.clock,
            at=at,
            active=False,
        )

    def _contracts(self) -> None:
        self.providers = {provider.slug: provider for provider in Provider.objects.all()}
        self.terms: dict[str, Terms] = {}
        for slug, row in self.portfolio.contracts.items():
            at = _moment(row.valid_from, 8)
            try:
                with transaction.atomic():
                    if slug not in self.providers:
                        self.providers[slug] = register_provider(
                            slug=slug,
                            name=row.name,
                            enterprise_number=row.enterprise_number,
                            iban=row.iban,
                            actor=self.clock,
                            at=at,
                        )
                    edition = edition_on(row.valid_from)
                    self.terms[slug] = terms_of(edition)
                    if not Contract.objects.filter(
                        provider=self.providers[slug], edition=edition
                    ).exists():
                        award_contract(
                            provider=self.providers[slug],
                            edition=edition,
                            budget=row.budget,
                            valid_from=row.valid_from,
                            valid_until=row.valid_until,
                            actor=self.officers[0],
                            at=at,
                        )
            except Refusal as refusal:
                self._refused(row.place, refusal)
        if self.errors:
            raise CannotReplay(sorted(self.errors))

    def _plan(self) -> None:
        standing = {
            (dossier.provider_id, dossier.imported_as): dossier
            for dossier in Dossier.objects.exclude(imported_as="")
        }
        new = set()
        for reference, row in self.portfolio.dossiers.items():
            existing = standing.get((self.providers[row.provider].pk, reference))
            if existing is None:
                new.add(reference)
                self._plan_dossier(row)
                continue
            self.tally.already += 1
            stored = (existing.enterprise_number, existing.price_excl_vat, existing.package)
            if stored != (row.enterprise_number, row.price_excl_vat, row.package):
                self._refused(row.place, Refusal("imported-otherwise", reference=reference))
        quarters = set()
        for statement in self.portfolio.statements:
            if statement.reference in new:
                self._plan_statement(statement)
                quarters.add(statement.quarter)
        for quarter in sorted(quarters):
            self._plan_run(quarter, last=quarter == max(quarters))

    def _deed(
        self, day: date, hour: int, place: Place, do: Callable[[datetime], None], of: str = ""
    ) -> None:
        self.deeds.append(Deed(_moment(day, hour), len(self.deeds), place, do, of))

    def _plan_dossier(self, row: DossierRow) -> None:
        self._deed(row.submitted_on, 9, row.place, partial(self._file, row))
        self._deed(row.decided_on, 11, row.place, partial(self._decide, row), of=row.reference)
        for day, hour, service in (
            (row.started_on, 12, dossiers.start_dossier),
            (row.completed_on, 13, claims.complete_dossier),
            (row.end_report_on, 14, dossiers.receive_end_report),
        ):
            if day is not None:
                do = partial(self._say, service, row, day)
                self._deed(day, hour, row.place, do, of=row.reference)

    def _say(
        self, service: Callable[..., Dossier], row: DossierRow, day: date, at: datetime
    ) -> None:
        service(dossier=self.made[row.reference], on=day, actor=self.coaches[row.provider], at=at)

    def _file(self, row: DossierRow, at: datetime) -> None:
        provider, coach = self.providers[row.provider], self.coaches[row.provider]
        offer, declaration = (
            note_document_held_elsewhere(
                provider_id=provider.pk,
                kind=kind,
                name=f"{row.reference} {name}",
                held_at=FILED_ELSEWHERE,
                actor=coach,
                at=at,
            ).pk
            for kind, name in ((OFFER, "offerte"), (DECLARATION, "verklaringen op eer"))
        )
        self.made[row.reference] = dossiers.file_dossier(
            provider_id=provider.pk,
            package=row.package,
            with_extension=row.with_extension,
            price_excl_vat=row.price_excl_vat,
            person_days=row.person_days,
            facts=self.portfolio.facts_of(row.enterprise_number),
            facts_source=SOURCE,
            offer=offer,
            declaration=declaration,
            actor=coach,
            at=at,
            imported_as=row.reference,
        )
        dossiers.assess_dossier(dossier=self.made[row.reference], actor=self.clock, at=at)
        self.tally.dossiers += 1

    def _decide(self, row: DossierRow, at: datetime) -> None:
        officer = self.officers[0]
        dossier = Dossier.objects.select_related("assessment").get(pk=self.made[row.reference].pk)
        if not row.approved:
            dossiers.refuse_dossier(dossier=dossier, reason=row.reason, actor=officer, at=at)
            return
        if dossier.assessment is not None:
            for standing in standings_of(dossier.assessment):
                if standing.outcome not in (MET, NOT_MET):
                    dossiers.find(
                        dossier=dossier,
                        question=standing.answer.question,
                        outcome=MET,
                        reason=SILENT,
                        actor=officer,
                        at=at,
                    )
        dossiers.approve_dossier(dossier=dossier, actor=officer, at=at)

    def _plan_statement(self, row: StatementRow) -> None:
        dossier = self.portfolio.dossiers[row.reference]
        terms, quarter = self.terms[dossier.provider], row.quarter
        coach = self.coaches[dossier.provider]

        def state(at: datetime) -> None:
            claims.file_statement(
                dossier=self.made[row.reference],
                quarter=quarter,
                person_days=row.person_days,
                amount=row.amount,
                actor=coach,
                at=at,
            )
            self.tally.statements += 1

        def claim(at: datetime) -> None:
            asked = set(
                Claim.objects.filter(dossier=self.made[row.reference])
                .exclude(state="sent_back")
                .values_list("tranche", flat=True)
            )
            for tranche in sorted(self._tranches_due(row, dossier, terms) - asked):
                try:
                    claims.file_claim(
                        dossier=self.made[row.reference],
                        tranche=tranche,
                        quarter=quarter,
                        actor=coach,
                        at=at,
                    )
                except Refusal as refusal:
                    # Completed with no more delivered than the first tranche paid for.
                    if refusal.code != "nothing-left":
                        raise
                else:
                    self.tally.claims += 1

        def verify(at: datetime) -> None:
            for filed in Claim.objects.filter(
                dossier=self.made[row.reference], state="submitted"
            ).order_by("tranche"):
                claims.verify_claim(claim=filed, actor=self.officers[0], at=at)

        window = terms.claim_window_days
        self._deed(
            quarter.ends + timedelta(days=window // 3), 10, row.place, state, of=row.reference
        )
        self._deed(
            quarter.ends + timedelta(days=window // 2), 10, row.place, claim, of=row.reference
        )
        self._deed(
            quarter.ends + timedelta(days=window - 1), 10, row.place, verify, of=row.reference
        )

    @staticmethod
    def _tranches_due(row: StatementRow, dossier: DossierRow, terms: Terms) -> set[int]:
        """The first once enough is stated; the second in the quarter of completion."""
        due = set()
        offered = Delivered(dossier.person_days, dossier.price_excl_vat)
        stated = Delivered(row.person_days, row.amount)
        if share_delivered(stated, offered=offered) >= terms.first_tranche_threshold:
            due.add(1)
        if dossier.completed_on is not None and dossier.completed_on < row.quarter.ends:
            due.add(2)
        return due

    def _plan_run(self, quarter: Quarter, *, last: bool) -> None:
        place = Place("statements.csv", 0)
        run_day = quarter.ends.replace(day=min(t.run_day for t in self.terms.values()))
        first, second = self.officers

        def run() -> Run | None:
            return Run.objects.filter(quarter=str(quarter)).exclude(state="abandoned").first()

        def draw_up(at: datetime) -> None:
            waiting = Claim.objects.filter(quarter__lte=str(quarter), state="verified")
            if run() is None and waiting.exists():
                payouts.draw_up_run(quarter=quarter, actor=self.clock, at=at)
                self.tally.runs += 1

        def step(at: datetime, do: Callable[..., object], state: str, actor: User) -> None:
            drawn_up = run()
            if drawn_up is not None and drawn_up.state == state:
                do(run=drawn_up, actor=actor, at=at)

        def settle(at: datetime) -> None:
            sent = run()
            if sent is not None and sent.state == "sent":
                for payment in sent.payments.filter(state="planned").order_by("provider_id"):
                    payouts.settle_payment(
                        payment=payment, outcome="pay", on=at.date(), actor=first, at=at
                    )

        self._deed(run_day, 8, place, draw_up)
        if last:
            return
        for days, hour, do, state, actor in (
            (1, 9, payouts.check_run, "drawn_up", first),
            (1, 11, payouts.approve_run, "checked", second),
            (1, 12, payouts.write_payment_file, "approved", self.clock),
            (1, 14, payouts.mark_sent, "filed", first),
        ):
            self._deed(
                run_day + timedelta(days=days),
                hour,
                place,
                partial(step, do=do, state=state, actor=actor),
            )
        self._deed(run_day + timedelta(days=3), 10, place, settle)

    def _do_all(self) -> None:
        ordered = sorted(self.deeds, key=lambda deed: (deed.at, deed.order))
        for nth, deed in enumerate(ordered, start=1):
            if deed.of and deed.of not in self.made:
                continue  # Its filing was refused above; told once is enough.
            try:
                with transaction.atomic():
                    deed.do(deed.at)
            except Refusal as refusal:
                self._refused(deed.place, refusal)
            if nth % 100 == 0 or nth == len(ordered):
                self.tell(f"{nth} of {len(ordered)} deeds, up to {deed.at:%Y-%m-%d}")

    def _refused(self, place: Place, refusal: Refusal) -> None:
        """A row is listed once: what follows from its first error says nothing new."""
        if all((error.file, error.line) != (place.file, place.line) for error in self.errors):
            self.errors.append(RowError.of(refusal, file=place.file, line=place.line))
