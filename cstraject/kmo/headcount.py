"""Headcount in annual work units, from its parts (Recommendation 2003/361/EC, Annex, article 5)."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

# Who counts as staff, and who does not [R-SME-40, R-SME-41].
COUNTED = ("employee", "owner_manager", "active_partner")
NOT_COUNTED = ("apprentice", "student", "parental_leave", "agency_worker")
STAFF_KINDS = COUNTED + NOT_COUNTED


@dataclass(frozen=True)
class Staff:
    """So many persons of one kind, at a fraction of full time, for so many months of the year.

    Agency workers are left out, as the agency's page says: they are staff of who sends them.
    """

    kind: str
    persons: Decimal
    fraction: Decimal = Decimal(1)
    months: Decimal = Decimal(12)

    @property
    def months_worked(self) -> Decimal:
        """Full-time months that count, of all these persons together."""
        if self.kind in NOT_COUNTED:
            return Decimal(0)
        return self.persons * self.fraction * self.months


def headcount_of(staff: Sequence[Staff], *, months: int = 12) -> Decimal:
    """The annual work units of a period of so many months, on an annual basis (article 4(1)).

    Full-time for all of it is one, the rest are fractions.
    """
    return sum((part.months_worked for part in staff), Decimal(0)) / months
