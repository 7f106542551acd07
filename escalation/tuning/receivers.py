"""A decision becomes a label in its own transaction; an undone one leaves none."""

from typing import Any

from django.dispatch import receiver

from escalation.queue.models import Decision
from escalation.queue.signals import decided, undone
from escalation.tuning.models import Label


@receiver(decided)
def write_the_label(decision: Decision, **_: Any) -> None:
    Label.objects.write_for(decision)


@receiver(undone)
def remove_the_label(decision: Decision, **_: Any) -> None:
    Label.objects.filter(decision=decision).delete()
