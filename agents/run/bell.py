"""Asking the workers to look at a run: by the task's name, so that who rings need not load the runner."""

from __future__ import annotations

from datetime import timedelta

import structlog
from celery import current_app
from django.db import transaction
from django.db.models.functions import Now
from kombu.exceptions import OperationalError

from agents.models import Run
from escalation.gating.models import Drill

log = structlog.get_logger()

ADVANCE_RUN = "agents.advance_run"
BEGIN_DRILL = "agents.begin_drill"

# For a connection that died in the pool; a broker that is down is asked again by the sweeper.
ONCE_MORE = {"max_retries": 1, "interval_start": 0}


def ring(run: Run, *, after: timedelta = timedelta()) -> bool:
    """Ask the workers, once the transaction is through, to take a run's next turn; may be lost."""
    Run.objects.filter(pk=run.pk).update(rung_at=Now() + after)
    send(run, after=after)
    return True


def ring_for(drill: Drill) -> bool:
    """Ask the workers, once the transaction is through, to begin a drill; may be lost."""
    _send(BEGIN_DRILL, drill.pk)
    return True


def send(run: Run, *, after: timedelta = timedelta()) -> None:
    """Send the message alone, for a run that says already that it was rung."""

    _send(ADVANCE_RUN, run.pk, run.step, after=after)


def _send(task: str, *arguments: int, after: timedelta = timedelta()) -> None:
    def now() -> None:
        try:
            current_app.send_task(
                task, arguments, countdown=after.total_seconds() or None, retry_policy=ONCE_MORE
            )
        except OperationalError as error:
            log.warning("broker_unreachable", task=task, arguments=arguments, why=str(error))

    transaction.on_commit(now)
