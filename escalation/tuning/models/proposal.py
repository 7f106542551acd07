from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models, transaction
from django.db.models import F, Max, Q
from django.db.models.functions import Now

from escalation.gating.models import Gate, Policy
from escalation.gating.signals import applied
from escalation.queue.models.moments import DatabaseMoment
from escalation.tuning.certificate import (
    METHOD,
    Certificate,
    Status,
    Target,
    evidence_in,
    is_due,
    one_step,
    standing,
)
from escalation.tuning.exceptions import ProposalClosed
from escalation.tuning.models.alarm import Alarm
from escalation.tuning.models.category import escalate_what_is_wrong_too_often
from escalation.tuning.models.rails import GateRails
from escalation.tuning.models.settlement import Settlement
from escalation.tuning.models.target import GateTarget
from escalation.tuning.statistics import Point, point_at
from escalation.tuning.strata import Window, window_at, window_start


class ProposalQuerySet(models.QuerySet["Proposal"]):
    def make_due(self) -> list[Proposal]:
        """Look at every gate whose labels have doubled since the last look; returns what that proposed."""
        gates = Gate.objects.filter(Q(policies__isnull=False)).distinct().select_related("agent")
        looks = [(gate, category) for gate in gates for category in ("", *_in_force(gate).categories)]
        return [
            made for gate, category in looks if (made := self._make(gate, category, None, only_if_due=True))
        ]

    def escalate_due(self, moment: datetime) -> list[Alarm]:
        """Let humans decide the categories that are wrong too often; returns the alarms."""
        gates = Gate.objects.exclude(policies=None).select_related("agent")
        return [alarm for gate in gates for alarm in escalate_what_is_wrong_too_often(gate, moment)]

    def apply_due(self, moment: datetime) -> list[Policy]:
        """Put in force what a gate's rails allow without asking; returns the new versions."""
        newest = self.order_by().values("gate", "category").annotate(newest=Max("pk")).values("newest")
        waiting = self.filter(pk__in=newest, look__isnull=False, status=Status.OK, settlement=None)
        waiting = waiting.select_related("gate__agent", "policy")
        return [policy for proposal in waiting if (policy := proposal.apply_by_itself(moment))]

    def make_now(self, gate: Gate, asked_by: User | None = None, category: str = "") -> Proposal:
        """Look at a gate, or a category, now. Out of turn, it has no look number: it is a preview."""
        proposal = self._make(gate, category, asked_by, only_if_due=False)
        assert proposal is not None
        return proposal

    @transaction.atomic
    def _make(
        self, gate: Gate, category: str, asked_by: User | None, *, only_if_due: bool
    ) -> Proposal | None:
        # One at a time, so that no two looks spend the same share of the doubt.
        gate.hold()
        policy, window = _in_force(gate), window_at(gate).of(category)
        target = GateTarget.objects.of_a_category(gate, policy, category)
        earlier = self.filter(
            gate=gate, category=category, model=window.model, prompt_version=window.prompt_version
        )
        last = earlier.filter(look__isnull=False).order_by("-look").first()
        closed_at = window_start(gate)
        # After an alarm the evidence counts from nothing, and the looks go on: none gets its doubt back.
        counts = last and (closed_at is None or last.made_at > closed_at)
        due = is_due(evidence_in(window.closed), last.evidence if last and counts else None, target)
        if only_if_due and not due:
            return None
        look = (last.look + 1 if last and last.look is not None else 0) if due else None
        level = target if look is None else target.at_look(look)
        facts = _facts(window.certify(level), window) | _at_present(policy, window, level, category)
        return self.create(
            gate=gate, category=category, asked_by=asked_by, look=look, delta=target.delta, **facts
        )


