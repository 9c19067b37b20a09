"""Work that runs by itself. A task looks for rows that wait in a state; no one sends it a message.

So nothing is lost between a commit and a queue, and a task that runs twice finds nothing to do.
"""

from datetime import datetime

from celery import shared_task
from celery.utils.log import get_task_logger
from django.db import transaction
from django.utils import timezone

from apps.accounts.selectors import timetable
from apps.payouts import selectors, services
from apps.providers.scope import across_providers
from cstraject.quarter import day_of
from cstraject.refusal import Refusal

RUNS_PER_CALL_MAX = 20

log = get_task_logger(__name__)


@shared_task(name="payouts.draw_up_due_run")
def draw_up_due_run(at: str = "") -> str:
    """Draw up the run whose day has come, from what is verified; its quarter, or why there is none.

    `at` (an instant, ISO 8601) stands in for now, for a run that is caught up with.
    """
    now = datetime.fromisoformat(at) if at else timezone.now()
    with across_providers(), transaction.atomic():
        quarter = selectors.due_quarter(on=day_of(now))
        if quarter is None:
            return "no-edition"
        waiting = selectors.waits_for_a_person(quarter, on=day_of(now))
        if waiting:
            return waiting
        try:
            services.draw_up_run(quarter=quarter, actor=timetable(), at=now)
        except Refusal as refusal:
            return refusal.code
    log.info("run %s is drawn up", quarter)
    return str(quarter)


@shared_task(name="payouts.write_payment_files")
def write_payment_files() -> int:
    """Write the file of every approved run; how many there were.

    A run that another worker holds is skipped, not waited for: any number may run at once.
    """
    for written in range(RUNS_PER_CALL_MAX):
        with across_providers(), transaction.atomic():
            run = (
                selectors.runs_to_file()
                .select_for_update(skip_locked=True, of=("self",), no_key=True)
                .first()
            )
            if run is None:
                return written
            services.write_payment_file(run=run, actor=timetable(), at=timezone.now())
        log.info("the file of run %s is written", run.quarter)
    return RUNS_PER_CALL_MAX
