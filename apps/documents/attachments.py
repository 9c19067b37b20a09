"""A document as it leaves: to be kept by a browser, never to be shown within our pages."""

from django.http import Http404, HttpResponse
from django.utils.http import content_disposition_header

from apps.documents.models import Document


def attachment(document: Document | None, *, of: str = "") -> HttpResponse:
    """The file itself, under the name it came with, after the reference of its dossier (`of`); one
    that is held elsewhere is not here."""
    if document is None or not document.file:
        raise Http404
    with document.file.open("rb") as file:
        answer = HttpResponse(file.read(), content_type=document.media_type)
    name = document.name if document.name.startswith(of) else f"{of}-{document.name}"
    answer["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    # Whatever it holds, a browser that opens it all the same runs nothing of it.
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer
