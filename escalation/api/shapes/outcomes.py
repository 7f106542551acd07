"""A result before a gate, and the exit that it took, on the wire."""

from __future__ import annotations

from typing import Any, Literal

from django.conf import settings
from msgspec import Struct

from escalation.api.shapes.escalations import Evidence, Strict, TraceStep, Usage, url_of
from escalation.api.shapes.fields import (
    Failure,
    GivenReason,
    Id,
    Json,
    JsonObject,
    Line,
    ModelName,
    Moment,
    Probability,
    ShortText,
    Slug,
    Version,
)
from escalation.gating.models import Drill, Outcome, Result
from escalation.queue.models import Decision
from escalation.tuning.models.calibration import calibrated


class OutcomeIn(Strict):
    """A result that asks to pass a gate.

    `category` is what it is about, of those that the gate's policy names; any other counts as none. Another
    `model` or `prompt_version` begins a new window: what was learned of the one before says nothing of it.
    """

    task: Json
    output: Json
    agent: Slug | None = None
    gate: Slug = "default"
    confidence: Probability | None = None
    partial: bool = False
    completed: list[str] = []
    missing: list[str] = []
    causes: list[GivenReason] = []
    usage: Usage | None = None
    trace: list[TraceStep] = []
    evidence: list[Evidence] = []
    title: Line | None = None
    category: Version = ""
    model: ModelName = ""
    prompt_version: Version = ""
    external_id: ShortText = ""
    metadata: JsonObject = {}

    def as_result(self, written: dict[str, Any]) -> Result:
        """What the gate judges; `written` is the body as it came, whose parts are stored as they are."""
        return Result(
            task=self.task,
            output=self.output,
            confidence=self.confidence,
            partial=self.partial,
            completed=self.completed,
            missing=self.missing,
            causes=self.causes,
            usage=written.get("usage") or {},
            trace=written.get("trace", []),
            evidence=written.get("evidence", []),
            title=self.title or "",
            category=self.category,
            model=self.model,
            prompt_version=self.prompt_version,
            external_id=self.external_id,
            metadata=self.metadata,
        )


class SandboxIn(OutcomeIn, kw_only=True):
    """A result of a rehearsal: the gate says what it would do, and does nothing.

    `failure` is what was injected, by the name that the pre-mortem has for it; the drill is recorded then.
    `code_version` says which version of the agent rehearsed; another one makes earlier drills stale.
    """

    failure: Failure | None = None
    code_version: Version = ""


class DrillOut(Struct, kw_only=True):
    """What the rehearsal was to see, and whether it did."""

    id: Id
    failure: str
    expected_reason: str
    expected_exits: list[str]
    passed: bool | None
    detail: str

    @classmethod
    def of(cls, drill: Drill) -> DrillOut:
        names = set(cls.__struct_fields__) - {"id", "failure"}
        return cls(id=drill.pk, failure=drill.injection, **{name: getattr(drill, name) for name in names})


class SandboxOut(Struct, kw_only=True):
    """The exit that the result would take if its agent were live. Nothing was stored but the drill."""

    agent: str
    gate: str
    exit: Literal["accepted", "rule", "cached", "default", "human"]
    output: Json
    degraded: bool
    reason: str | None
    detail: str
    confidence: float | None
    category: str
    threshold: float
    policy_version: int
    drill: DrillOut | None

    @classmethod
    def of(cls, outcome: Outcome, drill: Drill | None) -> SandboxOut:
        return cls(
            agent=outcome.agent.slug,
            gate=outcome.gate.slug,
            exit=outcome.exit,  # type: ignore[arg-type]
            output=outcome.served,
            degraded=outcome.degraded,
            reason=outcome.reason or None,
            detail=outcome.detail,
            confidence=outcome.confidence,
            category=outcome.category,
            threshold=outcome.threshold,
            policy_version=outcome.policy.version,
            drill=DrillOut.of(drill) if drill else None,
        )


class EscalationLink(Struct):
    """Where to read the answer."""

    id: Id
    url: str


class Correction(Struct, kw_only=True):
    """What the human said who overturned it."""

    verdict: str
    output: Json
    answer: Json
    note: str
    reason_code: str
    decided_at: Moment

    @classmethod
    def of(cls, decision: Decision) -> Correction:
        names = ("verdict", "output", "answer", "note", "reason_code", "decided_at")
        return cls(**{name: getattr(decision, name) for name in names})


class OutcomeOut(Struct, kw_only=True):
    """The exit that a result took; it never tells whether an accepted result was drawn for an audit."""

    id: Id
    url: str
    agent: str
    gate: str
    exit: Literal["accepted", "rule", "cached", "default", "human"]
    output: Json
    degraded: bool
    reason: str | None
    detail: str
    confidence: float | None
    calibrated_confidence: float | None
    category: str
    threshold: float
    policy_version: int
    external_id: str
    passed_at: Moment
    escalation: EscalationLink | None
    correction: Correction | None

    @classmethod
    def of(cls, outcome: Outcome, correction: Decision | None = None) -> OutcomeOut:
        escalated = outcome.exit == Outcome.Exit.HUMAN and outcome.escalation_id is not None
        return cls(
            id=outcome.pk,
            url=f"{settings.PUBLIC_URL}/api/v1/outcomes/{outcome.pk}/",
            agent=outcome.agent.slug,
            gate=outcome.gate.slug,
            exit=outcome.exit,  # type: ignore[arg-type]
            output=outcome.served,
            degraded=outcome.degraded,
            reason=outcome.reason or None,
            detail=outcome.detail,
            confidence=outcome.confidence,
            calibrated_confidence=calibrated(
                outcome.gate_id, outcome.model, outcome.prompt_version, outcome.confidence
            ),
            category=outcome.category,
            threshold=outcome.threshold,
            policy_version=outcome.policy.version,
            external_id=outcome.external_id,
            passed_at=outcome.passed_at,
            escalation=_link(outcome.escalation_id) if escalated else None,
            correction=Correction.of(correction) if correction else None,
        )


def _link(escalation_id: int | None) -> EscalationLink | None:
    return EscalationLink(escalation_id, url_of(escalation_id)) if escalation_id else None
