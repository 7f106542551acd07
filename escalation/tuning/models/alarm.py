from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from escalation.gating.models import Policy
from escalation.queue.models.moments import DatabaseMoment


class Alarm(models.Model):
    """What set off a watch, when, by which numbers, and what came into force; until somebody has seen it."""

    class Kind(models.TextChoices):
        ERRORS = "errors", "too many audited results are wrong"
        RISING = "rising", "more results are escalated than usual"
        FALLING = "falling", "fewer results are escalated than usual"

    watch = models.ForeignKey("tuning.Watch", on_delete=models.PROTECT, related_name="alarms")
    kind = models.CharField(max_length=10, choices=Kind)
    at = DatabaseMoment(db_default=Now())
    tolerated = models.FloatField()
    seen = models.PositiveIntegerField()
    hits = models.PositiveIntegerField()
    recent = models.PositiveIntegerField()
    recent_hits = models.PositiveIntegerField()
    reached = models.FloatField()
    limit = models.FloatField()
    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, null=True, related_name="+")
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["watch"], condition=Q(acknowledged_at=None), name="alarms_that_nobody_saw")
        ]

    def __str__(self) -> str:
        return f"{self.watch.gate}: {self.get_kind_display()}"

    @property
    def stops(self) -> bool:
        """Whether it is the alarm proper, and no early warning."""
        return self.kind == self.Kind.ERRORS

    @property
    def sentence(self) -> str:
        """What was seen, in one sentence with its numbers."""
        share = f"{self.recent_hits} of the last {self.recent}"
        if self.kind == self.Kind.ERRORS:
            return f"{share} audited results are wrong; {self.tolerated:.3g} of all is tolerated."
        usual = (
            f"at most {self.tolerated:.3g}"
            if self.kind == self.Kind.RISING
            else f"at least {self.tolerated:.3g}"
        )
        return f"{share} results were under the threshold; {usual} of all was expected."

    def facts(self) -> dict[str, Any]:
        """What receivers of the webhook are told."""
        gate = self.watch.gate
        return {
            "agent": gate.agent.slug,
            "gate": gate.slug,
            "kind": self.kind,
            "detail": self.sentence,
            "threshold": self.policy.threshold if self.policy else self.watch.threshold,
            "policy_version": self.policy.version if self.policy else None,
            "url": f"{settings.PUBLIC_URL}/admin/tuning/label/risk/{gate.pk}/drift/",
            "at": self.at.isoformat(),
        }

    def acknowledge(self, actor: User) -> None:
        """Take its banner down; who was first stays on record."""
        unseen = Alarm.objects.filter(pk=self.pk, acknowledged_at=None)
        unseen.update(acknowledged_at=Now(), acknowledged_by=actor)
