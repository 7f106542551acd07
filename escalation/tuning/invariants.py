from escalation.invariants import in_sql, never_edited

MISSING = """
    SELECT 'decision ' || d.id
    FROM queue_decision d
    JOIN queue_escalation e ON e.decision_id = d.id
    LEFT JOIN tuning_label l ON l.decision_id = d.id
    LEFT JOIN gating_outcome o ON o.escalation_id = e.id AND o.exit NOT IN ('accepted', 'human')
    WHERE o.id IS NULL AND e.kind = 'result' AND NOT e.partial
        AND e.reason NOT IN ('second_review', 'gold')
        AND d.verdict IN ('accept', 'edit', 'reject', 'answer')
    GROUP BY d.id HAVING count(l.id) <> 1
"""

ORPHANED = """
    SELECT 'label ' || l.id
    FROM tuning_label l
    JOIN queue_decision d ON d.id = l.decision_id
    JOIN queue_escalation e ON e.id = d.escalation_id
    WHERE e.decision_id IS DISTINCT FROM d.id OR e.kind <> 'result' OR e.partial
        OR e.reason IN ('second_review', 'gold')
        OR d.verdict NOT IN ('accept', 'edit', 'reject', 'answer')
"""

INVARIANTS = [
    in_sql("Every standing decision on a whole result has exactly one label.", MISSING),
    in_sql("An undone decision has no label, and neither has one that says nothing of a result.", ORPHANED),
    never_edited("No label is ever edited.", "tuning_label"),
    never_edited("No calibration is ever edited.", "tuning_calibration"),
    never_edited(
        "No target, cost or rail of a gate, no proposal and no settlement is ever edited.",
        "tuning_gatetarget",
        "tuning_gatecosts",
        "tuning_gaterails",
        "tuning_proposal",
        "tuning_settlement",
    ),
]
