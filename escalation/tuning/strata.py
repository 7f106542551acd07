"""What was seen at a gate, sorted by the chance that a human looked at it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import groupby

import numpy as np
from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Now

from escalation.gating.models import Gate, Outcome, Policy
from escalation.queue.models import Reason
from escalation.tuning.models import Label
from escalation.tuning.statistics import Stratum

LONGEST_WINDOW = timedelta(days=90)
# A label may speak for this many outcomes at most: beyond, one surprise would decide everything.
HEAVIEST = 100
# Where the confidence decided, or would have: what a guard stopped takes its exit whatever it is.
BY_CONFIDENCE = ("", Reason.LOW_CONFIDENCE, Reason.NOT_LIVE)


@dataclass(frozen=True, slots=True)
class Cell:
    """Outcomes of one confidence that took the same way under the same policy, and their labels."""

    policy: int
    escalated: bool
    confidence: float
    outcomes: int
    labels: int
    wrong: int
    audits: int


@dataclass(frozen=True, slots=True)
class Window:
    """The outcomes of one model and prompt version at a gate, newest policies included; counts of each kind.

    `strata` can be trusted; `left_out` says in a sentence each what cannot, and why.
    """

    model: str
    prompt_version: str
    cells: list[Cell] = field(default_factory=list)
    strata: list[Stratum] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    @property
    def outcomes(self) -> int:
        return sum(cell.outcomes for cell in self.cells)

    @property
    def accepted(self) -> int:
        return sum(cell.outcomes for cell in self.cells if not cell.escalated)

    @property
    def labels(self) -> int:
        return sum(cell.labels for cell in self.cells)

    @property
    def audits(self) -> int:
        return sum(cell.audits for cell in self.cells)

    @property
    def undecided(self) -> int:
        """Escalated outcomes without a label: they wait, or were dismissed or sent back."""
        return sum(cell.outcomes - cell.labels for cell in self.cells if cell.escalated)


def window_at(gate: Gate) -> Window:
    """Read the present window of a gate: one query, whose rows are counts by policy, way and confidence."""
    newest = gate.outcomes.order_by("-id").values_list("model", "prompt_version").first()
    if newest is None:
        return Window("", "")
    cells = _cells(gate.outcomes.filter(model=newest[0], prompt_version=newest[1]))
    strata, left_out = _strata(cells, _periods(gate.policies.order_by("version")))
    return Window(*newest, cells, strata, left_out)


def _cells(outcomes: QuerySet[Outcome]) -> list[Cell]:
    counted = (
        outcomes.filter(
            passed_at__gte=Now() - LONGEST_WINDOW,
            exit__in=[Outcome.Exit.ACCEPTED, Outcome.Exit.HUMAN],
            reason__in=BY_CONFIDENCE,
            partial=False,
            confidence__isnull=False,
        )
        .values_list("policy_id", "exit", "confidence")
        .annotate(
            Count("pk"),
            labelled=Count("labels"),
            wrong=Count("labels", filter=Q(labels__correct=False)),
            audits=Count("labels", filter=Q(labels__source=Label.Source.AUDIT)),
        )
        .order_by("policy_id", "exit", "-confidence")
    )
    return [Cell(policy, exit_ == Outcome.Exit.HUMAN, *counts) for policy, exit_, *counts in counted]


def _periods(policies: Iterable[Policy]) -> dict[int, str]:
    """Name, for each policy, its span of versions with the same threshold and audit rate."""
    names: dict[int, str] = {}
    for _, same in groupby(policies, key=lambda policy: (policy.threshold, policy.audit_rate)):
        versions = list(same)
        first, last = versions[0].version, versions[-1].version
        name = f"policy v{first}" if first == last else f"policies v{first} to v{last}"
        names |= {policy.pk: name for policy in versions}
    return names


def _strata(cells: Iterable[Cell], periods: Mapping[int, str]) -> tuple[list[Stratum], list[str]]:
    by_period: dict[str, dict[bool, list[Cell]]] = defaultdict(lambda: defaultdict(list))
    for cell in cells:
        by_period[periods[cell.policy]][cell.escalated].append(cell)
    strata: list[Stratum] = []
    left_out: list[str] = []
    for name, ways in by_period.items():
        # A period is used whole or not at all: half of it would be a sample of the easy or of the hard ones.
        if problems := [problem for way, found in ways.items() if (problem := _problem(way, found))]:
            left_out.append(f"{name}: {' and '.join(problems)}")
        else:
            strata += [_stratum(found) for found in ways.values()]
    return strata, left_out


def _problem(escalated: bool, cells: list[Cell]) -> str:
    outcomes, labels = sum(cell.outcomes for cell in cells), sum(cell.labels for cell in cells)
    if labels * HEAVIEST >= outcomes:
        return ""
    known = str(labels) if labels else "none"
    kind = "escalated results decided" if escalated else "accepted results audited"
    return f"{known} of {outcomes} {kind}"


def _stratum(cells: list[Cell]) -> Stratum:
    values, outcomes, labels, wrong = (
        np.array([getattr(cell, name) for cell in cells])
        for name in ("confidence", "outcomes", "labels", "wrong")
    )
    is_wrong = np.concatenate([np.arange(n) < bad for n, bad in zip(labels, wrong, strict=True)])
    return Stratum(np.repeat(values, outcomes), np.repeat(values, labels), is_wrong)
