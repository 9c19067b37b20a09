"""What the pre-check asks: all parts on one page, with as little as possible that must be told."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.portal.asked import (
    NO,
    OWN_FIGURES,
    UNSURE,
    YES,
    AidAsked,
    EnterpriseAsked,
    GroupAsked,
    OfferAsked,
)
from cstraject.precheck import Said


class PrecheckForm(EnterpriseAsked, GroupAsked, AidAsked, OfferAsked):
    negative_equity = forms.ChoiceField(
        label=_("Is the equity negative?"),
        help_text=_("Equity as in the last annual accounts (heading 10/15)."),
        choices=((NO, _("No")), (YES, _("Yes")), (UNSURE, _("I do not know"))),
        widget=forms.RadioSelect,
    )

    def page_order(self) -> list[str]:
        return [
            *("number", "name", "legal_form", "postal_code", "nace_code", "nace_version", "year"),
            *(*OWN_FIGURES, "negative_equity", "equity", "related", *self._like(r"r\d")),
            *("public_share_pct", "aid", *self._like(r"aid\d"), "maatwerk", "recognition"),
        ]

    def clean(self) -> dict[str, Any]:
        given = super().clean()
        negative, equity = given.get("negative_equity"), given.get("equity")
        if equity is not None and {YES: equity >= 0, NO: equity < 0}.get(str(negative)):
            self.add_error(
                "equity", gettext("This amount says otherwise than the answer before it.")
            )
        if given.get("package") and given.get("price") is None and "price" not in self.errors:
            self.add_error("price", gettext("Give the price of this package, or leave both empty."))
        return given

    def said(self) -> Said:
        given, facts = self.cleaned_data, self.facts()
        if given["maatwerk"]:
            facts.setdefault("maatwerk_recognition", gettext("number not given"))
        return Said(
            facts={"name": gettext("the enterprise"), **facts},
            negative_equity={YES: True, NO: False}.get(given["negative_equity"]),
            package=given["package"],
            with_extension=given["with_extension"],
            price=given["price"],
        )
