"""Things to test with: plain, explicit, made through the services wherever there is one.

The first provider is Alfa, the second Beta; days are in 2021-2022, in the edition of 2021-2024.
"""

import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from itertools import count
from typing import Any
from uuid import UUID

import pikepdf
from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from django.conf import settings
from django.db import connection, transaction
from django.test import Client

from apps.accounts.keys import sealed as database_seal
from apps.accounts.models import User
from apps.accounts.selectors import OF_ACMIDM, timetable
from apps.accounts.services import add_user, grant_agency_role
from apps.accounts.session_store import SessionStore
from apps.accounts.sessions import sealed
from apps.backoffice.edition_forms import EditionForm, PackageRows
from apps.claims.end_reports import file_end_report
from apps.claims.models import Claim, EndReport
from apps.claims.services import (
    amend_dossier,
    complete_dossier,
    file_claim,
    file_statement,
    verify_claim,
)
from apps.contracts.models import Contract
from apps.contracts.services import award_contract
from apps.documents.models import Document
from apps.documents.services import note_document_held_elsewhere, receive_document
from apps.dossiers import services
from apps.dossiers.models import Dossier, Draft
from apps.eligibility.selectors import standings_of
from apps.handling.models import Message
from apps.handling.services import write_message
from apps.members.models import Invitation
from apps.members.services import invite
from apps.programme.models import Edition
from apps.programme.selectors import edition_on
from apps.programme.services import prepare_alike
from apps.providers.models import Provider
from apps.providers.scope import across_providers, inside
from apps.providers.services import grant_provider_role, issue_token, register_provider
from cstraject.eligibility import MET, NOT_MET
from cstraject.facts import DECLARATIONS
from cstraject.quarter import Quarter, day_of
from cstraject.roles import MACHINE_ACTS

AT = datetime(2022, 2, 1, 9, 0, tzinfo=UTC)
Q1 = Quarter(2022, 1)
IN_WINDOW = datetime(2022, 4, 5, 9, 0, tzinfo=UTC)
RUN_DAY = datetime(2022, 4, 20, 9, 0, tzinfo=UTC)
numbers = count(1)
# What a provider's papers are called, and who says what is stated.
PAPERS = {"offer": "offerte", "declaration": "verklaring op eer", "end_report": "eindverslag"}
SOURCE = "opgave van de kmo"


def enterprise_number(nth: int) -> str:
    """A number of the series that is not issued: 1999.xxx.xxx."""
    base = 19_990_000 + nth % 10_000
    return f"{base}{97 - base % 97:02d}"


def some_number() -> str:
    """One that neither the published portfolio, the demo nor a test of its own uses."""
    return enterprise_number(1_000 + next(numbers) % 3_000)


def iban(nth: int) -> str:
    """A valid account at a bank that does not exist."""
    base = f"99950{nth:05d}"
    bban = f"{base}{int(base) % 97 or 97:02d}"
    return f"BE{98 - int(bban + '111400') % 97:02d}{bban}"


def make_user(name: str = "") -> User:
    nth = next(numbers)
    return add_user(
        email=f"{name or 'person'}-{nth}@test.example",
        name=f"{name or 'Person'} {nth}",
        actor=timetable(),
        at=AT,
    )


def sign_in(client: Client, person: User, *methods: str, ago: float = 0.0) -> None:
    """As somebody who signed in so many seconds ago, by a password if nothing else is said."""
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    session = client.session
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [
        {"method": method, "at": time.time() - ago} for method in methods or ("password",)
    ]
    session["account_authentication_methods_user"] = str(person.pk)
    session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = sealed(session.session_key)


def session_of(client: Client) -> SessionStore:
    """What the session of a browser holds; the cookie names it with a seal."""
    cookie = client.cookies.get(settings.SESSION_COOKIE_NAME)
    return SessionStore(cookie.value.rpartition(":")[0] if cookie and cookie.value else None)


def arrived(provider: Provider, *roles: str, shut_out: bool = False) -> User:
    """Somebody who came by ACM/IDM, and may have been shut out since."""
    nth = next(numbers)
    person = add_user(
        email=f"subject-{nth}{OF_ACMIDM}", name=f"Arrival {nth}", actor=timetable(), at=AT
    )
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE cst_doorkeeper")
        seal = database_seal(f"arrival:{person.pk}:{provider.slug}:{','.join(roles)}")
        told = [provider.slug, list(roles), AT, seal]
        cursor.execute("SELECT cst_arrived(%s, %s, %s, %s, %s)", [person.pk, *told])
        cursor.execute("SET LOCAL ROLE cst_backoffice")
    if shut_out:
        with inside(provider.pk), connection.cursor() as cursor:
            cursor.execute("SELECT cst_shut_out(%s)", [person.pk])
    return person


