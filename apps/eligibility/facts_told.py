"""The facts of a dossier in words: what each is called, how it is written, what changed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.design import figures
from apps.design.words import DECLARATIONS, words_for_source, words_for_working
from apps.eligibility.models import FactSheet
from cstraject.corrections import PART_OF, Stated, changes, whose, year_of
from cstraject.deminimis import Aid
from cstraject.facts import Facts
from cstraject.identifiers import key_of

LABELS = {
    "name": _("Name"),
    "legal_form": _("Legal form"),
    "nace_version": _("Version of NACE-BEL"),
    "nace_code": _("NACE code"),
    "nace_label": _("Main activity"),
    "postal_code": _("Postal code"),
    "equity": _("Equity"),
    "public_share_pct": _("Share in public hands, in percent"),
    "maatwerk_recognition": _("Recognition as maatwerkbedrijf"),
    "declarations": _("Declarations on honour"),
    "declared_on": _("Declarations signed"),
    "provider_ties": _("Ties with the provider"),
    "markets": _("Markets"),
    "acting_jointly": _("Persons who act jointly"),
    "single_economic_unit": _("A single economic unit"),
    "adjacent_markets": _("Adjacent markets"),
    "periods.headcount": _("Headcount of %(name)s in %(year)s"),
    "periods.turnover": _("Turnover of %(name)s in %(year)s"),
    "periods.balance_total": _("Balance total of %(name)s in %(year)s"),
    "periods.closed_on": _("Closing of the accounts of %(name)s in %(year)s"),
    "periods.months": _("Months in the accounts of %(name)s in %(year)s"),
    "others": _("In the group: %(name)s"),
    "holdings": _("Holding of %(owner)s in %(owned)s"),
    "holdings.capital_pct": _("Capital of %(owned)s held by %(owner)s, in percent"),
    "holdings.voting_pct": _("Votes in %(owned)s held by %(owner)s, in percent"),
    "holdings.share": _("Share of %(owner)s in %(owned)s, in percent"),
    "holdings.control": _("Other control of %(owned)s by %(owner)s"),
    "holdings.valid_from": _("Holding of %(owner)s in %(owned)s: since"),
    "holdings.valid_until": _("Holding of %(owner)s in %(owned)s: until"),
    "aid_sector": _("Activity with rules of its own for de minimis aid"),
    "aid_for_same_costs": _("Other State aid for the same costs"),
    "aid": _("Aid of %(on)s to %(name)s"),
    "aid.amount": _("Amount of the aid of %(on)s to %(name)s"),
    "aid.excluded": _("Aid of %(on)s to %(name)s was waived"),
}
# What is called otherwise where all of it changed at once.
OF_ALL = {"aid": _("Earlier aid"), "holdings": _("Holdings")}


@dataclass(frozen=True)
class Line:
    """One thing that a correction changed, as people read it."""

    what: str
    before: str
    after: str


def names_in(stated: Stated) -> dict[str, str]:
    """Who stands in the facts, by number or key."""
    everyone = [stated, *(stated.get("others") or [])]
    return {whose(one): one["name"] for one in everyone}


def label(what: str, about: tuple[str, ...], names: Mapping[str, str]) -> str:
    """What a fact is called; `what` and `about` as in `cstraject.corrections.Change`."""
    if not about:
        return str(OF_ALL.get(what) or LABELS.get(what) or what)
    told = [names.get(key, key) for key in (*about, "")]
    facts = {"name": told[0], "owner": told[0], "owned": told[1], "year": told[1]}
    return str(LABELS.get(what, what)) % {**facts, "on": figures.day(told[1])}


def lines(before: Stated, after: Stated) -> list[Line]:
    """What a correction changed."""
    names = {**names_in(before), **names_in(after)}
    return [
        Line(
            label(change.what, change.about, names),
            shown(change.what, change.before, names),
            shown(change.what, change.after, names),
        )
        for change in changes(before, after)
    ]


def told_in(stated: Stated) -> list[tuple[str, str]]:
    """All that a fact sheet states, each with its name; what is not known is left out."""
    names = names_in(stated)
    nothing = {name: stated[name] for name in ("number", "key") if name in stated}
    order = {name: nth for nth, name in enumerate(LABELS)}
    told = sorted(changes(nothing, stated), key=lambda one: order.get(one.what, len(order)))
    return [(label(one.what, one.about, names), shown(one.what, one.after, names)) for one in told]


def shown(what: str, value: Any, names: Mapping[str, str]) -> str:
    """A value of a fact as people read it."""
    if what in YES_OR_NO:
        return gettext("Yes") if value else gettext("No")
    if value is None or value == "":
        return figures.NOTHING if what in MAY_LACK else gettext("Not known")
    if what in GROUPS:
        return "; ".join(", ".join(names.get(key_of(key), key) for key in group) for group in value)
    return SHOWN.get(what, _plain)(value)


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _declarations(value: Sequence[str]) -> str:
    return ", ".join(gettext(DECLARATIONS.get(one, one)) for one in value) or gettext("None")


def _ties(value: Sequence[str]) -> str:
    return ", ".join(words_for_working("provider_tie", one) for one in value) or gettext("None")


def _holding(value: Stated | Sequence[Any]) -> str:
    if not isinstance(value, Mapping):
        return gettext("None") if not value else _plain(value)
    shares = [
        (gettext("capital"), value.get("capital_pct")),
        (gettext("votes"), value.get("voting_pct")),
    ]
    told = [f"{name} {figures.percentage(pct)}" for name, pct in shares if pct is not None]
    if value.get("control"):
        told.append(words_for_working("tie", value["control"]))
    return ", ".join(told) or gettext("Not known")


def _aid(value: Stated | Sequence[Any]) -> str:
    if isinstance(value, Mapping):
        return f"{figures.euro(value['amount'])} ({value['regulation']})"
    return gettext("None") if not value else _plain(value)


SHOWN: dict[str, Callable[[Any], str]] = {
    "equity": figures.whole_euro,
    "public_share_pct": figures.percentage,
    "declared_on": figures.day,
    "declarations": _declarations,
    "provider_ties": _ties,
    "periods.headcount": figures.number,
    "periods.turnover": figures.whole_euro,
    "periods.balance_total": figures.whole_euro,
    "periods.closed_on": figures.day,
    "periods.months": figures.number,
    "others": lambda other: words_for_working("kind", other.get("kind") or "enterprise"),
    "holdings": _holding,
    "holdings.capital_pct": figures.percentage,
    "holdings.voting_pct": figures.percentage,
    "holdings.share": figures.percentage,
    "holdings.control": lambda control: words_for_working("tie", control),
    "holdings.valid_from": figures.day,
    "holdings.valid_until": figures.day,
    "aid": _aid,
    "aid.amount": figures.euro,
    "aid_sector": lambda sector: words_for_working("sector", sector),
}
GROUPS = ("acting_jointly", "single_economic_unit", "adjacent_markets")
# What is not there rather than not known.
MAY_LACK = (
    *("others", "holdings", "aid", "maatwerk_recognition", "nace_label", "aid_sector"),
    *("holdings.control", "holdings.valid_from", "holdings.valid_until", *GROUPS),
)
YES_OR_NO = ("aid.excluded", "aid_for_same_costs", "periods.estimate", "periods.whole_group")


# ---- The facts as they stand ---------------------------------------------------------------------

SINGLE = (
    *("name", "legal_form", "nace_code", "postal_code", "public_share_pct", "equity"),
    *("maatwerk_recognition", "aid_sector", "aid_for_same_costs"),
    *("declarations", "declared_on", "provider_ties"),
    *("markets", *GROUPS),
)


def table_of(read: Facts, history: Sequence[FactSheet]) -> dict[str, Any]:
    """All facts as they stand, for the tables of their page; `history` begins with the newest."""
    stated = history[0].stated
    names = names_in(stated)
    everyone = list(read.graph.entities.values())
    raw = [stated, *(stated.get("others") or [])]
    return {
        "single": list(_single(read, history, names)),
        "sources": {fact: words_for_source(read.source_of(fact)) for fact in ("holdings", "aid")},
        "figures": [
            row
            for entity, one in zip(everyone, raw, strict=True)
            for row in _figures(read, entity.key, entity.name, one)
        ],
        "holdings": [
            {
                "owner": names[holding.owner],
                "owned": names[holding.owned],
                "holding": holding,
            }
            for holding in read.graph.holdings
        ],
        "aid": None
        if read.aid is None
        else [
            {
                "aid": aid,
                "recipient": names.get(aid.recipient, aid.recipient),
                "explanation": _explained(aid),
                "source": words_for_source(aid.source or read.source_of("aid")),
            }
            for aid in read.aid
        ],
    }


def _explained(aid: Aid) -> str:
    told = [aid.note]
    if aid.allocated is not None:
        part = {"amount": figures.euro(aid.allocated)}
        told.append(gettext("came with a split; %(amount)s of it counts here") % part)
    elif aid.inherited:
        told.append(gettext("came with a merger"))
    if aid.excluded:
        told.append(words_for_working("aid", "waived"))
    return "; ".join(filter(None, told))


def _single(
    read: Facts, history: Sequence[FactSheet], names: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    stated, since = history[0].stated, _since(history)
    for fact in SINGLE:
        value = stated.get(fact)
        if value in (None, "", []) and fact in (
            *("maatwerk_recognition", "aid_sector", "markets", *GROUPS),
        ):
            continue
        text = shown(fact, value, names)
        if fact == "nace_code":
            text = f"{read.nace_code} {read.nace_label} ({read.nace_version})"
        whole = PART_OF.get(fact, fact)
        yield {
            "label": label(fact, (), names),
            "value": text,
            "source": words_for_source(read.source_of(whole)),
            "on": since.get(whole, history[-1].stated_on),
        }


def _since(history: Sequence[FactSheet]) -> dict[str, date]:
    """On which day each fact that was corrected was stated as it stands."""
    since = {}
    for after, before in reversed(list(pairwise(history))):
        for change in changes(before.stated, after.stated):
            fact = change.what.partition(".")[0]
            since[PART_OF.get(fact, fact)] = after.stated_on
    return since


def _figures(read: Facts, key: str, name: str, one: Stated) -> Iterator[dict[str, Any]]:
    """The figures of somebody as stated, year by year; also that there are none."""
    entity = read.graph.entities[key]
    for period in one.get("periods") or []:
        kept = entity.period(year_of(period))
        yield {
            "name": name,
            "year": str(year_of(period)),
            "headcount": kept.figures.headcount if kept else None,
            "turnover": period.get("turnover"),
            "balance_total": period.get("balance_total"),
            "months": period.get("months"),
            "estimate": period.get("estimate"),
            "whole_group": period.get("whole_group"),
            "source": words_for_source(
                period.get("source")
                or read.source_of("periods" if key == read.number else "others")
            ),
        }
    if entity.has_accounts and not one.get("periods"):
        yield {"name": name}
