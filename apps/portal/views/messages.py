"""What a provider and the agency write to each other about a dossier."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from apps.documents.attachments import attachment
from apps.handling.forms import MessageForm
from apps.handling.messages import mark_handled, send
from apps.handling.models import Message
from apps.portal.views.dossiers import back_to, dossier_of, dossier_page
from apps.providers.doors import requires, telling
from apps.providers.middleware import DoorRequest


@requires("file_dossiers")
@require_POST
def write(request: DoorRequest, provider: str, dossier: UUID) -> HttpResponse:
    case, form = dossier_of(dossier), MessageForm(request.POST, request.FILES)
    if not form.is_valid():
        return dossier_page(request, case, wrong=form)
    with telling(request) as told:
        sent = send(
            form,
            dossier=case,
            by_agency=False,
            actor=request.user,
            at=timezone.now(),
            seen=request.POST.get("seen"),
        )
    if told.refused or sent is None:
        return dossier_page(request, case, wrong=form)
    with telling(request, gettext("Your message is sent; VLAIO finds it among what waits.")):
        return back_to(case, provider)


@requires("file_dossiers")
@require_POST
def read(request: DoorRequest, provider: str, dossier: UUID) -> HttpResponse:
    case = dossier_of(dossier)
    mark_handled(request, case, by_agency=False)
    return back_to(case, provider)


@requires("see_dossiers")
@require_safe
def document(request: DoorRequest, provider: str, dossier: UUID, message: UUID) -> HttpResponse:
    case = dossier_of(dossier)
    found = get_object_or_404(Message, pk=message, dossier=case)
    return attachment(found.document, of=case.reference)
