"""What an officer may change in the facts of a dossier: one thing, a holding, aid, or the register.

A correction makes new facts from those that stand. What they mean is decided below; nothing is
stored here.
"""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.backoffice.forms import ReasonField
from apps.design import figures
from apps.design.fields import DayField, EuroField, NumberField
from apps.design.words import words_for, words_for_working
from apps.enterprises.selectors import Registered, as_facts
from apps.programme.models import Edition
from cstraject.deminimis import FAMILY_OF
from cstraject.identifiers import enterprise_number
from cstraject.kmo import KINDS
from cstraject.refusal import Refusal

Stated = Mapping[str, Any]
FIGURES = ("headcount", "turnover", "balance_total")
# What is taken over from the register as it stands there.
TAKEN = ("name", "legal_form", "nace_version", "nace_code", "nace_label", "postal_code", "equity")


class FactsForm(forms.Form):
    """A form over the facts as they stand: `stated`."""

    deed: ClassVar[str] = ""

    def __init__(self, *args: Any, stated: Stated, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.stated = stated

    def corrected(self) -> dict[str, Any]:
        """The facts as they would be."""
        raise NotImplementedError

    def _choose(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices


class ChangeForm(FactsForm):
    """One thing that would be, or is, otherwise."""

    change = forms.ChoiceField(label=_("What changes"))
    value = forms.CharField(
        label=_("New value"),
        max_length=60,
        required=False,
        help_text=_("Leave it empty for: not known."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        nothing = [] if self.fields["change"].required else [("", gettext("Nothing"))]
        self._choose("change", [*nothing, *_places(self.stated)])

    def corrected(self) -> dict[str, Any]:
        facts, value = _copy(self.stated), self.cleaned_data["value"]
        if not self.cleaned_data["change"]:
            return facts
        *steps, last = self.cleaned_data["change"].split(".")
        place: Any = facts
        for step in steps:
            place = place[int(step)] if step.isdecimal() else place[step]
        told = figures.typed_number(value) if value else None
        if isinstance(place, list):
            place[int(last)] |= {"capital_pct": told, "voting_pct": told}
        else:
            place[last] = told
        return facts


class TryForm(ChangeForm):
    """The same facts otherwise: with one change, under another edition, on another day."""

    change = forms.ChoiceField(label=_("What changes"), required=False)
    edition = forms.ModelChoiceField(label=_("Edition"), queryset=Edition.objects.none())
    on = DayField(label=_("As on"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        edition = self.fields["edition"]
        assert isinstance(edition, forms.ModelChoiceField)
        edition.empty_label = None
        edition.queryset = Edition.objects.order_by("valid_from")


class SourceField(forms.CharField):
    """Where an officer has it from."""

    def __init__(self) -> None:
        super().__init__(
            label=_("Source"),
            max_length=200,
            help_text=_("For example the annual accounts of 2023."),
        )


class CorrectForm(ChangeForm):
    """A correction of one thing: what was stated stays beside it."""

    deed = "change"
    source = SourceField()
    reason = ReasonField()


class HoldingForm(FactsForm):
    """Somebody who holds a share, or in whom one is held, and was not stated."""

    deed = "holding"
    OWNER, OWNED = "owner", "owned"

    name = forms.CharField(label=_("Name"), max_length=200)
    number = forms.CharField(
        label=_("Enterprise number"),
        max_length=20,
        required=False,
        help_text=_("A natural person and a foreign enterprise have none here."),
    )
    kind = forms.ChoiceField(label=_("Kind"))
    side = forms.ChoiceField(label=_("The holding"))
    other = forms.ChoiceField(label=_("Of or in"))
    capital_pct = NumberField(
        label=_("Share of the capital, in percent"), most=100, decimals=6, required=False
    )
    voting_pct = NumberField(
        label=_("Share of the votes, in percent"),
        most=100,
        decimals=6,
        required=False,
        help_text=_("Leave it empty for: not known."),
    )
    source = SourceField()
    reason = ReasonField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._choose("kind", [(kind, words_for_working("kind", kind)) for kind in KINDS])
        self._choose(
            "side",
            [
                (self.OWNER, gettext("This one holds a share of the other")),
                (self.OWNED, gettext("The other holds a share of this one")),
            ],
        )
        self._choose("other", list(_names(self.stated).items()))

    def clean_number(self) -> str:
        given: str = self.cleaned_data["number"]
        try:
            return enterprise_number(given) if given else ""
        except Refusal as refusal:
            raise ValidationError(words_for(refusal)) from None

    def clean(self) -> None:
        if self.errors:
            return
        owner, owned = self._ends()
        if owner == owned:
            self.add_error("other", gettext("An enterprise holds no share of itself."))
        held = [(_key(h["owner"]), _key(h["owned"])) for h in self.stated.get("holdings") or []]
        if (owner, owned) in held:
            self.add_error(
                "other", gettext("This holding is stated already. Change it in the form above.")
            )

    def corrected(self) -> dict[str, Any]:
        facts, given, key = _copy(self.stated), self.cleaned_data, self._own_key()
        if key not in _names(facts):
            other = {"name": given["name"], "kind": given["kind"]}
            other |= {"number": key} if given["number"] else {"key": key}
            facts["others"] = [*(facts.get("others") or []), other]
        owner, owned = self._ends()
        holding = {"owner": owner, "owned": owned}
        for name in ("capital_pct", "voting_pct"):
            if given[name] is not None:
                holding[name] = f"{given[name]:f}"
        facts["holdings"] = [*(facts.get("holdings") or []), holding]
        return facts

    def _own_key(self) -> str:
        """Its number, or else a key that nobody has yet."""
        if number := self.cleaned_data["number"]:
            return str(number)
        names = _names(self.stated)
        return next(key for nth in range(1, len(names) + 2) if (key := f"added-{nth}") not in names)

    def _ends(self) -> tuple[str, str]:
        ends = (self._own_key(), self.cleaned_data["other"])
        return ends if self.cleaned_data["side"] == self.OWNER else ends[::-1]


class AidForm(FactsForm):
    """De minimis aid that was not stated."""

    deed = "aid"

    recipient = forms.ChoiceField(label=_("Who received it"))
    regulation = forms.ChoiceField(label=_("Under which Regulation"))
    on = DayField(label=_("Granted on"))
    amount = EuroField(label=_("Amount"))
    note = forms.CharField(label=_("Who granted it"), max_length=200, required=False)
    source = SourceField()
    reason = ReasonField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._choose("recipient", list(_names(self.stated).items()))
        self._choose(
            "regulation",
            [
                (regulation, f"{regulation} ({words_for_working('family', family)})")
                for regulation, family in FAMILY_OF.items()
            ],
        )

    def corrected(self) -> dict[str, Any]:
        facts, given = _copy(self.stated), self.cleaned_data
        aid = {name: given[name] for name in ("recipient", "regulation", "note") if given[name]}
        aid |= {"on": given["on"].isoformat(), "amount": f"{given['amount']:f}"}
        facts["aid"] = [*(facts.get("aid") or []), aid]
        return facts


class TakeOverForm(FactsForm):
    """What the register and the annual accounts tell, in place of what was stated."""

    deed = "register"
    reason = ReasonField()

    def __init__(self, *args: Any, found: Registered, on: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.told = as_facts(found, on=on)
        self.source = found.source

    def corrected(self) -> dict[str, Any]:
        facts, told = _copy(self.stated), self.told
        taken = {name: told[name] for name in TAKEN if name in told}
        facts |= taken
        facts["sources"] = {
            **(facts.get("sources") or {}),
            **{name: source for name, source in told["sources"].items() if name != "periods"},
        }
        if periods := told.get("periods"):
            facts["periods"] = _merged(facts.get("periods") or [], periods)
        return facts

    def differing(self) -> list[tuple[str, str, str]]:
        """What would change: its name for people, as stated and as the register tells."""
        after = self.corrected()
        texts = [
            (gettext("Name"), "name"),
            (gettext("Legal form"), "legal_form"),
            (gettext("Version of NACE-BEL"), "nace_version"),
            (gettext("NACE code"), "nace_code"),
            (gettext("Postal code"), "postal_code"),
        ]
        rows = [
            (label, was or "", now)
            for label, name in texts
            if (was := self.stated.get(name)) != (now := after.get(name)) and now
        ]
        before = {period["year"]: period for period in self.stated.get("periods") or []}
        numbers = [(gettext("Equity"), self.stated.get("equity"), after.get("equity"))]
        numbers += [
            (label, before.get(period["year"], {}).get(name), period.get(name))
            for period in after.get("periods") or []
            for name, label in _figure_labels(after["name"], period["year"])
        ]
        return rows + [
            (label, "" if was is None else figures.number(was), figures.number(now))
            for label, was, now in numbers
            if now is not None and (was is None or Decimal(str(was)) != Decimal(str(now)))
        ]


def _merged(stated: list[Stated], told: list[Stated]) -> list[dict[str, Any]]:
    """Period by period, newest first: a figure that the accounts do not tell stays as stated."""
    periods = {period["year"]: dict(period) for period in stated}
    for period in told:
        before = periods.get(period["year"], {})
        kept = {
            name: before[name]
            for name in FIGURES
            if period[name] is None and before.get(name) is not None
        }
        after = {**period, **kept}
        if kept:
            was = before.get("source") or gettext("as stated")
            after["source"] = f"{period['source']}; {was}"
        periods[period["year"]] = after
    return [periods[year] for year in sorted(periods, reverse=True)]


def _copy(stated: Stated) -> dict[str, Any]:
    return deepcopy(dict(stated))


def _names(stated: Stated) -> dict[str, str]:
    """Who stands in the facts, by number or key."""
    everyone = [stated, *(stated.get("others") or [])]
    return {_key(one.get("key") or one["number"]): one["name"] for one in everyone}


def _key(stated: str) -> str:
    """An enterprise number as its digits, however it was written; a key of another as it is."""
    try:
        return enterprise_number(stated)
    except Refusal:
        return stated


def _places(stated: Stated) -> Iterator[tuple[str, str]]:
    """What may be changed: a place in the facts, and its name for people."""
    names = _names(stated)
    for nth, holding in enumerate(stated.get("holdings") or []):
        yield (
            f"holdings.{nth}",
            gettext("Share of %(owner)s in %(owned)s, in percent")
            % {
                "owner": names.get(_key(holding["owner"]), holding["owner"]),
                "owned": names.get(_key(holding["owned"]), holding["owned"]),
            },
        )
    yield from _of_periods("periods", stated["name"], stated.get("periods") or [])
    for nth, other in enumerate(stated.get("others") or []):
        yield from _of_periods(f"others.{nth}.periods", other["name"], other.get("periods") or [])
    yield "equity", gettext("Equity")
    yield "public_share_pct", gettext("Share in public hands, in percent")
    yield "legal_form", gettext("Legal form")
    yield "nace_code", gettext("NACE code")
    yield "postal_code", gettext("Postal code")
    yield "declared_on", gettext("Day of the declarations (year-month-day)")
    yield "maatwerk_recognition", gettext("Recognition as maatwerkbedrijf")


def _of_periods(where: str, name: str, periods: list[Stated]) -> Iterator[tuple[str, str]]:
    for nth, period in enumerate(periods):
        for field, label in _figure_labels(name, period.get("year")):
            yield f"{where}.{nth}.{field}", label


def _figure_labels(name: str, year: Any) -> list[tuple[str, str]]:
    told = {"name": name, "year": year}
    return [
        ("headcount", gettext("Headcount of %(name)s in %(year)s") % told),
        ("turnover", gettext("Turnover of %(name)s in %(year)s") % told),
        ("balance_total", gettext("Balance total of %(name)s in %(year)s") % told),
    ]
