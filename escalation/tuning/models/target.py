from __future__ import annotations

from django.db import models
from django.db.models import Q

from escalation.gating.models import Gate
from escalation.tuning.certificate import Target
from escalation.tuning.models.said import SaidOfAGate


class GateTargetQuerySet(models.QuerySet["GateTarget"]):
    def of(self, gate: Gate) -> Target:
        """What is tolerated at a gate now: the newest row, or 5 % with 90 % confidence where none is."""
        newest = self.filter(gate=gate).order_by("-id").values_list("alpha", "delta").first()
        return Target(*newest) if newest else Target()


class GateTarget(SaidOfAGate):
    """What ops tolerate at a gate: a share `alpha` wrong, with confidence 1 - `delta`."""

    alpha = models.FloatField()
    delta = models.FloatField()

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
