"""A run's conversation with the model: the steps in order, byte for byte. Pure, over rows as they are stored.

The API checks that everything before a replayed thinking block is unchanged, so nothing is ever cut out,
re-ordered or re-written: each step adds what it sent and, if whole, what came back.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from escalation.queue.content import canonical, digest

Message = dict[str, Any]

BUDGET_SPENT = (
    "The budget is spent: no tool runs any more. Report now, in the same shape: what you have, what was completed, "
    "and what is missing."
)


class Spoken(Protocol):
    """What this module needs of a Step."""

    sent: list[Message]
    content: list[dict[str, Any]]
    kept: bool


class Called(Protocol):
    """What this module needs of a ToolCall."""

    tool_use_id: str
    arguments: dict[str, Any]
    approved_arguments: dict[str, Any] | None
    output: Any
    error: str
    cached_age_s: float | None


def messages(steps: Iterable[Spoken]) -> list[Message]:
    """The conversation so far; a step whose answer was cut leaves only its question."""
    said: list[Message] = []
    for step in steps:
        said += step.sent
        if step.kept and step.content:
            said.append({"role": "assistant", "content": step.content})
    return said


def opening(task: Any) -> list[Message]:
    """The first message: the task as text, or as JSON when it is not text."""
    text = task if isinstance(task, str) else json.dumps(task, ensure_ascii=False, indent=1)
    return [{"role": "user", "content": [{"type": "text", "text": text}]}]


def reply(calls: Sequence[Called], *texts: str) -> list[Message]:
    """The one user message that answers every pending tool call, in order, and then says `texts`; none if empty."""
    blocks = [_tool_result(call) for call in calls] + [{"type": "text", "text": text} for text in texts if text]
    return [{"role": "user", "content": blocks}] if blocks else []


def _tool_result(call: Called) -> dict[str, Any]:
    block: dict[str, Any] = {"type": "tool_result", "tool_use_id": call.tool_use_id}
    if call.error:
        return block | {"content": call.error, "is_error": True}
    return block | {"content": _prefix(call) + _as_text(call.output)}


def _prefix(call: Called) -> str:
    if call.cached_age_s is not None:
        return f"CACHED {call.cached_age_s / 60:.0f} min ago; the live source is unavailable.\n"
    if call.approved_arguments is not None and call.approved_arguments != call.arguments:
        return f"A reviewer changed the arguments before running: {canonical(call.approved_arguments)}\n"
    return ""


def _as_text(output: Any) -> str:
    return output if isinstance(output, str) else json.dumps(output, ensure_ascii=False)


def chain(before: str, sent: Sequence[Message], content: Sequence[dict[str, Any]]) -> str:
    """The hash of everything said up to and with this step, so that a changed past is found out."""
    return digest([before, list(sent), list(content)])
