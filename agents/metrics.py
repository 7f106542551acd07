"""What a scrape says of runs and breakers."""

from escalation.metrics import Metric

RUNS = """
    SELECT agent, state, count(*) FROM (
        (SELECT agent, state FROM agents_run WHERE state IN ('queued', 'running') AND drill_id IS NULL
         ORDER BY lease_until LIMIT %(most)s)
        UNION ALL
        (SELECT agent, state FROM agents_run
         WHERE state IN ('waiting_human', 'waiting_upstream') AND drill_id IS NULL
         ORDER BY id DESC LIMIT %(most)s)
    ) AS open GROUP BY agent, state
"""
ENDED = """
    SELECT agent, state, count(*)
    FROM (
        SELECT agent, state, created_at FROM agents_run WHERE drill_id IS NULL ORDER BY id DESC LIMIT %(most)s
    ) AS r
    WHERE state IN ('finished', 'partial', 'stopped')
        AND created_at >= date_trunc('day', statement_timestamp())
    GROUP BY agent, state
"""
BREAKERS = """
    SELECT breaker, after, 1 FROM (
        SELECT DISTINCT ON (breaker) breaker, after FROM agents_breakerevent ORDER BY breaker, id DESC
    ) AS newest WHERE after NOT IN ('closed', 'forced_closed')
"""

METRICS = [
    Metric("otherwise_runs", "Runs under way, up to 10000.", ["agent", "state"], RUNS),
    Metric(
        "otherwise_runs_ended_today",
        "Runs begun since midnight UTC that are over.",
        ["agent", "state"],
        ENDED,
    ),
    Metric(
        "otherwise_breakers_open",
        "1 for a breaker that lets nothing, or only a probe, through.",
        ["breaker", "state"],
        BREAKERS,
    ),
]
