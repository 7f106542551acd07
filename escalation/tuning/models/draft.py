from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Now

from escalation.gating.models import Gate, Policy
from escalation.gating.models.policy import check_threshold
from escalation.queue.models.moments import DatabaseMoment
from escalation.tuning.exceptions import DraftClosed


class DraftQuerySet(models.QuerySet["Draft"]):
    def waiting(self) -> DraftQuerySet:
        return self.filter(ended_at=None)

    @transaction.atomic
    def write(
        self,
        gate: Gate,
        author: User,
        threshold: float,
        reason: str,
        made_from: int | None = None,
        category: str = "",
    ) -> Draft:
        """Write down a threshold for somebody else to put in force; it takes the place of an older draft."""
        gate.hold()
        self.waiting().filter(gate=gate).update(ended_at=Now(), ended_by=author)
        version = gate.policy.version if gate.policy else 0
        said = {"threshold": threshold, "category": category, "reason": reason}
        return self.create(gate=gate, author=author, made_from=made_from or version, **said)


class Draft(models.Model):
    """A threshold that one person wrote down, and another puts in force or refuses."""

    gate = models.ForeignKey(Gate, on_delete=models.PROTECT, related_name="drafts")
    threshold = models.FloatField(validators=[check_threshold])
    category = models.CharField(max_length=64, blank=True)  # of which; empty: of all
    made_from = models.PositiveIntegerField()  # the version of the policy that its author saw
    reason = models.TextField()
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    written_at = DatabaseMoment(db_default=Now())
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    policy = models.OneToOneField(Policy, on_delete=models.PROTECT, null=True, related_name="draft")

    objects = DraftQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["gate"], condition=Q(ended_at=None), name="one_draft_waits_at_a_gate"
            ),
            models.CheckConstraint(
                condition=Q(policy=None) | ~Q(ended_by=models.F("author")),
                name="a_draft_is_put_in_force_by_another_person",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.gate}: {self.threshold} by {self.author}"

    @property
    def instead_of(self) -> float | None:
        """The threshold in force that it would change."""
        policy = self.gate.policy
        return policy.threshold_for(self.category) if policy else None

    @transaction.atomic
    def put_in_force(self, actor: User) -> Policy:
        """Make it a new version of the policy; raises DraftClosed, PolicyChanged or ValidationError."""
        self._still_waiting()
        if actor.pk == self.author_id:
            raise DraftClosed("Who wrote a draft does not put it in force: another person does.")
        in_force = self.gate.policy
        assert in_force is not None
        self.policy = self.gate.adopt(
            author=actor,
            drafted_by=self.author,
            reason=self.reason,
            made_from=self.made_from,
            **in_force.with_threshold(self.threshold, self.category),
        )
        self._end(actor)
        return self.policy

    @transaction.atomic
    def refuse(self, actor: User) -> None:
        """Leave the policy as it is; its author may do that too. Raises DraftClosed."""
        self._still_waiting()
        self._end(actor)

    def _still_waiting(self) -> None:
        if not Draft.objects.select_for_update().filter(pk=self.pk, ended_at=None).exists():
            raise DraftClosed("This draft was dealt with meanwhile.")

    def _end(self, actor: User) -> None:
        self.ended_by = actor
        Draft.objects.filter(pk=self.pk).update(ended_at=Now(), ended_by=actor, policy=self.policy)
