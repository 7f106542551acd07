from escalation.metrics import Metric

# In each review queue, the first in line: found by the index `waiting_by_urgency`, whatever else is stored.
FIRST_IN_LINE = """
    FROM queue_reviewqueue q CROSS JOIN LATERAL (
        SELECT reason, raised_at, due_at FROM queue_escalation
        WHERE queue_id = q.id AND status = 'waiting' ORDER BY due_at, id LIMIT {limit}
    ) AS e
"""

WAITING = f"""
    SELECT q.slug, e.reason, count(*) {FIRST_IN_LINE.format(limit="%(most)s")} GROUP BY q.slug, e.reason
"""
OLDEST = f"""
    SELECT q.slug, extract(epoch FROM statement_timestamp() - min(e.raised_at))
    {FIRST_IN_LINE.format(limit="1000")} GROUP BY q.slug
"""
LAG = f"""
    SELECT q.slug, greatest(0, extract(epoch FROM statement_timestamp() - e.due_at))
    {FIRST_IN_LINE.format(limit="1")}
"""
CLAIMED = """
    SELECT q.slug, e.reason, count(*)
    FROM (
        SELECT queue_id, reason FROM queue_escalation
        WHERE status = 'claimed' ORDER BY claimed_until LIMIT %(most)s
    ) AS e JOIN queue_reviewqueue q ON q.id = e.queue_id
    GROUP BY q.slug, e.reason
"""
DECIDED = """
    SELECT d.verdict, count(*)
    FROM (
        SELECT id, escalation_id, verdict, decided_at FROM queue_decision ORDER BY id DESC LIMIT %(most)s
    ) AS d JOIN queue_escalation e ON e.decision_id = d.id
    WHERE d.decided_at >= date_trunc('day', statement_timestamp())
    GROUP BY d.verdict
"""

LOAD = """
    SELECT slug, coalesce((load ->> 'drains_in_h')::float * 3600, 'Infinity')
    FROM queue_reviewqueue WHERE capacity IS NOT NULL AND load <> '{}'
"""
OVER = "SELECT slug, (overloaded_at IS NOT NULL)::int FROM queue_reviewqueue WHERE capacity IS NOT NULL"

METRICS = [
    Metric(
        "otherwise_escalations_waiting",
        "Escalations that wait, up to 10000 in a review queue.",
        ["queue", "reason"],
        WAITING,
    ),
    Metric(
        "otherwise_escalations_claimed",
        "Escalations that a reviewer holds, up to 10000.",
        ["queue", "reason"],
        CLAIMED,
    ),
    Metric(
        "otherwise_oldest_waiting_seconds",
        "How long ago the oldest escalation was raised that waits, among the first 1000 in line.",
        ["queue"],
        OLDEST,
    ),
    Metric(
        "otherwise_queue_lag_seconds",
        "How long ago somebody should have looked at the first in line; 0 when it is not yet due.",
        ["queue"],
        LAG,
    ),
    Metric(
        "otherwise_decisions_today",
        "Decisions that stand, since midnight UTC, among the newest 10000.",
        ["verdict"],
        DECIDED,
    ),
    Metric(
        "otherwise_queue_drain_seconds",
        "How long until nothing waits, as the last hour went; infinite when it does not drain.",
        ["queue"],
        LOAD,
    ),
    Metric(
        "otherwise_queue_overloaded", "1 while a queue has more than its capacity waiting.", ["queue"], OVER
    ),
]
