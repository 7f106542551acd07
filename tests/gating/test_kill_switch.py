"""One agent, one gate, or everything stops at once; a live agent that is not ready any more falls back."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils.timezone import now
from pytest_django import Settings

from escalation.delivery.models import Delivery, Endpoint
from escalation.gating.models import Agent, AgentEvent, Gate, Outcome, Result
from escalation.gating.tasks import look_after_agents
from escalation.invariants import all_invariants
from tests.cast import rehearsed

SURE = Result("task", {"reply": "Soon."}, 0.99)


@pytest.mark.parametrize("what", [["support-triage"], ["support-triage/default"], ["--everything"]])
def test_the_command_stops_it_with_a_name_and_a_reason(what: list[str], gate: Gate, olga: User) -> None:
    call_command("pause", *what, "--reason=it promises refunds", "--by=olga", stdout=None)

    outcome, _ = Outcome.objects.pass_gate("support-triage", "default", SURE)
    event = AgentEvent.objects.last()
    assert (outcome.exit, outcome.reason) == ("human", "not_live")
    assert event is not None
    assert (event.state, event.actor, event.note) == ("paused", olga, "it promises refunds")
    assert [rule.sentence for rule in all_invariants() if rule.breaches()] == []


@pytest.mark.parametrize("what", ["nobody", "support-triage/nowhere"])
def test_what_is_not_there_cannot_be_stopped(what: str, gate: Gate) -> None:
    with pytest.raises(CommandError, match="There is no"):
        call_command("pause", what, "--reason=why not")


def test_the_pause_of_a_gate_is_told(gate: Gate, olga: User) -> None:
    Endpoint.objects.create(agent=gate.agent, url="https://203.0.113.7/hook", events=["agent.paused"])

    gate.pause(olga, "it promises refunds")

    payload = Delivery.objects.get().payload
    assert (payload["agent"], payload["gate"], payload["note"]) == (
        "support-triage",
        "default",
        "it promises refunds",
    )


def test_a_live_agent_with_stale_drills_is_warned_and_then_falls_back(gate: Gate, settings: Settings) -> None:
    gate.adopt(author=None, reason="other terms", threshold=0.5)

    assert look_after_agents() == 0
    warned = Agent.objects.get()
    assert (warned.is_live, warned.falls_back_at) == (
        True,
        (warned.unready_since or now()) + settings.DRILL_GRACE,
    )
    Agent.objects.update(unready_since=now() - settings.DRILL_GRACE - timedelta(seconds=1))
    assert look_after_agents() == 1

    agent = Agent.objects.get()
    event = agent.events.last()
    assert event is not None
    assert agent.state == "draft"
    assert "its drill was of another policy or code version" in event.note


def test_what_is_mended_in_time_is_forgotten(gate: Gate) -> None:
    gate.adopt(author=None, reason="other terms", threshold=0.5)
    look_after_agents()
    rehearsed(gate)

    look_after_agents()

    agent = Agent.objects.get()
    assert (agent.is_live, agent.unready_since) == (True, None)
