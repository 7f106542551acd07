import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import redis
from django.conf import settings as django_settings
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.stores.budget import (
    Account,
    Books,
    BudgetStore,
    BudgetUnavailable,
    Exhausted,
    Order,
    Reservation,
    Scope,
)
from agents.stores.connection import connect
from tests.agents.stores.conftest import MortalRedis

DOLLAR = 1_000_000
RUN = Scope("run:7", DOLLAR)
AGENT_DAY = Scope("agent:triage:2026-11-22", 5 * DOLLAR)
ALL_DAY = Scope("all:2026-11-22", None)
SCOPES = (RUN, AGENT_DAY, ALL_DAY)


class Ledger:
    """What the ledger says was spent, by scope; nothing unless told."""

    def __init__(self, **spent: int) -> None:
        self.spent = spent
        self.open: dict[str, int] = {}
        self.meanwhile: Callable[[], object] = lambda: None  # happens between reading it and rebuilding

    def __call__(self, key: str) -> Books:
        books = Books(self.spent.get(key, 0), dict(self.open))
        meanwhile, self.meanwhile = self.meanwhile, lambda: None
        meanwhile()
        return books


@pytest.fixture
def budget(shared_redis: redis.Redis) -> BudgetStore:
    return BudgetStore(shared_redis, Ledger())


def granted(answer: Reservation | Exhausted) -> Reservation:
    assert isinstance(answer, Reservation)
    return answer


def test_a_call_is_held_in_every_scope_and_then_charged(budget: BudgetStore) -> None:
    reservation = granted(budget.reserve("r1", SCOPES, Order(300_000)))
    held = [budget.account(scope.key) for scope in SCOPES]

    budget.settle(reservation, 120_000)

    assert held == [Account(0, 300_000)] * 3
    assert [budget.account(scope.key) for scope in SCOPES] == [Account(120_000, 0)] * 3


@pytest.mark.parametrize(
    ("order", "spent", "grant"),
    [
        (Order(400_000), 0, 400_000),
        (Order(400_000), 700_000, 300_000),
        (Order(400_000, holdback_micro_usd=100_000), 700_000, 200_000),
        (Order(400_000, holdback_micro_usd=100_000), 500_000, 400_000),
        (Order(400_000, least_micro_usd=300_000), 700_000, 300_000),
    ],
)
def test_the_grant_is_what_is_wanted_or_what_is_left_beside_the_holdback(
    shared_redis: redis.Redis, order: Order, spent: int, grant: int
) -> None:
    budget = BudgetStore(shared_redis, Ledger(**{RUN.key: spent}))

    assert granted(budget.reserve("r1", SCOPES, order)).granted_micro_usd == grant


def test_less_than_is_of_use_is_not_granted_and_nothing_is_held(shared_redis: redis.Redis) -> None:
    budget = BudgetStore(shared_redis, Ledger(**{RUN.key: 700_000}))

    answer = budget.reserve("r1", SCOPES, Order(500_000, least_micro_usd=300_001))

    assert answer == Exhausted(RUN, 300_000)
    assert [budget.account(scope.key).held_micro_usd for scope in SCOPES] == [0, 0, 0]


def test_the_tightest_scope_decides_and_is_named(shared_redis: redis.Redis) -> None:
    budget = BudgetStore(shared_redis, Ledger(**{AGENT_DAY.key: 5 * DOLLAR - 10}))

    some = budget.reserve("r1", SCOPES, Order(400_000))
    none = budget.reserve("r2", SCOPES, Order(400_000))

    assert granted(some).granted_micro_usd == 10
    assert none == Exhausted(AGENT_DAY, 0)


def test_a_spent_scope_that_is_granted_more_lends_again(budget: BudgetStore) -> None:
    budget.settle(granted(budget.reserve("r1", [RUN], Order(DOLLAR))), DOLLAR)
    refused = budget.reserve("r2", [RUN], Order(1))

    raised = budget.reserve("r2", [Scope(RUN.key, DOLLAR + 500)], Order(DOLLAR))

    assert refused == Exhausted(RUN, 0)
    assert granted(raised).granted_micro_usd == 500


def test_the_same_reservation_twice_holds_once(budget: BudgetStore) -> None:
    first = budget.reserve("r1", SCOPES, Order(600_000))

    again = budget.reserve("r1", SCOPES, Order(600_000))

    assert again == first
    assert budget.account(RUN.key) == Account(0, 600_000)


def test_settling_twice_charges_once(budget: BudgetStore) -> None:
    reservation = granted(budget.reserve("r1", SCOPES, Order(600_000)))
    budget.settle(reservation, 100_000)

    budget.settle(reservation, 100_000)

    assert budget.account(RUN.key) == Account(100_000, 0)


def test_an_expired_reservation_is_charged_in_full(budget: BudgetStore) -> None:
    budget.reserve("lost", SCOPES, Order(600_000, lease_s=0.05))
    time.sleep(0.06)

    answer = budget.reserve("r2", SCOPES, Order(DOLLAR))

    assert granted(answer).granted_micro_usd == 400_000
    assert budget.account(RUN.key) == Account(600_000, 400_000)


