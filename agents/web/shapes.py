"""A run on the wire."""

from __future__ import annotations

from typing import Any, Literal

from django.conf import settings
from msgspec import Struct

from agents.models import Run
from agents.run.past import past_of
from agents.run.trace import trace, usage
from escalation.api.shapes.escalations import PRIORITIES, Strict, url_of
from escalation.api.shapes.fields import Given, Id, Json, JsonObject, Moment, Priority, Slug
from escalation.api.shapes.outcomes import EscalationLink


class RunIn(Strict):
    """A task for an agent that works here."""

    task: Given
    agent: Slug | None = None
    priority: Priority = "normal"
    metadata: JsonObject = {}


class RunOut(Struct, kw_only=True):
    """A run as it stands: `result` is the output that counts, once it is over and has one."""

    id: Id
    url: str
    status: Literal[
        "queued", "running", "waiting_human", "waiting_upstream", "finished", "partial", "stopped"
    ]
    agent: str
    gate: str
    title: str
    task: Json
    priority: Priority
    metadata: JsonObject
    detail: str
    result: Json
    exit: Literal["accepted", "rule", "cached", "default", "human"] | None
    reason: str | None
    degraded: bool
    escalation: EscalationLink | None
    budget: JsonObject
    spend: JsonObject
    steps: list[Any]
    created_at: Moment
    ended_at: Moment | None

    @classmethod
    def of(cls, run: Run) -> RunOut:
        past, outcome = past_of(run), run.outcome
        waits = run.state == Run.State.WAITING_HUMAN and run.escalation_id
        return cls(
            id=run.pk,
            url=f"{settings.PUBLIC_URL}/api/v1/runs/{run.pk}/",
            status=run.state,  # type: ignore[arg-type]
            agent=run.agent,
            gate=run.gate,
            title=run.title,
            task=run.task,
            priority=PRIORITIES[run.priority],
            metadata=run.metadata,
            detail=run.detail,
            result=run.result,
            exit=outcome.exit if outcome else None,  # type: ignore[arg-type]
            reason=outcome.reason or None if outcome else None,
            degraded=bool(outcome and outcome.degraded),
            escalation=EscalationLink(waits, url_of(waits)) if waits else None,
            budget=run.budget,
            spend=usage(past.spend()),
            steps=trace(past),
            created_at=run.created_at,
            ended_at=run.ended_at,
        )
