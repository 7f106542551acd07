from datetime import timedelta

from django.conf import settings
from django.db.models.functions import Now

from agents.models import LedgerEntry, Run
from agents.run.purse import books_of
from agents.stores.budget import BudgetUnavailable, shared_budget
from escalation.invariants import Invariant, in_sql, never_edited

RUN_EXITS = """
    SELECT 'run ' || id FROM (
        SELECT *, count(*) OVER (PARTITION BY outcome_id) AS sharing FROM agents_run
    ) r
    WHERE state = 'waiting_human' AND escalation_id IS NULL
        OR gated AND drill_id IS NULL AND state IN ('finished', 'partial') AND outcome_id IS NULL
        OR drill_id IS NOT NULL AND (outcome_id IS NOT NULL OR escalation_id IS NOT NULL)
        OR state = 'stopped' AND outcome_id IS NULL AND escalation_id IS NULL AND detail = ''
        OR outcome_id IS NOT NULL AND sharing > 1
"""

# Every answer wakes the run that waited for it, in the answer's own transaction.
FORGOTTEN = """
    SELECT 'run ' || r.id FROM agents_run r JOIN queue_escalation e ON e.id = r.escalation_id
    WHERE r.state = 'waiting_human' AND r.wake_at IS NULL AND e.status IN ('decided', 'withdrawn', 'expired')
"""

# One entry for each call: what it cost, or what was held for it if that was never settled.
_CALLS = """
    SELECT DISTINCT ON (l.reservation) l.run_id, l.agent, l.micro_usd,
        (min(l.at) OVER (PARTITION BY l.reservation) AT TIME ZONE 'UTC')::date AS day
    FROM agents_ledgerentry l ORDER BY l.reservation, l.kind = 'settled' DESC
"""
RUN_BUDGET = f"""
    SELECT 'run ' || r.id FROM agents_run r JOIN ({_CALLS}) calls ON calls.run_id = r.id
    GROUP BY r.id HAVING sum(calls.micro_usd) > (r.budget ->> 'cost_usd')::numeric * 1000000
"""
# A drill asks a model on this machine, and pays from its own purse alone.
DAY_BUDGET = f"""
    SELECT 'day ' || day FROM ({_CALLS}) calls JOIN agents_run r ON r.id = calls.run_id
    WHERE r.drill_id IS NULL GROUP BY day HAVING sum(calls.micro_usd) > %(limit)s
"""

TWICE = """
    SELECT 'run ' || run_id FROM agents_toolcall GROUP BY run_id, tool_use_id HAVING count(*) > 1
"""
# What a run without a gate leaves open is its caller's to look at.
UNKNOWN = """
    SELECT 'tool call ' || c.id
    FROM agents_toolcall c JOIN agents_run r ON r.id = c.run_id
    WHERE c.state = 'unknown' AND c.effect = 'write' AND r.gated
        AND r.state IN ('finished', 'partial', 'waiting_human', 'stopped')
        AND c.escalation_id IS NULL AND r.escalation_id IS NULL AND r.drill_id IS NULL
"""


def differing_from_redis() -> list[str]:
    """Runs that ended of late, of which Redis remembers another spend than the ledger."""
    store, ended = shared_budget(books_of), Now() - timedelta(days=1)
    differing = []
    try:
        for run in Run.objects.filter(state__in=Run.OVER, ended_at__gte=ended).only("pk"):
            account = store.account(f"run:{run.pk}")
            if (
                account.spent_micro_usd + account.held_micro_usd
                != LedgerEntry.objects.filter(run=run).spent()
            ):
                differing.append(f"run {run.pk}")
    except BudgetUnavailable as error:
        return [str(error)]
    return differing


INVARIANTS = [
    in_sql("Every run that is over, or waits for a human, has exactly one exit.", RUN_EXITS),
    in_sql("No run waits for a human who has answered.", FORGOTTEN),
    in_sql("No run spends more than its budget.", RUN_BUDGET),
    in_sql(
        "No day's runs together spend more than the daily budget.",
        DAY_BUDGET,
        limit=int(settings.DAILY_BUDGET_USD * 1_000_000),
    ),
    Invariant("The ledger agrees with what Redis remembers of runs that are over.", differing_from_redis),
    in_sql("A tool use has at most one call.", TWICE),
    in_sql("A write of which nobody knows whether it happened went to a human.", UNKNOWN),
    never_edited(
        "No step, ledger entry or breaker event is ever edited.",
        "agents_step",
        "agents_ledgerentry",
        "agents_breakerevent",
    ),
]
