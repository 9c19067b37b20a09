"""What an officer may change in the facts of a dossier: one thing that is, or would be, otherwise.

A correction makes new facts from those that stand. What they mean is decided below; nothing is
stored here. What is added stands in `additions`, what the register tells in `take_over`.
"""

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.backoffice.forms import ReasonField
from apps.design.fields import DayField, EuroField, NumberField, OneOfField, WholeEuroField
from apps.design.words import words_for, words_for_working
from apps.eligibility.facts_told import YES_OR_NO, label, names_in, shown
from apps.programme.models import Edition
from cstraject.corrections import FIGURES, Stated, same, year_of
from cstraject.deminimis import SECTORS
from cstraject.facts import Facts
from cstraject.identifiers import key_of, nace_code
from cstraject.kmo import CONTROLS
from cstraject.places import is_postal_code
from cstraject.refusal import Refusal
from cstraject.terms import Terms

YEARS_OFFERED = 2
HEADCOUNT_MOST = 1_000_000
OTHER_FORM = "other"


@dataclass(frozen=True)
class Setting:
    """What the forms of a dossier are about: its facts as they stand, its terms, its day."""

    stated: Stated
    read: Facts
    terms: Terms
    filed_on: date

    @property
    def years(self) -> list[int]:
        """The last accounting years, and those that somebody's figures stand for, newest first."""
        stated = {
            period.year for entity in self.read.graph.entities.values() for period in entity.periods
        }
        last = range(self.filed_on.year - YEARS_OFFERED, self.filed_on.year)
        return sorted({*stated, *last}, reverse=True)


@dataclass(frozen=True)
class Place:
    """A place in the facts: its path, what it is called and what stands there now."""

    path: str
    what: str
    about: tuple[str, ...]
    value: Any


