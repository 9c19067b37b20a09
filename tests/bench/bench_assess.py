"""How many assessments a second, for an enterprise alone and for a group of fifty."""

from datetime import date
from decimal import Decimal
from typing import Any

from cstraject.eligibility import assess
from cstraject.facts import Offer, facts_from_json
from tests.bench.conftest import side_by_side
from tests.factories import enterprise_number
from tests.factories import facts as stated
from tests.terms import TERMS

ON = date(2022, 2, 1)
OFFER = Offer("basis", False, Decimal(30_000), Decimal(30))
OWN = enterprise_number(1)


def alone() -> dict[str, Any]:
    return stated(OWN, aid=[])


def group_of_fifty() -> dict[str, Any]:
    """A tree of daughters, with partners, a person and a ring in it."""
    alone = stated(OWN)
    keys = [OWN, *(enterprise_number(nth) for nth in range(2, 51))]
    others = [
        {"number": key, "name": key, "markets": ["m"], "periods": alone["periods"]}
        for key in keys[1:]
    ]
    holdings = [
        {"owner": keys[nth // 2], "owned": keys[nth], "capital_pct": pct, "voting_pct": pct}
        for nth in range(1, 50)
        for pct in ("60" if nth % 3 else "30",)
    ]
    holdings.append({"owner": keys[49], "owned": OWN, "capital_pct": "5", "voting_pct": "5"})
    return stated(OWN, others=others, holdings=holdings, aid=[])


def test_assessments():
    for name, facts in (("alone", alone()), ("a group of fifty", group_of_fifty())):

        def read(facts=facts):
            return facts_from_json(facts, source="bench", stated_on=ON)

        ready = read()

        def judge(ready=ready):
            return assess(ready, offer=OFFER, terms=TERMS, on=ON)

        assert len(judge().answers) == 11
        side_by_side(
            f"an enterprise, {name}",
            {
                "assess: eleven questions, with all workings": lambda judge=judge: len(
                    judge().answers
                ),
                "reading its facts from JSON": lambda read=read: 11 if read() else 0,
            },
            times=50,
        )
