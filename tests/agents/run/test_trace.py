"""The timeline shows as failed what failed, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from agents import Budget
from agents.llm.local.replies import Reply
from agents.stores.breaker import shared_breakers
from tests.agents.conftest import Desk
from tests.agents.shop import Shop, answers

pytestmark = pytest.mark.django_db

TWO = Reply.calls("look_up", order="7").and_calls("look_up", order="8")
SPENT = "Not run: the budget for tool calls is spent."


def calls(trace: list[dict[str, Any]]) -> list[tuple[Any, Any]]:
    return [(line["output"], line["error"]) for line in trace if line["kind"] == "tool"]


def test_a_call_for_which_nothing_was_left_is_no_failure(desk: Desk, shop: Shop) -> None:
    run = desk.run(TWO, answers(), agent=shop.agent(budget=Budget(tool_calls=1)))

    assert calls(desk.waits_for(run).trace) == [({"state": "sent"}, None), (SPENT, None)]


def test_a_call_that_the_end_of_the_run_came_before_is_no_failure(desk: Desk, shop: Shop) -> None:
    shop.trouble = TimeoutError("no answer")

    run = desk.run(Reply.calls("write_letter", text="a").and_calls("write_letter", text="b"))

    assert calls(desk.waits_for(run).trace) == [
        (None, "TimeoutError: no answer"),
        ("Not run: the run was stopped before it.", None),
    ]


def test_what_failed_or_was_refused_is_one(desk: Desk, shop: Shop) -> None:
    shared_breakers().force_open("tool:look_up")

    run = desk.run(TWO.and_calls("nonsense"), answers(confidence=5))

    unavailable = "Unavailable: its circuit is open. Do not call it again; work without it."
    assert calls(desk.waits_for(run).trace) == [
        (None, unavailable),
        (None, unavailable),
        (None, "There is no tool 'nonsense'."),
    ]


def test_an_earlier_answer_that_stood_in_is_told_and_is_no_failure(desk: Desk) -> None:
    look_up = Reply.calls("look_up", order="7")
    desk.run(look_up, answers())
    shared_breakers().force_open("tool:look_up")

    run = desk.run(Reply.calls("look_up", order="7"), answers(confidence=5))

    (line,) = [line for line in desk.waits_for(run).trace if line["kind"] == "tool"]
    assert (line["output"], line["error"]) == ({"state": "sent"}, None)
    assert line["name"] == "look_up (answered from 0 min ago: circuit open)"


def test_evidence_names_the_arguments_that_ran(desk: Desk, shop: Shop) -> None:
    refund = Reply.calls("refund", order="7", euros=80)
    run = desk.run(refund, answers(confidence=5, evidence=[refund.blocks[0]["id"]]))

    run = desk.after(run, "edit", arguments={"order": "7", "euros": 40})

    assert [piece["title"] for piece in desk.waits_for(run).evidence] == ["refund(euros=40, order='7')"]
