"""The EU definition of small and medium-sized enterprises (Recommendation 2003/361/EC, Annex).

`size` holds the ceilings of article 2 and the period rule of article 4(2), `headcount` the annual
work units of article 5, `ownership` who is linked, partner, public or exempt (article 3), `group`
what is added up (article 6).
"""

from cstraject.kmo.group import (
    Graph,
    LeftOut,
    Line,
    PeriodSum,
    Pivot,
    Size,
    pivots_of,
    room_of,
    size_of,
)
from cstraject.kmo.headcount import STAFF_KINDS, Staff, headcount_of
from cstraject.kmo.ownership import (
    CONTROLS,
    KINDS,
    Doubt,
    Entity,
    Findings,
    Holding,
    Partner,
    Period,
    Structure,
    Tie,
    share_of,
)
from cstraject.kmo.size import (
    CATEGORIES,
    CEILINGS,
    PERIOD_RULES,
    Figures,
    Sum,
    Sums,
    category_of,
    status_after,
)

__all__ = [
    "CATEGORIES",
    "CEILINGS",
    "CONTROLS",
    "KINDS",
    "PERIOD_RULES",
    "STAFF_KINDS",
    "Doubt",
    "Entity",
    "Figures",
    "Findings",
    "Graph",
    "Holding",
    "LeftOut",
    "Line",
    "Partner",
    "Period",
    "PeriodSum",
    "Pivot",
    "Size",
    "Staff",
    "Structure",
    "Sum",
    "Sums",
    "Tie",
    "category_of",
    "headcount_of",
    "pivots_of",
    "room_of",
    "share_of",
    "size_of",
    "status_after",
]
