"""Labels to list and to export, as decisions make them."""

from __future__ import annotations

from typing import Any, Protocol

import pytest
from django.contrib.auth.models import User

from escalation.api.models import Token
from escalation.gating.models import Agent
from escalation.queue.models import ReviewQueue
from escalation.tuning.models import Label
from tests.api.caller import Caller
from tests.cast import RaiseEscalation


class LabelOne(Protocol):
    def __call__(
        self, verdict: str = "accept", answer: dict[str, Any] | None = None, **facts: Any
    ) -> Label: ...


@pytest.fixture
def label_one(an_escalation: RaiseEscalation, alice: User, settings: Any) -> LabelOne:
    """Call it to have Alice decide an escalation with `facts`, in effect at once; returns the label."""
    settings.UNDO_WINDOW = settings.UNDO_WINDOW * 0

    def label_one(verdict: str = "accept", answer: dict[str, Any] | None = None, **facts: Any) -> Label:
        escalation = an_escalation(**facts)
        escalation.claim(alice)
        return Label.objects.get(decision=escalation.decide(alice, verdict, **answer or {}))

    return label_one


@pytest.fixture
def tuner(agent: Agent) -> Caller:
    """Calls with a token of support-triage that may read labels."""
    return Caller(Token.objects.issue(agent=agent, scopes=["labels"])[1])


@pytest.fixture
def alice_tuning(alice: User, queue: ReviewQueue) -> Caller:
    """Calls as Alice, with a token that may read labels."""
    return Caller(Token.objects.issue(reviewer=alice, scopes=["labels"])[1])
