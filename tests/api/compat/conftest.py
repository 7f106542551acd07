from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import pytest
from django.contrib.auth.models import User
from django.utils.timezone import now

from escalation.api.models import Token
from escalation.gating.models import Agent
from escalation.queue.models import Escalation
from tests.api.compat.caller import WebCaller


class Say(Protocol):
    def __call__(self, verdict: str, which: int = 0, **answer: Any) -> None: ...


@pytest.fixture
def sender(agent: Agent, live_server: Any, policy: object, settings: Any) -> WebCaller:
    """support-triage over real HTTP; decisions are in effect at once."""
    settings.UNDO_WINDOW = settings.UNDO_WINDOW * 0
    token = Token.objects.issue(agent=agent, scopes=["escalations"])[1]
    return WebCaller(f"{live_server.url}/api/v1/compat", token)


@pytest.fixture
def stranger(live_server: Any, db: None) -> WebCaller:
    """Another agent."""
    other = Agent.objects.create(slug="invoices", name="Invoices", owner="Olga", on_call="olga")
    token = Token.objects.issue(agent=other, scopes=["escalations"])[1]
    return WebCaller(f"{live_server.url}/api/v1/compat", token)


@pytest.fixture
def say(alice: User) -> Say:
    """Call it to have Alice decide the escalation that was raised as number `which`."""

    def said(verdict: str, which: int = 0, **answer: Any) -> None:
        escalation = Escalation.objects.order_by("pk")[which]
        escalation.claim(alice)
        escalation.decide(alice, verdict, **answer)

    return said


@pytest.fixture
def time_runs_out() -> Callable[[], None]:
    """Call it to let the deadline of every escalation pass."""

    def expire() -> None:
        for escalation in Escalation.objects.all():
            Escalation.objects.filter(pk=escalation.pk).update(deadline_at=now())
            escalation.expire()

    return expire
