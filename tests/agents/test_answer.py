"""A final message is read strictly: what is not an answer is not taken for one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.answer import CONFIDENCES, Answer, Unreadable, answer_schema, read_answer, unsupported

TEXT = answer_schema({"type": "string"})
WHOLE = {"answer": "It was sent.", "confidence": 85, "completed": ["a"], "missing": [], "evidence": ["t1"]}


def read(**changes: Any) -> Answer | Unreadable:
    return read_answer(json.dumps(WHOLE | changes), TEXT)


def test_a_whole_answer_is_read() -> None:
    assert read() == Answer("It was sent.", 0.85, ("a",), (), ("t1",))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "the model said nothing"),
        (" \n", "the model said nothing"),
        ("It was sent.", "the answer is not JSON"),
        ('{"answer": "It', "the answer is not JSON"),
        ('"It was sent."', "the answer has another shape than was asked for"),
        ('{"confidence": 90}', "the answer has another shape than was asked for"),
        ('{"answer": 7}', "the answer does not fit its schema at $: 7 is not of type 'string'"),
        ("[" * 100_000, "the answer is not JSON"),
    ],
)
def test_what_is_no_answer_is_said_to_be_none(text: str, why: str) -> None:
    assert read_answer(text, TEXT) == Unreadable(why)


@pytest.mark.parametrize("confidence", [None, "85", 85.5, True, -1, 101, 1e300, [85], {}])
def test_a_confidence_that_is_no_percentage_is_none(confidence: Any) -> None:
    found = read(confidence=confidence)

    assert isinstance(found, Answer)
    assert found.confidence is None


@pytest.mark.parametrize("percent", CONFIDENCES)
def test_each_confidence_that_may_be_stated_is_read_exactly(percent: int) -> None:
    found = read(confidence=percent)

    assert isinstance(found, Answer)
    assert found.confidence == percent / 100


@pytest.mark.parametrize("lists", [None, "t1", {"t1": 1}, [1, None]])
def test_lists_that_are_none_are_empty(lists: Any) -> None:
    found = read(evidence=lists, completed=lists, missing=lists)

    assert isinstance(found, Answer)
    assert (found.evidence, found.completed, found.missing) == ((), (), ())


def test_where_an_answer_does_not_fit_is_said() -> None:
    schema = answer_schema({"type": "object", "properties": {"topic": {"enum": ["order"]}}})

    found = read_answer(json.dumps(WHOLE | {"answer": {"topic": "cash"}}), schema)

    assert isinstance(found, Unreadable)
    assert found.why.startswith("the answer does not fit its schema at $.topic: 'cash' is not one of")


@given(st.text() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_no_text_makes_reading_fail(text: str) -> None:
    assert isinstance(read_answer(text, TEXT), Answer | Unreadable)


@pytest.mark.parametrize(
    ("cited", "answered", "needed", "problem"),
    [
        (["t1"], {"t1"}, True, None),
        ([], {"t1"}, False, None),
        ([], {"t1"}, True, "it rests on no tool call, and this agent must show evidence"),
        (["t1", "t2"], {"t1"}, False, "it rests on tool calls that gave no answer: t2"),
    ],
)
def test_evidence_must_exist(cited: list[str], answered: set[str], needed: bool, problem: str | None) -> None:
    answer = Answer("x", 0.9, (), (), tuple(cited))

    assert unsupported(answer, answered, needed=needed) == problem
