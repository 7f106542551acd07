"""What is due is rung for, whatever became of its first bell."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import Any

import pytest
import redis
from celery import Celery
from django.contrib.auth.models import User

from escalation.celery import app as celery_app
from escalation.delivery.models import Delivery, Endpoint
from escalation.delivery.tasks import sweep_deliveries
from tests.cast import RaiseEscalation
from tests.delivery.conftest import DecideAndEnqueue


def bells(client: redis.Redis) -> list[Any]:
    """The deliveries that messages in the broker ring for, with their headers."""
    messages: Any = client.lrange("delivery", 0, -1)
    return [json.loads(message)["headers"] for message in messages]


def test_every_due_delivery_is_rung_for(
    endpoint: Endpoint, a_delivery: DecideAndEnqueue, redis_client: redis.Redis
) -> None:
    delivery = a_delivery()

    rung = sweep_deliveries()

    (bell,) = bells(redis_client)
    assert (rung, bell["task"], bell["argsrepr"]) == (1, "delivery.send_delivery", f"({delivery.pk},)")


def test_what_is_not_due_or_has_ended_is_left_alone(
    endpoint: Endpoint, a_delivery: DecideAndEnqueue, redis_client: redis.Redis
) -> None:
    a_delivery().succeed("HTTP 204")
    later = a_delivery()
    later.fail("HTTP 500", jitter=0.5, at_least=timedelta(minutes=1))

    rung = sweep_deliveries()

    assert (rung, bells(redis_client)) == (0, [])


@pytest.mark.django_db(transaction=True)
def test_a_decision_rings_for_the_end_of_its_undo_window(
    endpoint: Endpoint, alice: User, an_escalation: RaiseEscalation, redis_client: redis.Redis
) -> None:
    escalation = an_escalation()
    escalation.claim(alice)

    escalation.decide(alice, "accept")

    (bell,) = bells(redis_client)
    assert bell["argsrepr"] == f"[{Delivery.objects.get().pk}]"
    assert bell["eta"] is not None


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_down_does_not_hold_the_decision(
    endpoint: Endpoint, alice: User, an_escalation: RaiseEscalation
) -> None:
    escalation = an_escalation()
    escalation.claim(alice)
    Celery("elsewhere", broker="redis+socket:///nowhere/redis.sock", set_as_current=False).set_current()
    began = time.monotonic()

    try:
        escalation.decide(alice, "accept")
    finally:
        celery_app.set_current()

    assert time.monotonic() - began < 60
    assert Delivery.objects.get().status == "pending"
