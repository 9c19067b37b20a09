"""A provider hands in evidence."""

import hashlib

from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api import shapes
from apps.api.answers import once
from apps.api.views.door import Door, operation, provider_id, read, told
from apps.documents.services import BYTES_MAX, receive_document
from cstraject.refusal import Refusal

# What a multipart body holds beside the file.
ENVELOPE = 64 * 1024


class Documents(Door):
    acts = {"POST": "file_dossiers"}
    parser_classes = (MultiPartParser,)

    @operation(
        "document-upload",
        "Hand in a document, as PDF, PNG or JPEG. Its id is then named by a dossier.",
        sends=shapes.UploadDocument,
        tells=shapes.Document,
        status=201,
    )
    def post(self, request: Request, provider: str) -> Response:
        # Before the body is touched: what is too large never reaches memory or disk.
        _must_fit(int(request.META.get("CONTENT_LENGTH") or 0) - ENVELOPE)
        sent = read(shapes.UploadDocument, request.data)
        kind, file = sent["kind"], sent["file"]
        _must_fit(file.size)
        content = file.read()
        return once(
            request,
            lambda actor, at: told(
                shapes.Document,
                receive_document(
                    provider_id=provider_id(request),
                    kind=kind,
                    name=file.name,
                    content=content,
                    actor=actor,
                    at=at,
                ),
            ),
            status=201,
            asked=[kind, file.name, hashlib.sha256(content).hexdigest()],
        )


def _must_fit(size: int) -> None:
    if size > BYTES_MAX:
        raise Refusal("upload-too-large", max_mb=BYTES_MAX // 1024 // 1024)
