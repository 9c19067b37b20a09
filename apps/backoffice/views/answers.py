"""The answer to parliament as of a day: on screen, as a workbook, for machines."""

import json
from datetime import date

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop
from django.views.decorators.http import require_safe

from apps.backoffice.forms import AsOfForm
from apps.backoffice.views.frame import show
from apps.design import figures
from apps.design.words import words_for_category, words_for_package
from apps.providers.doors import requires
from apps.providers.middleware import DoorRequest
from apps.reporting.exports import JSON, XLSX, kept_as
from apps.reporting.selectors import TABLES, UNFINISHED_TABLES, Answer, answer_as_of
from apps.reporting.workbook import granted_in_all, groups_in_order, workbook_of
from cstraject.quarter import day_of

HEADINGS = {
    "by_province": (gettext_noop("Per province"), gettext_noop("Province")),
    "by_size": (gettext_noop("Per size"), gettext_noop("Size")),
    "by_sector": (gettext_noop("Per sector"), gettext_noop("Sector (NACE-BEL)")),
    "by_package": (gettext_noop("Per package"), gettext_noop("Package")),
}


@requires("see_answers")
@require_safe
def answer(request: DoorRequest) -> HttpResponse:
    form = _form_asked(request)
    if not form.is_valid():
        wrong = {"as_of_form": form, "form": form}
        return show(request, "backoffice/answer.html", wrong, section="answer", status=422)
    given = answer_as_of(form.cleaned_data["as_of"])
    years = sorted(given.total)
    context = {
        "as_of_form": form,
        "answer": given,
        "granted": granted_in_all(given),
        "years": [(year, *given.total[year]) for year in years],
        "tables": [_table(given, name, years) for name in TABLES],
        "unfinished": [
            (
                gettext(HEADINGS[name][1]),
                [
                    (_words_for_group(given, name, group), count)
                    for group, count in given.unfinished[name].items()
                ],
            )
            for name in UNFINISHED_TABLES
        ],
    }
    return show(request, "backoffice/answer.html", context, section="answer")


def _table(given: Answer, name: str, years: list[str]) -> dict[str, object]:
    """A table as rows: the group, then a cell (number, euro) or None for each year."""
    cells = given.tables[name]
    title, head = HEADINGS[name]
    return {
        "name": name,
        "title": gettext(title),
        "head": gettext(head),
        "rows": [
            (
                _words_for_group(given, name, group),
                [cells.get(year, {}).get(group) for year in years],
            )
            for group in groups_in_order(given, name)
        ],
    }


def _words_for_group(given: Answer, name: str, group: str) -> str:
    if group == "onbekend":
        return gettext("Unknown")
    if name == "by_size":
        return words_for_category(group)
    if name == "by_sector":
        return f"{group} {given.sector_labels.get(group, '')}".strip()
    if name == "by_package":
        code, _mark, extension = group.partition("+")
        return words_for_package(code, with_extension=bool(extension))
    return group


@requires("see_answers")
@require_safe
def workbook(request: DoorRequest) -> HttpResponse:
    form = _form_asked(request)
    if not form.is_valid():
        return answer(request)
    day = form.cleaned_data["as_of"]
    return kept_as(_named(day), workbook_of(answer_as_of(day)), XLSX)


@requires("see_answers")
@require_safe
def as_json(request: DoorRequest) -> HttpResponse:
    form = _form_asked(request)
    if not form.is_valid():
        return answer(request)
    day = form.cleaned_data["as_of"]
    told = json.dumps(answer_as_of(day).as_json())
    return kept_as(_named(day), told.encode(), JSON)


def _named(day: date) -> str:
    return f"{gettext('Answer to parliament')} {day}"


def _form_asked(request: DoorRequest) -> AsOfForm:
    """The day in the address; today when there is none."""
    return AsOfForm({"as_of": request.GET.get("as_of") or figures.day(day_of(timezone.now()))})
