"""The terms of an edition as somebody types them, and its packages row by row."""

from datetime import date
from typing import Any, ClassVar

from django import forms
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.design import figures
from apps.design.fields import DayField, EuroField, OneOfField, PercentField
from apps.programme.models import Edition
from apps.programme.services import PackageRow
from apps.providers.models import Provider
from cstraject.terms import ONCE_ONLY_PER

PACKAGES_MAX = 6
SHARES = ("rate", "vat_rate", "first_tranche_share", "first_tranche_threshold")
LABELS = {
    "name": _("Name"),
    "valid_from": _("From"),
    "valid_until": _("Until"),
    "rate": _("Share of the price that VLAIO pays"),
    "vat_rate": _("VAT on that share"),
    "extended_price_max": _("Highest price with an extension, excluding VAT"),
    "first_tranche_share": _("Share of the grant in the first tranche"),
    "first_tranche_threshold": _("Share that must be delivered for the first tranche"),
    "once_only_years": _("Years until help is possible again"),
    "once_only_per": _("Who is helped once in those years"),
    "claim_window_days": _("Days to claim after a quarter"),
    "run_day": _("Day of the month on which the run is drawn up"),
    "decision_days": _("Days to decide about a dossier"),
    "answer_days": _("Days for a provider to answer"),
    "verification_days": _("Days to verify a claim"),
    "letter_note": _("At the end of each decision letter"),
    "de_minimis_includes_vat": _("The subsidy counts as de minimis aid with its VAT"),
    "maatwerk_exempt_from": _("Maatwerkbedrijven of any size from"),
    "period_rule": _("Which accounting years decide about the size"),
    "de_minimis_boundary_counts": _("Aid of the first day of the window counts"),
    "de_minimis_old_in_transition": _("The old Regulation still holds from January to June 2024"),
    "overrides_by_two": _("Going against an answer of the rules takes a second officer"),
}
GROUPS = (
    (_("Name and validity"), ("name", "valid_from", "valid_until")),
    (_("What VLAIO pays"), ("rate", "vat_rate", "extended_price_max")),
    (_("Payment in two tranches"), ("first_tranche_share", "first_tranche_threshold")),
    (
        _("Who is helped"),
        ("once_only_years", "once_only_per", "period_rule", "maatwerk_exempt_from"),
    ),
    (
        _("De minimis aid"),
        (
            *("de_minimis_includes_vat", "de_minimis_boundary_counts"),
            "de_minimis_old_in_transition",
        ),
    ),
    (
        _("Terms and days"),
        ("decision_days", "answer_days", "claim_window_days", "verification_days", "run_day"),
    ),
    (_("Decisions and letters"), ("overrides_by_two", "letter_note")),
)
assert sorted(name for _title, names in GROUPS for name in names) == sorted(LABELS)
CHOICES = {
    "once_only_per": [("enterprise", _("enterprise")), ("undertaking", _("single undertaking"))],
    "period_rule": [
        ("two_consecutive", _("two consecutive years")),
        ("one_of_two", _("one of two years")),
    ],
}
assert {value for value, _words in CHOICES["once_only_per"]} == set(ONCE_ONLY_PER)


def _typed(field: "models.Field[Any, Any]", **kwargs: Any) -> forms.Field | None:
    name = field.name
    label, required = LABELS.get(name), not (field.blank or field.null)
    if name in CHOICES:
        return forms.ChoiceField(label=label, choices=CHOICES[name])
    if isinstance(field, models.DateField):
        return DayField(label=label, required=required)
    if name == "extended_price_max":
        return EuroField(label=label)
    if name in SHARES:
        return PercentField(label=label)
    kwargs.pop("widget", None)
    made: forms.Field | None = field.formfield(label=label, help_text="", **kwargs)
    return made


class LetterNoteForm(forms.ModelForm):  # type: ignore[type-arg]
    """What may change though dossiers were decided under the edition."""

    class Meta:
        model = Edition
        fields = ("letter_note",)
        formfield_callback = _typed

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "note_%s", **kwargs})


class EditionForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Edition
        fields = tuple(LABELS)
        formfield_callback = _typed
        error_messages: ClassVar = {
            "name": {
                "unique": _("There is an edition with this name already. Choose another name.")
            }
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "edition_%s", **kwargs})
        if price := self.initial.get("extended_price_max"):
            self.initial["extended_price_max"] = figures.number(price)
        for name in SHARES:
            if (share := self.initial.get(name)) is not None:
                self.initial[name] = figures.percentage(share * 100)

    def clean(self) -> dict[str, Any]:
        typed: dict[str, Any] = super().clean() or self.cleaned_data
        begins, ends = typed.get("valid_from"), typed.get("valid_until")
        if begins and ends and ends < begins:
            self.add_error("valid_until", _("The last day lies before the first."))
        day = typed.get("run_day")
        if day is not None and not 1 <= day <= 28:
            self.add_error("run_day", _("Choose a day from 1 to 28."))
        elif day is not None and day <= typed.get("claim_window_days", 0):
            self.add_error("run_day", _("Choose a day after the last day to claim."))
        for name in SHARES:
            if typed.get(name) == 0 and name != "vat_rate":
                self.add_error(name, _("Give more than 0 percent."))
        if typed.get("first_tranche_share") == 1:
            self.add_error("first_tranche_share", _("Give less than 100 percent."))
        return typed

    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        return [(str(title), [self[name] for name in names]) for title, names in GROUPS]

    def told(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """Each term with its value in words, in the same groups."""
        return [
            (
                str(title),
                [(str(LABELS[name]), self._told(name)) for name in names if name != "name"],
            )
            for title, names in GROUPS
        ]

    def _told(self, name: str) -> str:
        value = getattr(self.instance, name)
        if name in CHOICES:
            return str(dict(CHOICES[name])[value])
        if isinstance(value, bool):
            return gettext("yes") if value else gettext("no")
        if name in SHARES:
            return figures.percentage(value * 100)
        if name == "extended_price_max":
            return figures.whole_euro(value)
        if value is None or value == "":
            return figures.NOTHING
        return figures.day(value) if hasattr(value, "isoformat") else str(value)


class PackageRows(forms.Form):
    """The packages of an edition: a code, a price band, the days on which it is offered.

    `days` are the first and the last of the edition: of a package where it tells no other.
    """

    WORDS = {
        "code": _("code"),
        "min": _("from, excluding VAT"),
        "max": _("to, excluding VAT"),
        "first": _("first day"),
        "last": _("last day"),
    }

    def __init__(
        self, *args: Any, days: tuple[date | None, date | None] = (None, None), **kwargs: Any
    ) -> None:
        super().__init__(*args, **{"auto_id": "packages_%s", **kwargs})
        self.days = dict(zip(("first", "last"), days, strict=True))
        for nth in range(1, PACKAGES_MAX + 1):
            made = {
                "code": forms.SlugField(
                    max_length=20,
                    required=False,
                    error_messages={"invalid": _("Only letters, digits and hyphens.")},
                ),
                **{name: EuroField(help_text="", required=False) for name in ("min", "max")},
                **{name: DayField(help_text="", required=False) for name in ("first", "last")},
            }
            for name, field in made.items():
                field.label = gettext("Package %(nth)s: %(what)s") % {
                    "nth": nth,
                    "what": self.WORDS[name],
                }
                self.fields[f"p{nth}_{name}"] = field

    @classmethod
    def of(cls, edition: Edition, *, anew: bool) -> "PackageRows":
        """As they stand; for a new edition without their days."""
        initial: dict[str, Any] = {}
        for nth, package in enumerate(edition.packages.order_by("code")[:PACKAGES_MAX], start=1):
            initial |= {
                f"p{nth}_code": package.code,
                f"p{nth}_min": figures.number(package.price_min),
                f"p{nth}_max": figures.number(package.price_max),
            }
            if not anew:
                initial |= {
                    f"p{nth}_first": package.valid_from,
                    f"p{nth}_last": package.valid_until,
                }
        return cls(initial=initial)

    def lines(self) -> list[list[forms.BoundField]]:
        return [
            [self[f"p{nth}_{name}"] for name in self.WORDS] for nth in range(1, PACKAGES_MAX + 1)
        ]

    def clean(self) -> dict[str, Any]:
        typed: dict[str, Any] = super().clean() or self.cleaned_data
        for nth in range(1, PACKAGES_MAX + 1):
            if not typed.get(f"p{nth}_code"):
                continue
            for name, day in self.days.items():
                if typed.get(f"p{nth}_{name}", day) is None:
                    typed[f"p{nth}_{name}"] = day
            row = {name: typed.get(f"p{nth}_{name}") for name in ("min", "max", "first", "last")}
            for name in ("min", "max"):
                if row[name] is None and f"p{nth}_{name}" not in self.errors:
                    self.add_error(f"p{nth}_{name}", _("Give the prices of this package."))
            if row["min"] is not None and row["max"] is not None and row["max"] < row["min"]:
                self.add_error(f"p{nth}_max", _("This is less than the lowest price."))
            if row["first"] and row["last"] and row["last"] < row["first"]:
                self.add_error(f"p{nth}_last", _("The last day lies before the first."))
        return typed

    def rows(self) -> list[PackageRow]:
        typed = self.cleaned_data
        return [
            PackageRow(*(typed[f"p{nth}_{name}"] for name in self.WORDS))
            for nth in range(1, PACKAGES_MAX + 1)
            if typed[f"p{nth}_code"]
        ]


class ProviderField(OneOfField):
    def label_from_instance(self, obj: Provider) -> str:
        return obj.name


class AwardForm(forms.Form):
    """A framework contract for a provider under an edition."""

    provider = ProviderField(label=_("Provider"), queryset=Provider.objects.none())
    budget = EuroField(label=_("Budget, including VAT"))
    valid_from = DayField(label=_("First day"))
    valid_until = DayField(label=_("Last day"))

    def __init__(self, *args: Any, edition: Edition, **kwargs: Any) -> None:
        initial = {"valid_from": edition.valid_from, "valid_until": edition.valid_until}
        super().__init__(*args, **{"auto_id": "award_%s", "initial": initial, **kwargs})
        self.edition = edition
        provider = self.fields["provider"]
        assert isinstance(provider, ProviderField)
        free = Provider.objects.exclude(contracts__edition=edition)
        if (chosen := self.data.get("provider", "")).isdecimal():
            # Whoever was chosen stays there to be seen, also when a colleague was first.
            free |= Provider.objects.filter(pk=int(chosen))
        provider.queryset = free.order_by("name")

    def clean(self) -> dict[str, Any]:
        typed: dict[str, Any] = super().clean() or self.cleaned_data
        begins, ends = typed.get("valid_from"), typed.get("valid_until")
        if begins and ends and ends < begins:
            self.add_error("valid_until", _("The last day lies before the first."))
        return typed
