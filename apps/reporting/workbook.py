"""The answer as an Excel workbook, in Dutch: a sheet per table, and one with the definitions."""

from decimal import Decimal
from io import BytesIO

import xlsxwriter

from apps.reporting.selectors import TABLES, UNFINISHED_TABLES, Answer
from cstraject.kmo import CATEGORIES
from cstraject.money import ZERO

SHEETS = {
    "by_province": ("Per provincie", "Provincie"),
    "by_size": ("Per grootte", "Grootte"),
    "by_sector": ("Per sector", "NACE-BEL"),
    "by_package": ("Per pakket", "Pakket"),
}
WORDS = {
    "micro": "Micro-onderneming (< 10)",
    "small": "Kleine onderneming (< 50)",
    "medium": "Middelgrote onderneming (< 250)",
    "large": "Grote onderneming (maatwerkbedrijf)",
    "basis": "Basispakket",
    "basis+ext": "Basispakket + uitbreiding",
    "light": "Lightpakket",
    "light+ext": "Lightpakket + uitbreiding",
    "onbekend": "Niet bekend",
}
DEFINITIONS = (
    ("Stand op", "Alles wat na deze dag gedateerd is, telt niet mee."),
    ("Aanvragen", "Dossiers die op of voor deze dag ingediend zijn."),
    ("Geweigerd", "Dossiers die op of voor deze dag geweigerd zijn."),
    (
        "Begonnen, niet ingediend",
        "Ontwerpen die op of voor deze dag begonnen en dan nog niet ingediend waren; provincie,"
        " grootte (werkzame personen alleen) en sector zoals ingevuld.",
    ),
    ("Aantal", "Goedgekeurde dossiers waarvan de toekenning niet volledig vrijgegeven is."),
    ("Subsidie toegekend", "Vastgelegd min vrijgegeven, in euro, inclusief 21 % btw."),
    ("Jaar", "Het jaar van de beslissing."),
    ("Provincie", "Van de vestiging waar het traject loopt."),
    ("Grootte", "Klasse volgens de Europese kmo-definitie, zoals vastgesteld bij de goedkeuring."),
    (
        "Sector",
        "NACE-BEL van de hoofdactiviteit, zoals vastgesteld bij de goedkeuring: een code van 2008,"
        " tenzij er een andere versie bij staat.",
    ),
    ("Gestart", "Dossiers met een startdatum op of voor deze dag."),
    (
        "Afgerond (eindverslag ontvangen)",
        "Dossiers waarvan het eindverslag op of voor deze dag ontvangen is.",
    ),
    (
        "Let op",
        "Een cel met één dossier kan een onderneming herkenbaar maken: ga dat na voor publicatie.",
    ),
)


def groups_in_order(answer: Answer, name: str) -> list[str]:
    """The groups of a table: sizes from small to large, the rest by name, unknown last."""
    found = {group for year in answer.tables[name].values() for group in year}
    sizes = {size: nth for nth, size in enumerate(CATEGORIES)}
    return sorted(found, key=lambda group: (group == "onbekend", sizes.get(group, -1), group))


def granted_in_all(answer: Answer) -> tuple[int, Decimal]:
    """The number of dossiers and euro granted, over all years."""
    return (
        sum(count for count, _ in answer.total.values()),
        sum((amount for _, amount in answer.total.values()), ZERO),
    )


