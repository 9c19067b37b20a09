"""What a provider types. What it means is decided below."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.design.fields import DayField, EuroField, PersonDaysField, QuarterForm
from apps.design.words import words_for_phase
from cstraject.delivery import PHASES, Delivered


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
    """What was delivered of each phase since the start."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for phase in PHASES:
            name = words_for_phase(phase)
            self.fields[f"{phase}_days"] = PersonDaysField(
                label=gettext("%(phase)s: person-days") % {"phase": name}, help_text=""
            )
            self.fields[f"{phase}_amount"] = EuroField(
                label=gettext("%(phase)s: amount excluding VAT") % {"phase": name}, help_text=""
            )

    def phases(self) -> dict[str, Delivered]:
        typed = self.cleaned_data
        return {
            phase: Delivered(typed[f"{phase}_days"], typed[f"{phase}_amount"]) for phase in PHASES
        }

    def rows(self) -> list[tuple[str, forms.BoundField, forms.BoundField]]:
        return [(phase, self[f"{phase}_days"], self[f"{phase}_amount"]) for phase in PHASES]


class ClaimForm(QuarterForm):
    tranche = forms.IntegerField(widget=forms.HiddenInput)
