"""What can be told of an enterprise before any dossier, from what somebody says of it.

The questions of a dossier, as far as they need no documents and nothing that only the agency
knows: whether an enterprise was helped before is told of a filed dossier alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from cstraject.eligibility import (
    MET,
    NOT_MET,
    PERSON,
    PERSONAL_FORMS,
    UNKNOWN,
    Answer,
    Assessment,
    assess,
)
from cstraject.facts import Facts, Known, Offer, facts_from_json
from cstraject.refusal import Refusal
from cstraject.terms import Terms

YES, NO, JUDGE = VERDICTS = ("yes", "no", "person")

# What only a filed dossier can tell, with its documents and what the agency knows.
WHEN_FILED = ("once_only", "declarations", "independence")

# In place of what was not said, to read the rest; never shown. Such a number is never issued.
NOBODY, NO_CODE, NO_FORM = "1999999943", "00000", "-"
NO_DAYS = Decimal(1)


@dataclass(frozen=True)
class Said:
    """What was answered: facts as a dossier states them, and what they have no place for.

    In `facts` number, legal form and activity may be left out, and the enterprise itself in its
    holdings and its aid. `negative_equity` is for who does not know the amount. An offer has a
    package, a price or both.
    """

    facts: Mapping[str, Any]
    negative_equity: bool | None = None
    package: str = ""
    with_extension: bool = False
    price: Decimal | None = None


@dataclass(frozen=True)
class Line:
    """One question: its outcome, or None where nothing is asked of it yet, and its finding."""

    question: str
    outcome: str | None
    finding: str
    figures: Mapping[str, str]


@dataclass(frozen=True)
class Outlook:
    """The verdict, and the line of each question that it rests on."""

    verdict: str
    lines: tuple[Line, ...]

    @property
    def open(self) -> tuple[str, ...]:
        """The questions that a person or a further answer must settle."""
        return tuple(line.question for line in self.lines if line.outcome in (PERSON, UNKNOWN))

    @property
    def offer_fits(self) -> bool:
        """Whether an offer was given that nothing stands against."""
        return any(
            line.question == "offer" and line.finding != "no-price" and line.outcome != NOT_MET
            for line in self.lines
        )


def outlook(said: Said, *, terms: Terms, on: date) -> Outlook:
    """What a dossier would probably meet; refuses facts that cannot be read."""
    facts = facts_from_json(readable(said.facts), source="", stated_on=on)
    dearest = said.price or terms.extended_price_max
    assessed = _assess(facts, said, dearest, terms, on)
    lines = tuple(_line(answer, facts, said, terms, on) for answer in assessed.answers)
    outcomes = {line.outcome for line in lines if line.outcome and not _usual(line)}
    verdict = NO if NOT_MET in outcomes else YES if outcomes == {MET} else JUDGE
    return Outlook(verdict, lines)


def readable(stated: Mapping[str, Any]) -> dict[str, Any]:
    """The facts with something in place of what was not said."""
    number = stated.get("number") or NOBODY
    return {
        "number": number,
        "legal_form": NO_FORM,
        "nace_version": "2008",
        "nace_code": NO_CODE,
        **stated,
        "holdings": [
            {"owner": number, "owned": number, **holding} for holding in stated.get("holdings", [])
        ],
        "aid": [{"recipient": number, **aid} for aid in stated["aid"]]
        if stated.get("aid") is not None
        else None,
    }


def rehearse(
    facts: Facts, *, offer: Offer, terms: Terms, on: date, provider: str
) -> tuple[Line, ...]:
    """What the rules will say of a dossier as it is prepared, by its own provider.

    All questions but one: whether an enterprise was helped before is told of a filed dossier alone.
    """
    assessed = assess(facts, offer=offer, terms=terms, on=on, known=Known(provider=provider))
    return tuple(
        Line(answer.question, None, "when-filed", {})
        if answer.question == "once_only"
        else Line(answer.question, answer.outcome, answer.finding, answer.figures)
        for answer in assessed.answers
    )


def _assess(facts: Facts, said: Said, price: Decimal, terms: Terms, on: date) -> Assessment:
    offer = Offer(said.package, said.with_extension, price, NO_DAYS)
    return assess(facts, offer=offer, terms=terms, on=on)


def _usual(line: Line) -> bool:
    """A person judges every activity on which the edition has no rule: that tells nothing here."""
    return line.question == "main_activity" and line.outcome in (PERSON, UNKNOWN)


def _line(answer: Answer, facts: Facts, said: Said, terms: Terms, on: date) -> Line:
    question = answer.question
    if question in WHEN_FILED:
        return Line(question, None, "when-filed", {})
    if question == "legal_form" and "legal_form" not in said.facts:
        return Line(question, PERSON, "other-legal-form", {})
    if question == "main_activity" and "nace_code" not in said.facts:
        return Line(question, UNKNOWN, "activity-not-said", {})
    if (
        question == "equity"
        and facts.equity is None
        and facts.legal_form not in PERSONAL_FORMS
        and said.negative_equity is not None
    ):
        negative = said.negative_equity
        finding = "equity-said-negative" if negative else "equity-said-not-negative"
        return Line(question, NOT_MET if negative else MET, finding, {})
    if question == "offer":
        return _offer(said, terms, on)
    if question == "de_minimis" and said.price is None:
        answer = _whatever_the_price(answer, facts, said, terms, on)
    return Line(question, answer.outcome, answer.finding, answer.figures)


def _whatever_the_price(
    dearest: Answer, facts: Facts, said: Said, terms: Terms, on: date
) -> Answer:
    """Without a price: what fits with the dearest offer fits; what not even the cheapest, never."""
    if dearest.outcome != NOT_MET:
        return dearest
    least = min((package.price_min for package in terms.packages), default=Decimal(0))
    cheapest = _assess(facts, said, least, terms, on).answers
    [answer] = [a for a in cheapest if a.question == dearest.question]
    if answer.outcome == NOT_MET:
        return answer
    return replace(answer, outcome=UNKNOWN, finding="de-minimis-by-price", figures={})


def _offer(said: Said, terms: Terms, on: date) -> Line:
    """Price and package against the edition; one that ended is no reason to say no."""
    if said.price is None:
        return Line("offer", None, "no-price", {})
    packages = [p for p in terms.packages if said.package in ("", p.code)]
    figures = {"price": str(said.price)}
    if not said.package:
        figures["price_min"] = str(min((p.price_min for p in packages), default=Decimal(0)))
        figures["price_max"] = str(terms.extended_price_max)
        fits = Decimal(figures["price_min"]) <= said.price <= terms.extended_price_max
        finding = "offer-within-band" if fits else "price-outside-band"
        return Line("offer", MET if fits else NOT_MET, finding, figures)
    # On a day on which it is offered, if it no longer is.
    days = [min(max(on, p.valid_from), p.valid_until) for p in packages]
    try:
        package = terms.package_for(
            code=said.package,
            with_extension=said.with_extension,
            price_excl_vat=said.price,
            on=days[0] if days else on,
        )
    except Refusal as refusal:
        told = {name: str(value) for name, value in refusal.facts.items()}
        return Line("offer", NOT_MET, refusal.code, told)
    if days != [on]:
        told = {"package": package.code, "valid_from": package.valid_from.isoformat()}
        told["valid_until"] = package.valid_until.isoformat()
        return Line("offer", None, "package-not-offered", told)
    figures["price_min"] = str(package.price_min)
    band_ends = terms.extended_price_max if said.with_extension else package.price_max
    figures["price_max"] = str(band_ends)
    return Line("offer", MET, "offer-within-band", figures)