class FactsForm(forms.Form):
    """A form over the facts as they stand."""

    deed: ClassVar[str] = ""
    sources: Mapping[str, str] = {}
    """Where single facts come from, if not from the source that is filled in."""

    def __init__(self, *args: Any, setting: Setting, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.setting, self.stated = setting, setting.stated

    def corrected(self) -> dict[str, Any]:
        """The facts as they would be."""
        raise NotImplementedError

    def _choose(self, name: str, choices: list[Any]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def _copy(self) -> dict[str, Any]:
        return deepcopy(dict(self.stated))


class ChangeForm(FactsForm):
    """One thing that would be, or is, otherwise."""

    change = forms.ChoiceField(label=_("What changes"))
    value = forms.CharField(label=_("New value"), max_length=60, required=False)
    choice = forms.ChoiceField(
        label=_("Or a new value from this list"),
        required=False,
        help_text=_("For the legal form, other control and what is asked of aid."),
    )
    unknown = forms.BooleanField(label=_("Not known"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names, groups = names_in(self.stated), dict[str, list[tuple[str, str]]]()
        self.places: dict[str, Place] = {}
        for group, place in _places(self.setting):
            self.places[place.path] = place
            told = {
                "what": label(place.what, place.about, names),
                "value": shown(place.what, place.value, names),
            }
            groups.setdefault(group, []).append(
                (place.path, gettext("%(what)s (now: %(value)s)") % told)
            )
        nothing = gettext("- choose -") if self.fields["change"].required else gettext("Nothing")
        self._choose("change", [("", nothing), *groups.items()])
        self.chosen = _chosen(self.setting)
        lists = [(str(title), list(choices.items())) for title, choices in self.chosen.values()]
        self._choose("choice", [("", gettext("- choose -")), *lists])

    def clean(self) -> None:
        if "change" not in self.cleaned_data or not self.cleaned_data["change"]:
            return
        self.place = self.places[self.cleaned_data["change"]]
        try:
            self.told = self._told(self.place)
        except ValidationError as error:
            self.add_error(None, error)

    def _told(self, place: Place) -> Any:
        """The new value, as it is stated; raises with the field that is wrong."""
        given = self.cleaned_data
        typed, choice = given.get("value", ""), given.get("choice", "")
        if given["unknown"]:
            if typed or choice or place.what in KNOWN:
                raise ValidationError({"unknown": _unknown_and(typed or choice)})
            return None
        if place.what in self.chosen:
            return self._from_list(place, typed, choice)
        if choice:
            raise ValidationError({"choice": gettext("What changes is not on this list.")})
        if not typed:
            raise ValidationError({"value": gettext("Type a new value, or say: it is not known.")})
        try:
            return _as_stated(FIELDS[place.what]().clean(typed))
        except ValidationError as error:
            raise ValidationError({"value": error.messages}) from None

    def _from_list(self, place: Place, typed: str, choice: str) -> Any:
        """What was chosen; or typed, as it stands on the list."""
        title, choices = self.chosen[place.what]
        if choice == f"{place.what}:{OTHER_FORM}":
            if not typed:
                raise ValidationError({"value": gettext("Type the other legal form.")})
            return typed
        if typed and not choice:
            named = {text.casefold(): code for code, text in choices.items()}
            choice = named.get(typed.casefold(), "")
        elif typed:
            raise ValidationError({"value": gettext("Choose or type a value, not both.")})
        if choice not in choices:
            told = {"list": title, "what": ", ".join(map(str, choices.values()))}
            raise ValidationError({
                "value" if typed else "choice": gettext("Choose from “%(list)s”: %(what)s.") % told
            })  # fmt: skip
        code = choice.partition(":")[2]
        return code == "yes" if place.what in YES_OR_NO else code

    def corrected(self) -> dict[str, Any]:
        facts = self._copy()
        if self.cleaned_data["change"]:
            _put(facts, self.place.path, self.told)
        return facts


class TryForm(ChangeForm):
    """The same facts otherwise: with one change, under another edition, on another day."""

    change = forms.ChoiceField(label=_("What changes"), required=False)
    edition = OneOfField(label=_("Edition"), queryset=Edition.objects.none())
    on = DayField(label=_("As on"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        edition = self.fields["edition"]
        assert isinstance(edition, forms.ModelChoiceField)
        edition.empty_label = None
        edition.queryset = Edition.objects.order_by("valid_from")

    def clean(self) -> None:
        given = self.cleaned_data
        typed = any(given.get(name) for name in ("value", "choice", "unknown"))
        if typed and given.get("change") == "":
            self.add_error("change", gettext("Choose what changes."))
        super().clean()


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

    def _told(self, place: Place) -> Any:
        told = super()._told(place)
        if same(place.value, told):
            given = self.cleaned_data
            field = next(name for name in ("unknown", "choice", "value") if given.get(name))
            raise ValidationError({field: words_for(Refusal("nothing-changes"))})
        return told


# ---- What may be changed -------------------------------------------------------------------------


def _places(setting: Setting) -> Iterator[tuple[str, Place]]:
    """What may be changed, under the heading where it stands."""
    stated, read = setting.stated, setting.read
    ones = [stated, *(stated.get("others") or [])]
    for nth, (entity, one) in enumerate(zip(read.graph.entities.values(), ones, strict=True)):
        if not entity.has_accounts:
            continue
        where = f"others.{nth - 1}.periods" if nth else "periods"
        periods = {year_of(period): period for period in one.get("periods") or []}
        for year in setting.years:
            kept, period = entity.period(year), periods.get(year, {})
            for name in FIGURES:
                value = kept.figures.headcount if kept and name == FIGURES[0] else period.get(name)
                what, about = f"periods.{name}", (entity.key, str(year))
                yield (
                    gettext("Figures of %(name)s") % {"name": entity.name},
                    Place(f"{where}.{year}.{name}", what, about, value),
                )
    for nth, holding in enumerate(stated.get("holdings") or []):
        for path, what, value in _of_holding(f"holdings.{nth}", holding):
            about = (key_of(holding["owner"]), key_of(holding["owned"]))
            yield gettext("Holdings"), Place(path, what, about, value)
    for nth, aid in enumerate(stated.get("aid") or []):
        about = (key_of(aid["recipient"]), aid["on"])
        for name in ("amount", "excluded"):
            place = Place(f"aid.{nth}.{name}", f"aid.{name}", about, aid.get(name))
            yield gettext("Earlier aid"), place
    for fact in (
        *("equity", "public_share_pct", "legal_form", "nace_code", "postal_code", "declared_on"),
        *("maatwerk_recognition", "aid_sector", "aid_for_same_costs"),
    ):
        yield gettext("Other facts"), Place(fact, fact, (), stated.get(fact))


def _of_holding(where: str, holding: Stated) -> Iterator[tuple[str, str, Any]]:
    """Capital and votes together where they are the same; the votes, control and days apart."""
    capital, votes = holding.get("capital_pct"), holding.get("voting_pct")
    if votes is None or same(capital, votes):
        yield where, "holdings.share", capital
    else:
        yield f"{where}.capital_pct", "holdings.capital_pct", capital
    for name in ("voting_pct", "control", "valid_from", "valid_until"):
        yield f"{where}.{name}", f"holdings.{name}", holding.get(name)


def _put(facts: dict[str, Any], path: str, value: Any) -> None:
    """Write a value at a path. Periods go by their year; one that is not there is added."""
    *steps, last = path.split(".")
    place: Any = facts
    before = ""
    for step in steps:
        if not step.isdecimal():
            place[step] = place.get(step) or []
            place = place[step]
        else:
            place = _period_of(place, int(step)) if before == "periods" else place[int(step)]
        before = step
    if isinstance(place, list):
        place[int(last)] |= {"capital_pct": value, "voting_pct": value}
        return
    place[last] = value
    if last == "headcount":
        place.pop("staff", None)  # The whole of it replaces its parts.
    if last == "nace_code":
        place["nace_label"] = ""  # The words were those of the code before.


def _period_of(periods: list[dict[str, Any]], year: int) -> dict[str, Any]:
    for period in periods:
        if year_of(period) == year:
            return period
    periods.append(added := {"year": year})
    periods.sort(key=year_of, reverse=True)
    return added


# ---- How a value is typed or chosen --------------------------------------------------------------

# What cannot be left open.
KNOWN = (
    *("legal_form", "nace_code", "postal_code", "aid.amount", "aid.excluded", "aid_for_same_costs"),
)


def _chosen(setting: Setting) -> dict[str, tuple[str, dict[str, str]]]:
    """What is chosen from a list: its title, and the choices by what they state."""
    terms = setting.terms
    forms_known = sorted({*terms.legal_forms, *terms.legal_forms_refused})
    lists = {
        "legal_form": {
            **{form: form for form in forms_known},
            OTHER_FORM: gettext("another, typed as the new value"),
        },
        "holdings.control": {
            "": gettext("None"),
            **{control: words_for_working("tie", control) for control in CONTROLS},
        },
        "aid.excluded": {"yes": gettext("Yes"), "no": gettext("No")},
        "aid_sector": {"": gettext("None"), **{s: words_for_working("sector", s) for s in SECTORS}},
        "aid_for_same_costs": {"yes": gettext("Yes"), "no": gettext("No")},
    }
    titles = {
        "legal_form": gettext("Legal form"),
        "holdings.control": gettext("Other control"),
        "aid.excluded": gettext("Aid that was waived"),
        "aid_sector": label("aid_sector", (), {}),
        "aid_for_same_costs": label("aid_for_same_costs", (), {}),
    }
    return {
        what: (titles[what], {f"{what}:{code}": text for code, text in choices.items()})
        for what, choices in lists.items()
    }


def _unknown_and(told: str) -> str:
    if told:
        return gettext("Give a new value or say that it is not known, not both.")
    return gettext("This cannot be left open: give a new value.")


def _as_stated(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if isinstance(value, date) else value


class PostalCodeField(forms.CharField):
    """A Belgian postal code."""

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if text and not is_postal_code(text):
            raise ValidationError(gettext("Give a Belgian postal code of four digits."))
        return text


class NaceField(forms.CharField):
    """The five digits of a NACE-BEL sub-class."""

    def clean(self, value: Any) -> Any:
        try:
            return nace_code(super().clean(value))
        except Refusal as refusal:
            raise ValidationError(words_for(refusal)) from None


def _share() -> NumberField:
    return NumberField(most=100, decimals=6)


FIELDS: dict[str, Callable[[], forms.Field]] = {
    "periods.headcount": lambda: NumberField(most=HEADCOUNT_MOST),
    "periods.turnover": WholeEuroField,
    "periods.balance_total": WholeEuroField,
    "equity": lambda: WholeEuroField(signed=True),
    "public_share_pct": _share,
    "holdings.share": _share,
    "holdings.capital_pct": _share,
    "holdings.voting_pct": _share,
    "holdings.valid_from": DayField,
    "holdings.valid_until": DayField,
    "declared_on": DayField,
    "postal_code": PostalCodeField,
    "nace_code": NaceField,
    "maatwerk_recognition": forms.CharField,
    "aid.amount": EuroField,
}
