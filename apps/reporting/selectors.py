"""What one may ask: the tables of answer 526, as of any day.

Counting: *applications* are what was filed; the *year* is that of the decision; *granted* is what
was committed less what was released, in euro including VAT; *started* goes by the start date;
*completed* means that the end report was received. Size class, sector and province are those of
the approving assessment. Everything dated after the day asked for counts as not yet known.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection

from cstraject.kmo.size import CEILINGS
from cstraject.places import province_of

TABLES = ("by_province", "by_size", "by_sector", "by_package")
UNFINISHED_TABLES = ("by_province", "by_size", "by_sector")
UNKNOWN = "onbekend"

# One pass, so that the tables cannot disagree. A sector is a code of NACE-BEL 2008, or says of
# which other version: there the same code means something else.
GRANTED = """
WITH granted AS (
    SELECT case_id, sum(CASE kind WHEN 'commit' THEN amount ELSE -amount END) AS amount
    FROM contracts_ledgerentry
    WHERE kind IN ('commit', 'release') AND "on" <= %(as_of)s
    GROUP BY case_id
),
decided AS (
    SELECT
        extract(year FROM dossier.decided_on)::int AS year,
        coalesce(nullif(facts.province, ''), 'onbekend') AS province,
        coalesce(nullif(assessment.size_class, ''), 'onbekend') AS size_class,
        facts.nace_code || CASE facts.nace_version
            WHEN '2008' THEN '' ELSE ' (' || facts.nace_version || ')' END AS sector,
        dossier.package || CASE WHEN dossier.with_extension THEN '+ext' ELSE '' END AS package,
        granted.amount
    FROM granted
    JOIN dossiers_dossier AS dossier ON dossier.id = granted.case_id
    JOIN eligibility_assessment AS assessment ON assessment.id = dossier.assessment_id
    JOIN eligibility_factsheet AS facts ON facts.id = dossier.facts_id
    WHERE granted.amount > 0 AND dossier.decided_on <= %(as_of)s
)
SELECT
    CASE
        WHEN grouping(province) = 0 THEN 'by_province'
        WHEN grouping(size_class) = 0 THEN 'by_size'
        WHEN grouping(sector) = 0 THEN 'by_sector'
        WHEN grouping(package) = 0 THEN 'by_package'
        ELSE 'total'
    END,
    year,
    coalesce(province, size_class, sector, package),
    count(*),
    sum(amount)
FROM decided
GROUP BY GROUPING SETS (
    (year), (year, province), (year, size_class), (year, sector), (year, package)
)
ORDER BY 1, 2, 3
"""

COUNTS = """
SELECT
    count(*),
    count(*) FILTER (WHERE state = 'refused' AND decided_on <= %(as_of)s),
    count(*) FILTER (WHERE started_on <= %(as_of)s),
    count(*) FILTER (WHERE started_on <= %(as_of)s AND package = 'light'),
    count(*) FILTER (WHERE end_report_on <= %(as_of)s)
FROM dossiers_dossier
WHERE submitted_on <= %(as_of)s
"""

# What was begun and not filed by a day. Of a draft the agency sees no more than this.
UNFINISHED = """
SELECT postal_code, headcount, nace_code
FROM dossiers_draft
WHERE (started_at AT TIME ZONE 'Europe/Brussels')::date <= %(as_of)s
    AND saved > 0
    AND (filed_on IS NULL OR filed_on > %(as_of)s)
"""

# What a sector is called, in the words of the dossiers that are counted.
LABELS = """
SELECT
    facts.nace_code || CASE facts.nace_version
        WHEN '2008' THEN '' ELSE ' (' || facts.nace_version || ')' END,
    min(facts.nace_label)
FROM dossiers_dossier AS dossier
JOIN eligibility_factsheet AS facts ON facts.id = dossier.facts_id
WHERE dossier.decided_on <= %(as_of)s AND dossier.granted_incl_vat IS NOT NULL
    AND facts.nace_label <> ''
GROUP BY 1
"""

Cell = tuple[int, Decimal]


@dataclass(frozen=True)
class Answer:
    """The tables as of a day: per year, per group, the number of dossiers and euro granted."""

    as_of: date
    applications: int
    refused: int
    started: int
    started_light: int
    completed: int
    total: Mapping[str, Cell]
    tables: Mapping[str, Mapping[str, Mapping[str, Cell]]]
    unfinished: Mapping[str, Mapping[str, int]] = field(
        default_factory=lambda: {name: {} for name in ("total", *UNFINISHED_TABLES)}
    )
    """Begun and not filed: how many in all (`total`), per province, size and sector [1g]."""
    sector_labels: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """For machines: counts as numbers, euros as strings."""

        def cell(value: Cell) -> list[object]:
            return [value[0], f"{value[1]:.2f}"]

        return {
            "as_of": self.as_of.isoformat(),
            "applications": self.applications,
            "refused": self.refused,
            "total": {year: cell(value) for year, value in self.total.items()},
            **{
                name: {
                    year: {group: cell(value) for group, value in groups.items()}
                    for year, groups in self.tables[name].items()
                }
                for name in TABLES
            },
            "evaluation": {
                "started": self.started,
                "light": self.started_light,
                "completed": self.completed,
            },
            "unfinished": {name: dict(groups) for name, groups in self.unfinished.items()},
        }


def answer_as_of(day: date) -> Answer:
    """The answer as it would have been given on a day, from what is dated on or before it."""
    tables: dict[str, dict[str, dict[str, Cell]]] = {name: {} for name in TABLES}
    total: dict[str, Cell] = {}
    with connection.cursor() as cursor:
        cursor.execute(GRANTED, {"as_of": day})
        for table, year, group, count, amount in cursor.fetchall():
            if table == "total":
                total[str(year)] = (count, amount)
            else:
                tables[table].setdefault(str(year), {})[group] = (count, amount)
        cursor.execute(COUNTS, {"as_of": day})
        applications, refused, started, light, completed = cursor.fetchone()
        cursor.execute(LABELS, {"as_of": day})
        labels = dict(cursor.fetchall())
        cursor.execute(UNFINISHED, {"as_of": day})
        unfinished = _unfinished(cursor.fetchall(), day)
    return Answer(
        as_of=day,
        applications=applications,
        refused=refused,
        started=started,
        started_light=light,
        completed=completed,
        total=total,
        tables=tables,
        unfinished=unfinished,
        sector_labels=labels,
    )


def _unfinished(
    rows: Iterable[tuple[str, Decimal | None, str]], day: date
) -> dict[str, dict[str, int]]:
    """By what was typed of each: its postal code, its headcount alone, its activity."""
    counted: dict[str, Counter[str]] = {name: Counter() for name in ("total", *UNFINISHED_TABLES)}
    for postal_code, headcount, nace_code in rows:
        counted["total"]["total"] += 1
        counted["by_province"][province_of(postal_code, on=day) or UNKNOWN] += 1
        counted["by_size"][_size_by(headcount)] += 1
        counted["by_sector"][nace_code or UNKNOWN] += 1
    return {name: dict(sorted(groups.items())) for name, groups in counted.items()}


def _size_by(headcount: Decimal | None) -> str:
    if headcount is None:
        return UNKNOWN
    return next((name for name, (most, *_) in CEILINGS.items() if headcount < most), "large")
