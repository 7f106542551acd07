"""What the queue does about its own moves, inside their transaction."""

from typing import Any

from django.dispatch import receiver

from escalation.queue.models import Check, Decision
from escalation.queue.signals import decided, undone


@receiver(decided)
def look_again_at_some(decision: Decision, **_: Any) -> None:
    """Of some decisions, as many as the review queue says, somebody else is asked the same."""
    Check.objects.draw_for(decision)


@receiver(undone)
def need_no_second_look(decision: Decision, **_: Any) -> None:
    Check.objects.take_back(decision)
