"""A provider claims a tranche."""

from uuid import UUID

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from apps.claims.services import file_claim
from apps.portal.forms import ClaimForm
from apps.portal.views.dossiers import back_to, dossier_of, dossier_page
from apps.providers.doors import requires, telling
from apps.providers.middleware import DoorRequest


@requires("claim_tranches")
@require_POST
def file(request: DoorRequest, provider: str, dossier: UUID) -> HttpResponse:
    case, form = dossier_of(dossier), ClaimForm(request.POST, auto_id="claim_%s")
    if not form.is_valid():
        return dossier_page(request, case, wrong=form)
    with telling(request, gettext("The claim is filed; the agency verifies it.")) as told:
        file_claim(dossier=case, actor=request.user, at=timezone.now(), **form.cleaned_data)
    if told.refused:
        return dossier_page(request, case, wrong=form)
    return back_to(case, provider)
