"""Agents under guards, and the library they are written with.

from agents import Agent, Budget, Critic, circuit_breaker, escalate_to_human, rule, tool
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agents.agent import Agent
    from agents.breakers.circuit import CircuitOpen, circuit_breaker
    from agents.critic import Critic
    from agents.escalate import escalate_to_human
    from agents.guards.budget import Budget
    from agents.rehearsal import Rehearsal
    from agents.result import Result
    from agents.tools import Tool, tool
    from escalation.gating.rules import rule

# Looked up on first use: this package is a Django app too, and models cannot load before the apps are ready.
_HOMES = {
    "Agent": "agents.agent",
    "Budget": "agents.guards.budget",
    "CircuitOpen": "agents.breakers.circuit",
    "Critic": "agents.critic",
    "Rehearsal": "agents.rehearsal",
    "Result": "agents.result",
    "Tool": "agents.tools",
    "circuit_breaker": "agents.breakers.circuit",
    "escalate_to_human": "agents.escalate",
    "rule": "escalation.gating.rules",
    "tool": "agents.tools",
}

__all__ = [
    "Agent",
    "Budget",
    "CircuitOpen",
    "Critic",
    "Rehearsal",
    "Result",
    "Tool",
    "circuit_breaker",
    "escalate_to_human",
    "rule",
    "tool",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'agents' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
