"""A dossier in preparation: its steps as forms, and what they state together."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

from django import forms
from django.conf import settings
from django.utils.datastructures import MultiValueDict
from django.utils.translation import get_language, gettext, override
from django.utils.translation import gettext_lazy as _

from apps.contracts.models import Contract
from apps.design import figures
from apps.design.fields import DayField, PersonDaysField
from apps.design.words import words_for, words_for_working
from apps.documents.models import DECLARATION, FILED_WITH, OFFER
from apps.dossiers.drafts import Typed, typed_in
from apps.dossiers.models import Draft
from apps.enterprises.selectors import as_facts, registered
from apps.portal.asked import (
    NO,
    OTHER,
    OWN_FIGURES,
    PERIODS,
    THIRD,
    YES,
    AidAsked,
    Asked,
    EnterpriseAsked,
    GroupAsked,
    OfferAsked,
)
from apps.programme.selectors import terms_of
from cstraject.corrections import same
from cstraject.deminimis import SECTORS
from cstraject.facts import DECLARATIONS, PROVIDER_TIES, Offer
from cstraject.refusal import Refusal

STEPS = ENTERPRISE, FIGURES, AID, OFFER_STEP, DOCUMENTS = (
    *("enterprise", "figures", "aid", "offer", "documents"),
)
TITLES: dict[str, Any] = {
    ENTERPRISE: _("The enterprise"),
    FIGURES: _("Accounts and owners"),
    AID: _("Aid and ties"),
    OFFER_STEP: _("The offer"),
    DOCUMENTS: _("Documents"),
}
SOURCE_HELP = _("Where this comes from, for example a document or a register, with its day.")


def source_field(label: Any) -> forms.CharField:
    return forms.CharField(label=label, max_length=150, required=False, help_text=SOURCE_HELP)


class Step(Asked):
    """One step; `draft` is what it belongs to, `number` is that of the enterprise as told."""

    def __init__(self, *args: Any, draft: Draft, number: str = "", **kwargs: Any) -> None:
        self.draft, self.told_number = draft, number
        super().__init__(*args, **kwargs)

    def own_number(self) -> str:
        return self.told_number or super().own_number()

    def sources(self) -> dict[str, str]:
        """The source of each fact that has one of its own."""
        return {}

    def told(self) -> dict[str, Any]:
        """What the list of drafts and the counts need of it, as far as it could be read."""
        return {}


class EnterpriseStep(Step, EnterpriseAsked):
    other_form = forms.CharField(
        label=_("Which legal form"),
        max_length=60,
        required=False,
        help_text=_("If you chose “another one”, in the words of the register."),
    )

    def page_order(self) -> list[str]:
        return ["number", "name", "legal_form", "other_form"]

    def set_up(self) -> None:
        super().set_up()
        for name in ("number", "name", "nace_code"):
            self.fields[name].required = True

    def clean(self) -> dict[str, Any]:
        super().clean()
        if self.cleaned_data.get("legal_form") == OTHER:
            self._needed("other_form")
        if self.cleaned_data.get("maatwerk"):
            self._needed("recognition")
        return self.cleaned_data

    def stated_form(self) -> str:
        return super().stated_form() or str(self.cleaned_data["other_form"])

    def told(self) -> dict[str, Any]:
        given = self.cleaned_data
        return {
            "enterprise_number": given.get("number") or "",
            "enterprise_name": given.get("name") or "",
            "nace_code": given.get("nace_code") or "",
            "postal_code": given.get("postal_code") or "",
        }


THIRD_YEAR = [f"{name}{THIRD}" for name in ("headcount", "turnover", "balance_total")]


class FiguresStep(Step, GroupAsked):
    related_rows_asked = range(1, 9)
    own_periods = (*PERIODS, THIRD)

    accounts_source = source_field(_("Source of the figures of the enterprise"))
    holdings_source = source_field(_("Source of the holdings and of the figures of others"))

    def page_order(self) -> list[str]:
        return [
            *("year", *OWN_FIGURES, *THIRD_YEAR, "equity", "accounts_source", "related"),
            *(*self._like(r"r\d"), "holdings_source"),
        ]

    def third_year(self) -> dict[str, Any]:
        """Its fields, and whether anything stands there that must be seen."""
        fields = [self[name] for name in THIRD_YEAR]
        return {"fields": fields, "open": any(f.errors or f.value() for f in fields)}

    def facts(self) -> dict[str, Any]:
        facts = super().facts()
        if source := self.cleaned_data["accounts_source"]:
            for period in facts.get("periods", []):
                period["source"] = source
        if source := self.cleaned_data["holdings_source"]:
            for other in facts.get("others", []):
                for period in other.get("periods", []):
                    period["source"] = source
        if self.cleaned_data["related"] == NO:
            facts |= {"others": [], "holdings": []}
        return facts

    def sources(self) -> dict[str, str]:
        given = self.cleaned_data
        told = {
            "periods": given["accounts_source"],
            "equity": given["accounts_source"],
            "holdings": given["holdings_source"],
        }
        return {fact: source for fact, source in told.items() if source}

    def told(self) -> dict[str, Any]:
        return {"headcount": self.cleaned_data.get("headcount")}


class AidStep(Step, AidAsked):
    same_costs = forms.ChoiceField(
        label=_("Does other State aid go to the costs of this trajectory too?"),
        help_text=_("Of any authority, also when it is asked and not granted yet."),
        choices=((NO, _("No")), (YES, _("Yes"))),
        widget=forms.RadioSelect,
    )
    sector = forms.ChoiceField(
        label=_("Is the enterprise active in one of these?"),
        help_text=_("For these the ceiling is lower, or the subsidy cannot be given."),
        required=False,
    )
    tied = forms.ChoiceField(
        label=_("Has your organisation a tie with the enterprise?"),
        choices=((NO, _("No")), (YES, _("Yes"))),
        widget=forms.RadioSelect,
    )
    ties = forms.MultipleChoiceField(
        label=_("Which tie"), widget=forms.CheckboxSelectMultiple, required=False
    )

    def set_up(self) -> None:
        super().set_up()
        sector = self.fields["sector"]
        assert isinstance(sector, forms.ChoiceField)
        sectors = [(sector, words_for_working("sector", sector)) for sector in SECTORS]
        sector.choices = [("", gettext("None of these")), *sectors]
        ties = [(tie, words_for_working("provider_tie", tie)) for tie in PROVIDER_TIES]
        field = self.fields["ties"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = ties

    def clean(self) -> dict[str, Any]:
        super().clean()
        if self.cleaned_data.get("tied") == YES and not self.cleaned_data.get("ties"):
            self.add_error("ties", gettext("Choose which tie, or answer “no” above."))
        return self.cleaned_data

    def page_order(self) -> list[str]:
        return ["aid", *self._like(r"aid\d")]

    def facts(self) -> dict[str, Any]:
        given = self.cleaned_data
        return super().facts() | {
            "aid_for_same_costs": given["same_costs"] == YES,
            "aid_sector": given["sector"],
            "provider_ties": given["ties"] if given["tied"] == YES else [],
        }


class OfferStep(Step, OfferAsked):
    person_days = PersonDaysField(label=_("Person-days"))

    def set_up(self) -> None:
        super().set_up()
        for name in ("package", "price"):
            self.fields[name].required = True

    def clean(self) -> dict[str, Any]:
        super().clean()
        given = self.cleaned_data
        if given.get("package") and given.get("price") is not None:
            try:
                self.terms.package_for(
                    code=given["package"],
                    with_extension=given["with_extension"],
                    price_excl_vat=given["price"],
                    on=self.on,
                )
            except Refusal as refusal:
                about = "price" if refusal.code == "price-outside-band" else "package"
                self.add_error(about, words_for(refusal))
        if given.get("person_days") == 0:
            self.add_error("person_days", gettext("Give more than nought."))
        return given

    def offer(self) -> Offer:
        given = self.cleaned_data
        return Offer(
            given["package"], given["with_extension"], given["price"], given["person_days"]
        )


class DocumentsStep(Step):
    offer = forms.FileField(label=_("The signed offer"), required=False)
    declaration = forms.FileField(label=_("The signed declarations"), required=False)
    declarations = forms.MultipleChoiceField(
        label=_("What the enterprise declares on its honour in it"),
        widget=forms.CheckboxSelectMultiple,
    )
    declared_on = DayField(label=_("Day on which the declarations were signed"))

    def set_up(self) -> None:
        super().set_up()
        field = self.fields["declarations"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(name, words_for_working("declaration", name)) for name in DECLARATIONS]
        there = {OFFER: self.draft.offer_id, DECLARATION: self.draft.declaration_id}
        for kind in FILED_WITH:
            # Another one may come in the place of what is there.
            self.fields[kind].required = not there[kind]
            self.fields[kind].help_text = gettext("PDF, PNG or JPEG, at most 10 MB.")

    def clean_declared_on(self) -> date | None:
        day: date | None = self.cleaned_data["declared_on"]
        if day and day > self.on:
            raise forms.ValidationError(words_for(Refusal("future-date", given=day)))
        return day

    def facts(self) -> dict[str, Any]:
        given = self.cleaned_data
        return {
            "declarations": given["declarations"],
            "declared_on": given["declared_on"].isoformat(),
        }


FORMS: dict[str, type[Step]] = {
    ENTERPRISE: EnterpriseStep,
    FIGURES: FiguresStep,
    AID: AidStep,
    OFFER_STEP: OfferStep,
    DOCUMENTS: DocumentsStep,
}


# A file of the pre-check is much smaller.
CARRIED_MAX = 200_000


@dataclass(frozen=True)
class Carried:
    """What was typed in the pre-check, as its file brings it along."""

    answers: MultiValueDict[str, str]
    language: str

    @classmethod
    def read(cls, content: bytes) -> Self:
        """Refuses (`carried-unreadable`) what is no file of the pre-check."""
        try:
            told = json.loads(content[: CARRIED_MAX + 1])
            answers = {str(name): [str(text)] for name, text in told["answers"].items()}
            language = str(told["language"])
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise Refusal("carried-unreadable") from None
        if language not in dict(settings.LANGUAGES):
            raise Refusal("carried-unreadable")
        return cls(MultiValueDict(answers), language)


class Prepared:
    """A draft read under a contract on a day: its steps as forms, and what they say together.

    `waits` is why none can be filed that day, if so.
    """

    def __init__(
        self, draft: Draft, *, contract: Contract, on: date, waits: Refusal | None = None
    ) -> None:
        self.draft, self.contract, self.on, self.waits = draft, contract, on, waits
        self.terms = terms_of(contract.edition)
        self.typed = {step: typed_in(draft, step) for step in STEPS}
        self.forms = {step: self.form(step) for step in STEPS if self.typed[step].version}

    def again(self, draft: Draft) -> "Prepared":
        """The same draft as it stands by now."""
        return Prepared(draft, contract=self.contract, on=self.on, waits=self.waits)

    def opened(self, step: str) -> Step:
        """A step as somebody opens it. What came along from a pre-check is not judged before it is
        sent from here: most of the step was not asked there."""
        form = self.forms.get(step)
        if form is None or not self.typed[step].carried or form.is_valid():
            return form or self.form(step)
        brought = typed_in_form(form)
        lists = forms.MultipleChoiceField
        return self.form(
            step,
            initial={
                name: brought.getlist(name) if isinstance(field, lists) else brought.get(name)
                for name, field in form.fields.items()
            },
        )

    def form(self, step: str, data: Any = None, files: Any = None, **more: Any) -> Step:
        """A step's form: with what is sent, or with what was kept, or empty."""
        if data is None and not more and (typed := self.typed[step]).version:
            data = _in_this_language(self._form(step, kept(typed)), typed)
        return self._form(step, data, files, **more)

    def _form(self, step: str, data: Any, files: Any = None, **more: Any) -> Step:
        return FORMS[step](
            data,
            files,
            draft=self.draft,
            number="" if step == ENTERPRISE else self.draft.enterprise_number,
            terms=self.terms,
            on=self.on,
            **more,
        )

    def is_complete(self, step: str) -> bool:
        return step in self.forms and self.forms[step].is_valid()

    def to_complete(self) -> list[str]:
        return [step for step in STEPS if not self.is_complete(step)]

    def facts(self) -> dict[str, Any]:
        """All of it as a dossier states it, each fact with its source. Of complete steps alone."""
        facts: dict[str, Any] = {}
        sources: dict[str, str] = {}
        for form in self.forms.values():
            facts |= form.facts()
            sources |= form.sources()
        found = registered(self.draft.enterprise_number)
        if found is not None:
            facts, sources = _with_register(facts, sources, as_facts(found, on=self.on))
        return facts | ({"sources": sources} if sources else {})

    def offer(self) -> Offer:
        step = self.forms[OFFER_STEP]
        assert isinstance(step, OfferStep)
        return step.offer()


