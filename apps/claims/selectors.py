"""What one may ask about statements and claims."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db.models import Exists, Max, OuterRef, Q, QuerySet

from apps.claims.models import Claim, EndReport, Statement
from apps.contracts.selectors import cases_with_a_rest
from apps.documents.models import Document
from apps.dossiers.models import Dossier
from apps.programme.selectors import terms_of
from cstraject.delivery import Delivered, final_grant, share_delivered
from cstraject.money import ZERO
from cstraject.quarter import Quarter
from cstraject.subsidy import tranches_of


def current_statements(dossier: Dossier) -> dict[str, Statement]:
    """The last version for each quarter, by quarter, the oldest first."""
    ordered = dossier.statements.order_by("quarter", "version")
    return {statement.quarter: statement for statement in ordered}


def current_statements_of(
    dossiers: Iterable[UUID], *, until: Quarter | None = None
) -> dict[UUID, Statement]:
    """The statement of the latest quarter of each dossier (up to one), in one query."""
    ordered = Statement.objects.filter(dossier_id__in=dossiers).order_by("quarter", "version")
    if until is not None:
        ordered = ordered.filter(quarter__lte=str(until))
    return {statement.dossier_id: statement for statement in ordered}


def last_quarters_stated(dossiers: QuerySet[Dossier]) -> dict[UUID, str]:
    """The latest quarter of which each dossier has a statement."""
    stated = Statement.objects.filter(dossier__in=dossiers.order_by().values("pk")).order_by()
    return dict(stated.values_list("dossier").annotate(Max("quarter")))


def delivered_by(statement: Statement) -> Delivered:
    """A statement as the rules read it."""
    return Delivered(statement.person_days, statement.amount)


def covers_completion(statement: Statement, dossier: Dossier) -> bool:
    """Whether a statement tells of all the work: that of the quarter of completion, or later."""
    completed = dossier.completed_on
    return completed is not None and statement.quarter >= str(Quarter.containing(completed))


@dataclass(frozen=True)
class Shortfall:
    """What completed work pays in its last tranche where less was delivered than offered."""

    share: Decimal
    first: Decimal
    """What tranche 1 pays; nought where too little was delivered for it."""
    amount: Decimal
    planned: Decimal


def shortfall_of(
    dossier: Dossier, stated: Mapping[str, Statement], *, claim: Claim | None
) -> Shortfall | None:
    """By the last statement, also before the completion; None where nothing is lost.

    `claim` is that of the first tranche, if it was claimed.
    """
    granted = dossier.granted_incl_vat
    if not stated or granted is None:
        return None
    delivered = delivered_by(list(stated.values())[-1])
    terms = terms_of(dossier.contract.edition)
    final = final_grant(delivered, granted=granted, terms=terms)
    if final == granted:
        return None
    share = share_delivered(
        delivered, offered=Delivered(dossier.person_days, dossier.price_excl_vat)
    )
    first = ZERO
    if claim is not None:
        first = claim.amount
    elif share >= terms.first_tranche_threshold:
        first = min(tranches_of(granted, terms=terms)[0], final)
    return Shortfall(share, first, max(final - first, ZERO), granted - first)


def claims_to_verify() -> QuerySet[Claim]:
    """What providers claimed and waits for an officer, the oldest first."""
    return (
        Claim.objects.filter(state="submitted")
        .select_related("dossier", "statement", "provider")
        .order_by("filed_at", "id")
    )


def live_claims(dossier: Dossier) -> list[Claim]:
    """The claims of a dossier that were not sent back."""
    return list(dossier.claims.exclude(state="sent_back").order_by("id"))


def claims_sent_back() -> QuerySet[Claim]:
    """Claims that were sent back and not claimed again, of dossiers that can; the oldest first."""
    same = Claim.objects.filter(dossier=OuterRef("dossier"), tranche=OuterRef("tranche"))
    return (
        Claim.objects.filter(
            ~Exists(same.exclude(state="sent_back")),
            ~Exists(same.filter(filed_at__gt=OuterRef("filed_at"))),
            state="sent_back",
            dossier__state__in=("in_delivery", "completed"),
        )
        .select_related("dossier")
        .order_by("filed_at", "id")
    )


def end_report_of(dossier: Dossier) -> EndReport | None:
    """The last version of a dossier's end report, if there is one."""
    reports = dossier.end_reports.select_related("document")
    return reports.order_by("-version").first()


def documents_of_report(report: EndReport | None) -> list[Document]:
    return [report.document] if report is not None and report.document else []


def end_reports_to_read() -> QuerySet[EndReport]:
    """What providers reported and nobody judged yet, the oldest first."""
    return EndReport.objects.filter(state="filed").order_by("filed_at", "id")


def end_reports_to_come() -> QuerySet[Dossier]:
    """Completed dossiers whose end report is still to come, or was sent back; oldest first."""
    reports = EndReport.objects.filter(dossier=OuterRef("pk"))
    return Dossier.objects.filter(
        Q(end_report_on=None) | Exists(reports.filter(state="sent_back")),
        ~Exists(reports.exclude(state="sent_back")),
        state="completed",
    ).order_by("completed_on", "reference")


def claims_of(dossier: Dossier) -> QuerySet[Claim]:
    """The claims of a dossier, by tranche, in the order of filing."""
    return dossier.claims.order_by("tranche", "filed_at")


def dossiers_without_statement(quarter: Quarter) -> QuerySet[Dossier]:
    """The dossiers in delivery that were under way in a quarter and have not stated it yet."""
    stated = Statement.objects.filter(dossier=OuterRef("pk"), quarter=str(quarter))
    return Dossier.objects.filter(~Exists(stated), state="in_delivery", started_on__lt=quarter.ends)


def completed_with_a_rest() -> QuerySet[Dossier]:
    """Completed dossiers with no claim on its way, for which more is committed than is paid."""
    return Dossier.objects.filter(
        ~Exists(
            Claim.objects.filter(
                dossier=OuterRef("pk"), state__in=("submitted", "verified", "in_run")
            )
        ),
        state="completed",
        pk__in=cases_with_a_rest(),
    ).order_by("id")
