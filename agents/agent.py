"""Agent: a model, its instructions, its tools, and what it may use up."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from jsonschema import Draft202012Validator, SchemaError

from agents.answer import answer_schema
from agents.asking import ASK, ASK_A_HUMAN
from agents.critic import Critic
from agents.guards.budget import Budget, require_return_partial
from agents.llm.output_schema import refusals
from agents.rehearsal import Rehearsal
from agents.result import Result
from agents.tools import Tool
from escalation.queue.content import digest

TEXT = {"type": "string"}
UNNAMED = "unnamed"
MOST_SAMPLES = 10


class AgentInvalid(ValueError):
    """The agent's definition cannot work; the message says what to change."""


@dataclass(frozen=True)
class Agent:
    """An agent's definition: written once, in code.

    `output` is the JSON Schema of its answer (text unless told). `max_tokens` is the most output tokens a
    whole run may use, `budget` the other limits; a policy at the agent's gate can set them anew. Named agents
    can be submitted to workers and pass a gate; a nameless one can only be `run()`: its caller is the gate.
    `category` names the field of the output that says what a result is about: a policy can set a threshold
    for each. With `samples` above 1 the question of an answer is asked so often in all, and the confidence is
    at most the share of answers that agree (on the fields `agree_on` of the output, or all of it); with a
    `critic` it is at most what that gives the answer. `opening` makes the first message of a task, where the
    whole of it would be too long to say. `rehearsal` is what drills have in place of the world.
    """

    model: str
    max_tokens: int | None = None
    on_budget_exceeded: str = "return_partial"
    name: str = ""
    instructions: str = "Do what the user asks."
    tools: Sequence[Tool] = ()
    output: Mapping[str, Any] = field(default_factory=lambda: TEXT)
    budget: Budget = field(default_factory=Budget)
    threshold: float = 0.75
    category: str = ""
    needs_evidence: bool = False
    may_ask: bool = False
    samples: int = 1
    agree_on: Sequence[str] = ()
    critic: Critic | None = None
    opening: Callable[[Any], Any] = lambda task: task
    rehearsal: Rehearsal = field(default_factory=Rehearsal)

    def __post_init__(self) -> None:
        require_return_partial(self.on_budget_exceeded)
        _require_kinds(self)
        if self.name == UNNAMED or not re.fullmatch(r"[-a-zA-Z0-9_]{0,100}", self.name):
            raise AgentInvalid(
                f"name={self.name!r}: give up to 100 letters, digits, - and _, as 'support-triage'"
            )
        _require_parts(self)
        names = [tool.name for tool in self.tools] + ([ASK] if self.may_ask else [])
        if doubles := {name for name in names if names.count(name) > 1}:
            raise AgentInvalid(f"two tools are named {', '.join(sorted(doubles))}: rename one")
        if not isinstance(self.threshold, int | float) or not 0 <= self.threshold <= 1:
            raise AgentInvalid(f"threshold={self.threshold!r}: give a number from 0 to 1")
        _require_schema(self.output)
        _require_checks(self)
        self.limits  # noqa: B018  raises for limits that make no sense, where they are written

    @property
    def slug(self) -> str:
        return self.name or UNNAMED

    @property
    def models(self) -> set[str]:
        """Every model that a run of this agent may ask."""
        return {self.model, (self.critic and self.critic.model) or self.model}

    @cached_property
    def limits(self) -> Budget:
        """The budget of a run when no policy sets one."""
        limits = self.budget.as_mapping()
        if self.max_tokens is not None:
            limits["output_tokens"] = self.max_tokens
        return Budget.from_mapping(limits)

    @cached_property
    def prompt(self) -> dict[str, Any]:
        """What is pinned to each run: system text, tools, answer schema, and who checks."""
        tools = [tool.schema() for tool in self.tools] + ([ASK_A_HUMAN] if self.may_ask else [])
        schema = answer_schema(self.output)
        pinned: dict[str, Any] = {"system": self.instructions, "tools": tools, "output_schema": schema}
        if self.samples > 1:
            pinned |= {"samples": self.samples, "agree_on": list(self.agree_on)}
        return pinned | ({"critic": self.critic.pinned()} if self.critic else {})

    @cached_property
    def prompt_version(self) -> str:
        return digest(self.prompt)[:16]

    def tool_named(self, name: str) -> Tool | None:
        return next((tool for tool in self.tools if tool.name == name), None)

    def run(self, task: Any) -> Result:
        """Work on `task` in this process until there is a result, and leave the gate to the caller.

        Never raises for what can go wrong on the way: the result says so, with what there is.
        """
        from agents.run.running import run_here

        return run_here(self, task)

    def resume(self, run: int) -> Result:
        """Go on with a `run()` that waited for a human, `result.run`, with what the human said.

        While nobody has, the result is the same as before: it names the `escalation`. A run whose agent has
        no name can only go on here. ValueError for a run that is not this agent's.
        """
        from agents.run.running import resume_here

        return resume_here(self, run)


