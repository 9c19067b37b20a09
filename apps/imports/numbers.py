"""Of whom the register is asked: every enterprise that a dossier names."""

from typing import Any

from django.db import transaction

from apps.eligibility.models import FactSheet


@transaction.atomic
def numbers_asked_for() -> frozenset[str]:
    """The numbers on all fact sheets: the enterprise, the others of its group, and the owners."""
    numbers: set[str] = set()
    for number, stated in (
        FactSheet.objects.order_by("pk")
        .values_list("enterprise_number", "stated")
        .iterator(chunk_size=1000)
    ):
        numbers.add(number)
        numbers |= _numbers_in(stated)
    return frozenset(numbers)


def _numbers_in(stated: Any) -> set[str]:
    others = [other.get("number") for other in stated.get("others") or []]
    holdings = [
        holding.get(side) for holding in stated.get("holdings") or [] for side in ("owner", "owned")
    ]
    # An owner may be a person or abroad, and then has another key.
    return {
        key
        for key in [*others, *holdings]
        if isinstance(key, str) and len(key) == 10 and key.isdecimal() and key[0] in "01"
    }
