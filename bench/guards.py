"""The guards in Redis: what they add to a call, and that 64 workers cannot spend one dollar twice."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count
from statistics import median
from threading import Barrier

from redis import Redis

from agents.guards.breaker import BreakerPolicy, Outcome, Report
from agents.stores.breaker import Admission, Breakers
from agents.stores.budget import Books, BudgetStore, Order, Reservation, Scope
from agents.stores.connection import connect
from bench.ground import Ground
from bench.rounds import take_turns
from bench.table import Line, Spread

BREAKER_FACTOR, BUDGET_FACTOR = 1.5, 4.0
# Turns within one round, and calls in each: short, since a busy machine changes from moment to moment.
TURNS, CALLS = 40, 25
WORKERS, CALLS_EACH = 64, 5
DOLLAR, DEAREST = 1_000_000, 100_000
CALL_S = 0.002
SUCCESS = Report(Outcome.SUCCESS, duration_ms=12)


def measure(ground: Ground) -> list[Line]:
    """Time breaker and budget beside plain reads by the same client, then let everybody spend at once."""
    client = connect(f"unix://{ground.folder.redis_socket}")
    client.flushdb()
    client.set("bench", "x")
    acts = _acts(client)
    rounds = [take_turns(acts, TURNS) for _ in range(ground.scale.rounds)]
    us = {name: Spread(tuple(median(each[name]) for each in rounds), "µs") for name in acts}
    return [*_against_reads(us), _spent_at_once(client, ground.scale.rounds)]


def _acts(client: Redis) -> dict[str, Callable[[], float]]:
    breakers, policy = Breakers(client), BreakerPolicy()
    budget, numbers = BudgetStore(client, rebuild=lambda key: Books(0)), count()
    scopes = [Scope("run:1", 10**12), Scope("day:bench:1", 10**12), Scope("day:*:1", None)]

    def read() -> None:
        client.get("bench")

    def two_reads() -> None:
        client.get("bench")
        client.get("bench")

    def breaker() -> None:
        admission = breakers.acquire("bench", policy)
        assert isinstance(admission, Admission)
        breakers.report(admission, SUCCESS)

    def reserve_and_settle() -> None:
        held = budget.reserve(str(next(numbers)), scopes, Order(1000))
        assert isinstance(held, Reservation)
        budget.settle(held, 900)

    return {act.__name__: partial(_timed, act) for act in (read, two_reads, breaker, reserve_and_settle)}


def _timed(act: Callable[[], None]) -> float:
    """The median time of one act, in microseconds."""
    taken = []
    for _ in range(CALLS):
        began = time.perf_counter()
        act()
        taken.append(time.perf_counter() - began)
    return median(taken) * 1e6


def _against_reads(us: Mapping[str, Spread]) -> list[Line]:
    one = Spread(us["read"].values, "µs", of="one GET")
    two = Spread(us["two_reads"].values, "µs", of="two GETs")
    return [
        _within("breaker, closed: ask and report", us["breaker"], two, BREAKER_FACTOR),
        _within("budget: reserve and settle in 3 scopes", us["reserve_and_settle"], one, BUDGET_FACTOR),
    ]


def _within(work: str, ours: Spread, yardstick: Spread, factor: float) -> Line:
    kept = ours.over(yardstick).median <= factor
    return Line(work=work, yardstick=yardstick, ours=ours, promise=f"≤ {factor:g} x", kept=kept)


def _spent_at_once(client: Redis, rounds: int) -> Line:
    """Ours beside what is usually written: read what is spent, compare it with the limit, call, add."""
    ways = {
        "naive": partial(_in_dollars, client, _naively),
        "ours": partial(_in_dollars, client, _held_first),
    }
    spent = take_turns(ways, rounds)
    return Line(
        work=f"{WORKERS} workers on one $1.00: spent",
        yardstick=Spread(tuple(spent["naive"]), "$", of="read, compare, add"),
        ours=Spread(tuple(spent["ours"]), "$"),
        promise="≤ 1.00 $",
        kept=max(spent["ours"]) <= 1,
    )


def _in_dollars(client: Redis, call: Callable[[Redis, str], int]) -> float:
    """What all workers spend that begin together, each with a few calls to make."""
    client.flushdb()
    together = Barrier(WORKERS)

    def work(worker: int) -> int:
        together.wait()
        return sum(call(client, f"{worker}.{number}") for number in range(CALLS_EACH))

    with ThreadPoolExecutor(WORKERS) as workers:
        return sum(workers.map(work, range(WORKERS))) / DOLLAR


def _naively(client: Redis, name: str) -> int:
    if int(client.get("spent") or 0) + DEAREST > DOLLAR:
        return 0
    cost = _model_call(name)
    client.incrby("spent", cost)
    return cost


def _held_first(client: Redis, name: str) -> int:
    budget = BudgetStore(client, rebuild=lambda key: Books(0))
    order = Order(DEAREST, least_micro_usd=DEAREST)
    held = budget.reserve(name, [Scope("run:1", DOLLAR)], order)
    if not isinstance(held, Reservation):
        return 0
    cost = _model_call(name)
    budget.settle(held, cost)
    return cost


def _model_call(name: str) -> int:
    """Take the time of a short call; returns what it cost, in micro-dollars: up to DEAREST."""
    time.sleep(CALL_S)
    return DEAREST // 2 + 7_919 * int(name.replace(".", "")) % (DEAREST // 2)
