"""Spoiling a good reply: the faults that are in what is said, not in how it is sent.

A spoiler that finds nothing to spoil gives back the reply itself: its fault then waits for a later turn.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from agents.llm.local.replies import Block, Reply, tool_use

HUGE = 10_000_000


def _truncated_call(reply: Reply, body: Mapping[str, Any]) -> Reply:
    calls = [block for block in reply.blocks if block["type"] == "tool_use"] or _made_up_call(body)
    if not calls:
        return replace(_with_text(reply, lambda text: text[: len(text) // 2]), stop_reason="max_tokens")
    arguments = json.dumps(calls[0]["input"])
    cut = calls[0] | {"partial_json": arguments[: max(1, len(arguments) - 2)]}
    return Reply((*_thoughts(reply), cut), stop_reason="max_tokens")


def _made_up_call(body: Mapping[str, Any]) -> list[Block]:
    tool = next(iter(body.get("tools", [])), None)
    if tool is None:
        return []
    names = list(tool["input_schema"].get("properties", {}))[:1]
    return [tool_use(tool["name"], dict.fromkeys(names, "cut in the middle"))]


def _refusal(reply: Reply, body: Mapping[str, Any]) -> Reply:
    details = {"type": "refusal", "category": "general_harms", "explanation": "Refused on demand."}
    return Reply((), stop_reason="refusal", stop_details=details)


def _invalid_output(reply: Reply, body: Mapping[str, Any]) -> Reply:
    return _with_text(reply, lambda text: text[: len(text) * 2 // 3])


def _same_call(reply: Reply, body: Mapping[str, Any]) -> Reply:
    made = [
        block
        for message in body["messages"]
        if message["role"] == "assistant" and isinstance(message["content"], list)
        for block in message["content"]
        if block["type"] == "tool_use"
    ]
    if not made or body.get("tool_choice", {}).get("type") == "none":
        return reply
    return Reply((*_thoughts(reply), tool_use(made[-1]["name"], made[-1]["input"])))


def _huge_usage(reply: Reply, body: Mapping[str, Any]) -> Reply:
    return replace(reply, usage={"output_tokens": HUGE})


def _confidence(value: float | None) -> Callable[[Reply, Mapping[str, Any]], Reply]:
    def set_confidence(text: str) -> str:
        output = json.loads(text)
        if isinstance(output, dict):
            output.pop("confidence", None)
            output |= {} if value is None else {"confidence": value}
        return json.dumps(output)

    def spoil(reply: Reply, body: Mapping[str, Any]) -> Reply:
        return _with_text(reply, set_confidence) if "format" in body.get("output_config", {}) else reply

    return spoil


def _with_text(reply: Reply, change: Callable[[str], str]) -> Reply:
    if all(block["type"] != "text" for block in reply.blocks):
        return reply
    blocks = (
        block | {"text": change(block["text"])} if block["type"] == "text" else block
        for block in reply.blocks
    )
    return replace(reply, blocks=tuple(blocks))


def _thoughts(reply: Reply) -> tuple[Block, ...]:
    return tuple(block for block in reply.blocks if block["type"] == "thinking")


SPOILERS: dict[str, Callable[[Reply, Mapping[str, Any]], Reply]] = {
    "truncated_call": _truncated_call,
    "refusal": _refusal,
    "invalid_output": _invalid_output,
    "same_call": _same_call,
    "huge_usage": _huge_usage,
    "low_confidence": _confidence(5),
    "no_confidence": _confidence(None),
    "confidence_out_of_range": _confidence(170),
}
