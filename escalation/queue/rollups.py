"""What came in, what was decided and how long it took, by day."""

from escalation.queue.models.reason import BLIND_REASONS
from escalation.rollups import STEP, Rollup, day_of, within

BLIND = ", ".join(f"'{reason}'" for reason in BLIND_REASONS)
RAISED, DECIDED, MOVED = day_of("s.raised_at"), day_of("s.decided_at"), day_of("s.at")

ARRIVALS = f"""
    SELECT {RAISED}, s.queue_id, s.agent, s.reason, count(*), 0
    FROM queue_escalation s WHERE s.id >= %(first)s AND {within("s.raised_at")} GROUP BY 1, 2, 3, 4
"""
# Those that stand: an undone decision said nothing.
DECISIONS = f"""
    SELECT {DECIDED}, e.queue_id, e.agent, s.verdict, count(*), coalesce(sum(s.seconds_spent), 0)
    FROM queue_decision s JOIN queue_escalation e ON e.decision_id = s.id
    WHERE s.id >= %(first)s AND {within("s.decided_at")} GROUP BY 1, 2, 3, 4
"""
TO_DECISION = f"""
    SELECT {DECIDED}, e.queue_id, e.agent, {STEP.format(duration="s.decided_at - e.raised_at")}, count(*), 0
    FROM queue_decision s JOIN queue_escalation e ON e.decision_id = s.id
    WHERE s.id >= %(first)s AND {within("s.decided_at")} AND e.reason NOT IN ({BLIND}) GROUP BY 1, 2, 3, 4
"""
# Of several claims the first counts: after that it was no longer waiting for somebody to look.
TO_CLAIM = f"""
    SELECT {MOVED}, e.queue_id, e.agent, {STEP.format(duration="s.at - e.raised_at")}, count(*), 0
    FROM queue_event s JOIN queue_escalation e ON e.id = s.escalation_id
    WHERE s.id >= %(first)s AND {within("s.at")} AND s.kind = 'claimed' AND e.reason NOT IN ({BLIND})
        AND NOT EXISTS (
            SELECT FROM queue_event v
            WHERE v.escalation_id = s.escalation_id AND v.kind = 'claimed' AND v.id < s.id
        )
    GROUP BY 1, 2, 3, 4
"""
ENDED = f"""
    SELECT {MOVED}, e.queue_id, e.agent, coalesce(e.resolution ->> 'exit', s.kind), count(*), 0
    FROM queue_event s JOIN queue_escalation e ON e.id = s.escalation_id
    WHERE s.id >= %(first)s AND {within("s.at")} AND s.kind IN ('withdrawn', 'expired') GROUP BY 1, 2, 3, 4
"""
# Second looks, by the day of the second verdict: whether it is the first one's.
AGREED = f"""
    SELECT {DECIDED}, e.queue_id, e.agent, CASE WHEN s.verdict = f.verdict THEN 'same' ELSE 'other' END,
        count(*), 0
    FROM queue_decision s JOIN queue_escalation e ON e.decision_id = s.id
    JOIN queue_check c ON c.escalation_id = e.id JOIN queue_decision f ON f.id = c.first_id
    WHERE s.id >= %(first)s AND {within("s.decided_at")} AND e.reason = 'second_review' GROUP BY 1, 2, 3, 4
"""
# How many are open, and how old the oldest of the first in line is, when it was last looked on this day.
OLDEST = """
    SELECT (statement_timestamp() AT TIME ZONE 'UTC')::date, q.id, '', '',
        (SELECT count(*) FROM queue_escalation WHERE queue_id = q.id AND status = 'waiting')
            + (SELECT count(*) FROM queue_escalation WHERE queue_id = q.id AND status = 'claimed'),
        coalesce(extract(epoch FROM statement_timestamp() - min(s.raised_at)), 0)
    FROM queue_reviewqueue q LEFT JOIN LATERAL (
        SELECT raised_at FROM queue_escalation
        WHERE queue_id = q.id AND status = 'waiting' ORDER BY due_at, id LIMIT 1000
    ) s ON true
    WHERE %(until)s::date > (statement_timestamp() AT TIME ZONE 'UTC')::date AND %(first)s >= 0
        AND %(since)s::date <= (statement_timestamp() AT TIME ZONE 'UTC')::date
    GROUP BY q.id
"""

ROLLUPS = [
    Rollup("arrivals", "queue_escalation", "raised_at", ARRIVALS),
    Rollup("decisions", "queue_decision", "decided_at", DECISIONS),
    Rollup("to_decision", "queue_decision", "decided_at", TO_DECISION),
    Rollup("to_claim", "queue_event", "at", TO_CLAIM),
    Rollup("ended", "queue_event", "at", ENDED),
    Rollup("agreed", "queue_decision", "decided_at", AGREED),
    Rollup("oldest", "queue_escalation", "raised_at", OLDEST),
]
