"""The API's prompt cache: what was sent before, up to a mark, is read again at a fraction of its price."""

import hashlib
import json
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

from agents.llm.local.errors import invalid
from agents.llm.local.tokens import count, prompt_tokens

TTL_S = {"5m": 300.0, "1h": 3600.0}
MOST_MARKS = 4
# A shorter prompt is not cached, and nothing is charged for the wish; the real figure depends on the model.
LEAST_TOKENS = 1024
LOOKED_BACK = 20  # blocks before a mark at which an earlier request may have had its own

Piece = tuple[str, Any]


def check_marks(body: Mapping[str, Any]) -> None:
    """Refuse marks that the real API would refuse."""
    marks = [mark for _, mark in _pieces(body) if mark is not None]
    for mark in marks:
        if not isinstance(mark, dict) or mark.get("type") != "ephemeral":
            raise invalid("cache_control.type: Input should be 'ephemeral'")
        if mark.get("ttl", "5m") not in TTL_S:
            raise invalid("cache_control.ttl: Input should be '5m' or '1h'")
    if len(marks) > MOST_MARKS:
        raise invalid(f"A maximum of {MOST_MARKS} blocks with cache_control may be provided.")


class PromptCache:
    """What the requests of this server left in the cache, for as long as their marks say."""

    def __init__(self) -> None:
        self._lapses: dict[str, float] = {}
        self._lock = threading.Lock()

    def usage(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The input of a checked request as it is billed: plain, written to the cache, and read from it."""
        total, said = prompt_tokens(body), list(_prefixes(body))
        marked = [place for place, (_, _, mark) in enumerate(said) if mark is not None]
        with self._lock:
            read, written, ttl = self._exchange(said, marked) if marked else (0, 0, "5m")
        return {
            "input_tokens": max(0, total - read - written),
            "cache_creation_input_tokens": written,
            "cache_read_input_tokens": read,
            "cache_creation": {
                f"ephemeral_{each}_input_tokens": written if each == ttl else 0 for each in TTL_S
            },
        }

    def _exchange(self, said: list[tuple[str, int, Any]], marked: list[int]) -> tuple[int, int, str]:
        now, last = time.monotonic(), marked[-1]
        self._lapses = {prefix: lapses for prefix, lapses in self._lapses.items() if lapses > now}
        _, size, mark = said[last]
        ttl = str(mark.get("ttl", "5m"))
        if size < LEAST_TOKENS:
            return 0, 0, ttl
        within = said[max(0, last - LOOKED_BACK) : last + 1]
        hit = next(
            ((prefix, tokens) for prefix, tokens, _ in reversed(within) if prefix in self._lapses), None
        )
        for place in marked:
            self._lapses[said[place][0]] = now + TTL_S[str(said[place][2].get("ttl", "5m"))]
        read = hit[1] if hit else 0
        if hit:  # what is read is kept for as long again
            self._lapses[hit[0]] = max(self._lapses[hit[0]], now + TTL_S[ttl])
        return read, size - read, ttl


def _prefixes(body: Mapping[str, Any]) -> Iterator[tuple[str, int, Any]]:
    """Each block with a hash of everything up to it, the tokens of that, and its mark."""
    known, size = hashlib.sha256(str(body["model"]).encode()), 0
    for text, mark in _pieces(body):
        known.update(text.encode(errors="replace"))
        size += count(text)
        yield known.hexdigest(), size, mark


def _pieces(body: Mapping[str, Any]) -> Iterator[Piece]:
    """The request in the order in which it is cached; a mark on the whole of it is one on its last block."""
    pieces = [*_marked(body.get("tools") or [])]
    system = body.get("system") or []
    pieces += _marked([{"type": "text", "text": system}] if isinstance(system, str) else system)
    pieces.append((json.dumps([body.get("tool_choice"), body.get("output_config")]), None))
    for message in body["messages"]:
        content = message["content"]
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
        pieces += [(f"{message['role']}: {text}", mark) for text, mark in _marked(blocks)]
    if body.get("cache_control") is not None:
        pieces[-1] = (pieces[-1][0], body["cache_control"])
    yield from pieces


def _marked(blocks: list[dict[str, Any]]) -> Iterator[Piece]:
    for block in blocks:
        said = {name: value for name, value in block.items() if name != "cache_control"}
        yield json.dumps(said, ensure_ascii=False), block.get("cache_control")
