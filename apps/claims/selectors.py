"""What one may ask about statements and claims."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from apps.claims.models import Claim, Statement
from apps.contracts.selectors import cases_with_a_rest
from apps.dossiers.models import Dossier
from cstraject.delivery import Delivered
from cstraject.quarter import Quarter


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


def delivered_by(statement: Statement) -> Delivered:
    """A statement as the rules read it."""
    return Delivered(statement.person_days, statement.amount)


def covers_completion(statement: Statement, dossier: Dossier) -> bool:
    """Whether a statement tells of all the work: that of the quarter of completion, or later."""
    completed = dossier.completed_on
    return completed is not None and statement.quarter >= str(Quarter.containing(completed))


def claims_to_verify() -> QuerySet[Claim]:
    """What providers claimed and waits for an officer, the oldest first."""
    return (
        Claim.objects.filter(state="submitted")
        .select_related("dossier", "statement", "provider")
        .order_by("filed_at", "id")
    )


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
