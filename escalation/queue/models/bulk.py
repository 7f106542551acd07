"""Many decisions at once: each a transaction of its own, each with its own result."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import User
from django.db import transaction

from escalation.queue.exceptions import DecisionInvalid, TransitionRefused
from escalation.queue.models.decision import Decision, Verdict

if TYPE_CHECKING:
    from escalation.queue.models.escalation import Escalation

# One request answers within a few seconds.
MOST_AT_ONCE = 100
# Whoever decides many sees what became of them when the last one is done: Undo must be good from then on.
SLACK_EACH = timedelta(milliseconds=50)


@dataclass(frozen=True, slots=True)
class BulkResult:
    """What became of one of many: a decision, or why there is none."""

    escalation: Escalation
    decision: Decision | None = None
    refused: str = ""


def decide_each(
    reviewer: User, rows: Sequence[tuple[Escalation, int]], verdict: str, answer: dict[str, Any]
) -> list[BulkResult]:
    """Decide each row that is at the version beside it; see EscalationQuerySet.decide_each."""
    answer = answer | {"slack": slack_for(len(rows))}
    return [_result(reviewer, row, version, verdict, answer) for row, version in rows]


def slack_for(number: int) -> timedelta:
    """How much longer each of `number` decisions can be undone."""
    return SLACK_EACH * number


def undo_each(reviewer: User, rows: Iterable[Escalation]) -> list[BulkResult]:
    """Undo each; see EscalationQuerySet.undo_each."""
    return [_undone(reviewer, row) for row in rows]


def _result(
    reviewer: User, row: Escalation, version: int, verdict: str, answer: dict[str, Any]
) -> BulkResult:
    try:
        return BulkResult(row, row.claim_and_decide(reviewer, verdict, version=version, **answer))
    except DecisionInvalid as invalid:
        return BulkResult(row, refused="; ".join(invalid.errors.values()))
    except TransitionRefused:
        row.refresh_from_db(fields=["status", "claimed_by", "claimed_until", "version"])
        return BulkResult(row, refused=_as_it_is(row, reviewer))


def refuse_unseen(row: Escalation, verdict: str) -> None:
    """Raise DecisionInvalid for what may only be answered by somebody who has it before them."""
    if row.is_blind:
        raise DecisionInvalid(verdict="a check is judged on its own page")
    if verdict == Verdict.ACCEPT and row.kind == row.Kind.APPROVAL:
        raise DecisionInvalid(verdict="a call is approved on its own page, where all of it is seen")
    if verdict == Verdict.ACCEPT and row.kind == row.Kind.RESULT and row.output is None:
        raise DecisionInvalid(verdict="the agent produced nothing that could be accepted")


def _as_it_is(row: Escalation, reviewer: User) -> str:
    if row.status == row.Status.CLAIMED and row.claimed_by_id != reviewer.pk:
        return f"{row.claimed_by} holds it"
    if row.status in (row.Status.WAITING, row.Status.CLAIMED):
        return "it has changed since you saw it"
    return f"it is {row.get_status_display().lower()} already"


def _undone(reviewer: User, row: Escalation) -> BulkResult:
    try:
        with transaction.atomic():
            row.undo(reviewer)
            row.release(reviewer)
    except TransitionRefused:
        return BulkResult(row, refused="it is too late to undo this, or it was not yours")
    return BulkResult(row)
