"""The loop, one turn at a time: ask the guards, take a step, record it, then finish, suspend or go on."""

from __future__ import annotations

from datetime import timedelta

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.db import OperationalError, transaction

from agents.agent import UNNAMED, Agent
from agents.guards.verdict import Reason
from agents.models import Run
from agents.registry import UnknownAgent
from agents.run import ending
from agents.run.acting import use_tools
from agents.run.checking import check
from agents.run.lease import kept
from agents.run.resuming import resume
from agents.run.turns import take_turn
from agents.run.work import TakenOver, Work
from agents.statements import Moment
from agents.transcript import is_unbroken

log = structlog.get_logger()

NOT_NOW = timedelta(seconds=30)
ABANDONED = "The program that worked on it has ended, and only it could go on."
CHANGED = "What was said in this run was changed since, so it cannot go on."
MOST_LOST = 3  # workers that may vanish in one step before a human sees the run


def advance(run_id: int, step: int, agent: Agent | None = None) -> Run | None:
    """Take one turn of a run: at most one model call and its tools. Doing it twice does nothing more.

    Returns the run as it now is, or None when it is not ours to advance. `agent` is its definition where it
    has no name to be found by.
    """
    # A nameless agent's run is its program's: nobody else has its definition.
    run = Run.objects.take(run_id, step, but_of="" if agent else UNNAMED)
    if run is None:
        return None
    try:
        with kept(run):
            _guarded(Work.begun(run, agent) if run.epoch == 1 else Work.on(run, agent))
    except TakenOver as error:
        log.warning("run_taken_over", run=run.pk, why=str(error))
        run.refresh_from_db()
    except UnknownAgent as error:
        _leave_to_others(run, error)
    return run


def _leave_to_others(run: Run, error: UnknownAgent) -> None:
    if run.gated:  # this worker's code is older or newer than the run: another may know the agent
        _not_now(run, str(error))
    elif run.awaits_answer:  # its program asks for the answer by agent.resume()
        run.write(
            state=Run.State.WAITING_HUMAN, lease_until=None, lost=0, wake_at=Moment(), detail=str(error)
        )
    else:
        run.stop(ABANDONED)


def _not_now(run: Run, detail: str) -> None:
    run.write(
        state=Run.State.WAITING_UPSTREAM, lease_until=None, lost=0, wake_at=Moment(NOT_NOW), detail=detail
    )


def _guarded(work: Work) -> None:
    try:
        _advance(work)
    except (TakenOver, OperationalError):
        raise
    except SoftTimeLimitExceeded:
        ending.partially(work.afresh(), "the step took longer than a worker may")
    except Exception as error:  # the run is kept and a human sees it: nothing is lost
        log.exception("run_failed", run=work.run.pk)
        # What was in memory may have been rolled back.
        ending.for_cause(work.afresh(), Reason.ERROR, f"{type(error).__name__}: {error}")


def _advance(work: Work) -> None:
    if work.run.lost >= MOST_LOST:
        detail = f"{work.run.lost} workers were lost in this step, so it is set aside."
        ending.for_cause(work, Reason.ERROR, detail)
        return
    # A drill touches nothing, and what was paused must be rehearsed before it goes live again.
    if work.run.gated and work.run.was_paused and work.run.drill_id is None:
        _not_now(work.run, "The agent is paused.")
        return
    if work.run.awaits_answer:
        _resume(work)
    if work.run.state != Run.State.RUNNING:
        return
    if work.unfinished:
        use_tools(work)
    elif work.answer is not None:
        check(work, work.answer)
    else:
        take_turn(work)


def _resume(work: Work) -> None:
    with transaction.atomic():
        resume(work)
        # Days may have gone by; the API takes no conversation whose past was changed.
        if work.run.state == Run.State.RUNNING and not is_unbroken(work.steps):
            ending.for_cause(work, Reason.ERROR, CHANGED)
