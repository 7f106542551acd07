"""The labels once more, from the decisions: where what is stored is something else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import transaction

from escalation.gating.models import Outcome
from escalation.queue.models import Decision, Escalation
from escalation.tuning.models.label import Label, label_of, settled_checks

BATCH = 1000
FACTS = [field.attname for field in Label._meta.concrete_fields if not field.primary_key]


@dataclass(frozen=True, slots=True)
class Difference:
    """A label that is missing, wrong, or of a decision that does not stand; `right` is what it should be."""

    stored: Label | None
    right: Label | None

    def __str__(self) -> str:
        if self.right is None:
            return f"label {self.stored and self.stored.pk} belongs to no decision that says so"
        if self.stored is None:
            return f"decision {self.right.decision_id} has no label"
        names = [name for name in FACTS if getattr(self.stored, name) != getattr(self.right, name)]
        return f"label {self.stored.pk} says something else of {', '.join(names)}"

    @transaction.atomic
    def mend(self) -> None:
        """Put the right label in the place of the stored one."""
        if self.stored:
            Label.objects.filter(pk=self.stored.pk).remove()
        if self.right:
            self.right.add()


def differences() -> Iterator[Difference]:
    """Compare every standing decision with its label, and every label with a standing decision."""
    yield from _of_standing_decisions()
    standing = Escalation.objects.filter(decision__isnull=False).values("decision")
    for label in Label.objects.exclude(decision__in=standing).order_by("pk").iterator():
        yield Difference(label, None)


def _of_standing_decisions() -> Iterator[Difference]:
    last = 0
    standing = Escalation.objects.filter(decision__isnull=False).values("decision")
    decisions = Decision.objects.filter(pk__in=standing).select_related("escalation").order_by("pk")
    while batch := list(decisions.filter(pk__gt=last)[:BATCH]):
        last = batch[-1].pk
        checks = settled_checks(batch)
        about = {one.pk: checks[one.pk].first if one.pk in checks else one for one in batch}
        escalations = [first.escalation_id for first in about.values()]
        outcomes = {one.escalation_id: one for one in Outcome.objects.filter(escalation__in=escalations)}
        stored = {one.decision_id: one for one in Label.objects.filter(decision__in=batch)}
        for decision in batch:
            outcome = outcomes.get(about[decision.pk].escalation_id)
            found, right = stored.get(decision.pk), label_of(decision, outcome, checks.get(decision.pk))
            if not _same(found, right):
                yield Difference(found, right)


def _same(stored: Label | None, right: Label | None) -> bool:
    if stored is None or right is None:
        return stored is right
    return all(getattr(stored, name) == getattr(right, name) for name in FACTS)
