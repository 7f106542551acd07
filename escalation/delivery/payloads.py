"""What a webhook says: what happened, the ids, and the decision in full."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from escalation.queue.models import Decision, Escalation


def of_escalation(escalation: Escalation) -> dict[str, Any]:
    return {
        "id": escalation.pk,
        "url": f"{settings.PUBLIC_URL}/api/v1/escalations/{escalation.pk}/",
        "agent": escalation.agent,
        "gate": escalation.gate,
        "kind": escalation.kind,
        "reason": escalation.reason,
        "title": escalation.title,
        "external_id": escalation.external_id,
        "status": escalation.status,
        "resolution": escalation.resolution,
    }


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
        "content_hash": decision.content_hash,
    }
