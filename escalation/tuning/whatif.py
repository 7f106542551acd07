"""What another threshold would have done with what passed, as far as reviewers have said right or wrong."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import QuerySet
from django.utils import timezone

from escalation.gating.models import Gate, Outcome
from escalation.gating.rollups import OUTCOMES
from escalation.tuning.statistics import Estimate, Stratum, wilson, wrong_between
from escalation.tuning.strata import Window, decided_by_confidence, window_at

PAGE = 20
# So many results are looked through for one page.
LOOKED_THROUGH = 20_000
A_DAY = timedelta(days=1)


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
    next: int | None  # where the next page begins: what passed before this one

    @property
    def accepts_more(self) -> bool:
        return self.in_force is not None and self.candidate.threshold < self.in_force.threshold


def what_if(
    gate: Gate,
    threshold: float,
    since: date,
    until: date,
    *,
    category: str = "",
    before: int | None = None,
) -> WhatIf:
    """Replay what passed from day `since` to before day `until`; list what changes sides, newest first."""
    policy, window = gate.policy, window_at(gate, since, until).of(category)
    in_force = policy.threshold_for(category) if policy else threshold
    passed = gate.outcomes.filter(model=window.model, prompt_version=window.prompt_version)
    passed = passed.filter(category=category) if category else passed
    between = {"confidence__gte": min(threshold, in_force), "confidence__lt": max(threshold, in_force)}
    moved = decided_by_confidence(passed, _midnight(since), _midnight(until)).filter(**between)
    # Ids come in the order of the clock, or nearly so; and a day may begin half a day earlier elsewhere.
    first, last = (OUTCOMES.first_since(day) for day in (since - A_DAY, until + A_DAY))
    page, rest = _page(gate, moved, min(before or last, last), first)
    return WhatIf(
        window=window,
        candidate=replay(window.strata, threshold),
        in_force=replay(window.strata, in_force) if policy else None,
        moved=page,
        next=rest,
    )


def _page(gate: Gate, moved: QuerySet[Outcome], before: int, first: int) -> tuple[list[Outcome], int | None]:
    """The newest of `moved` before an id, and where to look on; one page looks a bounded way back."""
    older = gate.outcomes.filter(pk__lt=before, pk__gte=first).order_by("-pk").values_list("pk", flat=True)
    last = next(iter(older[LOOKED_THROUGH - 1 : LOOKED_THROUGH]), first)
    found = moved.filter(pk__lt=before, pk__gte=last).prefetch_related("labels").order_by("-pk")
    page = list(found[: PAGE + 1])
    if len(page) > PAGE:
        return page[:PAGE], page[PAGE - 1].pk
    return page, last if last > first else None


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def replay(strata: Sequence[Stratum], threshold: float) -> Replay:
    """Count what reaches a threshold, and estimate what was wrong of it and right of the rest."""
    total = sum(stratum.total for stratum in strata)
    accepted = sum(int(stratum.outcomes[stratum.confidences >= threshold].sum()) for stratum in strata)
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
