"""What one may ask: everything that the register and the annual accounts tell of a number."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Func, OuterRef, QuerySet, Subquery, Value

from apps.enterprises.models import (
    NATURAL_PERSON,
    Accounts,
    Activity,
    Code,
    Enterprise,
    Establishment,
    RegisterImport,
    RegisterImportError,
)
from cstraject.identifiers import enterprise_number
from cstraject.places import province_of

LANGUAGE = "NL"
# The newest classification first; the activities that VAT knows before those of social security.
VERSIONS = ("2025", "2008", "2003")
# The classifications that a dossier states its activity in.
STATED_VERSIONS = ("2025", "2008")
GROUPS = ("001", "006")
NACE_DIGITS = 5
PERIODS = 5
# Legal forms as an edition names them, by the register's words, which outlast its codes.
LEGAL_FORMS = {
    "besloten vennootschap": "bv",
    "naamloze vennootschap": "nv",
    "coöperatieve vennootschap": "cv",
    "commanditaire vennootschap": "comm.v",
    "economisch samenwerkingsverband": "esv",
    "europese vennootschap": "se",
    "maatschap": "maatschap",
    "vennootschap onder firma": "vof",
    "vereniging zonder winstoogmerk": "vzw",
}
SOLE_TRADER = "eenmanszaak"


@dataclass(frozen=True)
class RegisteredEstablishment:
    number: str
    postal_code: str
    municipality: str


@dataclass(frozen=True)
class RegisteredActivity:
    nace_version: str
    code: str
    label: str
    group: str


@dataclass(frozen=True)
class RegisteredPeriod:
    """An accounting period, named by the year in which it closed. None: not in the filing."""

    year: int
    months: int
    closed_on: date
    headcount: Decimal | None
    turnover: Decimal | None
    balance_total: Decimal | None
    equity: Decimal | None
    source: str


@dataclass(frozen=True)
class Registered:
    """An enterprise as the register and its annual accounts tell of it."""

    number: str
    name: str
    kind: str
    legal_form_code: str
    legal_form: str
    started_on: date | None
    gone_since: date | None
    postal_code: str
    municipality: str
    country: str
    establishments: tuple[RegisteredEstablishment, ...]
    main_activities: tuple[RegisteredActivity, ...]
    periods: tuple[RegisteredPeriod, ...]
    """Newest first."""
    source: str

    @property
    def equity(self) -> Decimal | None:
        """As in the latest accounts, and not in any before."""
        return self.periods[0].equity if self.periods else None


def registered(number: str) -> Registered | None:
    """What is known of a number, or None; refuses (`wrong-enterprise-number`) an impossible one.

    In five questions by key, whatever the size of the register.
    """
    enterprise = Enterprise.objects.filter(number=enterprise_number(number)).first()
    if enterprise is None:
        return None
    establishments = Establishment.objects.filter(enterprise_number=enterprise.number)
    if enterprise.gone_since:
        # As they were when the register last told of them.
        establishments = establishments.exclude(gone_since__lt=enterprise.gone_since)
    else:
        establishments = establishments.filter(gone_since=None)
    return Registered(
        number=enterprise.number,
        name=enterprise.name,
        kind=enterprise.kind,
        legal_form_code=enterprise.legal_form_code,
        legal_form=_legal_form(enterprise.legal_form_code),
        started_on=enterprise.started_on,
        gone_since=enterprise.gone_since,
        postal_code=enterprise.postal_code,
        municipality=enterprise.municipality,
        country=enterprise.country,
        establishments=tuple(
            RegisteredEstablishment(e.number, e.postal_code, e.municipality)
            for e in establishments.order_by("number")
        ),
        main_activities=_main_activities(enterprise.number),
        periods=_periods(enterprise.number),
        source=f"KBO, uittreksel {enterprise.extract} van {enterprise.snapshot_on:%d/%m/%Y}",
    )


def as_facts(found: Registered, *, on: date) -> dict[str, Any]:
    """What the register tells on a day, as a dossier states it; what it does not is left out.

    Each fact with its source. The legal form is that of the editions where the register's words
    are known, else those words, which a person judges. The postal code is that of an establishment
    in Flanders if there is one, else of another, else of the registered office.
    """
    facts: dict[str, Any] = {"number": found.number, "name": found.name}
    sources = {"name": found.source}
    if form := _form_of(found):
        facts["legal_form"] = form
    for activity in found.main_activities:
        if activity.nace_version in STATED_VERSIONS and len(activity.code) == NACE_DIGITS:
            facts |= {
                "nace_version": activity.nace_version,
                "nace_code": activity.code,
                "nace_label": activity.label,
            }
            break
    # A registered office is no establishment: it counts where there is none.
    places = [code for e in found.establishments if (code := e.postal_code)] or [found.postal_code]
    flemish = [code for code in places if province_of(code, on=on)]
    if place := (flemish or places)[0]:
        facts["postal_code"] = place
    for name in ("legal_form", "nace_code", "postal_code"):
        if name in facts:
            sources[name] = found.source
    if found.periods:
        # Of a year in which accounts were closed twice the last ones tell it (article 4(1)).
        last = {period.year: period for period in reversed(found.periods)}
        facts["periods"] = [_as_fact(period) for period in reversed(last.values())]
        sources["periods"] = found.periods[0].source
    if found.equity is not None:
        facts["equity"] = f"{found.equity:f}"
        sources["equity"] = found.periods[0].source
    return {**facts, "sources": sources}


def _form_of(found: Registered) -> str:
    if found.kind == NATURAL_PERSON:
        return SOLE_TRADER
    # Without what stands behind in brackets, as in "(gecodificeerd)".
    words = found.legal_form.partition("(")[0].strip().lower()
    return LEGAL_FORMS.get(words, found.legal_form)


def _as_fact(period: RegisteredPeriod) -> dict[str, Any]:
    told = {
        "headcount": period.headcount,
        "turnover": period.turnover,
        "balance_total": period.balance_total,
    }
    return {
        "year": period.year,
        "closed_on": period.closed_on.isoformat(),
        "months": period.months,
        **{name: None if value is None else f"{value:f}" for name, value in told.items()},
        "source": period.source,
    }


def _legal_form(code: str) -> str:
    known = Code.objects.filter(category="JuridicalForm", code=code, language=LANGUAGE)
    return known.values_list("description", flat=True).first() or ""


def _main_activities(number: str) -> tuple[RegisteredActivity, ...]:
    label = Code.objects.filter(
        category=Func(Value("Nace"), OuterRef("nace_version"), function="concat"),
        code=OuterRef("code"),
        language=LANGUAGE,
    ).values("description")
    found = [
        RegisteredActivity(version, code, label or "", group)
        for version, code, label, group in Activity.objects.filter(
            entity_number=number, classification="MAIN"
        )
        .annotate(label=Subquery(label))
        .values_list("nace_version", "code", "label", "group")
    ]

    def first(activity: RegisteredActivity) -> tuple[int, int, str, str]:
        return (
            _rank(activity.nace_version, VERSIONS),
            _rank(activity.group, GROUPS),
            activity.group,
            activity.code,
        )

    return tuple(sorted(found, key=first))


def _rank(value: str, order: tuple[str, ...]) -> int:
    return order.index(value) if value in order else len(order)


def _periods(number: str) -> tuple[RegisteredPeriod, ...]:
    """The latest, newest first; of an exercise that was filed again, the last filing."""
    filed: dict[date, Accounts] = {}
    for accounts in Accounts.objects.filter(enterprise_number=number).order_by(
        "-closed_on", "-deposited_on", "-reference"
    )[: PERIODS * 3]:
        filed.setdefault(accounts.closed_on, accounts)
    return tuple(
        RegisteredPeriod(
            year=accounts.closed_on.year,
            months=round((accounts.closed_on - accounts.begins_on).days / 30.44),
            closed_on=accounts.closed_on,
            headcount=accounts.headcount,
            turnover=accounts.turnover,
            balance_total=accounts.balance_total,
            equity=accounts.equity,
            source=f"NBB, neerlegging {accounts.reference}",
        )
        for accounts in list(filed.values())[:PERIODS]
    )


def errors_of(register_import: RegisterImport) -> QuerySet[RegisterImportError]:
    """The rows that were left out, in the order of the files."""
    return register_import.errors.order_by("id")
