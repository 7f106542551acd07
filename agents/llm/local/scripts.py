"""Scripts of what to answer, read from JSON: how a drill in another process arms this server."""

from typing import Any

from agents.llm.local.errors import invalid
from agents.llm.local.faults import Entry, Fault
from agents.llm.local.replies import Block, Reply, tool_use


def entry_of(entry: Any) -> Entry:
    """Read null (the model's own answer), `{"kind": ...}` (a fault) or `{"blocks": [...]}` (a reply)."""
    if entry is None:
        return None
    if not isinstance(entry, dict):
        raise invalid("entries: each one is null, a fault or a reply")
    if "kind" in entry:
        return Fault.from_json(entry)
    try:
        return Reply(**entry | {"blocks": tuple(_block(block) for block in entry.get("blocks", []))})
    except (KeyError, TypeError) as error:
        raise invalid(f"entries: {error}") from error


def _block(block: dict[str, Any]) -> Block:
    if block["type"] == "tool_use" and "id" not in block:
        return tool_use(block["name"], block["input"])
    return block
