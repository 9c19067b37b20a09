"""What an officer adds to the facts of a dossier: an owner or a holding, aid, a finding."""

from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.backoffice.corrections import HEADCOUNT_MOST, FactsForm, SourceField
from apps.backoffice.forms import ReasonField
from apps.design.fields import DayField, EuroField, NumberField, WholeEuroField
from apps.design.words import words_for, words_for_working
from apps.eligibility.facts_told import names_in
from cstraject.corrections import FIGURES
from cstraject.deminimis import FAMILY_OF, FROM_2024, NEW, OLD, TRANSITION_ENDS
from cstraject.identifiers import enterprise_number, key_of
from cstraject.kmo import CONTROLS, KINDS, Entity
from cstraject.quarter import day_of
from cstraject.refusal import Refusal


def _number_or_nothing(given: str) -> str:
    try:
        return enterprise_number(given) if given else ""
    except Refusal as refusal:
        raise ValidationError(words_for(refusal)) from None


class HoldingForm(FactsForm):
    """Somebody who holds a share, or in whom one is held, and was not stated."""

    deed = "holding"
    OWNER, OWNED = "owner", "owned"

    name = forms.CharField(label=_("Name"), max_length=200)
    number = forms.CharField(
        label=_("Enterprise number"),
        max_length=20,
        required=False,
        help_text=_("A natural person and a foreign enterprise have none here."),
    )
    kind = forms.ChoiceField(label=_("Kind"))
    side = forms.ChoiceField(label=_("The holding"))
    other = forms.ChoiceField(label=_("Of or in"))
    capital_pct = NumberField(
        label=_("Share of the capital, in percent"), most=100, decimals=6, required=False
    )
    voting_pct = NumberField(
        label=_("Share of the votes, in percent"),
        most=100,
        decimals=6,
        required=False,
        help_text=_("Leave it empty when it is that of the capital."),
    )
    control = forms.ChoiceField(label=_("Other control"), required=False)
    year = forms.ChoiceField(
        label=_("Year of its figures"),
        required=False,
        help_text=_("Leave the year and the figures empty when you do not know them."),
    )
    headcount = NumberField(label=_("Headcount"), most=HEADCOUNT_MOST, required=False)
    turnover = WholeEuroField(label=_("Turnover"), required=False)
    balance_total = WholeEuroField(label=_("Balance total"), required=False)
    source = SourceField()
    reason = ReasonField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._choose("kind", [(kind, words_for_working("kind", kind)) for kind in KINDS])
        self._choose(
            "side",
            [
                (self.OWNER, gettext("This one holds a share of the other")),
                (self.OWNED, gettext("The other holds a share of this one")),
            ],
        )
        self._choose("other", list(names_in(self.stated).items()))
        controls = [(control, words_for_working("tie", control)) for control in CONTROLS]
        self._choose("control", [("", gettext("None")), *controls])
        years = [(str(year), str(year)) for year in self.setting.years]
        self._choose("year", [("", gettext("- choose -")), *years])

    def clean_number(self) -> str:
        return _number_or_nothing(self.cleaned_data["number"])

    def clean(self) -> None:
        if self.errors:
            return
        owner, owned = self._ends()
        if owner == owned:
            self.add_error("other", gettext("An enterprise holds no share of itself."))
        held = [(key_of(h["owner"]), key_of(h["owned"])) for h in self.stated.get("holdings") or []]
        if (owner, owned) in held:
            self.add_error(
                "other", gettext("This holding is stated already. Change it in the form above.")
            )
        given, figures = self.cleaned_data, self._figures()
        if given["year"] and not figures:
            self.add_error("year", gettext("Give at least one figure of this year."))
        elif figures and not given["year"]:
            self.add_error("year", gettext("Choose the year of these figures."))
        elif figures and not Entity("", kind=given["kind"]).has_accounts:
            self.add_error("kind", gettext("Figures are those of an enterprise."))
        elif figures and self._own_key() in names_in(self.stated):
            self.add_error(
                "year", gettext("It stands in the facts: change its figures in the form above.")
            )

    def corrected(self) -> dict[str, Any]:
        facts, given, key = self._copy(), self.cleaned_data, self._own_key()
        if key not in names_in(facts):
            other = {"name": given["name"], "kind": given["kind"]}
            other |= {"number": key} if given["number"] else {"key": key}
            if figures := self._figures():
                other["periods"] = [{"year": int(given["year"]), **figures}]
            facts["others"] = [*(facts.get("others") or []), other]
        owner, owned = self._ends()
        holding = {"owner": owner, "owned": owned}
        for name in ("capital_pct", "voting_pct"):
            if given[name] is not None:
                holding[name] = f"{given[name]:f}"
        if given["control"]:
            holding["control"] = given["control"]
        facts["holdings"] = [*(facts.get("holdings") or []), holding]
        return facts

    def _figures(self) -> dict[str, str]:
        given = self.cleaned_data
        return {name: f"{given[name]:f}" for name in FIGURES if given[name] is not None}

    def _own_key(self) -> str:
        """Its number, or else a key that nobody has yet."""
        if number := self.cleaned_data["number"]:
            return str(number)
        names = names_in(self.stated)
        return next(key for nth in range(1, len(names) + 2) if (key := f"added-{nth}") not in names)

    def _ends(self) -> tuple[str, str]:
        ends = (self._own_key(), self.cleaned_data["other"])
        return ends if self.cleaned_data["side"] == self.OWNER else ends[::-1]


