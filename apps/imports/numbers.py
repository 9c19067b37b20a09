"""Of whom the register is asked: every enterprise that a dossier names."""

from contextlib import suppress
from typing import Any

from django.db import transaction

from apps.eligibility.models import FactSheet
from cstraject.identifiers import enterprise_number
from cstraject.refusal import Refusal


@transaction.atomic
def numbers_asked_for() -> frozenset[str]:
    """The numbers on all fact sheets: the enterprises, and the others of their groups."""
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
    """Of the group, in which owners stand too; who is a person or abroad has no number."""
    numbers = set()
    for other in stated.get("others") or []:
        with suppress(Refusal):
            numbers.add(enterprise_number(str(other.get("key") or other.get("number"))))
    return numbers
