from escalation.invariants import in_sql, never_edited

# For each standing decision on a whole result: the one that speaks for it, which a lead may have changed.
SPEAKING = """
    WITH speaking AS (
        SELECT CASE WHEN o.stands IS NULL THEN first.decision_id
            WHEN o.stands = 'second' THEN o.second_id END AS decision_id
        FROM queue_escalation first
        LEFT JOIN (
            SELECT c.first_id, c.stands, second.decision_id AS second_id
            FROM queue_check c JOIN queue_escalation second ON second.id = c.escalation_id
            WHERE c.stands IN ('second', 'neither') AND second.decision_id IS NOT NULL
        ) o ON o.first_id = first.decision_id
        LEFT JOIN gating_outcome d ON d.escalation_id = first.id AND d.exit NOT IN ('accepted', 'human')
        WHERE first.decision_id IS NOT NULL AND d.id IS NULL AND first.kind = 'result' AND NOT first.partial
            AND first.reason NOT IN ('second_review', 'gold')
    )
"""
SAYS = "d.verdict IN ('accept', 'edit', 'reject', 'answer')"

MISSING = f"""
    {SPEAKING} SELECT 'decision ' || d.id FROM speaking s JOIN queue_decision d ON d.id = s.decision_id
    WHERE {SAYS} AND NOT EXISTS (SELECT FROM tuning_label l WHERE l.decision_id = d.id)
"""

ORPHANED = f"""
    {SPEAKING} SELECT 'label ' || l.id FROM tuning_label l JOIN queue_decision d ON d.id = l.decision_id
    LEFT JOIN speaking s ON s.decision_id = d.id WHERE s.decision_id IS NULL OR NOT {SAYS}
"""

# Where two people change a threshold, two people change that.
ALONE = """
    SELECT 'gate rails ' || r.id FROM tuning_gaterails r JOIN LATERAL (
        SELECT four_eyes FROM tuning_gaterails b
        WHERE b.gate_id = r.gate_id AND b.id < r.id AND NOT b.waits ORDER BY b.id DESC LIMIT 1
    ) before ON before.four_eyes
    WHERE NOT r.waits AND r.drafted_by_id IS NULL
"""

INVARIANTS = [
    in_sql("Every whole result that was judged has exactly one label, of the decision that stands.", MISSING),
    in_sql("An undone or overruled decision has no label, and none that says nothing.", ORPHANED),
    in_sql("Where two people change a threshold, nobody alone changes that.", ALONE),
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
