"""Can a stopwatch tell what is another's from what is not there?

Both are asked in turn, in a random order, in one run. Told are the ratio of the medians, how often
the one takes longer than the other (half of the time if nothing can be told: the Mann-Whitney U as
a share) and how many standard errors that lies from a half. The last row has a door that leaks, and
shows what the measure can see. Nothing is asserted by the clock.
"""

import random
import sys
import time
from collections.abc import Callable
from statistics import median

import pytest
from django.db import connection, transaction
from django.utils import timezone

from apps.providers import middleware
from apps.providers.scope import across_providers
from tests import tenants
from tests.conftest import own_database
from tests.integration.test_timing import PAIRS, PASSWORD, pairs

TIMES = 150


@pytest.fixture
def world(servers, template, django_db_setup, django_db_blocker, monkeypatch):
    with own_database(servers, template, django_db_blocker) as name:
        world = tenants.make_world(servers.database_url("postgres", name))
        with transaction.atomic(), across_providers():
            known = world.south.people["coach"]
            known.set_password(PASSWORD)
            known.save(update_fields=["password"])
        monkeypatch.setattr(timezone, "now", lambda: tenants.NOW)
        yield world
        connection.close()


def timed(
    theirs: Callable[[], object], nobodys: Callable[[], object]
) -> tuple[list[float], list[float]]:
    """How long each took, in milliseconds, asked in turn in a random but fixed order."""
    draw, took = random.Random(1), ([], [])
    for round_ in range(TIMES + 5):
        for which in draw.sample((0, 1), 2):
            begun = time.perf_counter()
            (theirs, nobodys)[which]()
            if round_ >= 5:
                took[which].append((time.perf_counter() - begun) * 1000)
    return took


def longer(one: list[float], other: list[float]) -> tuple[float, float]:
    """How often one of the first takes longer than one of the others; and the standard errors."""
    wins = sum((a > b) + (a == b) / 2 for a in one for b in other)
    pairs_, both = len(one) * len(other), len(one) + len(other)
    return wins / pairs_, (wins - pairs_ / 2) / (pairs_ * (both + 1) / 12) ** 0.5


def test_not_yours_and_not_there(world, monkeypatch, settings):
    settings.ACCOUNT_RATE_LIMITS = False
    told = [
        f"\nnot yours against not there ({TIMES} times each)",
        f"  {'':40} {'p50 ms':>8} {'p50 ms':>8} {'ratio':>6} {'longer':>7} {'errors':>7}",
    ]
    asked = pairs(world)

    def tell(name: str, tried: str) -> None:
        one, other = timed(*asked[tried])
        share, errors = longer(one, other)
        ratio = median(one) / median(other)
        told.append(
            f"  {name:40} {median(one):8.2f} {median(other):8.2f} {ratio:6.3f}"
            f" {share:7.1%} {errors:7.1f}"
        )

    for tried in PAIRS:
        tell(tried, tried)
    honest = middleware.acts_at
    monkeypatch.setattr(
        middleware,
        "acts_at",
        lambda provider, *, role: honest(provider, role=role) if provider.pk else frozenset(),
    )
    tell("a door that leaks: provider, portal", "provider, portal")
    sys.stdout.write("\n".join(told) + "\n")
