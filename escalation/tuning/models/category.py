from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from escalation.gating.exits import ACCEPTS_NOTHING
from escalation.gating.models import Gate, Policy
from escalation.tuning.certificate import Target
from escalation.tuning.drift import evidence_of_more
from escalation.tuning.models.alarm import Alarm
from escalation.tuning.models.rails import GateRails
from escalation.tuning.models.target import GateTarget
from escalation.tuning.models.watch import Watch
from escalation.tuning.strata import Window, window_at


@dataclass(frozen=True, slots=True)
class Category:
    """A category of a gate in its present window; `own` is its threshold, None for that of all.

    `audits` of results that reach its threshold, `wrong` of them wrong: once the `evidence` reaches the
    `limit`, these prove more errors than are tolerated.
    """

    name: str
    own: float | None
    threshold: float
    outcomes: int
    labels: int
    audits: int
    wrong: int
    evidence: float
    limit: float

    @property
    def too_often(self) -> bool:
        return self.evidence >= self.limit


def categories_at(policy: Policy, window: Window, target: Target) -> Iterator[Category]:
    """Every category that a policy names, by name; the doubt is shared by all of them."""
    for name, own in sorted(policy.categories.items()):
        part, threshold = window.of(name), policy.threshold_for(name)
        audits, wrong = part.audited_from(threshold)
        shared = target.shared_by(len(policy.categories))
        evidence = evidence_of_more(shared.alpha, audits, wrong)
        yield Category(
            name, own, threshold, part.outcomes, part.labels, audits, wrong, evidence, 1 / shared.delta
        )


@transaction.atomic
def escalate_what_is_wrong_too_often(gate: Gate, moment: datetime) -> list[Alarm]:
    """Sound an alarm for each category that goes by the threshold of all, and is wrong too often there.

    Humans decide all of it from now on, unless ops want to be told and no more: then they are told once.
    """
    policy = gate.policy
    if policy is None or not policy.categories:
        return []
    every = categories_at(policy, window_at(gate), GateTarget.objects.of(gate))
    bad = [one for one in every if one.own is None and one.too_often]
    if not bad:
        return []
    gate.hold()
    watch = Watch.objects.present_at(gate, moment)
    if watch is None or gate.policy != policy:
        return []  # somebody changed it meanwhile: the next look sees what it has become
    alarms = [_alarm(watch, one) for one in bad]
    if GateRails.objects.of(gate).on_alarm == GateRails.OnAlarm.TELL:
        alarms = [alarm for alarm in alarms if not Alarm.objects.was_told(alarm)]
    else:
        raised = policy.categories | {one.name: ACCEPTS_NOTHING for one in bad}
        why = " ".join(["Humans decide.", *(alarm.sentence for alarm in alarms)])
        adopted = gate.adopt(author=None, reason=why, made_from=policy.version, categories=raised)
        for alarm in alarms:
            alarm.policy = adopted
    for alarm in alarms:
        alarm.sound()
    return alarms


def _alarm(watch: Watch, category: Category) -> Alarm:
    return Alarm(
        watch=watch,
        kind=Alarm.Kind.ERRORS,
        category=category.name,
        tolerated=GateTarget.objects.of(watch.gate).alpha,
        seen=category.audits,
        hits=category.wrong,
        recent=category.audits,
        recent_hits=category.wrong,
        reached=category.evidence,
        limit=category.limit,
    )
