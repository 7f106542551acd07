"""Olga sends a delivery again; what was taken back never leaves."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from escalation.delivery.models import Delivery, Endpoint
from escalation.gating.models import Agent
from tests.cast import RaiseEscalation


@pytest.fixture
def delivery(alice: User, an_escalation: RaiseEscalation) -> Delivery:
    escalation = an_escalation(callback_url="https://agent.example/answers")
    escalation.claim(alice)
    return Delivery.objects.get(decision=escalation.decide(alice, "accept"))


@pytest.mark.parametrize(
    ("status", "after"),
    [
        ("dead", ("pending", 0)),
        ("delivered", ("pending", 0)),
        ("pending", ("pending", 3)),
        ("cancelled", ("cancelled", 3)),
    ],
)
def test_only_what_has_ended_is_sent_again(
    status: str, after: tuple[str, int], delivery: Delivery, as_olga: Client
) -> None:
    Delivery.objects.update(status=status, attempts=3)

    as_olga.post("/admin/delivery/delivery/", {"action": "redeliver", "_selected_action": [delivery.pk]})

    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts) == after


def test_whoever_may_only_look_sends_nothing(delivery: Delivery, olga: User, as_olga: Client) -> None:
    Delivery.objects.update(status="dead", attempts=3)
    olga.groups.get().permissions.remove(*olga.groups.get().permissions.filter(codename="change_delivery"))

    as_olga.post("/admin/delivery/delivery/", {"action": "redeliver", "_selected_action": [delivery.pk]})

    delivery.refresh_from_db()
    assert delivery.status == "dead"


def test_an_endpoint_is_made_with_a_secret_and_its_events(agent: Agent, as_olga: Client) -> None:
    form = {
        "agent": agent.pk,
        "url": "https://agent.example/hook",
        "events": ["escalation.decided"],
        "enabled": "on",
    }

    as_olga.post("/admin/delivery/endpoint/add/", form)

    endpoint = Endpoint.objects.get()
    assert (endpoint.events, endpoint.enabled) == (["escalation.decided"], True)
    assert endpoint.secret.startswith("whsec_")
    assert endpoint.secret in as_olga.get(f"/admin/delivery/endpoint/{endpoint.pk}/change/").content.decode()
