"""What runs learn from the queue. Each receiver runs inside the move's transaction."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models.functions import Now
from django.dispatch import receiver

from agents.models import Run
from agents.run.bell import ring, ring_for
from escalation.database.once import Once
from escalation.gating.models import Drill
from escalation.gating.signals import drill_wanted
from escalation.queue.exceptions import TransitionRefused
from escalation.queue.models import Decision, Escalation
from escalation.queue.signals import decided, expired, undone, withdrawn

_WAITING_FOR = Once(
    lambda escalation: Run.objects.filter(escalation=escalation, state=Run.State.WAITING_HUMAN)
)
# Just past the end of the undo window, so that the worker does not come a moment too early.
A_MOMENT = timedelta(milliseconds=200)


@receiver(decided)
def wake_the_run(decision: Decision, **_: Any) -> None:
    """A run that waits for this decision goes on when its undo window is over."""
    for run in _WAITING_FOR.all(escalation=decision.escalation_id):
        run.wake_for(decision)
        ring(run, after=settings.UNDO_WINDOW + A_MOMENT)


@receiver(undone)
def let_the_run_wait(decision: Decision, **_: Any) -> None:
    """Refused when the run has gone on already."""
    runs = Run.objects.filter(escalation=decision.escalation_id)
    runs.filter(state=Run.State.WAITING_HUMAN).update(wake_at=None)
    if runs.exclude(state=Run.State.WAITING_HUMAN).exists():
        raise TransitionRefused(decision.escalation, "undone")


@receiver([withdrawn, expired])
def wake_the_run_without_a_decision(escalation: Escalation, **_: Any) -> None:
    for run in _WAITING_FOR.all(escalation=escalation.pk):
        Run.objects.filter(pk=run.pk, state=Run.State.WAITING_HUMAN).update(wake_at=Now())
        ring(run)


@receiver(drill_wanted)
def ask_for_the_drill(drill: Drill, **_: Any) -> None:
    """An agent that works elsewhere rehearses by itself."""
    if drill.agent.runs_here:
        ring_for(drill)
