from escalation.invariants import in_sql, never_edited

ONE_EXIT = """
    SELECT 'outcome ' || id FROM gating_outcome
    WHERE (exit = 'human' OR audited) <> (escalation_id IS NOT NULL)
        OR (exit = 'accepted') <> (reason = '') OR audited AND exit = 'human'
"""

NOT_LIVE = """
    SELECT 'outcome ' || o.id
    FROM gating_outcome o
    LEFT JOIN LATERAL (
        SELECT state FROM gating_agentevent v
        WHERE v.agent_id = o.agent_id AND v.gate_id IS NULL AND v.at <= o.passed_at ORDER BY v.id DESC LIMIT 1
    ) then_ ON true
    LEFT JOIN LATERAL (
        SELECT state FROM gating_agentevent v
        WHERE v.gate_id = o.gate_id AND v.at <= o.passed_at ORDER BY v.id DESC LIMIT 1
    ) there ON true
    WHERE o.exit = 'accepted' AND (then_.state IS DISTINCT FROM 'live' OR there.state = 'paused')
"""

VERSIONS = """
    SELECT 'gate ' || gate_id FROM gating_policy
    GROUP BY gate_id
    HAVING max(version) <> count(*) OR min(version) <> 1 OR count(DISTINCT version) <> count(*)
"""

INVARIANTS = [
    in_sql("Every outcome took exactly one exit, and a human has every one that needs a human.", ONE_EXIT),
    in_sql(
        "A PARTIAL result is never accepted without a human.",
        "SELECT 'outcome ' || id FROM gating_outcome WHERE partial AND exit <> 'human'",
    ),
    in_sql("The result of an agent that is not live is never accepted without a human.", NOT_LIVE),
    in_sql("The versions of a gate's policy have neither gap nor twin.", VERSIONS),
    never_edited(
        "No policy and no change of an agent's state is ever edited.", "gating_policy", "gating_agentevent"
    ),
]
