"""What stands in for the world while a run is a drill: the model, the tools, the breakers and the purse.

Nothing here reaches a real tool, a real model, or what other runs share.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from agents.agent import Agent
from agents.breakers.circuit import Circuit, CircuitOpen
from agents.guards.breaker import BreakerPolicy
from agents.llm.endpoint import Endpoint
from agents.llm.local.faults import Entry, Fault
from agents.llm.local.replies import Reply, tool_use
from agents.llm.local.server import LocalMessagesAPI
from agents.llm.turn import Turn, TurnRequest
from agents.models import Run
from agents.registry import agent_named
from agents.stores.breaker import Breakers, shared_breakers
from agents.tools import Tool

# Nobody listens there: Redis as it is when it is down.
NO_REDIS = "unix:///nonexistent/redis.sock"
PAUSE_S = 0.2  # between two tries of a model that is down: a drill need not wait for its recovery
IN_A_ROW = 4  # as many calls alike as the loop guard takes for a loop

SPOILS_ANSWERS = {
    "low-confidence": "low_confidence",
    "no-confidence": "no_confidence",
    "refusal": "refusal",
    "cut-stream": "polite_eof",
    "truncated-call": "truncated_call",
    "invalid-output": "invalid_output",
    "model-down": "overloaded",
}
BREAKS_TOOLS: Mapping[str, Callable[[], Exception]] = {
    "tool-down": partial(ConnectionRefusedError, "the drill refuses every connection"),
    "tool-slow": partial(TimeoutError, "the drill lets every call time out"),
    "tool-unknown": partial(ConnectionResetError, "the drill broke off in the middle of the call"),
}
CALLS_ON = ("tool-down", "tool-slow", "tool-unknown", "loop")
OPENS_CIRCUITS = ("tool-down", "tool-slow")


@dataclass(frozen=True, slots=True)
class Stage:
    """What one drill injects, and into which agent."""

    injection: str
    agent: Agent

    def entry(self, step: int) -> Entry:
        """What the model's API meets at the run's n-th step; None: the local model's own answer."""
        if self.injection in SPOILS_ANSWERS:
            return Fault(SPOILS_ANSWERS[self.injection])
        if self.injection not in CALLS_ON:
            return None
        tool = self.tool()
        arguments = self.agent.rehearsal.arguments_for(tool)
        calls = IN_A_ROW if self.injection == "loop" and step == 0 else 1
        return Reply(tuple(tool_use(tool.name, arguments) for _ in range(calls)))

    def tool(self) -> Tool:
        """The tool that the drill calls by itself; raises LookupError when the agent has none of its kind."""
        reads = self.injection != "tool-unknown"
        fitting = [tool for tool in self.agent.tools if (tool.effect == "read") == reads]
        if not fitting:
            kind = "reads" if reads else "changes something"
            raise LookupError(f"{self.agent.name} has no tool that {kind}, so this cannot happen to it")
        # One that a human must let run first would never get so far as to fail.
        return next((tool for tool in fitting if not self._waits_for_approval(tool)), fitting[0])

    def _waits_for_approval(self, tool: Tool) -> bool:
        return tool.needs_approval(tool.checked(self.agent.rehearsal.arguments_for(tool)))

    def ask(self, request: TurnRequest, *, step: int, deadline_s: float) -> Turn:
        """One turn of the local model, in this process, with the failure injected."""
        from agents.llm.messages import one_turn

        with LocalMessagesAPI() as server:
            server.script(request.user_id, [self.entry(step)])
            return one_turn(request, deadline_s=deadline_s, where=Endpoint(server.url, "drill"))

    def circuit(self, tool: Tool) -> Circuit:
        """A circuit of the drill's own, that failing calls have opened already where that is the failure."""
        own = Breakers(None)
        circuit = Circuit(f"tool:{tool.name}", tool.breaker, breakers=lambda: own)
        if self.injection in OPENS_CIRCUITS:
            _open(circuit, tool.breaker, BREAKS_TOOLS[self.injection])
        return circuit

    def answer(self, tool: Tool, arguments: Mapping[str, Any]) -> Any:
        """What a tool answers instead of being called; raises what is injected."""
        if self.injection in BREAKS_TOOLS:
            raise BREAKS_TOOLS[self.injection]()
        return self.agent.rehearsal.answer(tool, arguments)


def stage_of(run: Run) -> Stage | None:
    """What the run is to meet instead of the world; None: it is no drill."""
    return Stage(run.drill.injection, agent_named(run.agent)) if run.drill else None


def breakers_of(run: Run) -> Breakers:
    """The breakers that the run goes by: everybody's, or a drill's own, which nobody else ever sees."""
    return shared_breakers() if run.drill_id is None else Breakers(None)


def _open(circuit: Circuit, policy: BreakerPolicy, failure: Callable[[], Exception]) -> None:
    def fail() -> None:
        raise failure()

    for _ in range(max(policy.failure_threshold, policy.minimum_calls) + 1):
        try:
            circuit.call(fail)
        except CircuitOpen:
            return
        except (OSError, TimeoutError):
            continue
