from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from escalation.gating.models import Gate, Outcome
from escalation.queue.models import Decision, Escalation, Reason, Verdict

# What each verdict says of a result; the others say nothing of its confidence.
CORRECT = {Verdict.ACCEPT: True, Verdict.EDIT: False, Verdict.REJECT: False, Verdict.ANSWER: False}


class LabelQuerySet(models.QuerySet["Label"]):
    def write_for(self, decision: Decision) -> Label | None:
        """Say what a decision says of the confidence, or nothing where it says nothing."""
        if not is_labelled(decision):
            return None
        escalation = decision.escalation
        outcome = Outcome.objects.filter(escalation=escalation).first()
        return self.create(
            decision=decision,
            agent=escalation.agent,
            gate=escalation.gate,
            outcome=outcome,
            correct=decision.cosmetic or CORRECT[Verdict(decision.verdict)],
            **_conditions(escalation, outcome),
        )

    def at(self, gate: Gate) -> LabelQuerySet:
        return self.filter(agent=gate.agent.slug, gate=gate.slug)


class Label(models.Model):
    """What one decision says of one confidence: right or wrong, with the chance that it was looked at at all.

    Written in the decision's transaction, removed when the decision is undone, never edited.
    """

    class Source(models.TextChoices):
        ESCALATED = "escalated"
        AUDIT = "audit"

    decision = models.OneToOneField(Decision, on_delete=models.PROTECT, related_name="label")
    outcome = models.ForeignKey(Outcome, on_delete=models.PROTECT, null=True, related_name="labels")
    agent = models.SlugField(max_length=100)
    gate = models.SlugField(max_length=100)
    confidence = models.FloatField(null=True)  # as the agent stated it; none when it stated none
    threshold = models.FloatField(null=True)
    policy_version = models.PositiveIntegerField(null=True)
    source = models.CharField(max_length=10, choices=Source)
    inclusion_probability = models.FloatField()
    correct = models.BooleanField()
    model = models.CharField(max_length=100, blank=True)
    prompt_version = models.CharField(max_length=64, blank=True)

    objects = LabelQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["agent", "gate", "-id"], name="newest_labels_of_a_gate")]
        constraints = [
            models.CheckConstraint(
                condition=Q(inclusion_probability__gt=0, inclusion_probability__lte=1),
                name="every_label_had_a_chance_to_be_drawn",
            )
        ]

    def __str__(self) -> str:
        return f"{self.agent}/{self.gate} {self.confidence} {'right' if self.correct else 'wrong'}"


def is_labelled(decision: Decision) -> bool:
    """Whether a decision says right or wrong of a whole result."""
    escalation = decision.escalation
    whole_result = escalation.kind == Escalation.Kind.RESULT and not escalation.partial
    return whole_result and decision.verdict in CORRECT


def _conditions(escalation: Escalation, outcome: Outcome | None) -> dict[str, Any]:
    audited = escalation.reason == Reason.AUDIT and outcome is not None
    return {
        "confidence": escalation.confidence,
        "threshold": escalation.threshold,
        "policy_version": escalation.policy_version,
        "source": Label.Source.AUDIT if audited else Label.Source.ESCALATED,
        "inclusion_probability": outcome.audit_rate if audited and outcome else 1.0,
        "model": outcome.model if outcome else "",
        "prompt_version": outcome.prompt_version if outcome else "",
    }
