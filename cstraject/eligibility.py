"""The questions put to a dossier: each with its outcome, finding, figures and source [domain 5.2].

An outcome is `met`, `not_met`, `person` (the rule leaves it to a person) or `unknown` (a fact is
missing). The sentence of a finding is made from its code and figures, in Dutch or English.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from cstraject import deminimis, kmo
from cstraject.facts import DECLARATIONS, WITH_AID, Facts, Known, Offer
from cstraject.money import ZERO
from cstraject.places import province_of
from cstraject.quarter import years_later
from cstraject.refusal import Refusal, must
from cstraject.subsidy import granted_for
from cstraject.terms import PER_UNDERTAKING, Terms

RULE_VERSION = "2026.4"

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
    "independence",
    "offer",
)

# Terms of the edition, or a figure of the ledger: no officer can find that they are met after all.
NOT_TO_BE_WAIVED = frozenset({"once_only", "offer"})

PUBLIC_SHARE_MAX = Decimal(25)
# A declaration tells of aid over three years; one that is older than this tells of other years.
DECLARED_YEARS_MAX = 1
# Natural persons file no accounts [R-BE-32].
PERSONAL_FORMS = frozenset({"eenmanszaak", "zelfstandige", "vrij beroep"})

# Whom others helped is no provider's business: that an enterprise was helped before is told so
# many times in a week at most, and so many dossiers are taken in a day.
ABOUT_OTHERS = ("once_only", "de_minimis")
HELPED_BEFORE_PER_WEEK_MAX = 5
FILED_PER_DAY_MAX = 50


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
    """All questions answered by one version of the rules, with what two of them rest on.

    `size_class` is what reports count by; `room` is None where no Regulation could be told.
    """

    answers: tuple[Answer, ...]
    told: tuple[Answer, ...]
    """As the provider may read them: what the agency granted to others of the group left out."""
    size_class: str | None
    size: kmo.Size
    room: deminimis.Headroom | None
    rule_version: str = RULE_VERSION


def numbers_to_ask(facts: Facts, *, on: date) -> tuple[str, ...]:
    """Whose earlier aid bears on a dossier: every enterprise of the single undertaking."""
    return tuple(sorted(_undertaking(facts, on).members))


def assess(
    facts: Facts,
    *,
    offer: Offer,
    terms: Terms,
    on: date,
    granted_on: date | None = None,
    known: Known | None = None,
) -> Assessment:
    """Put every question to a dossier, as on the day of filing; `known` is what the agency knows.

    Earlier help and aid count as on the day of the grant, which is never before the filing.
    """
    known, granted_on = known or Known(), granted_on or on
    size = kmo.size_of(facts.graph, on=on, rule=terms.period_rule)
    amount = aid_amount(offer, terms)
    room = room_for(facts, terms=terms, on=granted_on, known=known)
    stated = room_for(facts, terms=terms, on=granted_on, known=Known())
    answers = (
        _size(facts, size, terms, on),
        _legal_form(facts, terms, on),
        _private_sector(facts, on),
        _main_activity(facts, terms, on),
        _region(facts, on),
        _equity(facts),
        _de_minimis(facts, room, amount, stated),
        _once_only(facts, known, terms, granted_on),
        _declarations(facts, on),
        _independence(facts, known),
        _offer(offer, terms, on),
    )
    must(tuple(a.question for a in answers) == QUESTIONS, "every question is put once, in order")
    own = _of_itself(known, facts.number)
    own_room = room_for(facts, terms=terms, on=granted_on, known=own)
    told = {
        "de_minimis": _de_minimis(facts, own_room, amount, stated),
        "once_only": _once_only(facts, own, terms, granted_on),
    }
    return Assessment(
        answers, tuple(told.get(a.question, a) for a in answers), size.category, size, room
    )


def _of_itself(known: Known, number: str) -> Known:
    """What is known of the enterprise that signed the offer, without the others of its group.

    A group is stated freely: whoever reads an answer about its members could ask about anybody.
    """
    return Known(
        tuple(helped for helped in known.helped if helped.number == number),
        tuple(aid for aid in known.aid if aid.recipient == number),
        known.provider,
    )


def kept_back(answer: Answer) -> Answer:
    """The same for whatever the answer is, once a provider was told enough in a week."""
    return Answer(answer.question, PERSON, "kept-back", {}, "cstraject")


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"


# ---- Size ----------------------------------------------------------------------------------------


def _size(facts: Facts, size: kmo.Size, terms: Terms, on: date) -> Answer:
    figures = _size_figures(size)
    source = _size_source(facts)
    exempt_from = terms.maatwerk_exempt_from
    if (
        (size.is_sme is not True or size.needs_a_person)
        and facts.maatwerk_recognition
        and exempt_from is not None
        and on >= exempt_from
    ):
        figures["recognition"] = facts.maatwerk_recognition
        if size.is_sme is not False or size.contradictions or size.public:
            return Answer("size", MET, "size-exempt-anyway", figures, source)
        return Answer("size", MET, "size-exempt", figures, source)
    if size.contradictions:
        figures["doubts"] = ", ".join(sorted({doubt.why for doubt in size.contradictions}))
        figures["names"] = _names(facts, size.contradictions)
        return Answer("size", PERSON, "size-contradicts", figures, source)
    if size.is_sme is None:
        dark = [period for period in size.periods if period.category is None]
        silent = dict.fromkeys(key for period in dark for key in period.sums.missing)
        figures["names"] = ", ".join(facts.graph.entities[key].name for key in silent) or facts.name
        figures["year"] = ", ".join(str(period.year) for period in dark)
        return Answer("size", UNKNOWN, "size-unknown", figures, source)
    if size.needs_a_person:
        figures["doubts"] = ", ".join(sorted({doubt.why for doubt in size.doubts}))
        figures["names"] = _names(facts, size.doubts)
        return Answer("size", PERSON, "size-to-judge", figures, source)
    if size.public:
        return Answer("size", NOT_MET, "size-public", figures, source)
    stated = facts.public_share_pct
    if stated is not None and stated >= PUBLIC_SHARE_MAX:
        figures["share"] = _plain(stated)
        return Answer("size", PERSON, "size-public-stated", figures, source)
    by_periods = "-by-periods" if size.category and size.category != size.raw_category else ""
    if size.is_sme:
        finding = f"size-is-sme{by_periods}" if size.category else "size-is-sme-class-unknown"
        return Answer("size", MET, finding, figures, source)
    return Answer("size", NOT_MET, f"size-is-large{by_periods}", figures, source)


def _size_source(facts: Facts) -> str:
    """Where the figures come from, and who belongs to the group, if anybody is stated."""
    group = [
        *(["others"] if len(facts.graph.entities) > 1 else []),
        *(["holdings"] if facts.graph.holdings else []),
    ]
    return facts.source_of("periods", *group)


def _names(facts: Facts, doubts: tuple[kmo.Doubt, ...]) -> str:
    keys = dict.fromkeys(key for doubt in doubts for key in doubt.who)
    return ", ".join(facts.graph.entities[key].name for key in keys)


def _size_figures(size: kmo.Size) -> dict[str, str]:
    figures = {
        "category": size.category or "",
        "raw_category": size.raw_category or "",
        "relation": size.relation,
        "linked": str(sum(line.relation == "linked" for line in size.lines)),
        "partners": str(sum(line.relation.endswith("partner") for line in size.lines)),
        "year": str(size.periods[0].year) if size.periods else "",
        "periods": str(len(size.periods)),
    }
    for name, total in (
        ("headcount", size.sums.headcount.total),
        ("turnover", size.sums.turnover.total),
        ("balance_total", size.sums.balance_total.total),
    ):
        figures[name] = "" if total is None or not size.periods else _plain(total)
    return figures


# ---- The other questions -------------------------------------------------------------------------


def _legal_form(facts: Facts, terms: Terms, on: date) -> Answer:
    since = terms.legal_forms.get(facts.legal_form)
    figures, source = {"form": facts.legal_form}, facts.source_of("legal_form")
    if facts.legal_form in terms.legal_forms_refused:
        return Answer("legal_form", NOT_MET, "legal-form-refused", figures, source)
    if since is None:
        return Answer("legal_form", PERSON, "legal-form-to-judge", figures, source)
    if on < since:
        figures["since"] = since.isoformat()
        return Answer("legal_form", NOT_MET, "legal-form-not-yet", figures, source)
    return Answer("legal_form", MET, "legal-form-accepted", figures, source)


def _private_sector(facts: Facts, on: date) -> Answer:
    """Administrations hold less than a quarter: stated, or more by the holdings [R-BE-31].

    Whether an investor that is exempt in the SME definition counts here is not known: a person.
    """
    structure, source = facts.graph.on(on), facts.source_of("public_share_pct")
    counted = kmo.share_of(structure.public_holdings(facts.number))
    everything = kmo.share_of(structure.public_holdings(facts.number, with_exempt=True))
    stated = facts.public_share_pct
    into = [h for h in structure.holdings if h.owned == facts.number]
    all_told = stated is not None or kmo.share_of(into) == 100
    if not all_told and everything < PUBLIC_SHARE_MAX:
        return Answer("private_sector", UNKNOWN, "public-share-unknown", {}, source)
    share = max(stated or ZERO, counted)
    figures = {"share": _plain(share), "max": str(PUBLIC_SHARE_MAX)}
    if share >= PUBLIC_SHARE_MAX:
        return Answer("private_sector", NOT_MET, "public-share-over", figures, source)
    if everything >= PUBLIC_SHARE_MAX:
        figures["with_investors"] = _plain(everything)
        return Answer("private_sector", PERSON, "public-share-investors", figures, source)
    if structure.is_public(facts.number):
        return Answer("private_sector", PERSON, "public-control", figures, source)
    return Answer("private_sector", MET, "public-share-under", figures, source)


def _main_activity(facts: Facts, terms: Terms, on: date) -> Answer:
    figures = {
        "version": facts.nace_version,
        "code": facts.nace_code,
        "label": facts.nace_label,
    }
    source = facts.source_of("nace_code")
    rule = terms.activity_rule(version=facts.nace_version, code=facts.nace_code, on=on)
    if rule is None:
        return Answer("main_activity", PERSON, "activity-to-judge", figures, source)
    figures["prefix"] = rule.prefix
    if rule.accepted:
        return Answer("main_activity", MET, "activity-accepted", figures, source)
    return Answer("main_activity", NOT_MET, "activity-refused", figures, source)


def _region(facts: Facts, on: date) -> Answer:
    source = facts.source_of("postal_code")
    if not re.fullmatch(r"[1-9]\d{3}", facts.postal_code, re.ASCII):
        figures = {"postal_code": facts.postal_code}
        return Answer("region", UNKNOWN, "postal-code-unreadable", figures, source)
    province = province_of(facts.postal_code, on=on)
    figures = {"postal_code": facts.postal_code, "province": province or ""}
    if province:
        return Answer("region", MET, "in-flanders", figures, source)
    return Answer("region", NOT_MET, "outside-flanders", figures, source)


def _equity(facts: Facts) -> Answer:
    source = facts.source_of("equity")
    if facts.equity is None:
        if facts.legal_form in PERSONAL_FORMS:
            figures = {"form": facts.legal_form}
            return Answer(
                "equity", MET, "equity-of-a-person", figures, facts.source_of("legal_form")
            )
        return Answer("equity", UNKNOWN, "equity-unknown", {}, source)
    figures = {"equity": str(facts.equity)}
    if facts.equity >= ZERO:
        return Answer("equity", MET, "equity-not-negative", figures, source)
    return Answer("equity", NOT_MET, "equity-negative", figures, source)


def _once_only(facts: Facts, known: Known, terms: Terms, on: date) -> Answer:
    """Not helped before, by whichever provider; nothing else is told of it."""
    members = {facts.number}
    if terms.once_only_per == PER_UNDERTAKING:
        members |= set(numbers_to_ask(facts, on=on))
    until = max(
        (
            years_later(helped.on, terms.once_only_years)
            for helped in known.helped
            if helped.number in members
        ),
        default=None,
    )
    if until is not None and on < until:
        return Answer(
            "once_only", NOT_MET, "helped-before", {"not_before": until.isoformat()}, "cstraject"
        )
    return Answer("once_only", MET, "not-helped-before", {}, "cstraject")


def _declarations(facts: Facts, on: date) -> Answer:
    source = facts.source_of("declarations")
    missing = [name for name in DECLARATIONS if name not in facts.declarations]
    if missing:
        figures = {"missing": ", ".join(missing)}
        return Answer("declarations", NOT_MET, "declarations-missing", figures, source)
    if facts.declared_on is None:
        return Answer("declarations", PERSON, "declarations-signature-to-judge", {}, source)
    figures = {"declared_on": facts.declared_on.isoformat()}
    if facts.declared_on < years_later(on, -DECLARED_YEARS_MAX):
        return Answer("declarations", PERSON, "declarations-old", figures, source)
    if facts.declared_on > on:
        return Answer("declarations", NOT_MET, "declarations-signed-later", figures, source)
    return Answer("declarations", MET, "declarations-complete", figures, source)


def _independence(facts: Facts, known: Known) -> Answer:
    """The provider is no relation of the SME: a person judges any tie [domain 4.8]."""
    source = facts.source_of("provider_ties")
    if known.provider and known.provider in facts.graph.entities:
        return Answer("independence", PERSON, "provider-among-owners", {}, source)
    if facts.provider_ties is None:
        return Answer("independence", UNKNOWN, "ties-unknown", {}, source)
    if facts.provider_ties:
        figures = {"ties": ", ".join(facts.provider_ties)}
        return Answer("independence", PERSON, "ties-to-judge", figures, source)
    return Answer("independence", MET, "no-ties", {}, source)


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


# ---- De minimis ----------------------------------------------------------------------------------


def _undertaking(facts: Facts, on: date) -> deminimis.Undertaking:
    return deminimis.undertaking_of(facts.graph, on=on, fiscal_year=facts.fiscal_year)


def aid_amount(offer: Offer, terms: Terms) -> Decimal:
    """What a grant counts for as de minimis aid, in euro [R-PRG-04]."""
    subsidy = granted_for(offer.price_excl_vat, terms=terms)
    return subsidy.granted if terms.de_minimis_includes_vat else subsidy.share


def all_aid(facts: Facts, known: Known) -> tuple[deminimis.Aid, ...]:
    """What was declared and what this programme granted itself, the same aid once."""
    ours = {(aid.recipient, aid.on, aid.amount) for aid in known.aid}
    declared = facts.aid or ()
    return (
        *(aid for aid in declared if (aid.recipient, aid.on, aid.amount) not in ours),
        *known.aid,
    )


def room_for(facts: Facts, *, terms: Terms, on: date, known: Known) -> deminimis.Headroom | None:
    """What may still be granted to the single undertaking; None on a day without Regulation."""
    try:
        return deminimis.headroom_on(
            on,
            undertaking=_undertaking(facts, on),
            history=all_aid(facts, known),
            sector=facts.aid_sector,
            reading=terms.reading,
        )
    except Refusal:
        return None


def releases_for(facts: Facts, *, terms: Terms, on: date, known: Known) -> list[deminimis.Release]:
    """When how much room frees up, if nothing more is granted."""
    return deminimis.releases_after(
        on,
        undertaking=_undertaking(facts, on),
        history=all_aid(facts, known),
        sector=facts.aid_sector,
        reading=terms.reading,
    )


def _de_minimis(
    facts: Facts,
    room: deminimis.Headroom | None,
    amount: Decimal,
    stated: deminimis.Headroom | None,
) -> Answer:
    """Whether the aid still fits. What others granted is not told here: the provider reads it."""
    source = facts.source_of("aid", *WITH_AID)
    figures = {"amount": str(amount)}
    if room is None:
        return Answer("de_minimis", PERSON, "de-minimis-no-regulation", figures, source)
    figures |= {"regulation": room.regulation}
    if room.regulation == deminimis.OUT_OF_SCOPE:
        figures["sector"] = facts.aid_sector or ""
        return Answer("de_minimis", NOT_MET, "de-minimis-out-of-scope", figures, source)
    tightest = min(room.limits, key=lambda limit: limit.headroom)
    figures |= {
        "ceiling": str(tightest.ceiling),
        "since": tightest.since.isoformat(),
        "over": ", ".join(sorted(tightest.families)),
    }
    if stated is not None:
        # By what the provider stated alone: what the agency granted would be told by the sum.
        counted = stated.limits[room.limits.index(tightest)].counted
        if room.allows(amount) or counted + amount > tightest.ceiling:
            figures |= {"declared": str(counted), "together": str(counted + amount)}
    if not room.allows(amount):
        return Answer("de_minimis", NOT_MET, "de-minimis-over", figures, source)
    if facts.aid is None:
        return Answer("de_minimis", UNKNOWN, "de-minimis-not-declared", figures, source)
    strangers = {
        line.aid.recipient: None
        for line in room.lines
        if line.why == "other-undertaking" and line.aid.recipient not in facts.graph.entities
    }
    if strangers:
        figures["names"] = ", ".join(strangers)
        return Answer("de_minimis", PERSON, "de-minimis-of-a-stranger", figures, source)
    # How much other aid with the same costs allows, its own rules say [article 5(3)].
    doubts = (*room.doubts, *(["aid-for-same-costs"] if facts.aid_for_same_costs else []))
    if doubts:
        figures["doubts"] = ", ".join(doubts)
        return Answer("de_minimis", PERSON, "de-minimis-to-judge", figures, source)
    return Answer("de_minimis", MET, "de-minimis-within", figures, source)
