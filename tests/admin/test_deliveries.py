"""Olga sends a delivery again; what was taken back never leaves."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils.timezone import now

from escalation.delivery.models import Delivery, Endpoint, Receiver
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


def test_a_span_of_time_is_sent_again(delivery: Delivery, as_olga: Client) -> None:
    Delivery.objects.update(status="dead", attempts=9)
    day = timedelta(days=1)
    form = {"since": f"{delivery.created_at - day:%Y-%m-%d %H:%M}", "until": "2001-01-01 10:00"}
    as_olga.post("/admin/delivery/delivery/redelivery/", form)
    delivery.refresh_from_db()
    before = delivery.status

    form["until"] = f"{delivery.created_at + day:%Y-%m-%d %H:%M}"
    as_olga.post("/admin/delivery/delivery/redelivery/", form)

    delivery.refresh_from_db()
    assert (before, delivery.status, delivery.attempts) == ("dead", "pending", 0)


def test_a_span_of_time_is_nothing_for_whoever_may_only_look(olga: User, as_olga: Client) -> None:
    olga.groups.get().permissions.remove(*olga.groups.get().permissions.filter(codename="change_delivery"))

    assert as_olga.get("/admin/delivery/delivery/redelivery/").status_code == 403


def test_a_secret_is_replaced_and_shown_on_its_page(agent: Agent, as_olga: Client) -> None:
    endpoint = Endpoint.objects.create(agent=agent, url="https://agent.example/hook")
    old = endpoint.secret

    as_olga.post("/admin/delivery/endpoint/", {"action": "rotate_secret", "_selected_action": [endpoint.pk]})

    endpoint.refresh_from_db()
    page = as_olga.get(f"/admin/delivery/endpoint/{endpoint.pk}/change/").content.decode()
    assert (endpoint.secret != old, endpoint.previous_secret) == (True, old)
    assert (endpoint.secret in page, old in page) == (True, False)


def test_why_an_endpoint_is_off_and_how_it_fares_is_shown(agent: Agent, as_olga: Client) -> None:
    endpoint = Endpoint.objects.create(agent=agent, url="https://agent.example/hook")
    endpoint.turn_off("it answered HTTP 410")
    Receiver.objects.update(failures=7, rests_until=now() + timedelta(minutes=5))

    page = as_olga.get("/admin/delivery/endpoint/").content.decode()

    assert "it answered HTTP 410" in page
    assert "UTC after 7 failures" in page
