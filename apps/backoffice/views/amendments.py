"""The offer of an approved dossier is amended: looked at first, in money, and then done."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from apps.backoffice.forms import AmendForm
from apps.backoffice.views.dossiers import dossier_of
from apps.backoffice.views.frame import figures_changed, show
from apps.claims.services import amend_dossier, amended_grant
from apps.design import figures
from apps.design.words import words_for
from apps.dossiers.models import Dossier
from apps.handling.messages import tell_of_change
from apps.programme.selectors import terms_of
from apps.providers.doors import requires, telling
from apps.providers.middleware import DoorRequest
from cstraject.money import ZERO
from cstraject.refusal import Refusal
from cstraject.subsidy import Subsidy, own_part_of


@requires("decide_dossiers")
@require_http_methods(["GET", "HEAD", "POST"])
def amend(request: DoorRequest, dossier: UUID) -> HttpResponse:
    case = dossier_of(request, dossier)
    if case.state not in ("approved", "in_delivery") and request.method != "POST":
        refusal = Refusal("not-now", noun="dossier", state=case.state, event="amend")
        messages.info(request, words_for(refusal))
        return redirect("backoffice:dossier", dossier=dossier)
    if request.method != "POST":
        initial = {
            "price_excl_vat": figures.amount(case.price_excl_vat),
            "person_days": figures.number(case.person_days),
        }
        return _page(request, case, AmendForm(initial=initial))
    form = AmendForm(request.POST)
    if not form.is_valid():
        return _page(request, case, form, status=422)
    price, days = form.cleaned_data["price_excl_vat"], form.cleaned_data["person_days"]
    with telling(request) as told:
        becomes = amended_grant(case, price_excl_vat=price, person_days=days)
        if request.POST.get("deed") != "look":
            if request.POST.get("seen") != _seen(case, form, becomes):
                messages.warning(request, figures_changed())
                return _page(request, case, form, becomes=becomes)
            at = timezone.now()
            amend_dossier(dossier=case, actor=request.user, at=at, **form.cleaned_data)
            tell_of_change(case, "amend", at=at)
            messages.success(request, gettext("The offer is amended."))
            return redirect("backoffice:dossier", dossier=dossier)
    if told.refused:
        return _page(request, case, form, status=422)
    return _page(request, case, form, becomes=becomes)


def _seen(case: Dossier, form: AmendForm, becomes: Subsidy) -> str:
    """What somebody looked at: the offer that was typed, and the grant before and after it."""
    typed = form.cleaned_data
    return (
        f"{typed['price_excl_vat']:.2f} {typed['person_days']:.1f}"
        f" {case.granted_incl_vat} {becomes.granted}"
    )


def _page(
    request: DoorRequest,
    case: Dossier,
    form: AmendForm,
    *,
    becomes: Subsidy | None = None,
    status: int = 200,
) -> HttpResponse:
    granted = case.granted_incl_vat or ZERO
    context: dict[str, object] = {"dossier": case, "form": form, "becomes": becomes}
    if becomes is not None:
        price = form.cleaned_data["price_excl_vat"]
        left = case.contract.left
        context |= {
            "seen": _seen(case, form, becomes),
            "released": granted - becomes.granted,
            "own": own_part_of(price, terms=terms_of(case.contract.edition)),
            "left": left,
            "left_after": left + granted - becomes.granted,
        }
    return show(
        request,
        "backoffice/amend.html",
        context,
        section="dossiers",
        below=case.reference,
        address=reverse("backoffice:dossier-amend", args=[case.pk]),
        status=status,
    )
