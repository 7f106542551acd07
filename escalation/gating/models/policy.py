from __future__ import annotations

import math
from functools import cache
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection, models
from django.db.models import F, Q
from django.db.models.functions import Now
from jsonschema import Draft202012Validator

from escalation.database.rows import names, read
from escalation.gating.exceptions import UnknownGate
from escalation.gating.exits import (
    ACCEPTS_NOTHING,
    HUMAN,
    NOBODY_ELSE,
    Terms,
    faults,
    holes,
    is_probability,
    is_table,
    is_threshold,
)
from escalation.gating.rules import rule_named
from escalation.gating.tables import problems_of
from escalation.queue.models import Escalation, Reason, ReviewQueue
from escalation.queue.models.moments import DatabaseMoment

# Every reason that a result can be stopped for; audits and the other blind checks are not exits.
HANDLED = [
    reason.value for reason in Reason if reason not in (Reason.AUDIT, Reason.SECOND_REVIEW, Reason.GOLD)
]
# The most that one run may use; every one is optional.
WHOLE_LIMITS = ("tokens", "output_tokens", "turns", "tool_calls")
LIMITS = ("cost_usd", *WHOLE_LIMITS, "wall_clock_s")
TERMS = (
    "threshold",
    "categories",
    "audit_rate",
    "budget",
    "exits",
    "tables",
    "default_output",
    "cache_ttl_s",
    "deadline_s",
    "on_timeout",
    "shed",
    "queue",
)

# What a policy says of results alone: whoever raises an escalation has no use for it.
OF_ESCALATIONS = ("threshold", "deadline_s", "on_timeout", "queue")
OF_RESULTS = (*(name for name in TERMS if name not in OF_ESCALATIONS), "author_id", "reason", "adopted_at")


def all_to_a_human() -> dict[str, list[str]]:
    """The exits that are always safe."""
    return {reason: ["human"] for reason in HANDLED}


def stays_with_a_human() -> list[str]:
    """The timeout exit that is always safe: wait on, and let a wider circle know."""
    return [HUMAN]


def check_probability(value: float) -> None:
    """Refuse what is no finite number from 0 to 1."""
    if not is_probability(value):
        raise ValidationError("Give a number from 0 to 1.")


def check_threshold(value: float) -> None:
    """Refuse what is neither a number from 0 to 1 nor the threshold that accepts nothing."""
    if not is_threshold(value):
        raise ValidationError(f"Give a number from 0 to 1, or {ACCEPTS_NOTHING:g} to accept nothing.")


class PolicyQuerySet(models.QuerySet["Policy"]):
    def in_force(self, agent: str, gate: str, *, without: tuple[str, ...] = ()) -> Policy:
        """The newest policy at an agent's gate, with agent, gate and queue loaded; raises UnknownGate.

        The columns `without` which it is read are loaded when asked for.
        """
        with connection.cursor() as cursor:
            cursor.execute(_in_force(without), [agent, gate])
            row = cursor.fetchone()
        if row is None:
            raise UnknownGate(agent, gate)
        *stored, agent_id, agent_state, paused, queue_slug = row
        policy = read(Policy, stored, without)
        _set_gate(
            policy, {"slug": gate, "paused": paused}, {"id": agent_id, "slug": agent, "state": agent_state}
        )
        policy.queue = ReviewQueue.from_db("default", ["id", "slug"], [policy.queue_id, queue_slug])
        return policy


@cache
def _in_force(without: tuple[str, ...]) -> str:
    # Every result and every posted escalation asks this: building it anew would be most of what they cost.
    return f"""
        SELECT {names(Policy, without, of="p")}, a.id, a.state, g.paused, q.slug
        FROM gating_policy p
        JOIN gating_gate g ON g.id = p.gate_id
        JOIN gating_agent a ON a.id = g.agent_id
        JOIN queue_reviewqueue q ON q.id = p.queue_id
        WHERE a.slug = %s AND g.slug = %s
        ORDER BY p.version DESC
        LIMIT 1
    """


