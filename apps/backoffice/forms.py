"""What an officer types or chooses. What it means is decided below."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User
from apps.accounts.selectors import AT_AGENCY, OF_ACMIDM, capacities_in, staff
from apps.claims.services import ENDED_EARLY, NOT_ENTITLED
from apps.contracts.models import Contract
from apps.design import figures
from apps.design.fields import (
    DayField,
    EuroField,
    OneOfField,
    PersonDaysField,
    QuarterForm,
    SearchForm,
)
from apps.design.figures import euro
from apps.design.words import words_for, words_for_question, words_for_role, words_for_state
from apps.dossiers.listing import digits_of
from apps.dossiers.models import CLOSED, OPENED
from apps.handling.forms import HandOverForm
from apps.payouts.models import Run
from cstraject.eligibility import MET, NOT_MET
from cstraject.lifecycle import PAYMENT, RUN
from cstraject.quarter import day_of
from cstraject.refusal import Refusal


class ReasonField(forms.CharField):
    """Why an officer decides something; it stays on record."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("Reason"))
        kwargs.setdefault("help_text", _("The reason stays on record; the provider can read it."))
        super().__init__(max_length=500, widget=forms.Textarea(attrs={"rows": 3}), **kwargs)


class PersonField(OneOfField):
    def label_from_instance(self, obj: User) -> str:
        return f"{obj.name} · {'ACM/IDM' if obj.email.endswith(OF_ACMIDM) else obj.email}"


class ColleagueField(OneOfField):
    """A colleague, with as what they act at the agency."""

    def label_from_instance(self, obj: User) -> str:
        held = capacities_in(group.name for group in obj.groups.all())
        roles = [words_for_role(one.role) for one in held if one.place == AT_AGENCY]
        return f"{obj.name} ({', '.join(roles) or 'ACM/IDM'})"


class ColleagueForm(HandOverForm):
    officer = ColleagueField(label=_("Colleague"), queryset=User.objects.none())


class AccessForm(forms.Form):
    """A single dossier opened or closed to somebody, until a day."""

    person = PersonField(label=_("Person"), queryset=User.objects.none())
    reference = forms.CharField(label=_("Reference of the dossier"), max_length=40)
    kind = forms.ChoiceField(
        label=_("What"),
        choices=[(OPENED, _("open it to this person")), (CLOSED, _("close it to this person"))],
        widget=forms.RadioSelect,
    )
    until = DayField(label=_("Last day"))
    reason = ReasonField(help_text=_("The reason stays on record at the agency."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "access_%s", **kwargs})
        person = self.fields["person"]
        assert isinstance(person, forms.ModelChoiceField)
        person.queryset = staff()


