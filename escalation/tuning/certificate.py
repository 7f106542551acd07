"""The lowest threshold that the labels vouch for, or why there is none. Pure.

Down the thresholds that were observed, from one with enough labels, as long as the bound on the risk stays
within the target; the first failure ends it. That is fixed-sequence testing (Angelopoulos et al., "Learn then
Test", arXiv 2110.01052): the start and the order look at counts and never at a verdict, so all thresholds
passed hold together with confidence 1 - delta, for outcomes like those in the window.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from escalation.tuning.statistics import Point, Stratum, fewest_labels, labels_at_rate, risk_coverage

METHOD = "weighted Clopper-Pearson, fixed sequence, 1"
# Below, no share of anything is worth a proposal.
FEWEST_OUTCOMES = 200
# With so many times the labels at the next confidence, the sequence begins one earlier: a tie is no start.
TIE = 1.5


class Status(StrEnum):
    OK = "ok"
    NO_THRESHOLD_QUALIFIES = "no_threshold_qualifies"
    NEED_MORE_LABELS = "need_more_labels"
    TOO_FEW_OUTCOMES = "too_few_outcomes"
    AUDIT_BACKLOG = "audit_backlog"  # too much still waits: what is decided first is no fair sample
    UNAUDITED_STRATUM = "unaudited_stratum"  # nobody looks at a part of what passes


@dataclass(frozen=True, slots=True)
class Target:
    """At most a share `alpha` wrong among accepted results, with confidence 1 - `delta`."""

    alpha: float = 0.05
    delta: float = 0.10

    def shared_by(self, number: int) -> Target:
        """The level of each of so many, of which together none errs with probability 1 - `delta`."""
        return Target(self.alpha, self.delta / number)

    def at_look(self, number: int) -> Target:
        """The level of look `number` (0, 1, …): all of them together err with probability `delta`."""
        return Target(self.alpha, self.delta / ((number + 1) * (number + 2)))


@dataclass(frozen=True, slots=True)
class Certificate:
    """`point` is the lowest threshold that holds when `status` is OK, else the one that came closest, if any.

    `start` is the threshold at which the sequence began. `missing`: about how many more labels of accepted
    results would do, all else alike; None where nobody can say, 0 where none are.
    """

    status: Status
    target: Target
    evidence: int
    point: Point | None = None
    start: float | None = None
    missing: int | None = 0


def certify(strata: Sequence[Stratum], target: Target, points: Sequence[Point] | None = None) -> Certificate:
    """Find the lowest threshold that the labels vouch for.

    `points`, where they are known already, are `risk_coverage(strata, target.delta)`.
    """
    evidence = evidence_in(strata)
    outcomes = sum(stratum.total for stratum in strata)
    if outcomes < FEWEST_OUTCOMES:
        missing = FEWEST_OUTCOMES - outcomes
        return Certificate(Status.TOO_FEW_OUTCOMES, target, evidence, missing=missing)
    curve = list(points if points is not None else risk_coverage(strata, target.delta))
    start = _start(curve, target, evidence)
    if start is None:
        missing = max(fewest_labels(target.alpha, target.delta, 1) - curve[-1].labels, 1)
        return Certificate(Status.NEED_MORE_LABELS, target, evidence, missing=missing)
    held = _held(curve[start:], target.alpha)
    if held:
        return Certificate(Status.OK, target, evidence, held[-1], curve[start].threshold)
    closest = min(curve[start:], key=lambda point: point.risk_upper)
    return Certificate(
        Status.NO_THRESHOLD_QUALIFIES,
        target,
        evidence,
        closest,
        curve[start].threshold,
        _missing(closest, target),
    )


def evidence_in(strata: Sequence[Stratum]) -> int:
    """How many labels speak of accepted results; all of them where nothing is accepted yet."""
    audits = sum(stratum.known for stratum in strata if stratum.audits)
    return audits or sum(stratum.known for stratum in strata)


def is_due(evidence: int, before: int | None, target: Target) -> bool:
    """Whether to look again: at the first labels that could do, then each time that they have doubled."""
    if before is None:
        return evidence >= fewest_labels(target.alpha, target.at_look(0).delta, 1)
    return evidence >= 2 * max(before, 1)


def standing(found: float, earlier: Iterable[float]) -> float:
    """The threshold to go by after a look that `found` one: the lowest of all looks at the same window.

    The looks hold together with confidence 1 - delta: one that is stricter, and vouches for less, takes
    nothing back from those before it.
    """
    return min([found, *earlier])


def one_step(in_force: float, wanted: float, largest: float) -> float:
    """Where one change may lead that goes from one threshold to another, and no further than `largest`."""
    return min(max(wanted, in_force - largest), in_force + largest)


def _start(curve: Sequence[Point], target: Target, evidence: int) -> int | None:
    """Where the sequence begins: counts decide, no verdict does."""
    none, one, five = (fewest_labels(target.alpha, target.delta, errors) for errors in (0, 1, 5))
    needed = min(max(evidence / 2, one), five)
    start = next((n for n, point in enumerate(curve) if point.labels >= needed), None)
    if start and curve[start].labels >= TIE * curve[start - 1].labels and curve[start - 1].labels >= none:
        return start - 1
    return start


def _held(curve: Sequence[Point], alpha: float) -> list[Point]:
    failed = next((n for n, point in enumerate(curve) if point.risk_upper > alpha), len(curve))
    return list(curve[:failed])


def _missing(closest: Point, target: Target) -> int | None:
    wanted = labels_at_rate(closest.risk, target.alpha, target.delta)
    return None if wanted is None else max(wanted - closest.labels, 1)
