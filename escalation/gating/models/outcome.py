from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, connection, models, transaction
from django.db.models import Q
from django.db.models.functions import Now

from escalation.database.rows import mark_stored, names, places, values
from escalation.gating.exits import (
    ACCEPTED,
    CACHED,
    DEFAULT,
    HUMAN,
    Facts,
    Judgement,
    is_probability,
    judge,
    when_full,
)
from escalation.gating.models.agent import Agent
from escalation.gating.models.gate import Gate
from escalation.gating.models.policy import Policy
from escalation.gating.rules import answer_of
from escalation.queue.content import digest
from escalation.queue.exceptions import KeyReused
from escalation.queue.models import Decision, Escalation, Reason
from escalation.queue.models.moments import DatabaseMoment

NEXT_PARAGRAPH = re.compile(r"\n\s*\n|\f")


@dataclass(frozen=True, slots=True)
class Result:
    """What an agent produced, as it stands before a gate.

    `confidence` in 0 to 1, or anything else for "none"; `causes` are reason codes that its guards found, most
    important first, and `detail` their sentence; `usage` and `trace` as in the REST contract. `category`:
    what it is about, of those that the policy names; any other counts as none.
    """

    task: Any
    output: Any
    confidence: float | None = None
    partial: bool = False
    completed: Sequence[str] = ()
    missing: Sequence[str] = ()
    causes: Sequence[str] = ()
    detail: str = ""
    usage: dict[str, Any] = field(default_factory=dict)
    trace: Sequence[dict[str, Any]] = ()
    evidence: Sequence[dict[str, Any]] = ()
    explanation: str = ""
    title: str = ""
    external_id: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    model: str = ""
    prompt_version: str = ""
    category: str = ""
    priority: int = Escalation.Priority.NORMAL


# A pause that is under way waits for this, or this waits for the pause and then accepts nothing.
BY_DATABASE = ("id", "passed_at")
ACCEPT = """
INSERT INTO gating_outcome ({names})
SELECT {places} FROM gating_standing(%s) AS standing
WHERE standing.state = %s AND NOT standing.paused
ON CONFLICT (agent_id, key) DO NOTHING RETURNING id, passed_at
"""


class OutcomeQuerySet(models.QuerySet["Outcome"]):
    def pass_gate(
        self, agent: str, gate: str, result: Result, *, key: str | None = None, request_hash: str = ""
    ) -> tuple[Outcome, bool]:
        """Put a result through a gate, once per (agent, key): judge it, take its exit, record both.

        Returns the outcome and whether it is new. Raises UnknownGate, or KeyReused when the key came before
        with another body.
        """
        policy = Policy.objects.in_force(agent, gate)
        draw = secrets.randbelow(2**53) / 2**53
        if accepted := self._accept_at_once(policy, result, draw, key, request_hash):
            return accepted, True
        try:
            with transaction.atomic():
                return self._pass(policy, result, draw, key, request_hash), True
        except IntegrityError:
            # Another request with this key was faster: its row is there now, and is the answer to both.
            seen = self.filter(agent=policy.gate.agent, key=key).first() if key is not None else None
            if seen is None:
                raise
            if seen.request_hash != request_hash:
                raise KeyReused(str(key)) from None
            return seen, False

    def _accept_at_once(
        self, policy: Policy, result: Result, draw: float, key: str | None, request_hash: str
    ) -> Outcome | None:
        """Accept in one statement what needs no human, the most frequent exit; None: it is not so simple."""
        gate = policy.gate
        judgement = self._judge(policy, result, draw, live=gate.agent.is_live, open=not gate.paused)
        if judgement.reason or judgement.audited:
            return None
        outcome = self._unexited(policy, result, judgement, draw)
        outcome.key, outcome.request_hash, outcome.exit = key, request_hash, Outcome.Exit.ACCEPTED
        sql = ACCEPT.format(names=names(Outcome, BY_DATABASE), places=places(Outcome, BY_DATABASE))
        with connection.cursor() as cursor:
            cursor.execute(sql, [*values(outcome, BY_DATABASE), gate.pk, Agent.State.LIVE])
            returned = cursor.fetchone()
        if returned is None:
            return None
        mark_stored(outcome, **dict(zip(BY_DATABASE, returned, strict=True)))
        return outcome

    def rehearse(self, agent: str, gate: str, result: Result) -> Outcome:
        """The outcome that a live agent's result would have: nothing is stored, and nobody is asked.

        Raises UnknownGate.
        """
        policy = Policy.objects.in_force(agent, gate)
        judgement = self._judge(policy, result, draw=1.0, live=True, open=True)
        outcome = self._unexited(policy, result, judgement, draw=1.0)
        # What a rule writes, it writes for a real result only.
        with transaction.atomic():
            outcome.find_exit(policy, result, judgement)
            transaction.set_rollback(True)
        return outcome

    def _judge(self, policy: Policy, result: Result, draw: float, **standing: bool) -> Judgement:
        facts = Facts(result.confidence, result.partial, result.causes, **standing)
        return judge(facts, policy.terms_for(result.category), draw)

    def _pass(
        self, policy: Policy, result: Result, draw: float, key: str | None, request_hash: str
    ) -> Outcome:
        live, is_open = policy.gate.lets_pass_until_we_commit()
        judgement = self._judge(policy, result, draw, live=live, open=is_open)
        outcome = self._unexited(policy, result, judgement, draw)
        outcome.key, outcome.request_hash = key, request_hash
        outcome.take_exit(policy, result, judgement)
        outcome.save(force_insert=True)
        return outcome

    def _unexited(self, policy: Policy, result: Result, judgement: Judgement, draw: float) -> Outcome:
        return self.model(
            agent=policy.gate.agent,
            gate=policy.gate,
            policy=policy,
            category=result.category if result.category in policy.categories else "",
            threshold=policy.threshold_for(result.category),
            audit_rate=policy.audit_rate,
            audit_draw=draw,
            audited=judgement.audited,
            reason=judgement.reason or "",
            detail=result.detail or judgement.detail,
            task=result.task,
            task_hash=digest(result.task),
            output=result.output,
            confidence=result.confidence if is_probability(result.confidence) else None,
            partial=result.partial,
            model=result.model,
            prompt_version=result.prompt_version,
            external_id=result.external_id,
            metadata=result.metadata,
            usage=result.usage,
        )

    def last_accepted(self, policy: Policy, task_hash: str) -> Outcome | None:
        """The newest accepted answer to the same task that is still fresh and was not overturned."""
        fresh = Now() - timedelta(seconds=policy.cache_ttl_s)
        accepted = self.filter(gate=policy.gate, task_hash=task_hash, exit=ACCEPTED, passed_at__gte=fresh)
        return accepted.filter(correction=None).order_by("-id").first()


