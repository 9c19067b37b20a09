"""What providers claimed and waits for an officer."""

from decimal import Decimal
from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from apps.backoffice.forms import SendBackForm
from apps.backoffice.views.dossiers import dossier_of, dossier_page
from apps.backoffice.views.frame import back_from, in_sight, show
from apps.claims.models import Claim
from apps.claims.selectors import claims_to_verify, delivered_by
from apps.claims.services import send_back_claim, verify_claim
from apps.design.figures import in_hundredths, quarter
from apps.dossiers.listing import NamedFilter
from apps.programme.selectors import terms_of
from apps.providers.doors import requires, telling
from apps.providers.middleware import DoorRequest
from apps.reporting.exports import Table
from cstraject.delivery import Delivered, measures_disagree, share_delivered

CLAIMS_PER_PAGE = 50


@requires("see_portfolio")
@require_safe
def claims(request: DoorRequest) -> HttpResponse:
    filters = NamedFilter(request.GET)
    waiting = _waiting(request, filters)
    page = Paginator(waiting, CLAIMS_PER_PAGE).get_page(request.GET.get("page"))
    query = filters.search_query()
    editions = {claim.dossier.contract.edition for claim in page}
    terms = {edition.pk: terms_of(edition) for edition in editions}
    rows = []
    for claim in page:
        dossier = claim.dossier
        stated, offered = _measured(claim)
        rows.append(
            {
                "claim": claim,
                "share": share_delivered(stated, offered=offered),
                "share_by_days": stated.person_days / offered.person_days,
                "disagree": measures_disagree(
                    stated, offered=offered, terms=terms[dossier.contract.edition_id]
                ),
            }
        )
    context = {
        "page": page,
        "rows": rows,
        "filters": filters,
        "is_filtered": bool(filters.searched),
        "query": f"{query}&" if query else "",
        "here": request.get_full_path(),
    }
    tables = {"claims": _table(waiting)}
    return show(request, "backoffice/claims.html", context, section="claims", tables=tables)


def _table(waiting: QuerySet[Claim]) -> Table:
    def share(claim: Claim) -> Decimal:
        stated, offered = _measured(claim)
        return in_hundredths(share_delivered(stated, offered=offered))

    def share_by_days(claim: Claim) -> Decimal:
        stated, offered = _measured(claim)
        return in_hundredths(stated.person_days / offered.person_days)

    return Table(
        gettext("Claims"),
        waiting,
        {
            gettext("Dossier"): lambda claim: claim.dossier.reference,
            gettext("Provider"): lambda claim: claim.provider.name,
            gettext("Tranche"): lambda claim: claim.tranche,
            gettext("Quarter"): lambda claim: quarter(claim.quarter),
            gettext("Amount including VAT"): lambda claim: claim.amount,
            gettext("Person-days"): lambda claim: claim.statement.person_days,
            gettext("Filed"): lambda claim: claim.filed_on,
            gettext("Delivered (%)"): share,
            gettext("Delivered in person-days (%)"): share_by_days,
        },
    )


def _waiting(request: DoorRequest, filters: NamedFilter) -> QuerySet[Claim]:
    waiting = claims_to_verify().filter(dossier__in=filters.found(in_sight(request)))
    return waiting.select_related("dossier__contract__edition")


def _measured(claim: Claim) -> tuple[Delivered, Delivered]:
    """What was delivered as the claim states it, and what was offered."""
    dossier = claim.dossier
    offered = Delivered(dossier.person_days, dossier.price_excl_vat)
    return delivered_by(claim.statement), offered


@requires("verify_claims")
@require_POST
def verify(request: DoorRequest, claim: UUID) -> HttpResponse:
    asked = get_object_or_404(Claim, pk=claim, dossier__in=in_sight(request))
    with telling(request, gettext("The claim is verified; it rides with the next run.")):
        verify_claim(claim=asked, actor=request.user, at=timezone.now())
    return back_from(request, asked.dossier_id)


@requires("verify_claims")
@require_POST
def send_back(request: DoorRequest, claim: UUID) -> HttpResponse:
    asked = get_object_or_404(Claim, pk=claim, dossier__in=in_sight(request))
    form = SendBackForm(request.POST, auto_id=f"claim-{claim}_%s")
    if not form.is_valid():
        return dossier_page(
            request, dossier_of(request, asked.dossier_id), wrong=form, wrong_claim=claim
        )
    with telling(
        request, gettext("The claim is sent back; the tranche can be claimed again.")
    ) as told:
        send_back_claim(
            claim=asked, reason=form.cleaned_data["reason"], actor=request.user, at=timezone.now()
        )
    if told.refused:
        return dossier_page(
            request, dossier_of(request, asked.dossier_id), wrong=form, wrong_claim=claim
        )
    return back_from(request, asked.dossier_id)
