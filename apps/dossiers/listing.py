"""Dossiers as they are listed: searched, filtered and sorted, on a page and in what is exported."""

import re
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.db.models import F, Q, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.design.fields import SearchForm
from apps.design.words import words_for_state
from apps.dossiers.models import Dossier, Draft
from apps.providers.models import Provider
from cstraject.lifecycle import DOSSIER

# By what a list can be sorted; before it a minus for the last or the largest first.
SORTED_BY = ("reference", "enterprise_name", "submitted_on", "granted_incl_vat", "state")
NEWEST_FIRST = "-submitted_on"
# Who was granted nothing yet comes last, whichever way.
ORDERS = {
    "granted_incl_vat": F("granted_incl_vat").asc(nulls_last=True),
    "-granted_incl_vat": F("granted_incl_vat").desc(nulls_last=True),
}


class NamedFilter(SearchForm):
    """A search for dossiers, on any list that tells of them."""

    named = forms.CharField(
        label=_("Reference, or beginning of the number or name"), max_length=100, required=False
    )

    def found(self, dossiers: QuerySet[Dossier]) -> QuerySet[Dossier]:
        """Of these dossiers what is searched for; all of them if nothing is."""
        if not self.searched:
            return dossiers
        reference = Q(reference__istartswith=self.searched)
        # Without the provider's part: 2026-014.
        reference |= Q(reference__iendswith=f"-{self.searched}")
        return dossiers.filter(reference | _of(self.searched))

    def found_drafts(self, drafts: QuerySet[Draft]) -> QuerySet[Draft]:
        """Of these drafts, which have no reference, those whose enterprise is searched for."""
        return drafts.filter(_of(self.searched)) if self.searched else drafts


class DossierFilter(NamedFilter):
    """Which dossiers to list, and in which order."""

    state = forms.ChoiceField(label=_("Status"), required=False)
    order = forms.ChoiceField(
        choices=[(f"{way}{name}", name) for name in SORTED_BY for way in ("", "-")],
        widget=forms.HiddenInput,
        required=False,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        state = self.fields["state"]
        assert isinstance(state, forms.ChoiceField)
        state.choices = [
            ("", _("All")),
            *((name, words_for_state(name, "dossier")) for name in DOSSIER.states),
        ]


class AgencyDossierFilter(DossierFilter):
    """At the agency also by provider."""

    provider = forms.ModelChoiceField(
        label=_("Provider"), queryset=Provider.objects.none(), to_field_name="slug", required=False
    )

    def __init__(self, *args: Any, providers: QuerySet[Provider], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        provider = self.fields["provider"]
        assert isinstance(provider, forms.ModelChoiceField)
        provider.empty_label = _("All")
        provider.queryset = providers.order_by("name")


class Listing:
    """What a filter lists of these dossiers, and how its columns are sorted."""

    def __init__(self, dossiers: QuerySet[Dossier], filters: DossierFilter) -> None:
        filters.is_valid()
        self.filters = filters
        self.chosen = {name: value for name, value in filters.cleaned_data.items() if value}
        self.order: str = self.chosen.get("order", NEWEST_FIRST)
        chosen = {n: v for n, v in self.chosen.items() if n not in ("order", "named")}
        listed = filters.found(dossiers.filter(**chosen))
        self.dossiers = listed.order_by(ORDERS.get(self.order, self.order), "-id")

    @property
    def is_filtered(self) -> bool:
        return bool(self.chosen.keys() - {"order"})

    def query(self, **changes: str) -> str:
        """What the address says of it, for links to other pages and to the export."""
        data = self.filters.data
        assert isinstance(data, QueryDict)
        told = {name: data[name] for name in self.chosen} | changes
        return urlencode(told)

    def columns(self) -> dict[str, dict[str, str]]:
        """Of each column that sorts: where its heading leads, and how the list is sorted by it."""
        found = {}
        for name in SORTED_BY:
            now = {name: "ascending", f"-{name}": "descending"}.get(self.order, "")
            turned = f"-{name}" if now == "ascending" else name
            found[name] = {"query": self.query(order=turned), "sort": now, "label": _label(name)}
        return found


def _label(name: str) -> str:
    return {
        "reference": gettext("Dossier"),
        "enterprise_name": gettext("Enterprise"),
        "submitted_on": gettext("Filed"),
        "granted_incl_vat": gettext("Granted"),
        "state": gettext("Status"),
    }[name]


def _of(text: str) -> Q:
    """Of enterprises whose name or number begins like this."""
    named = Q(enterprise_name__istartswith=text)
    digits = digits_of(text)
    return named | Q(enterprise_number__startswith=digits) if digits else named


def digits_of(text: str) -> str:
    """The beginning of an enterprise number, if this can be one: `BE 0428.3` -> `04283`."""
    bare = re.sub(r"^BE", "", text, flags=re.IGNORECASE)
    return "" if re.search(r"[^\d\s.]", bare) else re.sub(r"\D", "", bare)
