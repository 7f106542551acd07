from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import User
from django.db import models, transaction

from escalation.gating.exceptions import PolicyChanged
from escalation.gating.models.agent import Agent
from escalation.gating.models.policy import Policy
from escalation.gating.signals import adopting

if TYPE_CHECKING:
    from django_stubs_ext.db.models.manager import RelatedManager


class Gate(models.Model):
    """A named decision point of an agent, where a result's confidence meets a threshold."""

    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="gates")
    slug = models.SlugField(max_length=100, default="default")
    policies: RelatedManager[Policy]

    class Meta:
        ordering = ["agent", "slug"]
        constraints = [models.UniqueConstraint(fields=["agent", "slug"], name="one_gate_per_agent_and_slug")]

    def __str__(self) -> str:
        return f"{self.agent.slug}/{self.slug}"

    @property
    def policy(self) -> Policy | None:
        """The policy in force: the newest version."""
        return self.policies.order_by("-version").first()

    @transaction.atomic
    def adopt(
        self,
        *,
        author: User | None,
        reason: str,
        made_from: int | None = None,
        drafted_by: User | None = None,
        **changes: Any,
    ) -> Policy:
        """Put a new version in force: the one before with `changes`.

        The old version stays as it was, and what ran under it keeps its number. Raises ValidationError when
        the new one would have holes or one who listens to `adopting` refuses it, and PolicyChanged when
        `made_from` (the version that the author saw, 0 for none) is not in force any more. `drafted_by`: who
        wrote down what `author` now puts in force.
        """
        # One writer at a time, so that version numbers have neither gap nor twin.
        Gate.objects.select_for_update().get(pk=self.pk)
        before = self.policy
        terms = before.terms_as_dict() if before else {}
        version = before.version if before else 0
        if made_from is not None and made_from != version:
            raise PolicyChanged(made_from, version)
        policy = Policy(gate=self, author=author, reason=reason, version=version + 1, **(terms | changes))
        policy.full_clean()
        adopting.send(Gate, policy=policy, before=before, drafted_by=drafted_by)
        policy.save(force_insert=True)
        return policy