def _require_kinds(agent: Agent) -> None:
    if not isinstance(agent.model, str) or not agent.model.strip():
        raise AgentInvalid(f"model={agent.model!r}: give the id of a model, as 'claude-haiku-5-5'")
    for name, fits, instead in (
        ("name", isinstance(agent.name, str), "a text"),
        ("instructions", isinstance(agent.instructions, str), "one text; join its lines"),
        ("may_ask", isinstance(agent.may_ask, bool), "True or False"),
        ("opening", callable(agent.opening), "a function of the task"),
    ):
        if not fits:
            raise AgentInvalid(f"{name}={getattr(agent, name)!r}: give {instead}")


def _require_parts(agent: Agent) -> None:
    if not isinstance(agent.tools, Sequence):
        raise AgentInvalid(f"tools={agent.tools!r}: give a list, as [look_up]")
    for part in agent.tools:
        if not isinstance(part, Tool):
            raise AgentInvalid(
                f"tools: {getattr(part, '__name__', part)!r} is no tool: write @tool(effect=…) above it"
            )
    if not isinstance(agent.budget, Budget):
        raise AgentInvalid(f"budget={agent.budget!r}: write Budget(cost_usd=…, turns=…)")
    if agent.needs_evidence and not agent.tools:
        raise AgentInvalid("needs_evidence=True, but there is no tool whose answers could be evidence")


def _require_schema(output: Any) -> None:
    if not isinstance(output, Mapping):
        raise AgentInvalid(f"output={output!r}: give a JSON Schema; a pydantic model has model_json_schema()")
    try:
        Draft202012Validator.check_schema(output)
    except SchemaError as error:
        raise AgentInvalid(f"output is not a JSON Schema: {error.message}") from error
    if refusal := next(refusals(output, "output"), None):
        raise AgentInvalid(f"the API would refuse {refusal}")


def _require_checks(agent: Agent) -> None:
    if type(agent.samples) is not int or not 1 <= agent.samples <= MOST_SAMPLES:
        raise AgentInvalid(f"samples={agent.samples!r}: give a whole number from 1 to {MOST_SAMPLES}")
    if isinstance(agent.agree_on, str) or not isinstance(agent.agree_on, Sequence):
        raise AgentInvalid(f"agree_on={agent.agree_on!r}: give a list of the output's fields, as ['topic']")
    if agent.agree_on and agent.samples == 1:
        raise AgentInvalid("agree_on is set, but samples=1: there is nothing to agree with; write samples=3")
    unknown = [name for name in agent.agree_on if name not in agent.output.get("properties", {})]
    if unknown:
        raise AgentInvalid(f"agree_on: the output has no field {', '.join(map(repr, unknown))}")
    critic = agent.critic
    if critic is not None and not (
        isinstance(critic, Critic)
        and isinstance(critic.instructions, str)
        and isinstance(critic.model, str | None)
    ):
        raise AgentInvalid(f"critic={critic!r}: write Critic(instructions=…, model=…), both of them text")
