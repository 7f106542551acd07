"""Who and what every test may count on: Alice and Bob review, Olga is ops, Mallory has no rights."""

from __future__ import annotations

from functools import cache
from typing import Any, Protocol

import pytest
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, User
from django.utils.timezone import now

from escalation.gating.catalogue import INJECTIONS
from escalation.gating.models import Agent, Drill, FailureMode, Gate, Policy
from escalation.queue.models import Escalation, Membership, ReviewQueue

PASSWORD = "otherwise"


class RaiseEscalation(Protocol):
    def __call__(self, **facts: Any) -> Escalation: ...


@pytest.fixture
def alice(db: None) -> User:
    """Reviews in the review queue "support"."""
    return _person("alice", group="reviewers")


@pytest.fixture
def bob(db: None) -> User:
    """Reviews in the review queue "support", beside Alice."""
    return _person("bob", group="reviewers")


@pytest.fixture
def olga(db: None) -> User:
    """Ops: tunes the gates in the admin, and reviews nothing."""
    return _person("olga", group="ops", is_staff=True)


@pytest.fixture
def mallory(db: None) -> User:
    """Signs in, and has no rights at all."""
    return _person("mallory")


def _person(name: str, *, group: str = "", is_staff: bool = False) -> User:
    user = User.objects.create(username=name, password=_hashed(), is_staff=is_staff)
    if group:
        user.groups.add(Group.objects.get_or_create(name=group)[0])
    return user


@cache
def _hashed() -> str:
    # Hashing is slow by design: once a session is enough.
    return make_password(PASSWORD)


@pytest.fixture
def queue(alice: User, bob: User) -> ReviewQueue:
    """The review queue "support", in which Alice and Bob are reviewers."""
    queue = ReviewQueue.objects.create(slug="support", name="Support")
    Membership.objects.bulk_create(Membership(queue=queue, user=user) for user in (alice, bob))
    return queue


@pytest.fixture
def policy(queue: ReviewQueue) -> Policy:
    """Version 1 at support-triage/default: threshold 0.75, no audits, every reason to a human."""
    agent = Agent.objects.create(slug="support-triage", name="Support triage", owner="Olga", on_call="olga")
    gate = Gate.objects.create(agent=agent, slug="default")
    terms: dict[str, Any] = {
        "threshold": 0.75,
        "audit_rate": 0.0,
        "queue": queue,
        "budget": {"cost_usd": 0.4},
    }
    adopted = gate.adopt(author=None, reason="to start with", **terms)
    rehearsed(gate)
    agent.go_live(None)
    return adopted


def rehearsed(gate: Gate) -> None:
    """Write three failure modes for the gate's agent, and a passed drill of each under what is in force."""
    policy = Policy.objects.in_force(gate.agent.slug, gate.slug)
    for injection in ("low-confidence", "invalid-output", "model-down"):
        mode, _ = FailureMode.objects.get_or_create(
            agent=gate.agent,
            gate=gate,
            injection=injection,
            defaults={"name": injection, "reason": INJECTIONS[injection].reason},
        )
        Drill.objects.create(
            agent=gate.agent,
            failure_mode=mode,
            policy=policy,
            injection=injection,
            expected_reason=mode.reason,
            code_version=gate.agent.code_version,
            passed=True,
            ended_at=now(),
        )


@pytest.fixture
def gate(policy: Policy) -> Gate:
    """The gate "default" of support-triage, with its policy in force."""
    return policy.gate


@pytest.fixture
def agent(gate: Gate) -> Agent:
    """support-triage, live."""
    return gate.agent


@pytest.fixture
def an_escalation(queue: ReviewQueue) -> RaiseEscalation:
    """Call it to raise an escalation in "support"; `facts` are those of Escalation.objects.raise_once()."""

    def raise_one(**facts: Any) -> Escalation:
        defaults: dict[str, Any] = {
            "agent": "support-triage",
            "queue": queue,
            "reason": "low_confidence",
            "detail": "confidence 0.62 is under 0.75",
            "title": "Where is my order?",
            "task": {"message": "Where is my order?"},
            "output": {"reply": "It is on its way."},
            "confidence": 0.62,
            "threshold": 0.75,
            "policy_version": 1,
        }
        return Escalation.objects.raise_once(**(defaults | facts))[0]

    return raise_one
