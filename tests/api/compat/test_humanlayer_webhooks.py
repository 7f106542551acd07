"""HumanLayer's webhooks reach an endpoint that asks for them, in HumanLayer's shape."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from escalation.delivery.models import Delivery, Endpoint
from escalation.delivery.models.endpoint import HUMANLAYER
from escalation.delivery.tasks import send_delivery
from escalation.gating.models import Agent
from tests.api.compat.caller import WebCaller
from tests.api.compat.conftest import Say
from tests.api.compat.test_humanlayer import CALL, CALLS, CONTACT, CONTACTS
from tests.cast import RaiseEscalation
from tests.delivery.receiver import Receiver, listening


@pytest.fixture
def receiver(agent: Agent, settings: Any) -> Iterator[Receiver]:
    """Who listens where support-triage asks to be told in HumanLayer's words alone."""
    settings.WEBHOOKS_ALLOW_PRIVATE = True
    with listening() as receiver:
        endpoint = Endpoint.objects.create(agent=agent, url=receiver.url, events=HUMANLAYER)
        receiver.secret = endpoint.secret
        yield receiver


def told(receiver: Receiver) -> list[Any]:
    for pk in Delivery.objects.due().order_by("pk").values_list("pk", flat=True):
        send_delivery(pk)
    return [message.content for message in receiver.messages]


def test_a_decision_is_told_as_the_completed_call(sender: WebCaller, say: Say, receiver: Receiver) -> None:
    sender.post(CALLS, CALL)
    say("reject", note="Half of it.", reason_code="too_much")

    (content,) = told(receiver)

    assert (content["type"], content["is_test"]) == ("function_call.completed", False)
    assert content["event"] == sender.get(f"{CALLS}/call-7").body
    assert content["event"]["spec"]["state"] == {"thread": [1, 2]}


def test_what_nobody_answered_is_told_as_the_completed_contact(
    sender: WebCaller, receiver: Receiver, time_runs_out: Callable[[], None]
) -> None:
    sender.post(CONTACTS, CONTACT)
    time_runs_out()

    (content,) = told(receiver)

    assert content["type"] == "human_contact.completed"
    assert content["event"]["status"]["response"] == "Nobody decided in time."


def test_what_came_in_other_words_is_told_in_none_of_these(
    sender: WebCaller, say: Say, receiver: Receiver, an_escalation: RaiseEscalation
) -> None:
    an_escalation()
    say("accept")

    assert told(receiver) == []
