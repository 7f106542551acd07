from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import transaction

from escalation.gating.exits import ACCEPTS_NOTHING
from escalation.gating.models import Gate, Policy
from escalation.tuning.certificate import Target
from escalation.tuning.drift import proves_more
from escalation.tuning.models.rails import GateRails
from escalation.tuning.models.target import GateTarget
from escalation.tuning.strata import Window, window_at
from escalation.tuning.templatetags.shares import percent


@dataclass(frozen=True, slots=True)
class Category:
    """A category of a gate in its present window; `own` is its threshold, None for that of all.

    `audits` of results that reach its threshold, `wrong` of them wrong: `too_often` says that these prove
    more errors than are tolerated.
    """

    name: str
    own: float | None
    threshold: float
    outcomes: int
    labels: int
    audits: int
    wrong: int
    too_often: bool


def categories_at(policy: Policy, window: Window, target: Target) -> Iterator[Category]:
    """Every category that a policy names, by name; the doubt is shared by all of them."""
    for name, own in sorted(policy.categories.items()):
        part, threshold = window.of(name), policy.threshold_for(name)
        audits, wrong = part.audited_from(threshold)
        shared = target.shared_by(len(policy.categories))
        proved = proves_more(shared.alpha, audits, wrong, shared.delta)
        yield Category(name, own, threshold, part.outcomes, part.labels, audits, wrong, proved)


def escalate_what_is_wrong_too_often(gate: Gate) -> Policy | None:
    """Let humans decide all of each category that goes by the threshold of all, and is wrong too often there.

    None: there is none, or ops want to be told of errors and no more.
    """
    policy = gate.policy
    if policy is None or not policy.categories:
        return None
    if GateRails.objects.of(gate).on_alarm == GateRails.OnAlarm.TELL:
        return None
    target = GateTarget.objects.of(gate)
    every = categories_at(policy, window_at(gate), target)
    bad = [one for one in every if one.own is None and one.too_often]
    if not bad:
        return None
    said = [f"of {one.audits} audited results about {one.name}, {one.wrong} were wrong" for one in bad]
    why = f"More than {percent(target.alpha)} is wrong, so humans decide: {'; '.join(said)}."
    raised = policy.categories | {one.name: ACCEPTS_NOTHING for one in bad}
    with transaction.atomic():
        return gate.adopt(author=None, reason=why, made_from=policy.version, categories=raised)
