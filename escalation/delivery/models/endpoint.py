from __future__ import annotations

import base64
import secrets
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F
from django.db.models.functions import Now
from django.utils.crypto import salted_hmac
from django.utils.timezone import now

from escalation.delivery.destinations import DestinationRefused, check_url
from escalation.delivery.models.receiver import Receiver
from escalation.gating.models import Agent
from escalation.queue.models.moments import DatabaseMoment

# What an endpoint can be told; what it is told unless it says otherwise stands first.
ENDINGS = ["escalation.decided", "escalation.withdrawn", "escalation.expired"]
# In HumanLayer's words, for what came in them.
HUMANLAYER = ["function_call.completed", "human_contact.completed"]
EVENTS = [
    *ENDINGS,
    "escalation.raised",
    "escalation.claimed",
    "decision.undone",
    "outcome.overturned",
    "agent.paused",
    "breaker.opened",
    "drift.detected",
    "proposal.applied",
    *HUMANLAYER,
]
OVERLAP = timedelta(hours=24)


def new_secret() -> str:
    """A signing secret as Standard Webhooks writes it: `whsec_` and 24 random bytes in base64."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(24)).decode()}"


def callback_secret(agent: str, key: str | bytes | None = None) -> str:
    """What webhooks to the `callback_url`s of an agent are signed with; made from SECRET_KEY, or `key`."""
    salt = "escalation.delivery.callback_secret"
    digest = salted_hmac(salt, agent, secret=key, algorithm="sha256").digest()
    return f"whsec_{base64.b64encode(digest).decode()}"


def callback_secrets(agent: str) -> list[str]:
    """All that sign now: a SECRET_KEY that is being replaced signs beside the new one."""
    return [callback_secret(agent, key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]


def default_events() -> list[str]:
    return list(ENDINGS)


class Endpoint(models.Model):
    """Where an agent wants to be told, signed with its own secret."""

    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="endpoints")
    url = models.URLField(max_length=2000)
    secret = models.CharField(max_length=100, default=new_secret)
    previous_secret = models.CharField(max_length=100, blank=True, editable=False)
    previous_secret_until = models.DateTimeField(null=True, editable=False)
    events = models.JSONField(default=default_events)
    enabled = models.BooleanField(default=True)
    off_because = models.CharField(max_length=200, blank=True, editable=False)  # it turned itself off
    # Since when url, events and enabled are as they are: what happened before need not have been sent.
    changed_at = DatabaseMoment(db_default=Now(), editable=False)
    receiver = models.OneToOneField(Receiver, on_delete=models.PROTECT, editable=False)

    def __str__(self) -> str:
        return f"{self.agent} at {self.url}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.receiver_id is None:
            self.receiver = Receiver.objects.create()
        if self.enabled:
            self.off_because = ""
        self.changed_at = Now()
        super().save(*args, **kwargs)

    def clean(self) -> None:
        try:
            check_url(self.url)
        except DestinationRefused as refused:
            raise ValidationError({"url": str(refused)}) from refused

    def secrets(self) -> list[str]:
        """All that sign now, the newest first."""
        overlaps = self.previous_secret_until is not None and self.previous_secret_until > now()
        return [self.secret, self.previous_secret] if overlaps else [self.secret]

    def rotate_secret(self, overlap: timedelta = OVERLAP) -> None:
        """Sign with a new secret from now on, and for `overlap` with the old one too."""
        changes = {"secret": new_secret(), "previous_secret": F("secret")}
        Endpoint.objects.filter(pk=self.pk).update(previous_secret_until=Now() + overlap, **changes)
        self.refresh_from_db()

    def turn_off(self, reason: str) -> None:
        """Send it nothing more, until a person turns it on again."""
        self.enabled, self.off_because = False, reason
        self.save(update_fields=["enabled", "off_because", "changed_at"])
