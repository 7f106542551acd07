from __future__ import annotations

import time
from functools import lru_cache

from django.db import models, transaction
from django.db.models.functions import Now

from escalation.gating.models import Gate
from escalation.queue.models.moments import DatabaseMoment
from escalation.tuning import calibration
from escalation.tuning.calibration import Fitted
from escalation.tuning.strata import Window, window_at

# A new version is worth its row when there are so many times the labels of the last one.
GROWTH = 1.1
# How long a process goes on with the version that it has read.
REMEMBERED_S = 60


class CalibrationQuerySet(models.QuerySet["Calibration"]):
    def make_due(self) -> list[Calibration]:
        """Learn anew at every gate where labels have come in; returns the new versions."""
        gates = Gate.objects.exclude(policies=None).select_related("agent")
        return [made for gate in gates if (made := self.make(gate))]

    @transaction.atomic
    def make(self, gate: Gate) -> Calibration | None:
        """Learn from the present window; None where too little is new."""
        window = window_at(gate)
        last = self.of(gate, window.model, window.prompt_version)
        fitted = calibration.fit(window.strata)
        if fitted is None or (last and fitted.labels < GROWTH * last.labels):
            return None
        return self.create(
            gate=gate,
            model=window.model,
            prompt_version=window.prompt_version,
            version=last.version + 1 if last else 1,
            method=fitted.method,
            labels=fitted.labels,
            knots=fitted.knots,
            expected_error=_error_of(window),
        )

    def of(self, gate: Gate, model: str, prompt_version: str) -> Calibration | None:
        """The newest version for one model and prompt."""
        known = self.filter(gate=gate, model=model, prompt_version=prompt_version)
        return known.order_by("-version").first()


class Calibration(models.Model):
    """How often results of a confidence were right, learned at one moment for one model and prompt.

    For display and costs, never for the threshold. Never edited: what is learned later is a new version.
    """

    gate = models.ForeignKey(Gate, on_delete=models.PROTECT, related_name="calibrations")
    model = models.CharField(max_length=100, blank=True)
    prompt_version = models.CharField(max_length=64, blank=True)
    version = models.PositiveIntegerField()
    method = models.CharField(max_length=20)
    labels = models.PositiveIntegerField()
    knots = models.JSONField()  # [[confidence, share that was right], …], ascending
    expected_error = models.FloatField(null=True)
    made_at = DatabaseMoment(db_default=Now())

    objects = CalibrationQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["gate", "model", "prompt_version", "version"],
                name="one_calibration_per_gate_model_prompt_and_version",
            )
        ]

    def __str__(self) -> str:
        return f"{self.gate} calibration {self.version}"

    @property
    def fitted(self) -> Fitted:
        return Fitted(self.method, [(at, share) for at, share in self.knots], self.labels)


def _error_of(window: Window) -> float | None:
    return calibration.expected_error(calibration.reliability(window.strata))


def calibrated(gate_id: int, model: str, prompt_version: str, confidence: float | None) -> float | None:
    """How often results that were as sure as this were right, as far as labels say.

    None where nobody has looked. What was learned a moment ago may not be known yet.
    """
    if confidence is None:
        return None
    fitted = _remembered(gate_id, model, prompt_version, int(time.monotonic() // REMEMBERED_S))
    return fitted.of(confidence) if fitted else None


@lru_cache(maxsize=1024)
def _remembered(gate_id: int, model: str, prompt_version: str, _: int) -> Fitted | None:
    # Every posted result asks this: one more statement each would be a tenth of what they cost.
    known = Calibration.objects.filter(gate=gate_id, model=model, prompt_version=prompt_version)
    newest = known.order_by("-version").first()
    return newest.fitted if newest else None
