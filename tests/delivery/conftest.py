from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import pytest
from django.contrib.auth.models import User

from escalation.delivery.models import Delivery, Endpoint
from escalation.gating.models import Agent
from tests.cast import RaiseEscalation
from tests.delivery.receiver import Receiver, listening


class DecideAndEnqueue(Protocol):
    def __call__(self, **facts: Any) -> Delivery: ...


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    """A real receiver on the loopback address, which the settings allow for once."""
    settings.WEBHOOKS_ALLOW_PRIVATE = True
    with listening() as receiver:
        yield receiver


@pytest.fixture
def endpoint(agent: Agent, receiver: Receiver) -> Endpoint:
    """Where support-triage wants to be told."""
    return Endpoint.objects.create(agent=agent, url=receiver.url)


@pytest.fixture
def a_delivery(alice: User, an_escalation: RaiseEscalation, settings: Any) -> DecideAndEnqueue:
    """Call it to have Alice accept an escalation, its undo window over; returns the delivery made by that."""
    settings.UNDO_WINDOW = settings.UNDO_WINDOW * 0

    def make(**facts: Any) -> Delivery:
        escalation = an_escalation(**facts)
        escalation.claim(alice)
        escalation.decide(alice, "accept")
        return Delivery.objects.get(escalation=escalation)

    return make
