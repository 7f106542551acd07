"""What a human says about a result decides how the run goes on: from the same words, to the byte."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from django.db import connection
from pytest_django import Settings

from agents import Budget, registry
from agents.llm.local.faults import Fault
from agents.llm.local.replies import Reply, tool_use
from agents.models import Run
from agents.run.resuming import GRANTED, MOST_ROUNDS, extended
from agents.run.runner import advance
from agents.transcript import chain, messages, opening
from escalation.queue.exceptions import TransitionRefused
from escalation.queue.models.decision import GRANTABLE
from tests.agents.conftest import Desk
from tests.agents.shop import Shop, answers

pytestmark = pytest.mark.django_db

DOUBTFUL = answers("It was sent.", 60)
REFUND = Reply.calls("refund", order="7", euros=80)
REPORT = answers("Half of it.", 90, missing=["the other half"])


def partial_run(desk: Desk, shop: Shop, *more: Any) -> Run:
    agent = shop.agent(budget=Budget(turns=2))
    return desk.run(Reply.calls("look_up", order="7").thinks("Look."), REPORT, *more, agent=agent)


def assert_only_added_to(desk: Desk, run: Run) -> None:
    """Each request begins with what the one before it said, and the hashes of the steps hold."""
    asked = desk.asked(run)
    for before, after in pairwise(asked):
        assert after["messages"][: len(before["messages"])] == before["messages"]
        assert (after["system"], after["tools"]) == (before["system"], before["tools"])
    said = ""
    for step in run.steps.all():
        said = chain(said, step.sent, step.content if step.kept else [])
        assert step.chain == said


def test_an_accepted_result_is_the_run_s_result(desk: Desk) -> None:
    run = desk.after(desk.run(DOUBTFUL), "accept")

    assert (run.state, run.result, run.detail) == (Run.State.FINISHED, "It was sent.", "Accepted by a human.")
    assert run.ended_at is not None


def test_an_accepted_part_is_a_partial_result(desk: Desk, shop: Shop) -> None:
    run = desk.after(partial_run(desk, shop), "accept")

    assert (run.state, run.result) == (Run.State.PARTIAL, "Half of it.")


def test_an_edited_result_is_the_run_s_result(desk: Desk) -> None:
    run = desk.after(desk.run(DOUBTFUL), "edit", output="It was sent on Monday.")

    assert (run.state, run.result) == (Run.State.FINISHED, "It was sent on Monday.")


def test_an_answer_takes_the_place_of_the_result(desk: Desk) -> None:
    run = desk.after(desk.run(Reply.says("no JSON")), "answer", answer="It is lost.")

    assert (run.state, run.result) == (Run.State.FINISHED, "It is lost.")


@pytest.mark.parametrize("verdict", ["reject", "dismiss"])
def test_a_rejected_result_ends_the_run_without_one(desk: Desk, verdict: str) -> None:
    run = desk.after(desk.run(DOUBTFUL), verdict, note="Nonsense.")

    assert (run.state, run.result) == (Run.State.STOPPED, None)
    assert run.detail.endswith("by a human. Nonsense.")


def test_with_more_budget_the_run_goes_on_from_where_it_stopped(desk: Desk, shop: Shop) -> None:
    run = partial_run(desk, shop, Reply.calls("look_up", order="8"), answers("All of it."))

    run = desk.after(run, "continue", grant={"turns": 3})

    assert (run.state, run.result, run.budget) == (Run.State.FINISHED, "All of it.", {"turns": 5})
    assert shop.looked_up == ["7", "8"]
    assert desk.asked(run)[2]["messages"][-1]["content"] == [{"type": "text", "text": GRANTED}]
    assert_only_added_to(desk, run)


def test_a_grant_counts_once_though_the_message_comes_twice(desk: Desk, shop: Shop) -> None:
    run = partial_run(desk, shop, Fault("overloaded"))
    desk.decide(run, "continue", grant={"turns": 3})
    run.refresh_from_db()

    advance(run.pk, run.step)
    Run.objects.filter(pk=run.pk).update(wake_at=run.created_at)
    advance(run.pk, run.step)

    run.refresh_from_db()
    assert run.budget == {"turns": 5}


@pytest.mark.parametrize(
    ("limits", "grant", "after"),
    [
        ({"cost_usd": Decimal("0.40")}, {"cost_usd": 0.6}, {"cost_usd": Decimal(1)}),
        ({"tokens": 1000}, {"tokens": 500}, {"tokens": 1500}),
        ({"output_tokens": 1000}, {"tokens": 500}, {"output_tokens": 1500}),
        ({"turns": 2}, {"tokens": 500}, {"turns": 2}),
        ({"output_tokens": 1000}, {"output_tokens": 500}, {"output_tokens": 1500}),
        ({"tool_calls": 2}, {"tool_calls": 3}, {"tool_calls": 5}),
        ({"wall_clock_s": 60.0}, {"turns": 1}, {"wall_clock_s": 100.0}),
        ({"wall_clock_s": 60.0}, {"wall_clock_s": 30}, {"wall_clock_s": 70.0}),
    ],
)
def test_what_is_granted_is_added(
    limits: dict[str, Any], grant: dict[str, Any], after: dict[str, Any]
) -> None:
    assert extended(Budget(**limits), Budget.from_mapping(grant), active_s=40.0) == Budget(**after)


def test_every_limit_that_can_end_a_run_can_be_granted() -> None:
    assert set(GRANTABLE) == {limit.name for limit in fields(Budget)}


def test_a_result_that_is_sent_back_is_made_again_with_the_feedback(desk: Desk) -> None:
    run = desk.run(DOUBTFUL, answers("It is on its way.", 90))

    run = desk.after(run, "retry", note="Look at the date.")

    assert (run.state, run.result, run.rounds) == (Run.State.FINISHED, "It is on its way.", 1)
    (said,) = desk.asked(run)[1]["messages"][-1]["content"]
    assert said["text"].endswith("asks you to try again: Look at the date.")
    assert_only_added_to(desk, run)


def test_feedback_is_not_lost_when_the_model_was_never_asked(desk: Desk, settings: Settings) -> None:
    url, settings.ANTHROPIC_BASE_URL = settings.ANTHROPIC_BASE_URL, ""
    run = desk.run(answers())
    settings.ANTHROPIC_BASE_URL = url

    run = desk.after(run, "retry", note="It is up again.")

    assert run.state == Run.State.FINISHED
    assert "It is up again." in desk.asked(run)[0]["messages"][0]["content"][1]["text"]


def test_it_is_sent_back_only_so_often(desk: Desk) -> None:
    run = desk.run(*[DOUBTFUL] * (MOST_ROUNDS + 1))
    for _ in range(MOST_ROUNDS):
        run = desk.after(run, "retry", note="Again.")
    run = desk.after(run, "retry", note="And again.")

    assert (run.state, run.steps.count()) == (Run.State.STOPPED, MOST_ROUNDS + 1)


def test_an_approved_call_resumes_from_the_same_words(desk: Desk, shop: Shop) -> None:
    # jsonb would sort these keys, and the thought's signature covers them.
    call = tool_use("refund", {"order": "7", "euros": 80})
    run = desk.run(Reply((call,)).thinks("He is right."), answers())

    run = desk.after(run, "accept")

    assert run.state == Run.State.FINISHED
    thought, sent_back = desk.asked(run)[1]["messages"][1]["content"]
    assert list(sent_back["input"].items()) == [("order", "7"), ("euros", 80)]
    assert (thought["thinking"], bool(thought["signature"])) == ("He is right.", True)
    assert_only_added_to(desk, run)


@pytest.mark.parametrize(
    ("turn", "verdict", "answer"),
    [
        (REFUND, "edit", {"arguments": {"order": "7", "euros": 60}}),
        (REFUND, "reject", {"note": "Not without the receipt."}),
        (Reply.calls("ask_a_human", question="Which colour?"), "answer", {"answer": "Red."}),
    ],
)
def test_whatever_is_decided_of_a_call_the_words_before_it_stay(
    desk: Desk, shop: Shop, turn: Reply, verdict: str, answer: dict[str, Any]
) -> None:
    run = desk.run(turn.thinks("Ask."), answers(), agent=shop.agent(may_ask=True))

    run = desk.after(run, verdict, **answer)

    assert (run.state, len(desk.asked(run))) == (Run.State.FINISHED, 2)
    assert_only_added_to(desk, run)


def test_a_run_goes_on_with_the_model_and_the_prompt_that_it_began_with(desk: Desk, shop: Shop) -> None:
    run = desk.run(REFUND, answers())
    registry._agents[run.agent] = shop.agent(
        model="claude-opus-5-5", instructions="Be brief.", tools=shop.tools()[1:], may_ask=True
    )

    run = desk.after(run, "accept")

    before, after = desk.asked(run)
    pinned = ("model", "system", "tools", "output_config")
    assert {name: before[name] for name in pinned} == {name: after[name] for name in pinned}
    assert (run.state, len(shop.refunds)) == (Run.State.FINISHED, 1)
    assert_only_added_to(desk, run)


def test_an_approved_call_of_a_tool_that_is_gone_does_not_run(desk: Desk, shop: Shop) -> None:
    run = desk.run(REFUND, answers())
    registry._agents[run.agent] = shop.agent(tools=shop.tools()[:1])

    run = desk.after(run, "accept")

    assert (shop.refunds, run.tool_calls.get().error) == ([], "There is no tool 'refund'.")
    assert run.state == Run.State.FINISHED


def test_the_policy_in_force_afterwards_is_the_one_that_counts(desk: Desk, shop: Shop) -> None:
    run = desk.run(REFUND, answers(confidence=90))
    desk.employ(registry._agents[run.agent], threshold=0.95)

    run = desk.after(run, "accept")

    assert (desk.waits_for(run).reason, desk.waits_for(run).threshold) == ("low_confidence", 0.95)


def test_a_run_whose_past_was_changed_does_not_go_on(desk: Desk, shop: Shop) -> None:
    run = desk.run(REFUND, answers())
    desk.decide(run, "accept")
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE agents_step DISABLE TRIGGER never_edited")
        run.steps.update(sent=opening("Where is something else?"))
        cursor.execute("ALTER TABLE agents_step ENABLE TRIGGER never_edited")

    run = desk.wake(run)

    assert (desk.waits_for(run).reason, shop.refunds, len(desk.asked(run))) == ("error", [], 1)
    assert desk.waits_for(run).detail == "What was said in this run was changed since, so it cannot go on."


def test_what_the_model_is_asked_for_stands_in_the_order_in_which_it_was_written(
    desk: Desk, shop: Shop
) -> None:
    schema = {
        "type": "object",
        "additionalProperties": False,
        "required": ["reasoning", "topic"],
        "properties": {"reasoning": {"type": "string"}, "topic": {"type": "string"}},
    }

    run = desk.run(answers({"reasoning": "r", "topic": "t"}), agent=shop.agent(output=schema))

    sent = desk.asked(run)[0]["output_config"]["format"]["schema"]["properties"]["answer"]
    assert list(sent["properties"]) == ["reasoning", "topic"]


def test_until_the_undo_window_is_over_the_run_waits(desk: Desk, settings: Settings) -> None:
    run = desk.run(DOUBTFUL)
    settings.UNDO_WINDOW = timedelta(minutes=1)
    desk.decide(run, "accept")

    assert advance(run.pk, run.step) is None
    escalation = desk.waits_for(run)
    escalation.undo(desk.alice)
    run.refresh_from_db()
    assert (run.state, run.wake_at) == (Run.State.WAITING_HUMAN, None)
    escalation.decide(desk.alice, "reject")
    Run.objects.filter(pk=run.pk).update(wake_at=run.created_at)
    assert desk.wake(run).state == Run.State.STOPPED


def test_what_the_run_went_on_with_is_not_undone(desk: Desk, settings: Settings) -> None:
    run = desk.run(DOUBTFUL)
    escalation = desk.waits_for(run)
    settings.UNDO_WINDOW = timedelta(minutes=1)
    desk.decide(run, "accept")
    # The worker's clock is ahead: it takes the run before the window is over.
    Run.objects.filter(pk=run.pk).update(wake_at=run.created_at)
    desk.wake(run)

    with pytest.raises(TransitionRefused):
        escalation.undo(desk.alice)

    escalation.refresh_from_db()
    assert escalation.status == "decided"


def test_a_withdrawn_result_ends_the_run(desk: Desk) -> None:
    run = desk.run(DOUBTFUL)

    desk.waits_for(run).withdraw()

    assert (desk.wake(run).state, run.result) == (Run.State.STOPPED, None)


def test_an_expired_result_ends_the_run_with_its_timeout_exit(desk: Desk) -> None:
    run = desk.run(DOUBTFUL)
    escalation = desk.waits_for(run)
    handler = {"handler": "default", "output": "We will call you."}
    overdue = type(escalation).objects.filter(pk=escalation.pk)
    overdue.update(deadline_at=escalation.raised_at, on_timeout=handler)
    escalation.refresh_from_db()

    escalation.expire()

    run = desk.wake(run)
    assert (run.state, run.result) == (Run.State.FINISHED, "We will call you.")
    assert run.detail.startswith("Nobody decided in time: the safe default")


def test_an_expired_result_without_an_exit_ends_the_run_without_a_result(desk: Desk) -> None:
    run = desk.run(DOUBTFUL)
    escalation = desk.waits_for(run)
    type(escalation).objects.filter(pk=escalation.pk).update(deadline_at=escalation.raised_at)
    escalation.refresh_from_db()

    escalation.expire()

    run = desk.wake(run)
    assert (run.state, run.detail) == (Run.State.STOPPED, "Nobody decided in time.")


def test_a_step_that_nobody_kept_leaves_its_question_in_the_transcript(desk: Desk, shop: Shop) -> None:
    run = desk.run(Reply.calls("look_up", order="7"), Fault("polite_eof"), answers())

    roles = [message["role"] for message in messages(run.steps.all())]
    assert roles == ["user", "assistant", "user", "assistant"]
    assert_only_added_to(desk, run)
