"""Fields of forms that read days, euros, person-days and quarters as people here write them."""

import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar
from urllib.parse import urlencode

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.design import figures
from apps.design.words import words_for
from cstraject.money import read_euros
from cstraject.quarter import Quarter
from cstraject.refusal import Refusal

# 15.000,50 or 15,000.50: a mark before three digits groups, one before fewer digits at the end
# sets the cents apart. No amount has three decimals, so there is never a doubt.
GROUPED = re.compile(r"(\d{1,3})([.,])(\d{3})((?:\2\d{3})*)(?:(?!\2)[.,](\d{1,2}))?", re.ASCII)
PLAIN = re.compile(r"(\d+)(?:[.,](\d{1,2}))?", re.ASCII)
BLANKS = re.compile(r"[\s\u00a0\u2009\u202f]+")


# What somebody is asked to do where nothing was given, by kind of field; those of this module say
# their own.
MISSING: dict[type[forms.Field], Any] = {
    forms.Field: _("Fill this in."),
    forms.IntegerField: _("Give a number."),
    forms.EmailField: _("Give an e-mail address."),
    forms.BooleanField: _("Tick this."),
    forms.ChoiceField: _("Make a choice."),
    forms.MultipleChoiceField: _("Tick what holds."),
    forms.ModelChoiceField: _("Make a choice."),
    forms.FileField: _("Choose a file."),
}


def say_what_to_do() -> None:
    """Give the kinds of fields of Django these sentences, for every form of every door."""
    for kind, told in MISSING.items():
        kind.default_error_messages = {**kind.default_error_messages, "required": told}


def typed(widget: type[forms.TextInput] = forms.TextInput, mode: str = "decimal") -> Any:
    """A line to type figures in: with the keyboard for them, without earlier answers."""
    return widget(attrs={"inputmode": mode, "autocomplete": "off"})


class EuroField(forms.CharField):
    """An amount in euro: `15.000,50`, `15000,50`, `15,000.50` or `€ 15 000`."""

    default_error_messages: ClassVar = {"required": _("Give an amount.")}

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 40)
        kwargs.setdefault("help_text", _("In euro, for example 15,000.50."))
        kwargs.setdefault("widget", typed())
        super().__init__(**kwargs)

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        try:
            return self.read(_amount_in(text))
        except Refusal as refusal:
            raise ValidationError(self.told(refusal.code, text)) from None

    def told(self, why: str, text: str) -> str:
        return words_for(Refusal(why, given=text))

    def read(self, amount: str) -> Decimal:
        return read_euros(amount)


