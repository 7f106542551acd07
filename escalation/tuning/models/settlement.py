from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from escalation.gating.models import Policy
from escalation.queue.models.moments import DatabaseMoment


class Settlement(models.Model):
    """How a proposal ended: applied as a policy, or dismissed; by whom, and why. Never edited."""

    class Kind(models.TextChoices):
        APPLIED = "applied"
        DISMISSED = "dismissed"

    proposal = models.OneToOneField("tuning.Proposal", on_delete=models.PROTECT, related_name="settlement")
    kind = models.CharField(max_length=10, choices=Kind)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    reason = models.TextField()
    policy = models.OneToOneField(Policy, on_delete=models.PROTECT, null=True, related_name="settlement")
    at = DatabaseMoment(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="applied", policy__isnull=False) | Q(kind="dismissed", policy=None),
                name="what_was_applied_names_its_policy",
            )
        ]

    def __str__(self) -> str:
        return f"proposal {self.proposal_id} was {self.kind}"
