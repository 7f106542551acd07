from escalation.metrics import Metric

LABELS = """
    SELECT l.agent, l.source, l.correct::text, count(*)
    FROM (
        SELECT decision_id, agent, source, correct FROM tuning_label ORDER BY id DESC LIMIT %(most)s
    ) AS l JOIN queue_decision d ON d.id = l.decision_id
    WHERE d.decided_at >= date_trunc('day', statement_timestamp())
    GROUP BY l.agent, l.source, l.correct
"""

METRICS = [
    Metric(
        "otherwise_labels_today",
        "Labels written since midnight UTC, among the newest 10000.",
        ["agent", "source", "correct"],
        LABELS,
    ),
]
