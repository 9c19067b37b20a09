"""What the forms of both doors ask about people."""

from collections.abc import Collection

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.design.fields import SearchForm
from apps.design.words import listed, words_for_role


class InvitationForm(forms.Form):
    """Who is asked, and for which role."""

    email = forms.EmailField(
        label=_("E-mail address"),
        max_length=254,
        validators=[
            RegexValidator('"', _("Give an address without quotation marks."), inverse_match=True)
        ],
    )
    # It is how the mail begins: no place for an address of somebody's own.
    name = forms.CharField(
        label=_("Name"),
        max_length=80,
        validators=[RegexValidator("[/:@]", _("Give the name alone."), inverse_match=True)],
    )
    role = forms.ChoiceField(label=_("Role"), widget=forms.RadioSelect)

    def __init__(self, *args: object, roles: Collection[str], **kwargs: object) -> None:
        super().__init__(*args, auto_id="invite_%s", **kwargs)  # type: ignore[arg-type, misc]
        role = self.fields["role"]
        assert isinstance(role, forms.ChoiceField)
        role.choices = [(role, words_for_role(role)) for role in roles]

    def sent(self, has: Collection[str]) -> str:
        """What is told once it is on its way to somebody who `has` these roles here."""
        told = gettext("The invitation is on its way to %(email)s.")
        if has:
            told = gettext(
                "The invitation is on its way to %(email)s, who has a role here already"
                " (%(roles)s): the new one comes beside it."
            )
        roles = listed(words_for_role(role) for role in has)
        return told % {"email": self.cleaned_data["email"], "roles": roles}


class PeopleFilter(SearchForm):
    """A search for people, among those who have a role and those who are invited."""

    named = forms.CharField(label=_("Name or e-mail address"), max_length=100, required=False)

    def finds(self, *told: str) -> bool:
        """Whether what is told of somebody holds what is searched for, if anything is."""
        return any(self.searched.casefold() in text.casefold() for text in told)
