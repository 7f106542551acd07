"""Where an agent wants to be told."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from escalation.delivery.models import Endpoint
from escalation.delivery.models.endpoint import callback_secret
from escalation.gating.models import Agent


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