def kept(typed: Typed) -> MultiValueDict[str, str]:
    return MultiValueDict({name: list(values) for name, values in typed.fields.items()})


def typed_in_form(form: Step) -> MultiValueDict[str, str]:
    """What a form was sent; nothing where it was not."""
    return form.data if isinstance(form.data, MultiValueDict) else MultiValueDict()


def _in_this_language(form: Step, typed: Typed) -> MultiValueDict[str, str]:
    """What was typed, with its numbers written as in the language of now."""
    data = kept(typed)
    if typed.language != get_language():
        with override(typed.language):
            numbers = form.numbers()
        data.update({name: figures.number(value) for name, value in numbers.items()})
        for name, value in numbers.items():
            data.setlist(name, [figures.number(value)])
    return data


def _with_register(
    facts: Mapping[str, Any], sources: Mapping[str, str], told: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, str]]:
    """What the register tells just so is from there: with its source, closing days, older years."""
    whence = told.get("sources", {})
    known = {
        name: whence[name] for name in whence if name in facts and same(facts[name], told[name])
    }
    years = {period["year"]: period for period in told.get("periods", [])}
    stated = facts.get("periods", [])
    periods = [
        years[period["year"]] if _equal(period, years.get(period["year"])) else period
        for period in stated
    ]
    if periods and all(period in years.values() for period in periods):
        known["periods"] = whence["periods"]
        first = min(period["year"] for period in periods)
        periods += [period for year, period in years.items() if year < first]
    return {**facts, **({"periods": periods} if periods else {})}, {**sources, **known}


def _equal(period: Mapping[str, Any], told: Mapping[str, Any] | None) -> bool:
    return told is not None and all(
        same(period.get(name), told.get(name))
        for name in ("headcount", "turnover", "balance_total")
    )
