"""Worked cases of the law, as lawyers and courts give them: read, judged, compared.

A case states an enterprise, its owners and daughters and what is expected (`kmo`), or an
undertaking, its earlier aid and a new grant (`deminimis`). Nothing in it may go unread.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from cstraject import deminimis, kmo
from cstraject.facts import first_day
from cstraject.reading import Reader, Unreadable

THIS_YEAR = 0  # The periods of a case are counted back from the latest.

EXPECTED_KMO = (
    *("category", "raw_category_latest_period", "is_sme", "type", "public_body_rule"),
    *("headcount", "turnover", "balance_sheet", "scheme_eligible_on_size", "manual_review"),
)
EXPECTED_DE_MINIMIS = (
    *("regulation", "ceiling", "window_start", "counted", "headroom_before", "decision"),
    *("headroom_after", "register_deadline", "register_required", "declaration_required"),
    *("manual_review", "gross_grant_equivalent_max", "alternative_if_exclusive"),
)
# What a case may say of staff, as work units per person; the rest is not counted [R-SME-40].
AWU = {
    "full_time_full_year": kmo.Staff("employee", Decimal(1)),
    "half_time_full_year": kmo.Staff("employee", Decimal(1), fraction=Decimal("0.5")),
    "full_time_started_1_July": kmo.Staff("employee", Decimal(1), months=Decimal(6)),
    "owner_managers_full_time": kmo.Staff("owner_manager", Decimal(1)),
    "active_partners_half_time": kmo.Staff("active_partner", Decimal(1), fraction=Decimal("0.5")),
    "apprentices_with_contract": kmo.Staff("apprentice", Decimal(1)),
    "students_vocational_contract": kmo.Staff("student", Decimal(1)),
    "on_maternity_leave_full_year": kmo.Staff("parental_leave", Decimal(1)),
}
CASE_SECTORS = (
    *(deminimis.ROAD_FREIGHT, deminimis.ROAD_FREIGHT_APART),
    *(deminimis.PRIMARY_AGRICULTURE, "processing", deminimis.FISH_PROCESSING),
)


def kind_of(case: Any) -> str:
    """Which kind of case an object is: `kmo` or `deminimis`."""
    if isinstance(case, dict) and "enterprise" in case:
        return "kmo"
    if isinstance(case, dict) and "undertaking" in case:
        return "deminimis"
    raise Unreadable("enterprise | undertaking")


def judge(case: Any) -> dict[str, Any]:
    """What the rules make of a case: every key that may be expected of its kind, with its value."""
    if kind_of(case) == "kmo":
        graph, maatwerk = read_kmo(case)
        return answer_kmo(kmo.size_of(graph), maatwerk=maatwerk)
    return judge_de_minimis(case)


def differences(case: Any) -> dict[str, tuple[Any, Any]]:
    """Where the rules and the case differ: by key, what was expected and what was found."""
    expected = case.get("expected") if isinstance(case, dict) else None
    if not isinstance(expected, dict) or not expected:
        raise Unreadable("expected")
    known = EXPECTED_KMO if kind_of(case) == "kmo" else EXPECTED_DE_MINIMIS
    unknown = sorted(expected.keys() - set(known))
    if unknown:
        raise Unreadable(f"expected.{unknown[0]}")
    found = judge(case)
    return {
        key: (value, found[key]) for key, value in expected.items() if not _same(value, found[key])
    }


def _same(expected: Any, found: Any) -> bool:
    if isinstance(found, Decimal) and isinstance(expected, (str, int)) and expected is not True:
        try:
            return Decimal(expected) == found
        except InvalidOperation:
            raise Unreadable(f"expected: {expected} is no number") from None
    if isinstance(found, date):
        return bool(expected == found.isoformat())
    return type(expected) is type(found) and bool(expected == found)


# ---- The SME definition --------------------------------------------------------------------------


def read_kmo(case: Any) -> tuple[kmo.Graph, bool]:
    """The graph that a case states, and whether its applicant is a maatwerkbedrijf."""
    reader = _about(Reader(case))
    own = Reader(reader.left.pop("enterprise", None), "enterprise")
    name = own.text("name")
    latest = kmo.Period(
        THIS_YEAR,
        _figures(own),
        estimate=own.left.get("data_basis") == "bona_fide_estimate"
        or own.left.get("newly_established") is True,
    )
    earlier = own.list("previous_periods", _earlier)
    periods = (
        latest,
        *(
            kmo.Period(THIS_YEAR - nth, figures, whole_group=True)
            for nth, figures in enumerate(earlier, 1)
        ),
    )
    applicant = kmo.Entity(name, name, periods=periods, markets=frozenset(own.texts("markets")))
    own.flag("newly_established")
    own.text("data_basis", empty=True)
    own.text("legal_form", empty=True)
    changed, dispersed, maatwerk = map(
        own.flag,
        ("ownership_change_since_last_accounts", "declared_dispersed_capital", "maatwerkbedrijf"),
    )
    _staff_agrees(own, latest.figures)
    own.must_be_read()
    stated = reader.left.pop("entities", None) or {}
    if not isinstance(stated, dict) or name in stated:
        raise Unreadable("entities")
    entities = {name: applicant, **{key: _entity(key, value) for key, value in stated.items()}}
    graph = kmo.Graph(
        applicant=name,
        entities=entities,
        holdings=reader.list("relations", _relation),
        findings=kmo.Findings(
            *map(reader.groups, ("acting_jointly", "single_economic_unit", "adjacent_markets"))
        ),
        ownership_changed=changed,
        dispersed_capital=dispersed,
    )
    reader.must_be_read()
    _everybody_known(graph)
    return graph, maatwerk


def answer_kmo(size: kmo.Size, *, maatwerk: bool) -> dict[str, Any]:
    """A size in the words of a case."""
    return {
        "category": size.category,
        "raw_category_latest_period": size.raw_category,
        "is_sme": size.is_sme,
        "type": size.relation,
        "public_body_rule": size.public,
        "headcount": size.sums.headcount.total,
        "turnover": size.sums.turnover.total,
        "balance_sheet": size.sums.balance_total.total,
        "scheme_eligible_on_size": maatwerk or size.is_sme,
        "manual_review": size.needs_a_person or size.is_sme is None,
    }


def _about(reader: Reader) -> Reader:
    """What a case says for people alone."""
    for field in ("id", "source", "certainty", "why", "expected"):
        reader.left.pop(field, None)
    return reader


def _figures(reader: Reader) -> kmo.Figures:
    headcount, turnover, balance = (
        reader.number(field, least=0) for field in ("headcount", "turnover", "balance_sheet")
    )
    return kmo.Figures(headcount, turnover, balance)


def _earlier(data: Any) -> kmo.Figures:
    reader = Reader(data, "previous_periods")
    reader.text("period", empty=True)
    figures = _figures(reader)
    reader.must_be_read()
    return figures


def _staff_agrees(own: Reader, figures: kmo.Figures) -> None:
    stated = own.left.pop("awu_components", None)
    if stated is None:
        return
    reader = Reader(stated, "awu_components")
    staff = []
    for name, one in AWU.items():
        persons = reader.number(name, least=0)
        if persons:
            staff.append(kmo.Staff(one.kind, persons, one.fraction, one.months))
    reader.must_be_read()
    if kmo.headcount_of(staff) != figures.headcount:
        raise Unreadable(f"awu_components: {kmo.headcount_of(staff)}, not {figures.headcount}")


def _entity(key: str, data: Any) -> kmo.Entity:
    reader = Reader(data, f"entities.{key}")
    kind = reader.one_of("kind", kmo.KINDS, default="enterprise")
    figures = _figures(reader)
    stated = any(
        figure is not None
        for figure in (figures.headcount, figures.turnover, figures.balance_total)
    )
    included_in = reader.text("included_in_accounts_of", empty=True) or None
    entity = kmo.Entity(
        key=key,
        name=key,
        kind=kind,
        periods=(kmo.Period(THIS_YEAR, figures),) if stated else (),
        markets=frozenset(reader.texts("markets")),
        country=reader.text("country", empty=True) or "BE",
        public=reader.flag("public"),
        controlled_by_public_bodies=reader.flag("controlled_by_public_bodies"),
        total_investment=reader.number("total_investment", least=0),
        budget=reader.number("budget", least=0),
        inhabitants=reader.whole("inhabitants", least=0, most=10**9),
        included_in=included_in,
    )
    reader.must_be_read()
    return entity


def _relation(data: Any) -> kmo.Holding:
    reader = Reader(data, "relations")
    reader.one_of("type", ("holding",), default="holding")
    holding = kmo.Holding(
        owner=reader.text("from"),
        owned=reader.text("to"),
        capital_pct=reader.number("capital_pct", least=0, most=100),
        voting_pct=reader.number("voting_pct", least=0, most=100),
        control=reader.one_of("control", kmo.CONTROLS, default="") or None,
    )
    reader.must_be_read()
    return holding


def _everybody_known(graph: kmo.Graph) -> None:
    named = {key for holding in graph.holdings for key in (holding.owner, holding.owned)}
    named |= {entity.included_in for entity in graph.entities.values() if entity.included_in}
    for groups in (graph.findings.acting_jointly, graph.findings.single_economic_unit):
        named |= {key for group in groups for key in group}
    unknown = sorted(named - graph.entities.keys())
    if unknown:
        raise Unreadable(f"{unknown[0]} is not in entities")


# ---- De minimis ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class GrantCase:
    """A new grant after earlier aid, as a case states them."""

    undertaking: deminimis.Undertaking
    history: tuple[deminimis.Aid, ...]
    on: date
    amount: Decimal
    cited: str | None
    sector: str | None

    def room(self, *, boundary_counts: bool = True) -> deminimis.Headroom:
        """What may be granted on the day of the grant."""
        return deminimis.headroom_on(
            self.on,
            undertaking=self.undertaking,
            history=self.history,
            cited=self.cited,
            sector=self.sector,
            reading=deminimis.Reading(boundary_counts=boundary_counts),
        )


def judge_de_minimis(case: Any) -> dict[str, Any]:
    """What the rules make of a new grant after the aid that a case tells."""
    stated = read_de_minimis(case)
    room, amount = stated.room(), stated.amount
    granted = room.allows(amount)
    # What is not granted is not registered.
    deadline = deminimis.register_deadline(stated.on) if granted else None
    exclusive = stated.room(boundary_counts=False)
    return {
        "regulation": room.regulation,
        "ceiling": room.ceiling,
        "window_start": room.since,
        "counted": room.counted,
        "headroom_before": room.left,
        "decision": "grant" if granted else "refuse",
        "headroom_after": room.left - amount if granted else room.left,
        "register_deadline": deadline,
        "register_required": deadline is not None,
        "declaration_required": deminimis.declaration_required(stated.on),
        "manual_review": bool(room.doubts),
        "gross_grant_equivalent_max": amount,
        "alternative_if_exclusive": "grant" if exclusive.allows(amount) else "refuse",
    }


def read_de_minimis(case: Any) -> GrantCase:
    """The undertaking, the earlier aid and the new grant that a case states."""
    reader = _about(Reader(case))
    graph, fiscal_year = _undertaking(reader)
    history = reader.list("history", _aid)
    grant = Reader(reader.left.pop("new_grant", None), "new_grant")
    reader.must_be_read()
    on, amount = grant.day("date"), grant.number("amount", least=0)
    if on is None or amount is None:
        raise Unreadable("new_grant")
    general = (deminimis.OLD, deminimis.NEW)
    stated = GrantCase(
        undertaking=deminimis.undertaking_of(graph, on=None, fiscal_year=fiscal_year),
        history=history,
        on=on,
        amount=amount,
        cited=grant.one_of("regulation", general, default="") or None,
        sector=grant.one_of("sector", CASE_SECTORS, default="") or None,
    )
    instalments = grant.list("instalments", _instalment)
    grant.texts("payment_dates")
    grant.number("originally_requested", least=0)
    grant.must_be_read()
    if instalments and sum(instalments) != amount:
        raise Unreadable("new_grant.instalments")
    return stated


def _undertaking(reader: Reader) -> tuple[kmo.Graph, tuple[int, int]]:
    own = Reader(reader.left.pop("undertaking", None), "undertaking")
    name = own.text("name")
    own.one_of("member_state", ("BE",))
    fiscal_year = first_day(own.text("fiscal_year_first_day"))
    own.must_be_read()
    holdings = reader.list("relations", _relation)
    kinds: Mapping[str, Any] = reader.left.pop("entity_kinds", None) or {}
    if not isinstance(kinds, dict) or set(kinds.values()) - set(kmo.KINDS):
        raise Unreadable("entity_kinds")
    names = {name, *kinds, *(key for h in holdings for key in (h.owner, h.owned))}
    entities = {key: kmo.Entity(key, key, kinds.get(key, "enterprise")) for key in names}
    return kmo.Graph(name, entities, holdings), fiscal_year


def _aid(data: Any) -> deminimis.Aid:
    reader = Reader(data, "history")
    on, amount = reader.day("date"), reader.number("amount", least=0)
    if on is None or amount is None:
        raise Unreadable("history")
    aid = deminimis.Aid(
        on=on,
        amount=amount,
        regulation=reader.one_of("regulation", deminimis.FAMILY_OF),
        recipient=reader.text("recipient"),
        inherited=reader.flag("inherited"),
        allocated=reader.number("allocated_amount", least=0),
        excluded=reader.flag("excluded"),
        note=reader.text("note", empty=True, longest=1000),
    )
    reader.must_be_read()
    return aid


def _instalment(data: Any) -> Decimal:
    if not isinstance(data, list) or len(data) != 2:
        raise Unreadable("new_grant.instalments")
    reader = Reader({"on": data[0], "amount": data[1]}, "new_grant.instalments")
    reader.day("on")
    return reader.number("amount", least=0) or Decimal(0)
