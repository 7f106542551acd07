"""Which code an agent is: a digest of all that decides what it does, comments and layout left out."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Any

from escalation.queue.content import digest

if TYPE_CHECKING:
    from agents.agent import Agent


def code_version(agent: Agent) -> str:
    """16 hex digits that change when its prompt, model, tools, or the modules of its functions change.

    Libraries that those modules import are not looked into.
    """
    parts = {
        "prompt": agent.prompt,
        "models": sorted(agent.models),
        "guards": [agent.needs_evidence, agent.may_ask, agent.samples, list(agent.agree_on)],
        "tools": [
            [tool.name, tool.effect, tool.cache_ttl_s, tool.polling_interval_s, repr(tool.breaker)]
            for tool in agent.tools
        ],
        "modules": {module.__name__: _digest_of(module) for module in _modules(agent)},
    }
    return digest(parts)[:16]


def definition_of(agent: Agent) -> dict[str, Any]:
    """What ops are told of it."""
    tools = [{"name": tool.name, "effect": tool.effect} for tool in agent.tools]
    return {"model": agent.model, "prompt_version": agent.prompt_version, "tools": tools}


def _modules(agent: Agent) -> Iterator[ModuleType]:
    functions = [agent.opening, *(tool.function for tool in agent.tools)]
    functions += [tool.needs_approval for tool in agent.tools]
    found = {inspect.getmodule(function) for function in functions}
    # What belongs to the runner itself is no part of one agent.
    ours = {"agents.agent", "agents.tools"}
    yield from (module for module in found if module is not None and module.__name__ not in ours)


@cache
def _digest_of(module: ModuleType) -> str:
    try:
        source = inspect.getsource(module)
    except (OSError, TypeError):  # typed at a prompt: there is no file to read
        return ""
    return digest(ast.dump(ast.parse(source)))
