"""What gates learn from the queue. Each receiver runs inside the move's transaction."""

from typing import Any

from django.dispatch import receiver

from escalation.gating.exceptions import UnknownGate
from escalation.gating.models import Outcome, Policy
from escalation.gating.rules import answer_of
from escalation.queue.content import digest
from escalation.queue.models import Decision, Escalation, Verdict
from escalation.queue.signals import decided, expired, undone

OVERTURNING = (Verdict.EDIT, Verdict.REJECT, Verdict.ANSWER)


@receiver(decided)
def correct_the_outcome(decision: Decision, **_: Any) -> None:
    """A human who changes or refuses a result corrects the outcome it came from."""
    if decision.verdict in OVERTURNING and not decision.cosmetic:
        Outcome.objects.filter(escalation=decision.escalation_id).update(correction=decision)


@receiver(undone)
def restore_the_outcome(decision: Decision, **_: Any) -> None:
    Outcome.objects.filter(correction=decision).update(correction=None)


@receiver(expired)
def take_the_timeout_exit(escalation: Escalation, **_: Any) -> None:
    """Nobody came in time: take the escalation's own timeout exit, or say that there is no answer."""
    escalation.resolution = _timeout_exit(escalation)
    escalation.save(update_fields=["resolution"])


def _timeout_exit(escalation: Escalation) -> dict[str, Any]:
    wanted = escalation.on_timeout or {}
    handler = wanted.get("handler")
    if handler == "default":
        return {
            "exit": "default",
            "output": wanted.get("output"),
            "detail": "the safe default given with the escalation",
        }
    if handler == "cached" and (cached := _cached_answer(escalation)):
        return {"exit": "cached", "output": cached.output, "detail": f"outcome {cached.pk}"}
    if handler == "rule":
        name = str(wanted.get("name"))
        if (answer := answer_of(name, escalation.task, escalation.output, _tables(escalation))) is not None:
            return {"exit": "rule", "output": answer, "detail": f"rule {name}"}
    return {
        "exit": None,
        "output": None,
        "detail": "the deadline passed and no timeout exit yielded an answer",
    }


def _tables(escalation: Escalation) -> dict[str, Any]:
    policy = _policy(escalation)
    return policy.tables if policy else {}


def _policy(escalation: Escalation) -> Policy | None:
    try:
        return Policy.objects.in_force(escalation.agent, escalation.gate)
    except UnknownGate:
        return None


def _cached_answer(escalation: Escalation) -> Outcome | None:
    policy = _policy(escalation)
    return Outcome.objects.last_accepted(policy, digest(escalation.task)) if policy else None
