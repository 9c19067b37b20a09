"""Redis may be down or lose all it knew: people work on, and what waits is done afterwards."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from redis import Redis

from apps.payouts import services
from apps.payouts.models import PaymentFile, Run
from apps.payouts.selectors import due_quarter
from cstraject.quarter import day_of
from tests import factories
from tests.faults.conftest import Site
from tests.many import make_many, nine_contracts


@pytest.fixture
def claims_wait(site) -> None:
    with site.agency():
        with transaction.atomic():
            quarter = due_quarter(on=day_of(timezone.now()))
        assert quarter is not None
        make_many(
            site.url(),
            nine_contracts(),
            dossiers=100,
            claimed=100,
            quarter=quarter,
            filed_on=quarter.ends + timedelta(days=4),
        )


def state_of_run(site: Site) -> object:
    return site.ask("SELECT max(state) FROM payouts_run")


@pytest.fixture
def at_work(site, claims_wait) -> None:
    """Worker and clock are at work: they have drawn up the run that is due."""
    site.worker("worker")
    site.beat("beat")
    site.wait_until(lambda: state_of_run(site) == "drawn_up", "the run is drawn up")


def check_and_approve(site: Site) -> None:
    with site.agency():
        with transaction.atomic():
            run = Run.objects.get()
            officer = factories.make_officer("payments_officer")
            approver = factories.make_officer("payments_approver")
        services.check_run(run=run, actor=officer, at=timezone.now())
        services.approve_run(run=run, actor=approver, at=timezone.now())


def must_have_one_file(site: Site) -> None:
    with site.agency(), transaction.atomic():
        run = Run.objects.get()
        assert run.lines_count == 200
        assert PaymentFile.objects.get().run_id == run.pk


def test_people_work_on_without_redis_and_the_file_follows_when_it_is_back(site, at_work):
    site.instance.lose_redis()

    check_and_approve(site)

    assert site.instance.redis_pid is None
    assert state_of_run(site) == "approved"

    # Empty, as after a crash without a trace of what was rung; the same worker and clock go on.
    site.instance.start_redis()
    site.wait_until(lambda: state_of_run(site) == "filed", "the file is written")

    must_have_one_file(site)
    assert [process.poll() for process in site.processes] == [None, None]


def test_bells_that_were_lost_are_not_missed(site, at_work):
    """The worker dies, a thousand bells are thrown away: the next one finds the row that waits."""
    worker, _ = site.processes
    site.kill(worker)
    check_and_approve(site)
    site.ring(500)
    with Redis.from_url(site.instance.redis_url) as client:
        assert client.llen("celery") >= 1000
        client.flushall()
    assert state_of_run(site) == "approved"

    site.worker("another")
    site.wait_until(lambda: state_of_run(site) == "filed", "the file is written")

    must_have_one_file(site)


def test_bells_that_were_kept_do_nothing_twice(site, at_work):
    """Every bell of a quiet night is still there in the morning: one file is written."""
    worker, beat = site.processes
    site.kill(worker)
    site.kill(beat)
    with Redis.from_url(site.instance.redis_url) as client:
        client.flushall()
        check_and_approve(site)
        site.ring(100)

        site.worker("another")
        site.wait_until(lambda: state_of_run(site) == "filed", "the file is written")
        site.wait_until(lambda: client.llen("celery") == 0, "all bells are heard")

    must_have_one_file(site)
