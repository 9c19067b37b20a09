"""The shapes of what is sent and told; the description of the API is made from them.

What is sent is checked against its shape. What is told is not made by its shape, which would
cost more than the query: the tests hold every answer against it.
"""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.api.fields import Asked, Euros, Figure, Flag, PersonDays, QuarterText, Words
from apps.documents.models import FILED_WITH
from cstraject.deminimis import FAMILY_OF, SECTORS
from cstraject.eligibility import OUTCOMES, QUESTIONS
from cstraject.facts import DECLARATIONS, PROVIDER_TIES
from cstraject.kmo import CATEGORIES, CONTROLS, STAFF_KINDS
from cstraject.kmo import KINDS as ENTITY_KINDS
from cstraject.lifecycle import CLAIM, DOSSIER

PAGE_MAX = 100


class Text(Words):
    """A short text."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=200, allow_blank=not kwargs.get("required", True), **kwargs)


class Texts(serializers.ListField):
    """Short texts."""

    child = Words(max_length=200)


class Groups(serializers.ListField):
    """Groups of short texts."""

    child = serializers.ListField(child=Words(max_length=200))


# ---- Sent ----------------------------------------------------------------------------------------


class Page(Asked):
    """Which page of the list."""

    state = serializers.ChoiceField(DOSSIER.states, required=False)
    limit = serializers.IntegerField(
        min_value=1, max_value=PAGE_MAX, default=50, help_text="How many dossiers at most."
    )
    after = Words(
        max_length=100, required=False, help_text="`next` of the page before; not to be read."
    )


class Staff(Asked):
    """Persons of one kind, at a fraction of full time, for so many months of the period."""

    kind = serializers.ChoiceField(STAFF_KINDS)
    persons = Figure()
    fraction = Figure(required=False, help_text="Of full time; 1 when left out.")
    months = Figure(required=False, help_text="All of the period when left out.")


class Period(Asked):
    """An approved accounting period; amounts in euro, null when not known."""

    year = serializers.IntegerField(
        min_value=1990, max_value=2200, help_text="In which the period closed."
    )
    closed_on = Text(required=False, help_text="YYYY-MM-DD; the end of the year when left out.")
    months = serializers.IntegerField(
        min_value=1,
        max_value=24,
        required=False,
        help_text="Turnover and staff are put on an annual basis.",
    )
    headcount = Figure(required=False, help_text="Annual work units.")
    staff = Staff(many=True, required=False, help_text="The headcount by its parts.")
    turnover = Figure(required=False)
    balance_total = Figure(required=False)
    whole_group = Flag(
        required=False, help_text="Sums of the whole group already; of the enterprise alone."
    )
    estimate = Flag(required=False, help_text="A new enterprise, estimated in good faith.")
    source = Text(  # type: ignore[assignment]
        required=False, help_text="For example the deposit of the annual accounts."
    )


class RelatedEntity(Asked):
    """An enterprise, a person or a body in the ownership graph."""

    number = Text(required=False, help_text="Belgian enterprise number.")
    key = Text(required=False, help_text="In its place, for who has none: a name of your own.")
    name = Text()
    kind = serializers.ChoiceField(
        ENTITY_KINDS, required=False, help_text="An enterprise if left out."
    )
    country = Text(required=False, help_text="Two letters.")
    periods = Period(many=True, required=False)
    markets = Texts(required=False, help_text="On which it is active, in words.")
    public = Flag(required=False, help_text="An exempt investor that is itself public.")
    controlled_by_public_bodies = Flag(required=False)
    total_investment = Figure(required=False, help_text="Of a business angel.")
    budget = Figure(required=False, help_text="Of a small local authority, per year.")
    inhabitants = serializers.IntegerField(min_value=0, max_value=10**9, required=False)
    included_in = Text(required=False, help_text="Whose consolidated accounts hold its figures.")
    included_pct = Figure(required=False, help_text="By proportional consolidation.")
    staff_not_included = Flag(required=False)


class Holding(Asked):
    """Who holds how much of whom, in percent, or controls it otherwise."""

    owner = Text(help_text="Enterprise number or key.")
    owned = Text(help_text="Enterprise number or key.")
    capital_pct = Figure(required=False)
    voting_pct = Figure(required=False)
    control = serializers.ChoiceField(CONTROLS, required=False)
    valid_from = Text(required=False, help_text="YYYY-MM-DD.")
    valid_until = Text(required=False, help_text="The first day on which it is held no more.")


class EarlierAid(Asked):
    """De minimis aid that the single undertaking received; the day of the legal right."""

    on = Text(help_text="YYYY-MM-DD.")
    amount = Figure(help_text="Gross, in euro.")
    regulation = serializers.ChoiceField(tuple(FAMILY_OF))
    recipient = Text(help_text="Enterprise number or key.")
    inherited = Flag(required=False, help_text="After a merger or split.")
    allocated = Figure(required=False, help_text="The part that falls on this undertaking.")
    excluded = Flag(required=False, help_text="Waived or withdrawn, on record.")
    note = Text(required=False)


class Facts(Asked):
    """What is stated about an enterprise, as it stands on the day of filing."""

    number = Text(help_text="Enterprise number, ten digits.")
    name = Text()
    legal_form = Text(help_text="For example bv.")
    nace_version = Words(max_length=10, help_text="For example 2008.")
    nace_code = Text(help_text="Five digits.")
    nace_label = Text(required=False)
    postal_code = Text(help_text="Of the establishment that is served.")
    markets = Texts(required=False, help_text="On which it is active, in words.")
    periods = Period(many=True, required=False, help_text="The newest first.")
    included_in = Text(required=False, help_text="Whose consolidated accounts hold its figures.")
    controlled_by_public_bodies = Flag(required=False)
    ownership_changed = Flag(required=False, help_text="After the last accounts were closed.")
    dispersed_capital = Flag(
        required=False, help_text="Declared in good faith: nobody holds a quarter."
    )
    others = RelatedEntity(many=True, required=False)
    holdings = Holding(many=True, required=False)
    acting_jointly = Groups(required=False, help_text="Groups of keys.")
    single_economic_unit = Groups(required=False, help_text="Groups of keys.")
    adjacent_markets = Groups(required=False, help_text="Groups of markets.")
    public_share_pct = Figure(required=False)
    equity = Figure(required=False)
    maatwerk_recognition = Text(required=False)
    declarations = serializers.ListField(
        child=serializers.ChoiceField(DECLARATIONS),
        required=False,
        help_text="What the enterprise declared on its honour.",
    )
    declared_on = Text(required=False, help_text="When it signed: YYYY-MM-DD.")
    aid = EarlierAid(
        many=True, required=False, help_text="All of it; an empty list says there was none."
    )
    aid_for_same_costs = Flag(
        required=False, help_text="Other State aid goes to the costs of this trajectory too."
    )
    aid_sector = serializers.ChoiceField(
        SECTORS, required=False, help_text="Where the law of de minimis aid has its own rules."
    )
    fiscal_year_first_day = Text(required=False, help_text="MM-DD; 01-01 when left out.")
    provider_ties = serializers.ListField(
        child=serializers.ChoiceField(PROVIDER_TIES),
        required=False,
        help_text="What ties the provider to it; an empty list says nothing does.",
    )
    sources = serializers.DictField(
        child=Words(max_length=200),
        required=False,
        help_text="By fact: where it comes from, if not from the declaration.",
    )


@extend_schema_field(Facts)
class FactsField(serializers.DictField):
    """Read by the programme itself, which refuses what it cannot read (`unreadable-facts`)."""


class FileDossier(Asked):
    """The offer that the enterprise signed, its documents, and the facts about it."""

    package = Words(max_length=20, help_text="For example basis or light.")
    with_extension = Flag()
    price_excl_vat = Euros()
    person_days = PersonDays()
    offer = serializers.UUIDField(help_text="The signed offer: id of an uploaded document.")
    declaration = serializers.UUIDField(help_text="The declaration on honour: likewise.")
    facts = FactsField()


class OnDay(Asked):
    """A day."""

    on = serializers.DateField(help_text="The day on which it happened, not in the future.")


class WithReason(Asked):
    """A reason, which stays on record."""

    reason = Words(max_length=500)


class Phase(Asked):
    """What was delivered of one phase since the start."""

    person_days = PersonDays()
    amount = Euros(help_text="Euro excluding VAT.")


class Phases(Asked):
    """What was delivered by phase: it adds up to the whole."""

    analysis = Phase()
    plan = Phase()
    guidance = Phase()


class FileStatement(Asked):
    """What was delivered since the start, by the end of the quarter."""

    quarter = QuarterText()
    person_days = PersonDays()
    amount = Euros(help_text="Euro excluding VAT.")
    phases = Phases(required=False)


class FileClaim(Asked):
    """A tranche, and the quarter whose statement it rests on."""

    tranche = serializers.IntegerField(min_value=1, max_value=2)
    quarter = QuarterText()
    amount = Euros(
        required=False,
        help_text="What the caller's own books say, in euro including VAT; refused if they differ.",
    )


class UploadDocument(Asked):
    """A document and what it is."""

    kind = serializers.ChoiceField(FILED_WITH)
    file = serializers.FileField(
        allow_empty_file=True, help_text="A PDF, PNG or JPEG of at most 10 MB."
    )


# ---- Told ----------------------------------------------------------------------------------------


class Told(serializers.Serializer[Any]):
    """What is told; never filled in by a caller."""


@extend_schema_field({"type": "string", "pattern": r"^-?[0-9]+\.[0-9]{2}$", "example": "25150.00"})
class Money(serializers.DecimalField):
    """An amount in euro, as text with two decimals."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=14, decimal_places=2, **kwargs)


