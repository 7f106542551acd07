"""Rehearsals: the real agent on the real workers, with a failure injected. Passed is only the declared exit.

What is injected, and what stands in for the world meanwhile: agents/run/stage.py.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from pydantic import ValidationError

from agents.agent import Agent
from agents.code_version import code_version, definition_of
from agents.models import Run
from agents.registry import UnknownAgent, agent_named, known_agents
from agents.run.bell import ring, ring_for
from agents.run.running import start_drill
from agents.run.stage import Stage
from escalation.gating.models import Agent as AgentRow
from escalation.gating.models import Drill, FailureMode, Gate

HEARD_WITHIN = timedelta(seconds=10)
NO_EXIT = "No exit was seen in time."


@transaction.atomic
def begin(drill_id: int) -> Run | None:
    """Let an agent meet the failure that a drill injects; None: somebody has, or it cannot."""
    drill = Drill.objects.select_related("agent", "policy__gate").get(pk=drill_id)
    try:
        agent = agent_named(drill.agent.slug)
    except UnknownAgent as error:
        drill.fail(f"This worker cannot begin it: {error}.")
        return None
    drill.agent.learn(code_version(agent), definition_of(agent))
    if not drill.begin(drill.agent.code_version):
        return None
    if why := _impossible(Stage(drill.injection, agent)):
        drill.fail(why)
        return None
    run = start_drill(agent, drill)
    ring(run)
    return run


def _impossible(stage: Stage) -> str | None:
    """Why a failure cannot be brought about in this agent, if so."""
    try:
        stage.entry(0)
    except LookupError as error:
        return f"{error}."
    except ValidationError:
        tool = stage.tool().name
        return (
            f"No arguments could be made up for {tool}: "
            f'give them in its agent, as rehearsal=Rehearsal(arguments={{"{tool}": {{…}}}}).'
        )
    return None


def learn_the_code() -> int:
    """Note what code the known agents are, where it changed; returns how many did."""
    changed = 0
    for agent in known_agents():
        changed += _learn(agent)
    return changed


def _learn(agent: Agent) -> bool:
    row = AgentRow.objects.filter(slug=agent.name).first()
    if row is None or row.code_version == code_version(agent):
        return False
    row.learn(code_version(agent), definition_of(agent))
    Gate.objects.filter(agent=row, slug="default").update(output_schema=dict(agent.output))
    return True


def begin_the_unheard() -> int:
    """Ring once more for drills that no worker heard of."""
    unheard = Drill.objects.unheard().filter(wanted_at__lt=Now() - HEARD_WITHIN).select_related("agent")
    return sum(ring_for(drill) for drill in unheard if drill.agent.runs_here)


def give_up() -> int:
    """Fail the drills that nobody should wait for any longer, and stop their runs."""
    overdue = list(Drill.objects.overdue())
    for drill in overdue:
        Run.objects.filter(drill=drill).stop(NO_EXIT)
        drill.fail(NO_EXIT)
    return len(overdue)


def repeat() -> int:
    """Ask for the drills of live agents that are stale, or were not held for long; returns how many."""
    live = AgentRow.objects.filter(state=AgentRow.State.LIVE).exclude(definition={})
    modes = FailureMode.objects.exclude(injection="").filter(agent__in=live).select_related("agent", "gate")
    due = [mode for mode in modes if not _is_recent(mode)]
    for mode in due:
        Drill.objects.want(mode)
    return len(due)


def _is_recent(mode: FailureMode) -> bool:
    as_it_now_is = Q(
        policy=mode.gate.policy,
        code_version=mode.agent.code_version,
        injection=mode.injection,
        expected_reason=mode.reason,
        wanted_at__gte=Now() - settings.DRILL_EVERY,
    )
    return mode.drills.filter(as_it_now_is | Q(passed=None)).exists()
