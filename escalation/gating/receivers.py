"""What gates learn from the queue. Each receiver runs inside the move's transaction."""

from typing import Any

from django.db.models import Q
from django.dispatch import receiver

from escalation.gating.models import Outcome
from escalation.gating.timeouts import timeout_exit
from escalation.queue.models import Check, Decision, Escalation
from escalation.queue.signals import decided, expired, settled, undone


@receiver(decided)
def correct_the_outcome(decision: Decision, **_: Any) -> None:
    """A human who changes or refuses a result corrects the outcome it came from."""
    if decision.overturns:
        Outcome.objects.filter(escalation=decision.escalation_id).update(correction=decision)


@receiver(undone)
def restore_the_outcome(decision: Decision, **_: Any) -> None:
    """What was undone corrects nothing; where a lead had let it stand, the first decision does again."""
    Outcome.objects.filter(correction=decision).update(correction=None)
    either = Q(escalation=decision.escalation_id) | Q(first=decision)
    for check in Check.objects.filter(either, stands=Check.Stands.SECOND).select_related("first"):
        correct_with_what_stands(check)


@receiver(settled)
def correct_with_what_stands(check: Check, **_: Any) -> None:
    """Let the decision that a lead lets stand correct the outcome in the place of the first."""
    judged = Escalation.objects.filter(decision=check.first)
    second = check.escalation.decision if check.stands == Check.Stands.SECOND else None
    standing = second or check.first
    correction = standing if standing.overturns and judged.exists() else None
    Outcome.objects.filter(escalation=check.first.escalation_id).update(correction=correction)


@receiver(expired)
def take_the_timeout_exit(escalation: Escalation, **_: Any) -> None:
    """Nobody came in time: take the escalation's own timeout exit, or say that there is none.

    Raises StaysOpen, and nothing has changed, when a human is to decide all the same.
    """
    escalation.resolution = timeout_exit(escalation)
    escalation.save(update_fields=["resolution"])
