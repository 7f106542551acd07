from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models, transaction
from django.db.models.functions import Now

from escalation.database import turns
from escalation.database.turns import Turn
from escalation.gating.exceptions import NotReady
from escalation.queue.models.moments import DatabaseMoment

if TYPE_CHECKING:
    from django_stubs_ext.db.models.manager import RelatedManager

    from escalation.gating.models.drill import Drill
    from escalation.gating.models.failure_mode import FailureMode
    from escalation.gating.models.gate import Gate
    from escalation.gating.models.outcome import Outcome
    from escalation.gating.models.plan import Plan


class AgentQuerySet(models.QuerySet["Agent"]):
    @transaction.atomic
    def pause_all(self, actor: User | None, note: str) -> int:
        """Stop every one of these agents at once; returns how many were not paused already."""
        # Always in the same order, so that two who stop everything do not wait for each other.
        running = list(self.exclude(state=Agent.State.PAUSED).select_for_update(no_key=True).order_by("pk"))
        for agent in running:
            agent.pause(actor, note)
        return len(running)

    @transaction.atomic
    def look_after(self) -> int:
        """Warn of live agents that may not go live any more, and let those fall back whose grace is over.

        Returns how many fell back to shadow mode.
        """
        # Held, lest a pause of the same moment be taken back.
        live = self.filter(state=Agent.State.LIVE).select_for_update(no_key=True).order_by("pk")
        return sum(agent.stay_live_or_fall_back() for agent in live)


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
    # Of an agent that runs here: {model, prompt_version, tools: [{name, effect}]}; empty: it runs elsewhere.
    definition = models.JSONField(default=dict, blank=True)
    code_version = models.CharField(
        max_length=64, blank=True
    )  # a digest of its code, prompt, tools and model
    unready_since = models.DateTimeField(null=True)  # since when it lives though it may not go live any more
    gates: RelatedManager[Gate]
    failure_modes: RelatedManager[FailureMode]
    drills: RelatedManager[Drill]
    outcomes: RelatedManager[Outcome]
    events: RelatedManager[AgentEvent]

    objects = AgentQuerySet.as_manager()

    class Meta:
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.slug

    @property
    def is_live(self) -> bool:
        return self.state == self.State.LIVE

    @property
    def runs_here(self) -> bool:
        """Whether our workers know it; an agent elsewhere only posts its results."""
        return bool(self.definition)

    @property
    def tool_effects(self) -> list[str] | None:
        """What its tools do to the world; None for an agent elsewhere, of whose tools nothing is known."""
        return [tool["effect"] for tool in self.definition.get("tools", [])] if self.runs_here else None

    @property
    def may_write(self) -> bool:
        """Whether it is known to have a tool that changes something."""
        return bool(set(self.tool_effects or ()) - {"read"})

    @property
    def falls_back_at(self) -> datetime | None:
        """When it goes back to shadow mode unless what is missing is mended; None while nothing is."""
        return self.unready_since + settings.DRILL_GRACE if self.is_live and self.unready_since else None

    def learn(self, code_version: str, definition: dict[str, Any]) -> None:
        """Note what code it now is; drills of another version are stale from here on."""
        if (self.code_version, self.definition) != (code_version, definition):
            self.code_version, self.definition = code_version, definition
            self.save(update_fields=["code_version", "definition"])

    def plan(self) -> Plan:
        """Its gates with their policies in force, and its failure modes with how their drills went."""
        from escalation.gating.models.plan import plans_of

        return plans_of([self])[0]

    def still_missing(self) -> list[str]:
        """What stands between this agent and going live, a sentence each."""
        return self.plan().missing

    def rehearsed(self) -> dict[int, str]:
        """By failure mode that was ever rehearsed: passed, failed or stale, as `ModePlan.drilled`."""
        return {mode.pk: drilled for mode, drilled in self.plan().modes if drilled != "never"}

    def go_live(self, actor: User | None, note: str = "") -> None:
        """Let results be accepted without a human; raises NotReady with what is missing."""
        if missing := self.still_missing():
            raise NotReady(missing)
        self._enter(self.State.LIVE, actor, note)

    def pause(self, actor: User | None, note: str) -> None:
        """Stop it at once: no run takes another step, and every posted result goes to a human."""
        self._enter(self.State.PAUSED, actor, note)

    def stay_live_or_fall_back(self) -> bool:
        """Note since when a live agent lacks something; True when its grace was over and it is in shadow."""
        missing = self.still_missing()
        if not missing:
            Agent.objects.filter(pk=self.pk).exclude(unready_since=None).update(unready_since=None)
            return False
        unready = Agent.objects.filter(pk=self.pk, state=self.State.LIVE)
        unready.filter(unready_since=None).update(unready_since=Now())
        if not unready.filter(unready_since__lte=Now() - settings.DRILL_GRACE).exists():
            return False
        self._enter(self.State.DRAFT, None, f"Back to shadow mode: {'; '.join(missing)}"[:2000])
        return True

    @transaction.atomic
    def _enter(self, state: State, actor: User | None, note: str) -> None:
        turns.take(Turn.AGENTS_STATE, self.pk)
        self.state, self.unready_since = state, None
        self.save(update_fields=["state", "unready_since"])
        AgentEvent.objects.create(agent=self, state=state, actor=actor, note=note)


class AgentEvent(models.Model):
    """Who changed an agent's state, or one gate's of it, when and why. Never edited."""

    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="events")
    gate = models.ForeignKey("gating.Gate", on_delete=models.PROTECT, null=True, related_name="events")
    state = models.CharField(max_length=10, choices=Agent.State)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    note = models.TextField(blank=True)
    at = DatabaseMoment(db_default=Now())

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.gate or self.agent} became {self.state}"
