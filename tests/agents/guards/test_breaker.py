from dataclasses import replace
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.guards.breaker import (
    Breaker,
    BreakerPolicy,
    Cause,
    Mode,
    Outcome,
    Permit,
    Refusal,
    Report,
)

POLICY = BreakerPolicy(failure_threshold=3, recovery_timeout=60, slow_call_s=2.0)
FAILED = Report(Outcome.FAILURE)
DONE = Report(Outcome.SUCCESS)
SLOW = Report(Outcome.SUCCESS, duration_ms=2000)
IGNORED = Report(Outcome.IGNORED)
NOON = 1_800_000_000_000


def after(breaker: Breaker, *reports: Report, now: int = NOON, draw: float = 0.5) -> Breaker:
    """The breaker after calls that were all admitted and reported at one moment."""

    def one(state: Breaker, report: Report) -> Breaker:
        return state.report(POLICY, Permit("call", state.generation), report, now=now, draw=draw)

    return reduce(one, reports, breaker)


def probed(breaker: Breaker, report: Report, *, now: int, draw: float = 0.5) -> Breaker:
    """The breaker after a probe at `now`."""
    half_open, permit = breaker.acquire(POLICY, "probe", now=now)
    assert isinstance(permit, Permit)
    return half_open.report(POLICY, permit, report, now=now, draw=draw)


def test_three_failures_in_a_row_open_it_for_the_recovery_timeout() -> None:
    breaker = after(Breaker(), FAILED, FAILED, FAILED)

    assert (breaker.mode, breaker.cause) == (Mode.OPEN, Cause.CONSECUTIVE_FAILURES)
    assert breaker.acquire(POLICY, "a", now=NOON)[1] == Refusal(60_000)
    assert breaker.acquire(POLICY, "a", now=NOON + 59_999)[1] == Refusal(1)


@pytest.mark.parametrize(
    "reports",
    [
        (FAILED, FAILED),
        (FAILED, FAILED, DONE, FAILED, FAILED),
        (IGNORED,) * 50,
        (FAILED, FAILED, *[IGNORED] * 10),
        (SLOW,) * 9,
    ],
)
def test_it_stays_closed(reports: tuple[Report, ...]) -> None:
    assert after(Breaker(), *reports).mode is Mode.CLOSED


def test_a_tool_that_fails_half_of_the_time_opens_it() -> None:
    breaker = after(Breaker(), *[FAILED, DONE] * 5)

    assert (breaker.mode, breaker.cause) == (Mode.OPEN, Cause.FAILURE_RATE)


def test_a_tool_that_is_slow_most_of_the_time_opens_it() -> None:
    breaker = after(Breaker(), DONE, DONE, *[SLOW] * 8)

    assert (breaker.mode, breaker.cause) == (Mode.OPEN, Cause.SLOW_RATE)


def test_failures_leave_the_window_with_time() -> None:
    early = after(Breaker(), *[FAILED, DONE] * 4)

    breaker = after(early, FAILED, DONE, now=NOON + 121_000)

    assert breaker.mode is Mode.CLOSED
    assert [slot.calls for slot in breaker.window] == [2]


def test_a_clock_that_is_set_back_does_not_keep_the_old_window() -> None:
    breaker = after(after(Breaker(), DONE, now=NOON + 3_600_000), FAILED)

    assert [(slot.start, slot.calls) for slot in breaker.window] == [(NOON, 1)]


def test_half_open_admits_one_probe_under_a_lease() -> None:
    opened = after(Breaker(), FAILED, FAILED, FAILED)
    half_open, first = opened.acquire(POLICY, "first", now=NOON + 60_000)

    assert (half_open.mode, half_open.cause) == (Mode.HALF_OPEN, Cause.PROBE_DUE)
    assert first == Permit("first", half_open.generation)
    assert half_open.acquire(POLICY, "second", now=NOON + 60_001)[1] == Refusal(29_999)
    assert half_open.acquire(POLICY, "first", now=NOON + 60_001)[1] == first


def test_a_lost_probe_makes_room_for_another_when_its_lease_ends() -> None:
    opened = after(Breaker(), FAILED, FAILED, FAILED)
    half_open, lost = opened.acquire(POLICY, "lost", now=NOON + 60_000)
    assert isinstance(lost, Permit)

    taken_over, second = half_open.acquire(POLICY, "second", now=NOON + 90_000)

    assert isinstance(second, Permit)
    assert taken_over.report(POLICY, lost, DONE, now=NOON + 90_001, draw=0) == taken_over
    assert taken_over.report(POLICY, second, DONE, now=NOON + 90_001, draw=0).mode is Mode.CLOSED


def test_a_good_probe_closes_it_and_forgets() -> None:
    closed = probed(after(Breaker(), FAILED, FAILED, FAILED), DONE, now=NOON + 60_000)

    assert (closed.mode, closed.cause, closed.reopens) == (Mode.CLOSED, Cause.PROBE_SUCCEEDED, 0)
    assert after(closed, FAILED, FAILED).mode is Mode.CLOSED


