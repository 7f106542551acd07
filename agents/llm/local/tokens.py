"""Token counts from the length of the text, so that costs are stable and of a believable size."""

import json
from collections.abc import Mapping
from typing import Any

BYTES_PER_TOKEN = 4
BILLED_FIELDS = ("system", "tools", "messages", "output_config")


def count(text: str) -> int:
    """The tokens of a text; an empty one has none."""
    return -(-len(text.encode(errors="replace")) // BYTES_PER_TOKEN)


def prompt_tokens(body: Mapping[str, Any]) -> int:
    """The tokens of everything in a request that a model reads."""
    read = {name: body[name] for name in BILLED_FIELDS if name in body}
    return count(json.dumps(read, ensure_ascii=False))


def block_text(block: Mapping[str, Any]) -> str:
    """The text of a block as it is streamed: prose, thinking, or a call's arguments as JSON."""
    if block["type"] == "tool_use":
        return json.dumps(block["input"], ensure_ascii=False)
    return str(block.get("text", block.get("thinking", "")))


def block_tokens(block: Mapping[str, Any]) -> int:
    """The tokens of one block of output, its frame included."""
    frame = 12 if block["type"] == "tool_use" else 1
    return frame + count(block_text(block))
