"""Money for one model call: held in every scope and written to the ledger before the call, settled after it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

from django.conf import settings

from agents.guards.budget import MICRO, Budget
from agents.models import LedgerEntry, Run
from agents.stores.budget import BudgetStore, Exhausted, Order, Reservation, Scope, shared_budget

EVERYTHING = "*"


def scopes_of(run: Run, budget: Budget) -> tuple[Scope, ...]:
    """The purses a run pays from: its own, its agent's day, everything's day."""
    today = datetime.now(UTC).date().isoformat()
    daily = int(Decimal(str(settings.DAILY_BUDGET_USD)) * MICRO)
    return (
        Scope(f"run:{run.pk}", budget.micro_usd),
        Scope(f"day:{run.agent}:{today}", daily),
        Scope(f"day:{EVERYTHING}:{today}", daily),
    )


def shared_left(run: Run, budget: Budget) -> int | None:
    """Micro-dollars left in what the run shares with others; raises BudgetUnavailable."""
    return _store().left(scopes_of(run, budget)[1:])


def reserve(run: Run, budget: Budget, *, wanted: int, holdback: int) -> Reservation | Exhausted:
    """Hold `wanted` micro-dollars and note it in the ledger; raises BudgetUnavailable, and then no call is made."""
    scopes: Sequence[Scope] = scopes_of(run, budget)
    order = Order(wanted, least_micro_usd=wanted, holdback_micro_usd=holdback, lease_s=settings.RUN_LEASE.total_seconds())
    held = _store().reserve(f"{run.pk}.{run.step}.{run.epoch}", scopes, order)
    if isinstance(held, Reservation):
        _note(run, held, LedgerEntry.Kind.RESERVED, held.granted_micro_usd)
    return held


def settle(run: Run, held: Reservation, micro_usd: int, usage: dict[str, int], detail: str = "") -> None:
    """Charge what the call cost. The ledger comes first: it is the truth, and Redis charges what is never settled."""
    _note(run, held, LedgerEntry.Kind.SETTLED, micro_usd, usage, detail)
    _store().settle(held, micro_usd)


def _note(
    run: Run,
    held: Reservation,
    kind: LedgerEntry.Kind,
    micro_usd: int,
    usage: dict[str, int] | None = None,
    detail: str = "",
) -> None:
    LedgerEntry.objects.create(
        run=run,
        agent=run.agent,
        step=run.step,
        reservation=held.id,
        kind=kind,
        micro_usd=micro_usd,
        usage=usage or {},
        model=run.model,
        detail=detail,
    )


def _store() -> BudgetStore:
    return shared_budget(_spent_in)


def _spent_in(scope: str) -> int:
    kind, _, rest = scope.partition(":")
    entries = LedgerEntry.objects.all()
    if kind == "run":
        return entries.filter(run_id=int(rest)).spent()
    agent, _, day = rest.rpartition(":")
    entries = entries.filter(at__date=day)
    return (entries if agent == EVERYTHING else entries.filter(agent=agent)).spent()
