"""A decision becomes a label in its own transaction; and where two people must see, one changes nothing."""

from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.dispatch import receiver

from escalation.gating.models import Policy
from escalation.gating.signals import adopting
from escalation.queue.models import Check, Decision, Reason
from escalation.queue.signals import decided, settled, undone
from escalation.tuning.models import GateRails, Label


@receiver(decided)
def write_the_label(decision: Decision, **_: Any) -> None:
    if decision.escalation.reason == Reason.SECOND_REVIEW:
        _write_anew(decision)
    else:
        Label.objects.write_for(decision)


@receiver(undone)
def remove_the_label(decision: Decision, **_: Any) -> None:
    """An undone decision says nothing; where it had taken the place of another, that one speaks again."""
    Label.objects.filter(decision=decision).delete()
    _write_anew(decision)


def _write_anew(decision: Decision) -> None:
    either = Q(escalation=decision.escalation_id) | Q(first=decision)
    for check in Check.objects.filter(either).exclude(stands="").select_related("first__escalation"):
        Label.objects.write_anew(check.first)


@receiver(settled)
def write_the_label_of_what_stands(check: Check, **_: Any) -> None:
    Label.objects.write_anew(check.first)


@receiver(adopting)
def ask_for_a_second_person(policy: Policy, before: Policy | None, drafted_by: User | None, **_: Any) -> None:
    """Refuse that one person changes a threshold by themselves where ops have asked for two."""
    if before is None or policy.author is None or _same_thresholds(policy, before):
        return
    alone = drafted_by is None or drafted_by == policy.author
    if alone and GateRails.objects.of(policy.gate).four_eyes:
        raise ValidationError(
            {"threshold": "Two people change a threshold here: write a draft in the workbench of the gate."}
        )


def _same_thresholds(policy: Policy, before: Policy) -> bool:
    names = {"", *policy.categories, *before.categories}
    return all(policy.threshold_for(name) == before.threshold_for(name) for name in names)
