from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from escalation.gating.models import Gate
from escalation.queue.models.moments import DatabaseMoment
from escalation.tuning.certificate import Target


class GateTargetQuerySet(models.QuerySet["GateTarget"]):
    def of(self, gate: Gate) -> Target:
        """What is tolerated at a gate now: the newest row, or 5 % with 90 % confidence where none is."""
        newest = self.filter(gate=gate).order_by("-id").values_list("alpha", "delta").first()
        return Target(*newest) if newest else Target()


class GateTarget(models.Model):
    """What ops tolerate at a gate from a moment on: a share `alpha` wrong, with confidence 1 - `delta`.

    Never edited: a change is a new row.
    """

    gate = models.ForeignKey(Gate, on_delete=models.PROTECT, related_name="targets")
    alpha = models.FloatField()
    delta = models.FloatField()
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    reason = models.TextField()
    set_at = DatabaseMoment(db_default=Now())

    objects = GateTargetQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(alpha__gt=0, alpha__lt=1, delta__gt=0, delta__lt=1),
                name="a_target_is_a_share_and_a_doubt",
            )
        ]

    def __str__(self) -> str:
        return f"{self.gate}: at most {self.alpha:.3g} wrong, with confidence {1 - self.delta:.3g}"
