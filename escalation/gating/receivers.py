"""What gates learn from the queue. Each receiver runs inside the move's transaction."""

from typing import Any

from django.dispatch import receiver

from escalation.gating.models import Outcome
from escalation.gating.timeouts import timeout_exit
from escalation.queue.models import Decision, Escalation
from escalation.queue.signals import decided, expired, undone


@receiver(decided)
def correct_the_outcome(decision: Decision, **_: Any) -> None:
    """A human who changes or refuses a result corrects the outcome it came from."""
    if decision.overturns:
        Outcome.objects.filter(escalation=decision.escalation_id).update(correction=decision)


@receiver(undone)
def restore_the_outcome(decision: Decision, **_: Any) -> None:
    Outcome.objects.filter(correction=decision).update(correction=None)


@receiver(expired)
def take_the_timeout_exit(escalation: Escalation, **_: Any) -> None:
    """Nobody came in time: take the escalation's own timeout exit, or say that there is none.

    Raises StaysOpen, and nothing has changed, when a human is to decide all the same.
    """
    escalation.resolution = timeout_exit(escalation)
    escalation.save(update_fields=["resolution"])
