from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import connection, models, transaction
from jsonschema import Draft202012Validator, SchemaError

from escalation.database import turns
from escalation.database.turns import Turn
from escalation.gating.exceptions import PolicyChanged
from escalation.gating.models.agent import Agent, AgentEvent
from escalation.gating.models.policy import Policy
from escalation.gating.signals import adopting

if TYPE_CHECKING:
    from django_stubs_ext.db.models.manager import RelatedManager


def check_schema(value: Any) -> None:
    """Refuse what is no JSON Schema."""
    try:
        Draft202012Validator.check_schema(value)
    except SchemaError as error:
        raise ValidationError(f"This is no JSON Schema: {error.message}") from error


class Gate(models.Model):
    """A named decision point of an agent, where a result's confidence meets a threshold."""

    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="gates")
    slug = models.SlugField(max_length=100, default="default")
    paused = models.BooleanField(default=False)  # by the kill switch: every result goes to a human
    output_schema = models.JSONField(
        null=True,
        blank=True,
        validators=[check_schema],
        help_text="A JSON Schema of its output: safe defaults and rules must fit. Empty: anything does.",
    )
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
        self.hold()
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

    def hold(self) -> None:
        """Let nobody else change its policy, or what is proposed for it, until we commit.

        Results pass all the while, and it can be paused.
        """
        turns.take(Turn.GATES_POLICY, self.pk)

    def pause(self, actor: User | None, note: str) -> None:
        """Close it at once: every result goes to a human, and no run before it takes another step."""
        self._turn(actor, note, paused=True)

    def resume(self, actor: User | None, note: str) -> None:
        """Open it again: what its agent may do, it may do here."""
        self._turn(actor, note, paused=False)

    def lets_pass_until_we_commit(self) -> tuple[bool, bool]:
        """Whether the agent is live and the gate open, now and until we commit: a pause waits for it."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT state, paused FROM gating_standing(%s)", [self.pk])
            self.agent.state, self.paused = cursor.fetchone()
        return self.agent.is_live, not self.paused

    @transaction.atomic
    def _turn(self, actor: User | None, note: str, *, paused: bool) -> None:
        turns.take(Turn.AGENTS_STATE, self.agent_id)
        self.paused = paused
        self.save(update_fields=["paused"])
        state = Agent.State.PAUSED if paused else Agent.State.LIVE
        AgentEvent.objects.create(agent=self.agent, gate=self, state=state, actor=actor, note=note)