@extend_schema_field({"type": "string", "pattern": r"^[0-9]+\.[0-9]$", "example": "12.5"})
class Days(serializers.DecimalField):
    """A number of person-days, as text with one decimal."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=7, decimal_places=1, **kwargs)


class Error(Told):
    """What went wrong: a code to rely on, a sentence for a person, the facts behind it."""

    code = serializers.CharField()
    message = serializers.CharField(help_text="In Dutch, or in English by Accept-Language.")
    facts = serializers.DictField(
        help_text="The facts of a refusal; for `invalid` the messages per field."
    )


class Contract(Told):
    """A framework contract under an edition, with its balances in euro including VAT."""

    edition = serializers.CharField()
    valid_from = serializers.DateField()
    valid_until = serializers.DateField()
    budget = Money(help_text="Euro including VAT.")
    committed = Money()
    paid = Money(help_text="Part of what is committed.")
    left = Money(help_text="What can still be committed.")


class Contracts(Told):
    """The contracts of a provider."""

    contracts = Contract(many=True)


class RegisteredFacts(Told):
    """What the register tells, as `facts` of a dossier take it; to be completed."""

    facts = serializers.DictField()
    gone_since = serializers.DateField(allow_null=True, help_text="Since when it is no more.")


class Dossier(Told):
    """A dossier as it stands in a list; amounts in euro."""

    id = serializers.UUIDField()
    reference = serializers.CharField()
    state = serializers.ChoiceField(DOSSIER.states)
    enterprise_number = serializers.CharField()
    enterprise_name = serializers.CharField()
    package = serializers.CharField()
    with_extension = serializers.BooleanField()
    price_excl_vat = Money()
    person_days = Days()
    granted_incl_vat = Money(allow_null=True)
    submitted_on = serializers.DateField()
    decided_on = serializers.DateField(allow_null=True)
    started_on = serializers.DateField(allow_null=True)
    completed_on = serializers.DateField(allow_null=True)
    end_report_on = serializers.DateField(allow_null=True)
    ended_on = serializers.DateField(allow_null=True, help_text="Withdrawn or stopped.")


class Dossiers(Told):
    """A page of dossiers, the last filed first."""

    dossiers = Dossier(many=True)
    next = serializers.CharField(allow_null=True, help_text="Give it as `after`; null on the last.")


class Claim(Told):
    """A claim of a tranche."""

    id = serializers.UUIDField()
    tranche = serializers.IntegerField()
    quarter = serializers.CharField()
    amount = Money(help_text="Euro including VAT.")
    state = serializers.ChoiceField(CLAIM.states)
    filed_on = serializers.DateField()
    sent_back_reason = serializers.CharField(help_text="Empty unless it was sent back.")


class Tranche(Told):
    """A tranche of the grant: its claim and payment, or why it is not claimed yet."""

    number = serializers.IntegerField()
    amount = Money(help_text="Euro including VAT; an estimate as long as it is not claimed.")
    claim_state = serializers.ChoiceField(CLAIM.states, allow_null=True)
    quarter = serializers.CharField(allow_null=True, help_text="The quarter of its claim.")
    paid = serializers.BooleanField()
    paid_on = serializers.DateField(allow_null=True)
    why = serializers.CharField(allow_null=True, help_text="Code; null once it is claimed.")
    message = serializers.CharField(allow_null=True, help_text="The sentence for `why`.")


class Question(Told):
    """A question put to the dossier, and what was found."""

    question = serializers.ChoiceField(QUESTIONS)
    outcome = serializers.ChoiceField(OUTCOMES)
    finding = serializers.CharField(help_text="Code of what the rules found.")
    message = serializers.CharField(help_text="The sentence for `finding`.")
    figures = serializers.DictField(child=serializers.CharField(allow_blank=True))
    decided_because = serializers.CharField(
        allow_null=True, help_text="The agency's reason, where it decided an open question."
    )


class Assessment(Told):
    """Every question put to a dossier, as on the day of filing."""

    on = serializers.DateField()
    rule_version = serializers.CharField()
    size_class = serializers.ChoiceField(CATEGORIES, allow_null=True)
    questions = Question(many=True)


class PhaseTold(Told):
    """What was delivered of one phase since the start."""

    person_days = Days()
    amount = Money(help_text="In euro excluding VAT.")


class PhasesTold(Told):
    """What was delivered by phase."""

    analysis = PhaseTold()
    plan = PhaseTold()
    guidance = PhaseTold()


class Statement(Told):
    """What was delivered since the start, by the end of a quarter."""

    id = serializers.UUIDField()
    quarter = serializers.CharField()
    version = serializers.IntegerField()
    person_days = Days(help_text="Since the start.")
    amount = Money(help_text="Since the start, in euro excluding VAT.")
    phases = PhasesTold(allow_null=True, help_text="Null where only the whole was stated.")
    filed_on = serializers.DateField()


class DossierDetail(Dossier):
    """A dossier with everything that its provider may know of it."""

    edition = serializers.CharField()
    offer = serializers.UUIDField()
    declaration = serializers.UUIDField()
    share = Money(allow_null=True, help_text="The agency's share of the price.")
    vat = Money(allow_null=True, help_text="VAT on that share.")
    decision_reason = serializers.CharField(help_text="Empty unless refused.")
    ended_reason = serializers.CharField(help_text="Empty unless withdrawn or stopped.")
    comes_back = Money(allow_null=True, help_text="What must be paid back, when it was stopped.")
    assessment = Assessment(allow_null=True)
    tranches = Tranche(many=True)
    statements = Statement(many=True, help_text="The last version per quarter.")
    claims = Claim(many=True, help_text="All, also those that were sent back.")


class Document(Told):
    """A document that was received."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(FILED_WITH)
    name = serializers.CharField()
    media_type = serializers.CharField(help_text="Found from the content.")
    size = serializers.IntegerField(help_text="Bytes.")
    sha256 = serializers.CharField()