@pytest.mark.parametrize("report", [FAILED, SLOW])
def test_a_bad_probe_doubles_the_time_up_to_the_cap(report: Report) -> None:
    breaker, now, waits = after(Breaker(), FAILED, FAILED, FAILED), NOON, []
    for _ in range(6):
        waits.append(breaker.open_until - now)
        now = breaker.open_until
        breaker = probed(breaker, report, now=now)

    assert waits == [60_000, 120_000, 240_000, 480_000, 900_000, 900_000]
    assert breaker.cause is Cause.PROBE_FAILED


def test_a_probe_that_says_nothing_leaves_the_next_call_to_probe_at_once() -> None:
    opened = after(Breaker(), FAILED, FAILED, FAILED)

    half_open = probed(opened, IGNORED, now=NOON + 60_000)

    assert half_open.mode is Mode.HALF_OPEN
    assert isinstance(half_open.acquire(POLICY, "next", now=NOON + 60_001)[1], Permit)


@pytest.mark.parametrize(("draw", "wait"), [(0.0, 108_000), (0.5, 120_000), (0.999, 131_976)])
def test_a_reopened_breaker_waits_with_jitter(draw: float, wait: int) -> None:
    now = NOON + 60_000

    breaker = probed(after(Breaker(), FAILED, FAILED, FAILED), FAILED, now=now, draw=draw)

    assert breaker.open_until - now == wait


@pytest.mark.parametrize(("asked", "wait"), [(5_000, 60_000), (300_000, 300_000), (10**10, 3_600_000)])
def test_retry_after_is_obeyed_within_reason(asked: int, wait: int) -> None:
    last = replace(FAILED, retry_after_ms=asked)

    assert after(Breaker(), FAILED, FAILED, last).open_until - NOON == wait


def test_a_late_answer_to_an_old_call_does_not_close_it() -> None:
    opened = after(Breaker(), FAILED, FAILED, FAILED)
    half_open, _ = opened.acquire(POLICY, "probe", now=NOON + 60_000)

    late = half_open.report(POLICY, Permit("old", 0), DONE, now=NOON + 60_001, draw=0.5)

    assert late == half_open


@pytest.mark.parametrize("mode", [Mode.FORCED_OPEN, Mode.FORCED_CLOSED])
def test_a_forced_mode_is_left_only_by_hand(mode: Mode) -> None:
    forced = Breaker().set_by_hand(mode, now=NOON)

    later = after(forced, *[FAILED] * 20, *[DONE] * 20, now=NOON + 10**9)
    answer = later.acquire(POLICY, "a", now=NOON + 10**9)[1]

    assert later == forced
    assert answer == (Refusal(None) if mode is Mode.FORCED_OPEN else Permit("a", forced.generation))
    assert later.set_by_hand(Mode.CLOSED, now=NOON).mode is Mode.CLOSED


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"failure_threshold": 0}, "failure_threshold is 0, give a whole number from 1 up"),
        ({"minimum_calls": 0}, "minimum_calls is 0"),
        ({"recovery_timeout": 0}, "recovery_timeout is 0, give seconds above 0"),
        ({"max_open_s": float("inf")}, "max_open_s is inf"),
        ({"failure_rate": 1.5}, "failure_rate is 1.5, give a share above 0 and up to 1"),
        ({"slow_call_s": 0}, "slow_call_s is 0"),
        ({"jitter": 1}, "jitter is 1"),
    ],
)
def test_a_policy_that_cannot_be_meant_says_what_to_mend(wrong: dict[str, float], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        BreakerPolicy(**wrong)  # type: ignore[arg-type]


EVENTS = st.tuples(
    st.sampled_from(["acquire", "report"]),
    st.integers(0, 40_000),
    st.sampled_from([FAILED, DONE, SLOW, IGNORED]),
    st.integers(0, 3),
)
LEGAL = {
    (Mode.CLOSED, Mode.OPEN),
    (Mode.OPEN, Mode.HALF_OPEN),
    (Mode.HALF_OPEN, Mode.OPEN),
    (Mode.HALF_OPEN, Mode.CLOSED),
}


@given(st.lists(EVENTS, max_size=60))
def test_it_makes_only_legal_moves_and_never_has_two_probes(
    events: list[tuple[str, int, Report, int]],
) -> None:
    breaker, now, permits = Breaker(), NOON, [Permit("none", -1)]
    probe_until = 0
    for verb, passed, report, which in events:
        now, before = now + passed, breaker
        if verb == "report":
            breaker = breaker.report(POLICY, permits[-1 - which % len(permits)], report, now=now, draw=0.5)
        else:
            breaker, answer = breaker.acquire(POLICY, f"caller {len(permits)}", now=now)
            if isinstance(answer, Permit):
                permits.append(answer)
                if breaker.mode is Mode.HALF_OPEN:
                    assert before.probe == "" or now >= probe_until
                    probe_until = breaker.probe_until
        assert before.mode == breaker.mode or (before.mode, breaker.mode) in LEGAL
        assert breaker.generation - before.generation == (before.mode != breaker.mode)
