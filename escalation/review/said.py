"""What the toast after a decision or its undoing says, and how long Undo is good for."""

from __future__ import annotations

from collections.abc import Sequence
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
    """What one just did: to which escalation, or to which many, and for how many more seconds to undo."""

    pk: int
    title: str
    past: str
    undo_seconds: float
    many: tuple[int, ...] = ()


def said(decision: Decision) -> Said:
    """Sum a decision up for the toast."""
    past = PAST[Verdict(decision.verdict)]
    return Said(decision.escalation_id, decision.escalation.title, past, _seconds_left([decision]))


def said_of_many(decisions: Sequence[Decision]) -> Said:
    """Sum up what was decided alike."""
    past = PAST[Verdict(decisions[0].verdict)]
    many = tuple(decision.escalation_id for decision in decisions)
    return Said(0, _counted(len(many)), past, _seconds_left(decisions), many)


def undone_many(number: int) -> Said:
    """Say for the toast that these decisions stand no more."""
    return Said(0, _counted(number), "Undone", 0)


def _counted(number: int) -> str:
    return f"{number} escalation{'' if number == 1 else 's'}"


def _seconds_left(decisions: Sequence[Decision]) -> float:
    left: float = (min(decision.effective_at for decision in decisions) - now()).total_seconds()
    return round(max(left, 0), 1)


def undone(escalation: Escalation) -> Said:
    """Say for the toast that the decision stands no more."""
    return Said(escalation.pk, escalation.title, "Undone", 0)
