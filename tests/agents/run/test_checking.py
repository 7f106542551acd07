"""An answer that is doubted: asked for again, or shown to a critic. Its confidence is the least of all."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from agents import Agent, Budget, Critic
from agents.llm.local.faults import Entry, Fault
from agents.llm.local.replies import Reply
from agents.models import LedgerEntry, Run, Step
from agents.run.runner import advance
from agents.run.upstream import PAUSES_S
from agents.stores.breaker import shared_breakers
from agents.tasks import advance_run
from agents.transcript import chain
from escalation.gating.models.policy import all_to_a_human
from tests.agents.conftest import Desk
from tests.agents.night_shift import night_watch
from tests.agents.programs import environment, programs_in_the_database, step_elsewhere, wait_until
from tests.agents.shop import Shop, answers

pytestmark = pytest.mark.django_db

LOOK_UP = Reply.calls("look_up", order="7").thinks("Look.")


def opinion(confidence: Any, reason: str = "It names no date.") -> Reply:
    return Reply.answers(reason=reason, confidence=confidence)


def doubted(shop: Shop, **terms: Any) -> Agent:
    return shop.agent(critic=Critic(), **terms)


def sampled(shop: Shop, **terms: Any) -> Agent:
    return shop.agent(samples=3, **terms)


@pytest.mark.parametrize(
    ("stated", "given", "reason", "confidence"),
    [
        (90, 85, None, 0.85),
        (90, 60, "low_confidence", 0.6),
        (60, 100, "low_confidence", 0.6),
        (90, 0, "low_confidence", 0.0),
    ],
)
def test_a_critic_can_lower_the_confidence_and_never_raise_it(
    desk: Desk, shop: Shop, stated: int, given: int, reason: str | None, confidence: float
) -> None:
    run = desk.run(answers(confidence=stated), opinion(given), agent=doubted(shop))

    assert run.outcome is not None
    assert (run.outcome.reason or None, run.outcome.confidence) == (reason, confidence)
    assert (
        run.outcome.detail == f"The model states {stated}%; the critic gives it {given}%: It names no date."
    )


def test_a_critic_sees_what_was_asked_found_and_answered_and_not_what_was_stated(
    desk: Desk, shop: Shop
) -> None:
    agent = shop.agent(critic=Critic(instructions="Dates matter.", model="claude-sonnet-5-5"))

    run = desk.run(LOOK_UP, answers(confidence=85), opinion(90), agent=agent)

    asked = desk.asked(run)[2]
    assert json.loads(asked["messages"][0]["content"][0]["text"]) == {
        "instructions": "You answer customers.",
        "task": "Where is it?",
        "evidence": [{"call": "look_up", "arguments": {"order": "7"}, "answered": '{"state": "sent"}'}],
        "answer": "It was sent.",
    }
    assert asked["system"].endswith("\n\nDates matter.")
    assert (asked["model"], "tools" in asked, len(asked["messages"])) == ("claude-sonnet-5-5", False, 1)
    assert "85" not in json.dumps(asked["messages"])


def test_a_critic_is_a_step_of_its_own_paid_at_its_model_s_price(desk: Desk, shop: Shop) -> None:
    agent = shop.agent(critic=Critic(model="claude-opus-5-5"))

    run = desk.run(answers(), opinion(90), agent=agent)

    answer, critic = run.steps.all()
    assert (critic.aside, critic.kept, critic.chain) == ("critic", False, answer.chain)
    assert critic.micro_usd > answer.micro_usd
    ledger = LedgerEntry.objects.filter(run=run, step=1)
    assert [(entry.kind, entry.model) for entry in ledger.order_by("id")] == [
        ("reserved", "claude-opus-5-5"),
        ("settled", "claude-opus-5-5"),
    ]
    assert run.outcome is not None
    assert run.outcome.usage["turns"] == 2


def test_the_reviewer_sees_what_the_critic_said(desk: Desk, shop: Shop) -> None:
    run = desk.run(answers(), opinion(20), agent=doubted(shop, samples=2))

    lines = [(line["kind"], line["name"]) for line in desk.waits_for(run).trace]
    assert lines[0] == ("model", "turn 1")
    assert lines[1:] == [("model", "the same question again"), ("critic", "what is wrong with the answer")]


@pytest.mark.parametrize(
    ("others", "confidence"),
    [
        ([answers(), answers(confidence=5)], 0.9),
        ([answers(), answers("It is lost.")], 2 / 3),
        ([answers("It is lost."), answers("It is lost.")], 1 / 3),
        ([Reply(stop_reason="refusal"), answers()], 2 / 3),
        ([Fault("polite_eof"), answers()], 2 / 3),
        ([Reply.says("no JSON"), answers()], 2 / 3),
        ([Reply.calls("look_up", order="7"), answers()], 2 / 3),
        ([Fault("truncated_call"), Reply(stop_reason="a_new_one")], 1 / 3),
    ],
)
def test_the_confidence_is_at_most_the_share_of_answers_that_agree(
    desk: Desk, shop: Shop, others: list[Entry], confidence: float
) -> None:
    run = desk.run(answers(), *others, agent=sampled(shop))

    assert run.outcome is not None
    assert run.outcome.confidence == confidence
    assert len(desk.asked(run)) == 3
    assert shop.looked_up == []


def test_a_sample_is_asked_what_the_answer_was_asked_and_may_not_act(desk: Desk, shop: Shop) -> None:
    run = desk.run(LOOK_UP, answers(), answers(), answers(), agent=sampled(shop))

    _, asked, *again = desk.asked(run)
    for sample in again:
        assert sample["tool_choice"] == {"type": "none"}
        assert {name: sample[name] for name in ("system", "tools", "messages")} == {
            name: asked[name] for name in ("system", "tools", "messages")
        }


def test_answers_agree_on_the_fields_that_matter(desk: Desk, shop: Shop) -> None:
    fields = {"topic": {"type": "string"}, "reply": {"type": "string"}}
    output = {
        "type": "object",
        "additionalProperties": False,
        "required": ["topic", "reply"],
        "properties": fields,
    }
    agent = sampled(shop, output=output, agree_on=["topic"])
    said = [{"reply": "Hello.", "topic": "order"}, {"topic": "order", "reply": "Good day."}]

    run = desk.run(answers(said[0]), answers(said[1]), answers({"topic": "cash", "reply": ""}), agent=agent)

    assert run.outcome is not None
    assert run.outcome.confidence == 2 / 3
    assert run.outcome.output == said[0]


@pytest.mark.parametrize(
    "trouble",
    [
        Reply(stop_reason="refusal"),
        Fault("polite_eof"),
        Fault("reset"),
        Reply.says("90"),
        opinion(170),
        opinion("90"),
        Reply.answers(reason="Fine."),
        Reply.says("word " * 9000),
        Fault("spend_limit"),
        Fault("rate_limited", retry_after_s=7200),
    ],
)
def test_a_critic_that_gives_no_opinion_leaves_no_confidence(desk: Desk, shop: Shop, trouble: Entry) -> None:
    run = desk.run(answers(), trouble, agent=doubted(shop))

    escalation = desk.waits_for(run)
    assert (escalation.reason, escalation.confidence) == ("no_confidence", None)
    assert (escalation.output, escalation.partial) == ("It was sent.", False)
    assert "the critic gave no opinion" in escalation.detail or "was not checked" in escalation.detail
    assert len(desk.asked(run)) == 2


def test_a_check_waits_for_the_api_as_a_turn_does(desk: Desk, shop: Shop) -> None:
    run = desk.run(answers(), Fault("overloaded"), opinion(80), agent=doubted(shop))
    assert (run.state, run.step, run.steps.count()) == (Run.State.WAITING_UPSTREAM, 1, 1)
    Run.objects.filter(pk=run.pk).update(wake_at=run.created_at)

    run = desk.wake(run)

    assert (run.state, run.steps.count(), run.upstream_failures) == (Run.State.FINISHED, 2, 0)


def test_when_patience_ends_the_answer_is_not_lost(desk: Desk, shop: Shop) -> None:
    agent = shop.agent(critic=Critic(model="claude-opus-5-5"))
    run = desk.begin(answers(), agent=agent)
    run = advance(run.pk, 0) or run
    shared_breakers().force_open("model:claude-opus-5-5")
    Run.objects.filter(pk=run.pk).update(upstream_failures=len(PAUSES_S))

    run = desk.go_on(run)

    assert (desk.waits_for(run).reason, desk.waits_for(run).output) == ("no_confidence", "It was sent.")
    assert desk.waits_for(run).detail.endswith("not checked: the circuit to the model's API is open.")


def test_without_a_price_the_critic_is_not_asked(desk: Desk, shop: Shop) -> None:
    run = desk.run(answers(), agent=shop.agent(critic=Critic(model="claude-nobody-knows-1")))

    assert desk.waits_for(run).reason == "no_confidence"
    assert "no price is known for claude-nobody-knows-1" in desk.waits_for(run).detail


@pytest.mark.parametrize(
    ("limits", "calls"), [({"turns": 2}, 2), ({"output_tokens": 7_000}, 2), ({"cost_usd": "0.0035"}, 2)]
)
def test_a_budget_that_does_not_hold_the_checks_leaves_no_confidence(
    desk: Desk, shop: Shop, limits: dict[str, Any], calls: int
) -> None:
    used = {"output_tokens": 2_500}
    said = [Reply(answers().blocks, usage=used) for _ in range(3)]
    agent = sampled(shop, budget=Budget(**limits))

    run = desk.run(*said, agent=agent)

    escalation = desk.waits_for(run)
    assert (escalation.reason, escalation.confidence) == ("no_confidence", None)
    assert escalation.detail.startswith("The model's confidence was not checked: the budget does not hold it")
    assert len(desk.asked(run)) == calls


@pytest.mark.parametrize("cost_usd", ["0.002", "0.003", "0.004", "0.006", "0.01", "0.02"])
def test_no_budget_is_exceeded_by_asking_again(desk: Desk, shop: Shop, cost_usd: str) -> None:
    agent = sampled(shop, critic=Critic(model="claude-sonnet-5-5"), budget=Budget(cost_usd=Decimal(cost_usd)))

    run = desk.run(LOOK_UP, answers(), answers(), answers(), opinion(80), agent=agent)

    spent = LedgerEntry.objects.filter(run=run).spent()
    assert spent <= Decimal(cost_usd) * 1_000_000
    assert spent == sum(step.micro_usd for step in run.steps.all())
    assert run.state in (Run.State.FINISHED, Run.State.WAITING_HUMAN)


def test_while_redis_is_down_nothing_is_asked_and_the_run_waits(
    desk: Desk, shop: Shop, settings: Settings
) -> None:
    run = desk.begin(answers(), opinion(80), agent=doubted(shop))
    run = advance(run.pk, 0) or run
    redis_url, settings.REDIS_URL = settings.REDIS_URL, "unix:///nowhere/redis.sock"

    run = desk.go_on(run)

    settings.REDIS_URL = redis_url
    assert (run.state, len(desk.asked(run))) == (Run.State.WAITING_UPSTREAM, 1)
    assert "the budget cannot be checked" in run.detail


@pytest.mark.parametrize(
    "reply",
    [answers(confidence=None), answers(evidence=["toolu_nobody"]), Reply.says("no JSON"), answers(output=7)],
)
def test_what_goes_to_a_human_anyway_is_not_asked_about(desk: Desk, shop: Shop, reply: Reply) -> None:
    run = desk.run(reply, agent=sampled(shop, critic=Critic()))

    assert desk.waits_for(run).confidence is None
    assert len(desk.asked(run)) == 1


def test_a_partial_result_is_not_asked_about(desk: Desk, shop: Shop) -> None:
    run = desk.run(LOOK_UP, answers(), agent=doubted(shop, budget=Budget(turns=2)))

    assert desk.waits_for(run).partial
    assert len(desk.asked(run)) == 2


def test_a_new_answer_is_doubted_anew_and_the_transcript_knows_of_none_of_it(desk: Desk, shop: Shop) -> None:
    agent = doubted(shop, samples=2)
    script = [LOOK_UP, answers(confidence=60), answers(), opinion(55), answers(), answers(), opinion(95)]
    run = desk.run(*script, agent=agent)
    assert desk.waits_for(run).confidence == 0.55

    run = desk.after(run, "retry", note="Look at the date.")

    assert (run.state, run.steps.count()) == (Run.State.FINISHED, 7)
    assert run.outcome is not None
    assert run.outcome.confidence == 0.9
    turns = [asked for asked in desk.asked(run) if asked.get("tools") and "tool_choice" not in asked]
    assert [len(asked["messages"]) for asked in turns] == [1, 3, 5]
    assert turns[2]["messages"][:3] == turns[1]["messages"]
    critic_s = json.loads(desk.asked(run)[-1]["messages"][0]["content"][0]["text"])
    assert critic_s["task"].endswith("asks you to try again: Look at the date.")
    said = ""
    for step in run.steps.filter(aside=""):
        said = chain(said, step.sent, step.content if step.kept else [])
        assert step.chain == said


def test_it_goes_on_with_the_critic_that_was_pinned(desk: Desk, shop: Shop) -> None:
    run = desk.begin(answers(), opinion(80), agent=doubted(shop))
    run = advance(run.pk, 0) or run
    pinned = run.prompt["critic"]["system"]

    run = advance(run.pk, 1, shop.agent(critic=Critic(instructions="Be kind."))) or run

    assert (run.state, desk.asked(run)[1]["system"]) == (Run.State.FINISHED, pinned)


def test_the_same_message_three_times_is_one_opinion(desk: Desk, shop: Shop) -> None:
    run = desk.begin(answers(), opinion(80), opinion(10), agent=doubted(shop))

    for step in (0, 0, 1, 1, 1):
        advance_run(run.pk, step)

    run.refresh_from_db()
    assert run.outcome is not None
    assert (run.outcome.confidence, len(desk.asked(run))) == (0.8, 2)


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_after_the_opinion_leaves_the_answer_and_the_bill(desk: Desk, tmp_path: Path) -> None:
    run = desk.begin(answers(), opinion(5), opinion(5), agent=night_watch)
    desk.employ(night_watch, exits=all_to_a_human() | {"low_confidence": ["rule:night-shift-dies", "human"]})
    run = advance(run.pk, 0) or run

    died = step_elsewhere(run.pk, 1, environment(desk.api, tmp_path / "log", NIGHT_SHIFT_DIES_IN="gate"))

    assert (died, [step.aside for step in run.steps.all()]) == (-9, [""])
    wait_until(lambda: not programs_in_the_database())
    Run.objects.filter(pk=run.pk).update(lease_until=run.created_at)
    run = desk.go_on(run)
    assert (desk.waits_for(run).confidence, run.steps.count()) == (0.05, 2)
    first, second = (asked["messages"] for asked in desk.asked(run)[1:])
    assert first == second
    opinions = Step.objects.get(run=run, aside="critic").micro_usd * 2
    assert LedgerEntry.objects.filter(run=run).spent() == run.steps.get(number=0).micro_usd + opinions


def test_a_program_that_compares_for_itself_gets_the_checked_number(desk: Desk, shop: Shop) -> None:
    agent = Agent(model="claude-haiku-5-5", tools=shop.tools()[:1], critic=Critic(), samples=2)

    result = agent.run("Where is order 7?")

    assert [line["name"] for line in result.trace][-2:] == [
        "the same question again",
        "what is wrong with the answer",
    ]
    assert "2 of 2 answers agree" in result.detail
    assert result.confidence == min(map(int, re.findall(r"(\d+)%", result.detail))) / 100
