"""Two tenants with full histories, each marked: what of one is seen by the other is recognised.

What is told of a tenant's dossiers, people and money holds a mark (a canary) that occurs nowhere
else: a name, a number, an identifier or an amount. Asked on 5 April 2023, when a claim window is
open.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import psycopg
from django.apps import apps
from django.db import transaction

from apps.accounts.models import User
from apps.accounts.selectors import timetable
from apps.claims.services import complete_dossier, file_claim, stop_dossier, verify_claim
from apps.dossiers import services as dossiers
from apps.enterprises.models import Enterprise, RegisterImport
from apps.payouts import services as payouts
from apps.providers.models import Provider, Token
from apps.providers.scope import across_providers
from apps.providers.services import register_provider
from apps.reporting.models import Export
from cstraject.quarter import Quarter
from cstraject.roles import AGENCY_ROLES, PROVIDER_ROLES
from tests import factories as make
from tests.factories import AT

NOW = datetime(2023, 4, 5, 10, 0, tzinfo=UTC)
LATE = Quarter(2023, 1)
REGISTERED = make.enterprise_number(4_998)
SHARED = make.enterprise_number(4_997)
TENANT_TABLES = sorted(
    model._meta.db_table
    for model in apps.get_models()
    if model.__module__.startswith("apps.")
    and any(field.column == "provider_id" for field in model._meta.concrete_fields)
)


@dataclass
class Tenant:
    """A provider with a history, and how everything of it is recognised."""

    slug: str
    price: Decimal
    provider: Provider = field(init=False)
    people: dict[str, User] = field(default_factory=dict)
    key: str = ""
    typed: dict[str, str] = field(default_factory=dict)
    """Identifiers that somebody else could have got hold of, by what they stand for."""
    marks: frozenset[str] = frozenset()
    """What only its own people and the agency may ever read."""

    @property
    def mark(self) -> str:
        return f"{self.slug.capitalize()}kanarie"


@dataclass
class World:
    """Two tenants, the agency's people, and somebody who works for nobody."""

    north: Tenant
    south: Tenant
    officers: dict[str, User]
    run: str

    def person(self, visitor: str) -> User | None:
        """Who knocks: a role at north or at the agency, a manager of south, or nobody."""
        if visitor == "other tenant":
            return self.south.people["manager"]
        return self.north.people.get(visitor) or self.officers.get(visitor)

    def marks_hidden_from(self, visitor: str) -> frozenset[str]:
        """What this visitor must never read."""
        if visitor in PROVIDER_ROLES:
            return self.south.marks
        if visitor == "other tenant":
            return self.north.marks
        if visitor in ("anonymous", "administrator", "guest"):
            return self.north.marks | self.south.marks
        return frozenset()

    def strange_to(self, visitor: str) -> Tenant:
        """A tenant that is not this visitor's own."""
        return self.north if visitor == "other tenant" else self.south


def make_world(superuser: str) -> World:
    """Make it in the database that is connected to, and read its marks past all walls."""
    with transaction.atomic(), across_providers():
        _register_of_enterprises()
        north = Tenant("noord", Decimal("31337.77"))
        south = Tenant("zuid", Decimal("28282.83"))
        for nth, tenant in enumerate((north, south)):
            _make_history(tenant, first_number=4_000 + 100 * nth)
        run = _make_runs()
        officers = {role: make.make_officer(role) for role in AGENCY_ROLES}
    for tenant in (north, south):
        with psycopg.connect(superuser) as link:
            tenant.marks = _marks_of(tenant, link)
    return World(north, south, officers, str(run.pk))


def _register_of_enterprises() -> None:
    RegisterImport.objects.create(
        number=1, kind="full", snapshot_on=date(2022, 1, 1), started_at=AT, finished_at=AT
    )
    Enterprise.objects.create(
        number=REGISTERED,
        name="Voorbeeld",
        name_rank=0,
        named_by=1,
        placed_by=1,
        extract=1,
        snapshot_on=date(2022, 1, 1),
    )