def make_officer(role: str = "reviewer") -> User:
    user = make_user(role)
    grant_agency_role(user=user, role=role, actor=timetable(), at=AT)
    return user


def invited(
    provider: Provider | None, role: str, *, email: str = "", at: datetime = AT
) -> tuple[Invitation, str]:
    """Somebody who was invited by mail, and the key of the link in it."""
    keys: list[str] = []

    def link(key: str) -> str:
        keys.append(key)
        return f"https://test.example/{key}"

    invitation = invite(
        provider=provider,
        email=email or f"asked-{next(numbers)}@test.example",
        name="Nieuw",
        role=role,
        link=link,
        actor=make_member(provider, "manager") if provider else make_officer("administrator"),
        at=at,
    )
    return invitation, keys[0]


def make_provider(slug: str = "") -> Provider:
    nth = next(numbers)
    return register_provider(
        slug=slug or f"prov{nth}",
        name=(slug or f"Provider {nth}").capitalize(),
        enterprise_number=enterprise_number(5_000 + nth % 5_000),
        iban=iban(nth),
        actor=timetable(),
        at=AT,
    )


def make_member(provider: Provider, role: str) -> User:
    user = make_user(role)
    employ(user, provider, role)
    return user


def employ(user: User, provider: Provider, role: str = "coach") -> None:
    """Give who filed something in a test the role by which they would have."""
    grant_provider_role(user=user, provider=provider, role=role, actor=timetable(), at=AT)


def make_key(provider: Provider, *acts: str, at: datetime = AT, days: int = 365) -> str:
    """A key of a provider's machine; for all that a machine may do, if no act is said."""
    return issue_token(
        provider=provider,
        name=f"machine {next(numbers)}",
        acts=acts or MACHINE_ACTS,
        days=days,
        actor=make_user("issuer"),
        at=at,
    )


def make_contract(
    provider: Provider | None = None,
    budget: str = "100000.00",
    *,
    valid_until: date = date(2024, 12, 31),
) -> Contract:
    return award_contract(
        provider=provider or make_provider(),
        edition=edition_on(date(2021, 1, 1)),
        budget=Decimal(budget),
        valid_from=date(2021, 1, 1),
        valid_until=valid_until,
        actor=timetable(),
        at=AT,
    )


# What is typed in the steps of a draft that can be filed.
# A statement by phase as it is typed: 5 person-days and 5,000 euro in all.
PHASES_TYPED = {
    "analysis_person_days": "3,0",
    "analysis_amount": "3.000,00",
    "plan_person_days": "2",
    "plan_amount": "2.000",
    "guidance_person_days": "0",
    "guidance_amount": "0",
}

# An end report as it is typed: one measure realised, one that remains.
REPORT_TYPED = {
    "m_backup": "realised",
    "n_backup": "dagelijks, ook offline",
    "m_awareness": "planned:high",
    "person_days": "25",
}

TYPED: dict[str, dict[str, str | list[str]]] = {
    "enterprise": {
        "number": enterprise_number(4_600),
        "name": "Voorbeeld Meubelen bv",
        "legal_form": "bv",
        "postal_code": "9000",
        "nace_code": "31.001",
        "nace_version": "2008",
        "public_share_pct": "0",
    },
    "figures": {
        "year": "2021",
        "headcount": "12,5",
        "turnover": "1.500.000",
        "balance_total": "900.000",
        "headcount_before": "12",
        "turnover_before": "1.400.000",
        "balance_total_before": "900.000",
        "equity": "50.000",
        "accounts_source": "NBB, neerlegging 2022-1",
        "related": "no",
    },
    "aid": {"aid": "no", "same_costs": "no", "tied": "no"},
    "offer": {"package": "basis", "price": "30.000,00", "person_days": "25"},
    "documents": {
        "declarations": ["sme_status", "legal_form", "de_minimis", "main_activity"],
        "declared_on": "31/01/2022",
    },
}


