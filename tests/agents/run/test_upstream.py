"""When the model's API fails: wait without a worker, go on, and know when patience ends."""

from __future__ import annotations

import time
from functools import partial

import pytest
from pytest_django import Settings

from agents import Agent
from agents.llm.local.faults import Fault
from agents.models import LedgerEntry, Run
from agents.run.runner import advance
from agents.run.upstream import PAUSES_S, POLICY
from agents.stores.breaker import Refused, shared_breakers
from tests.agents.conftest import Desk, Meanwhile
from tests.agents.shop import Shop, answers

pytestmark = pytest.mark.django_db


def wake_up_call(run: Run) -> Run:
    """Let the time be over for which the run waits."""
    Run.objects.filter(pk=run.pk).update(wake_at=run.created_at)
    return advance(run.pk, run.step) or run


@pytest.mark.parametrize("kind", ["overloaded", "rate_limited", "internal_error"])
def test_a_passing_error_is_waited_for_without_a_worker(desk: Desk, kind: str) -> None:
    run = desk.run(Fault(kind), answers())

    assert (run.state, run.lease_until, run.upstream_failures) == (Run.State.WAITING_UPSTREAM, None, 1)
    assert run.wake_at is not None
    assert PAUSES_S[0] <= (run.wake_at - run.created_at).total_seconds() < PAUSES_S[0] + 60
    assert advance(run.pk, run.step) is None


def test_afterwards_the_same_step_goes_on(desk: Desk) -> None:
    run = desk.run(Fault("overloaded", times=2), answers())

    run = wake_up_call(wake_up_call(run))

    assert (run.state, run.result, run.upstream_failures) == (Run.State.FINISHED, "It was sent.", 0)
    assert run.steps.count() == 1
    assert [request["messages"] for request in desk.asked(run)] == [desk.asked(run)[0]["messages"]] * 3


def test_an_error_before_any_work_costs_nothing_and_is_no_turn(desk: Desk) -> None:
    run = wake_up_call(desk.run(Fault("overloaded"), answers()))

    refused = LedgerEntry.objects.filter(run=run, kind="settled").earliest("id")
    assert (refused.micro_usd, refused.usage, refused.detail) == (0, {}, "overloaded")
    assert run.outcome is not None
    assert run.outcome.usage["turns"] == 1


def test_patience_ends_with_a_human(desk: Desk) -> None:
    run = desk.run(Fault("rate_limited", times=100))
    for _ in PAUSES_S:
        shared_breakers().reset(f"model:{run.model}")
        run = wake_up_call(run)

    escalation = desk.waits_for(run)
    assert (escalation.reason, escalation.partial) == ("model_unavailable", False)
    assert "rate limit" in escalation.detail


def test_a_wish_to_wait_for_hours_is_not_waited_for(desk: Desk) -> None:
    run = desk.begin(Fault("rate_limited", retry_after_s=7200))
    begun = time.monotonic()

    run = desk.go_on(run)

    assert time.monotonic() - begun < 60  # a second, on a machine at rest
    assert desk.waits_for(run).reason == "model_unavailable"
    assert desk.waits_for(run).detail.endswith("(wait 7200 s)")


def test_a_wish_to_wait_for_a_minute_is_heeded(desk: Desk) -> None:
    run = desk.run(Fault("rate_limited", retry_after_s=60))

    assert run.wake_at is not None
    assert 60 <= (run.wake_at - run.created_at).total_seconds() < 120


def test_a_spend_limit_is_not_waited_for(desk: Desk) -> None:
    run = desk.run(Fault("spend_limit"))

    assert desk.waits_for(run).reason == "model_unavailable"


def test_a_request_that_the_api_takes_for_bad_is_not_repeated(desk: Desk, shop: Shop) -> None:
    # It has a price, and the local API does not know it.
    run = desk.run(agent=shop.agent(model="claude-mythos-5-2"))

    assert (desk.waits_for(run).reason, run.steps.count()) == ("model_unavailable", 0)
    assert LedgerEntry.objects.filter(run=run).spent() == 0


def test_without_an_api_to_ask_a_human_is_asked(desk: Desk, settings: Settings) -> None:
    settings.ANTHROPIC_BASE_URL = ""

    run = desk.run()

    assert desk.waits_for(run).reason == "model_unavailable"
    assert "ANTHROPIC_API_KEY" in desk.waits_for(run).detail


def test_an_api_that_nobody_listens_at_is_waited_for_and_costs_nothing(
    desk: Desk, settings: Settings
) -> None:
    settings.ANTHROPIC_BASE_URL = "http://127.0.0.1:9"

    run = desk.run()

    assert run.state == Run.State.WAITING_UPSTREAM
    assert LedgerEntry.objects.filter(run=run).spent() == 0


def test_while_the_circuit_to_the_model_is_open_no_call_is_made(desk: Desk) -> None:
    run = desk.begin(answers())
    shared_breakers().force_open(f"model:{run.model}")

    run = desk.go_on(run)

    assert (run.state, desk.asked(run)) == (Run.State.WAITING_UPSTREAM, [])
    assert run.detail == "the circuit to the model's API is open"


def test_the_circuit_stays_open_for_as_long_as_the_api_asks(desk: Desk) -> None:
    for _ in range(5):
        desk.run(Fault("rate_limited", retry_after_s=200))

    refused = shared_breakers().acquire("model:claude-haiku-5-5", POLICY)

    assert isinstance(refused, Refused)
    assert refused.retry_in_s == pytest.approx(200, abs=60)


def test_five_failures_open_the_circuit_for_all_runs(desk: Desk) -> None:
    for _ in range(5):
        desk.run(Fault("overloaded"))

    other = desk.run(answers())

    assert (other.state, desk.asked(other)) == (Run.State.WAITING_UPSTREAM, [])


def test_a_run_in_this_process_does_not_wait(desk: Desk) -> None:
    shared_breakers().force_open("model:claude-haiku-5-5")

    result = Agent(model="claude-haiku-5-5").run("Where is order 7?")

    assert (result.causes, result.confidence) == (("model_unavailable",), 0.0)


def test_redis_that_dies_during_the_call_does_not_lose_the_answer(desk: Desk, settings: Settings) -> None:
    redis_url = settings.REDIS_URL
    run = desk.begin(Meanwhile(act=partial(setattr, settings, "REDIS_URL", "unix:///nowhere/redis.sock")))

    run = advance(run.pk, run.step) or run

    settings.REDIS_URL = redis_url
    assert run.steps.count() == 1
    assert LedgerEntry.objects.filter(run=run, kind="settled").count() == 1
