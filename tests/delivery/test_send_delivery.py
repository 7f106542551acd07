"""One try of one delivery, over real HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils.timezone import now
from standardwebhooks.webhooks import WebhookVerificationError

from escalation.delivery.models import Delivery, Endpoint
from escalation.delivery.models import Receiver as Addressee
from escalation.delivery.models.endpoint import callback_secret, new_secret
from escalation.delivery.schedule import SCHEDULE_S
from escalation.delivery.tasks import send_delivery
from tests.cast import RaiseEscalation
from tests.delivery.conftest import DecideAndEnqueue
from tests.delivery.receiver import Receiver


def make_due(delivery: Delivery) -> None:
    """Let the next try be due, and the breaker be closed for it."""
    Addressee.objects.update(rests_until=None)
    Delivery.objects.filter(pk=delivery.pk).update(next_attempt_at=now() - timedelta(seconds=1))


def wait_of(delivery: Delivery) -> float:
    delivery.refresh_from_db()
    wait: timedelta = delivery.next_attempt_at - now()
    return wait.total_seconds()


def test_the_receiver_gets_the_decision_signed(
    endpoint: Endpoint, receiver: Receiver, a_delivery: DecideAndEnqueue
) -> None:
    delivery = a_delivery()

    send_delivery(delivery.pk)

    delivery.refresh_from_db()
    (message,) = receiver.messages
    content: Any = message.verified_with(endpoint.secret)
    assert (content["type"], content["data"]["decision"]["verdict"]) == ("escalation.decided", "accept")
    assert content["data"]["id"] == delivery.escalation_id
    assert (delivery.status, delivery.last_answer) == ("delivered", "HTTP 204")


def test_another_secret_does_not_verify_it(
    endpoint: Endpoint, receiver: Receiver, a_delivery: DecideAndEnqueue
) -> None:
    send_delivery(a_delivery().pk)

    with pytest.raises(WebhookVerificationError):
        receiver.messages[0].verified_with(new_secret())


def test_a_callback_url_is_told_beside_the_endpoints(
    endpoint: Endpoint, receiver: Receiver, alice: User, an_escalation: RaiseEscalation, settings: Any
) -> None:
    settings.UNDO_WINDOW = timedelta()
    escalation = an_escalation(callback_url=f"{receiver.url}/callback")
    escalation.claim(alice)
    escalation.decide(alice, "accept")

    for delivery in Delivery.objects.order_by("pk"):
        send_delivery(delivery.pk)

    to_endpoint, to_callback = receiver.messages
    assert to_endpoint.verified_with(endpoint.secret)
    assert to_callback.verified_with(callback_secret("support-triage"))


@pytest.mark.parametrize("status", [301, 400, 401, 404, 429, 500, 503])
def test_any_other_answer_is_tried_again(
    endpoint: Endpoint, receiver: Receiver, a_delivery: DecideAndEnqueue, status: int
) -> None:
    receiver.status = status
    receiver.headers = {"Location": "http://169.254.169.254/latest/meta-data/"}
    delivery = a_delivery()

    send_delivery(delivery.pk)

    assert 0.8 * SCHEDULE_S[0] - 1 < wait_of(delivery) <= 1.2 * SCHEDULE_S[0]
    assert (delivery.status, delivery.last_answer) == ("pending", f"HTTP {status}")
    assert len(receiver.messages) == 1


def test_the_id_and_the_body_are_the_same_on_every_try(
    endpoint: Endpoint, receiver: Receiver, a_delivery: DecideAndEnqueue
) -> None:
    receiver.status = 500
    delivery = a_delivery()
    send_delivery(delivery.pk)
    make_due(delivery)

    send_delivery(delivery.pk)

    first, second = receiver.messages
    assert (first.headers["webhook-id"], first.body) == (second.headers["webhook-id"], second.body)


def test_after_the_last_try_it_is_kept_as_dead(
    endpoint: Endpoint, receiver: Receiver, a_delivery: DecideAndEnqueue
) -> None:
    receiver.status = 500
    delivery = a_delivery()

    for _ in range(len(SCHEDULE_S) + 3):
        make_due(delivery)
        send_delivery(delivery.pk)

    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts) == ("dead", len(SCHEDULE_S) + 1)
    assert len(receiver.messages) == len(SCHEDULE_S) + 1


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [("120", 120), ("999999999999", 86_400), ("1", 4), ("nonsense", 4), ("-5", 4), ("", 4)],
)
def test_a_receiver_that_asks_to_be_left_alone_is(
    endpoint: Endpoint, receiver: Receiver, a_delivery: DecideAndEnqueue, asked: str, seconds: int
) -> None:
    receiver.status, receiver.headers = 429, {"Retry-After": asked}
    delivery = a_delivery()

    send_delivery(delivery.pk)

    assert seconds - 2 < wait_of(delivery) <= seconds + 2


def test_who_is_gone_is_asked_no_more(
    endpoint: Endpoint, receiver: Receiver, a_delivery: DecideAndEnqueue
) -> None:
    receiver.status = 410
    delivery, other = a_delivery(), a_delivery()

    send_delivery(delivery.pk)

    endpoint.refresh_from_db()
    other.refresh_from_db()
    assert (endpoint.enabled, other.status) == (False, "dead")
    assert not Delivery.objects.due().exists()


def test_one_message_delivered_to_us_three_times_goes_out_once(
    endpoint: Endpoint, receiver: Receiver, a_delivery: DecideAndEnqueue
) -> None:
    delivery = a_delivery()

    for _ in range(3):
        send_delivery(delivery.pk)

    assert len(receiver.messages) == 1


def test_a_delivery_that_is_not_due_stays(
    endpoint: Endpoint, receiver: Receiver, a_delivery: DecideAndEnqueue
) -> None:
    delivery = a_delivery()
    Delivery.objects.filter(pk=delivery.pk).update(next_attempt_at=now() + timedelta(minutes=1))

    send_delivery(delivery.pk)

    assert not receiver.messages


def test_a_destination_inside_our_network_is_never_called(
    endpoint: Endpoint, receiver: Receiver, a_delivery: DecideAndEnqueue, settings: Any
) -> None:
    delivery = a_delivery()
    settings.WEBHOOKS_ALLOW_PRIVATE = False

    send_delivery(delivery.pk)

    delivery.refresh_from_db()
    assert not receiver.messages
    assert (delivery.status, delivery.last_answer) == ("pending", "it must begin with https://")


def test_a_receiver_that_is_down_is_tried_again(
    endpoint: Endpoint, receiver: Receiver, a_delivery: DecideAndEnqueue
) -> None:
    delivery = a_delivery()
    Delivery.objects.filter(pk=delivery.pk).update(url="http://127.0.0.1:1/")

    send_delivery(delivery.pk)

    delivery.refresh_from_db()
    assert (delivery.status, delivery.last_answer.partition(":")[0]) == ("pending", "ConnectError")
