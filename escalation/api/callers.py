"""Who calls, what they may do, and which rows exist for them. Whatever is not theirs is 404."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.contrib.auth.models import User
from django.db.models import Q
from django.db.models.functions import Now

from escalation.api.shapes.escalations import EscalationOut, EscalationRow
from escalation.database.once import Once
from escalation.gating.models import Agent
from escalation.queue.models import Escalation
from escalation.tuning.models import Label

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from escalation.queue.models.line import EscalationQuerySet
    from escalation.tuning.models.label import LabelQuerySet

WITH_PEOPLE = ("queue", "claimed_by", "decision__reviewer")
HEAVY_PARTS_OF_A_DECISION = [
    f"decision__{name}" for name in ("output", "original_output", "arguments", "answer", "note", "grant")
]
# Asked by nearly every call.
KNOWN = Once(lambda agent, id: Escalation.objects.known_to(agent).filter(pk=id).select_related(*WITH_PEOPLE))
VISIBLE = Once(
    lambda user, id: Escalation.objects.visible_to(user).filter(pk=id).select_related(*WITH_PEOPLE)
)


@dataclass(frozen=True, slots=True)
class AgentCaller:
    """An agent elsewhere: sees its own rows, and of a decision nothing until its undo window is over."""

    agent: Agent
    scopes: Collection[str]
    name: str  # of the token: each has a rate limit of its own

    def escalations(self) -> EscalationQuerySet:
        return Escalation.objects.known_to(self.agent.slug).select_related(*WITH_PEOPLE)

    def escalation(self, id: int) -> Escalation | None:
        """The one of them with this id."""
        return KNOWN.first(agent=self.agent.slug, id=id)

    def line(self) -> EscalationQuerySet:
        """What `escalations` are among, and can be walked by an index."""
        return Escalation.objects.filter(agent=self.agent.slug)

    def labels(self) -> LabelQuerySet:
        return Label.objects.filter(agent=self.agent.slug)

    def agents(self) -> QuerySet[Agent]:
        return Agent.objects.filter(pk=self.agent.pk)

    def with_status(self, status: str) -> Q:
        """Rows that this caller sees as `status`."""
        in_effect = Q(decision__effective_at__lte=Now())
        if status == Escalation.Status.DECIDED:
            return Q(status=status) & in_effect
        if status == Escalation.Status.CLAIMED:
            return Q(status=status) | Q(status=Escalation.Status.DECIDED) & ~in_effect
        return Q(status=status)

    def shown(self, row: Escalation) -> EscalationOut:
        return EscalationOut.of(row, held_back=_is_held_back(row))

    def listed(self, row: Escalation) -> EscalationRow:
        return EscalationRow.of(row, held_back=_is_held_back(row))


@dataclass(frozen=True, slots=True)
class ReviewerCaller:
    """A person, by token or by session: sees what waits in their review queues."""

    user: User
    scopes: Collection[str]
    name: str

    def escalations(self) -> EscalationQuerySet:
        return Escalation.objects.visible_to(self.user).select_related(*WITH_PEOPLE)

    def escalation(self, id: int) -> Escalation | None:
        """The one of them with this id."""
        return VISIBLE.first(user=self.user.pk, id=id)

    def line(self) -> EscalationQuerySet:
        """What `escalations` are among, and can be walked by an index."""
        return Escalation.objects.all()

    def labels(self) -> LabelQuerySet:
        return Label.objects.visible_to(self.user)

    def agents(self) -> QuerySet[Agent]:
        """Those with a gate that ever led to a review queue of this person."""
        return Agent.objects.filter(gates__policies__queue__memberships__user=self.user).distinct()

    def with_status(self, status: str) -> Q:
        """Rows that this caller sees as `status`."""
        return Q(status=status)

    def shown(self, row: Escalation) -> EscalationOut:
        return EscalationOut.of(row)

    def listed(self, row: Escalation) -> EscalationRow:
        return EscalationRow.of(row, held_back=False)


Caller = AgentCaller | ReviewerCaller


def _is_held_back(row: Escalation) -> bool:
    # The database's clock said so when the row was read; a row that was just raised was not read.
    return row.status == Escalation.Status.DECIDED and not getattr(row, "in_effect", False)
