"""One call that puts a question to a human."""

from __future__ import annotations

from typing import Any

from agents.result import Result
from escalation.gating.exceptions import UnknownGate
from escalation.gating.models import Policy
from escalation.gating.models.outcome import CARRIED, title_of
from escalation.gating.models.policy import OF_RESULTS
from escalation.queue.models import Escalation, Reason


def escalate_to_human(
    task: Any, *, reason: str, agent_output: Result, gate: str = "default", key: str | None = None
) -> Escalation:
    """Let a human decide over `agent_output`, once per key; returns the escalation, which is stored by then.

    `reason` is a code of `Reason`; ValueError otherwise. A run's result is escalated once for a reason,
    however often this is called. A run that waits for a human already is not put before another.
    """
    reason = _known(reason)
    if agent_output.escalation is not None:
        return Escalation.objects.get(pk=agent_output.escalation)
    if key is None and agent_output.run is not None:
        key = f"run:{agent_output.run}:{reason}"
    escalation, _ = Escalation.objects.raise_once(
        agent=agent_output.agent,
        gate=gate,
        key=key,
        reason=reason,
        title=title_of(task),
        detail=agent_output.detail,
        confidence=agent_output.stated_confidence,
        **_carried(task, agent_output),
        **_terms(agent_output.agent, gate),
    )
    return escalation


def _known(reason: str) -> str:
    if reason not in Reason.values:
        raise ValueError(f"reason={reason!r} is not a reason code; use one of: {', '.join(Reason.values)}")
    return reason


def _carried(task: Any, result: Result) -> dict[str, Any]:
    shared = [name for name in CARRIED if name != "task" and hasattr(result, name)]
    carried = {name: getattr(result, name) for name in shared}
    return {"task": task} | {k: list(v) if isinstance(v, tuple) else v for k, v in carried.items()}


def _terms(agent: str, gate: str) -> dict[str, Any]:
    try:
        policy = Policy.objects.in_force(agent, gate, without=OF_RESULTS)
    except UnknownGate:  # an agent that ops do not know yet: the default queue, and no threshold to show
        return {}
    return {
        "queue": policy.queue,
        "threshold": policy.threshold,
        "policy_version": policy.version,
        "deadline_s": policy.deadline_s,
        "on_timeout": policy.timeout,
    }
