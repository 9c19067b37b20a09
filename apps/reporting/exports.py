"""A list as a file: exactly what the page lists, for Excel or any other programme."""

import csv
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from decimal import Decimal
from io import BytesIO, StringIO
from itertools import chain

import xlsxwriter
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.utils.translation import gettext

from apps.claims.selectors import last_quarters_stated
from apps.contracts.selectors import contracts_with_balances, window_around
from apps.design.figures import enterprise_number
from apps.design.words import words_for_package, words_for_state
from apps.dossiers.models import Dossier
from apps.payouts.selectors import tranches_to_claim

# By its heading, what a column tells of a dossier.
Columns = dict[str, Callable[[Dossier], object]]

XLSX, CSV = FORMS = ("xlsx", "csv")
MEDIA_TYPES = {
    XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    CSV: "text/csv; charset=utf-8",
}
# With one of these at its beginning a programme takes a text for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def file_of(
    name: str, columns: Sequence[str], rows: Iterable[Sequence[object]], form: str
) -> HttpResponse:
    """A list as something to keep; a form that is not made is not there."""
    if form not in FORMS:
        raise Http404
    return kept_as(name, _content(name, columns, rows, form), form)


def dossiers_content(
    dossiers: Iterable[Dossier], form: str, *, with_provider: bool, more: Columns | None = None
) -> bytes:
    """Dossiers with all that a list of them may want to count; `more` columns come last."""
    columns = _columns(with_provider) | (more or {})
    rows = ([told(dossier) for told in columns.values()] for dossier in dossiers)
    return _content("dossiers", list(columns), rows, form)


def columns_of_provider(dossiers: QuerySet[Dossier], *, on: date) -> Columns:
    """What the list of a provider tells besides; what is to claim as long as the window is open."""
    stated = last_quarters_stated(dossiers)
    contract = contracts_with_balances().last()
    window = window_around(on, contract) if contract else None
    open_now = window is not None and window.opens_on <= on
    to_claim = tranches_to_claim(window.quarter)[0] if window and open_now else {}
    tranche = gettext("Tranche %(tranche)s")
    return {
        gettext("Last statement"): lambda d: stated.get(d.pk, ""),
        gettext("To claim now"): lambda d: (
            tranche % {"tranche": to_claim[d.pk]} if d.pk in to_claim else ""
        ),
    }


def kept_as(name: str, content: bytes, form: str) -> HttpResponse:
    answer = HttpResponse(content, content_type=MEDIA_TYPES[form])
    answer["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    return answer


def _content(
    name: str, columns: Sequence[str], rows: Iterable[Sequence[object]], form: str
) -> bytes:
    lines = chain([columns], rows)
    return _xlsx(lines, name) if form == XLSX else _csv(lines)


def files_of(address: str, query: str = "") -> list[tuple[str, str]]:
    """Where a list is found as a file, by form: `address` ends in the form."""
    return [(form, f"{address}{form}/{'?' if query else ''}{query}") for form in FORMS]


def _columns(with_provider: bool) -> Columns:
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


def _xlsx(rows: Iterable[Sequence[object]], name: str) -> bytes:
    kept = BytesIO()
    book = xlsxwriter.Workbook(kept, {"constant_memory": True})
    sheet = book.add_worksheet(name)
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
            elif isinstance(cell, int):
                sheet.write_number(nth, column, cell)
            elif cell:
                # As text, whatever it begins with.
                sheet.write_string(nth, column, str(cell), None if nth else bold)
    book.close()
    return kept.getvalue()


def _csv(rows: Iterable[Sequence[object]]) -> bytes:
    """With a semicolon, a decimal comma and a mark of its encoding, as Excel reads it here."""
    kept = StringIO()
    writer = csv.writer(kept, delimiter=";")
    for row in rows:
        writer.writerow([_plain(cell) for cell in row])
    return kept.getvalue().encode("utf-8-sig")


def _plain(cell: object) -> str:
    if isinstance(cell, date):
        return f"{cell:%d/%m/%Y}"
    if isinstance(cell, Decimal):
        return str(cell).replace(".", ",")
    if isinstance(cell, int):
        return str(cell)
    text = str(cell or "")
    return f"'{text}" if text.startswith(FORMULA) else text
