"""Requests that the tests of this folder send."""

from typing import Any

from agents.llm.turn import TurnRequest

MODEL = "claude-haiku-5-5"
LOOKUP = {
    "name": "lookup_order",
    "description": "Look up an order by its id.",
    "input_schema": {
        "type": "object",
        "properties": {"order_id": {"type": "string", "pattern": r"^ORD-\d{4}$"}},
        "required": ["order_id"],
    },
}
SYSTEM = """Sort customers' messages by what they are about.
- order_status: where an order is and when it will be delivered
- lost_card: a card that was lost or stolen
- exchange_rate: rates between currencies
- other: none of these"""
ANSWER: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["intent", "reply", "confidence", "missing", "evidence"],
    "properties": {
        "intent": {"type": "string", "enum": ["order_status", "lost_card", "exchange_rate", "other"]},
        "reply": {"type": "string"},
        "confidence": {"type": "integer", "enum": list(range(0, 101, 5))},
        "missing": {"type": "array", "items": {"type": "string"}},
        "evidence": {"type": "array", "items": {"type": "string"}},
    },
}


def asking(text: str, **changes: Any) -> TurnRequest:
    """A first turn of the run `run-1` about `text`."""
    fields: dict[str, Any] = {
        "model": MODEL,
        "system": SYSTEM,
        "messages": [{"role": "user", "content": [{"type": "text", "text": text}]}],
        "max_tokens": 2000,
        "tools": [LOOKUP],
        "output_schema": ANSWER,
        "user_id": "run-1",
    }
    return TurnRequest(**(fields | changes))


def result(tool_use_id: str, text: str, *, is_error: bool = False) -> dict[str, Any]:
    """The block that answers a tool call."""
    block = {"type": "tool_result", "tool_use_id": tool_use_id, "content": text}
    return block | {"is_error": True} if is_error else block
