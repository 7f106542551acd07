"""A call that needs a human waits for one, and runs as the human said, once."""

from __future__ import annotations

from typing import Any

import pytest

from agents.llm.local.replies import Reply
from agents.models import Run, ToolCall
from agents.run.runner import advance
from escalation.queue.exceptions import DecisionInvalid
from tests.agents.conftest import Desk
from tests.agents.shop import Shop, answers

pytestmark = pytest.mark.django_db


def refund(euros: int = 80) -> Reply:
    return Reply.calls("refund", order="7", euros=euros)


def results(desk: Desk, run: Run) -> list[str]:
    """What the model was shown of its calls before its last turn."""
    blocks = desk.asked(run)[-1]["messages"][-1]["content"]
    return [block["content"] for block in blocks if block["type"] == "tool_result"]


def test_a_call_above_the_limit_waits(desk: Desk, shop: Shop) -> None:
    run = desk.run(refund())

    escalation = desk.waits_for(run)
    assert (escalation.kind, escalation.reason) == ("approval", "approval_required")
    assert escalation.action == {"name": "refund", "arguments": {"order": "7", "euros": 80}}
    assert (shop.refunds, run.tool_calls.get().state) == ([], ToolCall.State.HELD)
    assert (run.lease_until, advance(run.pk, run.step)) == (None, None)


def test_a_call_under_the_limit_runs(desk: Desk, shop: Shop) -> None:
    run = desk.run(refund(50), answers())

    assert (run.state, [euros for _, euros, _ in shop.refunds]) == (Run.State.FINISHED, [50])


@pytest.mark.parametrize("arguments", [{"order": "7"}, {"order": "7", "euros": "80"}])
def test_the_limit_is_held_against_what_the_tool_would_get(
    desk: Desk, shop: Shop, arguments: dict[str, Any]
) -> None:
    run = desk.run(Reply.calls("refund", **arguments))

    assert desk.waits_for(run).kind == "approval"
    assert shop.refunds == []


def test_what_was_accepted_runs_once_as_it_was_shown(desk: Desk, shop: Shop) -> None:
    run = desk.run(refund(), answers())

    run = desk.after(run, "accept")

    call = run.tool_calls.get()
    assert shop.refunds == [("7", 80, f"{run.pk}:{call.tool_use_id}")]
    assert (run.state, call.state, results(desk, run)) == (
        Run.State.FINISHED,
        ToolCall.State.DONE,
        ['{"state": "sent"}'],
    )
    assert desk.wake(run).state == Run.State.FINISHED
    assert len(shop.refunds) == 1


def test_what_was_edited_runs_edited_and_the_model_is_told(desk: Desk, shop: Shop) -> None:
    run = desk.run(refund(), answers())

    run = desk.after(run, "edit", arguments={"order": "7", "euros": 60})

    assert [euros for _, euros, _ in shop.refunds] == [60]
    assert results(desk, run) == [
        'A reviewer changed the arguments before running: {"euros":60,"order":"7"}\n{"state": "sent"}'
    ]
    asked = desk.asked(run)[-1]["messages"][1]["content"][0]
    assert asked["input"] == {"order": "7", "euros": 80}


def test_an_edit_that_does_not_fit_does_not_run(desk: Desk, shop: Shop) -> None:
    run = desk.run(refund(), answers())

    run = desk.after(run, "edit", arguments={"order": "7", "euros": "sixty"})

    assert (shop.refunds, run.state) == ([], Run.State.FINISHED)
    assert results(desk, run)[0].startswith("The arguments do not fit: euros")


def test_what_was_rejected_does_not_run_and_the_model_is_told_why(desk: Desk, shop: Shop) -> None:
    run = desk.run(refund(), answers())

    run = desk.after(run, "reject", note="Not without the receipt.")

    assert (shop.refunds, run.state) == ([], Run.State.FINISHED)
    assert results(desk, run) == ["A reviewer refused this call. Not without the receipt."]


