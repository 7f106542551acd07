"""A draft agent's results go to a human; a paused agent takes no step."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from agents.llm.local.replies import Reply
from agents.models import Run
from agents.run.running import start_run
from escalation.gating.models import Agent as AgentRow
from tests.agents.conftest import Desk
from tests.agents.shop import Shop, answers

pytestmark = pytest.mark.django_db


def row(run: Run) -> AgentRow:
    return AgentRow.objects.get(slug=run.agent)


@pytest.mark.parametrize("confidence", [100, 5])
def test_every_result_of_a_draft_waits_for_a_human(desk: Desk, shop: Shop, confidence: int) -> None:
    agent = shop.agent()
    desk.employ(agent, live=False)
    run = start_run(agent, "Where is order 7?")
    desk.api.script(f"run-{run.pk}", [answers(confidence=confidence)])

    run = desk.go_on(run)

    assert desk.waits_for(run).reason == "not_live"
    assert run.outcome is not None
    assert run.outcome.confidence == confidence / 100


def test_an_agent_that_nobody_brought_to_life_is_a_draft(desk: Desk, shop: Shop) -> None:
    run = start_run(shop.agent(name="newcomer"), "Where is order 7?")

    assert row(run).state == AgentRow.State.DRAFT


def test_a_paused_agent_s_run_takes_no_step(desk: Desk, olga: User) -> None:
    run = desk.begin(answers())
    row(run).pause(olga, "It answers nonsense.")

    run = desk.go_on(run)

    assert (run.state, run.detail) == (Run.State.WAITING_UPSTREAM, "The agent is paused.")
    assert (desk.asked(run), run.steps.count()) == ([], 0)


def test_pausing_stops_a_run_between_its_steps(desk: Desk, shop: Shop, olga: User) -> None:
    run = desk.begin(Reply.calls("look_up", order="7"), answers())
    shop.meanwhile = lambda: row(run).pause(olga, "Stop.")

    run = desk.go_on(run)

    assert (run.state, len(desk.asked(run))) == (Run.State.WAITING_UPSTREAM, 1)


def test_pausing_in_the_middle_of_a_step_stops_what_would_change_something(
    desk: Desk, shop: Shop, olga: User
) -> None:
    run = desk.begin(Reply.calls("look_up", order="7").and_calls("write_letter", text="Dear"), answers())
    shop.meanwhile = lambda: row(run).pause(olga, "Stop.")

    run = desk.go_on(run)

    assert (run.state, run.detail) == (Run.State.WAITING_UPSTREAM, "The agent is paused.")
    assert (shop.looked_up, shop.letters) == (["7"], [])


def test_a_paused_gate_stops_its_runs(desk: Desk, olga: User) -> None:
    run = desk.begin(answers())
    row(run).gates.get().pause(olga, "It answers nonsense.")

    run = desk.go_on(run)

    assert (run.state, run.detail) == (Run.State.WAITING_UPSTREAM, "The agent is paused.")
    assert desk.asked(run) == []


def test_pausing_stops_an_approved_call(desk: Desk, shop: Shop, olga: User) -> None:
    run = desk.run(Reply.calls("refund", order="7", euros=80), answers())
    desk.decide(run, "accept")
    row(run).pause(olga, "Stop.")

    run = desk.wake(run)

    assert (run.state, shop.refunds) == (Run.State.WAITING_UPSTREAM, [])


def test_afterwards_the_run_goes_on(desk: Desk, shop: Shop, olga: User) -> None:
    run = desk.run(Reply.calls("refund", order="7", euros=80), answers())
    desk.decide(run, "accept")
    row(run).pause(olga, "Stop.")
    desk.wake(run)
    row(run).go_live(olga)
    Run.objects.filter(pk=run.pk).update(wake_at=run.created_at)

    run = desk.wake(run)

    assert (run.state, len(shop.refunds)) == (Run.State.FINISHED, 1)
