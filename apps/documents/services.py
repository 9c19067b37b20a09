"""What one may do: receive a document."""

import hashlib
from datetime import datetime
from io import BytesIO

import pikepdf
import puremagic
from django.core.files.base import ContentFile
from django.db import transaction
from PIL import Image

from apps.accounts.models import User
from apps.audit.services import record
from apps.documents.models import KINDS, Document
from cstraject.refusal import Refusal

BYTES_MAX = 10 * 1024 * 1024
ACCEPTED = {"application/pdf", "image/png", "image/jpeg"}
# What of an upload is wrong in itself: told beside its field.
UPLOAD_REFUSALS = frozenset(
    {"upload-too-large", "upload-unreadable", "upload-type", "upload-empty"}
)
# What the libraries that open PDFs and pictures say of one that does not.
UNREADABLE = (
    *(pikepdf.PdfError, pikepdf.PasswordError),
    *(OSError, ValueError, SyntaxError, Image.DecompressionBombError),
)


@transaction.atomic
def receive_document(
    *, provider_id: int, kind: str, name: str, content: bytes, actor: User, at: datetime
) -> Document:
    """Keep a document in private. Its type is found from its content, never from its name.

    Refuses one that is empty or unreadable, larger than 10 MB, or not a PDF or image.
    """
    media_type = media_type_of(content)
    if kind not in KINDS:
        raise Refusal("unknown-document", given=kind[:20])
    document = Document(
        provider_id=provider_id,
        kind=kind,
        name="".join(c for c in name if c.isprintable())[-200:] or kind,
        media_type=media_type,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        received_at=at,
        received_by=actor,
    )
    # Under its own identifier: a name from outside never becomes a path.
    document.file.save(f"{provider_id}/{document.pk}", ContentFile(content), save=False)
    document.save(force_insert=True)
    _record(document, actor, at)
    return document


@transaction.atomic
def note_document_held_elsewhere(
    *, provider_id: int, kind: str, name: str, held_at: str, actor: User, at: datetime
) -> Document:
    """Note that a document exists and where it is held, without having it."""
    document = Document.objects.create(
        provider_id=provider_id,
        kind=kind,
        name=name,
        held_at=held_at,
        received_at=at,
        received_by=actor,
    )
    _record(document, actor, at)
    return document


def _record(document: Document, actor: User, at: datetime) -> None:
    record(
        actor=actor,
        action="document.receive",
        subject_id=document.pk,
        at=at,
        provider_id=document.provider_id,
        facts={"kind": document.kind, "sha256": document.sha256, "held_at": document.held_at},
    )


def media_type_of(content: bytes) -> str:
    """The type of what is accepted, from its content; refuses what `receive_document` does."""
    if len(content) > BYTES_MAX:
        raise Refusal("upload-too-large", max_mb=BYTES_MAX // 1024 // 1024)
    try:
        found = puremagic.from_string(content, mime=True) if content else ""
    except puremagic.PureError:
        found = ""
    if not found:
        raise Refusal("upload-unreadable")
    if found not in ACCEPTED:
        raise Refusal("upload-type", found=found)
    if found == "application/pdf" and b"%%EOF" not in content[-1024:]:
        raise Refusal("upload-unreadable")  # Cut off on the way.
    _must_open(content, found)
    return found


def _must_open(content: bytes, media_type: str) -> None:
    """A PDF with a password, one without a page, a picture that is none: nobody could read it."""
    try:
        if media_type == "application/pdf":
            with pikepdf.open(BytesIO(content)) as pdf:
                if not pdf.pages:
                    raise Refusal("upload-empty")
        else:
            with Image.open(BytesIO(content)) as picture:
                picture.verify()
    except UNREADABLE:
        raise Refusal("upload-unreadable") from None
