from __future__ import annotations

import base64
import secrets
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Now
from django.utils.crypto import salted_hmac

from escalation.delivery.destinations import DestinationRefused, check_url
from escalation.gating.models import Agent
from escalation.queue.models.moments import DatabaseMoment


def new_secret() -> str:
    """A signing secret as Standard Webhooks writes it: `whsec_` and 24 random bytes in base64."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(24)).decode()}"


def callback_secret(agent: str) -> str:
    """What webhooks to the `callback_url`s of an agent are signed with; made from SECRET_KEY."""
    digest = salted_hmac("escalation.delivery.callback_secret", agent, algorithm="sha256").digest()
    return f"whsec_{base64.b64encode(digest).decode()}"


def all_events() -> list[str]:
    return ["escalation.decided", "escalation.withdrawn", "escalation.expired"]


class Endpoint(models.Model):
    """Where an agent wants to be told, signed with its own secret."""

    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="endpoints")
    url = models.URLField(max_length=2000)
    secret = models.CharField(max_length=100, default=new_secret)
    events = models.JSONField(default=all_events)
    enabled = models.BooleanField(default=True)
    # Since when url, events and enabled are as they are: what happened before need not have been sent.
    changed_at = DatabaseMoment(db_default=Now(), editable=False)

    def __str__(self) -> str:
        return f"{self.agent} at {self.url}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.changed_at = Now()
        super().save(*args, **kwargs)

    def clean(self) -> None:
        try:
            check_url(self.url)
        except DestinationRefused as refused:
            raise ValidationError({"url": str(refused)}) from refused
