"""Doors for Celery. The broker is a doorbell: a message that is lost or comes twice changes nothing."""

from __future__ import annotations

from datetime import timedelta

import structlog
from celery import shared_task
from django.db import transaction
from django.db.models.functions import Now
from kombu.exceptions import OperationalError

from agents.models import Run
from agents.runner import advance
from escalation.ticks import tick

log = structlog.get_logger()

RING_AGAIN_AFTER = timedelta(seconds=30)
# Few enough that a backlog is not asked for over and over, enough to fill a broker that lost everything.
MOST_RINGS = 200

# For a connection that died in the pool; a broker that is down is asked again by the sweeper.
ONCE_MORE = {"max_retries": 1, "interval_start": 0}


@shared_task(name="agents.advance_run")  # type: ignore[untyped-decorator]
def advance_run(run_id: int, step: int) -> None:
    """Take one turn of a run, and ask for the next."""
    run = advance(run_id, step)
    if run is not None and run.state in Run.GOING:
        ring(run)


@tick("agents.sweep_runs")
def sweep_runs() -> int:
    """Ask for every run that should go on and that nobody asked for in a while."""
    runs = Run.objects.to_ring(every=RING_AGAIN_AFTER).order_by("id")[:MOST_RINGS]
    return sum(ring(run) for run in runs)


def ring(run: Run, *, after: timedelta = timedelta()) -> bool:
    """Ask the workers, once the transaction is through, to take a run's next turn; may be lost."""
    Run.objects.filter(pk=run.pk).update(rung_at=Now() + after)

    def send() -> None:
        try:
            advance_run.apply_async(
                (run.pk, run.step), countdown=after.total_seconds() or None, retry_policy=ONCE_MORE
            )
        except OperationalError as error:
            log.warning("broker_unreachable", run=run.pk, why=str(error))

    transaction.on_commit(send)
    return True
