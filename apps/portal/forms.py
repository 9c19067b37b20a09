"""What a provider types. What it means is decided below."""

from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.design import figures
from apps.design.fields import DayField, EuroField, PersonDaysField, QuarterForm, typed
from apps.design.words import words_for, words_for_working
from cstraject.identifiers import enterprise_number, nace_code
from cstraject.refusal import Refusal
from cstraject.terms import Terms


class StartForm(forms.Form):
    on = DayField(label=_("Day on which the work started"))


class CompleteForm(forms.Form):
    on = DayField(label=_("Day on which all work was done"))


class EndReportForm(forms.Form):
    on = DayField(label=_("Day on which the end report was received"))


class WithdrawForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        help_text=_("The reason stays on record."),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class StatementForm(QuarterForm):
    person_days = PersonDaysField(
        label=_("Person-days since the start"), help_text=_("In all, for example 12,5.")
    )
    amount = EuroField(
        label=_("Amount since the start, excluding VAT"),
        help_text=_("In all, in euro, for example 15.000,50."),
    )


class ClaimForm(QuarterForm):
    tranche = forms.IntegerField(widget=forms.HiddenInput)


class NumberField(forms.CharField):
    """A number as people here type it, within bounds; a Decimal, or None."""

    def __init__(self, *, most: int = 10**12, **kwargs: Any) -> None:
        super().__init__(max_length=40, widget=typed(), required=False, **kwargs)
        self.most = most

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        try:
            number = Decimal(figures.typed_number(text))
        except InvalidOperation:
            number = Decimal(-1)
        if not number.is_finite() or not 0 <= number <= self.most:
            raise ValidationError(gettext("Give a number from 0 on, for example 12,5."))
        if number != round(number, 6):
            raise ValidationError(gettext("Give at most six decimals."))
        return number


class PrecheckForm(forms.Form):
    """What the pre-check asks; most may stay empty, and is then not known."""

    number = forms.CharField(label=_("Enterprise number"), max_length=40, required=False)
    name = forms.CharField(label=_("Name of the enterprise"), max_length=200, required=False)
    legal_form = forms.ChoiceField(label=_("Legal form"))
    postal_code = forms.CharField(
        label=_("Postal code of the establishment"), max_length=10, help_text=_("In Flanders.")
    )
    nace_code = forms.CharField(
        label=_("NACE code of the main activity"),
        max_length=10,
        required=False,
        help_text=_("Five digits, for example 62010."),
    )
    headcount = NumberField(
        label=_("Headcount, last accounts"), help_text=_("In full-time equivalents.")
    )
    turnover = NumberField(label=_("Turnover, last accounts"), help_text=_("In euro."))
    balance_total = NumberField(label=_("Balance total, last accounts"), help_text=_("In euro."))
    headcount_before = NumberField(label=_("Headcount, the year before"))
    turnover_before = NumberField(label=_("Turnover, the year before"))
    balance_total_before = NumberField(label=_("Balance total, the year before"))
    holder_kind = forms.ChoiceField(
        label=_("Who holds a quarter or more of it, or of whom does it hold that?"),
        required=False,
        help_text=_("The largest one. With more of them, a provider fills in the dossier."),
    )
    holder_pct = NumberField(label=_("How much is held, in percent"), most=100)
    holder_headcount = NumberField(label=_("Headcount of that enterprise"))
    holder_turnover = NumberField(label=_("Turnover of that enterprise"))
    holder_balance_total = NumberField(label=_("Balance total of that enterprise"))
    public_share_pct = NumberField(label=_("Share in public hands, in percent"), most=100)
    equity_negative = forms.ChoiceField(label=_("Is the equity negative?"), required=False)
    aid = EuroField(
        label=_("De minimis aid of the last three years"),
        required=False,
        help_text=_("Of all authorities, with linked enterprises; 0 if there was none."),
    )
    maatwerk = forms.BooleanField(label=_("A recognised maatwerkbedrijf"), required=False)
    price = EuroField(label=_("Price of the offer, excluding VAT"), required=False)

    note = ""

    def __init__(self, *args: Any, terms: Terms, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        forms_known = sorted({*terms.legal_forms, *terms.legal_forms_refused})
        for field, choices in (
            (
                "legal_form",
                [("", "–"), *((f, f) for f in forms_known), ("?", gettext("another one"))],
            ),
            (
                "holder_kind",
                [
                    ("", gettext("nobody")),
                    ("owner", gettext("an enterprise holds it")),
                    ("daughter", gettext("it holds an enterprise")),
                    *(
                        (kind, words_for_working("kind", kind))
                        for kind in ("natural_person", "public_body", "venture_capital")
                    ),
                ],
            ),
            (
                "equity_negative",
                [("", gettext("not known")), ("no", gettext("no")), ("yes", gettext("yes"))],
            ),
        ):
            choice = self.fields[field]
            assert isinstance(choice, forms.ChoiceField)
            choice.choices = choices

    def clean_number(self) -> str:
        text: str = self.cleaned_data["number"]
        try:
            return enterprise_number(text) if text else ""
        except Refusal as refusal:
            raise ValidationError(words_for(refusal)) from None

    def clean_nace_code(self) -> str:
        text: str = self.cleaned_data["nace_code"]
        try:
            return nace_code(text) if text else ""
        except Refusal as refusal:
            raise ValidationError(words_for(refusal)) from None
