"""A streamed answer, put together from its events: plain JSON in, the message's blocks out. Pure.

The SDK's own reader builds a typed object for every few words and again for all before them; at a few hundred
events that is most of the CPU that a turn takes.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic_core import from_json

from agents.llm.turn import Block, Usage

Event = Mapping[str, Any]
# What is raised for JSON of another shape than events have.
MISFITS: Final = (ValueError, LookupError, TypeError, AttributeError)
# What each kind of delta adds to its block: the delta's field, and the block's.
TEXTS: Final = {"text_delta": "text", "thinking_delta": "thinking"}


def events(chunks: Iterable[bytes]) -> Iterator[Event]:
    """The events of a stream, as their JSON comes in; ValueError for what is none."""
    rest = b""
    for chunk in chunks:
        # On line feeds alone: JSON may hold other characters that end a line of text.
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line.startswith(b"data:"):
                yield json.loads(line[5:])


@dataclass(slots=True)
class Heard:
    """What a stream amounts to so far; `error` is what the API broke off with."""

    content: list[Block] = field(default_factory=list)
    stop_reason: str | None = None
    stop_details: dict[str, Any] | None = None
    usage: dict[str, Any] = field(default_factory=dict)
    error: Mapping[str, Any] | None = None
    arguments: dict[int, list[str]] = field(default_factory=dict)

    def take(self, event: Event) -> None:
        """Take in the next event; MISFITS for one that does not fit those before."""
        match event["type"]:
            case "message_start":
                self.usage = dict(event["message"]["usage"])
            case "content_block_start":
                if event["index"] != len(self.content):
                    raise ValueError(f"block {event['index']} comes after {len(self.content)} blocks")
                self.content.append(dict(event["content_block"]))
            case "content_block_delta":
                self._add(event["index"], event["delta"])
            case "message_delta":
                self.stop_reason = event["delta"]["stop_reason"]
                self.stop_details = event["delta"].get("stop_details")
                known = {name: count for name, count in event["usage"].items() if count is not None}
                self.usage |= known
            case "error":
                self.error = event["error"]

    def _add(self, index: int, delta: Mapping[str, Any]) -> None:
        block, kind = self.content[index], delta["type"]
        if kind in TEXTS:
            block[TEXTS[kind]] += delta[TEXTS[kind]]
        elif kind == "signature_delta":
            block["signature"] = delta["signature"]
        elif kind == "input_json_delta":
            self.arguments.setdefault(index, []).append(delta["partial_json"])
        elif kind == "citations_delta":
            block["citations"] = [*(block.get("citations") or []), delta["citation"]]
        else:
            # What is not known cannot be kept, and a block that lacks it cannot be sent back.
            raise ValueError(f"a delta of an unknown kind: {kind}")

    def finish(self) -> bool:
        """Read the arguments of the calls; False when some are no JSON: cut off, or garbled."""
        whole = True
        for index, parts in self.arguments.items():
            text = "".join(parts)
            try:
                given = json.loads(text) if text.strip() else {}
            except ValueError:
                whole, given = False, _as_far_as_it_goes(text)
            self.content[index]["input"] = given
        return whole

    def billed(self) -> Usage:
        """What the API says that it bills."""
        usage = self.usage
        written = usage.get("cache_creation_input_tokens") or 0
        written_1h = (usage.get("cache_creation") or {}).get("ephemeral_1h_input_tokens") or 0
        return Usage(
            input_tokens=usage.get("input_tokens") or 0,
            output_tokens=usage.get("output_tokens") or 0,
            cache_read=usage.get("cache_read_input_tokens") or 0,
            cache_write_5m=max(0, written - written_1h),
            cache_write_1h=written_1h,
        )


def _as_far_as_it_goes(text: str) -> Any:
    try:
        return from_json(text, allow_partial=True)
    except ValueError:
        return {}
