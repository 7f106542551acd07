from escalation.invariants import in_sql
from escalation.queue.models.reason import BLIND_REASONS

# An endpoint counts from a second after its last change: a decision under way then may have missed it.
UNTOLD = """
    WITH told AS (
        SELECT d.id AS decision, e.agent, e.callback_url, d.decided_at
        FROM queue_decision d JOIN queue_escalation e ON e.id = d.escalation_id
        WHERE e.reason <> ALL (%(blind)s)
    ), wanted AS (
        SELECT told.decision, p.id AS endpoint, NULL AS url
        FROM told
        JOIN gating_agent a ON a.slug = told.agent
        JOIN delivery_endpoint p ON p.agent_id = a.id AND p.enabled AND p.events @> '"escalation.decided"'
            AND told.decided_at > p.changed_at + interval '1 second'
        UNION ALL
        SELECT decision, NULL, callback_url FROM told WHERE callback_url <> ''
    )
    SELECT 'decision ' || w.decision FROM wanted w
    LEFT JOIN delivery_delivery v ON v.decision_id = w.decision AND v.event = 'escalation.decided'
        AND v.endpoint_id IS NOT DISTINCT FROM w.endpoint AND v.url = coalesce(w.url, v.url)
    GROUP BY w.decision, w.endpoint HAVING count(v.id) <> 1
"""

STANDING = """
    SELECT 'delivery ' || v.id
    FROM delivery_delivery v
    JOIN queue_decision d ON d.id = v.decision_id
    JOIN queue_escalation e ON e.id = d.escalation_id
    WHERE (v.status = 'cancelled') <> (e.decision_id IS DISTINCT FROM d.id)
"""

INVARIANTS = [
    in_sql(
        "Every decision has one delivery for each subscribed endpoint, and one for its callback address.",
        UNTOLD,
        blind=[str(reason) for reason in BLIND_REASONS],
    ),
    in_sql("A decision's delivery is cancelled exactly when the decision was undone.", STANDING),
    in_sql(
        "What was delivered was tried, and says when.",
        """
        SELECT 'delivery ' || id FROM delivery_delivery
        WHERE status = 'delivered' AND (attempts = 0 OR delivered_at IS NULL)
            OR status = 'cancelled' AND attempts > 0
        """,
    ),
]
