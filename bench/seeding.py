"""Many escalations at once, each with a body of its own of 1 to 2 KB."""

from __future__ import annotations

from typing import Any

from django.db import connection

from escalation.queue.models import Escalation, ReviewQueue

PROSE = (
    "The order that I paid for twice has not arrived and nobody answers my letters about a refund. "
    "Please change the address on my account and send the card by post to where I live now. "
    "A transfer was declined last week although there was money enough on my statement. "
)
REASONS = ["low_confidence", "budget_exhausted", "evidence_missing", "breaker_open", "output_invalid"]
AGENTS = ["support-triage", "invoice-reader", "address-checker"]

# What differs from row to row; everything else is as in the row that they are all made from.
DIFFERENT = {
    "agent": "(%(agents)s::text[])[1 + n %% 3]",
    "key": "'seeded-' || n",
    "queue_id": "(%(queues)s::bigint[])[1 + n %% %(number_of_queues)s]",
    "reason": "(%(reasons)s::text[])[1 + (random() * 4)::int]",
    "title": "'Where is order ' || n || '?'",
    "task": "jsonb_build_object('message', substr(%(prose)s, (random() * 3000)::int, 600 + n %% 600))",
    "output": "jsonb_build_object('topic', 'order', 'reply', substr(%(prose)s, (random() * 3000)::int, 300))",
    "confidence": "random()",
    "priority": "(random() * 3)::int",
    # One in ten failed as others did.
    "fingerprint": "CASE WHEN n %% 10 = 0 THEN 'burst-' || n / 10 %% 100 ELSE '' END",
    # As they came: the line reaches back ten days.
    "raised_at": "statement_timestamp() - interval '10 days' * (1 - n::float / %(rows)s)",
    "due_at": "statement_timestamp() + interval '1 hour' * (9 * random() - 240 * (1 - n::float / %(rows)s))",
}


# The yardstick's line is as long, and in the same order.
THE_SAME_IN_STOCK = """
    INSERT INTO stock_question
        (agent, key, reason, title, task, output, confidence, trace, usage, tags, metadata, status, raised_at)
    SELECT agent, key, reason, title, task, output, confidence, trace, usage, tags, metadata, status, due_at
    FROM queue_escalation WHERE key IS NOT NULL
"""

# As if each had been decided once: the export reads decisions and labels, not where the escalation is now.
DECISIONS = """
    INSERT INTO queue_decision (escalation_id, reviewer_id, verdict, output, original_output, note,
        reason_code, "grant", cosmetic, content_hash, decided_at, effective_at)
    SELECT e.id, u.id, CASE WHEN random() < 0.8 THEN 'accept' ELSE 'edit' END, e.output, e.output, '',
        '', '{}', false, '', e.raised_at, e.raised_at
    FROM queue_escalation e, auth_user u WHERE u.username = 'alice' ORDER BY e.id
"""
LABELS = """
    INSERT INTO tuning_label (decision_id, agent, gate, confidence, threshold, policy_version, source,
        inclusion_probability, correct, model, prompt_version)
    SELECT d.id, e.agent, e.gate, e.confidence, e.threshold, 1, 'escalated', 1.0, d.verdict = 'accept', '', ''
    FROM queue_decision d JOIN queue_escalation e ON e.id = d.escalation_id ORDER BY d.id
"""


def label_all() -> int:
    """Add a decision by Alice and a label for every escalation; returns how many there are."""
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(DECISIONS)
        cursor.execute(LABELS)
        number: int = cursor.rowcount
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("RESET statement_timeout")
    return number


def put_in_line(rows: int) -> None:
    """Add `rows` waiting escalations, spread over all review queues, and as many rows of the yardstick."""
    queues = list(ReviewQueue.objects.values_list("pk", flat=True))
    params: dict[str, Any] = {
        "first": _the_first().pk,
        "rows": rows,
        "queues": queues,
        "number_of_queues": len(queues),
        "agents": AGENTS,
        "reasons": REASONS,
        "prose": PROSE * 20,
    }
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(_sql(), params)
        cursor.execute(THE_SAME_IN_STOCK)
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("RESET statement_timeout")


def _the_first() -> Escalation:
    steps = [
        {"kind": "tool", "name": name, "seconds": 0.2, "input": {"query": "order"}, "output": {"found": 1}}
        for name in ("search_help", "find_order")
    ]
    first, _ = Escalation.objects.raise_once(
        agent=AGENTS[0],
        reason=REASONS[0],
        detail="confidence 0.62 is under 0.75",
        title="Where is my order?",
        threshold=0.75,
        policy_version=1,
        trace=steps,
        usage={"input_tokens": 900, "output_tokens": 120, "turns": 2},
        queue=ReviewQueue.objects.get(slug="support"),
    )
    return first


