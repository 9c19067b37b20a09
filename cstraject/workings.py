"""What an assessment rests on, as JSON: to be kept whole, shown and drawn as it was then."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from cstraject import deminimis, kmo
from cstraject.facts import Facts, Known

# Of so many holdings it is found out what the answer would be without each.
PIVOTS_MAX = 60


def size_as_json(size: kmo.Size, graph: kmo.Graph, *, on: date | None, rule: str) -> dict[str, Any]:
    """The size with every line that was added, who was left out, and the graph it was read from.

    Figures are text: numbers in full, or null where they are not known.
    """
    structure = graph.on(on)
    return {
        "category": size.category,
        "is_sme": size.is_sme,
        "raw_category": size.raw_category,
        "relation": size.relation,
        "public": size.public,
        "ownership_changed": size.ownership_changed,
        "applicant": graph.applicant,
        "periods": [
            {
                "year": period.year,
                "category": period.category,
                "sums": _sums(period.sums),
                "lines": [_line(line) for line in period.lines],
            }
            for period in size.periods
        ],
        "left_out": [
            {"key": out.entity.key, "name": _name(out.entity), "why": out.why}
            for out in size.left_out
        ],
        "ties": [_tie(tie) for tie in size.ties],
        "doubts": [_doubt(doubt) for doubt in size.doubts],
        "pivots": _pivots(size, graph, on, rule),
        "contradictions": [_doubt(doubt) for doubt in size.contradictions],
        "room": {name: _text(left) for name, left in kmo.room_of(size).items()},
        "entities": [
            {
                "key": entity.key,
                "name": _name(entity),
                "kind": entity.kind,
                "country": entity.country,
            }
            for entity in graph.entities.values()
        ],
        "holdings": [
            {
                "owner": holding.owner,
                "owned": holding.owned,
                "capital_pct": _text(holding.capital_pct),
                "voting_pct": _text(holding.voting_pct),
                "control": holding.control or "",
            }
            for holding in structure.holdings
        ],
    }


def _pivots(
    size: kmo.Size, graph: kmo.Graph, on: date | None, rule: str
) -> list[dict[str, Any]] | None:
    """Which holdings the answer hangs on; None where there are too many to leave out one by one."""
    if len(graph.holdings) > PIVOTS_MAX:
        return None
    return [
        {"owner": pivot.holding.owner, "owned": pivot.holding.owned, "is_sme": pivot.is_sme}
        for pivot in kmo.pivots_of(graph, size, on=on, rule=rule)
    ]


def room_as_json(
    room: deminimis.Headroom,
    releases: Sequence[deminimis.Release],
    *,
    amount: Decimal,
    facts: Facts,
    known: Known,
) -> dict[str, Any]:
    """The de minimis room with who shares it, every earlier aid, the ceilings and the releases."""
    undertaking = deminimis.undertaking_of(
        facts.graph, on=room.on, fiscal_year=facts.fiscal_year
    )  # fmt: skip
    names = {key: _name(entity) for key, entity in facts.graph.entities.items()}
    return {
        "on": room.on.isoformat(),
        "regulation": room.regulation,
        "amount": _text(amount),
        "ceiling": _text(room.ceiling),
        "since": room.since.isoformat(),
        "counted": _text(room.counted),
        "left": _text(room.left),
        "allows": room.allows(amount),
        "limits": [
            {
                "families": sorted(limit.families),
                "ceiling": _text(limit.ceiling),
                "since": limit.since.isoformat(),
                "counted": _text(limit.counted),
                "left": _text(limit.headroom),
            }
            for limit in room.limits
        ],
        "members": [
            {"key": key, "name": names[key]}
            for key in sorted(undertaking.members, key=lambda key: (key != facts.number, key))
        ],
        "ties": [_tie(tie) for tie in undertaking.ties],
        "through_persons": [names[key] for key in sorted(undertaking.through_persons)],
        "aid": [
            {
                "on": line.aid.on.isoformat(),
                "amount": _text(line.aid.amount),
                "regulation": line.aid.regulation,
                "recipient": line.aid.recipient,
                "name": names.get(line.aid.recipient, ""),
                "counted": _text(line.counted),
                "why": line.why,
                "frees_on": line.frees_on.isoformat() if line.frees_on else None,
                "note": line.aid.note,
                "source": ""
                if line.aid in known.aid
                else line.aid.source or facts.source_of("aid"),
                "came_with": _came_with(line.aid),
            }
            for line in sorted(room.lines, key=lambda line: line.aid.on)
        ],
        "releases": [
            {
                "on": release.on.isoformat(),
                "freed": _text(release.freed),
                "left": _text(release.left),
            }
            for release in releases
        ],
        "doubts": list(room.doubts),
    }


def _came_with(aid: deminimis.Aid) -> str:
    """How aid that somebody else received came to this undertaking, if it did."""
    if aid.allocated is not None:
        return "split"
    return "merger" if aid.inherited else ""


def _text(number: Decimal | None) -> str | None:
    """A number written out in full, without an exponent."""
    return None if number is None else f"{number:f}"


def _name(entity: kmo.Entity) -> str:
    return entity.name or entity.key


def _sums(sums: kmo.Sums) -> dict[str, Any]:
    return {
        name: {"known": _text(figure.known), "missing": list(figure.missing)}
        for name, figure in (
            ("headcount", sums.headcount),
            ("turnover", sums.turnover),
            ("balance_total", sums.balance_total),
        )
    }


def _line(line: kmo.Line) -> dict[str, Any]:
    figures = line.figures
    return {
        "key": line.entity.key,
        "name": _name(line.entity),
        "relation": line.relation,
        "pct": _text(line.pct),
        "added_pct": _text(line.added_pct),
        "added_staff_pct": _text(line.added_staff_pct),
        "included_in": line.entity.included_in or "",
        "headcount": _text(figures.headcount),
        "turnover": _text(figures.turnover),
        "balance_total": _text(figures.balance_total),
        "source": line.period.source if line.period else "",
        "estimate": bool(line.period and line.period.estimate),
        "whole_group": bool(line.period and line.period.whole_group),
    }


def _tie(tie: kmo.Tie) -> dict[str, Any]:
    return {"why": tie.why, "by": list(tie.by), "to": list(tie.to), "pct": _text(tie.pct)}


def _doubt(doubt: kmo.Doubt) -> dict[str, Any]:
    return {"why": doubt.why, "who": list(doubt.who)}
