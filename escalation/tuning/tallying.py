"""How outcomes, decisions and labels are counted by day and cell, as SQL.

Each is counted where its outcome is: at a gate, for a model and prompt, in a category, on a day, under a
policy, since an alarm, by the way it took and about its confidence. A cell is a thousandth of the confidence
wide, or a twentieth of what is missing to 1 if that is less: a million outcomes are a few thousand rows, and
a threshold at the lowest confidence of a cell divides them exactly.
"""

from escalation.queue.models import Reason

# Where the confidence decided, or would have: what a guard stopped takes its exit whatever it is.
REASONS = ["", Reason.LOW_CONFIDENCE.value, Reason.NOT_LIVE.value]
KEY = "gate_id, model, prompt_version, category, day, policy_id, era, escalated, even, odds"
COUNTS = ("outcomes", "asked", "decided", "labels", "wrong", "audits")

_OUTCOME = """
    o.gate_id, o.model, o.prompt_version, o.category, (o.passed_at AT TIME ZONE %(zone)s)::date AS day,
    o.policy_id,
    coalesce((
        SELECT max(w.id) FROM tuning_watch w
        WHERE w.gate_id = o.gate_id AND w.closed_the_window AND w.ended_at <= o.passed_at
    ), 0) AS era,
    o.exit = 'human' AS escalated,
    floor(o.confidence * 1000 + 1e-6)::int AS even, floor(-20 * ln(1 + 1e-9 - o.confidence))::int AS odds,
    o.confidence AS lowest
"""
_BY_CONFIDENCE = """
    o.exit IN ('accepted', 'human') AND o.reason = ANY(%(reasons)s) AND NOT o.partial
    AND o.confidence IS NOT NULL
"""
_LABELLED = f"""
    SELECT {_OUTCOME}, 0 AS outcomes, 0 AS asked, 0 AS decided, 1 AS labels, (NOT l.correct)::int AS wrong,
        (l.source = 'audit')::int AS audits
    FROM tuning_label l JOIN gating_outcome o ON o.id = l.outcome_id WHERE {_BY_CONFIDENCE}
"""


def _after(column: str, of: str) -> str:
    # The number tells the planner how few there are; the mark is read again: it may have moved meanwhile.
    mark = f"coalesce((SELECT max(last_{of}) FROM tuning_tallymark), 0)"
    return f"{column} > %({of}s_from)s AND {column} > {mark} AND {column} <= %({of}s_to)s"


def _facts(only: str = "true") -> str:
    """A row for each outcome, decision and label after the mark, of outcomes `o` for which `only` is so."""
    where = f"{_BY_CONFIDENCE} AND {only}"
    return f"""
        SELECT {_OUTCOME}, 1 AS outcomes, (o.escalation_id IS NOT NULL)::int AS asked, 0 AS decided,
            0 AS labels, 0 AS wrong, 0 AS audits
        FROM gating_outcome o WHERE {_after("o.id", "outcome")} AND {where}
        UNION ALL
        SELECT {_OUTCOME}, 0, 0, 1, 0, 0, 0
        FROM queue_escalation e JOIN gating_outcome o ON o.escalation_id = e.id
        WHERE {_after("e.decision_id", "decision")} AND {where}
        UNION ALL {_LABELLED} AND {_after("l.decision_id", "decision")} AND {only}
    """


def _sums(sign: str = "") -> str:
    return ", ".join(f"{sign}sum({name})" for name in COUNTS)


def _upsert(facts: str, sign: str = "") -> str:
    added = ", ".join(f"{name} = t.{name} + excluded.{name}" for name in COUNTS)
    return f"""
        INSERT INTO tuning_tally AS t ({KEY}, lowest, {", ".join(COUNTS)})
        SELECT {KEY}, min(lowest), {_sums(sign)} FROM ({facts}) facts GROUP BY {KEY}
        ON CONFLICT ON CONSTRAINT one_tally_per_gate_version_day_way_and_cell
        DO UPDATE SET lowest = least(t.lowest, excluded.lowest), {added}
    """


ADDED = _upsert(_facts())
# Labels that came or went long after their decision.
LABELLED = _upsert(f"{_LABELLED} AND l.id = ANY(%(labels)s)", "%(sign)s * ")

# The last id of which all up to it have settled, AT_ONCE further at most; with no row the mark stays.
UNSETTLED = """
    SELECT coalesce(
        (SELECT min(id) - 1 FROM {table} WHERE id > %(last)s AND id <= %(most)s AND {clock} > %(settled)s),
        greatest(%(last)s, least(%(most)s, (SELECT coalesce(max(id), 0) FROM {table})))
    )
"""

CELLS = f"""
    WITH found AS (
        SELECT policy_id, escalated, category, even, odds, day, era, lowest, {", ".join(COUNTS)}
        FROM tuning_tally o WHERE gate_id = %(gate)s AND model = %(model)s AND prompt_version = %(prompt)s
        UNION ALL
        SELECT policy_id, escalated, category, even, odds, day, era, lowest, {", ".join(COUNTS)} FROM ({
    _facts("o.gate_id = %(gate)s AND o.model = %(model)s AND o.prompt_version = %(prompt)s")
}) facts
    ), cells AS (
        SELECT policy_id, escalated, category, even, odds, min(lowest) AS lowest, {
    ", ".join(f"sum({name}) AS {name}" for name in COUNTS)
}
        FROM found
        WHERE day >= %(since)s AND day < %(until)s AND (%(era)s::bigint IS NULL OR era = %(era)s)
        GROUP BY policy_id, escalated, category, even, odds
    )
    SELECT policy_id, escalated, category,
        min(lowest) OVER (PARTITION BY even, odds, lowest >= %(threshold)s), {", ".join(COUNTS)}
    FROM cells
"""

DIFFERENCES = f"""
    SELECT count(*) FROM (SELECT {KEY}, lowest, {", ".join(COUNTS)} FROM tuning_tally) anew
    FULL JOIN (SELECT {KEY}, lowest, {", ".join(COUNTS)} FROM tallied) before USING ({KEY})
    WHERE ({", ".join(f"anew.{name}" for name in COUNTS)})
        IS DISTINCT FROM ({", ".join(f"before.{name}" for name in COUNTS)})
"""
