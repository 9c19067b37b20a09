"""What a provider types. What it means is decided below."""

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.design.fields import DayField, EuroField, PersonDaysField, QuarterForm


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
