"""A run's conversation with the model: the steps in order, byte for byte. Pure, over rows as they are stored.

The API checks that everything before a replayed thinking block is unchanged, so nothing is ever cut out,
re-ordered or re-written: each step adds what it sent and, if whole, what came back.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from escalation.queue.content import canonical

Message = dict[str, Any]
Block = dict[str, Any]

# What the tools' answers of one turn may add to the transcript, in bytes: the final report, which sends all
# of it again, is paid from what is held back for it.
ROOM_FOR_RESULTS = 12_000
CUT_HERE = "\n[cut here: the answer is longer than a turn may show]"

BUDGET_SPENT = (
    "The budget is spent: no tool runs any more. Report now, in the same shape: what you have, what was "
    "completed, and what is missing."
)
NEARLY_SPENT = "Most of the budget is used"
FINISH = "Do what matters most, then answer, and say what is missing."


class Spoken(Protocol):
    """What this module needs of a Step."""

    sent: list[Message]
    content: list[dict[str, Any]]
    kept: bool
    aside: str
    chain: str


class Called(Protocol):
    """What this module needs of a ToolCall."""

    tool_use_id: str
    name: str
    arguments: dict[str, Any]
    approved_arguments: dict[str, Any] | None
    output: Any
    error: str
    cached_age_s: float | None


def messages(steps: Iterable[Spoken]) -> list[Message]:
    """The conversation so far, without asides; a step whose answer was cut leaves only its question."""
    said: list[Message] = []
    for step in steps:
        if step.aside:
            continue
        said += step.sent
        if step.kept and step.content:
            said.append({"role": "assistant", "content": step.content})
    return said


def asked_in(steps: Iterable[Spoken]) -> list[str]:
    """What the model was asked and told in words: the task, and what reviewers and the runner said since."""
    blocks = (
        block for message in messages(steps) if message["role"] == "user" for block in message["content"]
    )
    return [block["text"] for block in blocks if block["type"] == "text"]


def opening(task: Any, *texts: str) -> list[Message]:
    """The first message: the task as text, or as JSON when it is not text, and then `texts`."""
    text = task if isinstance(task, str) else json.dumps(task, ensure_ascii=False, indent=1)
    # The API refuses a text of nothing but white space.
    return _from_user([_text(text if text.strip() else "(an empty message)"), *_texts(texts)])


def reply(calls: Sequence[Called], *texts: str) -> list[Message]:
    """The one user message that answers every tool call, in order, and then says `texts`; none if empty."""
    return _from_user([*_tool_results(calls), *_texts(texts)])


def with_text(sent: list[Message], text: str) -> list[Message]:
    """The same messages, saying `text` too."""
    if not sent:
        return _from_user([_text(text)])
    return [*sent[:-1], sent[-1] | {"content": [*sent[-1]["content"], _text(text)]}]


def of_the_budget(used: str) -> str:
    """What a model is told of a budget that comes to an end, in less room than BUDGET_SPENT takes."""
    return f"{NEARLY_SPENT} ({used}). {FINISH}"


def _from_user(blocks: list[Block]) -> list[Message]:
    return [{"role": "user", "content": blocks}] if blocks else []


def _texts(texts: Iterable[str]) -> list[Block]:
    return [_text(text) for text in texts if text.strip()]


def _text(text: str) -> Block:
    return {"type": "text", "text": text}


def _tool_results(calls: Sequence[Called]) -> list[Block]:
    # Each may use its share of the room, and what those before it left.
    blocks, room = [], ROOM_FOR_RESULTS
    for place, call in enumerate(calls):
        text = shown(call, room // (len(calls) - place))
        room -= len(text.encode())
        block: Block = {"type": "tool_result", "tool_use_id": call.tool_use_id, "content": text}
        blocks.append(block | {"is_error": True} if call.error else block)
    return blocks


def shown(call: Called, room: int) -> str:
    """What a call answered, as a model is shown it: within `room` bytes."""
    return _cut(call.error or _prefix(call) + _as_text(call.output), room)


def _prefix(call: Called) -> str:
    if call.cached_age_s is not None:
        return f"CACHED {call.cached_age_s / 60:.0f} min ago; the live source is unavailable.\n"
    if call.approved_arguments is not None and call.approved_arguments != call.arguments:
        return f"A reviewer changed the arguments before running: {canonical(call.approved_arguments)}\n"
    return ""


def _as_text(output: Any) -> str:
    return output if isinstance(output, str) else json.dumps(output, ensure_ascii=False)


def _cut(text: str, room: int) -> str:
    whole = text.encode()
    if len(whole) <= room:
        return text
    kept = whole[: max(0, room - len(CUT_HERE.encode()))].decode(errors="ignore")
    return kept + CUT_HERE


def chain(before: str, sent: Sequence[Message], content: Sequence[Block]) -> str:
    """The hash of everything said up to and with this step, byte for byte: a changed past is found out."""
    return hashlib.sha256(json.dumps([before, list(sent), list(content)]).encode()).hexdigest()


def is_unbroken(steps: Iterable[Spoken]) -> bool:
    """Whether the hashes of the steps hold: what is stored is what was said."""
    said = ""
    for step in steps:
        if not step.aside:
            said = chain(said, step.sent, step.content if step.kept else [])
        if step.chain != said:
            return False
    return True
