"""The exit that is taken when nobody decided in time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

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
    policy = _policy(escalation)
    for handler, default, origin in _wanted(escalation, policy):
        if handler == HUMAN:
            raise StaysOpen
        if taken := _taken(handler, escalation, policy, default, origin):
            return taken
    return NO_ANSWER


def _policy(escalation: Escalation) -> Policy | None:
    """That under which it was raised, whatever is in force by now."""
    policies = Policy.objects.filter(gate__agent__slug=escalation.agent, gate__slug=escalation.gate)
    return policies.filter(version=escalation.policy_version or 0).select_related("gate").first()


def _wanted(escalation: Escalation, policy: Policy | None) -> Sequence[tuple[str, Any, str]]:
    """Each handler in order, with what `default` yields and where that was said."""
    said = escalation.on_timeout or {}
    handler = said.get("handler")
    if handler == "policy":
        handlers = at_the_deadline(said["handlers"], escalation.reason, partial=escalation.partial)
        default = policy.default_output if policy else None
        return [(each, default, "the policy's safe default") for each in handlers]
    if handler == RULE:
        handler = f"{RULE}:{said.get('name')}"
    return [(handler, said.get("output"), "the safe default given with the escalation")] if handler else []


def _taken(
    handler: str, escalation: Escalation, policy: Policy | None, default: Any, origin: str
) -> Exit | None:
    if handler == DEFAULT:
        return {"exit": DEFAULT, "output": default, "detail": origin}
    if handler == CACHED:
        cached = Outcome.objects.last_accepted(policy, digest(escalation.task)) if policy else None
        if cached is None:
            return None
        return {"exit": CACHED, "output": cached.output, "detail": f"outcome {cached.pk}"}
    name = handler.removeprefix(f"{RULE}:")
    answer = answer_of(name, escalation.task, escalation.output, policy.tables if policy else None)
    return None if answer is None else {"exit": RULE, "output": answer, "detail": f"rule {name}"}
