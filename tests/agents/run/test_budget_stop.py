"""A run at its limit: the final report if it can be paid, else what is stored; never over."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from pytest_django import Settings

from agents import Budget
from agents.llm.local.faults import Entry, Fault
from agents.llm.local.replies import Reply
from agents.models import LedgerEntry, Run
from agents.run.purse import scopes_of, shared_left
from agents.run.resuming import GRANTED
from agents.run.work import Work
from agents.stores.budget import Books, shared_budget
from agents.transcript import BUDGET_SPENT, of_the_budget
from tests.agents.conftest import Desk
from tests.agents.shop import Shop, answers

pytestmark = pytest.mark.django_db

REPORT = answers("Order 7 was sent.", 90, completed=["order 7"], missing=["order 8"])


def limited(shop: Shop, **limits: Any) -> Any:
    return shop.agent(budget=Budget(**limits))


def look_up(order: int) -> Reply:
    return Reply.calls("look_up", order=str(order))


def spent(run: Run) -> int:
    return LedgerEntry.objects.filter(run=run).spent()


@pytest.mark.parametrize(
    ("limits", "used", "detail"),
    [
        ({"turns": 2}, {}, "Stopped after 1 of 2 turns"),
        ({"cost_usd": Decimal("0.0043")}, {"output_tokens": 4_000}, "Stopped at $0.00"),
        ({"tokens": 13_000}, {"input_tokens": 6_000}, "Stopped at 6,0"),
        ({"output_tokens": 3_030}, {}, "Stopped at "),
        ({"tool_calls": 0}, {}, "Stopped at 0 of 0 tool calls after"),
    ],
)
def test_the_run_ends_with_a_report_that_only_reports(
    desk: Desk, shop: Shop, limits: dict[str, Any], used: dict[str, int], detail: str
) -> None:
    first_turn = Reply(look_up(7).blocks, usage=used)

    run = desk.run(first_turn, REPORT, agent=limited(shop, **limits))

    escalation = desk.waits_for(run)
    assert (escalation.reason, escalation.partial) == ("budget_exhausted", True)
    assert (escalation.output, escalation.completed, escalation.missing) == (
        "Order 7 was sent.",
        ["order 7"],
        ["order 8"],
    )
    assert escalation.detail.startswith(detail)
    first, *_, last = desk.asked(run)
    assert (last["tools"], last["tool_choice"]) == (first["tools"], {"type": "none"})
    assert "tool_choice" not in first
    assert "The budget is spent" in last["messages"][-1]["content"][-1]["text"]
    assert run.steps.latest("number").final_report


def test_the_model_is_told_once_that_most_of_the_budget_is_used_and_again_after_a_grant(
    desk: Desk, shop: Shop
) -> None:
    script = [look_up(number) for number in range(10)]
    run = desk.run(*script[:5], REPORT, *script[5:9], answers(), agent=limited(shop, tool_calls=4))

    run = desk.after(run, "continue", grant={"tool_calls": 4})

    said = [body["messages"][-1]["content"][-1].get("text") for body in desk.asked(run)]
    assert [turn for turn, text in enumerate(said) if text] == [0, 4, 5, 6, 9]
    assert said[4] == of_the_budget("4 of 4 tool calls")
    assert said[5:7] == [BUDGET_SPENT, GRANTED]
    assert said[9] == of_the_budget("7 of 8 tool calls")


def test_the_clock_ends_the_work_too(desk: Desk, shop: Shop) -> None:
    # A turn and a report are not begun with less than 25 s left.
    run = desk.run(REPORT, agent=limited(shop, wall_clock_s=24.0))

    escalation = desk.waits_for(run)
    assert (escalation.partial, escalation.output) == (True, "Order 7 was sent.")
    assert escalation.detail.startswith("Stopped at 0 s of 24 s of work")


def test_the_time_that_tools_take_counts(desk: Desk, shop: Shop) -> None:
    run = desk.run(look_up(7), answers())
    run.tool_calls.update(seconds=100)

    assert Work.on(run).spend().active_s > 100


def test_calls_beyond_the_budget_are_answered_in_order(desk: Desk, shop: Shop) -> None:
    three = look_up(7).and_calls("look_up", order="8").and_calls("look_up", order="9")

    run = desk.run(three, REPORT, agent=limited(shop, tool_calls=2))

    assert shop.looked_up == ["7", "8"]
    results = desk.asked(run)[1]["messages"][-1]["content"][:3]
    assert [result.get("is_error", False) for result in results] == [False, False, True]
    assert results[2]["content"] == "Not run: the budget for tool calls is spent."
    assert desk.waits_for(run).partial


def test_without_money_for_a_report_the_result_is_put_together_from_what_is_stored(
    desk: Desk, shop: Shop
) -> None:
    huge = Reply(look_up(7).blocks, usage={"output_tokens": 100_000})

    run = desk.run(huge, agent=limited(shop, cost_usd=Decimal("0.01")))

    escalation = desk.waits_for(run)
    assert (escalation.partial, escalation.output) == (
        True,
        [{"tool": "look_up", "answer": {"state": "sent"}}],
    )
    assert (escalation.completed, escalation.missing) == (
        ["look_up(order='7') answered"],
        ["the rest of the work, and a report of it"],
    )
    assert [evidence["title"] for evidence in escalation.evidence] == ["look_up(order='7')"]
    assert len(desk.asked(run)) == 1


@pytest.mark.parametrize(
    "trouble",
    [
        Fault("overloaded"),
        Fault("polite_eof"),
        Fault("rate_limited", retry_after_s=1),
        Reply(stop_reason="refusal"),
        look_up(8),
        Reply.says("no JSON"),
        Reply.says("word " * 9000),
    ],
)
def test_a_report_that_fails_is_not_asked_for_again(desk: Desk, shop: Shop, trouble: Entry) -> None:
    run = desk.run(look_up(7), trouble, agent=limited(shop, turns=2))

    escalation = desk.waits_for(run)
    assert (escalation.partial, escalation.reason) == (True, "budget_exhausted")
    assert escalation.output
    assert (len(desk.asked(run)), shop.looked_up) == (2, ["7"])


def test_what_a_cut_answer_may_have_cost_is_charged(desk: Desk, shop: Shop) -> None:
    run = desk.run(Fault("polite_eof"), answers())

    cut = run.steps.get(number=0)
    reserved = LedgerEntry.objects.get(run=run, step=0, kind="reserved")
    assert (cut.micro_usd, cut.usage["output_tokens"]) == (reserved.micro_usd, 4096)


@pytest.mark.parametrize("cost_usd", ["0.0005", "0.001", "0.002", "0.004", "0.006", "0.02"])
def test_no_budget_is_ever_exceeded_and_the_ledger_agrees(desk: Desk, shop: Shop, cost_usd: str) -> None:
    shop.answer = "a long answer " * 1000
    script: list[Entry] = [look_up(number) for number in range(12)]

    run = desk.run(*script, answers(), agent=limited(shop, cost_usd=Decimal(cost_usd)))

    assert run.state in (Run.State.WAITING_HUMAN, Run.State.FINISHED)
    assert spent(run) <= Decimal(cost_usd) * 1_000_000
    assert spent(run) == sum(step.micro_usd for step in run.steps.all())
    budget = Budget.from_mapping(run.budget)
    if run.steps.exists():
        account = shared_budget(lambda scope: Books(-1)).account(
            scopes_of(run, budget, run.created_at)[0].key
        )
        assert (account.spent_micro_usd, account.held_micro_usd) == (spent(run), 0)


@pytest.mark.parametrize("limit", [3_000, 8_000, 16_000, 40_000])
def test_no_token_budget_is_ever_exceeded(desk: Desk, shop: Shop, limit: int) -> None:
    script: list[Entry] = [look_up(number) for number in range(12)]

    run = desk.run(*script, answers(), agent=limited(shop, tokens=limit))

    assert Work.on(run).spend().tokens <= limit


def test_the_day_s_budget_is_shared(desk: Desk, shop: Shop, settings: Settings) -> None:
    settings.DAILY_BUDGET_USD = 0.0001

    run = desk.run(answers())

    escalation = desk.waits_for(run)
    assert (escalation.partial, desk.asked(run)) == (True, [])
    assert "shared with other runs has only $0.0001 left" in escalation.detail


def test_a_long_answer_of_a_tool_is_cut_for_the_model_and_kept_for_the_reviewer(
    desk: Desk, shop: Shop
) -> None:
    shop.answer = "x" * 100_000

    run = desk.run(look_up(7).and_calls("look_up", order="8"), answers())

    shown = [block["content"] for block in desk.asked(run)[1]["messages"][-1]["content"]]
    assert [len(text) for text in shown] == [6_000, 6_000]
    assert shown[0].endswith("[cut here: the answer is longer than a turn may show]")
    assert len(run.tool_calls.earliest("id").output) == 100_000


def test_while_redis_is_down_no_call_is_made_and_the_run_waits(
    desk: Desk, shop: Shop, settings: Settings
) -> None:
    run = desk.begin(answers())
    redis_url, settings.REDIS_URL = settings.REDIS_URL, "unix:///nowhere/redis.sock"

    run = desk.go_on(run)

    assert (run.state, desk.asked(run)) == (Run.State.WAITING_UPSTREAM, [])
    assert "the budget cannot be checked" in run.detail
    settings.REDIS_URL = redis_url
    Run.objects.filter(pk=run.pk).update(wake_at=run.created_at)
    assert desk.wake(run).state == Run.State.FINISHED


def test_redis_that_forgot_everything_is_told_by_the_ledger(desk: Desk, redis_client: Any) -> None:
    run = desk.run(answers())
    budget = Budget.from_mapping(run.budget)
    before = shared_left(run, budget)
    redis_client.flushdb()

    assert shared_left(run, budget) == before == 50_000_000 - spent(run)