def test_a_late_settlement_puts_an_expired_reservation_right(budget: BudgetStore) -> None:
    reservation = granted(budget.reserve("late", SCOPES, Order(600_000, lease_s=0.05)))
    time.sleep(0.06)
    charged = budget.account(RUN.key)

    budget.settle(reservation, 250_000)

    assert charged == Account(600_000, 0)
    assert [budget.account(scope.key) for scope in SCOPES] == [Account(250_000, 0)] * 3


def test_what_is_left_is_the_least_of_all_limits(budget: BudgetStore) -> None:
    budget.settle(granted(budget.reserve("r1", SCOPES, Order(300_000))), 250_000)
    budget.reserve("r2", [AGENT_DAY], Order(4_500_000))

    assert budget.left(SCOPES) == 250_000
    assert budget.left([ALL_DAY]) is None


def test_a_wiped_redis_is_rebuilt_from_the_ledger(shared_redis: redis.Redis) -> None:
    ledger = Ledger(**{RUN.key: 900_000, AGENT_DAY.key: 2 * DOLLAR})
    budget = BudgetStore(shared_redis, ledger)
    budget.account(RUN.key)
    shared_redis.flushdb()

    answer = budget.reserve("r1", SCOPES, Order(400_000))

    assert granted(answer).granted_micro_usd == 100_000
    assert budget.account(AGENT_DAY.key).spent_micro_usd == 2 * DOLLAR


class TestACallUnderWayWhenRedisForgets:
    """Whatever the moment, the call is charged once: what it may cost until it is settled, then its cost."""

    @pytest.fixture
    def ledger(self) -> Ledger:
        return Ledger()

    @pytest.fixture
    def budget(self, shared_redis: redis.Redis, ledger: Ledger) -> BudgetStore:
        return BudgetStore(shared_redis, ledger)

    @pytest.fixture
    def call(self, budget: BudgetStore, ledger: Ledger) -> Reservation:
        call = granted(budget.reserve("r1", [RUN], Order(600_000)))
        ledger.open["r1"] = 600_000
        return call

    def costs(self, ledger: Ledger) -> None:
        ledger.open.clear()
        ledger.spent[RUN.key] = 250_000

    def test_a_rebuild_before_it_is_settled_holds_it(
        self, budget: BudgetStore, ledger: Ledger, call: Reservation, shared_redis: redis.Redis
    ) -> None:
        shared_redis.flushdb()
        rebuilt = budget.account(RUN.key)
        self.costs(ledger)

        budget.settle(call, 250_000)

        assert rebuilt == Account(0, 600_000)
        assert budget.account(RUN.key) == Account(250_000, 0)

    def test_a_rebuild_after_its_bill_and_before_its_settlement_charges_it_once(
        self, budget: BudgetStore, ledger: Ledger, call: Reservation, shared_redis: redis.Redis
    ) -> None:
        shared_redis.flushdb()
        self.costs(ledger)
        rebuilt = budget.account(RUN.key)

        budget.settle(call, 250_000)

        assert rebuilt == budget.account(RUN.key) == Account(250_000, 0)

    def test_a_rebuild_that_read_the_ledger_before_its_bill_ends_after_its_settlement(
        self, budget: BudgetStore, ledger: Ledger, call: Reservation, shared_redis: redis.Redis
    ) -> None:
        shared_redis.flushdb()
        ledger.meanwhile = lambda: budget.settle(call, 250_000)

        rebuilt = budget.account(RUN.key)

        assert rebuilt == Account(250_000, 0)

    def test_a_rebuild_that_read_the_ledger_before_its_row_does_not_lose_it(
        self, budget: BudgetStore, ledger: Ledger, shared_redis: redis.Redis
    ) -> None:
        call = granted(budget.reserve("r1", [RUN], Order(600_000)))
        shared_redis.flushdb()
        budget.account(RUN.key)
        ledger.open["r1"] = 600_000

        again = budget.reserve("r1", [RUN], Order(600_000))

        assert again == call
        assert budget.account(RUN.key) == Account(0, 600_000)

    def test_if_others_took_the_money_since_it_is_refused_and_leaves_nothing(
        self, budget: BudgetStore, shared_redis: redis.Redis
    ) -> None:
        both = [AGENT_DAY, RUN]
        call = granted(budget.reserve("r1", both, Order(600_000)))
        shared_redis.delete("{budget}:scope:" + RUN.key)
        budget.reserve("r2", [RUN], Order(500_000))

        again = budget.reserve("r1", both, Order(600_000))

        assert again == Exhausted(RUN, 500_000)
        budget.settle(call, 0)
        assert budget.account(AGENT_DAY.key) == Account(0, 0)
        assert budget.account(RUN.key) == Account(0, 500_000)

    def test_a_rebuild_from_before_redis_forgot_again_is_not_used(
        self, budget: BudgetStore, ledger: Ledger, shared_redis: redis.Redis
    ) -> None:
        def forgets_again() -> None:
            granted(budget.reserve("r1", [RUN], Order(600_000)))
            ledger.open["r1"] = 600_000
            shared_redis.flushdb()

        ledger.meanwhile = forgets_again

        rebuilt = budget.account(RUN.key)

        assert rebuilt == Account(0, 600_000)


