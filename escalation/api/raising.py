"""A posted escalation under the policy in force at its gate."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from escalation.api.problems import FieldError, Invalid
from escalation.api.shapes.escalations import PRIORITIES, EscalationIn, RuleOnTimeout
from escalation.delivery.destinations import DestinationRefused, check_url
from escalation.gating.exceptions import UnknownGate
from escalation.gating.models import Agent, Policy
from escalation.gating.models.policy import OF_RESULTS
from escalation.gating.rules import rule_named
from escalation.queue.answer_schema import flaw_of_schema
from escalation.queue.content import digest
from escalation.queue.models import Escalation, ReviewQueue

NUMBERS = {name: number for number, name in PRIORITIES.items()}
# Parts that are stored as they were written, once their shape was checked.
AS_WRITTEN: dict[str, Any] = {
    "completed": [], "missing": [], "action": None, "options": [], "answer_schema": None, "trace": [],
    "evidence": [], "on_timeout": None, "tags": [], "metadata": {},
}  # fmt: skip
NEEDED = {"approval": "action", "question": "question"}


def raise_for(
    agent: Agent, body: EscalationIn, written: dict[str, Any], key: str | None
) -> tuple[Escalation, bool]:
    """Put what an agent posted to a human, once per key; returns the row and whether it is new.

    Where the body says nothing of threshold, queue or deadline, the policy in force does. Raises Invalid,
    UnknownGate or KeyReused.
    """
    if errors := list(_errors(body)):
        raise Invalid(*errors)
    policy = _policy(agent, body.gate)
    return Escalation.objects.raise_once(
        agent=agent.slug,
        key=key,
        request_hash=digest(written) if key else "",
        gate=body.gate or "default",
        queue=_queue(body.queue) or (policy.queue if policy else None),
        deadline_s=body.deadline_s or (policy.deadline_s if policy else None),
        threshold=body.threshold if body.threshold is not None or policy is None else policy.threshold,
        policy_version=policy.version if policy else None,
        priority=NUMBERS[body.priority],
        usage=written.get("usage") or {},
        callback_url=body.callback_url or "",
        **{name: getattr(body, name) for name in AS_READ},
        **{name: written.get(name, default) for name, default in AS_WRITTEN.items()}
        | _policys_timeout(policy, body),
    )


def _policys_timeout(policy: Policy | None, body: EscalationIn) -> dict[str, Any]:
    # A deadline that the agent set itself ends as the agent said, and only a result has a stand-in.
    if policy is None or body.deadline_s or body.on_timeout or body.kind != "result":
        return {}
    return {"on_timeout": policy.timeout}


AS_READ = (
    "kind", "reason", "title", "task", "output", "confidence", "partial", "question", "explanation",
    "external_id", "fingerprint",
)  # fmt: skip


def _errors(body: EscalationIn) -> Iterator[FieldError]:
    """What no single field can be blamed for by its type."""
    needed = NEEDED.get(body.kind)
    if needed and not getattr(body, needed):
        yield FieldError(f"/{needed}", f"required with the kind {body.kind!r}")
    if isinstance(body.on_timeout, RuleOnTimeout) and rule_named(body.on_timeout.name) is None:
        yield FieldError("/on_timeout/name", f"no rule is named {body.on_timeout.name!r}")
    if body.callback_url is not None:
        yield from _errors_of_url(body.callback_url)
    if body.answer_schema is not None and (flaw := flaw_of_schema(body.answer_schema)):
        yield FieldError("/answer_schema", flaw)


def _errors_of_url(url: str) -> Iterator[FieldError]:
    try:
        check_url(url)
    except DestinationRefused as refused:
        yield FieldError("/callback_url", str(refused))


def _policy(agent: Agent, gate: str | None) -> Policy | None:
    try:
        return Policy.objects.in_force(agent.slug, gate or "default", without=OF_RESULTS)
    except UnknownGate:
        # An agent that has no gate yet may still ask a human; a gate that is named must exist.
        if gate is not None:
            raise
        return None


def _queue(slug: str | None) -> ReviewQueue | None:
    if slug is None:
        return None
    queue = ReviewQueue.objects.filter(slug=slug).first()
    if queue is None:
        raise Invalid(FieldError("/queue", f"there is no review queue {slug!r}"))
    return queue
