from escalation.metrics import Metric

COUNTED = """
    SELECT status, count(*) FROM (
        (SELECT status FROM delivery_delivery WHERE status = 'pending' ORDER BY next_attempt_at
         LIMIT %(most)s)
        UNION ALL (SELECT status FROM delivery_delivery WHERE status = 'dead' LIMIT %(most)s)
    ) AS open GROUP BY status
"""
LAG = """
    SELECT greatest(0, extract(epoch FROM statement_timestamp() - next_attempt_at))
    FROM delivery_delivery WHERE status = 'pending' ORDER BY next_attempt_at LIMIT 1
"""

METRICS = [
    Metric(
        "otherwise_deliveries",
        "Webhooks that are pending, or dead until somebody redelivers them, up to 10000 each.",
        ["status"],
        COUNTED,
    ),
    Metric(
        "otherwise_delivery_lag_seconds",
        "How long the pending webhook that is due longest has been due.",
        [],
        LAG,
    ),
]