def _sql() -> str:
    columns = [str(field.column) for field in Escalation._meta.concrete_fields if not field.primary_key]
    values = [DIFFERENT.get(column, f"first.{column}") for column in columns]
    return f"""
        WITH added AS (
            INSERT INTO queue_escalation ({", ".join(columns)})
            SELECT {", ".join(values)} FROM queue_escalation first, generate_series(1, %(rows)s) n
            WHERE first.id = %(first)s RETURNING id
        )
        INSERT INTO queue_event (escalation_id, kind, data) SELECT id, 'raised', '{{}}' FROM added
    """


# Many results of one gate; every so many was decided, half of those escalated and half audited.
OUTCOMES = """
    INSERT INTO gating_outcome (agent_id, gate_id, policy_id, request_hash, task, task_hash, output,
        confidence, partial, usage, metadata, external_id, model, prompt_version, category, threshold,
        audit_rate, audit_draw, audited, exit, exit_detail, reason, detail, passed_at, escalation_id)
    SELECT p.agent_id, p.gate_id, p.id, '', '"Where?"', '', '"There."',
        CASE WHEN e.human THEN 0.75 * sqrt(e.u) ELSE 0.75 + 0.25 * sqrt(e.u) END, false, '{}', '{}', '',
        'bench', 'p1', '', p.threshold, 0.05, 0.5, e.id IS NOT NULL AND NOT e.human,
        CASE WHEN e.human THEN 'human' ELSE 'accepted' END, '',
        CASE WHEN e.human THEN 'low_confidence' ELSE '' END, '',
        statement_timestamp() - interval '20 days' * (1 - e.n::float / %(rows)s), e.id
    FROM (
        SELECT p.*, g.agent_id FROM gating_policy p JOIN gating_gate g ON g.id = p.gate_id
        WHERE g.id = %(gate)s ORDER BY p.version DESC LIMIT 1
    ) p, (
        SELECT n, q.id, random() AS u, q.id IS NOT NULL AND q.place %% 2 = 0 AS human
        FROM generate_series(1, %(rows)s) n
        LEFT JOIN (
            SELECT id, row_number() OVER (ORDER BY id DESC) AS place FROM queue_escalation
            WHERE status = 'waiting' LIMIT %(decided)s
        ) q ON q.place * (%(rows)s / %(decided)s) = n
        ORDER BY n
    ) e
"""
DECIDED = """
    WITH said AS (
        INSERT INTO queue_decision (escalation_id, reviewer_id, verdict, output, original_output, note,
            reason_code, "grant", cosmetic, content_hash, decided_at, effective_at)
        SELECT o.escalation_id, u.id, CASE WHEN random() < o.confidence THEN 'accept' ELSE 'reject' END,
            o.output, o.output, '', '', '{}', false, '', o.passed_at, o.passed_at
        FROM gating_outcome o, auth_user u
        WHERE u.username = 'alice' AND o.escalation_id IS NOT NULL AND o.model = 'bench'
        RETURNING id, escalation_id, verdict
    ), moved AS (
        UPDATE queue_escalation e SET status = 'decided', decision_id = said.id FROM said
        WHERE e.id = said.escalation_id
    )
    INSERT INTO tuning_label (decision_id, outcome_id, agent, gate, confidence, threshold, policy_version,
        source, inclusion_probability, correct, model, prompt_version)
    SELECT said.id, o.id, a.slug, g.slug, o.confidence, o.threshold, 1,
        CASE WHEN o.audited THEN 'audit' ELSE 'escalated' END, CASE WHEN o.audited THEN 0.05 ELSE 1 END,
        said.verdict = 'accept', o.model, o.prompt_version
    FROM said JOIN gating_outcome o ON o.escalation_id = said.escalation_id
    JOIN gating_gate g ON g.id = o.gate_id JOIN gating_agent a ON a.id = o.agent_id
"""


def let_pass(rows: int, decided: int, gate: int) -> int:
    """Let `rows` results pass a gate, `decided` of them decided; returns how many labels that made."""
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(OUTCOMES, {"rows": rows, "decided": decided, "gate": gate})
        cursor.execute(DECIDED)
        number: int = cursor.rowcount
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("RESET statement_timeout")
    return number
