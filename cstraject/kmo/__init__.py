"""The EU definition of small and medium-sized enterprises (Recommendation 2003/361/EC, Annex).

`size` holds the ceilings of article 2 and the two-period rule of article 4(2); `group` adds up the
enterprises that a majority of votes ties together (article 3(3), article 6).
"""

from cstraject.kmo.group import Enterprise, Holding, SizeFinding, size_of
from cstraject.kmo.size import CATEGORIES, Figures, category_of, status_after

__all__ = [
    "CATEGORIES",
    "Enterprise",
    "Figures",
    "Holding",
    "SizeFinding",
    "category_of",
    "size_of",
    "status_after",
]
