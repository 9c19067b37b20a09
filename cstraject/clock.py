"""By when the agency acts, and how its clock stops while it waits for an answer."""

from collections.abc import Iterable
from datetime import date, timedelta

Waited = tuple[date, date | None]
"""From the day on which something was asked to the day of the answer; None while it waits."""


def due_on(since: date, *, days: int, waited: Iterable[Waited], on: date) -> date:
    """The last day of a term of so many calendar days, as things stand on a day.

    A day on which the agency waited for an answer does not count, however often it asked. While
    it waits the term moves on with every day.
    """
    stopped: set[date] = set()
    for asked, answered in waited:
        day, until = max(asked, since), on if answered is None else min(answered, on)
        while day < until:
            stopped.add(day)
            day += timedelta(days=1)
    return since + timedelta(days=days + len(stopped))
