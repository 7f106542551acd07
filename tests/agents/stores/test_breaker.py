import multiprocessing
import os
import signal
import time
from datetime import UTC, datetime

import pytest
import redis
from django.conf import settings

from agents.guards.breaker import BreakerPolicy, Cause, Mode, Outcome, Report
from agents.stores.breaker import Admission, Breakers, BreakersUnreachable, Refused, Transition
from agents.stores.breaker_redis import PREFIX
from agents.stores.connection import connect
from tests.agents.stores.conftest import MortalRedis

POLICY = BreakerPolicy(failure_threshold=3, recovery_timeout=60)
# Half-open as soon as it has opened, for the tests of what follows.
QUICK = BreakerPolicy(failure_threshold=1, recovery_timeout=0.05, probe_lease_s=20)
FAILED = Report(Outcome.FAILURE)
DONE = Report(Outcome.SUCCESS)


@pytest.fixture
def breakers(shared_redis: redis.Redis) -> Breakers:
    return Breakers(shared_redis)


def call(breakers: Breakers, report: Report, policy: BreakerPolicy = POLICY) -> Transition | None:
    """One call that is admitted and ends in `report`."""
    admission = breakers.acquire("crm", policy)
    assert isinstance(admission, Admission)
    return breakers.report(admission, report)


def trip(breakers: Breakers, policy: BreakerPolicy = POLICY) -> Transition | None:
    """Fail until the circuit opens; return the transition."""
    return [call(breakers, FAILED, policy) for _ in range(policy.failure_threshold)][-1]


def due(policy: BreakerPolicy = QUICK) -> None:
    """Wait until a probe is due."""
    time.sleep(policy.recovery_timeout + 0.01)


def test_what_one_process_learns_every_process_knows(breakers: Breakers, shared_redis: redis.Redis) -> None:
    trip(breakers)

    refused = Breakers(shared_redis).acquire("crm", POLICY)

    assert isinstance(refused, Refused)
    assert (refused.mode, refused.cause) == (Mode.OPEN, Cause.CONSECUTIVE_FAILURES)
    assert refused.retry_in_s is not None
    assert 30 < refused.retry_in_s <= 60


def test_breakers_do_not_share_their_failures(breakers: Breakers) -> None:
    trip(breakers)

    assert isinstance(breakers.acquire("erp", POLICY), Admission)


def _probe(at_once: "multiprocessing.synchronize.Barrier", admitted: "multiprocessing.Queue[bool]") -> None:
    breakers = Breakers(connect(settings.REDIS_URL))
    at_once.wait()
    admitted.put(isinstance(breakers.acquire("crm", QUICK), Admission))


def test_of_eight_processes_at_half_open_exactly_one_may_probe(breakers: Breakers) -> None:
    trip(breakers, QUICK)
    due()
    spawn = multiprocessing.get_context("spawn")
    at_once, admitted = spawn.Barrier(8), spawn.Queue()
    processes = [spawn.Process(target=_probe, args=(at_once, admitted)) for _ in range(8)]

    for process in processes:
        process.start()
    answers = [admitted.get(timeout=120) for _ in processes]
    for process in processes:
        process.join()

    assert sorted(answers) == [False] * 7 + [True]


def _die_as_prober() -> None:
    admission = Breakers(connect(settings.REDIS_URL)).acquire("crm", LEASED)
    assert isinstance(admission, Admission)
    os.kill(os.getpid(), signal.SIGKILL)


LEASED = BreakerPolicy(failure_threshold=1, recovery_timeout=0.05, probe_lease_s=60)


def test_a_killed_prober_does_not_wedge_the_breaker(breakers: Breakers, shared_redis: redis.Redis) -> None:
    trip(breakers, LEASED)
    due()
    prober = multiprocessing.get_context("spawn").Process(target=_die_as_prober)
    prober.start()
    prober.join()
    refused = breakers.acquire("crm", LEASED)
    assert prober.exitcode == -signal.SIGKILL
    assert isinstance(refused, Refused)
    assert refused.mode is Mode.HALF_OPEN

    shared_redis.hincrby(PREFIX + "crm", "probe_until", -60_000)  # a minute passes
    recovered = call(breakers, DONE, LEASED)

    assert recovered is not None
    assert (recovered.before, recovered.after) == (Mode.HALF_OPEN, Mode.CLOSED)


def test_a_late_failure_from_before_it_opened_does_not_reopen_it(breakers: Breakers) -> None:
    slow = breakers.acquire("crm", QUICK)
    assert isinstance(slow, Admission)
    trip(breakers, QUICK)
    due()
    call(breakers, DONE, QUICK)

    assert breakers.report(slow, FAILED) is None
    assert breakers.snapshot("crm").mode is Mode.CLOSED


def test_every_change_of_mode_is_returned_and_told(shared_redis: redis.Redis) -> None:
    told: list[Transition] = []
    breakers = Breakers(shared_redis, told.append)
    opened = trip(breakers, QUICK)
    due()

    probe = breakers.acquire("crm", QUICK)
    assert isinstance(probe, Admission)
    closed = breakers.report(probe, DONE)

    assert told == [opened, probe.transition, closed]
    assert [(t.before, t.after, t.cause) for t in told] == [
        (Mode.CLOSED, Mode.OPEN, Cause.CONSECUTIVE_FAILURES),
        (Mode.OPEN, Mode.HALF_OPEN, Cause.PROBE_DUE),
        (Mode.HALF_OPEN, Mode.CLOSED, Cause.PROBE_SUCCEEDED),
    ]
    assert all(t.shared and abs(t.at - datetime.now(UTC)).total_seconds() < 30 for t in told)


