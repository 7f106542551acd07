import pytest

from agents.guards.loop import Call, LoopPolicy, Nudge, Turn, check_loop, fingerprint, polling_wait_s
from agents.guards.verdict import PROCEED, Reason, Stop

A = Call("search", "a", "nothing")
B = Call("lookup", "b", "nothing")
FAILED = Call("search", "a", "500", is_error=True)
POLL = Call("status", "job", "pending", polling=True)


def alone(*calls: Call) -> list[Turn]:
    return [(call,) for call in calls]


def changing(count: int) -> list[Turn]:
    return alone(*(Call("search", "a", f"result {n}") for n in range(count)))


LOOPS = [
    (alone(A, A, A, A), "search was called 4 times in a row with the same arguments and the same result"),
    ([(A, A), (A, A)], "search was called 4 times in a row with the same arguments and the same result"),
    (
        alone(FAILED, FAILED, FAILED),
        "search was called 3 times in a row with the same arguments and the same error",
    ),
    (changing(6), "search was called 6 times in a row with the same arguments"),
    (alone(A, B, A, B, A, B), "lookup were called in turn 6 times with the same results"),
    ([(A,), (), (), ()], "3 turns in a row without calling a tool"),
    ([(A,), (A,), (POLL,), (A,), (A,)], "search was called 4 times in a row"),
]

NO_LOOPS: list[list[Turn]] = [
    [],
    alone(A, A, A),
    alone(A, A, A, B),
    alone(FAILED, FAILED, A),
    changing(5),
    alone(A, B, A, B, A),
    alone(A, B, A, B, A, A),
    alone(*[POLL] * 50),
    [(), ()],
    [(), (), (A,)],
]


@pytest.mark.parametrize(("turns", "found"), LOOPS)
def test_the_first_loop_is_worth_a_nudge(turns: list[Turn], found: str) -> None:
    verdict = check_loop(turns, nudges=0)

    assert isinstance(verdict, Nudge)
    assert found in verdict.text


@pytest.mark.parametrize(("turns", "found"), LOOPS)
def test_the_second_loop_stops_the_run(turns: list[Turn], found: str) -> None:
    verdict = check_loop(turns, nudges=1)

    assert isinstance(verdict, Stop)
    assert verdict.reason is Reason.LOOP_DETECTED
    assert found in verdict.detail


@pytest.mark.parametrize("turns", NO_LOOPS)
def test_progress_is_left_alone(turns: list[Turn]) -> None:
    assert check_loop(turns, nudges=1) == PROCEED


def test_the_numbers_can_be_set() -> None:
    assert isinstance(check_loop(alone(A, A), nudges=0, policy=LoopPolicy(same_result=2)), Nudge)


def test_arguments_are_the_same_in_whatever_order_their_keys_come() -> None:
    assert fingerprint({"a": 1, "b": [2]}) == fingerprint({"b": [2], "a": 1})


def test_arguments_that_differ_have_different_fingerprints() -> None:
    assert fingerprint({"a": 1}) != fingerprint({"a": "1"})


@pytest.mark.parametrize(
    ("last", "now", "wait"),
    [(None, 100.0, 0.0), (95.0, 100.0, 25.0), (60.0, 100.0, 0.0), (130.0, 100.0, 30.0)],
)
def test_a_polling_tool_waits_out_its_interval(last: float | None, now: float, wait: float) -> None:
    assert polling_wait_s(last, now, min_interval_s=30.0) == wait
