"""A message as server-sent events."""

import json
from collections.abc import Iterator
from typing import Any

from agents.llm.local.tokens import block_text

Event = dict[str, Any]
PIECE = 48  # characters in one delta
DELTAS = {"text": ("text_delta", "text"), "thinking": ("thinking_delta", "thinking")}


def encoded(event: Event) -> bytes:
    """One event with its name, without which the SDK skips it."""
    return f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()


def events(message: dict[str, Any]) -> list[Event]:
    """The whole stream of a message, in the API's order."""
    usage = message["usage"]
    empty = {"content": [], "stop_reason": None, "stop_details": None, "usage": usage | {"output_tokens": 1}}
    ending = {name: message[name] for name in ("stop_reason", "stop_sequence", "stop_details")}
    return [
        {"type": "message_start", "message": message | empty},
        {"type": "ping"},
        *(event for index, block in enumerate(message["content"]) for event in _block_events(index, block)),
        {"type": "message_delta", "delta": ending, "usage": usage},
        {"type": "message_stop"},
    ]


def first_half(whole: list[Event]) -> list[Event]:
    """The stream up to the middle of its last block: where a connection might break."""
    deltas = [place for place, event in enumerate(whole) if event["type"] == "content_block_delta"]
    last = [place for place in deltas if whole[place]["index"] == whole[deltas[-1]]["index"]]
    return whole[: last[len(last) // 2]] if last else whole[:2]


def plain(message: dict[str, Any]) -> dict[str, Any]:
    """The message as one JSON body, without what only a stream shows."""
    return message | {"content": [_unmarked(block) for block in message["content"]]}


def _block_events(index: int, block: dict[str, Any]) -> Iterator[Event]:
    yield {"type": "content_block_start", "index": index, "content_block": _opening(block)}
    for delta in _deltas(block):
        yield {"type": "content_block_delta", "index": index, "delta": delta}
    yield {"type": "content_block_stop", "index": index}


def _opening(block: dict[str, Any]) -> dict[str, Any]:
    if block["type"] == "tool_use":
        return _unmarked(block) | {"input": {}}
    if block["type"] == "thinking":
        return block | {"thinking": "", "signature": ""}
    return block | {"text": ""}


def _deltas(block: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if block["type"] == "tool_use":
        kind, name, text = "input_json_delta", "partial_json", block.get("partial_json", block_text(block))
    else:
        kind, name = DELTAS[block["type"]]
        text = block_text(block)
    for start in range(0, len(text), PIECE):
        yield {"type": kind, name: text[start : start + PIECE]}
    if block["type"] == "thinking":
        yield {"type": "signature_delta", "signature": block["signature"]}


def _unmarked(block: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in block.items() if name != "partial_json"}
