"""What the answer to parliament costs at 200,000 dossiers, against its bare query."""

from datetime import date

from django.db import transaction

from apps.providers.scope import across_providers
from apps.reporting.selectors import GRANTED, answer_as_of
from tests.bench.conftest import side_by_side, without_walls

AS_OF = date(2024, 12, 31)

# Four tables and the total in one pass over what stands granted today: no ledger, no day.
BARE = """
SELECT extract(year FROM dossier.decided_on)::int AS year, facts.province,
    assessment.size_class, facts.nace_code, dossier.package, count(*),
    sum(dossier.granted_incl_vat)
FROM dossiers_dossier AS dossier
JOIN eligibility_assessment AS assessment ON assessment.id = dossier.assessment_id
JOIN eligibility_factsheet AS facts ON facts.id = dossier.facts_id
WHERE dossier.granted_incl_vat IS NOT NULL
GROUP BY GROUPING SETS (
    (1), (1, facts.province), (1, assessment.size_class), (1, facts.nace_code),
    (1, dossier.package)
)
"""


def test_answer(many):
    def selector():
        with across_providers(), transaction.atomic():
            answer = answer_as_of(AS_OF)
            return sum(count for count, _ in answer.total.values())

    with without_walls(many) as bare:

        def tables_by_hand():
            rows = bare.execute(GRANTED, {"as_of": AS_OF}).fetchall()
            bare.rollback()
            return sum(row[3] for row in rows if row[0] == "total")

        def by_hand():
            rows = bare.execute(BARE).fetchall()
            bare.rollback()
            return sum(row[5] for row in rows if not any(row[1:5]))

        assert selector() == tables_by_hand() == by_hand()
        side_by_side(
            "the answer as of a day",
            {
                "answer_as_of: tables, counts and labels": selector,
                "its tables alone, no walls": tables_by_hand,
                "bare GROUPING SETS, without ledger and day": by_hand,
            },
            times=10,
        )