class Proposal(models.Model):
    """A threshold that the labels of one window support, with its evidence, or why there is none.

    Of all results of a gate, or of one `category`.

    `look` counts those made in turn, each at its own `level` of doubt, so that all of a window together err
    with probability `delta`; a preview has none, and is right with confidence 1 - `delta` by itself. Never
    edited; how it ended is a row of its own.
    """

    class Status(models.TextChoices):
        OK = Status.OK.value
        NO_THRESHOLD_QUALIFIES = Status.NO_THRESHOLD_QUALIFIES.value
        NEED_MORE_LABELS = Status.NEED_MORE_LABELS.value
        TOO_FEW_OUTCOMES = Status.TOO_FEW_OUTCOMES.value
        AUDIT_BACKLOG = Status.AUDIT_BACKLOG.value
        UNAUDITED_STRATUM = Status.UNAUDITED_STRATUM.value

    gate = models.ForeignKey(Gate, on_delete=models.PROTECT, related_name="proposals")
    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, related_name="proposals")
    look = models.PositiveIntegerField(null=True)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    made_at = DatabaseMoment(db_default=Now())
    method = models.CharField(max_length=100, default=METHOD)
    status = models.CharField(max_length=30, choices=Status)
    alpha = models.FloatField()
    delta = models.FloatField()
    level = models.FloatField()

    category = models.CharField(max_length=64, blank=True)
    model = models.CharField(max_length=100, blank=True)
    prompt_version = models.CharField(max_length=64, blank=True)
    outcomes = models.PositiveIntegerField()
    evidence = models.PositiveIntegerField()  # labels of accepted results; all, where none is accepted
    missing = models.PositiveIntegerField(null=True)  # how many more labels would do; none: nobody can say

    # Of the threshold proposed, or of the one that came closest; then of the one in force.
    threshold = models.FloatField(null=True)
    coverage = models.FloatField(null=True)
    risk = models.FloatField(null=True)
    risk_upper = models.FloatField(null=True)
    labels = models.PositiveIntegerField(default=0)
    coverage_now = models.FloatField(null=True)
    risk_now = models.FloatField(null=True)
    risk_upper_now = models.FloatField(null=True)
    labels_now = models.PositiveIntegerField(default=0)
    details = models.JSONField(default=dict)  # where the sequence began, strata, and what was not used

    objects = ProposalQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["gate", "-id"], name="newest_proposals_of_a_gate")]
        constraints = [
            models.UniqueConstraint(
                fields=["gate", "category", "model", "prompt_version", "look"], name="each_look_is_taken_once"
            ),
            models.CheckConstraint(
                condition=~Q(status="ok")
                | Q(threshold__isnull=False, risk_upper__isnull=False, risk_upper__lte=F("alpha")),
                name="what_is_proposed_meets_the_target",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.gate}: {self.threshold if self.status == Status.OK else self.get_status_display()}"

    @property
    def certificate(self) -> Certificate:
        """What was found, as the statistics say it."""
        point = _point(self.threshold, self.coverage, self.risk, self.risk_upper, self.labels)
        target = Target(self.alpha, self.level)
        start = self.details.get("start")
        return Certificate(Status(self.status), target, self.evidence, point, start, self.missing)

    @property
    def present(self) -> Point | None:
        """The threshold in force at the time, by the same labels."""
        shares = (self.coverage_now, self.risk_now, self.risk_upper_now)
        return _point(self.threshold_then, *shares, self.labels_now)

    @property
    def threshold_then(self) -> float:
        """The threshold in force when it was made."""
        return self.policy.threshold_for(self.category)

    def standing(self) -> float | None:
        """The lowest threshold of all looks at the same window, this one included: they hold together."""
        looks = Proposal.objects.filter(
            gate=self.gate_id,
            category=self.category,
            model=self.model,
            prompt_version=self.prompt_version,
            look__lte=-1 if self.look is None else self.look,
            status=Status.OK,
            alpha=self.alpha,
            delta=self.delta,
        )
        if closed_at := window_start(self.gate):
            looks = looks.filter(made_at__gt=closed_at)
        thresholds = [found for found in looks.values_list("threshold", flat=True) if found is not None]
        return standing(thresholds[0], thresholds) if thresholds else None

    def obstacle(self) -> str:
        """Why it can be applied no more, in a sentence; empty: it can."""
        settlement = Settlement.objects.filter(proposal=self).select_related("actor").first()
        in_force = self.gate.policy
        if settlement:
            return f"It was {settlement.kind} by {settlement.actor or 'the system'}."
        if self.status != Status.OK:
            return "It proposes no threshold."
        if in_force is None or not in_force.differs_at_most_elsewhere(self.policy, self.category):
            return f"It was made under version {self.policy.version}, which is not in force any more."
        if self.threshold_then == self.threshold:
            return "It is the threshold in force."
        if self.gate.proposals.filter(pk__gt=self.pk, category=self.category).exists():
            return "A newer proposal was made."
        newest = self.gate.outcomes.order_by("-id").values_list("model", "prompt_version").first()
        return "" if newest == (self.model, self.prompt_version) else "The model or its prompt has changed."

    @transaction.atomic
    def apply(self, actor: User, reason: str) -> Policy:
        """Put its threshold in force: a new version of the policy.

        Raises ProposalClosed, PolicyChanged, or ValidationError where two people change a threshold.
        """
        self._hold()
        if obstacle := self.obstacle():
            raise ProposalClosed(obstacle)
        assert self.threshold is not None
        return self._put_in_force(actor, reason, self.threshold)

    @transaction.atomic
    def apply_by_itself(self, moment: datetime) -> Policy | None:
        """Put it in force as far as one step goes, if the gate's rails allow that; None: they do not.

        A step that stops short of the threshold is vouched for too: the labels speak for all from where the
        sequence began down to the one proposed. Where it would not, the proposal waits for a person.
        """
        rails, in_force = GateRails.objects.of(self.gate), self.gate.policy
        self._hold()
        enough = rails.auto_apply and self.labels >= rails.smallest_evidence
        if in_force is None or not enough or self.obstacle() or Alarm.objects.stands_at(self.gate):
            return None
        if in_force.adopted_at + rails.cooling > moment:
            return None
        if self.threshold_then == self.standing():
            return None
        threshold = one_step(self.threshold_then, self.threshold or 0.0, rails.largest_step)
        if not self._vouched_for(threshold):
            return None
        policy = self._put_in_force(None, f"Proposal {self.pk}, applied by itself.", threshold)
        about = {"agent": self.gate.agent.slug, "gate": self.gate.slug, "category": self.category}
        numbers = {"threshold": threshold, "policy_version": policy.version, "risk_upper": self.risk_upper}
        applied.send(Proposal, gate=self.gate, facts=about | {"proposal": self.pk} | numbers)
        return policy

    def _vouched_for(self, threshold: float) -> bool:
        start = self.details.get("start")
        return start is not None and (self.threshold or 0.0) <= threshold <= start

    def _put_in_force(self, actor: User | None, reason: str, threshold: float) -> Policy:
        in_force = _in_force(self.gate)
        changes = in_force.with_threshold(threshold, self.category)
        policy = self.gate.adopt(author=actor, reason=reason, made_from=in_force.version, **changes)
        Settlement.objects.create(
            proposal=self, kind=Settlement.Kind.APPLIED, actor=actor, reason=reason, policy=policy
        )
        return policy

    @transaction.atomic
    def dismiss(self, actor: User, reason: str) -> None:
        """Leave the policy as it is, and say why; raises ProposalClosed when it was settled before."""
        self._hold()
        if Settlement.objects.filter(proposal=self).exists():
            raise ProposalClosed(self.obstacle())
        Settlement.objects.create(proposal=self, kind=Settlement.Kind.DISMISSED, actor=actor, reason=reason)

    def _hold(self) -> None:
        # One at a time: of two who click at once, the second sees what the first did.
        Proposal.objects.select_for_update().get(pk=self.pk)


def _facts(found: Certificate, window: Window) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "status": found.status,
        "alpha": found.target.alpha,
        "level": found.target.delta,
        "model": window.model,
        "prompt_version": window.prompt_version,
        "outcomes": sum(stratum.total for stratum in window.closed),
        "evidence": found.evidence,
        "missing": found.missing,
        "details": {
            "start": found.start,
            "strata": [{"outcomes": s.total, "labels": s.known, "audits": s.audits} for s in window.closed],
            "not_used": window.left_out + window.open,
        },
    }
    if point := found.point:
        facts |= {
            name: getattr(point, name) for name in ("threshold", "coverage", "risk", "risk_upper", "labels")
        }
    return facts


def _in_force(gate: Gate) -> Policy:
    policy = gate.policy
    assert policy is not None  # without one, no result passes and nobody looks
    return policy


def _at_present(policy: Policy, window: Window, target: Target, category: str) -> dict[str, Any]:
    present = point_at(window.closed, policy.threshold_for(category), target.delta)
    if present is None or not present.labels:
        return {"policy": policy, "coverage_now": present.coverage if present else None}
    return {
        "policy": policy,
        "coverage_now": present.coverage,
        "risk_now": present.risk,
        "risk_upper_now": present.risk_upper,
        "labels_now": present.labels,
    }


def _point(
    threshold: float | None, coverage: float | None, risk: float | None, upper: float | None, labels: int
) -> Point | None:
    if threshold is None or coverage is None or risk is None or upper is None:
        return None
    return Point(threshold, coverage, risk, upper, labels)
