"""What agents are to do when they are wrong, and whether that was rehearsed: read for many at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import F, Q

from escalation.gating.go_live import GatePlan, ModePlan, still_missing
from escalation.gating.models.drill import Drill
from escalation.gating.models.failure_mode import FailureMode
from escalation.gating.models.gate import Gate
from escalation.gating.models.policy import HANDLED, Policy

if TYPE_CHECKING:
    from escalation.gating.models.agent import Agent


@dataclass(frozen=True, slots=True)
class Plan:
    """An agent's gates with their policies in force, and its failure modes with how their drills went."""

    agent: Agent
    gates: Sequence[tuple[Gate, Policy | None]]
    modes: Sequence[tuple[FailureMode, str]]  # by rank; passed, failed, stale or never, as `ModePlan.drilled`

    @property
    def missing(self) -> list[str]:
        """What stands between the agent and going live, a sentence each."""
        gates = [
            GatePlan(gate.slug, policy.budget if policy else {}, policy.exits if policy else None)
            for gate, policy in self.gates
        ]
        modes = [ModePlan(mode.name, mode.rank, bool(mode.injection), said) for mode, said in self.modes]
        return still_missing(self.agent.owner, self.agent.on_call, gates, HANDLED, modes)


def plans_of(agents: Sequence[Agent]) -> list[Plan]:
    """The plan of each agent, in four statements however many there are."""
    newest = Policy.objects.filter(gate__agent__in=agents).order_by("gate_id", "-version")
    in_force = {policy.gate_id: policy for policy in newest.distinct("gate_id")}
    gates: dict[int, list[tuple[Gate, Policy | None]]] = defaultdict(list)
    for gate in Gate.objects.filter(agent__in=agents).order_by("slug"):
        gates[gate.agent_id].append((gate, in_force.get(gate.pk)))
    drilled = _drilled(agents, in_force.values())
    modes: dict[int, list[tuple[FailureMode, str]]] = defaultdict(list)
    for mode in FailureMode.objects.filter(agent__in=agents).ranked():
        modes[mode.agent_id].append((mode, drilled.get(mode.pk, "never")))
    return [Plan(agent, gates[agent.pk], modes[agent.pk]) for agent in agents]


def _drilled(agents: Sequence[Agent], in_force: Collection[Policy]) -> dict[int, str]:
    """By failure mode that was ever rehearsed: how it went under what is in force, or that it is stale."""
    # A drill speaks for a failure mode as that was when it ran.
    as_written = Q(
        injection=F("failure_mode__injection"),
        expected_reason=F("failure_mode__reason"),
        policy__gate=F("failure_mode__gate"),
    )
    ended = Drill.objects.filter(as_written, agent__in=agents).exclude(passed=None)
    marked = ended.annotate(is_current=Q(policy__in=in_force, code_version=F("agent__code_version")))
    newest = marked.order_by("failure_mode_id", "-is_current", "-id").distinct("failure_mode_id")
    rows = newest.values_list("failure_mode_id", "is_current", "passed")
    return {
        mode: ("passed" if passed else "failed") if now else "stale" for mode, now, passed in rows if mode
    }
