"""What another threshold would have done with what passed, as far as reviewers have said right or wrong."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from escalation.gating.models import Gate, Outcome
from escalation.tuning.remembered import remembered
from escalation.tuning.statistics import Estimate, Stratum, wilson, wrong_between
from escalation.tuning.strata import Window, decided_by_confidence, window_at

PAGE = 20


@dataclass(frozen=True, slots=True)
class Count:
    """How many of `of` outcomes, and where that lies: `low` to `high`; `labels` where humans were asked.

    `number` is None where no label says anything.
    """

    number: int | None
    of: int
    low: int
    high: int
    labels: int | None = None

    @property
    def share(self) -> float | None:
        return None if self.number is None or not self.of else self.number / self.of


@dataclass(frozen=True, slots=True)
class Replay:
    """What a threshold does with the outcomes of some strata; the intervals hold with 90 % confidence."""

    threshold: float
    accepted: Count
    escalated: Count
    slipped: Count  # wrong among the accepted
    needless: Count  # right among the escalated


@dataclass(frozen=True, slots=True)
class WhatIf:
    """A candidate beside the threshold in force, over a period; `moved` is a page of what changes sides."""

    window: Window
    candidate: Replay
    in_force: Replay | None
    moved: Sequence[Outcome]
    next: int | None  # show those before this one on the next page

    @property
    def accepts_more(self) -> bool:
        return self.in_force is not None and self.candidate.threshold < self.in_force.threshold


def what_if(
    gate: Gate, threshold: float, since: datetime, until: datetime, before: int | None = None
) -> WhatIf:
    """Replay what passed from `since` to before `until`; list what changes sides, newest first."""
    policy = gate.policy
    window = remembered(("what if", gate.pk, since, until), lambda: window_at(gate, since, until))
    in_force = policy.threshold if policy else threshold
    passed = gate.outcomes.filter(model=window.model, prompt_version=window.prompt_version)
    between = {"confidence__gte": min(threshold, in_force), "confidence__lt": max(threshold, in_force)}
    moved = decided_by_confidence(passed, since, until).filter(**between)
    if before is not None:
        moved = moved.filter(pk__lt=before)
    page = list(moved.prefetch_related("labels").order_by("-pk")[: PAGE + 1])
    return WhatIf(
        window=window,
        candidate=replay(window.strata, threshold),
        in_force=replay(window.strata, in_force) if policy else None,
        moved=page[:PAGE],
        next=page[PAGE - 1].pk if len(page) > PAGE else None,
    )


def replay(strata: Sequence[Stratum], threshold: float) -> Replay:
    """Count what reaches a threshold, and estimate what was wrong of it and right of the rest."""
    total = sum(len(stratum.confidences) for stratum in strata)
    accepted = sum(int((stratum.confidences >= threshold).sum()) for stratum in strata)
    above, below = wrong_between(strata, threshold), wrong_between(strata, -math.inf, threshold)
    right = Estimate(1 - below.share, 1 - below.high, 1 - below.low, below.labels)
    return Replay(
        threshold,
        accepted=_counted(accepted, total),
        escalated=_counted(total - accepted, total),
        slipped=_estimated(above, accepted),
        needless=_estimated(right, total - accepted),
    )


def _counted(number: int, of: int) -> Count:
    low, high = wilson(number, of, 0.10)
    return Count(number, of, round(low * of), round(high * of))


def _estimated(share: Estimate, of: int) -> Count:
    number = round(share.share * of) if share.labels else None
    return Count(number, of, math.floor(share.low * of), math.ceil(share.high * of), share.labels)
