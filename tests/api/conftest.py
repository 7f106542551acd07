from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from escalation.api.models import Token
from escalation.gating.models import Agent, Gate
from escalation.queue.models import Escalation, ReviewQueue
from tests.api.caller import Caller
from tests.api.labelling import alice_tuning, label_one, tuner

__all__ = ["alice_tuning", "label_one", "tuner"]


@pytest.fixture
def token(agent: Agent) -> str:
    """A token of support-triage that may do what an agent may do."""
    return Token.objects.issue(agent=agent, scopes=["escalations", "outcomes"])[1]


@pytest.fixture
def support_triage(token: str) -> Caller:
    """Calls as the agent support-triage."""
    return Caller(token)


@pytest.fixture
def invoices(queue: ReviewQueue) -> Caller:
    """Calls as another agent, with a gate of its own."""
    other = Agent.objects.create(slug="invoices", name="Invoices", owner="Olga", on_call="olga")
    gate = Gate.objects.create(agent=other)
    gate.adopt(author=None, reason="to start with", threshold=0.5, queue=queue)
    return Caller(Token.objects.issue(agent=other, scopes=["escalations", "outcomes"])[1])


@pytest.fixture
def as_alice(alice: User) -> Caller:
    """Calls as Alice, with a token."""
    return Caller(Token.objects.issue(reviewer=alice, scopes=["review"])[1])


@pytest.fixture
def as_mallory(mallory: User) -> Caller:
    """Calls as Mallory, who has a token and no rights."""
    return Caller(Token.objects.issue(reviewer=mallory, scopes=["review"])[1])


@pytest.fixture
def decided(support_triage: Caller, alice: User, settings: Any) -> Escalation:
    """An escalation of support-triage that Alice accepted, with its undo window over."""
    settings.UNDO_WINDOW = settings.UNDO_WINDOW * 0
    posted = support_triage.post(
        "/escalations/", {"reason": "low_confidence", "title": "Late", "output": "yes"}
    )
    escalation = Escalation.objects.get(pk=posted.json()["id"])
    escalation.claim(alice)
    escalation.decide(alice, "accept")
    return escalation
