"""The exit that is taken when nobody decided in time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from escalation.gating.exceptions import UnknownGate
from escalation.gating.exits import CACHED, DEFAULT, HUMAN, RULE, at_the_deadline
from escalation.gating.models import Outcome, Policy
from escalation.gating.rules import answer_of
from escalation.queue.content import digest
from escalation.queue.exceptions import StaysOpen
from escalation.queue.models import Escalation

NO_ANSWER = {
    "exit": None,
    "output": None,
    "detail": "the deadline passed and no timeout exit yielded an answer",
}
Exit = dict[str, Any]


def timeout_exit(escalation: Escalation) -> Exit:
    """What the escalation ends with: the first of its timeout exits that yields an answer.

    Raises StaysOpen when a human is to decide all the same.
    """
    for handler, default, origin in _wanted(escalation):
        if handler == HUMAN:
            raise StaysOpen
        if taken := _taken(handler, escalation, default, origin):
            return taken
    return NO_ANSWER


def _wanted(escalation: Escalation) -> Sequence[tuple[str, Any, str]]:
    """Each handler in order, with what `default` yields and where that was said."""
    said = escalation.on_timeout or {}
    handler = said.get("handler")
    if handler == "policy":
        handlers = at_the_deadline(said["handlers"], escalation.reason, partial=escalation.partial)
        default = _safe_default(escalation) if DEFAULT in handlers else None
        return [(each, default, "the policy's safe default") for each in handlers]
    if handler == RULE:
        handler = f"{RULE}:{said.get('name')}"
    return [(handler, said.get("output"), "the safe default given with the escalation")] if handler else []


def _taken(handler: str, escalation: Escalation, default: Any, origin: str) -> Exit | None:
    if handler == DEFAULT:
        return {"exit": DEFAULT, "output": default, "detail": origin}
    if handler == CACHED:
        cached = _cached_answer(escalation)
        return (
            None
            if cached is None
            else {"exit": CACHED, "output": cached.output, "detail": f"outcome {cached.pk}"}
        )
    name = handler.removeprefix(f"{RULE}:")
    answer = answer_of(name, escalation.task, escalation.output)
    return None if answer is None else {"exit": RULE, "output": answer, "detail": f"rule {name}"}


def _safe_default(escalation: Escalation) -> Any:
    """That of the policy under which it was raised, whatever is in force by now."""
    policies = Policy.objects.filter(gate__agent__slug=escalation.agent, gate__slug=escalation.gate)
    at_the_time = policies.filter(version=escalation.policy_version or 0)
    return at_the_time.values_list("default_output", flat=True).get()


def _cached_answer(escalation: Escalation) -> Outcome | None:
    try:
        policy = Policy.objects.in_force(escalation.agent, escalation.gate)
    except UnknownGate:
        return None
    return Outcome.objects.last_accepted(policy, digest(escalation.task))
