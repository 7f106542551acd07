"""How a run waits, for a human or for the model's API: as a row, which holds no worker."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import transaction

from agents.asking import ASK
from agents.guards.verdict import Reason
from agents.models import Run, ToolCall
from agents.run.trace import trace, usage
from agents.run.work import Work
from agents.statements import Moment
from agents.storable import storable_text
from escalation.gating.models import Policy
from escalation.queue.models import Escalation


@transaction.atomic
def hold(work: Work, call: ToolCall) -> None:
    """Wait for a human to let `call` run, or to answer what it asks."""
    escalation, _ = Escalation.objects.raise_once(
        agent=work.run.agent,
        gate=work.run.gate,
        key=f"run:{work.run.pk}:{call.tool_use_id}",
        task=work.run.task,
        title=work.run.title,
        trace=trace(work),
        usage=usage(work.spend()),
        priority=work.run.priority,
        **(_question(call) if call.name == ASK else _approval(call)),
        **_terms(work.run),
    )
    work.change(call, escalation=escalation)
    wait_for(work, escalation)


def wait_for(work: Work, escalation: Escalation) -> None:
    """Let go of the run until `escalation` is decided, withdrawn or expired."""
    work.write(
        state=Run.State.WAITING_HUMAN,
        escalation=escalation,
        awaits_answer=True,
        lease_until=None,
        lost=0,
        wake_at=None,
        rung_at=None,
        detail=escalation.detail,
    )


def wait_for_upstream(work: Work, *, seconds: float, detail: str) -> None:
    """Let go of the run for `seconds`, then try the same step again."""
    work.write(
        state=Run.State.WAITING_UPSTREAM,
        upstream_failures=work.run.upstream_failures + 1,
        lease_until=None,
        lost=0,
        wake_at=Moment(timedelta(seconds=seconds)),
        rung_at=None,
        detail=storable_text(detail),
    )


def wait_to_poll(work: Work, *, seconds: float, detail: str) -> None:
    """Let go of the run for `seconds`, then go on with the calls of the same step."""
    work.write(
        state=Run.State.WAITING_UPSTREAM,
        lease_until=None,
        lost=0,
        wake_at=Moment(timedelta(seconds=seconds)),
        rung_at=None,
        detail=detail,
    )


def _terms(run: Run) -> dict[str, Any]:
    if not run.gated:
        return {}
    policy = Policy.objects.in_force(run.agent, run.gate)
    return {"queue": policy.queue, "policy_version": policy.version, "deadline_s": policy.deadline_s}


def _approval(call: ToolCall) -> dict[str, Any]:
    return {
        "kind": Escalation.Kind.APPROVAL,
        "reason": Reason.APPROVAL_REQUIRED,
        "action": {"name": call.name, "arguments": call.arguments},
        "detail": f"{call.name} runs only when a human lets it.",
    }


def _question(call: ToolCall) -> dict[str, Any]:
    options = call.arguments.get("options", [])
    return {
        "kind": Escalation.Kind.QUESTION,
        "reason": Reason.INPUT_REQUESTED,
        "question": call.arguments["question"],
        "options": [{"value": option, "label": option} for option in options],
        "detail": "The agent asks.",
    }
