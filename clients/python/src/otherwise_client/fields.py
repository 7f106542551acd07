"""What a request may carry, field by field: the same words as in the server's OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NotRequired, TypedDict

Reason = Literal[
    "approval_required",
    "breaker_open",
    "budget_exhausted",
    "error",
    "evidence_missing",
    "input_requested",
    "loop_detected",
    "low_confidence",
    "model_refused",
    "model_unavailable",
    "no_confidence",
    "not_live",
    "output_invalid",
    "tool_failed",
]
Kind = Literal["approval", "question", "result"]
Priority = Literal["low", "normal", "high", "urgent"]
Status = Literal["waiting", "claimed", "decided", "withdrawn", "expired"]
RunStatus = Literal[
    "queued", "running", "waiting_human", "waiting_upstream", "finished", "partial", "stopped"
]
Exit = Literal["accepted", "rule", "cached", "default", "human"]
ExportFormat = Literal["jsonl", "csv", "label-studio"]
Verdict = Literal["accept", "edit", "reject", "answer", "continue", "retry", "dismiss"]


class Usage(TypedDict, total=False):
    """What it took to come this far."""

    input_tokens: int | None
    output_tokens: int | None
    cost_usd: float | None
    seconds: float | None
    tool_calls: int | None
    turns: int | None


class TraceStep(TypedDict, total=False):
    """One line of the timeline; `kind` is required, `at` is ISO 8601."""

    kind: str
    name: str
    at: str | None
    seconds: float | None
    input: Any
    output: Any
    error: str | None
    tokens: int | None
    cost_usd: float | None


class Evidence(TypedDict, total=False):
    """What the result rests on."""

    title: str
    text: str
    url: str


class Action(TypedDict):
    """The call that will run once a human approves it."""

    name: str
    arguments: Mapping[str, Any]


class Option(TypedDict):
    """One answer to choose."""

    value: Any
    label: str


class OnTimeout(TypedDict):
    """The exit to take at the deadline: `default` with an `output`, `cached`, or `rule` with a `name`."""

    handler: Literal["default", "cached", "rule"]
    output: NotRequired[Any]
    name: NotRequired[str]


class ResultFields(TypedDict, total=False):
    """What may be said of any result, beside the task and the output."""

    agent: str
    confidence: float | None
    partial: bool
    completed: Sequence[str]
    missing: Sequence[str]
    usage: Usage | None
    trace: Sequence[TraceStep]
    evidence: Sequence[Evidence]
    external_id: str
    metadata: Mapping[str, Any]


class OutcomeFields(ResultFields, total=False):
    """What else a result may bring to a gate."""

    gate: str
    causes: Sequence[Reason]
    title: str
    category: str
    model: str
    prompt_version: str


class EscalationFields(ResultFields, total=False):
    """What else an escalation may carry."""

    gate: str | None
    kind: Kind
    task: Any
    output: Any
    threshold: float | None
    action: Action
    question: str
    options: Sequence[Option]
    answer_schema: Mapping[str, Any]
    explanation: str
    priority: Priority
    queue: str
    deadline_s: float
    on_timeout: OnTimeout
    tags: Sequence[str]
    fingerprint: str
    callback_url: str


class RunFields(TypedDict, total=False):
    """What may come with a task for an agent on the server's workers."""

    agent: str
    priority: Priority
    metadata: Mapping[str, Any]


class LabelFilter(TypedDict, total=False):
    """Which labels; `since` is ISO 8601."""

    agent: str
    gate: str
    since: str


class EscalationFilter(TypedDict, total=False):
    """Which escalations to list, by `limit` (1 to 200) a page; the moments are ISO 8601."""

    status: Status
    agent: str
    gate: str
    reason: str
    queue: str
    priority: Priority
    partial: bool
    tag: str
    external_id: str
    q: str
    raised_after: str
    raised_before: str
    limit: int
