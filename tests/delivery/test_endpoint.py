"""Where an agent wants to be told."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from standardwebhooks.webhooks import WebhookVerificationError

from escalation.delivery.models import Endpoint
from escalation.delivery.models.endpoint import callback_secret, callback_secrets
from escalation.delivery.tasks import send_delivery
from escalation.gating.models import Agent
from tests.delivery.conftest import DecideAndEnqueue
from tests.delivery.receiver import Receiver


def test_a_public_address_is_accepted(agent: Agent) -> None:
    Endpoint(agent=agent, url="https://hooks.example.com/otherwise").full_clean()


@pytest.mark.parametrize(
    "url", ["https://169.254.169.254/", "http://hooks.example.com/", "https://10.0.0.1:22/"]
)
def test_an_address_inside_is_refused_when_it_is_written(agent: Agent, url: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        Endpoint(agent=agent, url=url).full_clean()

    assert list(refusal.value.message_dict) == ["url"]


def test_the_secret_of_callbacks_is_printed_for_who_must_verify_them(agent: Agent) -> None:
    printed = StringIO()

    call_command("callback_secret", "support-triage", stdout=printed)

    assert printed.getvalue() == f"{callback_secret('support-triage')}\n"
    assert callback_secret("support-triage") != callback_secret("invoices")


def test_an_unknown_agent_has_none(db: None) -> None:
    with pytest.raises(CommandError, match="There is no agent 'nobody'"):
        call_command("callback_secret", "nobody")


def test_while_a_secret_is_replaced_both_verify(
    endpoint: Endpoint, receiver: Receiver, a_delivery: DecideAndEnqueue
) -> None:
    old = endpoint.secret
    delivery = a_delivery()
    endpoint.rotate_secret()

    send_delivery(delivery.pk)

    (message,) = receiver.messages
    assert endpoint.secret != old
    assert len(message.headers["webhook-signature"].split()) == 2
    assert message.verified_with(old) == message.verified_with(endpoint.secret)


def test_after_the_overlap_the_old_one_verifies_nothing(
    endpoint: Endpoint, receiver: Receiver, a_delivery: DecideAndEnqueue
) -> None:
    old = endpoint.secret
    endpoint.rotate_secret(overlap=timedelta())

    send_delivery(a_delivery().pk)

    (message,) = receiver.messages
    assert message.verified_with(endpoint.secret)
    with pytest.raises(WebhookVerificationError):
        message.verified_with(old)


def test_a_secret_key_that_is_replaced_signs_callbacks_too(settings: Any) -> None:
    old = callback_secret("support-triage")
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another one"

    secrets = callback_secrets("support-triage")

    assert (len(set(secrets)), secrets[1]) == (2, old)


def test_410_turns_it_off_and_says_why(
    endpoint: Endpoint, receiver: Receiver, a_delivery: DecideAndEnqueue
) -> None:
    receiver.status = 410

    send_delivery(a_delivery().pk)

    endpoint.refresh_from_db()
    assert (endpoint.enabled, endpoint.off_because) == (False, "it answered HTTP 410")