def test_a_dismissed_call_ends_the_run(desk: Desk, shop: Shop) -> None:
    run = desk.run(refund())

    run = desk.after(run, "dismiss", note="A test order.")

    assert (run.state, run.detail) == (Run.State.STOPPED, "A reviewer ended the run. A test order.")
    assert (shop.refunds, run.tool_calls.get().state) == ([], ToolCall.State.REFUSED)


def test_other_arguments_than_those_approved_never_run(desk: Desk, shop: Shop) -> None:
    run = desk.run(refund(), answers())
    desk.decide(run, "accept")
    run.tool_calls.update(arguments={"order": "7", "euros": 8_000})

    run = desk.wake(run)

    assert shop.refunds == []
    assert results(desk, run) == ["What was approved is not what was asked for."]


def test_nobody_who_answers_in_time_is_no_approval(desk: Desk, shop: Shop) -> None:
    agent = shop.agent()
    desk.employ(agent, deadline_s=1)
    run = desk.begin(refund(), answers(), agent=agent)
    run = desk.go_on(run)
    escalation = desk.waits_for(run)
    type(escalation).objects.filter(pk=escalation.pk).update(deadline_at=escalation.raised_at)

    escalation.expire()

    assert (desk.wake(run).state, shop.refunds) == (Run.State.FINISHED, [])
    assert results(desk, run) == ["Not run: no reviewer answered in time."]


def test_a_withdrawn_call_ends_the_run(desk: Desk, shop: Shop) -> None:
    run = desk.run(refund())

    desk.waits_for(run).withdraw()

    assert (desk.wake(run).state, shop.refunds) == (Run.State.STOPPED, [])


def test_beside_a_held_call_the_others_run_and_nothing_is_asked_until_all_are_answered(
    desk: Desk, shop: Shop
) -> None:
    turn = refund().and_calls("look_up", order="7").and_calls("refund", order="8", euros=90)
    run = desk.run(turn, answers())

    assert (shop.looked_up, shop.refunds, len(desk.asked(run))) == (["7"], [], 1)
    run = desk.after(run, "accept")
    assert ([order for order, *_ in shop.refunds], len(desk.asked(run))) == (["7"], 1)
    run = desk.after(run, "reject")
    assert (run.state, len(desk.asked(run)), shop.looked_up) == (Run.State.FINISHED, 2, ["7"])
    answered = desk.asked(run)[1]["messages"][-1]["content"]
    assert [block["tool_use_id"] for block in answered] == [block["id"] for block in turn.blocks]
    assert [block.get("is_error", False) for block in answered] == [False, False, True]


QUESTION = Reply.calls("ask_a_human", question="Which colour?", options=["red", "blue"])


def test_a_question_waits_for_its_answer(desk: Desk, shop: Shop) -> None:
    run = desk.run(QUESTION, answers(), agent=shop.agent(may_ask=True))

    escalation = desk.waits_for(run)
    assert (escalation.kind, escalation.reason, escalation.question) == (
        "question",
        "input_requested",
        "Which colour?",
    )
    assert [option["value"] for option in escalation.options] == ["red", "blue"]
    run = desk.after(run, "answer", answer="blue")
    assert (run.state, results(desk, run)) == (Run.State.FINISHED, ["blue"])


def test_a_question_is_not_approved(desk: Desk, shop: Shop) -> None:
    run = desk.run(QUESTION, agent=shop.agent(may_ask=True))

    with pytest.raises(DecisionInvalid):
        desk.decide(run, "accept")


@pytest.mark.parametrize(
    "arguments", [{}, {"question": " "}, {"question": "Which?", "options": 5}, {"question": 7}]
)
def test_a_question_that_nobody_could_answer_is_not_asked(
    desk: Desk, shop: Shop, arguments: dict[str, Any]
) -> None:
    run = desk.run(Reply.calls("ask_a_human", **arguments), answers(), agent=shop.agent(may_ask=True))

    assert run.state == Run.State.FINISHED
    assert results(desk, run)[0].startswith("The question ")
