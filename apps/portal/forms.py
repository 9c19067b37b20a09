"""What a provider types. What it means is decided below."""

from collections.abc import Collection, Iterable
from typing import Any, Self

from django import forms
from django.core.exceptions import ValidationError
from django.core.files import File
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.claims.models import EndReport
from apps.design import figures
from apps.design.fields import DayField, EuroField, PersonDaysField, QuarterForm
from apps.design.words import (
    words_for,
    words_for_measure,
    words_for_measure_kind,
    words_for_phase,
    words_for_standing,
)
from apps.documents.services import media_type_of
from cstraject.delivery import PHASES, Delivered
from cstraject.measures import CATALOGUE, KINDS, NOTE_MAX, PLANNED, PRIORITIES, REALISED
from cstraject.quarter import Quarter
from cstraject.refusal import Refusal


class StartForm(forms.Form):
    on = DayField(label=_("Day on which the work started"))


class CompleteForm(forms.Form):
    on = DayField(label=_("Day on which all work was done"))


class EndReportForm(forms.Form):
    """What was realised and what remains, measure by measure; the effort; what the SME says."""

    person_days = PersonDaysField(label=_("Person-days of your organisation, in all"))
    own_days = PersonDaysField(
        label=_("Person-days of the enterprise itself"), help_text="", required=False
    )
    feedback = forms.CharField(
        label=_("What the enterprise says of the trajectory"),
        max_length=5_000,
        widget=forms.Textarea(attrs={"rows": 4}),
        required=False,
    )
    document = forms.FileField(
        label=_("The report, signed by the enterprise"),
        help_text=_("A PDF or a picture, at most 10 MB."),
        required=False,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "report_%s", **kwargs})
        choices = [
            ("", _("Not part of it")),
            (REALISED, words_for_standing(REALISED, "")),
            *((f"{PLANNED}:{one}", words_for_standing(PLANNED, one)) for one in PRIORITIES),
        ]
        for code in CATALOGUE:
            name = words_for_measure(code)
            self.fields[f"m_{code}"] = forms.ChoiceField(
                label=name, choices=choices, required=False
            )
            self.fields[f"n_{code}"] = forms.CharField(
                label=gettext("Note on: %(measure)s") % {"measure": name},
                max_length=NOTE_MAX,
                required=False,
            )

    def clean_document(self) -> "File[bytes] | None":
        document: File[bytes] | None = self.cleaned_data["document"]
        if document is not None:
            try:
                media_type_of(document.read())
            except Refusal as refusal:
                raise ValidationError(words_for(refusal)) from None
            document.seek(0)
        return document

    def clean(self) -> dict[str, Any]:
        typed: dict[str, Any] = super().clean() or self.cleaned_data
        return self.again().cleaned_data if self.errors else typed

    def again(self) -> Self:
        """To be sent once more: a browser does not send a file a second time by itself."""
        if self.cleaned_data.get("document"):
            self.add_error("document", gettext("Choose this file again: it is not kept."))
        return self

    def groups(self) -> list[tuple[str, list[tuple[str, forms.BoundField, forms.BoundField]]]]:
        """By kind of measure: its category in CyFun, how it stands, a note."""
        return [
            (
                words_for_measure_kind(kind),
                [
                    (one.cyfun, self[f"m_{one.code}"], self[f"n_{one.code}"])
                    for one in CATALOGUE.values()
                    if one.kind == kind
                ],
            )
            for kind in KINDS
        ]

    def measures(self) -> list[dict[str, str]]:
        told = []
        for code in CATALOGUE:
            standing, _colon, priority = self.cleaned_data[f"m_{code}"].partition(":")
            if standing:
                note = self.cleaned_data[f"n_{code}"]
                told.append(
                    {"code": code, "standing": standing, "priority": priority, "note": note}
                )
        return told

    @classmethod
    def like(cls, report: EndReport) -> "EndReportForm":
        """To correct a report: as it was filed."""
        initial: dict[str, Any] = {
            "person_days": figures.number(report.person_days),
            "own_days": "" if report.own_days is None else figures.number(report.own_days),
            "feedback": report.feedback,
        }
        for one in report.measures:
            priority = one["priority"]
            initial[f"m_{one['code']}"] = f"{PLANNED}:{priority}" if priority else REALISED
            initial[f"n_{one['code']}"] = one["note"]
        return cls(initial=initial)


class WithdrawForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        help_text=_("The reason stays on record."),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class StatementForm(QuarterForm):
    """What was delivered of each phase since the start.

    `seen` is how many statements there were when it was opened.
    """

    seen = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for phase in PHASES:
            name = words_for_phase(phase)
            self.fields[f"{phase}_person_days"] = PersonDaysField(
                label=gettext("%(phase)s: person-days") % {"phase": name}, help_text=""
            )
            self.fields[f"{phase}_amount"] = EuroField(
                label=gettext("%(phase)s: amount excluding VAT") % {"phase": name}, help_text=""
            )

    def offer(self, quarters: Iterable[Quarter], stated: Collection[str] = ()) -> None:
        """The quarters to choose from; of one that was stated it says that this is a correction."""
        super().offer(quarters)
        widget = self.fields["quarter"].widget
        assert isinstance(widget, forms.Select)
        widget.choices = [
            (name, gettext("%(quarter)s (correct what was filed)") % {"quarter": label})
            if name in stated
            else (name, label)
            for name, label in widget.choices
        ]

    def phases(self) -> dict[str, Delivered]:
        typed = self.cleaned_data
        return {
            phase: Delivered(typed[f"{phase}_person_days"], typed[f"{phase}_amount"])
            for phase in PHASES
        }

    def rows(self) -> list[tuple[str, forms.BoundField, forms.BoundField]]:
        return [(phase, self[f"{phase}_person_days"], self[f"{phase}_amount"]) for phase in PHASES]


class ClaimForm(QuarterForm):
    tranche = forms.IntegerField(widget=forms.HiddenInput)