class Outcome(models.Model):
    """The record of a result that passed a gate, and the exit that it took."""

    class Exit(models.TextChoices):
        ACCEPTED = "accepted"
        RULE = "rule"
        CACHED = "cached"
        DEFAULT = "default"
        HUMAN = "human"

    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="outcomes")
    gate = models.ForeignKey(Gate, on_delete=models.PROTECT, related_name="outcomes")
    key = models.CharField(max_length=255, null=True)
    request_hash = models.CharField(max_length=64, blank=True)
    task = models.JSONField(null=True)
    task_hash = models.CharField(max_length=64)
    output = models.JSONField(null=True)  # what the agent produced
    confidence = models.FloatField(null=True)
    partial = models.BooleanField(default=False)
    usage = models.JSONField(default=dict)
    metadata = models.JSONField(default=dict)
    external_id = models.CharField(max_length=255, blank=True)
    model = models.CharField(max_length=100, blank=True)
    prompt_version = models.CharField(max_length=64, blank=True)
    category = models.CharField(max_length=64, blank=True)

    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, related_name="outcomes")
    threshold = models.FloatField()
    audit_rate = models.FloatField()
    audit_draw = models.FloatField()
    audited = models.BooleanField(default=False)
    exit = models.CharField(max_length=10, choices=Exit)
    exit_output = models.JSONField(null=True)  # what the exit yielded, when it was not the agent's own output
    exit_detail = models.TextField(blank=True)  # which rule, how old the cached answer
    reason = models.CharField(max_length=20, choices=Reason, blank=True)
    detail = models.TextField(blank=True)
    passed_at = DatabaseMoment(db_default=Now())

    escalation = models.OneToOneField(Escalation, on_delete=models.PROTECT, null=True, related_name="outcome")
    correction = models.ForeignKey(Decision, on_delete=models.PROTECT, null=True, related_name="corrected")

    objects = OutcomeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agent", "key"], name="one_outcome_per_agent_and_key"),
            models.CheckConstraint(
                condition=Q(exit="accepted", partial=False) | ~Q(exit="accepted"),
                name="a_partial_result_is_never_accepted_without_a_human",
            ),
            models.CheckConstraint(
                condition=~Q(exit="human") | Q(escalation__isnull=False),
                name="the_human_exit_has_an_escalation",
            ),
        ]
        indexes = [
            models.Index(fields=["gate", "-id"], name="newest_of_a_gate"),
            models.Index(
                fields=["gate", "task_hash", "-id"], condition=Q(exit="accepted"), name="answers_to_a_task"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.gate} {self.exit}"

    @property
    def degraded(self) -> bool:
        """Whether a rule, a cached answer or a safe default stood in for the agent's own output."""
        return self.exit in (self.Exit.RULE, self.Exit.CACHED, self.Exit.DEFAULT)

    @property
    def served(self) -> Any:
        """What counts as the agent's output: its own when accepted, the exit's when degraded, else none."""
        return {ACCEPTED: self.output, HUMAN: None}.get(self.exit, self.exit_output)

    def take_exit(self, policy: Policy, result: Result, judgement: Judgement) -> None:
        """Take the first exit that yields, and raise the escalation where that is a human or an audit."""
        self.find_exit(policy, result, judgement)
        if self.exit == self.Exit.HUMAN:
            self.escalation = self._escalate(policy, result, self.reason)
        elif judgement.audited or (self.degraded and self.audit_draw < self.audit_rate):
            # What stood in for the agent is checked too: by the same coin, and as it was served.
            self.audited = True
            self.escalation = self._escalate(policy, replace(result, output=self.served), Reason.AUDIT)

    def find_exit(self, policy: Policy, result: Result, judgement: Judgement) -> None:
        """Say which exit is the first that yields, and what it yields; nobody is asked yet."""
        if judgement.reason is None:
            self.exit = self.Exit.ACCEPTED
            return
        sheds, handlers = policy.sheds(judgement.reason, result.priority), judgement.handlers
        if sheds:
            handlers = when_full(handlers, judgement.reason, partial=result.partial)
        # Every saved list ends in a handler that yields; whatever changed since must not lose a result.
        if not any(self._try(handler, policy, result) for handler in handlers):
            self.exit = self.Exit.HUMAN
        if sheds and self.degraded:
            self.exit_detail += f"; the review queue {policy.queue.slug} is full"

    def _try(self, handler: str, policy: Policy, result: Result) -> bool:
        if handler == HUMAN:
            self.exit = self.Exit.HUMAN
            return True
        if handler == DEFAULT:
            return self._serve(self.Exit.DEFAULT, policy.default_output, "the policy's safe default")
        if handler == CACHED:
            return self._serve_cached(policy)
        name = handler.removeprefix("rule:")
        answer = answer_of(name, result.task, result.output, policy.tables)
        return self._serve(self.Exit.RULE, answer, f"rule {name}")

    def _serve_cached(self, policy: Policy) -> bool:
        last = Outcome.objects.last_accepted(policy, self.task_hash)
        if last is None:
            return False
        return self._serve(
            self.Exit.CACHED, last.output, f"outcome {last.pk} of {last.passed_at:%d %B %Y %H:%M} UTC"
        )

    def _serve(self, exit_: str, output: Any, detail: str) -> bool:
        if output is None:
            return False
        self.exit, self.exit_output, self.exit_detail = exit_, output, detail
        return True

    def _escalate(self, policy: Policy, result: Result, reason: str) -> Escalation:
        escalation, _ = Escalation.objects.raise_once(
            agent=policy.gate.agent.slug,
            gate=policy.gate.slug,
            reason=reason,
            queue=policy.queue,
            deadline_s=policy.deadline_s,
            # Of a check on what was accepted long ago, no agent waits for the answer.
            on_timeout=None if reason == Reason.AUDIT else policy.timeout,
            detail=self.detail,
            threshold=self.threshold,
            policy_version=policy.version,
            title=result.title or title_of(result.task),
            confidence=self.confidence,
            **{name: getattr(result, name) for name in CARRIED},
        )
        return escalation


# What an escalation takes over from the result as it is.
CARRIED = (
    "task",
    "output",
    "partial",
    "completed",
    "missing",
    "usage",
    "trace",
    "evidence",
    "explanation",
    "external_id",
    "metadata",
    "priority",
)


def title_of(task: Any) -> str:
    """A line for the list when the agent wrote none: the first paragraph of what it was asked."""
    if isinstance(task, dict):
        task = next((value for value in task.values() if isinstance(value, str) and value.strip()), None)
    paragraph = NEXT_PARAGRAPH.split(task.strip(), maxsplit=1)[0] if isinstance(task, str) else ""
    text = " ".join(paragraph.split())
    return f"{text[:197]}…" if len(text) > 198 else text or "Untitled"
