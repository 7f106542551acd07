"""Agents by name: those that ship, and those in the `agents` module of any installed Django app."""

from __future__ import annotations

from contextlib import suppress
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from django.apps import apps
from django.db import transaction
from django.utils.module_loading import module_has_submodule

from agents import library
from agents.code_version import code_version, definition_of
from escalation.gating.exceptions import PolicyChanged
from escalation.gating.models import Agent as AgentRow
from escalation.gating.models import Gate
from escalation.queue.models import ReviewQueue

if TYPE_CHECKING:
    from agents.agent import Agent

_agents: dict[str, Agent] = {}


class UnknownAgent(LookupError):
    """No agent has this name."""

    def __init__(self, name: str) -> None:
        known = ", ".join(sorted(_agents)) or "none"
        super().__init__(f"no agent is named {name!r}; known are: {known}")


def register(agent: Agent) -> Agent:
    """Make a named agent known; raises ValueError when another one has its name."""
    if _agents.setdefault(agent.name, agent) is not agent:
        raise ValueError(f"two agents are named {agent.name!r}: rename one")
    return agent


def agent_named(name: str) -> Agent:
    """The agent's definition; raises UnknownAgent with the names there are."""
    if name not in _agents:
        raise UnknownAgent(name)
    return _agents[name]


def known_agents() -> list[Agent]:
    """Every agent that is known, by name."""
    return [_agents[name] for name in sorted(_agents)]


def discover() -> None:
    """Register every named Agent in `agents.library` and in the `agents` module of each installed app."""
    modules = [f"agents.library.{found.name}" for found in iter_modules(library.__path__)]
    modules += [
        f"{app.name}.agents"
        for app in apps.get_app_configs()
        if app.module is not None and app.name != "agents" and module_has_submodule(app.module, "agents")
    ]
    for module in modules:
        _register_all_in(module)


def _register_all_in(module: str) -> None:
    from agents.agent import Agent

    for value in vars(import_module(module)).values():
        if isinstance(value, Agent) and value.name:
            try:
                register(value)
            except ValueError as error:
                raise ValueError(f"{module}: {error}") from None


@transaction.atomic
def enrol(agent: Agent) -> AgentRow:
    """Give the agent its row, its gate and a first policy where ops have not done so; it is a draft."""
    row, _ = AgentRow.objects.get_or_create(
        slug=agent.name, defaults={"name": agent.name.replace("-", " ").capitalize()}
    )
    if not row.code_version:
        row.learn(code_version(agent), definition_of(agent))
    gate, _ = Gate.objects.get_or_create(
        agent=row, slug="default", defaults={"output_schema": dict(agent.output)}
    )
    if gate.policy is None:
        with suppress(PolicyChanged):  # somebody else wrote the first one at the same moment
            gate.adopt(
                author=None,
                reason="The first policy, from the agent's own definition.",
                made_from=0,
                threshold=agent.threshold,
                budget=agent.limits.as_mapping(),
                queue=ReviewQueue.default(),
            )
    return row
