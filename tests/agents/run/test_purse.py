"""Money for calls out of one purse: never over, whatever Redis forgets meanwhile."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction
from pytest_django import Settings
from redis import Redis

from agents import Budget
from agents.models import LedgerEntry, Run
from agents.run.metered import Tokens
from agents.run.purse import books_of, reserve, scopes_of, settle
from agents.stores.budget import Account, BudgetUnavailable, Exhausted, Order, Reservation, shared_budget
from tests.agents.conftest import Desk
from tests.agents.programs import wait_until
from tests.racing import race

pytestmark = pytest.mark.django_db(transaction=True)

DOLLAR = 1_000_000
WORKERS, CALLS = 6, 12
ACCOUNT = "{{budget}}:scope:run:{}"


def spend(run: Run, redis_client: Redis, worker: int) -> int:
    """Make calls until the purse is empty, the first worker with a Redis that forgets; returns how many."""
    made, most = 0, Tokens(1_000, 1_000)
    for _ in range(CALLS):
        # As a run does that waits for a Redis which is not to be used: it forgets faster than it is told.
        with suppress(BudgetUnavailable):
            held = reserve(run, Budget(), model=run.model, wanted=50_000, holdback=0, most=most)
            if worker == 0:
                redis_client.flushdb()
            if isinstance(held, Reservation):
                time.sleep(0.005)
                settle(run, held, model=run.model, micro_usd=20_000 + 1_000 * worker, used=most)
                made += 1
    return made


def test_workers_at_once_stay_within_a_shared_purse_though_redis_forgets_it_again_and_again(
    desk: Desk, settings: Settings, redis_client: Redis
) -> None:
    settings.DAILY_BUDGET_USD = 1.0
    runs = [desk.begin() for _ in range(WORKERS)]

    made = race(*[partial(spend, run, redis_client, worker) for worker, run in enumerate(runs)])

    charged = LedgerEntry.objects.all().spent()
    assert all(isinstance(number, int) for number in made), made
    assert DOLLAR / 2 < charged <= DOLLAR
    assert LedgerEntry.objects.exclude(usage={}).filter(kind="settled").count() == sum(made)
    everything = scopes_of(runs[0], Budget(), datetime.now(UTC))[2].key
    assert shared_budget(books_of).account(everything) == Account(charged, 0)


def test_what_redis_could_no_longer_hold_when_its_row_was_written_costs_nothing(
    desk: Desk, redis_client: Redis
) -> None:
    run, budget = desk.begin(), Budget.from_mapping({"cost_usd": 1})
    wants: dict[str, Any] = {"model": run.model, "wanted": 700_000, "holdback": 0, "most": Tokens(1, 1)}

    with ThreadPoolExecutor(1) as elsewhere:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("LOCK TABLE agents_ledgerentry IN EXCLUSIVE MODE")
            refused = elsewhere.submit(race, lambda: reserve(run, budget, **wants))
            wait_until(lambda: int(redis_client.hget(ACCOUNT.format(run.pk), "taken") or 0))
            redis_client.flushdb()
            others = shared_budget(books_of).reserve(
                "another", scopes_of(run, budget, datetime.now(UTC)), Order(600_000)
            )
        (answer,) = refused.result()

    assert isinstance(others, Reservation)
    assert answer == Exhausted(others.scopes[0], 400_000)
    entries = run.ledger.values_list("kind", "micro_usd", "detail")
    assert set(entries) == {("reserved", 700_000, ""), ("settled", 0, "no call was made")}
    assert shared_budget(books_of).account(f"run:{run.pk}") == Account(0, 600_000)
