"""What the model says in one turn, before it goes on the wire."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from agents.llm.local.signature import Prefix
from agents.llm.local.tokens import block_text, block_tokens

Block = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reply:
    """Blocks of one turn. Without a `stop_reason` it follows from the blocks, and `max_tokens` cuts them.

    `usage` overrides what would be counted from the text.
    """

    blocks: tuple[Block, ...] = ()
    stop_reason: str | None = None
    stop_details: Mapping[str, Any] | None = None
    usage: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def says(cls, text: str) -> Self:
        """Plain words, and the turn ends."""
        return cls(({"type": "text", "text": text},))

    @classmethod
    def answers(cls, **output: Any) -> Self:
        """The JSON of a structured output, and the turn ends."""
        return cls.says(json.dumps(output, ensure_ascii=False))

    @classmethod
    def calls(cls, name: str, **arguments: Any) -> Self:
        """One tool call."""
        return cls((tool_use(name, arguments),))

    def and_calls(self, name: str, **arguments: Any) -> Self:
        """The same turn with one more call beside it."""
        return replace(self, blocks=(*self.blocks, tool_use(name, arguments)))

    def thinks(self, thought: str) -> Self:
        """The same turn with a thought before it."""
        return replace(self, blocks=({"type": "thinking", "thinking": thought}, *self.blocks))


def tool_use(name: str, arguments: Mapping[str, Any]) -> Block:
    """A call under a fresh id."""
    return {
        "type": "tool_use",
        "id": f"toolu_{uuid.uuid4().hex[:24]}",
        "name": name,
        "input": dict(arguments),
    }


def message_of(
    reply: Reply, body: Mapping[str, Any], prefix: Prefix, input_usage: Mapping[str, Any]
) -> dict[str, Any]:
    """The API's message object: thoughts signed, cut at `max_tokens`, tokens counted."""
    whole = [_signed(block, prefix) for block in reply.blocks]
    blocks, was_cut = (whole, False) if reply.stop_reason else _within(body["max_tokens"], whole)
    calls = any(block["type"] == "tool_use" for block in blocks)
    counted = {**input_usage, "output_tokens": sum(block_tokens(block) for block in blocks) or 1}
    return {
        "id": f"msg_{uuid.uuid4().hex[:24]}",
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "content": blocks,
        "stop_reason": reply.stop_reason
        or ("max_tokens" if was_cut else "tool_use" if calls else "end_turn"),
        "stop_sequence": None,
        "stop_details": reply.stop_details,
        "usage": counted | dict(reply.usage),
    }


def _signed(block: Block, prefix: Prefix) -> Block:
    if block["type"] != "thinking" or "signature" in block:
        return block
    return block | {"signature": prefix.sign(block["thinking"])}


def _within(max_tokens: int, blocks: list[Block]) -> tuple[list[Block], bool]:
    kept: list[Block] = []
    left = max_tokens
    for block in blocks:
        if block_tokens(block) > left:
            return [*kept, *_cut(block, left)], True
        kept.append(block)
        left -= block_tokens(block)
    return kept, False


def _cut(block: Block, tokens: int) -> list[Block]:
    # A call that is cut keeps the arguments that were written so far: `partial_json` is what is streamed of
    # them.
    part = block_text(block)[: 4 * tokens]
    if not part:
        return []
    if block["type"] == "tool_use":
        return [block | {"partial_json": part[: len(part) - 1]}]
    return [block | {"text" if block["type"] == "text" else "thinking": part}]
