"""Money for one model call: held and written to the ledger before the call, settled after it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from secrets import token_hex
from typing import Any

import structlog
from django.conf import settings
from django.db import connection

from agents.guards.budget import MICRO, Budget
from agents.models import STANDING, LedgerEntry, Run
from agents.run.metered import Tokens
from agents.run.stage import NO_REDIS
from agents.statements import fetched
from agents.stores.budget import (
    Books,
    BudgetStore,
    BudgetUnavailable,
    Exhausted,
    Order,
    Reservation,
    Scope,
    shared_budget,
)
from agents.stores.connection import connect
from escalation.database.rows import names, places, values

log = structlog.get_logger()

EVERYTHING = "*"
BY_DATABASE = ("id",)
BOOKS = f"""
    SELECT coalesce(sum(micro_usd) FILTER (WHERE kind = 'settled'), 0),
        coalesce(jsonb_object_agg(reservation, micro_usd) FILTER (WHERE kind = 'reserved'), '{{}}')
    FROM agents_ledgerentry WHERE {STANDING} AND """
# A call belongs to the day it was begun on, whenever it was settled.
BEGUN_ON_DAY = """reservation IN (
    SELECT reservation FROM agents_ledgerentry e JOIN agents_run r ON r.id = e.run_id
    WHERE e.kind = 'reserved' AND e.at >= %s AND e.at < %s AND r.drill_id IS NULL {of_agent}
)"""


def scopes_of(run: Run, budget: Budget, moment: datetime) -> tuple[Scope, ...]:
    """The purses a run pays from: its own, its agent's day, everything's day (a UTC one, as of `moment`).

    A drill pays from its own alone.
    """
    if run.drill_id is not None:
        return (Scope(f"run:{run.pk}", budget.micro_usd),)
    today = moment.astimezone(UTC).date().isoformat()
    daily = int(Decimal(str(settings.DAILY_BUDGET_USD)) * MICRO)
    return (
        Scope(f"run:{run.pk}", budget.micro_usd),
        Scope(f"day:{run.agent}:{today}", daily),
        Scope(f"day:{EVERYTHING}:{today}", daily),
    )


def shared_left(run: Run, budget: Budget) -> int | None:
    """Micro-dollars left in what the run shares with others; raises BudgetUnavailable."""
    return _store(run).left(scopes_of(run, budget, datetime.now(UTC))[1:])


def reserve(
    run: Run, budget: Budget, *, model: str, wanted: int, holdback: int, most: Tokens
) -> Reservation | Exhausted:
    """Hold `wanted` micro-dollars for a call of `model` and note it in the ledger.

    Raises BudgetUnavailable: make no call then.
    """
    store, begun = _store(run), datetime.now(UTC)
    scopes = scopes_of(run, budget, begun)
    order = Order(wanted, least_micro_usd=wanted, holdback_micro_usd=holdback)
    reservation_id = f"{run.pk}.{run.step}.{run.epoch}.{token_hex(4)}"
    held = store.reserve(reservation_id, scopes, order)
    if isinstance(held, Exhausted):
        return held
    kind = LedgerEntry.Kind.RESERVED
    _note(run, held, most, kind=kind, model=model, micro_usd=held.granted_micro_usd, at=begun)
    again: Reservation | Exhausted | None = None
    try:
        # Redis may have been rebuilt from a ledger without this row: from here on every rebuild knows of it.
        again = store.reserve(reservation_id, scopes, order)
        return again
    finally:
        if not isinstance(again, Reservation):
            settle(run, held, model=model, micro_usd=0, used=None, detail="no call was made")


def settle(
    run: Run, held: Reservation, *, model: str, micro_usd: int, used: Tokens | None, detail: str = ""
) -> None:
    """Charge what the call cost; `used` is None when none was made. Never raises for Redis.

    The ledger comes first: it is the truth, and Redis charges in full what is never settled there.
    """
    kind, now = LedgerEntry.Kind.SETTLED, datetime.now(UTC)
    _note(run, held, used, kind=kind, model=model, micro_usd=micro_usd, at=now, detail=detail)
    try:
        _store(run).settle(held, micro_usd)
    except BudgetUnavailable as error:
        log.warning("not_settled_in_redis", run=run.pk, reservation=held.id, why=str(error))


def _note(run: Run, held: Reservation, tokens: Tokens | None, **facts: Any) -> None:
    usage = tokens.as_mapping() if tokens else {}
    entry = LedgerEntry(run=run, agent=run.agent, step=run.step, reservation=held.id, usage=usage, **facts)
    into, form = names(LedgerEntry, BY_DATABASE), places(LedgerEntry, BY_DATABASE)
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO agents_ledgerentry ({into}) VALUES ({form})", values(entry, BY_DATABASE))


def _store(run: Run) -> BudgetStore:
    if run.drill and run.drill.injection == "redis-down":
        return BudgetStore(connect(NO_REDIS), books_of)
    return shared_budget(books_of)


def books_of(scope: str) -> Books:
    """What the ledger says of a purse, by the key of `scopes_of`: at one moment, so in one statement."""
    condition, terms = _entries_of(scope)
    ((spent, still_open),) = fetched(BOOKS + condition, terms)
    return Books(int(spent), json.loads(still_open))


def _entries_of(scope: str) -> tuple[str, list[Any]]:
    kind, _, rest = scope.partition(":")
    if kind == "run":
        return "run_id = %s", [int(rest)]
    agent, _, day = rest.rpartition(":")
    begins = datetime.fromisoformat(day).replace(tzinfo=UTC)
    terms = [begins, begins + timedelta(days=1), *([] if agent == EVERYTHING else [agent])]
    return BEGUN_ON_DAY.format(of_agent="" if agent == EVERYTHING else "AND e.agent = %s"), terms
