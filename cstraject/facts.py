"""What is stated about an enterprise, as it stood on a day, and how it is read.

One JSON object (layout: docs/architecture.md, Facts), kept as it was stated. What is left out is
not known: the question that needs it then goes to a person.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from cstraject import deminimis, kmo
from cstraject.identifiers import enterprise_number, key_of, nace_code
from cstraject.reading import Reader, Unreadable
from cstraject.refusal import Refusal

# What the SME declares on its honour [answer 526, 3].
DECLARATIONS = ("sme_status", "legal_form", "de_minimis", "main_activity")
# What ties a provider to the SME that it serves, after the rule of the kmo-portefeuille [4.8].
PROVIDER_TIES = ("shareholding", "common_director", "common_staff", "family")

# Asked with earlier aid, and stated with it where they have no source of their own.
WITH_AID = ("aid_sector", "aid_for_same_costs")
SOURCE_LONGEST = 200

# Years of figures; two decide, and those before them are told for the takeover rule.
LONGEST_HISTORY = 10


@dataclass(frozen=True)
class Facts:
    """What is stated of an enterprise; amounts in euro, shares in percent. None is not known."""

    graph: kmo.Graph
    number: str
    name: str
    legal_form: str
    nace_version: str
    nace_code: str
    nace_label: str
    postal_code: str
    public_share_pct: Decimal | None
    equity: Decimal | None
    maatwerk_recognition: str
    declarations: tuple[str, ...]
    declared_on: date | None
    """When the declarations were signed."""
    aid: tuple[deminimis.Aid, ...] | None
    """All de minimis aid of the single undertaking, as declared; empty: none."""
    aid_sector: str | None
    aid_for_same_costs: bool
    """Other State aid goes to the costs of this trajectory too [domain 3.2, article 5(3)]."""
    fiscal_year: tuple[int, int]
    provider_ties: tuple[str, ...] | None
    sources: Mapping[str, str]
    source: str
    stated_on: date

    def source_of(self, *facts: str) -> str:
        """Where facts come from: each its own source, or that of the whole sheet."""
        return joined(*(source_in(self.sources, fact, self.source) for fact in facts))

    @property
    def applicant(self) -> kmo.Entity:
        return self.graph.entities[self.number]


@dataclass(frozen=True)
class Offer:
    """What was offered: package, extension, price in euro excluding VAT, person-days."""

    package: str
    with_extension: bool
    price_excl_vat: Decimal
    person_days: Decimal


@dataclass(frozen=True)
class Helped:
    """An enterprise was approved before, on a day, by whichever provider."""

    number: str
    on: date


@dataclass(frozen=True)
class Known:
    """What the agency knows by itself of an enterprise and those tied to it."""

    helped: tuple[Helped, ...] = ()
    aid: tuple[deminimis.Aid, ...] = ()
    """De minimis aid that this programme granted."""
    provider: str = ""
    """The enterprise number of who filed."""


def source_in(sources: Mapping[str, str], fact: str, of_all: str) -> str:
    """The source of a fact among those of single facts, or else that of all of them."""
    whole = "aid" if fact in WITH_AID else fact
    return sources.get(fact, sources.get(whole, of_all))


def joined(*sources: str) -> str:
    """The sources of one thing, each once; the last go where there is no place for all."""
    told = list(dict.fromkeys(one for source in sources for one in source.split("; ") if one))
    while len(told) > 1 and len("; ".join(told)) > SOURCE_LONGEST:
        told.pop()
    return "; ".join(told)


def facts_from_json(data: Any, *, source: str, stated_on: date) -> Facts:
    """Read facts as a provider, an officer or a file states them.

    Refuses (`unreadable-facts`, with the field) what is missing, of another kind, contradicts
    itself or is left over.
    """
    try:
        return _facts(data, source, stated_on)
    except Unreadable as unreadable:
        raise Refusal("unreadable-facts", field=str(unreadable)) from None


def _facts(data: Any, source: str, stated_on: date) -> Facts:
    stated = Reader(data)
    number = enterprise_number(stated.text("number"))
    name = stated.text("name")
    applicant = kmo.Entity(
        key=number,
        name=name,
        periods=_newest_first("periods", stated.list("periods", _period, longest=LONGEST_HISTORY)),
        markets=frozenset(stated.texts("markets")),
        controlled_by_public_bodies=stated.flag("controlled_by_public_bodies"),
        included_in=stated.text("included_in", empty=True) or None,
    )
    entities = {number: applicant}
    for entity in stated.list("others", _entity):
        if entity.key in entities:
            raise Unreadable(f"others: {entity.key} stands twice")
        entities[entity.key] = entity
    graph = kmo.Graph(
        applicant=number,
        entities=entities,
        holdings=stated.list("holdings", _holding),
        findings=_findings(stated),
        ownership_changed=stated.flag("ownership_changed"),
        dispersed_capital=stated.flag("dispersed_capital"),
    )
    _everybody_known(graph)
    declarations = stated.texts("declarations")
    unknown = [declared for declared in declarations if declared not in DECLARATIONS]
    if unknown:
        raise Unreadable(f"declarations: {unknown[0][:40]}")
    facts = Facts(
        graph=graph,
        number=number,
        name=name,
        legal_form=stated.text("legal_form").lower(),
        nace_version=stated.text("nace_version", longest=10),
        nace_code=nace_code(stated.text("nace_code")),
        nace_label=stated.text("nace_label", empty=True),
        postal_code=stated.text("postal_code"),
        public_share_pct=stated.number("public_share_pct", least=0, most=100),
        equity=stated.number("equity"),
        maatwerk_recognition=stated.text("maatwerk_recognition", empty=True),
        declarations=declarations,
        declared_on=stated.day("declared_on"),
        aid=stated.list("aid", _aid) if stated.has("aid") else None,
        aid_sector=stated.one_of("aid_sector", deminimis.SECTORS, default="") or None,
        aid_for_same_costs=stated.flag("aid_for_same_costs"),
        fiscal_year=first_day(stated.text("fiscal_year_first_day", empty=True) or "01-01"),
        provider_ties=_ties(stated),
        sources=_sources(stated),
        source=source,
        stated_on=stated_on,
    )
    for null in ("aid", "provider_ties"):
        stated.left.pop(null, None)
    stated.must_be_read()
    return facts


def first_day(text: str) -> tuple[int, int]:
    """The first day of a fiscal year, `MM-DD`, as month and day."""
    try:
        day = date.fromisoformat(f"2024-{text}")
    except ValueError:
        raise Unreadable("fiscal_year_first_day") from None
    return day.month, day.day


def _newest_first(where: str, periods: tuple[kmo.Period, ...]) -> tuple[kmo.Period, ...]:
    years = [period.year for period in periods]
    if years != sorted(set(years), reverse=True):
        raise Unreadable(f"{where}: newest first, each year once")
    return periods


def _period(data: Any) -> kmo.Period:
    stated = Reader(data, "periods")
    year = stated.whole("year", least=1990, most=2200)
    if year is None:
        raise Unreadable("periods.year")
    closed_on = stated.day("closed_on")
    if closed_on and closed_on.year != year:
        raise Unreadable("periods.closed_on: in another year")
    headcount = stated.number("headcount", least=0)
    months = stated.whole("months", least=1, most=24)
    lasted = months or 12
    staff = stated.list("staff", lambda part: _staff(part, lasted), longest=LONGEST_HISTORY)
    if staff:
        counted = kmo.headcount_of(staff, months=lasted)
        if headcount is not None and headcount != counted:
            raise Unreadable(f"periods.staff: {counted:.2f}, not {headcount}")
        headcount = counted
    turnover = stated.number("turnover", least=0)
    if turnover is not None:
        # On an annual basis; the balance is a stock and stays as it is [R-SME-30].
        turnover = turnover * 12 / lasted
    period = kmo.Period(
        year=year,
        figures=kmo.Figures(headcount, turnover, stated.number("balance_total", least=0)),
        closed_on=closed_on,
        whole_group=stated.flag("whole_group"),
        estimate=stated.flag("estimate"),
        source=stated.text("source", empty=True),
    )
    stated.must_be_read()
    return period


def _staff(data: Any, lasted: int) -> kmo.Staff:
    """Part of the staff of a period that lasted so many months: for all of them if not said."""
    stated = Reader(data, "periods.staff")
    persons = stated.number("persons", least=0)
    if persons is None:
        raise Unreadable("periods.staff.persons")
    kind = stated.one_of("kind", kmo.STAFF_KINDS)
    fraction = stated.number("fraction", least=0, most=1)
    months = stated.number("months", least=0, most=lasted)
    stated.must_be_read()
    return kmo.Staff(
        kind,
        persons,
        Decimal(1) if fraction is None else fraction,
        Decimal(lasted) if months is None else months,
    )


def _key(stated: Reader, field: str) -> str:
    return key_of(stated.text(field, longest=60))


def _entity(data: Any) -> kmo.Entity:
    stated = Reader(data, "others")
    if stated.has("key"):
        key = _key(stated, "key")
        stated.left.pop("number", None)
    else:
        key = enterprise_number(stated.text("number"))
    included_pct = stated.number("included_pct", least=0, most=100)
    entity = kmo.Entity(
        key=key,
        name=stated.text("name"),
        kind=stated.one_of("kind", kmo.KINDS, default="enterprise"),
        periods=_newest_first(
            "others.periods", stated.list("periods", _period, longest=LONGEST_HISTORY)
        ),
        markets=frozenset(stated.texts("markets")),
        country=stated.text("country", empty=True, longest=2) or "BE",
        public=stated.flag("public"),
        controlled_by_public_bodies=stated.flag("controlled_by_public_bodies"),
        total_investment=stated.number("total_investment", least=0),
        budget=stated.number("budget", least=0),
        inhabitants=stated.whole("inhabitants", least=0, most=10**9),
        included_in=_key(stated, "included_in") if stated.has("included_in") else None,
        included_pct=Decimal(100) if included_pct is None else included_pct,
        staff_included=not stated.flag("staff_not_included"),
    )
    stated.left.pop("included_in", None)
    stated.must_be_read()
    if any(period.whole_group for period in entity.periods):
        # Nobody else's accounts hold the whole of this group: say who is included in whose.
        raise Unreadable("others.periods.whole_group")
    return entity


def _holding(data: Any) -> kmo.Holding:
    stated = Reader(data, "holdings")
    holding = kmo.Holding(
        owner=_key(stated, "owner"),
        owned=_key(stated, "owned"),
        capital_pct=stated.number("capital_pct", least=0, most=100),
        voting_pct=stated.number("voting_pct", least=0, most=100),
        control=stated.one_of("control", kmo.CONTROLS, default="") or None,
        valid_from=stated.day("valid_from"),
        valid_until=stated.day("valid_until"),
    )
    stated.must_be_read()
    return holding


def _findings(stated: Reader) -> kmo.Findings:
    return kmo.Findings(
        acting_jointly=stated.groups("acting_jointly"),
        single_economic_unit=stated.groups("single_economic_unit"),
        adjacent_markets=stated.groups("adjacent_markets"),
    )


def _everybody_known(graph: kmo.Graph) -> None:
    named = [
        *((h.owner, "holdings") for h in graph.holdings),
        *((h.owned, "holdings") for h in graph.holdings),
        *((key, "acting_jointly") for group in graph.findings.acting_jointly for key in group),
        *(
            (key, "single_economic_unit")
            for group in graph.findings.single_economic_unit
            for key in group
        ),
        *((e.included_in, "included_in") for e in graph.entities.values() if e.included_in),
    ]
    for key, where in named:
        if key not in graph.entities:
            raise Unreadable(f"{where}: {key} is not in others")


def _aid(data: Any) -> deminimis.Aid:
    stated = Reader(data, "aid")
    on, amount = stated.day("on"), stated.number("amount", least=0)
    if on is None or amount is None:
        raise Unreadable("aid.on" if on is None else "aid.amount")
    aid = deminimis.Aid(
        on=on,
        amount=amount,
        regulation=stated.one_of("regulation", deminimis.FAMILY_OF),
        recipient=_key(stated, "recipient"),
        inherited=stated.flag("inherited"),
        allocated=stated.number("allocated", least=0),
        excluded=stated.flag("excluded"),
        note=stated.text("note", empty=True),
        source=stated.text("source", empty=True),
    )
    stated.must_be_read()
    return aid


def _ties(stated: Reader) -> tuple[str, ...] | None:
    if not stated.has("provider_ties"):
        return None
    ties = stated.texts("provider_ties")
    for tie in ties:
        if tie not in PROVIDER_TIES:
            raise Unreadable(f"provider_ties: {tie[:40]}")
    return ties


def _sources(stated: Reader) -> dict[str, str]:
    sources = stated.left.pop("sources", None) or {}
    if not isinstance(sources, dict) or len(sources) > 50:
        raise Unreadable("sources")
    reader = Reader(sources, "sources")
    return {str(fact)[:60]: reader.text(fact) for fact in list(reader.left)}
