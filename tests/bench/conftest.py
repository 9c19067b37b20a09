"""How long things take, side by side in one run: read the ratios, not the milliseconds.

What is compared is done in turn, again and again, so that a busy machine slows all of it alike.
Nothing is asserted by the clock; what is asserted is that both sides give the same answer.
"""

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from statistics import quantiles

import psycopg
import pytest
from django.db import transaction

from apps.contracts.models import Contract
from apps.providers.scope import Scope, across_providers
from cstraject.quarter import Quarter
from tests import factories
from tests.conftest import own_database
from tests.many import make_many, nine_contracts

DOSSIERS = 200_000
Q1 = Quarter(2022, 1)
FILED_ON = date(2022, 4, 5)


@dataclass(frozen=True)
class Many:
    """A database with very many dossiers of nine providers, the largest first."""

    contracts: list[Contract]
    superuser: str
    web: str


@contextmanager
def database_of_many(
    servers, template, django_db_blocker, *, dossiers: int, claimed: int
) -> Iterator[Many]:
    with own_database(servers, template, django_db_blocker) as name:
        here = Many(
            [], servers.database_url("postgres", name), servers.database_url("cst_web", name)
        )
        with across_providers():
            here.contracts.extend(nine_contracts())
            make_many(
                here.superuser,
                here.contracts,
                dossiers=dossiers,
                claimed=claimed,
                quarter=Q1,
                filed_on=FILED_ON,
            )
        yield here


@pytest.fixture(scope="session")
def many(servers, template, django_db_setup, django_db_blocker) -> Iterator[Many]:
    """200,000 dossiers over nine providers: 80,000 of the largest, 4,000 of the smallest."""
    with database_of_many(
        servers, template, django_db_blocker, dossiers=DOSSIERS, claimed=0
    ) as here:
        yield here


@pytest.fixture(scope="session")
def member(many) -> factories.User:
    """A coach at the largest provider."""
    with across_providers(), transaction.atomic():
        return factories.make_member(many.contracts[0].provider, "coach")


@contextmanager
def without_walls(many: Many) -> Iterator[psycopg.Connection]:
    """Past row level security: who writes SQL by hand names the tenant in each statement."""
    with psycopg.connect(many.superuser) as link:
        yield link


@contextmanager
def as_provider(link: psycopg.Connection, provider_id: int) -> Iterator[None]:
    """A transaction in the provider's role, as the database backend opens one."""
    with link.transaction():
        link.execute(
            "SELECT set_config('role', 'cst_provider', true), set_config('app.provider', %s, true)",
            [Scope("cst_provider", provider_id).told],
        )
        yield


def side_by_side(
    title: str,
    cases: Mapping[str, Callable[[], object]],
    *,
    times: int,
    per: int = 1,
    tidy: Callable[[], object] = lambda: None,
) -> None:
    """Do each case in turn, so many times; tell how long it took, and against the last one.

    `tidy` is done after each, off the clock.
    """
    took: dict[str, list[float]] = {name: [] for name in cases}
    for round_ in range(times + 1):
        for name, case in cases.items():
            begun = time.perf_counter()
            case()
            if round_:  # The first round warms up.
                took[name].append((time.perf_counter() - begun) * 1000 / per)
            tidy()
    *_, baseline = took.values()
    base50, base95 = _p50_p95(baseline)
    told = [
        f"\n{title} ({times} times)",
        f"  {'':54} {'p50 ms':>9} {'p95 ms':>9} {'ratio':>6} {'p95':>6}",
    ]
    for name, each in took.items():
        p50, p95 = _p50_p95(each)
        told.append(f"  {name:54} {p50:9.2f} {p95:9.2f} {p50 / base50:6.2f} {p95 / base95:6.2f}")
    sys.stdout.write("\n".join(told) + "\n")


def _p50_p95(each: list[float]) -> tuple[float, float]:
    cuts = quantiles(each, n=20, method="inclusive")
    return cuts[9], cuts[18]
