from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from agents.llm.local.server import LocalMessagesAPI
from agents.llm.messages import one_turn
from agents.llm.turn import TurnRequest
from tests.agents.llm.asking import LOOKUP, asking, result

Messages = list[dict[str, Any]]


def after_one_turn() -> TurnRequest:
    """A second request that continues the first one honestly."""
    request = asking("Where is ORD-1001?")
    turn = one_turn(request, deadline_s=10)
    answered = [result(call["id"], "shipped") for call in turn.tool_uses]
    said = [
        *request.messages,
        {"role": "assistant", "content": turn.content},
        {"role": "user", "content": answered},
    ]
    return replace(request, messages=said)


def test_an_append_only_transcript_verifies(messages_api: LocalMessagesAPI) -> None:
    request = after_one_turn()

    turn = one_turn(request, deadline_s=10)

    assert turn.error is None


def without_thinking(request: TurnRequest) -> TurnRequest:
    first, second, third = request.messages
    kept = [block for block in second["content"] if block["type"] != "thinking"]
    return replace(request, messages=[first, {**second, "content": kept}, third])


def test_a_transcript_may_do_without_its_thinking(messages_api: LocalMessagesAPI) -> None:
    request = without_thinking(after_one_turn())

    turn = one_turn(request, deadline_s=10)

    assert turn.error is None


def other_task(request: TurnRequest) -> TurnRequest:
    return replace(request, messages=[{"role": "user", "content": "Something else"}, *request.messages[1:]])


@pytest.mark.parametrize(
    "change",
    [
        lambda request: replace(request, system="Be brief."),
        lambda request: replace(request, tools=[LOOKUP, LOOKUP | {"name": "another"}]),
        lambda request: replace(request, model="claude-sonnet-5-5"),
        other_task,
    ],
    ids=["system", "tools", "model", "task"],
)
def test_a_changed_past_is_refused(
    messages_api: LocalMessagesAPI, change: Callable[[TurnRequest], TurnRequest]
) -> None:
    request = change(after_one_turn())

    turn = one_turn(request, deadline_s=10)

    assert turn.error
    assert turn.error.kind == "bad_request"
    assert "signature" in turn.error.message
