"""A message as it comes in by a form, and how those of a dossier are shown at a door."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any, Literal

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext, override

from apps.accounts.models import PERSON, User
from apps.accounts.selectors import OF_ACMIDM, capacities_of
from apps.design.words import words_for
from apps.documents.models import ATTACHMENT
from apps.documents.services import UPLOAD_REFUSALS, receive_document
from apps.dossiers.models import Dossier
from apps.handling.forms import MessageForm
from apps.handling.models import Message
from apps.handling.selectors import messages_about
from apps.handling.services import handle_messages, write_message
from apps.notices.services import post_mail
from apps.providers.doors import telling
from apps.providers.middleware import DoorRequest
from cstraject.refusal import Refusal


def send(
    form: MessageForm,
    *,
    dossier: Dossier,
    by_agency: bool,
    actor: User,
    at: datetime,
    seen: str | None = None,
) -> Message | None:
    """Write what a valid form holds, with its document; None where that cannot be read.

    It handles what the other side wrote up to `seen`, the newest message on the page.

    What is wrong with the document stands in the form then, and the text is still there.
    """
    typed = form.cleaned_data
    answer_by: date | None = typed.get("answer_by") if typed.get("asks") else None
    try:
        with transaction.atomic():
            document = None
            if typed["document"]:
                document = receive_document(
                    provider_id=dossier.provider_id,
                    kind=ATTACHMENT,
                    name=typed["document"].name,
                    content=typed["document"].read(),
                    actor=actor,
                    at=at,
                )
            message = write_message(
                dossier=dossier,
                text=typed["text"],
                by_agency=by_agency,
                actor=actor,
                at=at,
                document=document,
                answer_by=answer_by,
                seen=seen,
            )
            if message.document != document:
                transaction.set_rollback(True)  # Pressed twice: the document is there already.
            elif by_agency and message.written_at == at:
                _tell(dossier, at=at, message=message)
            return message
    except Refusal as refusal:
        if refusal.code not in UPLOAD_REFUSALS:
            raise
        form.add_error("document", ValidationError(words_for(refusal)))
        return None


def mark_handled(request: DoorRequest, dossier: Dossier, *, by_agency: bool) -> None:
    """What the page showed needs no answer (`last`, the newest message on it); say so."""
    with telling(request):
        came = handle_messages(
            dossier=dossier,
            by_agency=by_agency,
            last=request.POST.get("last", ""),
            actor=request.user,
            at=timezone.now(),
        )
        if came:
            messages.warning(request, gettext("A new message came meanwhile. Read it first."))
        else:
            messages.success(request, gettext("The messages are marked as handled."))


def tell_of_change(
    dossier: Dossier, deed: Literal["decide", "amend", "stop"], *, at: datetime
) -> None:
    """Tell who filed a dossier that the agency decided, amended or stopped it; not why."""
    _tell(dossier, at=at, deed=deed)


def _tell(
    dossier: Dossier, *, at: datetime, message: Message | None = None, deed: str = ""
) -> None:
    """Tell who filed a dossier that there is something to read; not what it says."""
    filer = dossier.submitted_by
    if filer.kind != PERSON or filer.email.endswith(OF_ACMIDM):
        return
    if dossier.provider.slug not in {one.place for one in capacities_of(filer)}:
        return  # They work there no more.
    text = []
    for language in ("nl", "en"):
        with override(language):
            about = {"dossier": dossier, "message": message, "deed": deed}
            text.append(render_to_string("handling/notice.txt", about).strip())
    with override("nl"):
        subject = gettext("A message of VLAIO about dossier %(reference)s") % {
            "reference": dossier.reference
        }
    post_mail(to=filer.email, subject=subject, text="\n\n---\n\n".join(text), at=at)


def thread(
    dossier: Dossier, *, address: Callable[[Message], str], names: bool
) -> list[dict[str, Any]]:
    """The messages about a dossier, the newest first; `names` also of who wrote at the agency."""
    written = list(messages_about(dossier).reverse())
    answers = {(one.written_by_id, one.written_on) for one in written if not one.by_agency}
    return [
        {
            "message": message,
            "who": message.writer if names or not message.by_agency else "VLAIO",
            "address": address(message) if message.document_id else "",
            # What was asked ends with an answer, or else the agency took it back.
            "taken_back": message.asks
            and message.handled_on is not None
            and (message.handled_by_id, message.handled_on) not in answers,
        }
        for message in written
    ]
