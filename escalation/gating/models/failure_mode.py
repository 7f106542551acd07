from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Count, Q
from django.db.models.functions import Now

from escalation.gating.catalogue import CATALOGUE, INJECTIONS, applicable
from escalation.gating.models.agent import Agent
from escalation.gating.models.gate import Gate
from escalation.gating.models.policy import HANDLED
from escalation.gating.priority import action_priority, occurrence_of, rank
from escalation.queue.models import Reason

if TYPE_CHECKING:
    from django_stubs_ext.db.models.manager import RelatedManager

    from escalation.gating.models.drill import Drill

MEASURED_OVER = timedelta(days=30)


def rating(default: int, help_text: str) -> models.PositiveSmallIntegerField[Any, Any]:
    limits = [MinValueValidator(1), MaxValueValidator(10)]
    return models.PositiveSmallIntegerField(default=default, validators=limits, help_text=help_text)


class FailureModeQuerySet(models.QuerySet["FailureMode"]):
    def suggest(self, agent: Agent, gate: Gate) -> list[FailureMode]:
        """Write what the catalogue suggests for this agent and is not written yet; returns what is new."""
        possible = {injection.slug for injection in applicable(agent.tool_effects)}
        written = set(self.filter(agent=agent).values_list("injection", flat=True))
        return self.bulk_create(
            self.model(
                agent=agent,
                gate=gate,
                reason=INJECTIONS[suggestion.injection].reason,
                owner=agent.owner,
                **{name: getattr(suggestion, name) for name in SUGGESTED},
            )
            for suggestion in CATALOGUE
            if suggestion.injection in possible - written
        )

    def ranked(self) -> list[FailureMode]:
        """The most urgent first: by Action Priority, then by severity."""
        modes = self.select_related("agent", "gate__agent")
        return sorted(modes, key=lambda mode: (mode.rank, mode.pk))


class FailureMode(models.Model):
    """A way in which the agent can fail: what happens then, who notices, and which exit must be taken."""

    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="failure_modes")
    name = models.CharField(max_length=200, help_text="The failure in a few words.")
    effect = models.TextField(verbose_name="what happens", help_text="To whom, and how bad.")
    detection = models.TextField(help_text="The guard, the number or the person that notices it.")
    severity = rating(5, "10: people come to harm, or the law is broken")
    occurrence = rating(5, "10: one result in ten; 7: one in a hundred")
    detectability = rating(5, "10: nobody notices")
    gate = models.ForeignKey(Gate, on_delete=models.CASCADE, related_name="failure_modes")
    reason = models.CharField(max_length=20, choices=[(code, Reason(code).label) for code in HANDLED])
    injection = models.CharField(
        max_length=30,
        blank=True,
        choices=[(one.slug, one.name) for one in INJECTIONS.values()],
        help_text="How a drill brings it about; empty: it cannot be rehearsed.",
    )
    owner = models.CharField(max_length=200, blank=True, help_text="Who looks after the handler.")
    drills: RelatedManager[Drill]

    objects = FailureModeQuerySet.as_manager()

    class Meta:
        ordering = ["agent", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(severity__range=(1, 10), occurrence__range=(1, 10), detectability__range=(1, 10)),
                name="ratings_are_from_1_to_10",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def priority(self) -> str:
        """Its Action Priority: H, M or L."""
        return action_priority(self.severity, self.occurrence, self.detectability)

    @property
    def rank(self) -> tuple[int, int, int, int]:
        return rank(self.severity, self.occurrence, self.detectability)

    @property
    def handlers(self) -> list[str]:
        """What the policy in force does with its reason, in order."""
        policy = self.gate.policy
        return list(policy.exits.get(self.reason, [])) if policy else []

    def clean(self) -> None:
        if self.gate_id and self.gate.agent_id != self.agent_id:
            raise ValidationError({"gate": "This gate is another agent's."})


SUGGESTED = ("name", "effect", "detection", "severity", "occurrence", "detectability", "injection")


class Measured:
    """How often each reason stopped a result at an agent's gates, over the last days."""

    def __init__(self, agent: Agent) -> None:
        recent = agent.outcomes.filter(passed_at__gte=Now() - MEASURED_OVER)
        rows = recent.values_list("gate", "reason").annotate(Count("pk")).order_by()
        self._counts = {(gate, reason): count for gate, reason, count in rows}

    def seen(self, mode: FailureMode) -> tuple[int, int, int | None]:
        """Results stopped for the mode's reason at its gate, among how many, and the occurrence they mean."""
        among = sum(count for (gate, _), count in self._counts.items() if gate == mode.gate_id)
        seen = self._counts.get((mode.gate_id, mode.reason), 0)
        return seen, among, occurrence_of(seen, among)
