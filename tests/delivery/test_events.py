"""What an endpoint can be told, and who is told what."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from escalation.delivery.models import Delivery, Endpoint
from escalation.delivery.models.endpoint import EVENTS
from escalation.delivery.tasks import send_delivery, sweep_deliveries
from escalation.gating.models import Agent, Gate, Outcome, Policy, Result
from escalation.queue.models import Escalation
from escalation.queue.models.reason import BLIND_REASONS
from tests.cast import RaiseEscalation
from tests.delivery.receiver import Receiver


@pytest.fixture
def endpoint(agent: Agent, receiver: Receiver, settings: Any) -> Endpoint:
    """It wants to be told everything, at once."""
    settings.UNDO_WINDOW = settings.UNDO_WINDOW * 0
    return Endpoint.objects.create(agent=agent, url=receiver.url, events=EVENTS)


def told(endpoint: Endpoint, receiver: Receiver) -> list[Any]:
    """Everything that is due, as it arrives."""
    for pk in Delivery.objects.due().order_by("pk").values_list("pk", flat=True):
        send_delivery(pk)
    return [message.verified_with(endpoint.secret) for message in receiver.messages]


def test_every_move_of_an_escalation_is_told(
    endpoint: Endpoint, receiver: Receiver, alice: User, an_escalation: RaiseEscalation
) -> None:
    decided, withdrawn = an_escalation(), an_escalation()
    decided.claim(alice)
    decided.decide(alice, "accept")
    withdrawn.withdraw()

    contents = told(endpoint, receiver)

    data = [(content["type"], content["data"]) for content in contents]
    assert sorted((event, of["id"], of["status"]) for event, of in data) == [
        ("escalation.claimed", decided.pk, "claimed"),
        ("escalation.decided", decided.pk, "decided"),
        ("escalation.raised", decided.pk, "waiting"),
        ("escalation.raised", withdrawn.pk, "waiting"),
        ("escalation.withdrawn", withdrawn.pk, "withdrawn"),
    ]
    (claimed,) = [content["data"] for content in contents if content["type"] == "escalation.claimed"]
    assert (claimed["claimed_by"], claimed["title"]) == ("alice", "Where is my order?")


def test_the_next_one_is_told_to_be_claimed_too(
    endpoint: Endpoint, alice: User, an_escalation: RaiseEscalation
) -> None:
    an_escalation()

    Escalation.objects.claim_next(alice)

    assert Delivery.objects.filter(event="escalation.claimed").count() == 1
    assert sweep_deliveries() == 2


def test_an_expiry_is_told_with_the_exit_it_took(
    endpoint: Endpoint, receiver: Receiver, an_escalation: RaiseEscalation
) -> None:
    an_escalation(deadline_s=0.001, on_timeout={"handler": "default", "output": "wait"})
    Escalation.objects.expire_overdue()

    (content,) = [one for one in told(endpoint, receiver) if one["type"] == "escalation.expired"]

    assert (content["data"]["status"], content["data"]["resolution"]["output"]) == ("expired", "wait")


def test_an_undo_says_that_it_was_undone_and_not_what(
    endpoint: Endpoint, receiver: Receiver, alice: User, an_escalation: RaiseEscalation, settings: Any
) -> None:
    settings.UNDO_WINDOW = type(settings.UNDO_WINDOW)(seconds=60)
    escalation = an_escalation()
    escalation.claim(alice)
    decision = escalation.decide(alice, "accept")
    escalation.undo(alice)

    contents = told(endpoint, receiver)

    (undone,) = [one["data"] for one in contents if one["type"] == "decision.undone"]
    assert undone["decision"] == {"id": decision.pk}
    assert "escalation.decided" not in {one["type"] for one in contents}


def test_an_overturned_outcome_is_told_and_its_audit_is_not(
    endpoint: Endpoint, receiver: Receiver, gate: Gate, policy: Policy, alice: User
) -> None:
    gate.adopt(author=None, reason="audit all", threshold=0.1, audit_rate=1.0, queue=policy.queue)
    result = Result(task="Where?", output={"reply": "Here."}, confidence=0.9)
    outcome, _ = Outcome.objects.pass_gate("support-triage", "default", result)
    assert outcome.escalation is not None
    outcome.escalation.claim(alice)
    outcome.escalation.decide(alice, "reject", note="No.")

    (content,) = told(endpoint, receiver)

    assert (content["type"], content["data"]["id"]) == ("outcome.overturned", outcome.pk)
    assert content["data"]["correction"]["verdict"] == "reject"
    assert "audit" not in str(content)


def test_a_pause_is_told(endpoint: Endpoint, receiver: Receiver, agent: Agent, olga: User) -> None:
    agent.pause(olga, "it promises refunds")
    agent.go_live(olga)

    (content,) = told(endpoint, receiver)

    assert (content["type"], content["data"]["agent"]) == ("agent.paused", "support-triage")
    assert (content["data"]["by"], content["data"]["note"]) == ("olga", "it promises refunds")


@pytest.mark.parametrize("reason", BLIND_REASONS)
def test_no_move_of_a_blind_check_is_told(
    endpoint: Endpoint, alice: User, an_escalation: RaiseEscalation, reason: str
) -> None:
    decided, withdrawn = an_escalation(reason=reason), an_escalation(reason=reason)
    decided.claim(alice)
    decided.decide(alice, "accept")
    withdrawn.withdraw()

    assert not Delivery.objects.exists()


def test_only_what_was_asked_for_is_told(
    endpoint: Endpoint, alice: User, an_escalation: RaiseEscalation
) -> None:
    endpoint.events = ["escalation.claimed"]
    endpoint.save()
    other = Agent.objects.create(slug="invoices", name="Invoices", owner="Olga", on_call="olga")
    Endpoint.objects.create(agent=other, url="https://invoices.example/hook", events=EVENTS)

    escalation = an_escalation()
    escalation.claim(alice)
    escalation.decide(alice, "accept")

    assert [delivery.event for delivery in Delivery.objects.all()] == ["escalation.claimed"]


def test_what_concerns_no_single_agent_is_told_to_all_who_asked(endpoint: Endpoint) -> None:
    other = Agent.objects.create(slug="invoices", name="Invoices", owner="Olga", on_call="olga")
    Endpoint.objects.create(agent=other, url="https://invoices.example/hook", events=["breaker.opened"])
    Endpoint.objects.create(agent=other, url="https://invoices.example/else")

    Delivery.objects.tell("breaker.opened", {"breaker": "tool:crm"}, agent=None)

    assert Delivery.objects.filter(event="breaker.opened").count() == 2


def test_an_endpoint_that_is_off_is_told_nothing_and_later_what_waited(
    endpoint: Endpoint, receiver: Receiver, an_escalation: RaiseEscalation
) -> None:
    an_escalation()
    endpoint.turn_off("for a test")
    an_escalation()
    before = told(endpoint, receiver)
    endpoint.enabled = True
    endpoint.save()

    after = told(endpoint, receiver)

    assert (len(before), len(after), endpoint.off_because) == (0, 1, "")
