"""What one may do: take in an extract of the register, and deposits of annual accounts."""

import csv
import io
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.utils.crypto import salted_hmac

from apps.enterprises import merging
from apps.enterprises.deposits import Deposit
from apps.enterprises.extract import KEEP, Extract, File, Kept, Rows, Wanted, keep_number
from apps.enterprises.extract import open_extract as open_extract
from apps.enterprises.models import (
    FULL,
    UPDATE,
    Accounts,
    Establishment,
    ImportedFile,
    RegisterImport,
    RegisterImportError,
)
from cstraject.refusal import Refusal

BATCH = 50_000
ERRORS_PER_FILE = 1000
LOCK = 0x4B424F  # "KBO"

# Told after each batch: the file, how many of its rows were read in all, and just now.
Told = Callable[[str, int, int], object]


def import_register(
    path: Path,
    *,
    only: Collection[str] | None = None,
    now: Callable[[], datetime],
    told: Told = lambda file, rows, now: None,
) -> tuple[RegisterImport, bool]:
    """Take in an extract; also whether anything was done, for one that was finished does nothing.

    A full extract is taken batch by batch, each committed with the place that was reached, so
    that a killed import goes on from there; what it no longer holds is then marked as gone. An
    update is taken whole or not at all. `only`: the enterprises that are kept, and no others.

    Refuses what is no extract, one older than what was taken in (`extract-older`), an update that
    does not follow on it (`update-does-not-follow`), and a second import at the same time.
    """
    wanted = Wanted(None if only is None else frozenset(only))
    with open_extract(path) as extract, _alone():
        one_piece = transaction.atomic() if extract.kind == UPDATE else nullcontext()
        with one_piece:
            register_import = _begin(extract, wanted, at=now())
            if register_import.finished_at:
                return register_import, False
            for file in extract.files:
                _take_file(extract, file, register_import, wanted, told)
            _finish(register_import, wanted, at=now())
    return register_import, True


