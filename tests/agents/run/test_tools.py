"""What becomes of the calls that a model asks for."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.core.exceptions import ValidationError

from agents.llm.local.replies import Reply, tool_use
from agents.models import Run, ToolCall
from agents.stores.breaker import shared_breakers
from escalation.gating.models.policy import all_to_a_human
from tests.agents.conftest import Desk
from tests.agents.shop import Shop, answers

pytestmark = pytest.mark.django_db


def look_up(order: int = 7) -> Reply:
    return Reply.calls("look_up", order=str(order))


LETTER = Reply.calls("write_letter", text="Dear customer")


def shown(desk: Desk, run: Run, turn: int) -> list[dict[str, Any]]:
    """The tool results that the model was shown before its n-th turn, counted from 0."""
    blocks: list[dict[str, Any]] = desk.asked(run)[turn]["messages"][-1]["content"]
    return [block for block in blocks if block["type"] == "tool_result"]


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (Reply.calls("look_up"), "order: Field required"),
        (Reply.calls("look_up", order=7), "order: Input should be a valid string"),
        (Reply.calls("look_up", order="7", now=True), "now: Extra inputs are not permitted"),
        (Reply.calls("look_down", order="7"), "There is no tool 'look_down'"),
        (Reply.calls("look" * 100, order="7"), "There is no tool 'looklook"),
        (Reply.calls("ask_a_human", question="May I?"), "There is no tool 'ask_a_human'"),
        (Reply.calls("look_up", order="a \x00"), "hold a NUL or half of a character"),
    ],
)
def test_a_call_that_does_not_fit_is_refused_and_the_model_told(
    desk: Desk, shop: Shop, call: Reply, error: str
) -> None:
    run = desk.run(call, answers())

    (result,) = shown(desk, run, 1)
    assert result["is_error"]
    assert error in result["content"]
    assert (run.state, shop.looked_up) == (Run.State.FINISHED, [])


def test_a_tool_that_fails_is_an_answer_to_the_model(desk: Desk, shop: Shop) -> None:
    shop.trouble = LookupError("no such order")

    run = desk.run(look_up(), answers())

    (result,) = shown(desk, run, 1)
    assert (result["is_error"], result["content"]) == (True, "LookupError: no such order")
    assert run.tool_calls.get().state == ToolCall.State.FAILED


@pytest.mark.parametrize(
    ("trouble", "state"),
    [
        (TimeoutError("no answer"), ToolCall.State.UNKNOWN),
        (ConnectionResetError("broke off"), ToolCall.State.UNKNOWN),
        (RuntimeError("who knows"), ToolCall.State.UNKNOWN),
        (ConnectionRefusedError("nobody there"), ToolCall.State.FAILED),
        (ValueError("no such sum"), ToolCall.State.FAILED),
    ],
)
def test_a_write_that_may_have_happened_goes_to_a_human(
    desk: Desk, shop: Shop, trouble: Exception, state: str
) -> None:
    shop.trouble = trouble

    run = desk.run(LETTER, answers())

    assert run.tool_calls.get().state == state
    if state == ToolCall.State.UNKNOWN:
        escalation = desk.waits_for(run)
        assert (escalation.reason, escalation.missing) == ("tool_failed", ["whether write_letter ran"])
        assert escalation.detail.startswith("Nobody knows whether write_letter ran: ")
    else:
        assert run.state == Run.State.FINISHED


@pytest.mark.parametrize(("status", "waits"), [(500, True), (503, True), (404, False), (429, False)])
def test_the_answer_of_a_server_says_whether_a_write_may_have_happened(
    desk: Desk, shop: Shop, status: int, waits: bool
) -> None:
    shop.trouble = OSError("the server answered")
    shop.trouble.response = SimpleNamespace(status_code=status, headers={})  # type: ignore[attr-defined]

    run = desk.run(LETTER, answers())

    assert (run.state == Run.State.WAITING_HUMAN) is waits


def test_no_policy_may_keep_a_write_that_may_have_happened_from_a_human(desk: Desk, shop: Shop) -> None:
    exits = all_to_a_human() | {"tool_failed": ["default"]}

    with pytest.raises(ValidationError, match="nobody knows whether it did; its only exit is human"):
        desk.employ(shop.agent(), exits=exits, default_output="We will call you.")


def test_after_a_write_that_may_have_happened_nothing_else_runs(desk: Desk, shop: Shop) -> None:
    shop.trouble = TimeoutError()

    run = desk.run(LETTER.and_calls("write_letter", text="Another"), answers())

    assert shop.letters == ["Dear customer"]
    assert [call.state for call in run.tool_calls.all()] == ["unknown", "refused"]
    run = desk.after(run, "retry", note="It was not sent.")
    assert run.state == Run.State.FINISHED
    assert [result["is_error"] for result in shown(desk, run, 1)] == [True, True]


def test_a_worker_s_own_deadline_ends_the_run_with_what_there_is(desk: Desk, shop: Shop) -> None:
    shop.trouble = SoftTimeLimitExceeded()

    run = desk.run(look_up(), answers())

    assert desk.waits_for(run).partial
    assert desk.waits_for(run).detail == "The step took longer than a worker may."
    assert run.tool_calls.get().state == ToolCall.State.FAILED


def test_after_three_failures_the_tool_is_unavailable_and_then_a_human_is_asked(
    desk: Desk, shop: Shop
) -> None:
    shop.trouble = ConnectionError("down")
    calls = [Reply.calls("look_up", order=str(number)) for number in range(5)]

    run = desk.run(*calls)

    assert shop.looked_up == ["0", "1", "2"]
    assert shown(desk, run, 4)[0]["content"].startswith("Unavailable: its circuit is open.")
    escalation = desk.waits_for(run)
    assert (escalation.reason, len(desk.asked(run))) == ("breaker_open", 5)
    assert escalation.detail == "The circuit is open and no fresh answer is kept: look_up"


def test_calls_beside_each_other_are_one_attempt(desk: Desk, shop: Shop) -> None:
    shared_breakers().force_open("tool:look_up")

    run = desk.run(look_up().and_calls("look_up", order="8"), answers())

    assert (run.state, shop.looked_up) == (Run.State.FINISHED, [])


def test_after_a_human_looked_the_run_may_call_what_was_down(desk: Desk, shop: Shop) -> None:
    shared_breakers().force_open("tool:look_up")
    run = desk.run(look_up(), look_up(), look_up(), answers())
    shared_breakers().reset("tool:look_up")

    run = desk.after(run, "retry", note="It is up again.")

    assert (run.state, shop.looked_up) == (Run.State.FINISHED, ["7"])


def test_a_fresh_answer_stands_in_for_an_open_circuit_and_is_told_as_such(desk: Desk, shop: Shop) -> None:
    desk.run(look_up(), answers())
    shared_breakers().force_open("tool:look_up")

    run = desk.run(look_up(), answers(confidence=95))

    (result,) = shown(desk, run, 1)
    assert result["content"] == 'CACHED 0 min ago; the live source is unavailable.\n{"state": "sent"}'
    assert shop.looked_up == ["7"]
    escalation = desk.waits_for(run)
    assert (escalation.reason, escalation.confidence) == ("low_confidence", 0.7)


def test_what_a_tool_says_need_not_be_json(desk: Desk, shop: Shop) -> None:
    shop.answer = {
        "at": datetime(2026, 1, 2, tzinfo=UTC),
        "sum": Decimal("1.50"),
        "who": "a \x00",
        "rate": float("nan"),
        "object": object,
    }

    run = desk.run(look_up(), answers())

    assert run.state == Run.State.FINISHED
    assert run.tool_calls.get().output == {
        "at": "2026-01-02T00:00:00Z",
        "sum": "1.50",
        "who": "a \ufffd",
        "rate": None,
        "object": "<class 'object'>",
    }


def test_an_error_that_the_database_refuses_is_kept(desk: Desk, shop: Shop) -> None:
    shop.trouble = LookupError("no \x00 order \ud800")

    run = desk.run(look_up(), answers())

    assert run.tool_calls.get().error == "LookupError: no \ufffd order \ufffd"


def test_the_same_call_over_and_over_is_noticed_told_once_and_stopped(desk: Desk, shop: Shop) -> None:
    run = desk.run(*[look_up() for _ in range(9)])

    escalation = desk.waits_for(run)
    assert (escalation.reason, len(shop.looked_up)) == ("loop_detected", 5)
    nudges = [
        block["text"] for block in desk.asked(run)[-1]["messages"][-1]["content"] if block["type"] == "text"
    ]
    assert len(nudges) == 1
    assert nudges[0].startswith("You are repeating yourself")


def test_after_a_human_spoke_the_model_gets_its_say_before_the_loop_counts(desk: Desk, shop: Shop) -> None:
    run = desk.run(*[look_up() for _ in range(5)], answers())

    run = desk.after(run, "retry", note="You have all you need.")

    assert (run.state, len(shop.looked_up)) == (Run.State.FINISHED, 5)


def test_each_call_of_a_turn_gets_one_result_in_order(desk: Desk, shop: Shop) -> None:
    turn = Reply.calls("look_up", order="1").and_calls("nonsense").and_calls("look_up", order="3")

    run = desk.run(turn, answers())

    asked = [block["id"] for block in turn.blocks]
    assert [result["tool_use_id"] for result in shown(desk, run, 1)] == asked
    assert shop.looked_up == ["1", "3"]


def test_two_calls_under_one_id_end_the_run_and_neither_runs(desk: Desk, shop: Shop) -> None:
    twice = Reply(tuple(tool_use("look_up", {"order": order}) | {"id": "toolu_1"} for order in "78"))

    run = desk.run(twice)

    escalation = desk.waits_for(run)
    assert (escalation.reason, shop.looked_up) == ("output_invalid", [])
    assert escalation.detail == "The model gave two calls the id toolu_1: no answer could name one of them."


@pytest.mark.parametrize("tool_use_id", ["toolu_" * 50, "toolu_\x00"])
def test_an_id_that_is_none_ends_the_run_which_can_go_on(desk: Desk, shop: Shop, tool_use_id: str) -> None:
    run = desk.run(Reply(({**look_up(7).blocks[0], "id": tool_use_id},)), answers())

    escalation = desk.waits_for(run)
    assert (escalation.reason, shop.looked_up) == ("output_invalid", [])
    assert escalation.detail.startswith("The model gave a call an id that is none: toolu_")
    assert desk.after(run, "retry", note="Once more.").state == Run.State.FINISHED


def test_an_id_of_an_earlier_turn_ends_the_run_which_can_go_on(desk: Desk, shop: Shop) -> None:
    again = Reply(({**look_up(8).blocks[0], "id": "toolu_1"},))
    run = desk.run(Reply(({**look_up(7).blocks[0], "id": "toolu_1"},)), again, answers())
    assert (desk.waits_for(run).reason, shop.looked_up) == ("output_invalid", ["7"])

    run = desk.after(run, "retry", note="Once more.")

    assert (run.state, run.result, run.tool_calls.count()) == (Run.State.FINISHED, "It was sent.", 1)
