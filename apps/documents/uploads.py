"""Uploads as they come in: what is too large is not kept, and the rest of its form is."""

from typing import Any

from django.core.files.uploadhandler import FileUploadHandler

from apps.documents.services import BYTES_MAX


class Bounded(FileUploadHandler):
    """Lets pass the first bytes of a file, until it is larger than any document may be.

    What comes after is let go by, so that a file of any size fills no disk, and its form is read
    to the end: who sent it is told at its field, with all that they typed.
    """

    chunk_size = 64 * 1024

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        return raw_data if start <= BYTES_MAX else None

    def file_complete(self, file_size: int) -> Any:
        return None
