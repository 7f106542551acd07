from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import connection, models, transaction
from django.db.models import Case, ExpressionWrapper, F, Func, Q, TextField, When
from django.db.models.functions import Cast, Now

from escalation.database.once import Once
from escalation.database.rows import insert
from escalation.gating.models import Gate, Outcome
from escalation.queue.models import Check, Decision, Escalation, Reason, ReviewQueue, Verdict
from escalation.tuning.models.tally import Tally

# What each verdict says of a result; the others say nothing of its confidence.
CORRECT = {Verdict.ACCEPT: True, Verdict.EDIT: False, Verdict.REJECT: False, Verdict.ANSWER: False}

MOMENT = """to_char(%(expressions)s AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
# What is told of a label, in this order. JSON and moments stay the text that PostgreSQL writes, and no value
# passes a converter of Django's: reading them only to write them out again would be most of the work.
TOLD: dict[str, Any] = {
    "id": "id",
    "agent": "agent",
    "gate": "gate",
    "policy_version": "policy_version",
    "confidence_raw": F("confidence"),
    "confidence": "confidence",
    "threshold": "threshold",
    "correct": "correct",
    "weight": ExpressionWrapper(1.0 / F("inclusion_probability"), output_field=models.Field()),
    "inclusion_probability": "inclusion_probability",
    "source": "source",
    "verdict": "decision__verdict",
    "task": Cast("decision__escalation__task", TextField()),
    "output": Cast("decision__escalation__output", TextField()),
    "corrected_output": Case(
        When(decision__verdict=Verdict.EDIT, then=Cast("decision__output", TextField())),
        When(decision__verdict=Verdict.ANSWER, then=Cast("decision__answer", TextField())),
    ),
    "reason_code": "decision__reason_code",
    "reviewer": "decision__reviewer__username",
    "decided_at": Func("decision__decided_at", template=MOMENT, output_field=TextField()),
}

OUTCOME_OF = Once(
    lambda escalation: Outcome.objects.filter(escalation=escalation).defer("task", "output", "metadata")
)


class LabelQuerySet(models.QuerySet["Label"]):
    def write_for(self, decision: Decision) -> Label | None:
        """Say what a decision says of the confidence, or nothing where it says nothing."""
        label = label_of(decision, OUTCOME_OF.first(escalation=decision.escalation_id))
        if label:
            insert(label, ("id",))
        return label

    @transaction.atomic
    def write_anew(self, first: Decision) -> None:
        """Write what stands of a result that two people judged in the place of what was said of it before."""
        self.filter(Q(decision=first) | Q(decision__escalation__check_of__first=first)).remove()
        if not Escalation.objects.filter(decision=first).exists():
            return
        outcome = Outcome.objects.filter(escalation=first.escalation).first()
        check = settled_checks([first]).get(first.pk)
        second = check and check.escalation.decision
        for decision in [first, second] if second else [first]:
            if label := label_of(decision, outcome, check):
                label.add()

    def remove(self) -> None:
        """Take labels away that say what no longer stands."""
        Tally.objects.take_out(list(self))
        self.delete()

    def at(self, gate: Gate) -> LabelQuerySet:
        return self.filter(agent=gate.agent.slug, gate=gate.slug)

    def in_effect(self) -> LabelQuerySet:
        """Those of decisions that can no longer be undone."""
        return self.filter(decision__effective_at__lte=Now())

    def visible_to(self, user: User) -> LabelQuerySet:
        """Those of decisions in the review queues that `user` belongs to."""
        # Asked first, so that PostgreSQL always begins with the labels: there are few queues.
        queues = list(ReviewQueue.objects.filter(memberships__user=user).values_list("pk", flat=True))
        return self.filter(decision__escalation__queue__in=queues)

    def since(self, moment: datetime) -> LabelQuerySet:
        """Those of decisions made at `moment` or later."""
        with connection.cursor() as cursor:
            cursor.execute(FIRST_SINCE, {"moment": moment})
            (first,) = cursor.fetchone()
        return self.filter(pk__gte=first, decision__decided_at__gte=moment)

    def told(self) -> models.QuerySet[Label, Any]:
        """Rows with the columns of TOLD; JSON as text."""
        return self.values_list(*TOLD.values(), named=True)

    def batches(self, size: int) -> Iterator[list[Any]]:
        """All that is told, oldest first, in lists of `size`: a short statement each, whatever their number.

        One long statement would hold back the clean-up of the queue's table as long as it runs.
        """
        rows, last = self.told().order_by("pk"), 0
        while batch := list(rows.filter(pk__gt=last)[:size]):
            yield batch
            last = batch[-1].id


class Label(models.Model):
    """What one decision says of one confidence: right or wrong, with the chance that it was looked at at all.

    Written in the decision's transaction, removed when the decision is undone, replaced when a lead lets
    another decision on the same result stand, never edited.
    """

    class Source(models.TextChoices):
        ESCALATED = "escalated"
        AUDIT = "audit"

    decision = models.OneToOneField(Decision, on_delete=models.PROTECT, related_name="label")
    outcome = models.ForeignKey(Outcome, on_delete=models.PROTECT, null=True, related_name="labels")
    agent = models.SlugField(max_length=100, db_index=False)
    gate = models.SlugField(max_length=100, db_index=False)
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

    def add(self) -> None:
        """Store it, whenever its decision was made."""
        insert(self, ("id",))
        Tally.objects.put_in([self])


# The first label of decisions from a moment on, by bisection: twenty looks among a million, and no index on
# the time for every decision to keep up. Labels of the same minute need not be in order: begin before it.
FIRST_SINCE = """
WITH RECURSIVE ends(low, high) AS (
    SELECT coalesce(min(id), 0), coalesce(max(id), 0) + 1 FROM tuning_label
UNION ALL
    SELECT CASE WHEN older THEN middle + 1 ELSE low END, CASE WHEN older THEN high ELSE middle END
    FROM (SELECT low, high, (low + high) / 2 AS middle FROM ends WHERE low < high) AS halves
    CROSS JOIN LATERAL (
        SELECT d.decided_at < %(moment)s - interval '1 minute' AS older
        FROM tuning_label l JOIN queue_decision d ON d.id = l.decision_id
        WHERE l.id >= middle ORDER BY l.id LIMIT 1
    ) AS found
)
SELECT max(low) FROM ends
"""


def is_labelled(decision: Decision) -> bool:
    """Whether a decision says right or wrong of a whole result."""
    escalation = decision.escalation
    whole_result = escalation.kind == Escalation.Kind.RESULT and not escalation.partial
    # A second look and gold say something of people: the result has its label from the first decision.
    of_people = escalation.reason in (Reason.SECOND_REVIEW, Reason.GOLD)
    return whole_result and not of_people and decision.verdict in CORRECT


def settled_checks(decisions: Iterable[Decision]) -> dict[int, Check]:
    """By decision, first or second: the check in which a lead has said that the first does not stand."""
    overruled = Check.objects.filter(
        stands__in=[Check.Stands.SECOND, Check.Stands.NEITHER],
        escalation__decision__isnull=False,
        first__standing_for__isnull=False,
    ).select_related("first__escalation", "escalation__decision")
    seen = overruled.filter(Q(first__in=decisions) | Q(escalation__decision__in=decisions))
    return {pk: check for check in seen for pk in (check.first_id, check.escalation.decision_id) if pk}


def label_of(decision: Decision, outcome: Outcome | None, check: Check | None = None) -> Label | None:
    """What a decision says of the confidence of `outcome`, not yet stored; None where it says nothing.

    `check`: of `settled_checks`, where this is one of its decisions; `outcome` is what the first was about.
    """
    first = check.first if check else decision
    # Of a degraded outcome it was not the agent's own answer that was checked.
    if (
        not is_labelled(first)
        or decision.verdict not in CORRECT
        or (outcome is not None and outcome.degraded)
    ):
        return None
    if check and (check.stands == Check.Stands.NEITHER or decision == first):
        return None
    escalation = first.escalation
    return Label(
        decision=decision,
        agent=escalation.agent,
        gate=escalation.gate,
        outcome=outcome,
        correct=decision.cosmetic or CORRECT[Verdict(decision.verdict)],
        **_conditions(escalation, outcome),
    )


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
