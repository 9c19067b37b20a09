"""What was done, by whom: the whole record of deeds, searched, and each deed told in words."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User
from apps.audit.models import Entry
from apps.design.fields import DayField
from apps.design.words import words_for_act
from apps.dossiers.models import Dossier
from apps.members.models import Invitation
from apps.providers.models import Provider
from cstraject.quarter import FLANDERS
from cstraject.roles import AGENCY_ROLES

# The kinds of deeds: each with its name, and what the names of its deeds begin with.
KINDS = {
    "people": (_("People and rights"), ("user", "member", "invitation", "access", "token")),
    "sign_in": (_("Not let in"), ("sign_in",)),
    "editions": (_("Editions and providers"), ("edition", "provider")),
    "dossiers": (_("Dossiers and decisions"), ("dossier", "draft", "document", "handler")),
    "messages": (_("Messages"), ("message",)),
    "delivery": (_("Statements, claims and end reports"), ("statement", "claim", "end_report")),
    "money": (_("Runs and budgets"), ("run", "payment", "contract", "shift")),
}
# What who sees no dossier is told: of the agency's own people, and of editions; of no provider.
OF_THE_AGENCY = (
    Q(action__startswith="edition.")
    | Q(action__startswith="access.")
    | Q(provider_id=None, facts__role__in=list(AGENCY_ROLES))
)
AT_ONCE = 1_000


class RecordFilter(forms.Form):
    """Which deeds to list; not `whole` to who sees no dossier."""

    since = DayField(label=_("From day"), required=False)
    until = DayField(label=_("Until day"), required=False)
    person = forms.CharField(label=_("Person"), max_length=100, required=False)
    kind = forms.ChoiceField(label=_("Kind"), required=False)
    reference = forms.CharField(label=_("Dossier"), max_length=40, required=False)

    def __init__(self, data: Mapping[str, Any], *, whole: bool) -> None:
        super().__init__(data, auto_id="found_%s")
        self.whole = whole
        kind = self.fields["kind"]
        assert isinstance(kind, forms.ChoiceField)
        kind.choices = [("", _("All")), *((name, told) for name, (told, _of) in KINDS.items())]
        self.is_valid()
        self.chosen = {name: value for name, value in self.cleaned_data.items() if value}

    def search_query(self) -> str:
        """The search as an address says it, for links to other pages."""
        return urlencode({name: self.data[name] for name in self.chosen})

    def found(self, *, dossiers: QuerySet[Dossier], closed: Iterable[str]) -> QuerySet[Entry]:
        """The deeds that are searched for, the newest first; none of a dossier that is closed."""
        entries = Entry.objects.filter(
            Q() if self.whole else OF_THE_AGENCY,
            Q(case_id=None) | Q(case_id__in=dossiers.values("pk")),
        ).exclude(facts__has_key="dossier", facts__dossier__in=list(closed))
        if kind := self.chosen.get("kind"):
            of_kind = Q()
            for begins in KINDS[kind][1]:
                of_kind |= Q(action__startswith=f"{begins}.")
            entries = entries.filter(of_kind)
        if since := self.chosen.get("since"):
            entries = entries.filter(at__gte=datetime.combine(since, time(), FLANDERS))
        if until := self.chosen.get("until"):
            over = datetime.combine(until + timedelta(days=1), time(), FLANDERS)
            entries = entries.filter(at__lt=over)
        if person := self.chosen.get("person"):
            entries = entries.filter(Q(actor_name__icontains=person) | _done_to(person))
        if reference := self.chosen.get("reference", "").strip().upper():
            of = dossiers.filter(reference=reference).values("pk")
            entries = entries.filter(Q(case_id__in=of) | Q(facts__dossier=reference))
        return entries.order_by("-at", "-id")


def _done_to(name: str) -> Q:
    """What was done to whom is called like this."""
    users = User.objects.filter(name__icontains=name).values_list("pk", flat=True)
    invited = Invitation.objects.filter(Q(name__icontains=name) | Q(email__icontains=name))
    to_users = Q(subject_id__in=[str(pk) for pk in users]) & (
        Q(action__startswith="user.") | Q(action__startswith="member.")
    )
    to_invited = Q(subject_id__in=[str(pk) for pk in invited.values_list("pk", flat=True)])
    return to_users | to_invited | Q(facts__to__icontains=name)


@dataclass(frozen=True)
class Told:
    """One deed in words, and about which dossier, provider or person."""

    at: datetime
    who: str
    what: str
    case_id: object
    reference: str
    provider: str
    whom: str


def told_of(entries: Iterable[Entry]) -> Iterator[Told]:
    """These deeds in words; asked of the database many at once."""
    waiting = iter(entries)
    while some := list(islice(waiting, AT_ONCE)):
        yield from _told(some)


def _told(entries: list[Entry]) -> Iterator[Told]:
    references = dict(
        Dossier.objects.filter(pk__in={one.case_id for one in entries}).values_list(
            "pk", "reference"
        )
    )
    providers = dict(
        Provider.objects.filter(pk__in={one.provider_id for one in entries}).values_list(
            "pk", "name"
        )
    )
    users = {one.subject_id for one in entries if one.action.startswith(("user.", "member."))}
    invited = {one.subject_id for one in entries if one.action.startswith("invitation.")}
    people = {str(pk): name for pk, name in _names(User, users)}
    people |= {str(pk): name for pk, name in _names(Invitation, invited)}
    for one in entries:
        facts = {**one.facts, "why": one.subject_id} if _at_the_door(one) else one.facts
        yield Told(
            at=one.at,
            who=one.actor_name,
            what=words_for_act(one.action, facts),
            case_id=one.case_id,
            reference=references.get(one.case_id, "") if one.case_id else "",
            provider=providers.get(one.provider_id, "") if one.provider_id else "",
            whom=people.get(one.subject_id, ""),
        )


def _names(model: type[User] | type[Invitation], keys: set[str]) -> Iterable[tuple[object, str]]:
    return model.objects.filter(pk__in=keys).values_list("pk", "name")


def _at_the_door(entry: Entry) -> bool:
    """Who was not let in: the reason is what it is about."""
    return entry.action == "sign_in.refuse"