def _make_history(tenant: Tenant, *, first_number: int) -> None:
    """Dossiers in every state, a claim that waits and one that rides, keys, people."""
    clock, slug = timetable(), tenant.slug
    tenant.provider = provider = register_provider(
        slug=slug,
        name=f"{tenant.mark} nv",
        enterprise_number=make.enterprise_number(first_number + 5_000),
        iban=make.iban(first_number),
        actor=clock,
        at=AT,
    )
    contract = make.make_contract(provider, budget=str(tenant.price * 17))
    for role in PROVIDER_ROLES:
        tenant.people[role] = make.make_member(provider, role)
        tenant.people[role].name = f"{tenant.mark} {role}"
        tenant.people[role].save(update_fields=["name"])
    coach = tenant.people["coach"]
    tenant.key = make.make_key(provider, at=NOW - timedelta(days=30))
    numbers = iter(range(first_number, first_number + 50))

    def stated() -> dict[str, object]:
        number = make.enterprise_number(next(numbers))
        return {
            "number": number,
            "name": f"{tenant.mark} {number}",
            "coach": coach,
            "price": str(tenant.price),
        }

    submitted = make.submitted(contract, **stated())
    unanswered = make.submitted(contract, **stated())
    dossiers.assess_dossier(dossier=unanswered, actor=clock, at=AT)
    make.assessed(contract, **stated())
    approved = make.approved(contract, **stated())
    started = make.started(contract, **stated())
    make.stated(make.started(contract, **stated()), "20000.00", quarter=LATE, at=NOW)
    claimed = make.stated(make.started(contract, **stated()), "20000.00", quarter=LATE, at=NOW)
    waiting = file_claim(dossier=claimed, tranche=1, quarter=LATE, actor=coach, at=NOW)
    completed = make.started(contract, **stated())
    complete_dossier(dossier=completed, on=date(2022, 6, 1), actor=coach, at=NOW)
    refused = make.assessed(contract, **stated())
    dossiers.refuse_dossier(
        dossier=refused, reason=f"{tenant.mark} geen kmo", actor=make.make_user(), at=AT
    )
    stopped = make.started(contract, **stated())
    stop_dossier(
        dossier=stopped, cause="not_entitled", reason=tenant.mark, actor=make.make_user(), at=AT
    )
    # Both helped the same enterprise: the second reads that it was helped, never by whom.
    make.submitted(
        contract, number=SHARED, name=f"{tenant.mark} gedeeld", coach=coach, price="15000.00"
    )
    paid = make.stated(make.started(contract, **stated()), "20000.00")
    claim = file_claim(dossier=paid, tranche=1, quarter=make.Q1, actor=coach, at=make.IN_WINDOW)
    verify_claim(claim=claim, actor=make.make_user("officer"), at=make.IN_WINDOW)
    leaver = make.make_member(provider, "reader")
    # What the agency and the provider wrote each other, and what was achieved.
    make.message(submitted, by_agency=True, asks=True, text=f"{tenant.mark} vraag", at=AT)
    written = make.message(
        started, by_agency=False, document=True, text=f"{tenant.mark} antwoord", at=AT
    )
    make.end_report(completed, at=NOW)
    make.amended(make.approved(contract, **stated()), price="27777.77", at=NOW)
    tenant.typed = {
        "submitted": str(submitted.pk),
        "approved": str(approved.pk),
        "started": str(started.pk),
        "claim": str(waiting.pk),
        "offer": str(submitted.offer_id),
        "sheet": str(unanswered.facts_id),
        "key": str(Token.objects.get(provider=provider).pk),
        "member": str(leaver.pk),
        "message": str(written.pk),
        "export": str(
            Export.objects.create(
                provider=provider, asked_by=coach, asked_at=NOW, sees_all=True, form="csv", rows=1
            ).pk
        ),
        "contract": str(contract.pk),
        "draft": str(make.draft(provider, coach, name=f"{tenant.mark} ontwerp").pk),
        "invitation": str(make.invited(provider, "coach", at=NOW)[0].pk),
    }


def _make_runs():
    """A run over both, sent; and one of a later quarter, drawn up."""
    clock, first = timetable(), make.make_officer("payments_officer")
    run = payouts.draw_up_run(quarter=make.Q1, actor=clock, at=make.RUN_DAY)
    for step, actor in (
        (payouts.check_run, first),
        (payouts.approve_run, make.make_officer("payments_approver")),
        (payouts.write_payment_file, clock),
        (payouts.mark_sent, first),
    ):
        run = step(run=run, actor=actor, at=make.RUN_DAY)
    return run


def _marks_of(tenant: Tenant, link: psycopg.Connection) -> frozenset[str]:
    own = [tenant.provider.pk]
    marks = {tenant.mark, tenant.slug.upper() + "-", tenant.provider.enterprise_number}
    marks |= {tenant.provider.iban, tenant.key}
    for table in TENANT_TABLES:
        columns = link.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = %s"
            " AND data_type = 'uuid' AND column_name <> 'run_id'",  # A run is of all.
            [table],
        ).fetchall()
        for (column,) in columns:
            told = link.execute(f"SELECT {column} FROM {table} WHERE provider_id = %s", own)
            marks |= {str(pk) for (pk,) in told if pk}
    marks |= {
        number
        for (number,) in link.execute(
            "SELECT enterprise_number FROM dossiers_dossier WHERE provider_id = %s", own
        )
        if number != SHARED
    }
    marks |= {
        email
        for (email,) in link.execute(
            "SELECT email FROM accounts_user u JOIN accounts_user_groups m ON m.user_id = u.id"
            " JOIN auth_group g ON g.id = m.group_id WHERE g.name LIKE %s",
            [f"provider:{tenant.slug}:%"],
        )
    }
    marks |= {
        email
        for (email,) in link.execute(
            "SELECT email FROM members_invitation WHERE provider_id = %s", own
        )
    }
    [budget], *_ = link.execute(
        "SELECT budget FROM contracts_contract WHERE provider_id = %s", own
    ).fetchall()
    for amount in (tenant.price, budget):
        english = f"{amount:,.2f}"
        marks |= {f"{amount:.2f}", english, english.translate(str.maketrans(",.", ".,"))}
    return frozenset(marks)


def digests(superuser: str, provider: Provider | None = None) -> dict[str, str]:
    """What stands in each tenant's table (of one provider), and who its people are."""
    found = {}
    with psycopg.connect(superuser) as link:
        for table in TENANT_TABLES:
            of = f"WHERE provider_id {f'= {provider.pk}' if provider else 'IS NOT NULL'}"
            found[table] = _digest(link, f"SELECT t::text FROM {table} t {of}")
        slug = provider.slug if provider else ""
        found["providers_provider"] = _digest(
            link, f"SELECT p::text FROM providers_provider p WHERE p.slug LIKE '{slug}%'"
        )
        found["people"] = _digest(
            link,
            "SELECT (u.id, u.email, u.name, u.kind, u.is_active, u.password, g.name)::text"
            " FROM accounts_user u JOIN accounts_user_groups m ON m.user_id = u.id"
            f" JOIN auth_group g ON g.id = m.group_id WHERE g.name LIKE 'provider:{slug}%'",
        )
    return found


def _digest(link: psycopg.Connection, statement: str) -> str:
    rows = sorted(row for (row,) in link.execute(statement))
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()
