"""The shape every agent answers in, and how its text is read. Pure."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator

from agents.guards.confidence import parse_percent
from escalation.queue.content import canonical

# The grammar that the API decodes by keeps an enum, but not a minimum and a maximum.
CONFIDENCES = list(range(0, 101, 5))


def answer_schema(output: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON Schema of an agent's final message: its own `output`, and what the guards need to know."""
    texts = {"type": "array", "items": {"type": "string"}}
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["answer", "confidence", "completed", "missing", "evidence"],
        "properties": {
            "answer": dict(output),
            "confidence": {
                "type": "integer",
                "enum": CONFIDENCES,
                "description": "How likely the answer is right, in per cent: of 100 with 70, 70 are right.",
            },
            "completed": texts | {"description": "What of the work was done, a short line each."},
            "missing": texts
            | {"description": "What could not be found out or done, a short line each; empty if whole."},
            "evidence": texts
            | {"description": "The ids of the tool calls (tool_use ids) that the answer rests on."},
        },
    }


@dataclass(frozen=True, slots=True)
class Answer:
    """A final message as it was read: `confidence` in 0 to 1, `evidence` as tool_use ids."""

    output: Any
    confidence: float | None
    completed: tuple[str, ...]
    missing: tuple[str, ...]
    evidence: tuple[str, ...]

    def essence(self, fields: Collection[str]) -> str:
        """The output in one canonical text, of which two are equal or not: of `fields` alone, if any."""
        if fields and isinstance(self.output, Mapping):
            return canonical({name: self.output.get(name) for name in fields})
        return canonical(self.output)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The text is not an answer; `why` is a sentence for the reviewer."""

    why: str


def read_answer(text: str, schema: Mapping[str, Any]) -> Answer | Unreadable:
    """Read a final message; a confidence that is absent or no percentage is None, never a default."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return Unreadable("the answer is not JSON" if text.strip() else "the model said nothing")
    if not isinstance(said, dict) or "answer" not in said:
        return Unreadable("the answer has another shape than was asked for")
    wrong = Draft202012Validator(schema["properties"]["answer"]).iter_errors(said["answer"])
    if problem := next(wrong, None):
        return Unreadable(
            f"the answer does not fit its schema at {problem.json_path}: {problem.message[:200]}"
        )
    return Answer(
        said["answer"],
        parse_percent(said.get("confidence")),
        *(_texts(said.get(name)) for name in ("completed", "missing", "evidence")),
    )


def unsupported(answer: Answer, answered: Collection[str], *, needed: bool) -> str | None:
    """What is wrong with the evidence, in a sentence: it cites calls that gave no answer, or none at all."""
    unknown = [cited for cited in answer.evidence if cited not in answered]
    if unknown:
        return f"it rests on tool calls that gave no answer: {', '.join(unknown)}"
    if needed and not answer.evidence:
        return "it rests on no tool call, and this agent must show evidence"
    return None


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()