def draft(
    provider: Provider,
    person: User,
    *,
    name: str = "",
    number: str = "",
    offer: UUID | None = None,
    declaration: UUID | None = None,
) -> Draft:
    """A draft of which every step was saved once."""
    steps: dict[str, Any] = {
        step: {
            "fields": {
                field: value if isinstance(value, list) else [value]
                for field, value in fields.items()
            },
            "language": "nl",
            "version": 1,
            "by": person.name,
            "at": AT.isoformat(),
        }
        for step, fields in TYPED.items()
    }
    if name:
        steps["enterprise"]["fields"]["name"] = [name]
    return Draft.objects.create(
        provider=provider,
        started_by=person,
        started_at=AT,
        changed_by=person,
        changed_at=AT,
        steps=steps,
        saved=len(steps),
        enterprise_number=number or TYPED["enterprise"]["number"],
        enterprise_name=name or TYPED["enterprise"]["name"],
        offer_id=offer,
        declaration_id=declaration,
    )


def facts(number: str | None = None, **changes: object) -> dict[str, object]:
    """What is stated of a small enterprise with nothing against it."""
    number = number or some_number()
    return {
        "number": number,
        "name": f"Voorbeeld {number}",
        "legal_form": "bv",
        "nace_version": "2008",
        "nace_code": "62010",
        "nace_label": "Ontwerpen en programmeren van computerprogramma's",
        "postal_code": "2000",
        "periods": [
            {"year": 2021, "headcount": "12", "turnover": "1500000", "balance_total": "900000"},
            {"year": 2020, "headcount": "11", "turnover": "1400000", "balance_total": "900000"},
        ],
        "public_share_pct": "0",
        "equity": "50000",
        "declarations": list(DECLARATIONS),
        "declared_on": "2022-02-01",
        "provider_ties": [],
        **changes,
    }


def pdf(words: bytes = b"voorbeeld") -> bytes:
    """One empty page; what is told in it makes it another file."""
    made = pikepdf.new()
    made.add_blank_page(page_size=(200, 200))
    made.docinfo["/Title"] = words.decode()
    kept = BytesIO()
    made.save(kept, deterministic_id=True)
    return kept.getvalue()


def received(provider_id: int, kind: str, person: User, *, at: datetime = AT) -> Document:
    return receive_document(
        provider_id=provider_id,
        kind=kind,
        name=f"{PAPERS[kind]}.pdf",
        content=pdf(kind.encode()),
        actor=person,
        at=at,
    )


def submitted(
    contract: Contract,
    *,
    price: str = "30000.00",
    package: str = "basis",
    with_extension: bool = False,
    coach: User | None = None,
    at: datetime = AT,
    papers: bool = False,
    imported_as: str = "",
    **stated: object,
) -> Dossier:
    """A dossier as it is filed; with `papers`, its documents are here."""
    coach = coach or make_user("coach")
    offer, declaration = (
        received(contract.provider_id, kind, coach, at=at).pk
        if papers
        else note_document_held_elsewhere(
            provider_id=contract.provider_id,
            kind=kind,
            name=f"{PAPERS[kind]}.pdf",
            held_at="papieren dossier",
            actor=coach,
            at=at,
        ).pk
        for kind in ("offer", "declaration")
    )
    return services.file_dossier(
        provider_id=contract.provider_id,
        package=package,
        with_extension=with_extension,
        price_excl_vat=Decimal(price),
        person_days=Decimal("30.0"),
        facts=facts(**{"declared_on": f"{at:%Y-%m-%d}", **stated}),  # type: ignore[arg-type]
        facts_source=SOURCE,
        offer=offer,
        declaration=declaration,
        actor=coach,
        at=at,
        imported_as=imported_as,
    )


def assessed(contract: Contract, *, at: datetime = AT, **given: object) -> Dossier:
    """Assessed, with every question that the rules leave open found to be met."""
    dossier = submitted(contract, at=at, **given)  # type: ignore[arg-type]
    dossier = services.assess_dossier(dossier=dossier, actor=timetable(), at=at)
    officer = make_user("finder")
    for standing in standings_of(dossier.assessment):
        if standing.outcome not in (MET, NOT_MET):
            services.find(
                dossier=dossier,
                question=standing.answer.question,
                outcome=MET,
                reason="nagekeken",
                actor=officer,
                at=at,
            )
    return dossier


def approved(contract: Contract, *, at: datetime = AT, **given: object) -> Dossier:
    dossier = assessed(contract, at=at, **given)
    return services.approve_dossier(dossier=dossier, actor=make_user("officer"), at=at)


