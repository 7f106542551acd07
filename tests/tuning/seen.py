"""What a gate has seen: results that passed it, and what a reviewer said of them."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any, TypeVar

from django.contrib.auth.models import User
from django.db.models import Model
from django.db.models.base import ModelState

from escalation.gating.models import Gate, Outcome, Result
from escalation.queue.models import Escalation

Row = TypeVar("Row", bound=Model)


def passed(confidence: float | None, **facts: Any) -> Outcome:
    """Let a result through the gate "default" of support-triage."""
    defaults: dict[str, Any] = {
        "task": "Where?",
        "output": "There.",
        "model": "claude",
        "prompt_version": "p1",
    }
    result = Result(confidence=confidence, **(defaults | facts))
    return Outcome.objects.pass_gate("support-triage", "default", result)[0]


def decided(confidence: float, reviewer: User, *, right: bool = True, number: int = 1, **facts: Any) -> None:
    """Let one result through and decide it; `number` rows come to be as that one did."""
    outcome = passed(confidence, **facts)
    escalation = outcome.escalation
    assert escalation is not None
    escalation.claim(reviewer)
    decision = escalation.decide(reviewer, "accept" if right else "reject")
    waiting = Escalation.Status.WAITING
    copies = _copies(escalation, [{"status": waiting, "decision": None, "claimed_by": None}] * (number - 1))
    decisions = _copies(decision, [{"escalation": one} for one in copies])
    for one, said in zip(copies, decisions, strict=True):
        one.status, one.decision = Escalation.Status.DECIDED, said
    Escalation.objects.bulk_update(copies, ["status", "decision"])
    outcomes = _copies(outcome, [{"escalation": one} for one in copies])
    pairs = zip(decisions, outcomes, strict=True)
    _copies(decision.label, [{"decision": said, "outcome": one} for said, one in pairs])


def passed_often(confidence: float, number: int) -> None:
    """Let one result through that is accepted unseen, and `number` - 1 more as that one."""
    unseen = {"escalation": None, "audited": False}
    _copies(passed(confidence), [unseen] * (number - 1))


def _copies(row: Row, changes: Sequence[dict[str, Any]]) -> list[Row]:
    rows = []
    for changed in changes:
        twin = copy(row)
        twin.pk, twin._state = None, ModelState()
        for name, value in changed.items():
            setattr(twin, name, value)
        rows.append(twin)
    return type(row)._default_manager.bulk_create(rows)


def seen_enough(gate: Gate, reviewer: User) -> None:
    """Everything reviewed: 150 at 0.9 and 60 at 0.6, all right, and 20 at 0.3, all wrong. 0.75 in force."""
    gate.adopt(author=None, reason="audit all", audit_rate=1.0)
    decided(0.9, reviewer, number=150)
    decided(0.6, reviewer, number=60)
    decided(0.3, reviewer, number=20, right=False)
