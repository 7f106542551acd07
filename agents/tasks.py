"""Doors for Celery. The broker is a doorbell: a message that is lost or comes twice changes nothing."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from typing import Any

from celery import shared_task
from celery.signals import worker_init
from django.db.models import F
from django.db.models.functions import Now

from agents import drills
from agents.agent import UNNAMED
from agents.models import Run
from agents.run.bell import ADVANCE_RUN, BEGIN_DRILL, ring, send
from agents.run.runner import ABANDONED, advance
from agents.run.stage import PAUSE_S
from escalation.ticks import tick

RING_AGAIN_AFTER = timedelta(seconds=20)
DRILL_GOES_ON = timedelta(seconds=PAUSE_S)
# Few enough that a backlog is not asked for over and over, enough to fill a broker that lost everything.
MOST_RINGS = 200
# So many at least: a message may be lost while others only wait their turn.
FEWEST_RINGS = 10


@worker_init.connect  # type: ignore[untyped-decorator]
def load_the_sdk(**_: Any) -> None:
    """Load once what every turn needs: a worker's processes are its forks, and share it."""
    import_module("agents.llm.messages")


@shared_task(name=ADVANCE_RUN)  # type: ignore[untyped-decorator]
def advance_run(run_id: int, step: int) -> None:
    """Take one turn of a run, and ask for the next."""
    run = advance(run_id, step)
    if run is not None and run.state == Run.State.QUEUED:
        send(run)
    elif run is not None and run.drill_id is not None and run.state == Run.State.WAITING_UPSTREAM:
        ring(run, after=DRILL_GOES_ON)


@shared_task(name=BEGIN_DRILL)  # type: ignore[untyped-decorator]
def begin_drill(drill_id: int) -> None:
    """Let an agent meet the failure that a drill injects."""
    drills.begin(drill_id)


@tick("agents.sweep_drills")
def sweep_drills() -> int:
    """Learn what code the agents now are, begin what nobody began, give up what does not end, repeat."""
    return drills.learn_the_code() + drills.begin_the_unheard() + drills.give_up() + drills.repeat()


@tick("agents.sweep_runs")
def sweep_runs() -> int:
    """Ask for every run that should go on and that nobody asked for; stop those that nobody can take on."""
    Run.objects.abandoned(nameless=UNNAMED).stop(ABANDONED)
    runs = Run.objects.exclude(agent=UNNAMED).to_ring(every=RING_AGAIN_AFTER)
    heard_soon = Run.objects.advanceable().filter(rung_at__gt=Now() - RING_AGAIN_AFTER).count()
    room = max(FEWEST_RINGS, MOST_RINGS - heard_soon)
    # The longest unheard first: those rung for later are behind it in line.
    return sum(ring(run) for run in runs.order_by(F("rung_at").asc(nulls_first=True), "id")[:room])
