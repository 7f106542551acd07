"""The rules for the messages of a request: who speaks when, and which result answers which call."""

from collections.abc import Mapping
from typing import Any

from agents.llm.local.errors import invalid

Block = dict[str, Any]
FIELDS = {
    "text": ("text",),
    "thinking": ("thinking", "signature"),
    "tool_use": ("id", "name", "input"),
    "tool_result": ("tool_use_id",),
}
BLOCKS_OF = {
    "user": {"text", "tool_result"},
    "assistant": {"text", "thinking", "tool_use"},
    "system": {"text"},
}


def check_messages(body: Mapping[str, Any]) -> None:
    """Refuse a transcript that the real API would refuse."""
    messages = body["messages"]
    if not isinstance(messages, list) or not messages:
        raise invalid("messages: at least one message is required")
    contents = [_blocks(place, message) for place, message in enumerate(messages)]
    roles = [message["role"] for message in messages]
    if roles[0] != "user":
        raise invalid("messages: first message must use the user role")
    if roles[-1] == "assistant":
        raise invalid(
            "This model does not support assistant message prefill. "
            "The conversation must end with a user message."
        )
    used = any(block["type"] in {"tool_use", "tool_result"} for blocks in contents for block in blocks)
    if used and not body.get("tools"):
        raise invalid("Requests which include `tool_use` or `tool_result` blocks must define tools.")
    for place, blocks in enumerate(contents):
        before = contents[place - 1] if place and roles[place - 1] == "assistant" else []
        _check_results(place, blocks, before)
        _check_answered(place, blocks, contents[place + 1] if place + 1 < len(contents) else [])


def _blocks(place: int, message: Any) -> list[Block]:
    if not isinstance(message, dict) or message.get("role") not in BLOCKS_OF:
        raise invalid(f"messages.{place}.role: Input should be 'user', 'assistant' or 'system'")
    content = message.get("content")
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
    if not isinstance(blocks, list) or not blocks:
        raise invalid(f"messages.{place}: all messages must have non-empty content")
    for index, block in enumerate(blocks):
        _check_block(f"messages.{place}.content.{index}", message["role"], block)
    return blocks


def _check_block(where: str, role: str, block: Any) -> None:
    kind = block.get("type") if isinstance(block, dict) else None
    if kind not in BLOCKS_OF[role]:
        raise invalid(f"{where}: a {role} message does not take a block of type {kind!r}")
    for name in FIELDS[kind]:
        if name not in block:
            raise invalid(f"{where}.{kind}.{name}: Field required")
    if kind == "text" and not (isinstance(block["text"], str) and block["text"].strip()):
        raise invalid("messages: text content blocks must be non-empty")
    if kind == "tool_use" and not isinstance(block["input"], dict):
        raise invalid(f"{where}.tool_use.input: Input should be an object")


def _check_answered(place: int, blocks: list[Block], after: list[Block]) -> None:
    asked = [block["id"] for block in blocks if block["type"] == "tool_use"]
    if len(set(asked)) < len(asked):
        raise invalid(f"messages.{place}: `tool_use` ids must be unique")
    answered = {block["tool_use_id"] for block in after if block["type"] == "tool_result"}
    open_ids = [tool_use_id for tool_use_id in asked if tool_use_id not in answered]
    if open_ids:
        raise invalid(
            f"messages.{place}: `tool_use` ids were found without `tool_result` blocks immediately after: "
            f"{', '.join(open_ids)}. Each `tool_use` block must have a corresponding `tool_result` block "
            "in the next message."
        )


def _check_results(place: int, blocks: list[Block], before: list[Block]) -> None:
    asked = {block["id"] for block in before if block["type"] == "tool_use"}
    seen: set[str] = set()
    for index, block in enumerate(blocks):
        if block["type"] != "tool_result":
            continue
        tool_use_id = block["tool_use_id"]
        if tool_use_id not in asked:
            raise invalid(
                f"messages.{place}.content.{index}: unexpected `tool_use_id` found in `tool_result` blocks: "
                f"{tool_use_id}. Each `tool_result` block must have a corresponding `tool_use` block in the "
                "previous message."
            )
        if tool_use_id in seen:
            raise invalid(f"messages.{place}.content.{index}: each tool_use must have a single result")
        if index and blocks[index - 1]["type"] != "tool_result":
            raise invalid(f"messages.{place}: `tool_result` blocks must come before any other content")
        seen.add(tool_use_id)
