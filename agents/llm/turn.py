"""What goes into one model call and what comes out of it, as values. No SDK, no settings."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Block = dict[str, Any]
UpstreamKind = Literal["overloaded", "rate_limited", "unavailable", "bad_request", "auth", "spend_limit"]

# Models tokenise English at well over three bytes a token; what the API adds for tools and schemas comes on
# top.
BYTES_PER_TOKEN = 3
UNSEEN_TOKENS = 600


@dataclass(frozen=True, slots=True)
class TurnRequest:
    """One request to the model. Its shape is the same on every turn of a run, since the API checks the
    prefix.

    `allow_tools=False` keeps the tools in the request and forbids their use: the final report. `goes_on` says
    that a request with the same beginning is likely within minutes: its prompt is put into the API's cache,
    which costs a quarter more now and saves nine tenths then.
    `user_id` is an opaque id of the run, never a person.
    """

    model: str
    system: str
    messages: Sequence[Mapping[str, Any]]
    max_tokens: int
    tools: Sequence[Mapping[str, Any]] = ()
    output_schema: Mapping[str, Any] | None = None
    allow_tools: bool = True
    effort: Literal["low", "medium", "high"] | None = None
    goes_on: bool = False
    user_id: str = ""

    def body(self) -> dict[str, Any]:
        """The fields of the API's request body, without those that are absent."""
        body: dict[str, Any] = {
            "model": self.model,
            "max_tokens": self.max_tokens,
            "messages": list(self.messages),
        }
        output: dict[str, Any] = {"effort": self.effort} if self.effort else {}
        if self.output_schema is not None:
            output["format"] = {"type": "json_schema", "schema": dict(self.output_schema)}
        optional = {
            "system": self.system,
            "tools": list(self.tools),
            "output_config": output,
            "tool_choice": {"type": "none"} if self.tools and not self.allow_tools else None,
            "cache_control": {"type": "ephemeral"} if self.goes_on else None,
            "metadata": {"user_id": self.user_id} if self.user_id else None,
        }
        return body | {name: value for name, value in optional.items() if value}


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens billed for one call. `input_tokens` excludes what was read from or written to the cache."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0

    @property
    def prompt_tokens(self) -> int:
        """All tokens of the prompt, cached or not: what price bands and context windows are measured by."""
        return self.input_tokens + self.cache_read + self.cache_write_5m + self.cache_write_1h


@dataclass(frozen=True, slots=True)
class UpstreamError:
    """Why the API did not answer. `status` is None when there was no HTTP answer at all."""

    kind: UpstreamKind
    status: int | None
    message: str
    retry_after_s: float | None = None

    @property
    def is_passing(self) -> bool:
        """Whether the same request may succeed later."""
        return self.kind in {"overloaded", "rate_limited", "unavailable"}


@dataclass(frozen=True, slots=True)
class Turn:
    """What one model call gave, whole or cut.

    `content` holds the blocks verbatim, thinking and signatures included, ready to be sent back.
    `cut` says why a stream that had begun ended early (`deadline`, `connection`, `eof`, `malformed`,
    `error_event`) or that a request was sent and nothing came (`no_answer`). A cut turn's usage is not what
    will be billed: charge what was reserved. `error` without `cut` was refused before any work: nothing is
    billed.
    """

    content: list[Block] = field(default_factory=list)
    stop_reason: str | None = None
    usage: Usage = field(default_factory=Usage)
    cut: str | None = None
    error: UpstreamError | None = None
    request_id: str | None = None
    stop_details: dict[str, Any] | None = None

    @property
    def text(self) -> str:
        """The text blocks, joined."""
        return "".join(block["text"] for block in self.content if block["type"] == "text")

    @property
    def tool_uses(self) -> list[Block]:
        """The calls that may run: none unless the model stopped to call them (a cut call can look whole)."""
        if self.stop_reason != "tool_use" or self.cut:
            return []
        return [block for block in self.content if block["type"] == "tool_use"]


def estimate_input_tokens(request: TurnRequest) -> int:
    """Guess from above how many prompt tokens the request will be billed for, from its size in bytes."""
    size = len(json.dumps(request.body(), ensure_ascii=False, default=str).encode(errors="surrogatepass"))
    return -(-size // BYTES_PER_TOKEN) + UNSEEN_TOKENS
