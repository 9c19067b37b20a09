"""A provider states what it delivered."""

from uuid import UUID

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from apps.claims.services import file_statement
from apps.portal.forms import StatementForm
from apps.portal.views.dossiers import back_to, dossier_of, dossier_page
from apps.providers.doors import requires, telling
from apps.providers.middleware import DoorRequest


@requires("file_dossiers")
@require_POST
def file(request: DoorRequest, provider: str, dossier: UUID) -> HttpResponse:
    case, form = dossier_of(dossier), StatementForm(request.POST, auto_id="statement_%s")
    if not form.is_valid():
        return dossier_page(request, case, wrong=form)
    with telling(request, gettext("The statement is filed.")) as told:
        file_statement(dossier=case, actor=request.user, at=timezone.now(), **form.cleaned_data)
    if told.refused:
        return dossier_page(request, case, wrong=form)
    return back_to(case, provider)