def at_once(count: int, work: Callable[[int], Any]) -> list[Any]:
    """What `count` threads return that begin together."""
    barrier = threading.Barrier(count)

    def one(number: int) -> Any:
        barrier.wait()
        return work(number)

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(one, range(count)))


def test_64_threads_on_one_dollar_spend_at_most_one_dollar(budget: BudgetStore) -> None:
    def ten_calls(thread: int) -> int:
        spent = 0
        for number in range(10):
            answer = budget.reserve(f"{thread}:{number}", SCOPES, Order(100_000, least_micro_usd=1_000))
            if isinstance(answer, Reservation):
                actual = min(answer.granted_micro_usd, 50_000 + 700 * thread)
                budget.settle(answer, actual)
                spent += actual
        return spent

    spent = sum(at_once(64, ten_calls))

    assert DOLLAR - 100_000 <= spent <= DOLLAR
    assert [budget.account(scope.key) for scope in SCOPES] == [Account(spent, 0)] * 3


def test_many_rebuilds_at_once_open_one_account(shared_redis: redis.Redis) -> None:
    budget = BudgetStore(shared_redis, Ledger(**{RUN.key: 400_000}))

    answers = at_once(16, lambda n: budget.reserve(f"r{n}", [RUN], Order(100_000)))

    assert sum(isinstance(answer, Reservation) for answer in answers) == 6
    assert budget.account(RUN.key) == Account(400_000, 600_000)


def test_without_redis_nothing_is_reserved(mortal_redis: MortalRedis) -> None:
    budget = BudgetStore(connect(mortal_redis.url), Ledger())
    reservation = granted(budget.reserve("r1", SCOPES, Order(1)))
    mortal_redis.kill()

    for refused in (
        lambda: budget.reserve("r2", SCOPES, Order(1)),
        lambda: budget.settle(reservation, 1),
        lambda: budget.account(RUN.key),
        lambda: budget.left(SCOPES),
    ):
        with pytest.raises(BudgetUnavailable, match="Redis does not answer"):
            refused()


def test_a_restarted_redis_is_used_again_at_once(mortal_redis: MortalRedis) -> None:
    budget = BudgetStore(connect(mortal_redis.url), Ledger(**{RUN.key: 999_000}))
    budget.reserve("r1", [RUN], Order(1))
    mortal_redis.kill()
    mortal_redis.start()

    answer = budget.reserve("r2", [RUN], Order(DOLLAR))

    assert granted(answer).granted_micro_usd == 1_000


CALLS = st.lists(
    st.tuples(
        st.integers(1, 400_000),  # wanted
        st.integers(0, 200_000),  # holdback
        st.floats(0, 1),  # how much of the grant is used
        st.booleans(),  # settled at once, or at the end
        st.sampled_from([(RUN,), (AGENT_DAY,), SCOPES]),
    ),
    max_size=15,
)


@settings(max_examples=60)
@given(CALLS)
def test_no_order_of_calls_takes_a_scope_past_its_limit(
    calls: list[tuple[int, int, float, bool, Any]],
) -> None:
    client = connect(django_settings.REDIS_URL)
    client.flushdb()
    budget = BudgetStore(client, Ledger())
    spent = dict.fromkeys([s.key for s in SCOPES], 0)
    held = dict(spent)
    later: list[tuple[Reservation, int]] = []

    def settle(reservation: Reservation, actual: int) -> None:
        budget.settle(reservation, actual)
        for scope in reservation.scopes:
            held[scope.key] -= reservation.granted_micro_usd
            spent[scope.key] += actual

    for number, (wanted, holdback, used, now, scopes) in enumerate(calls):
        left = [s.limit_micro_usd - spent[s.key] - held[s.key] for s in scopes if s.limit_micro_usd]
        answer = budget.reserve(f"r{number}", scopes, Order(wanted, holdback_micro_usd=holdback))
        grant = min(wanted, min(left) - holdback)
        assert isinstance(answer, Reservation) is (grant >= 1)
        if isinstance(answer, Reservation):
            assert answer.granted_micro_usd == grant
            for scope in scopes:
                held[scope.key] += grant
            if now:
                settle(answer, int(grant * used))
            else:
                later.append((answer, int(grant * used)))
    for reservation, actual in later:
        settle(reservation, actual)

    assert {key: budget.account(key) for key in spent} == {
        key: Account(sum_, 0) for key, sum_ in spent.items()
    }
    assert spent[RUN.key] <= DOLLAR
