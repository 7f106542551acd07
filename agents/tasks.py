"""Doors for Celery. The broker is a doorbell: a message that is lost or comes twice changes nothing."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task

from agents.bell import ADVANCE_RUN, ring
from agents.models import Run
from agents.runner import advance
from escalation.ticks import tick

RING_AGAIN_AFTER = timedelta(seconds=30)
# Few enough that a backlog is not asked for over and over, enough to fill a broker that lost everything.
MOST_RINGS = 200


@shared_task(name=ADVANCE_RUN)  # type: ignore[untyped-decorator]
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
