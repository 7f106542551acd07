from escalation.invariants import in_sql, never_edited

ONE_DECISION = """
    SELECT 'escalation ' || e.id
    FROM queue_escalation e LEFT JOIN queue_decision d ON d.id = e.decision_id
    WHERE (e.status = 'decided') <> (d.id IS NOT NULL) OR d.escalation_id <> e.id
"""

# The version counts the moves, the first included, so that a lost event is a gap in the count.
ONE_EVENT_A_MOVE = """
    SELECT 'escalation ' || e.id
    FROM queue_escalation e
    LEFT JOIN LATERAL (
        SELECT count(*) AS number, (array_agg(v.kind ORDER BY v.id DESC))[1] AS last
        FROM queue_event v WHERE v.escalation_id = e.id
            AND v.kind NOT IN ('reminded', 'widened', 'noted', 'watched', 'unwatched')
    ) history ON true
    WHERE history.number <> e.version OR e.status <> CASE history.last
        WHEN 'raised' THEN 'waiting' WHEN 'released' THEN 'waiting' WHEN 'snoozed' THEN 'waiting'
        WHEN 'moved' THEN 'waiting' WHEN 'handed' THEN 'claimed'
        WHEN 'claimed' THEN 'claimed' WHEN 'undone' THEN 'claimed' ELSE history.last END
"""

# A claim's event says how long it held at least; a claim ahead holds nobody off. A second is left for what
# lies between claim and event. What a lead takes from its holder says whose it was.
HELD = """
    SELECT 'event ' || id FROM (
        SELECT v.*, lag(kind) OVER moves AS before,
            coalesce((lag(data) OVER moves ->> 'holder')::bigint, lag(actor_id) OVER moves) AS holder,
            lag(data) OVER moves ? 'ahead' AS was_ahead,
            lag(at) OVER moves + (lag(data) OVER moves ->> 'lease_s')::float * interval '1 second' AS until
        FROM queue_event v WHERE kind NOT IN ('reminded', 'widened', 'noted', 'watched', 'unwatched')
        WINDOW moves AS (PARTITION BY escalation_id ORDER BY id)
    ) v
    WHERE before IN ('claimed', 'undone', 'handed') AND actor_id IS DISTINCT FROM holder AND (
        kind = 'released' AND (data ->> 'holder')::bigint IS DISTINCT FROM holder
        OR kind IN ('snoozed', 'decided', 'moved', 'handed')
        OR kind IN ('claimed', 'expired') AND NOT was_ahead AND at < until - interval '1 second'
    )
"""

INVARIANTS = [
    in_sql("An escalation is decided exactly when one decision on it stands.", ONE_DECISION),
    in_sql(
        "Every move has exactly one event, and the last one says where the escalation is.", ONE_EVENT_A_MOVE
    ),
    in_sql("What a human holds, nobody else claims or decides, and nothing automatic changes.", HELD),
    never_edited("No event and no decision is ever edited.", "queue_event", "queue_decision"),
]
