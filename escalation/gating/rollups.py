"""Which exits results took, by day."""

from escalation.rollups import Rollup, day_of, within

EXITS = f"""
    SELECT {day_of("s.passed_at")}, p.queue_id, a.slug, s.exit, count(*), 0
    FROM gating_outcome s JOIN gating_policy p ON p.id = s.policy_id JOIN gating_agent a ON a.id = s.agent_id
    WHERE s.id >= %(first)s AND {within("s.passed_at")} GROUP BY 1, 2, 3, 4
"""

# At which gate and for which reason each exit was taken: what an exit map shows.
WAYS = f"""
    SELECT {day_of("s.passed_at")}, p.queue_id, a.slug, concat(s.gate_id, ' ', s.exit, ' ', s.reason),
        count(*), 0
    FROM gating_outcome s JOIN gating_policy p ON p.id = s.policy_id JOIN gating_agent a ON a.id = s.agent_id
    WHERE s.id >= %(first)s AND {within("s.passed_at")} GROUP BY 1, 2, 3, 4
"""

OUTCOMES = Rollup("exits", "gating_outcome", "passed_at", EXITS)
ROLLUPS = [OUTCOMES, Rollup("ways", "gating_outcome", "passed_at", WAYS)]
