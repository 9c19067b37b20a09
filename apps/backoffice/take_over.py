"""What an officer takes over from the public register and the annual accounts, fact by fact."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.backoffice.corrections import FactsForm
from apps.backoffice.forms import ReasonField
from apps.design.words import words_for
from apps.eligibility.facts_told import label, names_in, shown
from apps.enterprises.selectors import Registered, as_facts
from cstraject.corrections import FIGURES, same, year_of
from cstraject.refusal import Refusal

SINGLE = ("name", "legal_form", "nace_code", "postal_code", "equity")
# What goes with a fact, as one.
WITH_IT = {"nace_code": ("nace_version", "nace_code", "nace_label")}
# The dossier states the establishment that is served; the register knows no better.
NOT_TICKED = ("postal_code",)


@dataclass(frozen=True)
class Row:
    """What the register tells otherwise: its name for people, as stated and as told."""

    key: str
    label: str
    before: str
    after: str


class TakeOverForm(FactsForm):
    """What the register and the annual accounts tell, in place of what was stated."""

    deed = "register"

    take = forms.MultipleChoiceField(
        label=_("What to take over"), widget=forms.CheckboxSelectMultiple
    )
    reason = ReasonField()

    def __init__(self, *args: Any, found: Registered, on: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.told = as_facts(found, on=on)
        self.source = found.source
        self.sources = {
            **self.told["sources"],
            **{f"periods.{p['year']}": p["source"] for p in self.told.get("periods") or []},
        }
        self.rows = list(self._rows())
        if self.rows:
            self._choose("take", [(row.key, row.label) for row in self.rows])
            self.fields["take"].initial = [r.key for r in self.rows if r.key not in NOT_TICKED]
        else:
            del self.fields["take"]

    def clean(self) -> None:
        if not self.rows:
            # A colleague took it over meanwhile, say.
            self.add_error(None, words_for(Refusal("nothing-changes")))

    def boxes(self) -> list[tuple[Any, Row]]:
        """Each row with its box to tick."""
        return list(zip(self["take"].subwidgets, self.rows, strict=True))

    def _rows(self) -> Iterator[Row]:
        names = names_in(self.stated)
        for fact in SINGLE:
            parts = [name for name in WITH_IT.get(fact, (fact,)) if name != "nace_label"]
            was, now = ([of.get(name) for name in parts] for of in (self.stated, self.told))
            if now[0] is not None and not same(was, now):
                yield Row(fact, label(fact, (), names), _shown(fact, was), _shown(fact, now))
        before = _by_year(self.stated)
        for year, period in _by_year(self.told).items():
            for name in FIGURES:
                was, now = before.get(year, {}).get(name), period[name]
                if now is not None and not same(was, now):
                    what, about = f"periods.{name}", (self.setting.read.number, str(year))
                    texts = (shown(what, value, names) for value in (was, now))
                    yield Row(f"{year}.{name}", label(what, about, names), *texts)

    def corrected(self) -> dict[str, Any]:
        facts, ticked = self._copy(), self.cleaned_data["take"]
        for fact in SINGLE:
            if fact in ticked:
                facts |= {name: self.told[name] for name in WITH_IT.get(fact, (fact,))}
        periods = _by_year(facts)
        for year, period in _by_year(self.told).items():
            if taken := [name for name in FIGURES if f"{year}.{name}" in ticked]:
                periods[year] = _merged(periods.get(year), period, taken)
        if periods:
            facts["periods"] = [periods[year] for year in sorted(periods, reverse=True)]
        return facts


def _merged(stated: Mapping[str, Any] | None, told: Mapping[str, Any], taken: list[str]) -> Any:
    """A period with the figures that are taken; the others stay as stated.

    The turnover of a longer or shorter period goes with its months, the headcount without its
    parts. What was filed is no estimate, nor the sum of a whole group.
    """
    gone = {"estimate", "whole_group", *(["staff"] if "headcount" in taken else [])}
    kept = {name: value for name, value in (stated or {}).items() if name not in gone}
    if stated is None or "turnover" in taken:
        kept["months"] = told["months"]
    return {
        **kept,
        "year": kept.get("year", told["year"]),
        "closed_on": told["closed_on"],
        **{name: told[name] for name in taken},
    }


def _shown(fact: str, values: list[Any]) -> str:
    if fact == "nace_code":
        version, code = values
        return f"{code} ({version})"
    return shown(fact, values[0], {})


def _by_year(stated: Mapping[str, Any]) -> dict[int, Any]:
    return {year_of(period): period for period in stated.get("periods") or []}
