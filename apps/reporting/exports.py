"""A list of dossiers as a file: exactly what the page lists, for Excel or any other programme."""

import csv
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from decimal import Decimal
from io import BytesIO, StringIO

import xlsxwriter
from django.http import Http404, HttpResponse
from django.utils.translation import gettext

from apps.design.figures import enterprise_number
from apps.design.words import words_for_package, words_for_state
from apps.dossiers.models import Dossier

Cell = str | Decimal | date | None
XLSX, CSV = FORMS = ("xlsx", "csv")
MEDIA_TYPES = {
    XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    CSV: "text/csv; charset=utf-8",
}
# With one of these at its beginning a programme takes a text for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def dossiers_file(dossiers: Iterable[Dossier], form: str, *, with_provider: bool) -> HttpResponse:
    """The file, as something to keep; a form that is not made is not there."""
    if form not in FORMS:
        raise Http404
    rows = _rows(dossiers, with_provider)
    answer = HttpResponse(
        _xlsx(rows) if form == XLSX else _csv(rows), content_type=MEDIA_TYPES[form]
    )
    answer["Content-Disposition"] = f'attachment; filename="dossiers.{form}"'
    return answer


def _columns(with_provider: bool) -> dict[str, Callable[[Dossier], Cell]]:
    provider = {gettext("Provider"): lambda d: d.provider.name} if with_provider else {}
    return {
        gettext("Dossier"): lambda d: d.reference,
        **provider,
        gettext("Status"): lambda d: words_for_state(d.state, "dossier"),
        gettext("Enterprise number"): lambda d: enterprise_number(d.enterprise_number),
        gettext("Enterprise"): lambda d: d.enterprise_name,
        gettext("Package"): lambda d: words_for_package(d.package, with_extension=d.with_extension),
        gettext("Price excluding VAT"): lambda d: d.price_excl_vat,
        gettext("Person-days"): lambda d: d.person_days,
        gettext("Share of VLAIO"): lambda d: d.share,
        gettext("VAT on that share"): lambda d: d.vat,
        gettext("Granted"): lambda d: d.granted_incl_vat,
        gettext("Filed"): lambda d: d.submitted_on,
        gettext("Decided"): lambda d: d.decided_on,
        gettext("Started"): lambda d: d.started_on,
        gettext("Completed"): lambda d: d.completed_on,
        gettext("End report"): lambda d: d.end_report_on,
        gettext("Ended"): lambda d: d.ended_on,
    }


def _rows(dossiers: Iterable[Dossier], with_provider: bool) -> Iterator[list[Cell]]:
    columns = _columns(with_provider)
    yield list(columns)
    for dossier in dossiers:
        yield [told(dossier) for told in columns.values()]


def _xlsx(rows: Iterable[list[Cell]]) -> bytes:
    kept = BytesIO()
    book = xlsxwriter.Workbook(kept, {"constant_memory": True})
    sheet = book.add_worksheet(gettext("Dossiers"))
    bold, day = book.add_format({"bold": True}), book.add_format({"num_format": "dd/mm/yyyy"})
    amount = book.add_format({"num_format": "#,##0.00"})
    sheet.freeze_panes(1, 1)
    sheet.set_column(0, 20, 18)
    for nth, row in enumerate(rows):
        for column, cell in enumerate(row):
            if isinstance(cell, date):
                sheet.write_datetime(nth, column, cell, day)
            elif isinstance(cell, Decimal):
                sheet.write_number(nth, column, cell, amount)
            elif cell:
                # As text, whatever it begins with.
                sheet.write_string(nth, column, cell, None if nth else bold)
    book.close()
    return kept.getvalue()


def _csv(rows: Iterable[list[Cell]]) -> bytes:
    """With a semicolon, a decimal comma and a mark of its encoding, as Excel reads it here."""
    kept = StringIO()
    writer = csv.writer(kept, delimiter=";")
    for row in rows:
        writer.writerow([_plain(cell) for cell in row])
    return kept.getvalue().encode("utf-8-sig")


def _plain(cell: Cell) -> str:
    if isinstance(cell, date):
        return f"{cell:%d/%m/%Y}"
    if isinstance(cell, Decimal):
        return str(cell).replace(".", ",")
    text = cell or ""
    return f"'{text}" if text.startswith(FORMULA) else text
