"""The questions put to a dossier: each with its outcome, finding, figures and source [domain 5.2].

An outcome is `met`, `not_met`, `person` (the rule leaves it to a person) or `unknown` (a fact is
missing). The sentence of a finding is made from its code and figures, in Dutch or English.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from cstraject import kmo
from cstraject.deminimis import ceiling_on
from cstraject.identifiers import enterprise_number, nace_code
from cstraject.money import ZERO
from cstraject.places import province_of
from cstraject.quarter import years_later
from cstraject.refusal import Refusal, must
from cstraject.subsidy import granted_for
from cstraject.terms import Terms

RULE_VERSION = "2021.1"

MET, NOT_MET, PERSON, UNKNOWN = OUTCOMES = ("met", "not_met", "person", "unknown")

QUESTIONS = (
    "size",
    "legal_form",
    "private_sector",
    "main_activity",
    "region",
    "equity",
    "de_minimis",
    "once_only",
    "declarations",
    "offer",
)

# What the SME declares on its honour [answer 526, 3].
DECLARATIONS = ("sme_status", "legal_form", "de_minimis", "main_activity")

PUBLIC_SHARE_MAX = Decimal(25)

# Whom others helped is no provider's business: that an enterprise was helped before is told so
# many times in a week at most, and so many dossiers are taken in a day.
HELPED_BEFORE_PER_WEEK_MAX = 5
FILED_PER_DAY_MAX = 50

DECIMALS_MAX = 6


@dataclass(frozen=True)
class Period:
    """An approved accounting period, named by the year in which it closed."""

    year: int
    figures: kmo.Figures


@dataclass(frozen=True)
class Facts:
    """What is stated about an enterprise, as it stood on a day; amounts in euro, shares in percent.

    None is not known: the question it bears on is then left to a person.
    """

    number: str
    name: str
    legal_form: str
    nace_version: str
    nace_code: str
    nace_label: str
    postal_code: str
    years: tuple[int, ...]
    enterprise: kmo.Enterprise
    others: Mapping[str, kmo.Enterprise]
    holdings: tuple[kmo.Holding, ...]
    public_share_pct: Decimal | None
    equity: Decimal | None
    maatwerk_recognition: str
    declarations: tuple[str, ...]
    source: str
    stated_on: date


@dataclass(frozen=True)
class Offer:
    """What was offered: package, extension, price in euro excluding VAT, person-days."""

    package: str
    with_extension: bool
    price_excl_vat: Decimal
    person_days: Decimal


@dataclass(frozen=True)
class Answer:
    """One question answered: outcome, finding (a code) with its figures as text, and source."""

    question: str
    outcome: str
    finding: str
    figures: Mapping[str, str]
    source: str


@dataclass(frozen=True)
class Assessment:
    """All questions answered by one version of the rules; `size_class` is what reports count by."""

    answers: tuple[Answer, ...]
    size_class: str | None
    rule_version: str = RULE_VERSION


def assess(
    facts: Facts, *, offer: Offer, terms: Terms, on: date, helped_on: Sequence[date] = ()
) -> Assessment:
    """Put every question to a dossier, as on a day.

    `helped_on` are the days on which this enterprise was approved before, by whichever provider.
    """
    size = kmo.size_of(facts.enterprise, others=facts.others, holdings=facts.holdings)
    answers = (
        _size(facts, size, terms, on),
        _legal_form(facts, terms, on),
        _private_sector(facts),
        Answer(
            "main_activity",
            PERSON,
            "activity-to-judge",
            {
                "version": facts.nace_version,
                "code": facts.nace_code,
                "label": facts.nace_label,
            },
            facts.source,
        ),
        _region(facts, on),
        _equity(facts),
        _de_minimis(offer, terms, on),
        _once_only(helped_on, terms, on),
        _declarations(facts),
        _offer(offer, terms, on),
    )
    must(tuple(a.question for a in answers) == QUESTIONS, "every question is put once, in order")
    return Assessment(answers, size.category)


def _size(facts: Facts, size: kmo.SizeFinding, terms: Terms, on: date) -> Answer:
    figures = {"linked": str(len(size.linked)), "year": str(size.years[0] if size.years else "")}
    if size.linked:
        figures["names"] = ", ".join(member.name for member in size.linked)
    if size.aggregated:
        latest = size.aggregated[0]
        for name, value in (
            ("headcount", latest.headcount),
            ("turnover", latest.turnover),
            ("balance_total", latest.balance_total),
        ):
            figures[name] = "" if value is None else f"{value.normalize():f}"
    if size.category is None:
        figures["missing"] = ", ".join(size.missing)
        return Answer("size", UNKNOWN, "size-unknown", figures, facts.source)
    figures["category"] = size.category
    if size.category != "large":
        if size.to_judge:
            figures["holders"] = ", ".join(size.to_judge)
            return Answer("size", PERSON, "size-relations-to-judge", figures, facts.source)
        return Answer("size", MET, "size-is-sme", figures, facts.source)
    exempt_from = terms.maatwerk_exempt_from
    if facts.maatwerk_recognition and exempt_from is not None and on >= exempt_from:
        figures["recognition"] = facts.maatwerk_recognition
        return Answer("size", MET, "size-exempt", figures, facts.source)
    return Answer("size", NOT_MET, "size-is-large", figures, facts.source)


def _legal_form(facts: Facts, terms: Terms, on: date) -> Answer:
    since = terms.legal_forms.get(facts.legal_form)
    figures = {"form": facts.legal_form}
    if facts.legal_form in terms.legal_forms_refused:
        return Answer("legal_form", NOT_MET, "legal-form-refused", figures, facts.source)
    if since is None:
        return Answer("legal_form", PERSON, "legal-form-to-judge", figures, facts.source)
    if on < since:
        figures["since"] = since.isoformat()
        return Answer("legal_form", NOT_MET, "legal-form-not-yet", figures, facts.source)
    return Answer("legal_form", MET, "legal-form-accepted", figures, facts.source)


def _private_sector(facts: Facts) -> Answer:
    share = facts.public_share_pct
    if share is None:
        return Answer("private_sector", UNKNOWN, "public-share-unknown", {}, facts.source)
    figures = {"share": f"{share.normalize():f}", "max": str(PUBLIC_SHARE_MAX)}
    if share < PUBLIC_SHARE_MAX:
        return Answer("private_sector", MET, "public-share-under", figures, facts.source)
    return Answer("private_sector", NOT_MET, "public-share-over", figures, facts.source)


def _region(facts: Facts, on: date) -> Answer:
    province = province_of(facts.postal_code, on=on)
    figures = {"postal_code": facts.postal_code, "province": province or ""}
    if province:
        return Answer("region", MET, "in-flanders", figures, facts.source)
    return Answer("region", NOT_MET, "outside-flanders", figures, facts.source)


def _equity(facts: Facts) -> Answer:
    if facts.equity is None:
        return Answer("equity", UNKNOWN, "equity-unknown", {}, facts.source)
    figures = {"equity": str(facts.equity)}
    if facts.equity >= ZERO:
        return Answer("equity", MET, "equity-not-negative", figures, facts.source)
    return Answer("equity", NOT_MET, "equity-negative", figures, facts.source)


def _de_minimis(offer: Offer, terms: Terms, on: date) -> Answer:
    subsidy = granted_for(offer.price_excl_vat, terms=terms)
    amount = subsidy.granted if terms.de_minimis_includes_vat else subsidy.share
    figures = {"amount": str(amount), "ceiling": str(ceiling_on(on))}
    return Answer("de_minimis", PERSON, "de-minimis-to-judge", figures, "verklaring op eer")


def _once_only(helped_on: Sequence[date], terms: Terms, on: date) -> Answer:
    until = max((years_later(day, terms.once_only_years) for day in helped_on), default=None)
    if until is not None and on < until:
        return Answer(
            "once_only", NOT_MET, "helped-before", {"not_before": until.isoformat()}, "cstraject"
        )
    return Answer("once_only", MET, "not-helped-before", {}, "cstraject")


def _declarations(facts: Facts) -> Answer:
    missing = [name for name in DECLARATIONS if name not in facts.declarations]
    if missing:
        return Answer(
            "declarations",
            NOT_MET,
            "declarations-missing",
            {"missing": ", ".join(missing)},
            "verklaring op eer",
        )
    return Answer("declarations", MET, "declarations-complete", {}, "verklaring op eer")


def _offer(offer: Offer, terms: Terms, on: date) -> Answer:
    figures = {"price": str(offer.price_excl_vat), "package": offer.package}
    try:
        package = terms.package_for(
            code=offer.package,
            with_extension=offer.with_extension,
            price_excl_vat=offer.price_excl_vat,
            on=on,
        )
    except Refusal as refusal:
        return Answer("offer", NOT_MET, refusal.code, _as_text(refusal.facts), "offerte")
    figures["price_min"] = str(package.price_min)
    figures["price_max"] = str(
        terms.extended_price_max if offer.with_extension else package.price_max
    )
    return Answer("offer", MET, "offer-within-band", figures, "offerte")


def _as_text(facts: Mapping[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in facts.items()}


def facts_from_json(data: Any, *, source: str, stated_on: date) -> Facts:
    """Read facts as a provider or a file states them (layout: docs/architecture.md, Facts).

    Refuses (`unreadable-facts`, with the field) what is missing, of another kind, or left over.
    """
    try:
        stated = _Reader(data)
        number = enterprise_number(stated.text("number"))
        name = stated.text("name")
        periods = tuple(_period(item) for item in stated.list("periods"))
        others = {}
        for item in stated.list("others"):
            other = _Reader(item, "others")
            other_number = enterprise_number(other.text("number"))
            other_name = other.text("name")
            other_periods = tuple(_period(period) for period in other.list("periods"))
            other.must_be_read()
            others[other_number] = kmo.Enterprise(
                other_number, other_name, {p.year: p.figures for p in other_periods}
            )
        facts = Facts(
            number=number,
            name=name,
            legal_form=stated.text("legal_form"),
            nace_version=stated.text("nace_version", longest=10),
            nace_code=nace_code(stated.text("nace_code")),
            nace_label=stated.text("nace_label", empty=True),
            postal_code=stated.text("postal_code"),
            years=tuple(period.year for period in periods),
            enterprise=kmo.Enterprise(number, name, {p.year: p.figures for p in periods}),
            others=others,
            holdings=tuple(_holding(item) for item in stated.list("holdings")),
            public_share_pct=stated.number("public_share_pct"),
            equity=stated.number("equity"),
            maatwerk_recognition=stated.text("maatwerk_recognition", empty=True),
            declarations=tuple(str(item) for item in stated.list("declarations")),
            source=source,
            stated_on=stated_on,
        )
        stated.must_be_read()
    except _Unreadable as unreadable:
        raise Refusal("unreadable-facts", field=str(unreadable)) from None
    unknown = [name for name in facts.declarations if name not in DECLARATIONS]
    if unknown:
        raise Refusal("unreadable-facts", field=f"declarations: {unknown[0][:40]}")
    if facts.public_share_pct is not None and not 0 <= facts.public_share_pct <= 100:
        raise Refusal("unreadable-facts", field="public_share_pct: between 0 and 100")
    if list(facts.years) != sorted(set(facts.years), reverse=True):
        raise Refusal("unreadable-facts", field="periods: newest first, each year once")
    for holding in facts.holdings:
        for number in (holding.owner, holding.owned):
            if number != facts.number and number not in facts.others:
                raise Refusal("unreadable-facts", field=f"holdings: {number} is not in others")
    return facts


class _Unreadable(Exception):
    pass


class _Reader:
    """Reads a JSON object field by field; what is left over at the end is an error."""

    def __init__(self, data: Any, where: str = "") -> None:
        self.where = where
        if not isinstance(data, dict):
            raise _Unreadable(where or "facts")
        self.left = dict(data)

    def _take(self, field: str) -> Any:
        return self.left.pop(field, None)

    def _name(self, field: str) -> str:
        return f"{self.where}.{field}" if self.where else field

    def text(self, field: str, *, empty: bool = False, longest: int = 200) -> str:
        value = self._take(field)
        if empty and value in (None, ""):
            return ""
        if not isinstance(value, str) or not 0 < len(value.strip()) <= longest or "\x00" in value:
            raise _Unreadable(self._name(field))
        return value.strip()

    def list(self, field: str) -> Sequence[Any]:
        value = self._take(field)
        if value is None:
            return []
        if not isinstance(value, list) or len(value) > 500:
            raise _Unreadable(self._name(field))
        return value

    def number(self, field: str) -> Decimal | None:
        value = self._take(field)
        if value is None:
            return None
        text = str(value)
        try:
            # 1E-99999 is a number too, and would be written out in full one day.
            number = Decimal(text if len(text) <= 30 else "too long")
        except InvalidOperation:
            raise _Unreadable(self._name(field)) from None
        if isinstance(value, bool) or not number.is_finite() or abs(number) >= 10**13:
            raise _Unreadable(self._name(field))
        if number != round(number, DECIMALS_MAX):
            raise _Unreadable(self._name(field))
        return number

    def must_be_read(self) -> None:
        if self.left:
            raise _Unreadable(self._name(sorted(self.left)[0][:40]))


def _period(data: Any) -> Period:
    stated = _Reader(data, "periods")
    year = stated.number("year")
    if year is None or year != int(year) or not 1990 <= year <= 2200:
        raise _Unreadable("periods.year")
    amounts = [stated.number(field) for field in ("headcount", "turnover", "balance_total")]
    if any(amount is not None and amount < 0 for amount in amounts):
        raise _Unreadable("periods: below zero")
    stated.must_be_read()
    return Period(int(year), kmo.Figures(*amounts))


def _holding(data: Any) -> kmo.Holding:
    stated = _Reader(data, "holdings")
    owner, owned = (enterprise_number(stated.text(field)) for field in ("owner", "owned"))
    capital, voting = stated.number("capital_pct"), stated.number("voting_pct")
    if capital is None or voting is None or not (0 <= capital <= 100 and 0 <= voting <= 100):
        raise _Unreadable("holdings: a percentage between 0 and 100")
    stated.text("valid_from", empty=True)
    stated.must_be_read()
    return kmo.Holding(owner, owned, capital, voting)
