"""A program that runs an agent itself goes on with the run when a human has answered."""

from __future__ import annotations

import pytest

from agents import Agent
from agents.llm.local.replies import Reply
from agents.models import Run
from agents.run.runner import advance
from agents.tasks import sweep_runs
from escalation.queue.models import Escalation
from tests.agents.conftest import Desk
from tests.agents.shop import Shop, answers
from tests.agents.test_patterns import dictate

pytestmark = pytest.mark.django_db

REFUND = Reply.calls("refund", order="7", euros=80)


@pytest.fixture
def agent(shop: Shop) -> Agent:
    return Agent(model="claude-sonnet-4-6", tools=shop.tools())


def test_the_answer_is_taken_up_where_the_run_waited(desk: Desk, shop: Shop, agent: Agent) -> None:
    dictate(desk.api, REFUND, answers("It is paid back.", 90))
    waiting = agent.run("I want my money back.")
    assert waiting.run is not None
    run = Run.objects.get(pk=waiting.run)

    still = agent.resume(waiting.run)
    desk.decide(run, "accept")
    done = agent.resume(waiting.run)

    assert (still.escalation, still.output, still.confidence) == (waiting.escalation, None, 0.0)
    assert (done.output, done.confidence, done.escalation) == ("It is paid back.", 0.9, None)
    assert [euros for _, euros, _ in shop.refunds] == [80]
    assert agent.resume(waiting.run) == done


def test_no_worker_touches_what_only_its_program_can_go_on_with(desk: Desk, shop: Shop, agent: Agent) -> None:
    dictate(desk.api, REFUND, answers())
    waiting = agent.run("I want my money back.")
    assert waiting.run is not None
    run = Run.objects.get(pk=waiting.run)
    desk.decide(run, "accept")

    assert (sweep_runs(), advance(run.pk, run.step), shop.refunds) == (0, None, [])
    assert agent.resume(run.pk).output == "It was sent."


def test_a_named_agent_that_no_worker_knows_is_left_to_its_program(desk: Desk, shop: Shop) -> None:
    agent = Agent(model="claude-sonnet-4-6", tools=shop.tools(), name="in-a-program")
    dictate(desk.api, REFUND, answers())
    waiting = agent.run("I want my money back.")
    assert waiting.run is not None
    run = Run.objects.get(pk=waiting.run)
    desk.decide(run, "accept")

    left = advance(run.pk, run.step)

    assert left is not None
    assert (left.state, left.awaits_answer) == (Run.State.WAITING_HUMAN, True)
    assert agent.resume(run.pk).output == "It was sent."
    assert Escalation.objects.count() == 1


def test_a_run_of_another_agent_is_not_resumed(desk: Desk, shop: Shop, agent: Agent) -> None:
    dictate(desk.api, REFUND)
    waiting = agent.run("I want my money back.")
    assert waiting.run is not None
    other = Agent(model="claude-sonnet-4-6", instructions="Be rude.")

    with pytest.raises(ValueError, match=r"resume what `result\.run` names"):
        other.resume(waiting.run)
    with pytest.raises(ValueError, match="not begun by this agent"):
        agent.resume(desk.begin().pk)
