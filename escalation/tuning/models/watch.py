from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import models, transaction
from django.db.models import Count, Max, Q
from django.db.models.functions import Now

from escalation.gating.models import Gate, Outcome, Policy
from escalation.queue.models import Reason
from escalation.queue.models.moments import DatabaseMoment
from escalation.tuning.drift import (
    RAISED_FOR,
    RAISED_RATE,
    Detector,
    Sums,
    errors_beyond,
    escalations_beyond,
    escalations_short_of,
)
from escalation.tuning.models.alarm import Alarm
from escalation.tuning.models.label import Label
from escalation.tuning.models.rails import GateRails
from escalation.tuning.models.target import GateTarget
from escalation.tuning.statistics import wilson
from escalation.tuning.strata import decided_by_confidence, window_start

if TYPE_CHECKING:
    from django_stubs_ext.db.models.manager import RelatedManager

logger = logging.getLogger(__name__)

HORIZON = timedelta(days=90)
# What is expected in that time at least, before the pace of the gate is known.
FEWEST_AUDITS, FEWEST_RESULTS = 1_000, 20_000
# Rows take their number before they commit: after so long, none with a smaller number is still to come.
SETTLED = timedelta(seconds=30)
MOST_AT_ONCE = 20_000
# So many results tell how many are usually escalated.
FEWEST_TO_COMPARE = 200


class WatchQuerySet(models.QuerySet["Watch"]):
    def feed_all(self, moment: datetime) -> int:
        """Let the watch at every gate see what came until `moment`; returns how many observations."""
        gates = Gate.objects.exclude(policies=None).select_related("agent")
        return sum(self._feed_safely(gate, moment) for gate in gates)

    def _feed_safely(self, gate: Gate, moment: datetime) -> int:
        # A gate whose fallback cannot come into force must not blind us to the others.
        try:
            with transaction.atomic():
                return self.feed(gate, moment)
        except Exception:
            logger.exception("the watch at %s failed; it is fed again in the next round", gate)
            return 0

    @transaction.atomic
    def feed(self, gate: Gate, moment: datetime) -> int:
        """Let the watch at a gate see what came since; it starts anew with a threshold, model or prompt."""
        gate.hold()
        watch = self.present_at(gate, moment)
        return watch.feed(gate.policy, moment) if watch and gate.policy else 0

    def present_at(self, gate: Gate, moment: datetime) -> Watch | None:
        """The watch over what is in force at a gate, begun if there is none; None: nothing has passed."""
        policy = gate.policy
        newest = gate.outcomes.order_by("-id").values_list("model", "prompt_version").first()
        if policy is None or newest is None:
            return None
        last = self.filter(gate=gate).order_by("-id").first()
        if last is None or last.ended_at or last.over != (policy.threshold, policy.own_thresholds, *newest):
            return self._begin(gate, policy, newest, last, moment)
        return last

    def _begin(
        self,
        gate: Gate,
        policy: Policy,
        versions: tuple[str, str],
        before: Watch | None,
        moment: datetime,
    ) -> Watch:
        if before and not before.ended_at:
            before.end(moment)
        watch = self.model(
            gate=gate,
            threshold=policy.threshold,
            own_thresholds=policy.own_thresholds,
            model=versions[0],
            prompt_version=versions[1],
        )
        if before:
            for carried in ("last_label", "last_outcome", "rate_before", "raised_for"):
                setattr(watch, carried, getattr(before, carried))
        watch.save()
        return watch