def started(contract: Contract, *, at: datetime = AT, **given: object) -> Dossier:
    dossier = approved(contract, at=at, **given)
    return services.start_dossier(dossier=dossier, on=at.date(), actor=make_user("coach"), at=at)


def stated(
    dossier: Dossier,
    amount: str,
    *,
    quarter: Quarter = Q1,
    person_days: str = "20.0",
    at: datetime = IN_WINDOW,
) -> Dossier:
    file_statement(
        dossier=dossier,
        quarter=quarter,
        person_days=Decimal(person_days),
        amount=Decimal(amount),
        actor=make_user("coach"),
        at=at,
    )
    return dossier


def submitted_claim(contract: Contract, *, amount: str = "20000.00", **given: object) -> Claim:
    """A claim of the first tranche of 2022-Q1, which waits for an officer."""
    dossier = stated(started(contract, **given), amount)
    return file_claim(
        dossier=dossier, tranche=1, quarter=Q1, actor=make_user("manager"), at=IN_WINDOW
    )


def message(
    dossier: Dossier,
    *,
    by_agency: bool,
    asks: bool = False,
    document: bool = False,
    text: str = "een bericht",
    at: datetime = AT,
) -> Message:
    paper = None
    if document:
        paper = receive_document(
            provider_id=dossier.provider_id,
            kind="attachment",
            name="bijlage.pdf",
            content=pdf(str(next(numbers)).encode()),
            actor=make_user(),
            at=at,
        )
    return write_message(
        dossier=dossier,
        text=text,
        by_agency=by_agency,
        actor=make_user("writer"),
        at=at,
        document=paper,
        answer_by=day_of(at) + timedelta(days=14) if asks else None,
    )


def completed(contract: Contract, *, at: datetime = IN_WINDOW) -> Dossier:
    return complete_dossier(
        dossier=started(contract), on=date(2022, 3, 31), actor=make_user("coach"), at=at
    )


def amended(dossier: Dossier, *, price: str = "28000.00", at: datetime = IN_WINDOW) -> Dossier:
    amend_dossier(
        dossier=dossier,
        price_excl_vat=Decimal(price),
        person_days=dossier.person_days,
        reason="minder werk",
        actor=make_user("officer"),
        at=at,
    )
    return dossier


def end_report(dossier: Dossier, *, at: datetime = IN_WINDOW) -> EndReport:
    return file_end_report(
        dossier=dossier,
        measures=[{"code": "backup", "standing": "realised"}],
        person_days=Decimal("25.0"),
        own_days=None,
        feedback="",
        document=None,
        actor=make_user("coach"),
        at=at,
    )


def edition_typed(edition: Edition, **changes: str) -> dict[str, str]:
    """The terms of an edition as somebody types them who changes some."""
    typed = {}
    for name, value in EditionForm(instance=edition).initial.items():
        if isinstance(value, bool):
            typed |= {name: "on"} if value else {}
        elif value is not None:
            typed[name] = f"{value:%d/%m/%Y}" if isinstance(value, date) else str(value)
    for name, value in PackageRows.of(edition, anew=False).initial.items():
        typed[name] = f"{value:%d/%m/%Y}" if isinstance(value, date) else str(value)
    return {**typed, **changes}


def verified_claim(contract: Contract, *, amount: str = "20000.00", **given: object) -> Claim:
    """A verified claim of the first tranche of 2022-Q1."""
    claim = submitted_claim(contract, amount=amount, **given)
    return verify_claim(claim=claim, actor=make_user("officer"), at=IN_WINDOW + timedelta(days=3))


def add_edition_of_2026() -> None:
    """An edition of 2026-2028 with the terms of the one before it."""
    with across_providers(), transaction.atomic():
        prepare_alike(
            beside=edition_on(date(2021, 1, 1)),
            name="2026-2028",
            valid_from=date(2026, 1, 1),
            valid_until=date(2028, 12, 31),
            actor=timetable(),
            at=datetime(2025, 12, 1, 9, 0, tzinfo=UTC),
        )


def make_contract_of_2026(provider: Provider | None = None) -> Contract:
    """A contract under that edition."""
    return award_contract(
        provider=provider or make_provider(),
        edition=edition_on(date(2026, 1, 1)),
        budget=Decimal("100000.00"),
        valid_from=date(2026, 1, 1),
        valid_until=date(2028, 12, 31),
        actor=timetable(),
        at=datetime(2026, 1, 5, 9, 0, tzinfo=UTC),
    )
