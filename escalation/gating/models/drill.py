from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Now

from escalation.gating.catalogue import INJECTIONS
from escalation.gating.models.agent import Agent
from escalation.gating.models.failure_mode import FailureMode
from escalation.gating.models.gate import Gate
from escalation.gating.models.policy import Policy
from escalation.gating.signals import drill_ended, drill_wanted
from escalation.queue.models.moments import DatabaseMoment

if TYPE_CHECKING:
    from escalation.gating.models.outcome import Outcome

# How long a drill may take once it was begun, and how long it may wait for a worker to begin it.
PATIENCE, UNBEGUN_PATIENCE = timedelta(minutes=3), timedelta(minutes=15)


class DrillQuerySet(models.QuerySet["Drill"]):
    def want(self, mode: FailureMode, actor: User | None = None) -> Drill:
        """Ask for a rehearsal of a failure mode under the policy in force; the agents' side begins it."""
        drill = self._write(mode, actor)
        drill_wanted.send(Drill, drill=drill)
        return drill

    @transaction.atomic
    def record(self, mode: FailureMode, outcome: Outcome) -> Drill:
        """Note what an agent elsewhere rehearsed: `outcome` is what the gate would have made of it."""
        drill = self._write(mode, None)
        drill.begin(mode.agent.code_version)
        drill.see(outcome)
        return drill

    def _write(self, mode: FailureMode, actor: User | None) -> Drill:
        if not mode.injection:
            raise ValueError(f"{mode.name}: it says no way to bring it about, so it cannot be rehearsed")
        policy = mode.gate.policy
        if policy is None:
            raise ValueError(f"{mode.name}: its gate {mode.gate} has no policy")
        return self.create(
            agent=mode.agent,
            failure_mode=mode,
            policy=policy,
            injection=mode.injection,
            expected_reason=mode.reason,
            expected_exits=list(policy.exits.get(mode.reason, [])),
            code_version=mode.agent.code_version,
            actor=actor,
        )

    def under_way(self) -> DrillQuerySet:
        return self.filter(passed=None)

    def overdue(self) -> DrillQuerySet:
        """Under way for so long that nobody waits for them."""
        unbegun = Q(begun_at=None, wanted_at__lt=Now() - UNBEGUN_PATIENCE)
        return self.under_way().filter(unbegun | Q(begun_at__lt=Now() - PATIENCE))

    def unheard(self) -> DrillQuerySet:
        """Wanted, and begun by nobody."""
        return self.under_way().filter(begun_at=None)


class Drill(models.Model):
    """A rehearsal: a failure injected into the real agent, the exit it must take, and the one it took."""

    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="drills")
    failure_mode = models.ForeignKey(FailureMode, on_delete=models.SET_NULL, null=True, related_name="drills")
    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, related_name="drills")
    code_version = models.CharField(max_length=64, blank=True)
    injection = models.CharField(max_length=30)
    expected_reason = models.CharField(max_length=20)
    expected_exits = models.JSONField(default=list)  # the handlers, in order
    seen_reason = models.CharField(max_length=20, blank=True)
    seen_exit = models.CharField(max_length=10, blank=True)
    passed = models.BooleanField(null=True)  # None: it is under way
    detail = models.TextField(blank=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    wanted_at = DatabaseMoment(db_default=Now())
    begun_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    objects = DrillQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["failure_mode", "-id"], name="newest_of_a_failure_mode"),
            models.Index(fields=["wanted_at"], condition=Q(passed=None), name="drills_under_way"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(passed=None) | Q(ended_at__isnull=False), name="a_drill_with_a_verdict_is_over"
            )
        ]

    def __str__(self) -> str:
        return f"{self.what} for {self.agent}"

    @property
    def what(self) -> str:
        """What is injected, in words."""
        known = INJECTIONS.get(self.injection)
        return known.name if known else self.injection

    @property
    def gate(self) -> Gate:
        return self.policy.gate

    @property
    def state(self) -> str:
        if self.passed is None:
            return "under way" if self.begun_at else "waiting"
        return "passed" if self.passed else "failed"

    def begin(self, code_version: str) -> bool:
        """Take it, once over all processes; False when another one has, or it is over."""
        self.code_version = code_version
        mine = Drill.objects.filter(pk=self.pk, begun_at=None, passed=None)
        return bool(mine.update(begun_at=Now(), code_version=code_version))

    def see(self, outcome: Outcome) -> None:
        """Note the exit that the rehearsed result would take, and whether it is the declared one."""
        if outcome.policy_id != self.policy_id:
            self.fail(f"The policy became version {outcome.policy.version} meanwhile: rehearse it again.")
            return
        kinds = {handler.partition(":")[0] for handler in self.expected_exits}
        passed = outcome.reason == self.expected_reason and outcome.exit in kinds
        self._end(passed, outcome.detail, seen_reason=outcome.reason, seen_exit=outcome.exit)

    def fail(self, detail: str) -> None:
        """End it without an exit seen."""
        self._end(False, detail)

    def _end(self, passed: bool, detail: str, **seen: str) -> None:
        # Whoever sees an exit first: a run that was given up may still come to an end.
        under_way = Drill.objects.filter(pk=self.pk, passed=None)
        if under_way.update(passed=passed, detail=detail, ended_at=Now(), **seen):
            self.refresh_from_db()
            drill_ended.send(Drill, drill=self)
