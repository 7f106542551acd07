"""Signatures on thinking, bound to all that came before: a transcript that was changed does not verify."""

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from agents.llm.local.errors import invalid


class Prefix:
    """A running hash over model, system prompt, tools and the messages so far."""

    def __init__(self, body: Mapping[str, Any]) -> None:
        self._hash = hashlib.sha256()
        self.extend([body["model"], body.get("system"), body.get("tools")])

    def extend(self, part: Any) -> None:
        """Take in what comes next in the conversation."""
        self._hash.update(json.dumps(part, sort_keys=True).encode())

    def sign(self, thinking: str) -> str:
        """The signature of a thought that comes right after what was taken in."""
        bound = self._hash.copy()
        bound.update(thinking.encode(errors="surrogatepass"))
        return base64.b64encode(b"local" + bound.digest()).decode()


def verified_prefix(body: Mapping[str, Any]) -> Prefix:
    """Hash the whole conversation, refusing it at the first thought that was signed after other words."""
    prefix = Prefix(body)
    for index, message in enumerate(body["messages"]):
        for place, block in enumerate(_blocks(message)):
            if block.get("type") == "thinking" and block["signature"] != prefix.sign(block["thinking"]):
                raise invalid(
                    f"messages.{index}.content.{place}: Invalid `signature` in `thinking` block. The system "
                    "prompt, the tools and all earlier messages must be sent back unchanged."
                )
        prefix.extend(message)
    return prefix


def _blocks(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    content = message["content"]
    return content if isinstance(content, list) else []
