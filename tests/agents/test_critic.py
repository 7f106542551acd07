"""A critic is shown everything but the confidence, and its opinion is read strictly."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.critic import FRAME, OPINION, Critic, Opinion, question, read_opinion
from agents.llm.output_schema import refusals
from agents.transcript import ROOM_FOR_RESULTS
from tests.agents.test_transcript import Call


def material(*calls: Call, asked: tuple[str, ...] = ("Where?",), answer: Any = "There.") -> Any:
    (message,) = question(instructions="Look.", asked=asked, calls=calls, answer=answer)
    return json.loads(message["content"][0]["text"])


def test_it_is_shown_each_call_with_the_arguments_that_ran_and_what_came_of_it() -> None:
    edited = Call(arguments={"euros": 90}, approved_arguments={"euros": 50}, output="paid")
    failed = Call(arguments={"order": "7"}, error="no such order")

    assert material(edited, failed)["evidence"] == [
        {
            "call": "look_up",
            "arguments": {"euros": 50},
            "answered": 'A reviewer changed the arguments before running: {"euros":50}\npaid',
        },
        {"call": "look_up", "arguments": {"order": "7"}, "failed": "no such order"},
    ]


def test_no_call_takes_more_room_than_a_turn_s_calls_do() -> None:
    (piece,) = material(Call(output="x" * 100_000))["evidence"]

    assert len(piece["answered"]) == ROOM_FOR_RESULTS


@given(st.text(), st.text(), st.text())
def test_no_words_pass_for_another_part(task: str, found: str, answer: str) -> None:
    shown = material(Call(output=found), asked=(task,), answer=answer)

    assert (shown.keys(), shown["task"], shown["answer"]) == (
        {"instructions", "task", "evidence", "answer"},
        task,
        answer,
    )


def test_its_own_instructions_come_after_the_frame() -> None:
    assert Critic().pinned() == {"system": FRAME, "model": None}
    assert Critic("Dates matter.", "claude-opus-5-5").pinned() == {
        "system": f"{FRAME}\n\nDates matter.",
        "model": "claude-opus-5-5",
    }


def test_the_api_can_decode_by_its_schema() -> None:
    assert list(refusals(OPINION, "opinion")) == []


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ('{"reason": " No date. ", "confidence": 40}', Opinion(0.4, "No date.")),
        ('{"confidence": 100}', Opinion(1.0, "")),
        ('{"reason": "No date."}', None),
        ('{"reason": "No date.", "confidence": 0.4}', None),
        ('{"reason": "No date.", "confidence": "40"}', None),
        ('{"reason": "No date.", "confidence": 140}', None),
        ('{"reason": "No', None),
        ("[40]", None),
        ("40", None),
        ("", None),
        ("[" * 100_000, None),
    ],
)
def test_only_an_opinion_with_a_percentage_is_one(said: str, read: Opinion | None) -> None:
    assert read_opinion(said) == read
