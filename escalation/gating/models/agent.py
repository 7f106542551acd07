from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection, models, transaction
from django.db.models.functions import Now

from escalation.gating.exceptions import NotReady
from escalation.gating.go_live import GatePlan, still_missing
from escalation.gating.models.policy import HANDLED, Policy
from escalation.queue.models.moments import DatabaseMoment

if TYPE_CHECKING:
    from django_stubs_ext.db.models.manager import RelatedManager

    from escalation.gating.models.gate import Gate


class Agent(models.Model):
    """A named program that produces results under a policy."""

    class State(models.TextChoices):
        DRAFT = "draft"  # in shadow: every result goes to a human
        LIVE = "live"
        PAUSED = "paused"  # by the kill switch: every result goes to a human, and no run takes a step

    slug = models.SlugField(max_length=100, unique=True)
    name = models.CharField(max_length=100)
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    owner = models.CharField(max_length=200, blank=True)
    on_call = models.CharField(max_length=200, blank=True, help_text="whom to reach when it goes wrong")
    gates: RelatedManager[Gate]

    class Meta:
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.slug

    @property
    def is_live(self) -> bool:
        return self.state == self.State.LIVE

    def still_missing(self) -> list[str]:
        """What stands between this agent and going live, a sentence each."""
        plans = []
        for gate in self.gates.all():
            policy = Policy.objects.filter(gate=gate).order_by("-version").first()
            plans.append(
                GatePlan(gate.slug, policy.budget if policy else {}, policy.exits if policy else None)
            )
        return still_missing(self.owner, self.on_call, plans, HANDLED)

    def go_live(self, actor: User | None, note: str = "") -> None:
        """Let results be accepted without a human; raises NotReady with what is missing."""
        if missing := self.still_missing():
            raise NotReady(missing)
        self._enter(self.State.LIVE, actor, note)

    def pause(self, actor: User | None, note: str) -> None:
        """Stop it at once: no run takes another step, and every posted result goes to a human."""
        self._enter(self.State.PAUSED, actor, note)

    def is_live_until_we_commit(self) -> bool:
        """Whether it is live now, and stays so for the rest of this transaction: a pause waits for it."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT state FROM gating_agent WHERE id = %s FOR SHARE", [self.pk])
            (self.state,) = cursor.fetchone()
        return self.is_live

    @transaction.atomic
    def _enter(self, state: State, actor: User | None, note: str) -> None:
        self.state = state
        self.save(update_fields=["state"])
        AgentEvent.objects.create(agent=self, state=state, actor=actor, note=note)


class AgentEvent(models.Model):
    """Who changed an agent's state, when and why. Never edited."""

    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="events")
    state = models.CharField(max_length=10, choices=Agent.State)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    note = models.TextField(blank=True)
    at = DatabaseMoment(db_default=Now())

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.agent} became {self.state}"
