"""Starting runs: in this process, or on the workers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agents.guards.verdict import Reason
from agents.models import Run
from agents.registry import enrol
from agents.result import Result
from agents.runner import advance
from agents.trace import evidence, trace, usage
from agents.work import Work
from escalation.gating.models import Policy
from escalation.gating.models.outcome import title_of
from escalation.queue.models import Escalation

if TYPE_CHECKING:
    from agents.agent import Agent


def run_here(agent: Agent, task: Any) -> Result:
    """Work on `task` until there is a result or a human is needed; the caller is the gate."""
    run = _new_run(agent, task, gated=False, budget=agent.limits.as_mapping())
    run.save()
    while run.state in Run.GOING:
        run = advance(run.pk, run.step, agent) or Run.objects.get(pk=run.pk)
    return _result_of(Work.on(run, agent))


def start_run(
    agent: Agent,
    task: Any,
    *,
    metadata: dict[str, Any] | None = None,
    priority: int = Escalation.Priority.NORMAL,
) -> Run:
    """Queue a run for the workers, under the policy in force at the agent's gate."""
    enrol(agent)
    policy = Policy.objects.in_force(agent.name, "default")
    run = _new_run(agent, task, gated=True, budget=policy.budget or agent.limits.as_mapping())
    run.metadata, run.priority = metadata or {}, priority
    run.save()
    return run


def _new_run(agent: Agent, task: Any, *, gated: bool, budget: dict[str, Any]) -> Run:
    return Run(
        agent=agent.slug,
        gated=gated,
        task=task,
        title=title_of(task),
        model=agent.model,
        prompt=agent.prompt,
        prompt_version=agent.prompt_version,
        budget=budget,
    )


def _result_of(work: Work) -> Result:
    run = work.run
    told = run.result if isinstance(run.result, dict) else {}
    waits = run.state == Run.State.WAITING_HUMAN
    confidence = told.get("confidence")
    return Result(
        agent=run.agent,
        task=run.task,
        output=told.get("output"),
        confidence=confidence or 0.0,
        stated_confidence=confidence,
        partial=bool(told.get("partial")),
        completed=tuple(told.get("completed", ())),
        missing=tuple(told.get("missing", ())),
        causes=(Reason.APPROVAL_REQUIRED.value,) if waits else tuple(told.get("causes", ())),
        detail=run.detail,
        usage=usage(work.spend()),
        trace=tuple(trace(work)),
        evidence=tuple(evidence(work, tuple(told.get("cited", ())))),
        run=run.pk,
        escalation=run.escalation_id if waits else None,
    )