def _set_gate(policy: Policy, gate: dict[str, Any], agent: dict[str, Any]) -> None:
    """Let a policy know its gate and agent by what is known of them; the rest is loaded when asked for."""
    gates: Any = Policy._meta.get_field("gate").related_model
    agents: Any = gates._meta.get_field("agent").related_model
    # In the order of the model's fields: `from_db` reads values by their place alone.
    held = {"id": policy.gate_id, "agent_id": agent["id"]} | gate
    policy.gate = gates.from_db("default", list(held), list(held.values()))
    policy.gate.agent = agents.from_db("default", list(agent), list(agent.values()))


class Policy(models.Model):
    """The numbers and exits in force at a gate. A change is a new version; no version is ever edited."""

    gate = models.ForeignKey("gating.Gate", on_delete=models.PROTECT, related_name="policies")
    version = models.PositiveIntegerField()
    threshold = models.FloatField(validators=[check_threshold])
    # {category: its own threshold, or None for the one above}: what results can be about.
    categories = models.JSONField(default=dict, blank=True)
    audit_rate = models.FloatField(default=0.05, validators=[check_probability])
    budget = models.JSONField(default=dict, blank=True)  # {one of LIMITS: amount}
    exits = models.JSONField(default=all_to_a_human)  # {reason: [handler, …]}
    tables = models.JSONField(default=dict, blank=True)  # {rule: [{when, then}, …]}, as in tables.py
    default_output = models.JSONField(null=True, blank=True)  # what the exit `default` yields
    cache_ttl_s = models.PositiveIntegerField(default=86_400)  # how old an answer the exit `cached` may yield
    # In working hours of the review queue, until the timeout exit.
    deadline_s = models.PositiveIntegerField(null=True, blank=True)
    # Reasons of low stakes: while the review queue is full, these do without a human.
    shed = models.JSONField(default=list, blank=True)
    on_timeout = models.JSONField(default=stays_with_a_human)  # [handler, …]: what is then tried, in order
    queue = models.ForeignKey(ReviewQueue, on_delete=models.PROTECT, related_name="+")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    reason = models.TextField()
    adopted_at = DatabaseMoment(db_default=Now())

    objects = PolicyQuerySet.as_manager()

    class Meta:
        ordering = ["gate", "-version"]
        verbose_name_plural = "policies"
        constraints = [
            models.UniqueConstraint(F("gate"), F("version").desc(), name="one_policy_per_gate_and_version"),
            models.CheckConstraint(
                condition=Q(threshold__gte=0, threshold__lte=1) | Q(threshold=ACCEPTS_NOTHING),
                name="a_threshold_is_a_probability_or_accepts_nothing",
            ),
            models.CheckConstraint(
                condition=Q(audit_rate__gte=0, audit_rate__lte=1), name="an_audit_rate_is_a_probability"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.gate} v{self.version}"

    def threshold_for(self, category: str) -> float:
        """What results of a category must reach: its own threshold, or else that of all."""
        own: float | None = self.categories.get(category)
        return self.threshold if own is None else own

    @property
    def own_thresholds(self) -> dict[str, float]:
        """Of the categories that have one."""
        return {name: own for name, own in self.categories.items() if own is not None}

    def with_threshold(self, threshold: float, category: str = "") -> dict[str, Any]:
        """What a new version says otherwise when a threshold changes: that of all, or that of a category."""
        if not category:
            return {"threshold": threshold}
        return {"categories": self.categories | {category: threshold}}

    def tightened_to(self, threshold: float) -> dict[str, Any]:
        """What a new version says otherwise so that no category accepts less than `threshold` asks for."""
        own = {name: mine if mine is None else max(mine, threshold) for name, mine in self.categories.items()}
        return {"threshold": threshold, "categories": own}

    def differs_at_most_elsewhere(self, other: Policy, category: str) -> bool:
        """Whether this is the same version, or one in which only thresholds of other categories changed."""
        mine, theirs = self.terms_as_dict(), other.terms_as_dict()
        same = all(mine[name] == theirs[name] for name in TERMS if name != "categories")
        return same and self.threshold_for(category) == other.threshold_for(category)

    def terms_for(self, category: str) -> Terms:
        return Terms(self.threshold_for(category), self.audit_rate, self.exits)

    def terms_as_dict(self) -> dict[str, Any]:
        """What a new version starts from."""
        return {name: getattr(self, name) for name in TERMS}

    def sheds(self, reason: str, priority: int) -> bool:
        """Whether a result does without a human now, because too many wait already."""
        is_low = reason in self.shed and priority <= Escalation.Priority.NORMAL
        return is_low and self.queue.overloaded_at is not None

    @property
    def timeout(self) -> dict[str, Any] | None:
        """What an escalation raised under this policy says of its timeout exit; None without a deadline."""
        return None if self.deadline_s is None else {"handler": "policy", "handlers": self.on_timeout}

    def clean(self) -> None:
        found = {
            "exits": holes(self.exits, HANDLED, may_write=self.gate.agent.may_write),
            "on_timeout": [],
            "tables": problems_of(self.tables),
            "default_output": self._misfits(self.default_output),
            "shed": faults_of_shed(self.shed, self.default_output),
            "budget": excesses(self.budget),
            "categories": faults_of_categories(self.categories),
        }
        at_deadline = {"on_timeout": self.on_timeout}
        if not self.on_timeout or not is_table(at_deadline):
            found["on_timeout"] = ["say what is tried when nobody decides in time; a list of handlers"]
        elif is_table(self.exits) and not found["tables"]:
            found["on_timeout"] = faults(self.on_timeout) + self._unknown_rules(at_deadline)
            found["exits"] += self._unknown_rules(self.exits)
            found["tables"] += self._unfit_tables()
            if self.default_output is None and _yields_default(self.exits | at_deadline):
                found["default_output"] = ["an exit is `default`: write what it yields"]
        if problems := {field: texts for field, texts in found.items() if texts}:
            raise ValidationError(problems)

    def _unknown_rules(self, exits: dict[str, list[str]]) -> list[str]:
        return [
            f"{reason}: no rule is named {name!r}"
            for reason, handlers in exits.items()
            for name in (handler.removeprefix("rule:") for handler in handlers if handler.startswith("rule:"))
            if rule_named(name) is None and name not in self.tables
        ]

    def _unfit_tables(self) -> list[str]:
        taken = [f"{name}: a rule in code has this name" for name in self.tables if rule_named(name)]
        return taken + [
            f"{name}, row {n}: {misfit}"
            for name, rows in self.tables.items()
            for n, row in enumerate(rows, 1)
            for misfit in self._misfits(row["then"])
        ]

    def _misfits(self, output: Any) -> list[str]:
        """Why an output that no agent makes does not fit what the gate's results look like."""
        if output is None or not self.gate.output_schema:
            return []
        errors = Draft202012Validator(self.gate.output_schema).iter_errors(output)
        return [f"it does not fit the gate's output: {error.message}" for error in errors]


def faults_of_shed(shed: Any, default_output: Any) -> list[str]:
    """What is wrong with the reasons that do without a human while the review queue is full."""
    if not isinstance(shed, list) or any(reason not in HANDLED or reason in NOBODY_ELSE for reason in shed):
        return ["choose among the reasons that have exits; what no machine may answer goes to a human"]
    return ["write the safe default: it is their last exit"] if shed and default_output is None else []


def faults_of_categories(categories: Any) -> list[str]:
    """What is wrong with the categories of a policy, a sentence each."""
    if not isinstance(categories, dict):
        return ["not a table of categories, each with a threshold or none"]
    names = [f"{name!r}: give it 1 to 64 characters" for name in categories if not 0 < len(name) <= 64]
    return names + [
        f"{name}: {own!r} is no number from 0 to 1"
        for name, own in categories.items()
        if own is not None and not is_threshold(own)
    ]


def _yields_default(exits: dict[str, list[str]]) -> bool:
    return any("default" in handlers for handlers in exits.values())


def excesses(budget: Any) -> list[str]:
    """What is wrong with a budget, a sentence each."""
    if not isinstance(budget, dict):
        return ["not a table of limits"]
    problems = [
        f"{name}: not a limit; choose among {', '.join(LIMITS)}" for name in budget if name not in LIMITS
    ]
    return problems + [
        f"{name}: {amount!r} is not a number above 0"
        for name, amount in budget.items()
        if name in LIMITS and not _is_limit(name, amount)
    ]


def _is_limit(name: str, amount: Any) -> bool:
    if isinstance(amount, bool) or not isinstance(amount, int | float) or not math.isfinite(amount):
        return False
    whole = name in WHOLE_LIMITS
    return amount >= (0 if name == "tool_calls" else 1) and amount == int(amount) if whole else amount > 0
