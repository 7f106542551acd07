"""What a webhook says: what happened, the ids, and the decision in full."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from escalation.gating.models import Outcome
from escalation.gating.models.agent import AgentEvent
from escalation.queue.models import Decision, Escalation


def facts_of(escalation: Escalation) -> dict[str, Any]:
    """What is true of an escalation whatever becomes of it."""
    return {
        "id": escalation.pk,
        "url": f"{settings.PUBLIC_URL}/api/v1/escalations/{escalation.pk}/",
        "agent": escalation.agent,
        "gate": escalation.gate,
        "kind": escalation.kind,
        "reason": escalation.reason,
        "title": escalation.title,
        "external_id": escalation.external_id,
    }


def state_of(escalation: Escalation) -> dict[str, Any]:
    """What has become of it at this moment."""
    return {"status": escalation.status, "resolution": escalation.resolution}


def of_decision(decision: Decision) -> dict[str, Any]:
    """The decision as the REST contract gives it."""
    return {
        "id": decision.pk,
        "verdict": decision.verdict,
        "output": decision.output,
        "original_output": decision.original_output,
        "edited": decision.edited,
        "arguments": decision.arguments,
        "answer": decision.answer,
        "note": decision.note,
        "reason_code": decision.reason_code,
        "reviewer": decision.reviewer.get_username(),
        "decided_at": decision.decided_at.isoformat(),
        "seconds_spent": decision.seconds_spent,
        "content_hash": decision.approved_hash,
    }


def of_correction(outcome: Outcome, decision: Decision) -> dict[str, Any]:
    """An outcome that a human found wrong. Whether that was an audit is not said."""
    return {
        "id": outcome.pk,
        "url": f"{settings.PUBLIC_URL}/api/v1/outcomes/{outcome.pk}/",
        "agent": outcome.agent.slug,
        "gate": outcome.gate.slug,
        "exit": outcome.exit,
        "external_id": outcome.external_id,
        "correction": of_decision(decision),
    }


def of_pause(event: AgentEvent) -> dict[str, Any]:
    return {
        "agent": event.agent.slug,
        "gate": event.gate.slug if event.gate else None,
        "state": event.state,
        "by": event.actor.get_username() if event.actor else None,
        "note": event.note,
        "at": event.at.isoformat(),
    }
