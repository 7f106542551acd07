from escalation.metrics import Metric

AGENTS = "SELECT slug, state, 1 FROM gating_agent ORDER BY slug LIMIT %(most)s"
OUTCOMES = """
    SELECT a.slug, o.exit, count(*)
    FROM (
        SELECT agent_id, exit, passed_at FROM gating_outcome ORDER BY id DESC LIMIT %(most)s
    ) AS o JOIN gating_agent a ON a.id = o.agent_id
    WHERE o.passed_at >= date_trunc('day', statement_timestamp())
    GROUP BY a.slug, o.exit
"""

METRICS = [
    Metric("otherwise_agent_state", "1 for the state that an agent is in.", ["agent", "state"], AGENTS),
    Metric(
        "otherwise_outcomes_today",
        "Results that took an exit, since midnight UTC, among the newest 10000.",
        ["agent", "exit"],
        OUTCOMES,
    ),
]
