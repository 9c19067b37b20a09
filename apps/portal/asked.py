"""What is asked of an enterprise and its offer, in parts, and the answers as a dossier states them.

The pre-check asks all parts on one page and leaves most of them free; a draft asks them step by
step. What is empty is not known.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.boundfield import BoundField
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.design import figures
from apps.design.fields import DayField, EuroField, NumberField, WholeEuroField
from apps.design.words import words_for, words_for_package, words_for_working
from apps.enterprises.selectors import STATED_VERSIONS, Registered, as_facts
from cstraject.deminimis import regulation_for
from cstraject.identifiers import enterprise_number, nace_code
from cstraject.kmo import KINDS
from cstraject.refusal import Refusal
from cstraject.terms import PackageTerms, Terms

# Of how many years back the last annual accounts may be.
YEARS = 4
RELATED = range(1, 5)
GRANTS = range(1, 5)
OTHER, HOLDS_OF_US = "?", "owner-0"
YES, NO, UNSURE = "yes", "no", "unsure"
# In the order of their years, the last first: the ends of the names of their fields.
PERIODS = ("", "_before")
# A draft also takes the one before those: where they differ, it says which class held before.
THIRD = "_third"
FIGURES = ("headcount", "turnover", "balance_total")
OWN_FIGURES = [f"{name}{period}" for period in PERIODS for name in FIGURES]
# Who has no accounts to add.
WITHOUT_FIGURES = frozenset(
    {"natural_person", "public_body", "local_authority", "local_authority_small"}
)


class Asked(forms.Form):
    """What all parts have in common: the terms of the edition, the day, and how they are read."""

    def __init__(self, *args: Any, terms: Terms, on: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.terms, self.on = terms, on
        self.set_up()
        self.order_fields(self.page_order())

    def page_order(self) -> list[str]:
        """The fields as they stand on the page, so that errors are summed up in that order."""
        return list(self.fields)

    def _like(self, pattern: str) -> list[str]:
        return [name for name in self.fields if re.match(pattern, name)]

    def set_up(self) -> None:
        """Give the fields the choices of this edition and day."""

    def facts(self) -> dict[str, Any]:
        """In the form in which the API takes `facts`; what is empty or not known is left out."""
        return {}

    def unsaid(self) -> set[str]:
        """Fields of which what they hold says nothing: of a row in which nothing was told."""
        return set()

    def own_number(self) -> str:
        """The number of the enterprise itself; empty where it is not given."""
        return str(self.cleaned_data.get("number") or "")

    def numbers(self) -> dict[str, Decimal]:
        """What was typed as numbers in the active language; what cannot be read is left out."""
        read = {}
        for name, field in self.fields.items():
            if isinstance(field, NumberField):
                with suppress(ValidationError):
                    read[name] = field.clean(self.data.get(name, ""))
        return {name: number for name, number in read.items() if number is not None}

    def _offer(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def _checked(self, name: str, read: Callable[[str], str]) -> str:
        text: str = self.cleaned_data[name]
        try:
            return read(text) if text else ""
        except Refusal as refusal:
            raise ValidationError(words_for(refusal)) from None

    def _pass_over(self, rows: str) -> None:
        """What stands in rows that the answer above them hides is not read."""
        for name in [name for name in self.errors if re.match(rf"{rows}\d+_", name)]:
            del self.errors[name]

    def _filled(self, prefix: str, names: tuple[str, ...]) -> bool:
        """Whether anything was typed in a row."""
        return any(self.data.get(f"{prefix}_{name}", "").strip() for name in names)

    def _needed(self, name: str) -> None:
        if self.cleaned_data.get(name) in (None, "") and name not in self.errors:
            self.add_error(name, self.fields[name].error_messages["required"])


class EnterpriseAsked(Asked):
    """Who it is: number, name, legal form, place, main activity, who owns it in public."""

    number = forms.CharField(label=_("Enterprise number"), max_length=20, required=False)
    name = forms.CharField(label=_("Name of the enterprise"), max_length=200, required=False)
    legal_form = forms.ChoiceField(label=_("Legal form"))
    postal_code = forms.RegexField(
        label=_("Postal code of the establishment"),
        regex=r"\A[0-9]{4}\Z",
        help_text=_("Of the establishment that is helped, for example 9000."),
        error_messages={"invalid": _("Give a postal code of four digits.")},
    )
    nace_version = forms.ChoiceField(
        label=_("Version of NACE-BEL"), choices=[(v, v) for v in STATED_VERSIONS]
    )
    nace_code = forms.CharField(
        label=_("NACE code of the main activity"),
        max_length=10,
        required=False,
        help_text=_("Five digits, for example 62100 (version 2025) or 62010 (version 2008)."),
    )
    public_share_pct = NumberField(
        label=_("Share in public hands, in percent"),
        most=100,
        decimals=6,
        in_percent=True,
        required=False,
        help_text=_("0 if no public body holds any."),
    )
    maatwerk = forms.BooleanField(label=_("A recognised maatwerkbedrijf"), required=False)
    recognition = forms.CharField(
        label=_("Number of the recognition"), max_length=60, required=False
    )

    def set_up(self) -> None:
        super().set_up()
        known = sorted({*self.terms.legal_forms, *self.terms.legal_forms_refused})
        self._offer(
            "legal_form",
            [("", "–"), *((code, code) for code in known), (OTHER, gettext("Another one"))],
        )

    def clean_number(self) -> str:
        return self._checked("number", enterprise_number)

    def clean_nace_code(self) -> str:
        return self._checked("nace_code", nace_code)

    def facts(self) -> dict[str, Any]:
        given = self.cleaned_data
        told = {
            "number": given["number"],
            "name": given["name"],
            "legal_form": self.stated_form(),
            "nace_version": given["nace_version"] if given["nace_code"] else "",
            "nace_code": given["nace_code"],
            "postal_code": given["postal_code"],
            "public_share_pct": text(given["public_share_pct"]),
            "maatwerk_recognition": given["recognition"],
        }
        return super().facts() | {name: value for name, value in told.items() if value}

    def stated_form(self) -> str:
        form: str = self.cleaned_data["legal_form"]
        return "" if form == OTHER else form


class AccountsAsked(Asked):
    """Its annual accounts: headcount, turnover, balance total, equity."""

    own_periods: tuple[str, ...] = PERIODS

    year = forms.TypedChoiceField(label=_("Year of the last annual accounts"), coerce=int)
    equity = WholeEuroField(
        label=_("Equity"),
        signed=True,
        required=False,
        help_text=_("In euro, with a minus sign below zero."),
    )

    def set_up(self) -> None:
        super().set_up()
        years = [str(self.on.year - ago) for ago in range(YEARS)]
        self._offer("year", [(year, year) for year in years])
        self.fields["year"].initial = str(self.on.year - 1)
        for period in self.own_periods:
            self.fields |= _figures("", period, gettext("the enterprise"))

    def own_figures(self) -> list[BoundField]:
        return [self[name] for name in OWN_FIGURES]

    def facts(self) -> dict[str, Any]:
        told = {
            "periods": list(self._periods("", self.own_periods)),
            "equity": text(self.cleaned_data["equity"]),
        }
        return super().facts() | {name: value for name, value in told.items() if value}

    def _periods(self, prefix: str, periods: tuple[str, ...] = PERIODS) -> Iterator[dict[str, Any]]:
        for ago, period in enumerate(periods):
            told = {
                name: text(self.cleaned_data[f"{prefix}{name}{period}"])
                for name in FIGURES
                if self.cleaned_data[f"{prefix}{name}{period}"] is not None
            }
            if told:
                yield {"year": self.cleaned_data["year"] - ago, **told}


class GroupAsked(AccountsAsked):
    """Who holds a quarter or more of it, and of whom it does: with the share and the figures."""

    # How many owners and daughters can be told.
    related_rows_asked = RELATED

    related = forms.ChoiceField(
        label=_("Does anybody hold 25% or more of the enterprise, or does it hold that of others?"),
        choices=((NO, _("No")), (YES, _("Yes"))),
        widget=forms.RadioSelect,
    )

    def set_up(self) -> None:
        super().set_up()
        for nth in self.related_rows_asked:
            self.fields |= _related(nth, self.related_rows_asked)

    def related_rows(self) -> list[dict[str, Any]]:
        return [
            {
                "nth": nth,
                # The first stands open; another only if something was told of it.
                "open": nth == 1
                or any(name.startswith(f"r{nth}_") for name in self.errors)
                or any(self[f"r{nth}_{name}"].value() for name in ("name", "number", "pct")),
                "who": [self[f"r{nth}_{name}"] for name in ("name", "number", "kind")],
                "share": [self[f"r{nth}_{name}"] for name in ("tie", "pct", "votes")],
                "figures": [self[f"r{nth}_{name}{p}"] for p in PERIODS for name in FIGURES],
            }
            for nth in self.related_rows_asked
        ]

    def _rows(self) -> list[int]:
        """The owners and daughters of whom anything was told."""
        told = ("name", "number", "pct", *(f"{name}{p}" for p in PERIODS for name in FIGURES))
        return [nth for nth in self.related_rows_asked if self._filled(f"r{nth}", told)]

    def unsaid(self) -> set[str]:
        told = self._rows() if self.data.get("related") == YES else []
        empty = [nth for nth in self.related_rows_asked if nth not in told]
        return {name for nth in empty for name in self._like(rf"r{nth}_")}

    def clean(self) -> dict[str, Any]:
        super().clean()
        if self.cleaned_data.get("related") == YES:
            self._clean_related()
        else:
            self._pass_over("r")
        return self.cleaned_data

    def _clean_related(self) -> None:
        rows, given = self._rows(), self.cleaned_data
        if not rows:
            self.add_error("r1_name", gettext("Name who holds or is held, or answer “no” above."))
        numbers = {self.own_number(): 0}
        for nth in rows:
            self._needed(f"r{nth}_name")
            self._needed(f"r{nth}_pct")
            _side, _mark, other = (given.get(f"r{nth}_tie") or HOLDS_OF_US).partition("-")
            if other not in ("", "0") and int(other) not in rows:
                self.add_error(f"r{nth}_tie", gettext("Nothing was filled in of that one."))
            try:
                number = enterprise_number(given.get(f"r{nth}_number") or "")
            except Refusal as refusal:
                if given.get(f"r{nth}_number"):
                    self.add_error(f"r{nth}_number", words_for(refusal))
                continue
            given[f"r{nth}_number"] = number
            if number in numbers:
                self.add_error(f"r{nth}_number", gettext("This number stands here twice."))
            numbers[number] = nth

    def facts(self) -> dict[str, Any]:
        if self.cleaned_data["related"] != YES:
            return super().facts()
        told = {"others": list(self._others()), "holdings": list(self._holdings())}
        return super().facts() | {name: value for name, value in told.items() if value}

    def _key(self, nth: int) -> str:
        number = self.own_number() if nth == 0 else str(self.cleaned_data[f"r{nth}_number"])
        return number or (f"R{nth}" if nth else "")

    def _others(self) -> Iterator[dict[str, Any]]:
        for nth in self._rows():
            given = {n: self.cleaned_data[f"r{nth}_{n}"] for n in ("name", "number", "kind")}
            other = {"number" if given["number"] else "key": self._key(nth), "name": given["name"]}
            if given["kind"] not in ("", "enterprise"):
                other["kind"] = given["kind"]
            if given["kind"] not in WITHOUT_FIGURES and (periods := [*self._periods(f"r{nth}_")]):
                other["periods"] = periods
            yield other

    def _holdings(self) -> Iterator[dict[str, Any]]:
        for nth in self._rows():
            side, _mark, other = (self.cleaned_data[f"r{nth}_tie"] or HOLDS_OF_US).partition("-")
            this, that = self._key(nth), self._key(int(other))
            owner, owned = (this, that) if side == "owner" else (that, this)
            pct = text(self.cleaned_data[f"r{nth}_pct"])
            votes = text(self.cleaned_data[f"r{nth}_votes"]) or pct
            holding = {"owner": owner, "owned": owned, "capital_pct": pct, "voting_pct": votes}
            yield {name: value for name, value in holding.items() if value}


class AidAsked(Asked):
    """De minimis aid of the last three years."""

    aid = forms.ChoiceField(
        label=_("De minimis aid of the last three years"),
        help_text=_("Of all authorities, also to enterprises linked with this one."),
        choices=((NO, _("None")), (YES, _("Received")), (UNSURE, _("I do not know"))),
        widget=forms.RadioSelect,
    )

    def set_up(self) -> None:
        super().set_up()
        for nth in GRANTS:
            self.fields |= _grant(nth)

    def aid_rows(self) -> list[list[BoundField]]:
        return [[self[f"aid{nth}_on"], self[f"aid{nth}_amount"]] for nth in GRANTS]

    def clean(self) -> dict[str, Any]:
        super().clean()
        if self.cleaned_data.get("aid") == YES:
            self._clean_aid()
        else:
            self._pass_over("aid")
        return self.cleaned_data

    def _clean_aid(self) -> None:
        rows = [nth for nth in GRANTS if self._filled(f"aid{nth}", ("on", "amount"))]
        if not rows:
            self.add_error("aid1_on", gettext("Give the day and the amount, or answer “none”."))
        for nth in rows:
            self._needed(f"aid{nth}_on")
            self._needed(f"aid{nth}_amount")
            day = self.cleaned_data.get(f"aid{nth}_on")
            if day and day > self.on:
                self.add_error(f"aid{nth}_on", words_for(Refusal("future-date", given=day)))

    def facts(self) -> dict[str, Any]:
        if self.cleaned_data["aid"] == UNSURE:
            return super().facts()
        told = list(self._aid()) if self.cleaned_data["aid"] == YES else []
        return super().facts() | {"aid": told}

    def _aid(self) -> Iterator[dict[str, Any]]:
        for nth in GRANTS:
            on, amount = self.cleaned_data[f"aid{nth}_on"], self.cleaned_data[f"aid{nth}_amount"]
            if on is None or amount is None:
                continue
            regulation, _doubts = regulation_for(on, reading=self.terms.reading)
            aid = {"on": on.isoformat(), "amount": text(amount), "regulation": regulation}
            if self.own_number():
                aid["recipient"] = self.own_number()
            yield aid


class OfferAsked(Asked):
    """The offer: package, extension, price."""

    package = forms.ChoiceField(label=_("Package"), required=False)
    with_extension = forms.BooleanField(label=_("With an extension"), required=False)
    price = EuroField(label=_("Price of the offer, excluding VAT"), required=False)

    def set_up(self) -> None:
        super().set_up()
        self._offer(
            "package",
            [("", "–"), *((p.code, self._package(p)) for p in self.terms.packages)],
        )

    def _package(self, package: PackageTerms) -> str:
        """With the prices between which it is offered, so that nobody meets them as an error."""
        return gettext("%(package)s, %(lowest)s to %(highest)s") % {
            "package": words_for_package(package.code),
            "lowest": figures.whole_euro(package.price_min),
            "highest": figures.whole_euro(package.price_max),
        }


def text(amount: Decimal | None) -> str:
    """A number as it is stated, without zeros that say nothing."""
    return "" if amount is None else f"{amount.normalize():f}"


def _figures(prefix: str, period: str, whose: str) -> dict[str, forms.Field]:
    """Headcount, turnover and balance total of a period; the year says which."""
    when = {
        "": gettext("last accounts"),
        THIRD: gettext("two years before"),
    }.get(period, gettext("the year before"))
    told = {"whose": whose, "when": when}
    return {
        f"{prefix}headcount{period}": NumberField(
            label=gettext("Headcount of %(whose)s, %(when)s") % told, most=10**7, required=False
        ),
        f"{prefix}turnover{period}": WholeEuroField(
            label=gettext("Turnover of %(whose)s, %(when)s") % told, required=False, help_text=""
        ),
        f"{prefix}balance_total{period}": WholeEuroField(
            label=gettext("Balance total of %(whose)s, %(when)s") % told,
            required=False,
            help_text="",
        ),
    }


def _related(nth: int, rows: range) -> dict[str, forms.Field]:
    """An owner or daughter, and its one tie with the enterprise or with another of them."""
    told = {"nth": nth}
    ties = [(HOLDS_OF_US, gettext("holds shares of the enterprise"))]
    ties += [("daughter-0", gettext("is held by the enterprise"))]
    for other in rows:
        if other != nth:
            ties += [
                (
                    f"owner-{other}",
                    gettext("holds shares of owner or daughter %(nth)s") % {"nth": other},
                )
            ]
            ties += [
                (
                    f"daughter-{other}",
                    gettext("is held by owner or daughter %(nth)s") % {"nth": other},
                )
            ]
    fields = {
        "name": forms.CharField(
            label=gettext("Name of owner or daughter %(nth)s") % told,
            max_length=200,
            required=False,
        ),
        "number": forms.CharField(
            label=gettext("Enterprise number of owner or daughter %(nth)s") % told,
            max_length=20,
            required=False,
        ),
        "kind": forms.ChoiceField(
            label=gettext("Kind of owner or daughter %(nth)s") % told,
            choices=[(kind, words_for_working("kind", kind)) for kind in KINDS],
            required=False,
        ),
        "tie": forms.ChoiceField(
            label=gettext("Owner or daughter %(nth)s …") % told, choices=ties, required=False
        ),
        "pct": NumberField(
            label=gettext("Share of the capital, in percent (owner or daughter %(nth)s)") % told,
            most=100,
            decimals=6,
            in_percent=True,
            required=False,
        ),
        "votes": NumberField(
            label=gettext("Share of the votes, in percent (owner or daughter %(nth)s)") % told,
            most=100,
            decimals=6,
            in_percent=True,
            required=False,
            help_text=gettext("Leave it empty when it is that of the capital."),
        ),
    }
    whose = gettext("owner or daughter %(nth)s") % told
    return {f"r{nth}_{name}": field for name, field in fields.items()} | {
        name: field
        for period in PERIODS
        for name, field in _figures(f"r{nth}_", period, whose).items()
    }


def _grant(nth: int) -> dict[str, forms.Field]:
    told = {"nth": nth}
    return {
        f"aid{nth}_on": DayField(
            label=gettext("Day of de minimis aid %(nth)s") % told, required=False
        ),
        f"aid{nth}_amount": WholeEuroField(
            label=gettext("Amount of de minimis aid %(nth)s") % told, required=False
        ),
    }


# ---- The public register -------------------------------------------------------------------------


def identity_typed(found: Registered, *, terms: Terms, on: date) -> dict[str, str]:
    """Who it is by the register, as somebody would type it; what is not told is left out."""
    facts = as_facts(found, on=on)
    known = {
        name: str(facts.get(name, ""))
        for name in ("number", "legal_form", "postal_code", "nace_version", "nace_code")
    }
    known["name"] = found.name[:200]
    if known["legal_form"] not in {*terms.legal_forms, *terms.legal_forms_refused}:
        known["legal_form"] = ""
    return {name: value for name, value in known.items() if value}


def accounts_typed(found: Registered, *, on: date) -> dict[str, str]:
    """Its equity and its last two years by the annual accounts, as somebody would type them."""
    known = {} if found.equity is None else {"equity": as_typed(found.equity)}
    last = found.periods[0].year if found.periods else 0
    if on.year - YEARS < last <= on.year:
        # All of them: what the accounts do not tell is not told by another year either.
        known["year"] = str(last)
        for ago, ending in enumerate(PERIODS):
            # The last ones closed in that year; of another length they would have to be converted.
            told = next((p for p in found.periods if p.year == last - ago), None)
            whole = told is not None and told.months == 12
            for name in FIGURES:
                known[name + ending] = as_typed(getattr(told, name)) if whole else ""
    return known


def as_typed(number: Decimal | None) -> str:
    """A figure of the register, as somebody here would type it."""
    return "" if number is None else figures.number(round(number, 2))
