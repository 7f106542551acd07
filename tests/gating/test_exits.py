"""A result, a policy and a random draw in; a judgement out."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.gating.exits import Facts, Terms, handlers_for, holes, judge

TERMS = Terms(threshold=0.75, audit_rate=0.05, exits={"low_confidence": ["rule:short", "cached", "human"]})
NO_AUDIT = 0.99

UNIT = st.floats(0, 1)


@pytest.mark.parametrize(
    ("facts", "reason", "detail"),
    [
        (Facts(0.75), None, "confidence 0.75 reaches 0.75"),
        (Facts(0.9), None, "confidence 0.90 reaches 0.75"),
        (Facts(0.62), "low_confidence", "confidence 0.62 is under 0.75"),
        (Facts(0.7499), "low_confidence", "confidence 0.7499 is under 0.7500"),
        (Facts(None), "no_confidence", "the confidence is None, not a number from 0 to 1"),
        (Facts(math.nan), "no_confidence", "the confidence is nan, not a number from 0 to 1"),
        (Facts(1.01), "no_confidence", "the confidence is 1.01, not a number from 0 to 1"),
        (Facts(True), "no_confidence", "the confidence is True, not a number from 0 to 1"),
        (Facts(0.99, partial=True), "budget_exhausted", "the result is PARTIAL"),
        (
            Facts(0.99, causes=["error"]),
            "error",
            "the agent's guards stopped it: error",
        ),
        (Facts(0.99, live=False), "not_live", "the agent is not live: every result goes to a human"),
    ],
)
def test_why_a_result_is_stopped(facts: Facts, reason: str | None, detail: str) -> None:
    judgement = judge(facts, TERMS, NO_AUDIT)

    assert (judgement.reason, judgement.detail) == (reason, detail)


def test_the_first_cause_is_the_reason() -> None:
    judgement = judge(Facts(0.99, causes=["tool_failed", "breaker_open"]), TERMS, NO_AUDIT)

    assert judgement.reason == "tool_failed"


def test_the_next_smaller_double_is_under_the_threshold() -> None:
    almost = math.nextafter(0.75, 0)

    judgement = judge(Facts(almost), TERMS, NO_AUDIT)

    assert judgement.reason == "low_confidence"
    assert judgement.detail == "confidence 0.7499999999999999 is under 0.7500000000000000"


@given(confidence=UNIT, threshold=UNIT, draw=st.floats(0, 1, exclude_max=True))
def test_a_whole_live_result_is_accepted_exactly_when_it_reaches_the_threshold(
    confidence: float, threshold: float, draw: float
) -> None:
    judgement = judge(Facts(confidence), Terms(threshold, 0.3), draw)

    assert (judgement.reason is None) == (confidence >= threshold)


@given(
    confidence=st.none() | st.booleans() | st.floats() | st.integers(),
    partial=st.booleans(),
    causes=st.lists(st.sampled_from(["tool_failed", "error"]), max_size=2),
    live=st.booleans(),
)
def test_nothing_is_accepted_that_a_guard_stopped(
    confidence: Any, partial: bool, causes: list[str], live: bool
) -> None:
    judgement = judge(Facts(confidence, partial, causes, live), Terms(0.0, 1.0), 0.0)

    if partial or causes or not live:
        assert judgement.reason is not None
    if judgement.reason is not None:
        assert judgement.handlers


@given(draw=st.floats(0, 1, exclude_max=True), audit_rate=UNIT)
def test_the_audit_coin_knows_nothing_of_the_result(draw: float, audit_rate: float) -> None:
    high, low = (judge(Facts(c), Terms(0.5, audit_rate), draw) for c in (1.0, 0.5))

    assert high.audited == low.audited == (draw < audit_rate)


def test_a_stopped_result_is_no_audit() -> None:
    assert not judge(Facts(0.1), Terms(0.5, 1.0), 0.0).audited


@pytest.mark.parametrize(
    ("reason", "partial", "handlers"),
    [
        ("low_confidence", False, ["rule:short", "cached", "human"]),
        ("low_confidence", True, ["human"]),
        ("tool_failed", False, ["human"]),
        ("not_live", False, ["human"]),
    ],
)
def test_which_handlers_are_tried(reason: str, partial: bool, handlers: list[str]) -> None:
    assert list(handlers_for(reason, TERMS, partial=partial)) == handlers


@pytest.mark.parametrize(
    ("exits", "problems"),
    [
        ({"error": ["human"]}, []),
        ({"error": ["rule:short", "cached", "default"]}, []),
        ({}, ["error: no exit"]),
        ({"error": []}, ["error: no exit"]),
        ({"error": ["cached"]}, ["error: ends in cached, which may yield nothing; end in default or human"]),
        ({"error": ["fax", "human"]}, ["error: 'fax' is not a handler"]),
        ({"error": ["human"], "boredom": ["human"]}, ["boredom: not a reason"]),
        (["human"], ["not a table of reasons, each with a list of handlers"]),
        ({"error": "human"}, ["not a table of reasons, each with a list of handlers"]),
        ({"error": [None]}, ["not a table of reasons, each with a list of handlers"]),
    ],
)
def test_a_policy_with_holes_is_told_where(exits: Any, problems: list[str]) -> None:
    assert holes(exits, ["error"]) == problems
