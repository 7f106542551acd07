from __future__ import annotations

from django.db import models
from django.db.models import Q

from escalation.gating.models import Gate, Policy
from escalation.tuning.certificate import Target
from escalation.tuning.models.said import SaidOfAGate


class GateTargetQuerySet(models.QuerySet["GateTarget"]):
    def of(self, gate: Gate) -> Target:
        """What is tolerated at a gate now: the newest row, or 5 % with 90 % confidence where none is."""
        newest = self.filter(gate=gate).order_by("-id").values_list("alpha", "delta").first()
        return Target(*newest) if newest else Target()

    def of_a_category(self, gate: Gate, policy: Policy, category: str) -> Target:
        """What a category must meet: the same, or with a strict target its share of the doubt."""
        target = self.of(gate)
        newest = GateTarget.newest(gate)
        shared = category and newest and newest.strict
        return target.shared_by(len(policy.categories)) if shared else target


class GateTarget(SaidOfAGate):
    """What ops tolerate at a gate: a share `alpha` wrong, with confidence 1 - `delta`."""

    alpha = models.FloatField()
    delta = models.FloatField()
    # Whether the doubt is shared by all categories, so that none is wrong too often; or each has all of it.
    strict = models.BooleanField(default=False)

    objects = GateTargetQuerySet.as_manager()

    class Meta(SaidOfAGate.Meta):
        constraints = [
            models.CheckConstraint(
                condition=Q(alpha__gt=0, alpha__lt=1, delta__gt=0, delta__lt=1),
                name="a_target_is_a_share_and_a_doubt",
            )
        ]

    def __str__(self) -> str:
        return f"{self.gate}: at most {self.alpha:.3g} wrong, with confidence {1 - self.delta:.3g}"
