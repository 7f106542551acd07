"""What the server answers: outcomes, escalations and decisions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from otherwise_client.fields import Exit, Kind, Priority, RunStatus, Status, Verdict

SETTLED = ("decided", "withdrawn", "expired")
OVER = ("finished", "partial", "stopped")


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionBrief:
    """A decision as lists show it."""

    id: int
    verdict: Verdict
    edited: bool
    reviewer: str
    decided_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision(DecisionBrief):
    """What a human said; `content_hash` goes into the receipt."""

    output: Any
    original_output: Any
    arguments: Any
    answer: Any
    note: str
    reason_code: str
    seconds_spent: float | None
    content_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What was taken when nobody came in time; `exit` is None when no timeout exit yielded an output."""

    exit: Exit | None
    output: Any
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What the agent said that it did with the decision."""

    status: str
    detail: str
    content_hash: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationRow:
    """An escalation as lists show it: without its bodies."""

    id: int
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
    raised_at: datetime
    deadline_at: datetime | None
    claimed_by: str | None
    claimed_until: datetime | None
    decision: DecisionBrief | None

    @property
    def is_settled(self) -> bool:
        """Whether nothing more will come: decided, withdrawn or expired."""
        return self.status in SETTLED


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation(EscalationRow):
    """One question, result or action before a human, with everything its agent may know."""

    decision: Decision | None
    detail: str
    task: Any
    output: Any
    completed: list[str]
    missing: list[str]
    action: dict[str, Any] | None
    question: str
    options: list[dict[str, Any]]
    answer_schema: dict[str, Any] | None
    explanation: str
    trace: list[dict[str, Any]]
    usage: dict[str, Any]
    evidence: list[dict[str, Any]]
    on_timeout: dict[str, Any] | None
    metadata: dict[str, Any]
    callback_url: str | None
    resolution: Resolution | None
    receipt: Receipt | None

    @property
    def was_accepted(self) -> bool:
        """Whether there is a value to go on with: `value`."""
        if self.decision:
            return self.decision.verdict in ("accept", "edit", "answer")
        return self.resolution is not None and self.resolution.exit is not None

    @property
    def value(self) -> Any:
        """What to go on with: the output as accepted or edited, the arguments approved, or the answer given.

        None unless `was_accepted`.
        """
        if not self.was_accepted:
            return None
        if self.decision is None:
            return self.resolution.output if self.resolution else None
        if self.decision.verdict == "answer":
            return self.decision.answer
        return self.decision.arguments if self.kind == "approval" else self.decision.output


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationLink:
    """Where to read the human's answer."""

    id: int
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """What the human said who overturned an outcome."""

    verdict: Verdict
    output: Any
    answer: Any
    note: str
    reason_code: str
    decided_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The exit that a result took; with the exit `human`, `escalation` says where its answer will be."""

    id: int
    url: str
    agent: str
    gate: str
    exit: Exit
    output: Any
    degraded: bool
    reason: str | None
    detail: str
    confidence: float | None
    calibrated_confidence: float | None
    category: str = ""
    threshold: float
    policy_version: int
    external_id: str
    passed_at: datetime
    escalation: EscalationLink | None
    correction: Correction | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One execution of an agent on the server's workers; `result` counts once it is over and has one."""

    id: int
    url: str
    status: RunStatus
    agent: str
    gate: str
    title: str
    task: Any
    priority: Priority
    metadata: dict[str, Any]
    detail: str
    result: Any
    exit: Exit | None
    reason: str | None
    degraded: bool
    escalation: EscalationLink | None
    budget: dict[str, Any]
    spend: dict[str, Any]
    steps: list[dict[str, Any]]
    created_at: datetime
    ended_at: datetime | None

    @property
    def is_settled(self) -> bool:
        """Whether nothing more will come: finished, over with a part of the result, or stopped."""
        return self.status in OVER


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What a human's decision says of a confidence; `weight`: how many results it stands for."""

    id: int
    agent: str
    gate: str
    policy_version: int | None
    confidence_raw: float | None
    confidence: float | None
    threshold: float | None
    correct: bool
    weight: float
    inclusion_probability: float
    source: str
    verdict: Verdict
    task: Any
    output: Any
    corrected_output: Any
    reason_code: str
    reviewer: str
    decided_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelPage:
    """Some labels, newest first, and where the next ones are."""

    results: list[Label]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationPage:
    """Some rows, newest first, and where the next ones are."""

    results: list[EscalationRow]
    next: str | None
