"""Money for one model call: held and written to the ledger before the call, settled after it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import structlog
from django.conf import settings
from django.db import connection

from agents.guards.budget import MICRO, Budget
from agents.models import LedgerEntry, Run
from agents.run.metered import Tokens
from agents.run.stage import NO_REDIS
from agents.stores.budget import (
    BudgetStore,
    BudgetUnavailable,
    Exhausted,
    Order,
    Reservation,
    Scope,
    shared_budget,
)
from agents.stores.connection import connect
from escalation.queue.models.rows import names, places, values

log = structlog.get_logger()

EVERYTHING = "*"
BY_DATABASE = ("id", "at")


def scopes_of(run: Run, budget: Budget) -> tuple[Scope, ...]:
    """The purses a run pays from: its own, its agent's day, everything's day; a drill only from its own."""
    if run.drill_id is not None:
        return (Scope(f"run:{run.pk}", budget.micro_usd),)
    today = datetime.now(UTC).date().isoformat()
    daily = int(Decimal(str(settings.DAILY_BUDGET_USD)) * MICRO)
    return (
        Scope(f"run:{run.pk}", budget.micro_usd),
        Scope(f"day:{run.agent}:{today}", daily),
        Scope(f"day:{EVERYTHING}:{today}", daily),
    )


def shared_left(run: Run, budget: Budget) -> int | None:
    """Micro-dollars left in what the run shares with others; raises BudgetUnavailable."""
    return _store(run).left(scopes_of(run, budget)[1:])


def reserve(
    run: Run, budget: Budget, *, model: str, wanted: int, holdback: int, most: Tokens
) -> Reservation | Exhausted:
    """Hold `wanted` micro-dollars for a call of `model` and note it in the ledger.

    Raises BudgetUnavailable: make no call then.
    """
    scopes: Sequence[Scope] = scopes_of(run, budget)
    order = Order(wanted, least_micro_usd=wanted, holdback_micro_usd=holdback)
    held = _store(run).reserve(f"{run.pk}.{run.step}.{run.epoch}", scopes, order)
    if isinstance(held, Reservation):
        _note(run, model, held, LedgerEntry.Kind.RESERVED, held.granted_micro_usd, most)
    return held


def settle(
    run: Run, held: Reservation, *, model: str, micro_usd: int, used: Tokens | None, detail: str = ""
) -> None:
    """Charge what the call cost; `used` is None when none was made. Never raises for Redis.

    The ledger comes first: it is the truth, and Redis charges in full what is never settled there.
    """
    _note(run, model, held, LedgerEntry.Kind.SETTLED, micro_usd, used, detail)
    try:
        _store(run).settle(held, micro_usd)
    except BudgetUnavailable as error:
        log.warning("not_settled_in_redis", run=run.pk, reservation=held.id, why=str(error))


def _note(
    run: Run,
    model: str,
    held: Reservation,
    kind: LedgerEntry.Kind,
    micro_usd: int,
    tokens: Tokens | None,
    detail: str = "",
) -> None:
    entry = LedgerEntry(
        run=run,
        agent=run.agent,
        step=run.step,
        reservation=held.id,
        kind=kind,
        micro_usd=micro_usd,
        usage=tokens.as_mapping() if tokens else {},
        model=model,
        detail=detail,
    )
    into, form = names(LedgerEntry, BY_DATABASE), places(LedgerEntry, BY_DATABASE)
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO agents_ledgerentry ({into}) VALUES ({form})", values(entry, BY_DATABASE))


def _store(run: Run) -> BudgetStore:
    if run.drill and run.drill.injection == "redis-down":
        return BudgetStore(connect(NO_REDIS), _spent_in)
    return shared_budget(_spent_in)


def _spent_in(scope: str) -> int:
    kind, _, rest = scope.partition(":")
    entries = LedgerEntry.objects.all()
    if kind == "run":
        return entries.filter(run_id=int(rest)).spent()
    agent, _, day = rest.rpartition(":")
    # The day is a UTC one, whatever time zone the screens show.
    begins = datetime.fromisoformat(day).replace(tzinfo=UTC)
    that_day = entries.filter(
        run__drill=None,
        kind=LedgerEntry.Kind.RESERVED,
        at__gte=begins,
        at__lt=begins + timedelta(days=1),
    )
    if agent != EVERYTHING:
        that_day = that_day.filter(agent=agent)
    # A call belongs to the day it was begun on, whenever it was settled.
    return entries.filter(reservation__in=that_day.values("reservation")).spent()