class Watch(models.Model):
    """Watches one threshold at a gate, for one model and prompt: are more results wrong, or others coming?

    Three detectors: errors among audited results, escalations rising, escalations falling. The first needs
    labels and decides; the others need none and make the audits more, so that it can decide sooner.
    """

    gate = models.ForeignKey(Gate, on_delete=models.PROTECT, related_name="watches")
    threshold = models.FloatField()
    own_thresholds = models.JSONField(default=dict)  # {category: threshold}
    model = models.CharField(max_length=100, blank=True)
    prompt_version = models.CharField(max_length=64, blank=True)
    began_at = DatabaseMoment(db_default=Now())
    ended_at = models.DateTimeField(null=True)
    closed_the_window = models.BooleanField(default=False)  # by an alarm: what was before counts no more
    last_label = models.BigIntegerField(default=0)
    last_outcome = models.BigIntegerField(default=0)
    sums = models.JSONField(default=dict)  # by kind of alarm, what its detector remembers
    horizons = models.JSONField(default=dict)  # by kind: how many observations are expected in 90 days
    usual_low = models.FloatField(null=True)  # where the share of escalations usually lies
    usual_high = models.FloatField(null=True)
    rate_before = models.FloatField(null=True)  # the audit rate, before a warning raised it
    raised_for = models.IntegerField(default=0)  # how many more results it stays raised
    trail = models.JSONField(default=list)  # [moment, mean of the errors' sums, its limit], thinned

    alarms: RelatedManager[Alarm]
    objects = WatchQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "watches"
        constraints = [
            models.UniqueConstraint(
                fields=["gate"], condition=Q(ended_at=None), name="one_watch_at_a_gate_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return f"{self.gate} at {self.threshold:.3g}"

    @property
    def over(self) -> tuple[float, dict[str, float], str, str]:
        return self.threshold, self.own_thresholds, self.model, self.prompt_version

    def feed(self, policy: Policy, moment: datetime) -> int:
        """Take what came since the last time, in its order; sound what that sets off."""
        escalated = self._next_outcomes(moment - SETTLED)
        wrong = self._next_audits(moment - SETTLED)
        self._learn_what_is_usual()
        self.raised_for -= len(escalated)
        for kind in (Alarm.Kind.RISING, Alarm.Kind.FALLING):
            self._observe(kind, escalated, policy, moment)
        self._observe(Alarm.Kind.ERRORS, wrong, policy, moment)
        self._lower_the_audit_rate(policy)
        if wrong:
            self._leave_a_trail(moment)
        self.save()
        return len(escalated) + len(wrong)

    def end(self, moment: datetime, *, closed_the_window: bool = False) -> None:
        self.ended_at, self.closed_the_window = moment, closed_the_window
        self.save()

    def remembered(self, kind: str) -> Sums:
        stored = self.sums.get(kind, {})
        return Sums(**(stored | {"sums": tuple(stored.get("sums", ()))}))

    def detector(self, kind: str) -> Detector | None:
        """What watches for this kind of alarm; None where nothing can be compared."""
        horizon = self.horizons.get(kind, FEWEST_AUDITS if kind == Alarm.Kind.ERRORS else FEWEST_RESULTS)
        if kind == Alarm.Kind.ERRORS:
            return errors_beyond(GateTarget.objects.of(self.gate).alpha, horizon)
        if self.usual_high is None or self.usual_low is None:
            return None
        found = (
            escalations_beyond(self.usual_high, horizon)
            if kind == Alarm.Kind.RISING
            else escalations_short_of(self.usual_low, horizon)
        )
        return found if found.stakes.size else None

    def counts(self) -> list[tuple[str, Sums, Detector | None]]:
        """For each kind of alarm: its name, what was seen, and what watches for it."""
        return [(kind.label, self.remembered(kind), self.detector(kind)) for kind in Alarm.Kind]

    def _next_outcomes(self, settled: datetime) -> list[bool]:
        """Whether each of the next results was under the threshold."""
        newest = self.gate.outcomes.filter(passed_at__lte=settled).aggregate(last=Max("pk"))["last"] or 0
        rows = self._watched().filter(pk__gt=self.last_outcome, pk__lte=newest).order_by("pk")
        found = list(rows.values_list("pk", "confidence", "threshold")[:MOST_AT_ONCE])
        self.last_outcome = found[-1][0] if len(found) == MOST_AT_ONCE else max(newest, self.last_outcome)
        return [confidence is not None and confidence < threshold for _, confidence, threshold in found]

    def _watched(self) -> models.QuerySet[Outcome]:
        versions = {"model": self.model, "prompt_version": self.prompt_version}
        return decided_by_confidence(self.gate.outcomes.filter(**versions, policy__in=self._policies()))

    def _policies(self) -> set[int]:
        """Those with these thresholds."""
        mine = self.threshold, self.own_thresholds
        policies = self.gate.policies.all()
        return {policy.pk for policy in policies if (policy.threshold, policy.own_thresholds) == mine}

    def _next_audits(self, settled: datetime) -> list[bool]:
        """Whether each of the next audited results was wrong; what can be undone waits, and all after it."""
        rows = Label.objects.at(self.gate).filter(pk__gt=self.last_label, source=Label.Source.AUDIT)
        # Of a result that was judged twice, the first judgement was seen already.
        rows = rows.exclude(decision__escalation__reason=Reason.SECOND_REVIEW)
        facts = rows.order_by("pk").values_list(
            "pk", "correct", "outcome__policy", "model", "prompt_version", "decision__effective_at"
        )
        wrong, policies = [], self._policies()
        for pk, correct, policy, *versions, effective_at in facts[:MOST_AT_ONCE]:
            if effective_at > settled:
                break
            self.last_label = pk
            if policy in policies and versions == [self.model, self.prompt_version]:
                wrong.append(not correct)
        return wrong

    def _learn_what_is_usual(self) -> None:
        if self.usual_high is not None:
            return
        versions = {"model": self.model, "prompt_version": self.prompt_version}
        passed = decided_by_confidence(self.gate.outcomes.filter(**versions), window_start(self.gate))
        under = Count("pk", filter=self._is_under())
        counted = passed.aggregate(every=Count("pk"), under=under)
        if counted["every"] >= FEWEST_TO_COMPARE:
            self.usual_low, self.usual_high = wilson(counted["under"], counted["every"])

    def _is_under(self) -> Q:
        """Whether the thresholds in force would escalate an outcome."""
        found = Q(confidence__lt=self.threshold) & ~Q(category__in=list(self.own_thresholds))
        for category, own in self.own_thresholds.items():
            found |= Q(category=category, confidence__lt=own)
        return found

    def _observe(self, kind: str, values: Sequence[bool], policy: Policy, moment: datetime) -> None:
        detector = self.detector(kind)
        if detector is None:
            return
        rest, heard = list(values), True
        while heard and rest:
            before = self.remembered(kind)
            after, heard = detector.feed(before, rest)
            rest = rest[after.seen - before.seen :]
            self.sums[kind] = asdict(after)
            if heard:
                self._sound(kind, detector, after, policy, moment)
                if self.ended_at:
                    return
                # Begin afresh: while it goes on, it sounds again.
                self.sums[kind] = asdict(Sums(seen=after.seen, hits=after.hits))
            self._expect(kind, after.seen, moment)

    def _expect(self, kind: str, seen: int, moment: datetime) -> None:
        """Look 90 days ahead at the pace so far; never less far than before, which would be too eager."""
        days = max((moment - self.began_at) / timedelta(days=1), 1.0)
        fewest = FEWEST_AUDITS if kind == Alarm.Kind.ERRORS else FEWEST_RESULTS
        expected = seen / days * (HORIZON / timedelta(days=1))
        self.horizons[kind] = max(self.horizons.get(kind, fewest), round(expected))

    def _sound(self, kind: str, detector: Detector, sums: Sums, policy: Policy, moment: datetime) -> None:
        known = self.rate_before is not None and self.alarms.filter(kind=kind).exists()
        if known and kind != Alarm.Kind.ERRORS:
            # It goes on: the closer look is prolonged, and everybody knows already.
            self.raised_for = RAISED_FOR
            return
        alarm = Alarm(
            watch=self,
            kind=kind,
            tolerated=detector.tolerated,
            seen=sums.seen,
            hits=sums.hits,
            recent=sums.recent,
            recent_hits=sums.recent_hits,
            reached=sums.mean,
            limit=detector.limit,
        )
        stricter: dict[str, Any] = {}
        if kind == Alarm.Kind.ERRORS:
            threshold = GateRails.objects.of(self.gate).after_an_alarm()
            stricter = {} if threshold is None else policy.tightened_to(threshold)
        alarm.policy = self._look_closer(policy, alarm.sentence, **stricter)
        if kind == Alarm.Kind.ERRORS:
            self.end(moment, closed_the_window=True)
        alarm.sound()

    def _look_closer(self, policy: Policy, why: str, **stricter: Any) -> Policy | None:
        """Raise the audit rate for a while, and what else is given; None: all that is so already."""
        in_force = self.gate.policy or policy
        if self.rate_before is None:
            self.rate_before = in_force.audit_rate
        self.raised_for = RAISED_FOR
        changes = stricter | {"audit_rate": max(in_force.audit_rate, RAISED_RATE)}
        if in_force.terms_as_dict() | changes == in_force.terms_as_dict():
            return None
        return self.gate.adopt(author=None, reason=why, **changes)

    def _lower_the_audit_rate(self, policy: Policy) -> None:
        if self.raised_for > 0:
            return
        self.raised_for = 0
        if self.rate_before is None:
            return
        # Whoever set another rate meanwhile meant it.
        if policy.audit_rate == RAISED_RATE != self.rate_before:
            why = f"No warning among the last {RAISED_FOR:,} results: the audit rate is what it was before."
            self.gate.adopt(author=None, reason=why, audit_rate=self.rate_before)
        self.rate_before = None

    def _leave_a_trail(self, moment: datetime) -> None:
        detector = self.detector(Alarm.Kind.ERRORS)
        assert detector
        mean = self.remembered(Alarm.Kind.ERRORS).mean
        self.trail.append([moment.isoformat(timespec="seconds"), mean, detector.limit])
        if len(self.trail) > 400:
            self.trail = self.trail[:-1:2] + self.trail[-1:]
