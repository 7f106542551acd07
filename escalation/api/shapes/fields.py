"""What single fields may hold. The same annotations check requests and write the OpenAPI document."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta

from escalation.gating.catalogue import INJECTIONS

Slug = Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^[-a-zA-Z0-9_]+$")]
Line = Annotated[str, Meta(min_length=1, max_length=200)]
Label = Annotated[str, Meta(min_length=1, max_length=100)]
ShortText = Annotated[str, Meta(max_length=255)]
ModelName = Annotated[str, Meta(max_length=100)]
Version = Annotated[str, Meta(max_length=64)]
Url = Annotated[str, Meta(max_length=2000, extra_json_schema={"format": "uri"})]
Probability = Annotated[float, Meta(ge=0, le=1)]
Seconds = Annotated[float, Meta(ge=0, le=1e9)]
Money = Annotated[float, Meta(ge=0, le=1e9)]
Count = Annotated[int, Meta(ge=0, le=10**12)]
Id = Annotated[int, Meta(ge=1, le=2**53)]
Moment = Annotated[datetime, Meta(tz=True)]
# A year at most: what may wait longer needs no deadline.
Deadline = Annotated[float, Meta(ge=1, le=31_536_000)]
# Any JSON value; numbers, texts and depth have the limits that parsing.py sets for the whole body.
Json = Any
JsonObject = dict[str, Any]
# The same, and not null.
Given = str | int | float | bool | list[Any] | dict[str, Any]

# The reasons that an agent may give. Audits and the other blind checks are the server's own.
GivenReason = Literal[
    "low_confidence",
    "no_confidence",
    "budget_exhausted",
    "breaker_open",
    "tool_failed",
    "loop_detected",
    "model_refused",
    "model_unavailable",
    "output_invalid",
    "evidence_missing",
    "approval_required",
    "input_requested",
    "not_live",
    "error",
]
# What a drill can inject, by the names that a pre-mortem has for it.
Failure = Annotated[str, Meta(extra_json_schema={"enum": list(INJECTIONS)})]
Priority = Literal["low", "normal", "high", "urgent"]
Kind = Literal["result", "approval", "question"]
Status = Literal["waiting", "claimed", "decided", "withdrawn", "expired"]
