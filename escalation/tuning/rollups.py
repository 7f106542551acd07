"""What audits of accepted results said, by day."""

from escalation.rollups import Rollup, day_of, within

# Decisions are found by their clock; labels follow them one to one.
AUDITS = f"""
    SELECT {day_of("s.decided_at")}, e.queue_id, e.agent, CASE WHEN l.correct THEN 'right' ELSE 'wrong' END,
        count(*), sum(1 / l.inclusion_probability)
    FROM queue_decision s JOIN tuning_label l ON l.decision_id = s.id
    JOIN queue_escalation e ON e.id = s.escalation_id
    WHERE s.id >= %(first)s AND {within("s.decided_at")} AND l.source = 'audit' GROUP BY 1, 2, 3, 4
"""

ROLLUPS = [Rollup("audits", "queue_decision", "decided_at", AUDITS)]
