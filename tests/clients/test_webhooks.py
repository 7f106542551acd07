"""What we deliver is proved to be ours; whatever else comes is refused."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from otherwise_client import SignatureInvalid, UnexpectedAnswer, webhooks
from standardwebhooks import Webhook

from escalation.delivery.models import Delivery, Endpoint
from escalation.delivery.models.endpoint import callback_secret, new_secret
from escalation.delivery.tasks import send_delivery
from tests.cast import RaiseEscalation
from tests.delivery.conftest import DecideAndEnqueue, a_delivery, endpoint, receiver
from tests.delivery.receiver import Message, Receiver

__all__ = ["a_delivery", "endpoint", "receiver"]


@pytest.fixture
def message(receiver: Receiver, a_delivery: DecideAndEnqueue, endpoint: Endpoint) -> Message:
    """A decision as it was delivered."""
    send_delivery(a_delivery().pk)
    return receiver.messages[0]


def test_a_decision_is_read(message: Message, endpoint: Endpoint) -> None:
    event = webhooks.verify(message.headers, message.body, endpoint.secret)

    delivery = Delivery.objects.get()
    assert (event.id, event.type) == (f"msg_{delivery.message_id.hex}", "escalation.decided")
    assert event.timestamp == delivery.created_at
    assert event.escalation is not None
    assert event.escalation.id == delivery.escalation_id
    assert event.escalation.decision is not None
    assert (event.escalation.decision.verdict, event.escalation.decision.reviewer) == ("accept", "alice")


def test_a_withdrawal_is_read(
    receiver: Receiver, endpoint: Endpoint, an_escalation: RaiseEscalation, alice: User
) -> None:
    an_escalation(callback_url=f"{receiver.url}/callback").withdraw()
    for delivery in Delivery.objects.order_by("pk"):
        send_delivery(delivery.pk)

    secrets = [endpoint.secret, callback_secret("support-triage")]
    events = [webhooks.verify(one.headers, one.body, secrets) for one in receiver.messages]

    assert [event.type for event in events] == ["escalation.withdrawn"] * 2
    assert [event.escalation and event.escalation.decision for event in events] == [None, None]


def test_names_of_headers_may_be_in_any_case(message: Message, endpoint: Endpoint) -> None:
    headers = {name.title(): value for name, value in message.headers.items()}

    assert webhooks.verify(headers, message.body, endpoint.secret).type == "escalation.decided"


def test_while_secrets_rotate_either_will_do(message: Message, endpoint: Endpoint) -> None:
    secrets = [new_secret(), endpoint.secret]

    assert webhooks.verify(message.headers, message.body, secrets).type == "escalation.decided"


def test_a_message_signed_twice_is_proved_by_either(message: Message, endpoint: Endpoint) -> None:
    signature = message.headers["webhook-signature"]
    message.headers["webhook-signature"] = f"v1a,bm9uZQ== v1,bm9uZQ== {signature}"

    assert webhooks.verify(message.headers, message.body, endpoint.secret).type == "escalation.decided"


@pytest.mark.parametrize("secrets", ["whsec_bm9ib2R5", ["whsec_bm9ib2R5"], []])
def test_another_secret_proves_nothing(message: Message, secrets: str | list[str]) -> None:
    with pytest.raises(SignatureInvalid, match="none of these secrets"):
        webhooks.verify(message.headers, message.body, secrets)


@pytest.mark.parametrize("header", ["webhook-id", "webhook-signature", "webhook-timestamp"])
@pytest.mark.parametrize("value", [None, "", "1", "v1,", "v1,é", "\u0661"])
def test_every_header_counts(message: Message, endpoint: Endpoint, header: str, value: str | None) -> None:
    if value is None:
        del message.headers[header]
    else:
        message.headers[header] = value

    with pytest.raises(SignatureInvalid):
        webhooks.verify(message.headers, message.body, endpoint.secret)


def test_a_body_that_was_changed_is_refused(message: Message, endpoint: Endpoint) -> None:
    changed = message.body.replace(b'"accept"', b'"reject"')
    assert changed != message.body

    with pytest.raises(SignatureInvalid):
        webhooks.verify(message.headers, changed, endpoint.secret)


@pytest.mark.parametrize("seconds", [-301, 301])
def test_an_old_message_is_refused(message: Message, endpoint: Endpoint, seconds: int) -> None:
    sent_at = int(message.headers["webhook-timestamp"])

    with pytest.raises(SignatureInvalid, match="300 seconds"):
        webhooks.verify(message.headers, message.body, endpoint.secret, now=sent_at + seconds)

    assert webhooks.verify(message.headers, message.body, endpoint.secret, now=sent_at + seconds / 2)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_not base64"])
def test_a_secret_that_is_none_proves_nothing(message: Message, secret: str) -> None:
    with pytest.raises(ValueError, match="secret"):
        webhooks.verify(message.headers, message.body, secret)


@pytest.mark.parametrize("body", [b"", b"[]", b'"text"', b"{}", b'{"type": "x"}'])
def test_a_signed_body_that_is_no_event_is_told(body: bytes) -> None:
    secret, moment = new_secret(), datetime.now(UTC)
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": Webhook(secret).sign("msg_1", moment, body.decode()),
    }

    with pytest.raises(UnexpectedAnswer):
        webhooks.verify(headers, body, secret)