class WholeEuroField(EuroField):
    """An amount of annual accounts: larger than any subsidy, and below zero where `signed`."""

    def __init__(self, *, signed: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.signed = signed

    def told(self, why: str, text: str) -> str:
        if not self.signed:
            return super().told(why, text)
        told = gettext("“%(given)s” cannot be read as an amount: give euros, also below zero.")
        return told % {"given": text}

    def read(self, amount: str) -> Decimal:
        if not re.fullmatch(r"-?[0-9]{1,12}\.[0-9]{1,2}", amount) or (
            amount.startswith("-") and not self.signed
        ):
            raise Refusal("unreadable-amount", given=amount)
        return Decimal(amount)


def _amount_in(text: str) -> str:
    """What was written as an amount, with a dot and its cents; as it is when it is none."""
    bare = re.sub(r"€|euro?", "", BLANKS.sub("", text), flags=re.IGNORECASE)
    sign, bare = ("-", bare[1:]) if bare[:1] in ("-", "−") else ("", bare)
    if found := GROUPED.fullmatch(bare):
        first, mark, second, more, cents = found.groups()
        return f"{sign}{first}{second}{more.replace(mark, '')}.{cents or 0}"
    if found := PLAIN.fullmatch(bare):
        whole, cents = found.groups()
        return f"{sign}{whole}.{cents or 0}"
    return text


class NumberField(forms.CharField):
    """A number from zero on, as people here type it, within bounds."""

    default_error_messages: ClassVar = {"required": _("Give a number.")}

    def __init__(
        self, *, most: int, decimals: int = 2, in_percent: bool = False, **kwargs: Any
    ) -> None:
        kwargs.setdefault("max_length", 20)
        super().__init__(widget=typed(), **kwargs)
        self.most, self.decimals, self.in_percent = most, decimals, in_percent

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        plain = figures.typed_number(text)
        number = rf"[0-9]{{1,12}}(\.[0-9]{{1,{self.decimals}}})?"
        if not re.fullmatch(number, plain) or Decimal(plain) > self.most:
            raise ValidationError(
                gettext("Give a number from 0 to %(most)s, for example 12.5.")
                % {"most": figures.number(self.most)}
            )
        return Decimal(plain)


class PercentField(NumberField):
    """A share, typed in hundredths: `45 %` or `45` is 0.45."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("help_text", _("In percent, for example 45 or 12.5."))
        super().__init__(most=100, in_percent=True, **kwargs)

    def clean(self, value: Any) -> Any:
        share = super().clean(value)
        return None if share is None else share / 100


class PersonDaysField(forms.CharField):
    """A number of person-days with at most one decimal: `12,5` or `12.5`."""

    default_error_messages: ClassVar = {"required": _("Give a number of days.")}

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 10)
        kwargs.setdefault("help_text", _("With at most one decimal, for example 12.5."))
        super().__init__(widget=typed(), **kwargs)

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        if re.fullmatch(r"[0-9]{5,}([.,][0-9]*)?", text):
            raise ValidationError(gettext("Give less than 10,000 days."))
        if not re.fullmatch(r"[0-9]{1,4}([.,][0-9])?", text):
            raise ValidationError(gettext("Give a number of days with at most one decimal."))
        return Decimal(text.replace(",", "."))


class DayField(forms.DateField):
    """A day, typed as dd/mm/yyyy: what browsers make of `type=date` differs too much."""

    default_error_messages: ClassVar = {
        "required": _("Give a day, as dd/mm/yyyy."),
        "invalid": _("Write it as dd/mm/yyyy, for example 12/11/2026."),
    }

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("help_text", _("As dd/mm/yyyy, for example 31/03/2022."))
        super().__init__(widget=typed(forms.DateInput, mode="numeric"), **kwargs)

    def clean(self, value: Any) -> date | None:
        day: date | None = super().clean(value)
        if day is not None and not 2000 <= day.year < 2100:
            told = gettext("%(day)s lies too far back: give a day from 2000 on.")
            if day.year >= 2100:
                told = gettext("%(day)s lies too far ahead.")
            raise ValidationError(told % {"day": figures.day(day)}, code="invalid")
        return day


class OneOfField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """One of what is stored; as long as nothing is chosen, the list says what to do."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("empty_label", _("Choose"))
        super().__init__(**kwargs)


class QuarterField(forms.CharField):
    """A quarter, chosen from those that `offer` names; any that is written right is read."""

    default_error_messages: ClassVar = {"required": _("Choose a quarter.")}

    widget = forms.Select

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        try:
            return Quarter.parse(text)
        except Refusal as refusal:
            raise ValidationError(words_for(refusal)) from None


class QuarterForm(forms.Form):
    """A form in which a quarter is chosen."""

    quarter = QuarterField(label=_("Quarter"))

    def offer(self, quarters: Iterable[Quarter]) -> None:
        """The quarters to choose from; what was chosen stays, also once it is not offered."""
        widget, offered = self.fields["quarter"].widget, list(quarters)
        assert isinstance(widget, forms.Select)
        with suppress(Refusal):
            chosen = Quarter.parse(self.data.get("quarter", ""))
            offered += [chosen] if chosen not in offered else []
        widget.choices = [(str(quarter), figures.quarter(quarter)) for quarter in offered]


class SearchForm(forms.Form):
    """A search on a list, by what is typed. What is not known is no filter."""

    named = forms.CharField(max_length=100, required=False)

    @property
    def searched(self) -> str:
        """What is searched for, if anything."""
        self.is_valid()
        return str(self.cleaned_data.get("named", ""))

    def search_query(self) -> str:
        """The search as an address says it, for links to other pages and to the files."""
        return urlencode({"named": self.searched}) if self.searched else ""
