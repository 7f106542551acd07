"""An escalation on the wire: as an agent posts it, and as the server shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from django.conf import settings
from msgspec import Meta, Struct

from escalation.api.shapes.decisions import DecisionBrief, DecisionOut
from escalation.api.shapes.fields import (
    Count,
    Deadline,
    GivenReason,
    Id,
    Json,
    JsonObject,
    Kind,
    Label,
    Line,
    Moment,
    Money,
    Priority,
    Probability,
    Seconds,
    ShortText,
    Slug,
    Status,
    Url,
)
from escalation.queue.models import Escalation

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class Strict(Struct, kw_only=True, forbid_unknown_fields=True):
    """A part of a request: an unknown field is refused, so that no typing error is silent."""


class Action(Strict):
    """The call that will run once a human approves it."""

    name: Label
    arguments: JsonObject


class Option(Strict):
    """One answer to choose."""

    value: Json
    label: Line


class TraceStep(Strict):
    """One line of the timeline."""

    kind: Label
    name: ShortText = ""
    at: Moment | None = None
    seconds: Seconds | None = None
    input: Json = None
    output: Json = None
    error: str | None = None
    tokens: Count | None = None
    cost_usd: Money | None = None


class Usage(Strict):
    """What it took to come this far."""

    input_tokens: Count | None = None
    output_tokens: Count | None = None
    cost_usd: Money | None = None
    seconds: Seconds | None = None
    tool_calls: Count | None = None
    turns: Count | None = None


class Evidence(Strict):
    """What the result rests on."""

    title: ShortText = ""
    text: str = ""
    url: Annotated[str, Meta(max_length=2000)] = ""


class DefaultOnTimeout(Strict, tag_field="handler", tag="default"):
    """Take `output` when nobody came in time."""

    output: Json


class CachedOnTimeout(Strict, tag_field="handler", tag="cached"):
    """Take the last accepted answer to the same task."""


class RuleOnTimeout(Strict, tag_field="handler", tag="rule"):
    """Take what the rule of this name says."""

    name: Label


class EscalationIn(Strict):
    """One question an agent could not settle."""

    # What the types cannot say, for the OpenAPI document; raising.py checks it.
    also: ClassVar[dict[str, Any]] = {
        "allOf": [
            {
                "if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]},
                "then": {"properties": {field: condition}, "required": [field]},
            }
            for kind, field, condition in (
                ("approval", "action", {"type": "object"}),
                ("question", "question", {"minLength": 1}),
            )
        ]
    }

    reason: GivenReason
    title: Line
    agent: Slug | None = None
    gate: Slug | None = None
    kind: Kind = "result"
    task: Json = None
    output: Json = None
    confidence: Probability | None = None
    threshold: Probability | None = None
    partial: bool = False
    completed: list[str] = []
    missing: list[str] = []
    action: Action | None = None
    question: str = ""
    options: list[Option] = []
    answer_schema: JsonObject | None = None
    explanation: str = ""
    trace: list[TraceStep] = []
    usage: Usage | None = None
    evidence: list[Evidence] = []
    priority: Priority = "normal"
    queue: Slug | None = None
    deadline_s: Deadline | None = None
    on_timeout: DefaultOnTimeout | CachedOnTimeout | RuleOnTimeout | None = None
    tags: Annotated[list[Label], Meta(max_length=50)] = []
    metadata: JsonObject = {}
    external_id: ShortText = ""
    fingerprint: ShortText = ""
    callback_url: Url | None = None


class EscalationRow(Struct, kw_only=True):
    """An escalation as lists show it: without its bodies, which are many times the size."""

    id: Id
    url: str
    status: Status
    version: int
    agent: str
    gate: str
    kind: Kind
    reason: str
    title: str
    confidence: float | None
    threshold: float | None
    policy_version: int | None
    partial: bool
    priority: Priority
    queue: str
    tags: list[str]
    external_id: str
    fingerprint: str
    content_hash: str
    raised_at: Moment
    deadline_at: Moment | None
    claimed_by: str | None
    claimed_until: Moment | None
    decision: DecisionBrief | None

    @classmethod
    def of(cls, row: Escalation, *, held_back: bool) -> EscalationRow:
        """`held_back`: the undo window is still open, and who asks must not know of the decision yet."""
        decision = None if held_back or row.decision is None else DecisionBrief.of(row.decision)
        return cls(**light_fields(row, held_back), decision=decision)


class Receipt(Struct, kw_only=True):
    """What the agent says that it did with the decision."""

    status: Literal["executed", "failed"]
    detail: str
    content_hash: str
    at: str


class EscalationOut(Struct, kw_only=True):
    """An escalation, with everything that its agent or its reviewer may know."""

    id: Id
    url: str
    status: Status
    version: int
    agent: str
    gate: str
    kind: Kind
    reason: str
    detail: str
    title: str
    task: Json
    output: Json
    confidence: float | None
    threshold: float | None
    policy_version: int | None
    partial: bool
    completed: list[str]
    missing: list[str]
    action: JsonObject | None
    question: str
    options: list[Any]
    answer_schema: JsonObject | None
    explanation: str
    trace: list[Any]
    usage: JsonObject
    evidence: list[Any]
    priority: Priority
    queue: str
    on_timeout: JsonObject | None
    tags: list[str]
    metadata: JsonObject
    external_id: str
    fingerprint: str
    callback_url: str | None
    content_hash: str
    raised_at: Moment
    deadline_at: Moment | None
    claimed_by: str | None
    claimed_until: Moment | None
    decision: DecisionOut | None
    resolution: JsonObject | None
    receipt: Receipt | None

    @classmethod
    def of(cls, row: Escalation, *, held_back: bool = False) -> EscalationOut:
        """`held_back`: the undo window is still open, and who asks must not know of the decision yet."""
        decision = None if held_back or row.decision is None else DecisionOut.of(row.decision)
        return cls(
            **light_fields(row, held_back),
            **{name: getattr(row, name) for name in AS_STORED},
            callback_url=row.callback_url or None,
            decision=decision,
            receipt=Receipt(**row.receipt) if row.receipt else None,
        )


AS_STORED = (
    "detail", "task", "output", "completed", "missing", "action", "question", "options", "answer_schema",
    "explanation", "trace", "usage", "evidence", "on_timeout", "metadata", "resolution",
)  # fmt: skip
PRIORITIES: dict[int, Priority] = {0: "low", 1: "normal", 2: "high", 3: "urgent"}


def url_of(escalation_id: int) -> str:
    return f"{settings.PUBLIC_URL}/api/v1/escalations/{escalation_id}/"


def light_fields(row: Escalation, held_back: bool) -> dict[str, Any]:
    claimed_by, claimed_until = row.claimed_by, row.claimed_until
    if held_back and row.decision:
        claimed_by, claimed_until = row.decision.reviewer, row.decision.effective_at
    return {
        "id": row.pk,
        "url": url_of(row.pk),
        "status": "claimed" if held_back else row.status,
        "version": row.version,
        "agent": row.agent,
        "gate": row.gate,
        "kind": row.kind,
        "reason": row.reason,
        "title": row.title,
        # A blind check is blind: its reviewer sees no number to lean on.
        "confidence": None if row.is_blind else row.confidence,
        "threshold": None if row.is_blind else row.threshold,
        "policy_version": row.policy_version,
        "partial": row.partial,
        "priority": PRIORITIES[row.priority],
        "queue": row.queue.slug,
        "tags": row.tags,
        "external_id": row.external_id,
        "fingerprint": row.fingerprint,
        "content_hash": row.content_hash,
        "raised_at": row.raised_at,
        "deadline_at": row.deadline_at,
        "claimed_by": _name(claimed_by),
        "claimed_until": claimed_until,
    }


def _name(person: User | None) -> str | None:
    return person.get_username() if person else None
