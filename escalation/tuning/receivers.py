"""A decision becomes a label in its own transaction; and where two people must see, one changes nothing."""

from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.dispatch import receiver

from escalation.gating.models import Policy
from escalation.gating.signals import adopting
from escalation.queue.models import Decision
from escalation.queue.signals import decided, undone
from escalation.tuning.models import GateRails, Label


@receiver(decided)
def write_the_label(decision: Decision, **_: Any) -> None:
    Label.objects.write_for(decision)


@receiver(undone)
def remove_the_label(decision: Decision, **_: Any) -> None:
    Label.objects.filter(decision=decision).delete()


@receiver(adopting)
def ask_for_a_second_person(policy: Policy, before: Policy | None, drafted_by: User | None, **_: Any) -> None:
    """Refuse that one person changes a threshold by themselves where ops have asked for two."""
    if before is None or policy.author is None or policy.threshold == before.threshold:
        return
    alone = drafted_by is None or drafted_by == policy.author
    if alone and GateRails.objects.of(policy.gate).four_eyes:
        raise ValidationError(
            {"threshold": "Two people change a threshold here: write a draft in the workbench of the gate."}
        )
