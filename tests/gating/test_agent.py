"""An agent goes live when it is ready, and stops at once."""

import pytest
from django.contrib.auth.models import User

from escalation.gating.exceptions import NotReady
from escalation.gating.models import Agent, Gate
from escalation.queue.models import ReviewQueue
from tests.cast import rehearsed


def test_a_new_agent_is_a_draft(db: None) -> None:
    assert not Agent.objects.create(slug="new", name="New").is_live


def test_what_is_missing_keeps_it_from_going_live(olga: User) -> None:
    draft = Agent.objects.create(slug="new", name="New", owner="Olga")
    Gate.objects.create(agent=draft)

    with pytest.raises(NotReady) as refusal:
        draft.go_live(olga)

    assert refusal.value.missing == [
        "no on-call contact is named",
        "gate default has no policy",
        "0 of its failure modes are written, and 3 are the least",
    ]
    assert not draft.events.exists()


def test_ready_it_goes_live_and_the_record_says_who_did_it(olga: User, queue: ReviewQueue) -> None:
    draft = Agent.objects.create(slug="new", name="New", owner="Olga", on_call="olga")
    gate = Gate.objects.create(agent=draft)
    gate.adopt(author=olga, reason="first", threshold=0.5, queue=queue, budget={"turns": 5})
    rehearsed(gate)

    draft.go_live(olga, "ready")

    event = draft.events.get()
    assert Agent.objects.get(pk=draft.pk).is_live
    assert (event.state, event.actor, event.note) == ("live", olga, "ready")


def test_a_pause_is_recorded_with_its_reason(agent: Agent, olga: User) -> None:
    agent.pause(olga, "it promises refunds")

    event = agent.events.last()
    assert event is not None
    assert not Agent.objects.get(pk=agent.pk).is_live
    assert (event.state, event.actor, event.note) == ("paused", olga, "it promises refunds")


def test_a_paused_agent_can_go_live_again(agent: Agent, olga: User) -> None:
    agent.pause(olga, "it promises refunds")

    agent.go_live(olga, "mended")

    assert agent.is_live