@contextmanager
def _alone() -> Iterator[None]:
    """One import at a time. The lock is the connection's, and goes with it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            raise Refusal("import-running")
    try:
        yield
    finally:
        if connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


@transaction.atomic
def _begin(extract: Extract, wanted: Wanted, *, at: datetime) -> RegisterImport:
    """The import of this extract: a new one, or the one that was begun before."""
    finished = RegisterImport.objects.filter(finished_at__isnull=False).order_by("-number", "kind")
    last = finished.first()
    selection = ""
    if wanted.enterprises is not None:
        told = "\n".join(sorted(wanted.enterprises))
        # Keyed: a digest of a few numbers alone could be guessed back to them.
        selection = salted_hmac("enterprises.selection", told, algorithm="sha256").hexdigest()
    begun = RegisterImport.objects.filter(number=extract.number, kind=extract.kind).first()
    if last and extract.number < last.number:
        raise Refusal("extract-older", number=extract.number, last=last.number)
    if extract.kind == UPDATE and not (begun and begun.finished_at):
        # Changes since the extract before; after a gap they are not the whole story.
        if last is None:
            raise Refusal("update-without-full", number=extract.number)
        if extract.number != last.number + 1:
            raise Refusal("update-does-not-follow", number=extract.number, last=last.number)
    if begun is None:
        begun = RegisterImport.objects.create(
            number=extract.number,
            kind=extract.kind,
            snapshot_on=extract.snapshot_on,
            selection=selection,
            started_at=at,
        )
    elif begun.selection != selection and extract.kind == FULL:
        # Others are asked for: what was passed over is read again.
        begun.files.all().delete()
        begun.errors.all().delete()
        begun.selection, begun.started_at, begun.finished_at = selection, at, None
        begun.save(update_fields=["selection", "started_at", "finished_at"])
    for file in extract.files:
        ImportedFile.objects.get_or_create(register_import=begun, name=file.name)
    return begun


def _take_file(
    extract: Extract, file: File, register_import: RegisterImport, wanted: Wanted, told: Told
) -> None:
    with transaction.atomic():
        progress = register_import.files.get(name=file.name)
        if wanted.enterprises is not None:
            wanted.establishments |= _establishments_of(wanted.enterprises)
    if progress.done:
        return
    with extract.rows(file) as rows:
        for _ in islice(rows, progress.rows_read):
            pass  # Taken in before it was broken off.
        while not progress.done:
            with transaction.atomic():
                read = _take_batch(file, rows, register_import, progress, wanted)
            told(file.name, progress.rows_read, read)


def _establishments_of(enterprises: Collection[str]) -> set[str]:
    return set(
        Establishment.objects.filter(enterprise_number__in=enterprises).values_list(
            "number", flat=True
        )
    )


def _take_batch(
    file: File,
    rows: Rows,
    register_import: RegisterImport,
    progress: ImportedFile,
    wanted: Wanted,
) -> int:
    """The next rows of a file: what is right is merged, what is wrong is written down."""
    keep = keep_number if file.deletes else KEEP[file.about]
    needed = len(file.columns)
    kept: Kept = {}
    errors: list[RegisterImportError] = []
    read = right = wrong = 0
    room = ERRORS_PER_FILE - progress.rows_wrong
    for row in islice(rows, BATCH):
        read += 1
        try:
            if row is None:
                raise Refusal("row-unreadable")
            if len(row) != needed:
                raise Refusal("row-length", found=len(row), needed=needed)
            right += keep(row, kept, wanted)
        except Refusal as refusal:
            wrong += 1
            if wrong <= room:
                errors.append(
                    RegisterImportError(
                        register_import=register_import,
                        file=file.name,
                        line=rows.line,
                        reason=refusal.code,
                        facts=_storable(refusal.facts),
                    )
                )
    if kept:
        _merge(file, kept, register_import)
    RegisterImportError.objects.bulk_create(errors)
    progress.rows_read += read
    progress.rows_kept += right
    progress.rows_wrong += wrong
    progress.done = read < BATCH
    progress.save(update_fields=["rows_read", "rows_kept", "rows_wrong", "done"])
    return read


def _storable(facts: Mapping[str, object]) -> dict[str, object]:
    """Without the character that the database cannot keep."""
    return {
        name: fact.replace("\0", "?") if isinstance(fact, str) else fact
        for name, fact in facts.items()
    }


def _merge(file: File, kept: Kept, register_import: RegisterImport) -> None:
    block = io.StringIO()
    csv.writer(block, quoting=csv.QUOTE_ALL).writerows(kept.values())
    width = len(next(iter(kept.values())))
    columns = ", ".join(f"c{nth}" for nth in range(1, width + 1))
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE enterprises_incoming")
        with cursor.copy(f"COPY enterprises_incoming ({columns}) FROM STDIN (FORMAT csv)") as copy:
            copy.write(block.getvalue())
        # Row by row through the key: a batch is small and the register large, whatever is guessed.
        cursor.execute("SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off")
        for statement in (merging.DELETE if file.deletes else merging.INSERT)[file.about]:
            cursor.execute(statement, _of(register_import))


@transaction.atomic
def _finish(register_import: RegisterImport, wanted: Wanted, *, at: datetime) -> None:
    """After a full extract: mark what was not in it as gone, and take away what it corrected."""
    given = {
        **_of(register_import),
        "all": wanted.enterprises is None,
        "wanted": sorted(wanted.enterprises or ()),
    }
    if register_import.kind == FULL:
        with connection.cursor() as cursor:
            for statement in merging.AFTER_FULL:
                cursor.execute(statement, given)
    register_import.finished_at = at
    register_import.save(update_fields=["finished_at"])


def _of(register_import: RegisterImport) -> dict[str, Any]:
    return {"extract": register_import.number, "snapshot": register_import.snapshot_on}


@transaction.atomic
def keep_accounts(deposit: Deposit, *, at: datetime, of_everyone: bool) -> bool:
    """Keep the figures of a deposit; whether anything changed. One that stood already does not.

    Deposits fetched for some enterprises tell who is here: only the agency reads them, until they
    come again among those `of_everyone`.
    """
    stands = Accounts.objects.filter(reference=deposit.reference).first()
    of_everyone = of_everyone or bool(stands and stands.of_everyone)
    if stands and (stands.sha256, stands.of_everyone) == (deposit.sha256, of_everyone):
        return False
    if stands and stands.enterprise_number != deposit.enterprise_number:
        raise Refusal("deposit-of-another", reference=deposit.reference)
    Accounts.objects.update_or_create(
        reference=deposit.reference,
        defaults={
            "enterprise_number": deposit.enterprise_number,
            "begins_on": deposit.begins_on,
            "closed_on": deposit.closed_on,
            "deposited_on": deposit.deposited_on,
            "model": deposit.model,
            "headcount": deposit.headcount,
            "turnover": deposit.turnover,
            "balance_total": deposit.balance_total,
            "equity": deposit.equity,
            "sha256": deposit.sha256,
            "received_at": at,
            "of_everyone": of_everyone,
        },
    )
    return True
