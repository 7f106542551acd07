"""What the toast after a decision or its undoing says, and how long Undo is good for."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.timezone import now

from escalation.queue.models import Decision, Escalation, Verdict

PAST = {
    Verdict.ACCEPT: "Accepted",
    Verdict.EDIT: "Edited and accepted",
    Verdict.REJECT: "Rejected",
    Verdict.ANSWER: "Answered",
    Verdict.CONTINUE: "Continues with more budget",
    Verdict.RETRY: "Sent back with feedback",
    Verdict.DISMISS: "Dismissed",
}


@dataclass(frozen=True, slots=True)
class Said:
    """What one just did: to which escalation, and for how many more seconds it can be undone."""

    pk: int
    title: str
    past: str
    undo_seconds: float


def said(decision: Decision) -> Said:
    """Sum a decision up for the toast."""
    left = (decision.effective_at - now()).total_seconds()
    title = decision.escalation.title
    return Said(decision.escalation_id, title, PAST[Verdict(decision.verdict)], round(max(left, 0), 1))


def undone(escalation: Escalation) -> Said:
    """Say for the toast that the decision stands no more."""
    return Said(escalation.pk, escalation.title, "Undone", 0)
