"""Each way in which a model can answer leads to its exit."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from agents import Budget
from agents.llm.local.faults import Fault
from agents.llm.local.replies import Reply, tool_use
from agents.llm.pricing import price_of
from agents.llm.turn import Usage
from agents.models import LedgerEntry, Run, ToolCall
from agents.run import upstream
from agents.run.runner import advance
from tests.agents.conftest import Desk
from tests.agents.shop import Shop, answers

pytestmark = pytest.mark.django_db


def test_a_confident_answer_is_accepted(desk: Desk) -> None:
    run = desk.run(answers("It was sent.", 90))

    assert (run.state, run.result, run.step) == (Run.State.FINISHED, "It was sent.", 1)
    assert run.outcome is not None
    assert (run.outcome.exit, run.outcome.confidence, run.escalation) == ("accepted", 0.9, None)
    assert run.ended_at is not None


def test_what_tools_answered_is_before_the_model_when_it_answers(desk: Desk, shop: Shop) -> None:
    shop.answer = {"state": "sent", "carrier": "DHL"}

    run = desk.run(Reply.calls("look_up", order="7"), answers())

    result = desk.asked(run)[1]["messages"][2]["content"][0]
    assert (result["type"], result["content"]) == ("tool_result", '{"state": "sent", "carrier": "DHL"}')
    assert shop.looked_up == ["7"]
    assert [step.stop_reason for step in run.steps.all()] == ["tool_use", "end_turn"]


def test_a_turn_reads_from_the_cache_what_the_one_before_wrote_and_is_billed_for_that(
    desk: Desk, shop: Shop
) -> None:
    agent = shop.agent(instructions="You answer customers with care. " * 400)

    run = desk.run(Reply.calls("look_up", order="7"), answers(), agent=agent)

    first, second = run.steps.all()
    wrote, read = first.usage["cache_write_tokens"], second.usage["cache_read_tokens"]
    assert wrote == read > 3000
    assert LedgerEntry.objects.get(run=run, kind="settled", step=1).usage == second.usage
    price = price_of(run.model)
    assert price is not None
    plain = second.usage["input_tokens"] - read - second.usage["cache_write_tokens"]
    billed = Usage(plain, second.usage["output_tokens"], read, second.usage["cache_write_tokens"])
    assert second.micro_usd == price.cost(billed) < first.micro_usd / 3


def test_what_is_asked_once_is_not_put_into_the_cache(desk: Desk, shop: Shop) -> None:
    alone = shop.agent(name="no-tools", tools=[])
    reported = shop.agent(budget=Budget(turns=2))

    without_tools = desk.run(answers(), agent=alone)
    with_report = desk.run(Reply.calls("look_up", order="7"), answers(), agent=reported)

    assert ["cache_control" in body for body in desk.asked(without_tools)] == [False]
    assert ["cache_control" in body for body in desk.asked(with_report)] == [True, False]


@pytest.mark.parametrize(
    ("reply", "reason", "confidence"),
    [
        (answers(confidence=60), "low_confidence", 0.6),
        (answers(confidence=170), "no_confidence", None),
        (answers(confidence=-5), "no_confidence", None),
        (answers(confidence="90"), "no_confidence", None),
        (answers(confidence=1.7), "no_confidence", None),
        (answers(confidence=90.5), "no_confidence", None),
        (answers(confidence=True), "no_confidence", None),
        (answers(confidence=None), "no_confidence", None),
        (Reply.answers(answer="It was sent."), "no_confidence", None),
        (answers(output=7), "output_invalid", None),
        (Reply.says("It was sent."), "output_invalid", None),
        (Reply.says('{"answer": "It was'), "output_invalid", None),
        (Reply.answers(confidence=90), "output_invalid", None),
        (Reply(), "output_invalid", None),
        (Reply(stop_reason="refusal", stop_details={"category": "cyber"}), "model_refused", None),
        (replace(Reply.says("Half of it"), stop_reason="refusal"), "model_refused", None),
        (answers(evidence=["toolu_nobody"]), "evidence_missing", 0.9),
        (Reply(stop_reason="a_new_one"), "error", None),
        (Reply(stop_reason="pause_turn"), "error", None),
        (replace(answers(), stop_reason="stop_sequence"), "error", None),
        (replace(answers(), stop_reason="compaction"), "error", None),
        (Reply(stop_reason="tool_use"), "error", None),
    ],
)
def test_an_answer_that_cannot_be_relied_on_waits_for_a_human(
    desk: Desk, reply: Reply, reason: str, confidence: float | None
) -> None:
    run = desk.run(reply)

    escalation = desk.waits_for(run)
    assert (escalation.reason, escalation.confidence, escalation.partial) == (reason, confidence, False)
    assert escalation.detail
    assert len(desk.asked(run)) == 1


def test_a_refusal_says_its_category(desk: Desk) -> None:
    run = desk.run(Reply(stop_reason="refusal", stop_details={"type": "refusal", "category": "cyber"}))

    assert desk.waits_for(run).detail == "The model refused (cyber)."


@pytest.mark.parametrize("kind", ["polite_eof", "reset", "error_event"])
def test_an_answer_cut_once_is_asked_for_again(desk: Desk, kind: str) -> None:
    run = desk.run(Fault(kind), answers())

    assert run.state == Run.State.FINISHED
    first, second = run.steps.all()
    assert (bool(first.cut), first.kept, second.cut, second.kept) == (True, False, "", True)
    assert [m["role"] for m in desk.asked(run)[1]["messages"]] == ["user"]


@pytest.mark.parametrize("kind", ["polite_eof", "reset", "error_event"])
def test_an_answer_cut_twice_is_partial_with_its_text_kept(desk: Desk, kind: str) -> None:
    run = desk.run(Fault(kind, times=2))

    escalation = desk.waits_for(run)
    assert (escalation.partial, escalation.reason) == (True, "output_invalid")
    assert str(escalation.output).startswith('{"answer": ')
    assert escalation.missing == ["the rest of the work, and a report of it"]
    assert len(desk.asked(run)) == 2


def test_a_stream_of_nothing_but_pings_ends_the_run_at_its_deadline(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upstream, "LONGEST_CALL_S", 0.5)
    run = desk.begin(Fault("ping_only", times=2, seconds=90))
    begun = time.monotonic()

    run = desk.go_on(run)

    assert time.monotonic() - begun < 60
    assert (desk.waits_for(run).partial, [step.cut for step in run.steps.all()]) == (True, ["deadline"] * 2)


def test_an_answer_that_is_too_long_is_partial(desk: Desk) -> None:
    run = desk.run(Reply.says("It was sent. " * 3000))

    escalation = desk.waits_for(run)
    assert (escalation.partial, escalation.reason) == (True, "output_invalid")
    assert str(escalation.output).startswith("It was sent. It was sent.")


def test_a_full_context_window_is_partial(desk: Desk) -> None:
    run = desk.run(replace(Reply.says("It was sent."), stop_reason="model_context_window_exceeded"))

    assert desk.waits_for(run).partial


def test_a_truncated_tool_call_is_not_run(desk: Desk, shop: Shop) -> None:
    run = desk.run(Fault("truncated_call"))

    assert desk.waits_for(run).partial
    assert (shop.looked_up, ToolCall.objects.count()) == ([], 0)


def test_after_a_truncated_tool_call_the_run_can_go_on(desk: Desk, shop: Shop) -> None:
    run = desk.run(Fault("truncated_call"), answers())

    run = desk.after(run, "continue", grant={"turns": 3})

    assert (run.state, run.result) == (Run.State.FINISHED, "It was sent.")


def test_a_tool_call_in_an_answer_that_did_not_stop_for_it_is_not_run(desk: Desk, shop: Shop) -> None:
    run = desk.run(Reply((tool_use("look_up", {"order": "7"}),), stop_reason="end_turn"), answers())

    assert (desk.waits_for(run).reason, shop.looked_up) == ("output_invalid", [])
    assert desk.after(run, "retry", note="In words, please.").state == Run.State.FINISHED


def test_without_a_price_no_call_is_made(desk: Desk, shop: Shop) -> None:
    run = desk.run(agent=shop.agent(model="claude-nobody-knows-1"))

    escalation = desk.waits_for(run)
    assert (escalation.reason, desk.asked(run)) == ("error", [])
    assert escalation.detail == "No price is known for claude-nobody-knows-1, so no call is made."


def test_a_run_that_is_over_is_not_advanced(desk: Desk) -> None:
    run = desk.run(answers())

    assert advance(run.pk, run.step) is None


@pytest.mark.parametrize("words", ["a \x00 in it", "half a \ud83d pair"])
def test_characters_that_the_database_refuses_do_not_lose_a_result(desk: Desk, words: str) -> None:
    run = desk.run(answers(output=words, confidence=90))

    assert run.state == Run.State.FINISHED
    assert run.result == words.replace("\x00", "\ufffd").replace("\ud83d", "\ufffd")


def test_a_task_with_characters_that_the_database_refuses_is_worked_on(desk: Desk) -> None:
    run = desk.run(answers(), task={"message": "a \x00 in it", "weight": float("nan")})

    assert (run.state, run.task) == (Run.State.FINISHED, {"message": "a \ufffd in it", "weight": None})


def test_an_empty_task_is_worked_on(desk: Desk) -> None:
    run = desk.run(answers(), task=" ")

    assert run.state == Run.State.FINISHED
