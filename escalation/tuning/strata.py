"""What was seen at a gate, sorted by the chance that a human looked at it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

import numpy as np
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from escalation.gating.models import Gate, Outcome, Policy
from escalation.tuning.certificate import Certificate, Status, Target, certify
from escalation.tuning.models.tally import Tally
from escalation.tuning.statistics import Stratum
from escalation.tuning.tallying import REASONS

LONGEST_WINDOW = timedelta(days=90)
# A label may speak for this many outcomes at most: beyond, one surprise would decide everything.
HEAVIEST = 100
# As much of a period must be decided before it vouches for anything: reviewers may take the easy ones first.
CLOSED_AUDITS, CLOSED_ESCALATIONS = 0.90, 0.95


@dataclass(frozen=True, slots=True)
class Cell:
    """Outcomes of one confidence that took the same way under the same policy, and their labels."""

    policy: int
    escalated: bool
    category: str
    confidence: float
    outcomes: int
    asked: int  # how many a human was asked about
    decided: int  # and has decided, whatever the verdict
    labels: int
    wrong: int
    audits: int


@dataclass(frozen=True, slots=True)
class Window:
    """The outcomes of one model and prompt version at a gate, newest policies included; counts of each kind.

    `strata` can be drawn, and `closed` of them vouch for a threshold: hardly anything waits there. `left_out`
    and `open` say in a sentence each what cannot, and why.
    """

    model: str
    prompt_version: str
    periods: Mapping[int, str] = field(default_factory=dict)
    cells: list[Cell] = field(default_factory=list)
    strata: list[Stratum] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    closed: list[Stratum] = field(default_factory=list)
    open: list[str] = field(default_factory=list)

    @classmethod
    def over(cls, versions: tuple[str, str], periods: Mapping[int, str], cells: list[Cell]) -> Window:
        """Sort cells into strata, by the period of their policy and the way that they took."""
        return cls(*versions, periods, cells, *_strata(cells, periods))

    def of(self, category: str) -> Window:
        """What passed in one category; all of it for none."""
        if not category:
            return self
        cells = [cell for cell in self.cells if cell.category == category]
        return Window.over((self.model, self.prompt_version), self.periods, cells)

    def audited_from(self, threshold: float) -> tuple[int, int]:
        """How many results were audited with this confidence or more, and how many of them were wrong."""
        seen = [cell for cell in self.cells if cell.audits and cell.confidence >= threshold]
        return sum(cell.labels for cell in seen), sum(cell.wrong for cell in seen)

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

    def certify(self, target: Target) -> Certificate:
        """Find the lowest threshold that what is closed vouches for, or say why there is none."""
        found = certify(self.closed, target)
        if self.closed or not (self.open or self.left_out):
            return found
        return replace(found, status=Status.AUDIT_BACKLOG if self.open else Status.UNAUDITED_STRATUM)


def window_at(gate: Gate, since: date | None = None, until: date | None = None) -> Window:
    """Read the present window of a gate, or what passed of its versions from day `since` to before `until`.

    Confidences that differ by less than a thousandth, or by a twentieth of what is missing to 1, count as the
    lowest of them. At that one, and at the threshold in force for what passed under it, all counts are exact.
    """
    newest = gate.outcomes.order_by("-id").values_list("model", "prompt_version").first()
    if newest is None:
        return Window("", "")
    today = timezone.localdate()
    days = since or today - LONGEST_WINDOW, until or today + timedelta(days=1)
    policies = list(gate.policies.order_by("version"))
    rows = Tally.objects.cells(
        gate,
        newest,
        days,
        era=None if since else _era(gate),
        threshold=policies[-1].threshold if policies else 0.0,
    )
    return Window.over(newest, _periods(policies), [Cell(*row) for row in rows])


def _era(gate: Gate) -> int | None:
    """The watch whose alarm closed the last window of a gate."""
    return _closed(gate).values_list("pk", flat=True).first()


def window_start(gate: Gate) -> datetime | None:
    """When an alarm closed the last window of a gate: what was before says nothing of what is now."""
    return _closed(gate).values_list("ended_at", flat=True).first()


def _closed(gate: Gate) -> QuerySet[Any]:
    recent = gate.watches.filter(closed_the_window=True, ended_at__gte=Now() - LONGEST_WINDOW)
    return recent.order_by("-pk")


def decided_by_confidence(
    outcomes: QuerySet[Outcome], since: datetime | None = None, until: datetime | None = None
) -> QuerySet[Outcome]:
    """Whole results that the confidence sent their way, or would have, within the longest window."""
    found = outcomes.filter(
        passed_at__gte=since or Now() - LONGEST_WINDOW,
        exit__in=[Outcome.Exit.ACCEPTED, Outcome.Exit.HUMAN],
        reason__in=REASONS,
        partial=False,
        confidence__isnull=False,
    )
    return found.filter(passed_at__lt=until) if until else found


def _periods(policies: Iterable[Policy]) -> dict[int, str]:
    """Name, for each policy, its span of versions with the same threshold and audit rate."""
    names: dict[int, str] = {}
    for _, same in groupby(policies, key=_numbers):
        versions = list(same)
        first, last = versions[0].version, versions[-1].version
        name = f"policy v{first}" if first == last else f"policies v{first} to v{last}"
        names |= {policy.pk: name for policy in versions}
    return names


def _numbers(policy: Policy) -> tuple[float, float, dict[str, float]]:
    return policy.threshold, policy.audit_rate, dict(policy.own_thresholds)


def _strata(
    cells: Iterable[Cell], periods: Mapping[int, str]
) -> tuple[list[Stratum], list[str], list[Stratum], list[str]]:
    """What can be drawn and what cannot, then those of them where hardly anything waits and the others."""
    by_period: dict[str, dict[bool, list[Cell]]] = defaultdict(lambda: defaultdict(list))
    for cell in cells:
        by_period[periods[cell.policy]][cell.escalated].append(cell)
    strata: list[Stratum] = []
    left_out: list[str] = []
    closed: list[Stratum] = []
    waiting: list[str] = []
    for name, ways in by_period.items():
        # A period is used whole or not at all: half of it would be a sample of the easy or of the hard ones.
        if problem := _said_of(_problem, ways):
            left_out.append(f"{name}: {problem}")
            continue
        both = [_stratum(escalated, found) for escalated, found in ways.items()]
        strata += both
        if backlog := _said_of(_backlog, ways):
            waiting.append(f"{name}: {backlog}")
        else:
            closed += both
    return strata, left_out, closed, waiting


def _said_of(problem_of: Callable[[bool, list[Cell]], str], ways: Mapping[bool, list[Cell]]) -> str:
    return " and ".join(problem for way, found in ways.items() if (problem := problem_of(way, found)))


def _problem(escalated: bool, cells: list[Cell]) -> str:
    outcomes, labels = sum(cell.outcomes for cell in cells), sum(cell.labels for cell in cells)
    if labels * HEAVIEST >= outcomes:
        return ""
    known = str(labels) if labels else "none"
    kind = "escalated results decided" if escalated else "accepted results audited"
    return f"{known} of {outcomes} {kind}"


def _backlog(escalated: bool, cells: list[Cell]) -> str:
    asked, decided = sum(cell.asked for cell in cells), sum(cell.decided for cell in cells)
    if decided >= (CLOSED_ESCALATIONS if escalated else CLOSED_AUDITS) * asked:
        return ""
    return f"{decided} of {asked} {'escalations' if escalated else 'audits'} decided"


def _stratum(escalated: bool, cells: list[Cell]) -> Stratum:
    confidences, outcomes, labels, wrong = (
        np.array([getattr(cell, name) for cell in cells])
        for name in ("confidence", "outcomes", "labels", "wrong")
    )
    return Stratum.together([Stratum(confidences, outcomes, labels, wrong)], audits=not escalated)
