"""What a correction changed in what was stated, and where each fact comes from after it.

Both speak of the JSON object that `facts` reads (layout: docs/architecture.md, Facts).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import zip_longest
from typing import Any

from cstraject.facts import joined, source_in
from cstraject.identifiers import enterprise_number, key_of

Stated = Mapping[str, Any]
FIGURES = ("headcount", "turnover", "balance_total")
# Facts that an answer names the source of, also where they are not known.
ANSWERED = (
    *("periods", "legal_form", "public_share_pct", "nace_code", "postal_code", "equity", "aid"),
    *("aid_sector", "aid_for_same_costs", "declarations", "provider_ties"),
)
# What is part of a fact, and has its source with it.
PART_OF = {
    "nace_version": "nace_code",
    "nace_label": "nace_code",
    "declared_on": "declarations",
}
NO_FACTS = ("number", "sources")
NONE: Mapping[str, str] = {}


@dataclass(frozen=True)
class Change:
    """One thing that is otherwise: `what` as `equity` or `periods.headcount`; None is not known.

    `about` tells of whom: a key and a year, an owner and the owned, a recipient and a day.
    """

    what: str
    about: tuple[str, ...]
    before: Any
    after: Any


def whose(one: Stated) -> str:
    """The key of somebody who stands in the facts."""
    return key_of(one["key"]) if one.get("key") else enterprise_number(one["number"])


def year_of(period: Stated) -> int:
    """The year of a period, also where it is stated as text."""
    return int(Decimal(str(period["year"])))


def same(one: Any, other: Any) -> bool:
    """Whether two values state the same: 12 and "12.0" do, an empty list and None do not."""
    if isinstance(one, dict) and isinstance(other, dict):
        return all(same(one.get(name), other.get(name)) for name in {*one, *other} - {"source"})
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    empty = ("", False, None)
    return one == other or (one in empty and other in empty) or _number(one) == _number(other)


def _number(value: Any) -> Decimal | object:
    """A value as a number; what is none is equal to itself alone."""
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return object()
    return number if number.is_finite() and not isinstance(value, bool) else object()


# ---- What changed --------------------------------------------------------------------------------


def changes(before: Stated, after: Stated) -> list[Change]:
    """What is otherwise after a correction, line by line."""
    return list(_changes(before, after))


def _changes(before: Stated, after: Stated) -> Iterator[Change]:
    number = whose(after)
    for fact in dict.fromkeys([*before, *after]):
        was, now = before.get(fact), after.get(fact)
        if fact in NO_FACTS or same(was, now):
            continue
        if fact == "periods":
            yield from _of_periods(number, before, after)
        elif fact == "others":
            yield from _of_others(was, now)
        elif fact in ("holdings", "aid") and (was or now):
            yield from _of_each(fact, was or [], now or [])
        else:
            yield Change(fact, (), was, now)


def _of_periods(key: str, was: Stated, now: Stated) -> Iterator[Change]:
    before, after = _by_year(was), _by_year(now)
    for year in sorted({*before, *after}, reverse=True):
        about = (key, str(year))
        yield from _fields("periods", about, before.get(year, {}), after.get(year, {}))


def _of_others(was: Any, now: Any) -> Iterator[Change]:
    before, after = ({whose(one): one for one in others or []} for others in (was, now))
    for key in dict.fromkeys([*before, *after]):
        one, other = before.get(key), after.get(key)
        if one is None or other is None:
            yield Change("others", (key,), one, other)
        else:
            yield from _fields("others", (key,), one, other)
        yield from _of_periods(key, one or {}, other or {})


def _of_each(fact: str, was: Any, now: Any) -> Iterator[Change]:
    """Holdings and aid have no names: they are told apart by their place."""
    about: Callable[[Stated], tuple[str, ...]] = (
        (lambda one: (key_of(one["owner"]), key_of(one["owned"])))
        if fact == "holdings"
        else (lambda one: (key_of(one["recipient"]), one["on"]))
    )
    for one, other in zip_longest(was, now):
        if one is None or other is None:
            yield Change(fact, about(one or other), one, other)
        else:
            yield from _fields(fact, about(other), one, other)


def _fields(fact: str, about: tuple[str, ...], was: Stated, now: Stated) -> Iterator[Change]:
    for name in dict.fromkeys([*was, *now]):
        one, other = was.get(name), now.get(name)
        if name not in ("source", "year", "periods") and not same(one, other):
            yield Change(f"{fact}.{name}", about, one, other)


def _by_year(one: Stated) -> dict[int, Stated]:
    return {year_of(period): period for period in one.get("periods") or []}


# ---- Where each fact comes from ------------------------------------------------------------------


def sourced(
    before: Stated, after: Stated, *, was: str, now: str, sources: Mapping[str, str]
) -> dict[str, Any]:
    """The corrected facts with a source for each: of what changed `now`, of the rest as before.

    `was` is where the facts before came from that named no source. `sources` names another source
    than `now` for single facts, and for the enterprise's own periods as `periods.2021`. What
    changed in part comes from both.
    """
    kept = before.get("sources") or {}
    parts: dict[str, list[str]] = {}
    for fact in dict.fromkeys([*ANSWERED, *before, *after]):
        if fact not in NO_FACTS:
            parts.setdefault(PART_OF.get(fact, fact), []).append(fact)
    told = {}
    for fact, fields in parts.items():
        had, new = source_in(kept, fact, was), sources.get(fact, now)
        told[fact] = had
        if not all(same(before.get(field), after.get(field)) for field in fields):
            in_part = any(isinstance(before.get(field), list) and before[field] for field in fields)
            told[fact] = joined(new, had) if in_part else new
    facts = {**after, "sources": {fact: source for fact, source in told.items() if source}}
    if after.get("periods"):
        had = kept.get("periods", was)
        facts["periods"] = list(_periods(before, after, had=had, now=now, sources=sources))
    if after.get("aid"):
        had = kept.get("aid", was)
        facts["aid"] = list(_aid(before.get("aid") or [], after["aid"], had=had, now=now))
    if after.get("others"):
        others = {whose(other): other for other in before.get("others") or []}
        had = kept.get("others", was)
        facts["others"] = [
            {**one, "periods": list(_periods(others.get(whose(one), {}), one, had=had, now=now))}
            if one.get("periods")
            else one
            for one in after["others"]
        ]
    return facts


def _periods(
    before: Stated, after: Stated, *, had: str, now: str, sources: Mapping[str, str] = NONE
) -> Iterator[dict[str, Any]]:
    """The periods of somebody, each with its source: also that of the figures that were kept."""
    known = _by_year(before)
    for year, period in _by_year(after).items():
        was, source = known.get(year), sources.get(f"periods.{year}", now)
        if was is not None:
            kept = [name for name in FIGURES if period.get(name) is not None]
            before_it = was.get("source") or had
            if same(was, period):
                source = before_it
            elif any(same(was.get(name), period[name]) for name in kept):
                source = joined(source, before_it)
        yield {**period, "source": source}


def _aid(
    before: Sequence[Stated], after: Sequence[Stated], *, had: str, now: str
) -> Iterator[dict[str, Any]]:
    """Earlier aid, each with its source; what changed of one in part comes from both."""
    for was, aid in zip_longest(before, after):
        if aid is None:
            continue
        source = now
        if was is not None:
            source = was.get("source") or had
            source = source if same(was, aid) else joined(now, source)
        yield {**aid, "source": source}
