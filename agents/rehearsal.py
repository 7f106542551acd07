"""What a drill has in place of the world: a task to work on, and what the agent's tools answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agents.tools import Tool

NOTHING_REAL = {"read": {"drill": "nothing was looked up"}, "write": {"drill": "nothing was changed"}}


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """An agent's drill fixtures: no drill calls its real tools.

    `answers` has, by a tool's name, what it answers: a value, or a function of the call's arguments. A tool
    that is not named says that this is a drill. `arguments` has, by a tool's name, the arguments of the calls
    that a drill makes itself; those left out are made up from the tool's schema.
    """

    task: Any = "This is a drill. Do what you would do with a customer's message."
    answers: Mapping[str, Any] = field(default_factory=dict)
    arguments: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def answer(self, tool: Tool, arguments: Mapping[str, Any]) -> Any:
        """What a tool answers in a drill."""
        if tool.name not in self.answers:
            return NOTHING_REAL["read" if tool.effect == "read" else "write"]
        answer = self.answers[tool.name]
        return answer(**arguments) if callable(answer) else answer

    def arguments_for(self, tool: Tool) -> dict[str, Any]:
        """Arguments that fit a tool; raises pydantic.ValidationError where none can be made up."""
        made_up: dict[str, Any] = example(tool.parameters.model_json_schema())
        arguments = made_up | dict(self.arguments.get(tool.name, {}))
        tool.checked(arguments)
        return arguments


def example(schema: Mapping[str, Any]) -> Any:
    """Some value that a JSON Schema takes, where its type, choices and limits say enough."""
    for word in ("const", "default"):
        if word in schema:
            return schema[word]
    if options := schema.get("enum") or schema.get("examples"):
        return options[0]
    if "anyOf" in schema:
        return example(schema["anyOf"][0])
    return _by_type(schema)


def _by_type(schema: Mapping[str, Any]) -> Any:
    match schema.get("type"):
        case "object":
            properties = schema.get("properties", {})
            return {name: example(properties[name]) for name in schema.get("required", ())}
        case "array":
            return [example(schema.get("items", {}))] * int(schema.get("minItems", 0))
        case "integer" | "number":
            return max(1, schema.get("minimum", 1), schema.get("exclusiveMinimum", 0) + 1)
        case "boolean":
            return False
        case "null":
            return None
        case _:
            return "drill".ljust(int(schema.get("minLength", 0)), "-")
