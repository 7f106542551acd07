from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse

from escalation.gating.exits import ACCEPTS_NOTHING
from escalation.gating.models import Gate, Policy
from escalation.gating.signals import drifted
from escalation.queue.models.moments import DatabaseMoment
from escalation.tuning.templatetags.shares import percent


class AlarmQuerySet(models.QuerySet["Alarm"]):
    def unseen_by_ops(self) -> AlarmQuerySet:
        """What nobody has acknowledged, the newest first."""
        return self.filter(acknowledged_at=None).select_related("watch__gate__agent", "policy")

    def stands_at(self, gate: Gate) -> bool:
        """Whether an alarm at a gate waits to be seen."""
        return self.filter(acknowledged_at=None, kind="errors", watch__gate=gate).exists()

    def was_told(self, alarm: Alarm) -> bool:
        """Whether the same was told of the same model and prompt since the last alarm of the whole gate."""
        watch, mine = alarm.watch, Q(category=alarm.category) | Q(category="")
        versions = {"watch__model": watch.model, "watch__prompt_version": watch.prompt_version}
        before = self.filter(mine, kind=alarm.kind, watch__gate=watch.gate_id, **versions)
        last = before.order_by("-pk").first()
        return last is not None and last.category == alarm.category

    def that_fill_the_queues_of(self, user: User) -> AlarmQuerySet:
        """The alarms proper, unseen, at gates that lead to a review queue of `user`; early warnings are not
        told there: reviewers of audits are to judge as always.
        """
        mine = Policy.objects.filter(queue__memberships__user=user).values("gate")
        return self.unseen_by_ops().filter(kind="errors", watch__gate__in=mine)


class Alarm(models.Model):
    """What set off a watch, when, by which numbers, and what came into force; until somebody has seen it."""

    class Kind(models.TextChoices):
        ERRORS = "errors", "too many audited results are wrong"
        RISING = "rising", "more results are escalated than usual"
        FALLING = "falling", "fewer results are escalated than usual"

    watch = models.ForeignKey("tuning.Watch", on_delete=models.PROTECT, related_name="alarms")
    kind = models.CharField(max_length=10, choices=Kind)
    category = models.CharField(max_length=64, blank=True)  # what the results are about; empty: all of them
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

    objects = AlarmQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["watch"], condition=Q(acknowledged_at=None), name="alarms_that_nobody_saw")
        ]

    def __str__(self) -> str:
        return f"{self.subject}: {self.get_kind_display()}"

    @property
    def subject(self) -> str:
        """The gate, and the category of its results that is meant."""
        return f"{self.watch.gate}, {self.category}" if self.category else str(self.watch.gate)

    @property
    def threshold(self) -> float:
        """What the results that are meant must reach since."""
        return self.policy.threshold_for(self.category) if self.policy else self.watch.threshold

    @property
    def effect(self) -> str:
        """What came into force with it, in one sentence; empty: nothing did."""
        if self.policy is None:
            return ""
        if self.policy.threshold_for(self.category) != ACCEPTS_NOTHING:
            return f"Version {self.policy.version} came into force."
        about = f" about {self.category}" if self.category else ""
        return f"Nothing{about} is accepted without a person at present."

    def sound(self) -> None:
        """Store it, and let everybody know who is to hear of it."""
        self.save(force_insert=True)
        drifted.send(Alarm, gate=self.watch.gate, facts=self.facts())

    @property
    def stops(self) -> bool:
        """Whether it is the alarm proper, and no early warning."""
        return self.kind == self.Kind.ERRORS

    @property
    def sentence(self) -> str:
        """What was seen, in one sentence with its numbers."""
        share = f"{self.recent_hits} of the last {self.recent}"
        if self.kind == self.Kind.ERRORS:
            about = f" about {self.category}" if self.category else ""
            return f"{share} audited results{about} are wrong; {percent(self.tolerated)} is tolerated."
        usual = (
            f"at most {percent(self.tolerated)}"
            if self.kind == self.Kind.RISING
            else f"at least {percent(self.tolerated)}"
        )
        return f"{share} results were under the threshold; {usual} was expected."

    def facts(self) -> dict[str, Any]:
        """What receivers of the webhook are told."""
        gate = self.watch.gate
        return {
            "agent": gate.agent.slug,
            "gate": gate.slug,
            "kind": self.kind,
            "detail": self.sentence,
            "category": self.category,
            "threshold": self.threshold,
            "policy_version": self.policy.version if self.policy else None,
            "url": f"{settings.PUBLIC_URL}{reverse('admin:tuning_drift', args=[gate.pk])}",
            "at": self.at.isoformat(),
        }

    def acknowledge(self, actor: User) -> None:
        """Take its banner down; who was first stays on record."""
        unseen = Alarm.objects.filter(pk=self.pk, acknowledged_at=None)
        unseen.update(acknowledged_at=Now(), acknowledged_by=actor)