def workbook_of(answer: Answer) -> bytes:
    """The workbook as bytes: days are days, euros are euros, text is never a formula."""
    buffer = BytesIO()
    book = xlsxwriter.Workbook(
        buffer,
        {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False},
    )
    book.set_properties({"title": f"Cybersecurity-verbetertrajecten, stand op {answer.as_of}"})
    title = book.add_format({"bold": True, "font_size": 14})
    head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
    text = book.add_format({"text_wrap": True, "valign": "top"})
    number = book.add_format({"num_format": "0"})
    euro = book.add_format({"num_format": "#,##0.00"})
    day = book.add_format({"num_format": "dd/mm/yyyy", "align": "left"})
    bold_number = book.add_format({"num_format": "0", "bold": True, "top": 1})
    bold_euro = book.add_format({"num_format": "#,##0.00", "bold": True, "top": 1})
    bold = book.add_format({"bold": True, "top": 1})

    sheet = book.add_worksheet("Overzicht")
    sheet.set_column(0, 0, 38)
    sheet.set_column(1, 1, 18)
    sheet.write_string(0, 0, "Cybersecurity-verbetertrajecten", title)
    sheet.write_string(2, 0, "Stand op")
    sheet.write_datetime(2, 1, answer.as_of, day)
    rows = [
        ("Aanvragen", answer.applications),
        ("Geweigerd", answer.refused),
        ("Gestart", answer.started),
        ("Gestart, waarvan light", answer.started_light),
        ("Afgerond (eindverslag ontvangen)", answer.completed),
    ]
    for row, (label, count) in enumerate(rows, start=3):
        sheet.write_string(row, 0, label)
        sheet.write_number(row, 1, count, number)
    count, amount = granted_in_all(answer)
    row = 3 + len(rows)
    sheet.write_string(row, 0, "Toegekend, alle jaren: aantal")
    sheet.write_number(row, 1, count, number)
    sheet.write_string(row + 1, 0, "Subsidie toegekend, alle jaren (euro)")
    sheet.write_number(row + 1, 1, amount, euro)

    for name in TABLES:
        label, group_head = SHEETS[name]
        years = sorted(answer.total)
        groups = groups_in_order(answer, name)
        sheet = book.add_worksheet(label)
        sheet.set_column(0, 0, 14 if name == "by_sector" else 34)
        first = 2 if name == "by_sector" else 1
        if name == "by_sector":
            sheet.set_column(1, 1, 60)
        sheet.set_column(first, first + 2 * len(years), 18)
        sheet.write_string(0, 0, f"{label}, stand op", title)
        sheet.write_datetime(0, first, answer.as_of, day)
        sheet.write_string(2, 0, group_head, head)
        if name == "by_sector":
            sheet.write_string(2, 1, "Activiteit", head)
        for nth, year in enumerate(years):
            sheet.write_string(2, first + 2 * nth, f"{year}: aantal", head)
            sheet.write_string(2, first + 2 * nth + 1, f"{year}: subsidie toegekend (euro)", head)
        sheet.freeze_panes(3, 1)
        row = 3
        for group in groups:
            sheet.write_string(row, 0, WORDS.get(group, group))
            if name == "by_sector":
                sheet.write_string(row, 1, answer.sector_labels.get(group, ""))
            for nth, year in enumerate(years):
                cell = answer.tables[name].get(year, {}).get(group)
                if cell:
                    sheet.write_number(row, first + 2 * nth, cell[0], number)
                    sheet.write_number(row, first + 2 * nth + 1, cell[1], euro)
            row += 1
        sheet.write_string(row, 0, "Totaal", bold)
        if name == "by_sector":
            sheet.write_string(row, 1, "", bold)
        for nth, year in enumerate(years):
            sheet.write_number(row, first + 2 * nth, answer.total[year][0], bold_number)
            sheet.write_number(row, first + 2 * nth + 1, answer.total[year][1], bold_euro)

    sheet = book.add_worksheet("Begonnen, niet ingediend")
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 1, 18)
    sheet.write_string(0, 0, "Begonnen en niet ingediend, stand op", title)
    sheet.write_datetime(0, 1, answer.as_of, day)
    row = 2
    for name in UNFINISHED_TABLES:
        sheet.write_string(row, 0, SHEETS[name][1], head)
        sheet.write_string(row, 1, "Aantal", head)
        for group, count in answer.unfinished[name].items():
            row += 1
            sheet.write_string(row, 0, WORDS.get(group, group))
            sheet.write_number(row, 1, count, number)
        row += 2

    sheet = book.add_worksheet("Begrippen")
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 1, 90)
    sheet.write_string(0, 0, "Begrip", head)
    sheet.write_string(0, 1, "Betekenis", head)
    for row, (term, meaning) in enumerate(DEFINITIONS, start=1):
        sheet.write_string(row, 0, term, text)
        sheet.write_string(row, 1, meaning, text)
    book.close()
    return buffer.getvalue()
