"""A list as a file: exactly what the page lists, for Excel or any other programme.

What a page lists is a `Table`; the same address with `file=<which>.<form>` answers with it, so that
a file is behind the doors of its page and follows the same search.
"""

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO, StringIO
from itertools import chain
from typing import Any

import xlsxwriter
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.text import slugify
from django.utils.translation import gettext

from apps.claims.selectors import last_quarters_stated
from apps.contracts.selectors import contracts_with_balances, window_around
from apps.design.figures import enterprise_number, moment, quarter
from apps.design.words import words_for_package, words_for_state
from apps.dossiers.models import Dossier
from apps.payouts.selectors import tranches_to_claim
from cstraject.quarter import FLANDERS

# By its heading, what a column tells of a dossier.
Columns = dict[str, Callable[[Dossier], object]]

XLSX, CSV = FORMS = ("xlsx", "csv")
JSON = "json"
MEDIA_TYPES = {
    XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    CSV: "text/csv; charset=utf-8",
    JSON: "application/json",
}
# How long the name of a sheet may be in a workbook.
SHEET_NAME_MAX = 31
# With one of these at its beginning a programme takes a text for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


# Which page of a list is looked at; the file holds all of it.
PAGES = ("page", "lines", "left-out")


@dataclass(frozen=True)
class Table:
    """What a page lists: its name in the language of the page, its rows, and what a column tells
    of each."""

    name: str
    rows: Iterable[Any]
    columns: Mapping[str, Callable[[Any], object]]

    def content(self, form: str) -> bytes:
        told = ([tell(row) for tell in self.columns.values()] for row in self.rows)
        lines: Iterable[Sequence[object]] = chain([list(self.columns)], told)
        return _xlsx(lines, self.name) if form == XLSX else _csv(lines)


Tables = Mapping[str, Table]
NO_TABLES: Tables = {}


def file_asked(request: HttpRequest, tables: Tables, about: str = "") -> HttpResponse | None:
    """The table of a page, about this, for which its address asks as a file, if it does."""
    if "file" not in request.GET:
        return None
    name, _, form = request.GET["file"].partition(".")
    if name not in tables or form not in FORMS:
        raise Http404
    return kept_as(f"{tables[name].name} {about}", tables[name].content(form), form)


def files_of(
    request: HttpRequest, tables: Tables, address: str
) -> dict[str, list[tuple[str, str]]]:
    """Where each table of a page is found as a file, by form, under the search of that page."""
    asked = request.GET.copy()
    for page in PAGES:
        asked.pop(page, None)

    def found(name: str, form: str) -> str:
        asked["file"] = f"{name}.{form}"
        return f"{address}?{asked.urlencode()}"

    return {name: [(form, found(name, form)) for form in FORMS] for name in tables}


def dossiers_content(
    dossiers: Iterable[Dossier], form: str, *, with_provider: bool, more: Columns | None = None
) -> bytes:
    """Dossiers with all that a list of them may want to count; `more` columns come last."""
    columns = _columns(with_provider) | (more or {})
    return Table(gettext("Dossiers"), dossiers, columns).content(form)


def columns_of_provider(dossiers: QuerySet[Dossier], *, on: date) -> Columns:
    """What the list of a provider tells besides; what is to claim as long as the window is open."""
    stated = last_quarters_stated(dossiers)
    contract = contracts_with_balances().last()
    window = window_around(on, contract) if contract else None
    open_now = window is not None and window.opens_on <= on
    to_claim = tranches_to_claim(window.quarter)[0] if window and open_now else {}
    tranche = gettext("Tranche %(tranche)s")
    return {
        gettext("Last statement"): lambda d: quarter(stated[d.pk]) if d.pk in stated else "",
        gettext("To claim now"): lambda d: (
            tranche % {"tranche": to_claim[d.pk]} if d.pk in to_claim else ""
        ),
    }


def kept_as(name: str, content: bytes, form: str) -> HttpResponse:
    """A file that we make, called by what it tells, in the language of its page."""
    answer = HttpResponse(content, content_type=MEDIA_TYPES[form])
    answer["Content-Disposition"] = f'attachment; filename="{slugify(name)}.{form}"'
    return answer


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
    sheet = book.add_worksheet(name[:SHEET_NAME_MAX])
    bold, day = book.add_format({"bold": True}), book.add_format({"num_format": "dd/mm/yyyy"})
    instant = book.add_format({"num_format": "dd/mm/yyyy hh:mm"})
    amount = book.add_format({"num_format": "#,##0.00####"})
    sheet.freeze_panes(1, 1)
    sheet.set_column(0, 20, 18)
    for nth, row in enumerate(rows):
        for column, cell in enumerate(row):
            if isinstance(cell, datetime):
                here = cell.astimezone(FLANDERS).replace(tzinfo=None)
                sheet.write_datetime(nth, column, here, instant)
            elif isinstance(cell, date):
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
    if isinstance(cell, datetime):
        return moment(cell)
    if isinstance(cell, date):
        return f"{cell:%d/%m/%Y}"
    if isinstance(cell, Decimal):
        # With two decimals at least, whatever it was made from.
        whole, _point, decimals = f"{cell:f}".partition(".")
        return f"{whole},{decimals:0<2}"
    if isinstance(cell, int):
        return str(cell)
    text = str(cell or "")
    return f"'{text}" if text.startswith(FORMULA) else text
