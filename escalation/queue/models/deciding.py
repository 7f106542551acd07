"""A decision as one statement: the row moves, the answer and the event are written, or nothing is."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import connection

from escalation.database.rows import mark_stored, names, places, values
from escalation.queue.models.decision import Decision

if TYPE_CHECKING:
    from escalation.queue.models.escalation import Escalation

BY_DATABASE = ("id", "decided_at", "effective_at")
# The same rule as Escalation.held_by(). The decision's number is drawn first, since the row refers to it.
DECIDE = """
WITH drawn AS MATERIALIZED (
    SELECT nextval('queue_decision_id_seq') AS id
), decided AS (
    UPDATE queue_escalation e SET status = 'decided', decision_id = drawn.id, version = e.version + 1,
        claimed_by_id = NULL, claimed_until = NULL, claimed_ahead = FALSE
    FROM drawn WHERE e.id = %s AND e.status = 'claimed' AND e.claimed_by_id = %s
      AND e.version = coalesce(%s::integer, e.version)
    RETURNING e.id, e.version, e.decision_id
), event AS (
    INSERT INTO queue_event (escalation_id, kind, actor_id, data)
    SELECT id, 'decided', %s, jsonb_build_object('verdict', %s::text, 'decision', decision_id) FROM decided
), decision AS (
    INSERT INTO queue_decision (id, effective_at, {names})
    SELECT decision_id, statement_timestamp() + %s::interval, {places} FROM decided
    RETURNING id, decided_at, effective_at
)
SELECT decided.version, decision.* FROM decided, decision
"""


def record(decision: Decision, *, version: int | None, undo_window: timedelta) -> bool:
    """Write a decision of whoever holds its escalation; False, and nothing is written, if they do not.

    `version`: the one that they saw; with None, whatever it is. The row in memory becomes what it is now.
    """
    row = decision.escalation
    sql = DECIDE.format(names=names(Decision, BY_DATABASE), places=places(Decision, BY_DATABASE))
    holder = decision.reviewer_id
    moved: list[Any] = [row.pk, holder, version, holder, decision.verdict, undo_window]
    with connection.cursor() as cursor:
        cursor.execute(sql, [*moved, *values(decision, BY_DATABASE)])
        returned = cursor.fetchone()
    if returned is None:
        return False
    mark_stored(decision, **dict(zip(BY_DATABASE, returned[1:], strict=True)))
    _follow(row, decision, returned[0])
    return True


def _follow(row: Escalation, decision: Decision, version: int) -> None:
    row.status, row.decision, row.version = row.Status.DECIDED, decision, version
    row.claimed_by, row.claimed_until, row.claimed_ahead = None, None, False