def test_forced_open_refuses_every_call_until_it_is_reset(breakers: Breakers) -> None:
    forced = breakers.force_open("crm")
    refused = breakers.acquire("crm", POLICY)
    breakers.reset("crm")

    assert forced is not None
    assert (forced.before, forced.after, forced.cause) == (Mode.CLOSED, Mode.FORCED_OPEN, Cause.BY_HAND)
    assert refused == Refused("crm", Mode.FORCED_OPEN, Cause.BY_HAND, None)
    assert isinstance(breakers.acquire("crm", POLICY), Admission)


def test_forced_closed_admits_every_call_whatever_fails(breakers: Breakers) -> None:
    breakers.force_closed("crm")

    for _ in range(20):
        call(breakers, FAILED)

    assert breakers.snapshot("crm").mode is Mode.FORCED_CLOSED


def test_a_reset_forgets_an_open_circuit(breakers: Breakers) -> None:
    trip(breakers)

    breakers.reset("crm")

    assert call(breakers, DONE) is None


def test_the_screens_see_every_breaker_with_its_counts(breakers: Breakers) -> None:
    call(breakers, DONE)
    call(breakers, FAILED)
    breakers.force_open("erp")

    crm, erp = breakers.all()

    assert (crm.name, crm.mode, crm.calls, crm.failures, crm.consecutive_failures) == (
        "crm",
        Mode.CLOSED,
        2,
        1,
        1,
    )
    assert (erp.name, erp.mode, erp.until, erp.shared) == ("erp", Mode.FORCED_OPEN, None, True)
    assert crm == breakers.snapshot("crm")


def test_a_breaker_that_nobody_asked_is_closed(breakers: Breakers) -> None:
    snapshot = breakers.snapshot("crm")

    assert (snapshot.mode, snapshot.since, snapshot.calls) == (Mode.CLOSED, None, 0)
    assert breakers.all() == []


def test_a_flushed_redis_starts_afresh_and_lists_the_breaker_again(
    breakers: Breakers, shared_redis: redis.Redis
) -> None:
    trip(breakers)
    shared_redis.flushdb()

    call(breakers, FAILED)

    assert [(s.name, s.mode, s.failures) for s in breakers.all()] == [("crm", Mode.CLOSED, 1)]


def test_without_redis_this_process_applies_the_same_rules(mortal_redis: MortalRedis) -> None:
    breakers = Breakers(connect(mortal_redis.url))
    call(breakers, DONE)
    mortal_redis.kill()

    opened = trip(breakers)
    refused = breakers.acquire("crm", POLICY)

    assert opened is not None
    assert (opened.after, opened.shared) == (Mode.OPEN, False)
    assert isinstance(refused, Refused)
    assert not breakers.snapshot("crm").shared


def test_a_report_that_redis_does_not_take_raises_nothing(mortal_redis: MortalRedis) -> None:
    breakers = Breakers(connect(mortal_redis.url))
    admission = breakers.acquire("crm", POLICY)
    assert isinstance(admission, Admission)
    mortal_redis.kill()

    assert breakers.report(admission, FAILED) is None


def test_when_redis_is_back_the_breakers_are_shared_again(mortal_redis: MortalRedis) -> None:
    breakers = Breakers(connect(mortal_redis.url), rest_s=0.0)
    mortal_redis.kill()
    trip(breakers)
    mortal_redis.start()

    admission = breakers.acquire("crm", POLICY)

    assert isinstance(admission, Admission)
    assert admission.shared


def test_a_redis_that_hangs_is_waited_for_once_and_then_left_alone(mortal_redis: MortalRedis) -> None:
    breakers = Breakers(connect(mortal_redis.url))
    call(breakers, DONE)
    os.kill(mortal_redis.process.pid, signal.SIGSTOP)
    begun = time.monotonic()

    trip(breakers)
    for _ in range(20):
        breakers.acquire("crm", POLICY)

    # Each of the 23 would have waited for two seconds.
    assert time.monotonic() - begun < 20


def test_a_breaker_is_not_set_by_hand_for_one_process_alone(mortal_redis: MortalRedis) -> None:
    breakers = Breakers(connect(mortal_redis.url))
    mortal_redis.kill()

    with pytest.raises(BreakersUnreachable, match="crm was not set to forced_open"):
        breakers.force_open("crm")


def test_in_plain_python_the_breakers_are_those_of_the_process() -> None:
    breakers = Breakers(None)

    trip(breakers)
    forced = breakers.force_closed("crm")

    assert forced is not None
    assert (forced.before, forced.shared) == (Mode.OPEN, False)


def test_a_process_whose_clock_is_wrong_goes_by_the_server_s(
    breakers: Breakers, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = datetime.now(UTC)
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    monkeypatch.setattr(time, "time", lambda: 0.0)

    opened = trip(breakers)
    refused = breakers.acquire("crm", POLICY)

    assert opened is not None
    assert abs(opened.at - begun).total_seconds() < 30
    assert isinstance(refused, Refused)
    assert 30 < (refused.retry_in_s or 0) <= 60


def test_each_failed_probe_doubles_the_time_and_retry_after_is_obeyed(breakers: Breakers) -> None:
    open_s = []
    trip(breakers, QUICK)

    for asked_ms in (0, 0, 2_000):
        time.sleep(_open_s(breakers) + 0.01)
        call(breakers, Report(Outcome.FAILURE, retry_after_ms=asked_ms), QUICK)
        open_s.append(_open_s(breakers))

    assert open_s == [pytest.approx(0.1, rel=0.11), pytest.approx(0.2, rel=0.11), 2.0]


def _open_s(breakers: Breakers) -> float:
    """How long the circuit stays open, from when it opened."""
    crm = breakers.snapshot("crm")
    assert crm.mode is Mode.OPEN
    assert crm.until is not None
    assert crm.since is not None
    return (crm.until - crm.since).total_seconds()
