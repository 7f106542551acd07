"""Starting runs: in this process, or on the workers."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction

from agents.models import Run
from agents.registry import enrol
from agents.result import Result
from agents.run.runner import advance
from agents.run.trace import evidence, trace, usage
from agents.run.work import Work
from agents.storable import storable
from escalation.gating.models import Drill, Policy
from escalation.gating.models.outcome import title_of
from escalation.queue.exceptions import KeyReused
from escalation.queue.models import Escalation

if TYPE_CHECKING:
    from agents.agent import Agent

POLL_S = 0.5


def run_here(agent: Agent, task: Any) -> Result:
    """Work on `task` until there is a result or a human is needed; the caller is the gate."""
    run = _new_run(agent, task, gated=False, budget=agent.limits.as_mapping())
    run.save()
    return _go_on(run, agent)


def resume_here(agent: Agent, run_id: int) -> Result:
    """Go on with a run of `run_here` that a human has answered; ValueError for a run that is another's."""
    run = Run.objects.filter(pk=run_id, gated=False, agent=agent.slug).first()
    # Nameless agents are told apart by what they are asked to do.
    if run is None or not (agent.name or run.prompt_version == agent.prompt_version):
        raise ValueError(f"run {run_id} was not begun by this agent's run(): resume what `result.run` names")
    return _go_on(advance(run.pk, run.step, agent) or run, agent)


def _go_on(run: Run, agent: Agent) -> Result:
    while run.state in (*Run.GOING, Run.State.WAITING_UPSTREAM):
        if run.state == Run.State.WAITING_UPSTREAM:  # for a tool that must not be asked again so soon
            time.sleep(POLL_S)
        advanced = advance(run.pk, run.step, agent)
        if advanced is None:
            run.refresh_from_db()
            if run.state in Run.GOING:  # somebody else holds it
                break
        run = advanced or run
    return _result_of(Work.on(run, agent))


def start_once(
    agent: Agent, task: Any, *, key: str | None, request_hash: str, **facts: Any
) -> tuple[Run, bool]:
    """Queue a run, once per key; returns it, and whether it is new. KeyReused for a key with another body."""
    first = Run.objects.filter(agent=agent.name, key=key) if key else Run.objects.none()
    run = first.first()
    if run is None:
        try:
            with transaction.atomic():
                return start_run(agent, task, key=key, request_hash=request_hash, **facts), True
        except IntegrityError:  # the same request, at the same moment
            run = first.get()
    if run.request_hash != request_hash:
        raise KeyReused(run.key or "")
    return run, False


def start_run(
    agent: Agent,
    task: Any,
    *,
    metadata: dict[str, Any] | None = None,
    priority: int = Escalation.Priority.NORMAL,
    key: str | None = None,
    request_hash: str = "",
) -> Run:
    """Queue a run under the policy in force at the agent's gate; then `ring` it. ValueError without name."""
    if not agent.name:
        raise ValueError(
            "only a named agent can work on the workers: give it a name, or call agent.run(task)"
        )
    enrol(agent)
    policy = Policy.objects.in_force(agent.name, "default")
    run = _new_run(agent, task, gated=True, budget=policy.budget or agent.limits.as_mapping())
    run.metadata, run.priority = storable(metadata or {}), priority
    run.key, run.request_hash = key, request_hash
    run.save()
    return run


def start_drill(agent: Agent, drill: Drill) -> Run:
    """Queue the run of a drill, on its fixtures and under the policy that it rehearses; then `ring` it."""
    budget = drill.policy.budget or agent.limits.as_mapping()
    if drill.injection == "one-turn":
        budget = budget | {"turns": 1}
    run = _new_run(agent, agent.rehearsal.task, gated=True, budget=budget)
    run.gate, run.drill, run.title = drill.gate.slug, drill, f"Drill: {drill.what.lower()}"
    run.save()
    return run


def _new_run(agent: Agent, task: Any, *, gated: bool, budget: dict[str, Any]) -> Run:
    task = storable(task)
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
    told = run.result or {}
    waits_for = run.escalation if run.state == Run.State.WAITING_HUMAN else None
    partial, stated = bool(told.get("partial")), told.get("confidence")
    causes = (waits_for.reason,) if waits_for else tuple(told.get("causes", ()))
    return Result(
        agent=run.agent,
        task=run.task,
        output=told.get("output"),
        # Whatever number the model gave, what a guard stopped must not pass a comparison.
        confidence=0.0 if partial or causes or stated is None else stated,
        stated_confidence=stated,
        partial=partial,
        completed=tuple(told.get("completed", ())),
        missing=tuple(told.get("missing", ())),
        causes=causes,
        detail=run.detail,
        usage=usage(work.spend()),
        trace=tuple(trace(work)),
        evidence=tuple(evidence(work, told.get("cited", ()))),
        run=run.pk,
        escalation=waits_for.pk if waits_for else None,
    )