class FindingForm(forms.Form):
    """What an officer finds on a question that the rules left open."""

    question = forms.CharField(max_length=30, widget=forms.HiddenInput)
    WORDS = {MET: _("Met"), NOT_MET: _("Not met")}

    outcome = forms.ChoiceField(choices=list(WORDS.items()), widget=forms.RadioSelect)
    reason = ReasonField()
    only: Any = ""
    """The one outcome that is offered, if it is one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Many questions share a page: what is wrong with one says which.
        about = {"question": self.title()}
        self.fields["outcome"].label = gettext("Your finding on “%(question)s”") % about
        self.fields["reason"].label = gettext("Reason for your finding on “%(question)s”") % about

    @classmethod
    def about(cls, question: str) -> "FindingForm":
        return cls(initial={"question": question}, auto_id=f"{question}_%s")

    def leave_only(self, outcome: str) -> None:
        """Offer one outcome, told as text: the other is what the rules say already."""
        self.only = self.WORDS[outcome]
        self.fields["outcome"] = forms.ChoiceField(
            choices=[(outcome, self.only)],
            label=self.fields["outcome"].label,
            widget=forms.HiddenInput,
            initial=outcome,
        )

    def title(self) -> str:
        return words_for_question(str(self["question"].value()))


class RefuseForm(forms.Form):
    reason = ReasonField(label=_("Reason for refusing"))


STOP_WORDS = {
    ENDED_EARLY: _(
        "It ends early: the provider keeps the tranches that are verified or paid, also where more"
        " was delivered"
    ),
    NOT_ENTITLED: _("The enterprise was not entitled: all that was paid comes back"),
}


class StopForm(forms.Form):
    cause = forms.ChoiceField(
        label=_("Why it stops"), choices=tuple(STOP_WORDS.items()), widget=forms.RadioSelect
    )
    reason = ReasonField()
    sure = forms.BooleanField(
        label=_("I looked at the amounts above and know that a stop cannot be undone"),
        error_messages={"required": _("Tick that you looked at the amounts.")},
    )


class SendBackForm(forms.Form):
    reason = ReasonField(label=_("Reason for sending back"))


class ReportBackForm(forms.Form):
    reason = ReasonField(label=_("Reason for sending the end report back"))


class AmendBudgetForm(forms.Form):
    """What a budget is to be, from what it was when somebody looked at it."""

    budget = EuroField(label=_("New budget, including VAT"))
    seen = EuroField(widget=forms.HiddenInput)
    reason = ReasonField(help_text=_("The reason stays on record; the provider can read it."))


class ContractField(OneOfField):
    def label_from_instance(self, obj: Contract) -> str:
        left = gettext("%(amount)s left") % {"amount": euro(obj.left)}
        return f"{obj.provider.name} · {obj.edition.name} ({left})"


class ShiftForm(forms.Form):
    """Budget that is to go to another contract."""

    target = ContractField(label=_("To the contract of"), queryset=Contract.objects.none())
    amount = EuroField(label=_("Amount including VAT"))
    reason = ReasonField(help_text=_("The reason stays on record."))

    def offer(self, contracts: QuerySet[Contract]) -> None:
        target = self.fields["target"]
        assert isinstance(target, ContractField)
        target.queryset = contracts


class AmendForm(forms.Form):
    """The offer of a dossier as it is to be."""

    price_excl_vat = EuroField(label=_("Price excluding VAT"))
    person_days = PersonDaysField(label=_("Person-days"))
    reason = ReasonField()


class DrawUpForm(QuarterForm):
    """Which quarter to pay."""


class AbandonForm(forms.Form):
    reason = ReasonField(
        label=_("Reason for abandoning"), help_text=_("The reason stays on record.")
    )


class SettleForm(forms.Form):
    """What the bank said of a payment."""

    outcome = forms.ChoiceField(label=_("What the bank said"), widget=forms.RadioSelect)
    on = DayField(label=_("Day"))
    sure = forms.BooleanField(
        label=_("I read at the bank that this amount was refused or came back"), required=False
    )

    WORDS = {
        "pay": _("Paid"),
        "refuse": _("Refused"),
        "return": _("Returned"),
    }

    def __init__(self, *args: Any, state: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        outcome = self.fields["outcome"]
        assert isinstance(outcome, forms.ChoiceField)
        # What was chosen stays there to be seen, also once it is too late for it.
        events = dict.fromkeys([*PAYMENT.events(state), self.data.get("outcome", "")])
        outcome.choices = [
            (event, self.WORDS[event]) for event in events if event in self.WORDS
        ] or list(self.WORDS.items())

    def clean(self) -> dict[str, Any]:
        typed: dict[str, Any] = super().clean() or self.cleaned_data
        if typed.get("outcome") in ("refuse", "return") and not typed.get("sure"):
            self.add_error("sure", gettext("Tick this first: the tranches are then open again."))
        return typed


class RegisterForm(forms.Form):
    """That a grant stands in the European register, under which reference."""

    reference = forms.CharField(label=_("Reference in the register"), max_length=60)
    on = DayField(label=_("Entered on"))
    corrects = forms.CharField(required=False, widget=forms.HiddenInput)


class AsOfForm(forms.Form):
    as_of = DayField(label=_("As on"))

    def clean_as_of(self) -> date:
        day: date = self.cleaned_data["as_of"]
        if day > day_of(timezone.now()):
            raise ValidationError(words_for(Refusal("future-date", given=day)))
        return day


class ContractFilter(SearchForm):
    """A search for contracts, by who holds them."""

    named = forms.CharField(
        label=_("Beginning of the name or number of the provider"), max_length=100, required=False
    )

    def found(self, contracts: QuerySet[Contract]) -> QuerySet[Contract]:
        """Of these contracts those of whom is searched for; all of them if nobody is."""
        of = Q(provider__name__istartswith=self.searched)
        if digits := digits_of(self.searched):
            of |= Q(provider__enterprise_number__startswith=digits)
        return contracts.filter(of)


class RunFilter(forms.Form):
    """Which runs to list. What is not known is no filter."""

    quarter = forms.ChoiceField(label=_("Quarter"), required=False)
    state = forms.ChoiceField(label=_("Status"), required=False)

    def __init__(self, data: Mapping[str, Any], *, runs: Sequence[Run]) -> None:
        super().__init__(data, auto_id="found_%s")
        self.runs = runs
        quarters = sorted({run.quarter for run in runs}, reverse=True)
        quarter, state = self.fields["quarter"], self.fields["state"]
        assert isinstance(quarter, forms.ChoiceField)
        assert isinstance(state, forms.ChoiceField)
        quarter.choices = [("", _("All")), *((name, figures.quarter(name)) for name in quarters)]
        state.choices = [
            ("", _("All")),
            *((one, words_for_state(one, "run")) for one in RUN.states),
        ]

    def found(self) -> list[Run]:
        self.is_valid()
        chosen = {name: value for name, value in self.cleaned_data.items() if value}
        return [
            run
            for run in self.runs
            if all(getattr(run, name) == value for name, value in chosen.items())
        ]
