"""A provider's dossiers: the list, one in full, and what a machine may do with it."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api import shapes
from apps.api.answers import once, plain
from apps.api.fields import Asked
from apps.api.views.door import Door, dossier_of, fields_of, operation, provider_id, read, told
from apps.api.views.statements import statement_told
from apps.claims.selectors import claims_of, current_statements
from apps.claims.services import complete_dossier
from apps.design.words import words_for_finding, words_for_unpaid
from apps.dossiers import services
from apps.dossiers.models import Dossier
from apps.dossiers.selectors import dossiers_newest_first
from apps.eligibility.models import Assessment
from apps.eligibility.selectors import standings_of
from apps.payouts.selectors import Tranche, tranches_of_grant

ROW = fields_of(shapes.Dossier)
FACTS_SOURCE = "opgave van de dienstverlener (API)"


class Dossiers(Door):
    acts = {"GET": "see_dossiers", "POST": "file_dossiers"}

    @operation(
        "dossiers",
        "This provider's dossiers, the last filed first, in pages.",
        query=shapes.Page,
        tells=shapes.Dossiers,
    )
    def get(self, request: Request, provider: str) -> Response:
        page = read(shapes.Page, request.query_params.dict())
        rows = dossiers_newest_first()
        if "state" in page:
            rows = rows.filter(state=page["state"])
        if "after" in page:
            rows = rows.filter(_beyond(page["after"]))
        found = list(rows.values(*ROW)[: page["limit"] + 1])
        shown = found[: page["limit"]]
        return Response(
            {
                "dossiers": [plain(row) for row in shown],
                "next": _cursor(shown[-1]) if len(found) > len(shown) else None,
            }
        )

    @operation(
        "dossier-file",
        "File a dossier for an enterprise: signed offer, declaration, facts as they stand today."
        " The agency then assesses it and decides.",
        sends=shapes.FileDossier,
        tells=shapes.Dossier,
        status=201,
    )
    def post(self, request: Request, provider: str) -> Response:
        sent = read(shapes.FileDossier, request.data)
        return once(
            request,
            lambda actor, at: told(
                shapes.Dossier,
                services.file_dossier(
                    provider_id=provider_id(request),
                    facts_source=FACTS_SOURCE,
                    actor=actor,
                    at=at,
                    **sent,
                ),
            ),
            status=201,
        )


class OneDossier(Door):
    acts = {"GET": "see_dossiers"}

    @operation(
        "dossier",
        "A dossier in full: decision, assessment, tranches, statements and claims.",
        tells=shapes.DossierDetail,
    )
    def get(self, request: Request, provider: str, dossier: UUID) -> Response:
        return Response(plain(_detail(dossier_of(dossier))))


class Deed(Door):
    """What a provider does with a dossier of its own."""

    acts = {"POST": "file_dossiers"}

    def done(
        self, request: Request, pk: UUID, shape: type[Asked], deed: Callable[..., Dossier]
    ) -> Response:
        case, sent = dossier_of(pk), read(shape, request.data)
        return once(
            request,
            lambda actor, at: told(shapes.Dossier, deed(dossier=case, actor=actor, at=at, **sent)),
        )


class Start(Deed):
    @operation(
        "dossier-start",
        "Say that the work started on a day: not before the approval.",
        sends=shapes.OnDay,
        tells=shapes.Dossier,
    )
    def post(self, request: Request, provider: str, dossier: UUID) -> Response:
        return self.done(request, dossier, shapes.OnDay, services.start_dossier)


class Complete(Deed):
    @operation(
        "dossier-complete",
        "Say that all work was done on a day. The second tranche may then be claimed.",
        sends=shapes.OnDay,
        tells=shapes.Dossier,
    )
    def post(self, request: Request, provider: str, dossier: UUID) -> Response:
        return self.done(request, dossier, shapes.OnDay, complete_dossier)


class EndReport(Deed):
    @operation(
        "dossier-end-report",
        "Say on which day the end report was received, after completion.",
        sends=shapes.OnDay,
        tells=shapes.Dossier,
    )
    def post(self, request: Request, provider: str, dossier: UUID) -> Response:
        return self.done(request, dossier, shapes.OnDay, services.receive_end_report)


class Withdraw(Deed):
    @operation(
        "dossier-withdraw",
        "Withdraw a dossier before the work starts; the budget is released.",
        sends=shapes.WithReason,
        tells=shapes.Dossier,
    )
    def post(self, request: Request, provider: str, dossier: UUID) -> Response:
        return self.done(request, dossier, shapes.WithReason, services.withdraw_dossier)


def _cursor(row: Mapping[str, Any]) -> str:
    """Where a page ended: after this dossier. A place, not a number, so nothing shifts."""
    return urlsafe_b64encode(f"{row['submitted_on']} {row['id']}".encode()).decode()


def _beyond(cursor: str) -> Q:
    try:
        day, pk = urlsafe_b64decode(cursor).decode().split(" ")
        on, last = date.fromisoformat(day), UUID(pk)
    except ValueError:
        wrong = gettext("Give the `next` of an earlier page.")
        raise ValidationError({"after": [wrong]}) from None
    return Q(submitted_on__lte=on) & (Q(submitted_on__lt=on) | Q(id__lt=last))


def _detail(dossier: Dossier) -> dict[str, Any]:
    return {
        **told(shapes.Dossier, dossier),
        "edition": dossier.contract.edition.name,
        "offer": dossier.offer_id,
        "declaration": dossier.declaration_id,
        "share": dossier.share,
        "vat": dossier.vat,
        "decision_reason": dossier.decision_reason,
        "ended_reason": dossier.ended_reason,
        "comes_back": dossier.comes_back,
        "assessment": _assessment(dossier.assessment),
        "tranches": [_tranche(tranche) for tranche in tranches_of_grant(dossier)],
        "statements": [
            statement_told(statement) for statement in current_statements(dossier).values()
        ],
        "claims": [told(shapes.Claim, claim) for claim in claims_of(dossier)],
    }


def _assessment(assessment: Assessment | None) -> dict[str, Any] | None:
    if assessment is None:
        return None
    return {
        "on": assessment.on,
        "rule_version": assessment.rule_version,
        "size_class": assessment.size_class or None,
        "questions": [
            {
                "question": standing.answer.question,
                "outcome": standing.outcome,
                "finding": standing.answer.finding,
                "message": words_for_finding(standing.answer.finding, standing.answer.figures),
                "figures": standing.answer.figures,
                "decided_because": standing.finding.reason if standing.finding else None,
            }
            for standing in standings_of(assessment, told=True)
        ],
    }


def _tranche(tranche: Tranche) -> dict[str, Any]:
    return {
        "number": tranche.number,
        "amount": tranche.amount,
        "claim_state": tranche.claim.state if tranche.claim else None,
        "quarter": tranche.claim.quarter if tranche.claim else None,
        "paid": tranche.paid_on is not None,
        "paid_on": tranche.paid_on,
        "why": tranche.why or None,
        "message": words_for_unpaid(tranche.why, tranche.facts) if tranche.why else None,
    }
