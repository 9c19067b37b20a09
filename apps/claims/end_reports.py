"""What one may do with an end report: file it once the work is done, accept it, send it back."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from apps.accounts.models import User
from apps.audit.services import record
from apps.claims.models import EndReport
from apps.documents.models import Document
from apps.dossiers.models import Dossier
from apps.dossiers.services import lock_dossier, must_be_impartial, note_end_report
from cstraject.measures import read_measures
from cstraject.quarter import day_of
from cstraject.refusal import Refusal


@transaction.atomic
def file_end_report(
    *,
    dossier: Dossier,
    measures: Iterable[Mapping[str, str]],
    person_days: Decimal,
    own_days: Decimal | None,
    feedback: str,
    document: Document | None,
    actor: User,
    at: datetime,
) -> EndReport:
    """File the end report of completed work: what was realised, what remains, the effort.

    The first one is the day on which the end report was received. One that was sent back is
    replaced by a new version; one that waits or was accepted stands.
    """
    dossier = lock_dossier(dossier)
    if dossier.state != "completed":
        raise Refusal("end-report-early")
    read = read_measures(measures)
    last = dossier.end_reports.order_by("-version").first()
    if last is not None and last.state != "sent_back":
        raise Refusal("end-report-stands")
    if dossier.end_report_on is None:
        note_end_report(dossier, on=day_of(at), at=at)
    report = EndReport.objects.create(
        provider_id=dossier.provider_id,
        dossier=dossier,
        version=last.version + 1 if last else 1,
        measures=[one.as_json() for one in read],
        person_days=person_days,
        own_days=own_days,
        feedback=feedback.strip(),
        document=document,
        filed_on=day_of(at),
        filed_at=at,
        filed_by=actor,
    )
    _record(report, "end_report.file", actor, at, version=report.version)
    return report


@transaction.atomic
def accept_end_report(*, report: EndReport, actor: User, at: datetime) -> EndReport:
    """Say that an end report was read and is good."""
    report = _waiting(report, actor, at)
    report.state = "accepted"
    report.judged_on, report.judged_by = day_of(at), actor
    report.save(update_fields=["state", "judged_on", "judged_by"])
    _record(report, "end_report.accept", actor, at, version=report.version)
    return report


@transaction.atomic
def send_back_end_report(*, report: EndReport, reason: str, actor: User, at: datetime) -> EndReport:
    """Send an end report back with the reason, which the provider reads; it files a new one."""
    report = _waiting(report, actor, at)
    if not reason.strip():
        raise Refusal("reason-missing")
    report.state, report.sent_back_reason = "sent_back", reason.strip()[:500]
    report.judged_on, report.judged_by = day_of(at), actor
    report.save(update_fields=["state", "judged_on", "judged_by", "sent_back_reason"])
    _record(report, "end_report.send_back", actor, at, reason=report.sent_back_reason)
    return report


def _waiting(report: EndReport, actor: User, at: datetime) -> EndReport:
    dossier = lock_dossier(report.dossier)
    must_be_impartial(dossier, actor, at)
    report = EndReport.objects.select_for_update(of=("self",), no_key=True).get(pk=report.pk)
    if report.state != "filed":
        raise Refusal("end-report-judged")
    if report.filed_by_id == actor.pk:
        raise Refusal("self-decided")
    return report


def _record(report: EndReport, deed: str, actor: User, at: datetime, **facts: object) -> None:
    record(
        actor=actor,
        action=deed,
        subject_id=report.pk,
        at=at,
        provider_id=report.provider_id,
        case_id=report.dossier_id,
        facts=facts,
    )