class AidForm(FactsForm):
    """De minimis aid that was not stated; also what came with a merger or a split [R-DM-10, 11]."""

    deed = "aid"
    GONE = "gone"
    MERGER, SPLIT = "merger", "split"

    recipient = forms.ChoiceField(label=_("Who received it"))
    former = forms.CharField(
        label=_("Enterprise number of who is no more"),
        max_length=20,
        required=False,
        help_text=_("Only for an enterprise that was merged or split."),
    )
    came_with = forms.ChoiceField(label=_("How it came to this enterprise"), required=False)
    allocated = EuroField(
        label=_("The part of it that counts here"),
        required=False,
        help_text=_(
            "Only after a split: by the activities that were taken over, or else by the book value"
            " of the equity."
        ),
    )
    regulation = forms.ChoiceField(label=_("Under which Regulation"))
    on = DayField(label=_("Granted on"))
    amount = EuroField(label=_("Amount"))
    note = forms.CharField(label=_("Who granted it"), max_length=200, required=False)
    source = SourceField()
    reason = ReasonField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        gone = (self.GONE, gettext("An enterprise that is no more"))
        self._choose("recipient", [*names_in(self.stated).items(), gone])
        self._choose(
            "came_with",
            [
                ("", gettext("It was granted to who is named above")),
                (self.MERGER, gettext("With a merger: all of it counts")),
                (self.SPLIT, gettext("With a split: a part of it counts")),
            ],
        )
        self._choose(
            "regulation",
            [
                ("", gettext("- choose -")),
                *(
                    (regulation, f"{regulation} ({words_for_working('family', family)})")
                    for regulation, family in FAMILY_OF.items()
                ),
            ],
        )

    def clean_on(self) -> date:
        on: date = self.cleaned_data["on"]
        if on > day_of(timezone.now()):
            raise ValidationError(words_for(Refusal("future-date", given=on)))
        return on

    def clean_former(self) -> str:
        return _number_or_nothing(self.cleaned_data["former"])

    def clean(self) -> None:
        if self.errors:
            return
        given = self.cleaned_data
        # Schemes of the old general one could still use it for half a year.
        if (given["regulation"] == OLD and given["on"] > TRANSITION_ENDS) or (
            given["regulation"] == NEW and given["on"] < FROM_2024
        ):
            self.add_error("regulation", gettext("This Regulation did not hold on that day."))
        gone, split = given["recipient"] == self.GONE, given["came_with"] == self.SPLIT
        if gone != bool(given["former"]):
            self.add_error("former", gettext("Give its number if it is no more, and only then."))
        if gone and not given["came_with"]:
            self.add_error("came_with", gettext("Choose how the aid of who is no more came here."))
        if split != (given["allocated"] is not None):
            self.add_error("allocated", gettext("Give the part after a split, and only then."))
        elif split and given["allocated"] > given["amount"]:
            self.add_error("allocated", gettext("A part is no more than the whole."))

    def corrected(self) -> dict[str, Any]:
        facts, given = self._copy(), self.cleaned_data
        aid = {name: given[name] for name in ("regulation", "note") if given[name]}
        aid["recipient"] = given["former"] or given["recipient"]
        aid |= {"on": given["on"].isoformat(), "amount": f"{given['amount']:f}"}
        if given["came_with"]:
            aid["inherited"] = True
        if given["allocated"] is not None:
            aid["allocated"] = f"{given['allocated']:f}"
        facts["aid"] = [*(facts.get("aid") or []), aid]
        return facts


class TogetherForm(FactsForm):
    """What a person found and signs for: who belongs together, which markets do."""

    deed = "together"
    MARKETS, UNIT = "adjacent_markets", "single_economic_unit"

    finding = forms.ChoiceField(label=_("What was found"), widget=forms.RadioSelect)
    who = forms.MultipleChoiceField(
        label=_("About whom: two or more"),
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    markets = forms.MultipleChoiceField(
        label=_("Which markets: two or more"),
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    source = SourceField()
    reason = ReasonField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        entities = self.setting.read.graph.entities.values()
        findings = {
            "acting_jointly": gettext("These act jointly"),
            self.UNIT: gettext("These enterprises are a single economic unit"),
        }
        self._choose("who", [(entity.key, entity.name) for entity in entities])
        if len(markets := sorted(set().union(*(entity.markets for entity in entities)))) > 1:
            self._choose("markets", [(market, market) for market in markets])
            findings[self.MARKETS] = gettext("These markets are adjacent")
        else:
            del self.fields["markets"]
        self._choose("finding", list(findings.items()))

    def clean(self) -> None:
        finding = self.cleaned_data.get("finding")
        if not finding:
            return
        field = "markets" if finding == self.MARKETS else "who"
        together = self.cleaned_data.get(field) or []
        entities = self.setting.read.graph.entities
        if len(together) < 2:
            self.add_error(field, gettext("Choose two or more."))
        elif finding == self.UNIT and not all(entities[key].has_accounts for key in together):
            self.add_error(field, gettext("Choose enterprises: a person is no part of a unit."))
        elif any(set(together) == set(group) for group in self.stated.get(finding) or []):
            self.add_error(field, words_for(Refusal("nothing-changes")))
        self.together = together

    def corrected(self) -> dict[str, Any]:
        facts, finding = self._copy(), self.cleaned_data["finding"]
        facts[finding] = [*(facts.get(finding) or []), list(self.together)]
        return facts
