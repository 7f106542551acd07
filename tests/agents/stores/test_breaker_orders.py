"""What a person forced holds until it is reset: in every process, over a Redis that forgets or is away."""

import multiprocessing
from collections.abc import Callable

import pytest
import redis
from django.conf import settings

from agents.guards.breaker import BreakerPolicy, Mode, Outcome, Report
from agents.stores.breaker import Admission, Breakers, Hand, Refused, Transition
from agents.stores.connection import connect
from tests.agents.stores.conftest import MortalRedis

POLICY = BreakerPolicy(failure_threshold=1)
FAILED = Report(Outcome.FAILURE)


class Orders:
    """The record of what was forced, as the stores ask for it."""

    def __init__(self, **forced: Mode) -> None:
        self.forced = forced
        self.asked = 0

    def __call__(self, name: str) -> Mode | None:
        self.asked += 1
        return self.forced.get(name)


@pytest.fixture
def orders() -> Orders:
    return Orders(crm=Mode.FORCED_OPEN)


@pytest.fixture
def under_orders(orders: Orders) -> Callable[[str], Breakers]:
    """Call it for the breakers of one more process under these orders."""

    def breakers(url: str) -> Breakers:
        made = Breakers(connect(url), rest_s=0.0)
        made.orders = orders
        return made

    return breakers


@pytest.fixture
def breakers(shared_redis: redis.Redis) -> Breakers:
    return Breakers(shared_redis)


def _is_refused(answers: "multiprocessing.Queue[bool]") -> None:
    answers.put(isinstance(Breakers(connect(settings.REDIS_URL)).acquire("crm", POLICY), Refused))


def test_another_process_refuses_what_was_forced_open_here(breakers: Breakers) -> None:
    breakers.force_open("crm")
    spawn = multiprocessing.get_context("spawn")
    answers = spawn.Queue()
    process = spawn.Process(target=_is_refused, args=(answers,))

    process.start()

    assert answers.get(timeout=120)
    process.join()


def test_a_good_call_does_not_close_what_was_forced_open(breakers: Breakers) -> None:
    admitted = breakers.acquire("crm", POLICY)
    assert isinstance(admitted, Admission)
    breakers.force_open("crm")

    breakers.report(admitted, Report(Outcome.SUCCESS))

    assert breakers.snapshot("crm").mode is Mode.FORCED_OPEN


def test_every_act_is_told_with_who_and_why(breakers: Breakers) -> None:
    told: list[Transition] = []
    breakers.on_transition = told.append
    olga = Hand(7, "the CRM is being moved")

    done = [
        breakers.force_open("crm", olga),
        breakers.force_closed("crm", olga),
        breakers.reset("crm", olga),
        breakers.reset("crm", olga),
    ]

    assert told == done
    assert [(t.before, t.after, t.hand) for t in told] == [
        (Mode.CLOSED, Mode.FORCED_OPEN, olga),
        (Mode.FORCED_OPEN, Mode.FORCED_CLOSED, olga),
        (Mode.FORCED_CLOSED, Mode.CLOSED, olga),
        (Mode.CLOSED, Mode.CLOSED, olga),
    ]


def test_a_redis_that_forgot_is_told_again(
    under_orders: Callable[[str], Breakers], orders: Orders, shared_redis: redis.Redis
) -> None:
    breakers = under_orders(settings.REDIS_URL)
    shared_redis.flushdb()

    refused = breakers.acquire("crm", POLICY)
    breakers.acquire("crm", POLICY)

    assert isinstance(refused, Refused)
    assert refused.mode is Mode.FORCED_OPEN
    assert orders.asked == 1
    assert Breakers(shared_redis).snapshot("crm").mode is Mode.FORCED_OPEN


def test_a_screen_shows_what_is_forced_before_the_first_call(
    under_orders: Callable[[str], Breakers],
) -> None:
    (crm,) = under_orders(settings.REDIS_URL).all("crm")

    assert (crm.mode, crm.is_forced) == (Mode.FORCED_OPEN, True)


def test_a_late_report_does_not_undo_what_redis_forgot(
    under_orders: Callable[[str], Breakers], shared_redis: redis.Redis
) -> None:
    admitted = Breakers(shared_redis).acquire("crm", POLICY)
    assert isinstance(admitted, Admission)
    shared_redis.flushdb()
    breakers = under_orders(settings.REDIS_URL)

    breakers.report(admitted, FAILED)

    assert isinstance(breakers.acquire("crm", POLICY), Refused)


def test_a_reset_of_what_redis_forgot_starts_from_the_forced_mode(
    under_orders: Callable[[str], Breakers],
) -> None:
    done = under_orders(settings.REDIS_URL).reset("crm")

    assert (done.before, done.after) == (Mode.FORCED_OPEN, Mode.CLOSED)


def test_orders_that_come_late_do_not_undo_a_reset(shared_redis: redis.Redis) -> None:
    breakers = Breakers(shared_redis)

    def asked_just_before_the_reset(name: str) -> Mode:
        Breakers(shared_redis).reset("crm")
        return Mode.FORCED_OPEN

    breakers.orders = asked_just_before_the_reset

    assert isinstance(breakers.acquire("crm", POLICY), Admission)


def test_without_redis_this_process_obeys_the_record(
    under_orders: Callable[[str], Breakers], mortal_redis: MortalRedis
) -> None:
    breakers = under_orders(mortal_redis.url)
    mortal_redis.kill()

    refused = breakers.acquire("crm", POLICY)

    assert isinstance(refused, Refused)
    assert (refused.mode, refused.retry_in_s) == (Mode.FORCED_OPEN, None)


def test_without_redis_forced_closed_holds_whatever_fails(
    under_orders: Callable[[str], Breakers], orders: Orders, mortal_redis: MortalRedis
) -> None:
    orders.forced["crm"] = Mode.FORCED_CLOSED
    breakers = under_orders(mortal_redis.url)
    mortal_redis.kill()

    for _ in range(3):
        admitted = breakers.acquire("crm", POLICY)
        assert isinstance(admitted, Admission)
        breakers.report(admitted, FAILED)

    assert breakers.snapshot("crm").mode is Mode.FORCED_CLOSED


def test_without_redis_a_reset_elsewhere_is_heard_of(
    under_orders: Callable[[str], Breakers], orders: Orders, mortal_redis: MortalRedis
) -> None:
    breakers = under_orders(mortal_redis.url)
    mortal_redis.kill()
    breakers.acquire("crm", POLICY)

    orders.forced.clear()

    assert isinstance(breakers.acquire("crm", POLICY), Admission)


def test_without_redis_the_record_is_not_read_for_every_call(
    orders: Orders, mortal_redis: MortalRedis
) -> None:
    breakers = Breakers(connect(mortal_redis.url), rest_s=60)
    breakers.orders = orders
    mortal_redis.kill()

    for _ in range(10):
        breakers.acquire("crm", POLICY)

    assert orders.asked == 1
