"""What labels say of a threshold: risk against coverage, with a bound on the risk. Pure.

The bound is the weighted Clopper-Pearson limit: the effective weight of Fay and Feuer (1997, Statistics in
Medicine 16:791) put into the beta quantile of Tiwari, Clegg and Zou (2006). With equal weights it is the
exact Clopper-Pearson limit. It holds for one threshold that was chosen without looking at the labels; a whole
curve of them shows where to look, and is no certificate.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

MOST_POINTS = 200

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Stratum:
    """Outcomes of which every one had the same chance to be reviewed, counted by confidence.

    `confidences`: those that occur, ascending, shape (n,); and how many of each there are, all of shape (n,):
    `outcomes`, of them `labels`, and of these `wrong`. `audits`: whether they were accepted, and reviewed by
    lot.
    """

    confidences: Floats
    outcomes: Counts
    labels: Counts
    wrong: Counts
    audits: bool = False

    @classmethod
    def of(
        cls, confidences: Floats, reviewed: Floats, wrong: NDArray[np.bool_], audits: bool = False
    ) -> Stratum:
        """Count outcomes given one by one: all `confidences`, those `reviewed`, and which are `wrong`."""
        unique, outcomes = np.unique(confidences, return_counts=True)
        places = np.searchsorted(unique, reviewed)
        labels, errors = (np.bincount(p, minlength=unique.size) for p in (places, places[wrong]))
        return cls(unique, outcomes, labels, errors, audits)

    @classmethod
    def together(cls, parts: Sequence[Stratum], audits: bool = False) -> Stratum:
        """Count several as one, in which all had the same chance."""
        every = np.concatenate([np.empty(0), *(part.confidences for part in parts)])
        unique, places = np.unique(every, return_inverse=True)

        def added(name: str) -> Counts:
            counts = np.concatenate([np.empty(0), *(getattr(part, name) for part in parts)])
            return np.bincount(places, counts, unique.size).astype(np.int64)

        return cls(unique, added("outcomes"), added("labels"), added("wrong"), audits)

    @property
    def total(self) -> int:
        return int(self.outcomes.sum())

    @property
    def known(self) -> int:
        """How many have a label."""
        return int(self.labels.sum())

    @property
    def weight(self) -> float:
        """How many outcomes a reviewed one speaks for: the realised fraction, never the planned one."""
        return self.total / self.known if self.known else 0.0


@dataclass(frozen=True, slots=True)
class Point:
    """What accepting everything at or above `threshold` would mean: shares from 0 to 1, labels a count."""

    threshold: float
    coverage: float
    risk: float
    risk_upper: float
    labels: int


def risk_coverage(strata: Sequence[Stratum], delta: float = 0.10) -> list[Point]:
    """The curve, from the highest confidence down; empty without outcomes.

    `risk_upper` is exceeded with probability at most `delta` at each point; 1 where nothing was reviewed.
    """
    found = [stratum for stratum in strata if stratum.confidences.size]
    return _points(found, _grid(Stratum.together(found)), delta) if found else []


def point_at(strata: Sequence[Stratum], threshold: float, delta: float = 0.10) -> Point | None:
    """The point of the curve at exactly `threshold`, observed or not; None without outcomes."""
    found = [stratum for stratum in strata if stratum.confidences.size]
    return _points(found, np.array([threshold]), delta)[0] if found else None


def looked_at(points: Sequence[Point], strata: Sequence[Stratum]) -> list[Point]:
    """The part of a curve that labels speak of: nothing above the first label, nothing below the last."""
    lowest = min((float(s.confidences[s.labels > 0][0]) for s in strata if s.known), default=math.inf)
    return [point for point in points if point.labels and point.threshold >= lowest]


def fewest_labels(alpha: float, delta: float, errors: float = 0) -> int:
    """How many labels, `errors` of them wrong, bound the risk by `alpha` with confidence 1 - `delta`."""
    return _fewest(lambda labels: (errors, labels), alpha, delta)


def labels_at_rate(risk: float, alpha: float, delta: float) -> int | None:
    """How many labels, a share `risk` of them wrong, bound the risk by `alpha`; None: no number does."""
    return _fewest(lambda labels: (risk * labels, labels), alpha, delta) if risk < alpha else None


def wilson(hits: int, of: int, delta: float = 0.05) -> tuple[float, float]:
    """Where a share lies, with confidence 1 - `delta` (Wilson 1927, JASA 22:209); all of 0 to 1 for none."""
    if not of:
        return 0.0, 1.0
    z = NormalDist().inv_cdf(1 - delta / 2)
    share, widened = hits / of, 1 + z * z / of
    middle = share + z * z / (2 * of)
    reach = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return max(0.0, (middle - reach) / widened), min(1.0, (middle + reach) / widened)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A share of wrong ones, where it lies, and the labels that say so; nan from 0 to 1 without labels."""

    share: float
    low: float
    high: float
    labels: int


def wrong_between(
    strata: Sequence[Stratum], low: float, high: float = math.inf, delta: float = 0.10
) -> Estimate:
    """The share of wrong ones among outcomes with a confidence from `low` to under `high`.

    Each end of the interval is exceeded with probability at most `delta` / 2.
    """
    sums, heaviest = np.zeros((5, 1)), 0.0
    for stratum in strata:
        within = (stratum.confidences >= low) & (stratum.confidences < high)
        wrong, weight = int(stratum.wrong[within].sum()), stratum.weight
        if labels := int(stratum.labels[within].sum()):
            heaviest = max(heaviest, weight)
            added = (weight * labels, weight * wrong, weight**2 * wrong, weight**2 * labels, labels)
            sums += np.array(added)[:, None]
    weighted, errors, squares, all_squares, counted = sums
    largest = np.array([heaviest])
    share, upper = limit(weighted, errors, squares, largest, delta / 2)
    _, right = limit(weighted, weighted - errors, all_squares - squares, largest, delta / 2)
    return Estimate(float(share[0]), float(1 - right[0]), float(upper[0]), int(counted[0]))


def _fewest(record: Callable[[int], tuple[float, int]], alpha: float, delta: float) -> int:
    from scipy.special import betaincc

    def enough(labels: int) -> bool:
        errors, of = record(labels)
        return of > errors and betaincc(errors + 1, of - errors, alpha) <= delta

    most = 1
    while not enough(most):
        most *= 2
    return bisect_left(range(most), True, lo=most // 2, key=enough)


def _grid(every: Stratum) -> Floats:
    """The confidences that occur, from the top; of more than 200, as many outcomes between each."""
    unique = every.confidences
    if unique.size > MOST_POINTS:
        ranks = np.linspace(0, every.total - 1, MOST_POINTS).round()
        unique = np.unique(unique[np.searchsorted(np.cumsum(every.outcomes), ranks, side="right")])
    return unique[::-1]


def _points(strata: Sequence[Stratum], grid: Floats, delta: float) -> list[Point]:
    total = sum(stratum.total for stratum in strata)
    covered, labels, weighted, errors, squares, largest = (np.zeros(len(grid)) for _ in range(6))
    for stratum in strata:
        weight, first = stratum.weight, np.searchsorted(stratum.confidences, grid, side="left")
        seen, wrong = _from(stratum.labels, first), _from(stratum.wrong, first)
        covered += _from(stratum.outcomes, first)
        labels += seen
        weighted += weight * seen
        errors += weight * wrong
        squares += weight**2 * wrong
        largest = np.maximum(largest, np.where(seen > 0, weight, 0))
    risk, upper = limit(weighted, errors, squares, largest, delta)
    columns = (column.tolist() for column in (grid, covered / total, risk, upper, labels.astype(int)))
    return [Point(*values) for values in zip(*columns, strict=True)]


def _from(counts: Counts, first: NDArray[np.intp]) -> Floats:
    """How many there are from each place on."""
    found: Floats = (counts.sum() - np.append(0, np.cumsum(counts))[first]).astype(float)
    return found


def limit(
    weighted: Floats, errors: Floats, squares: Floats, largest: Floats, delta: float
) -> tuple[Floats, Floats]:
    """Estimate and bound of many thresholds at once, arrays of one shape: sums over labels of weights.

    `weighted`: of all; `errors`: of wrong ones; `squares`: of their squares; `largest`: the heaviest.
    """
    from scipy.special import betaincinv  # a third of a second that only those pay who ask for a curve

    with np.errstate(divide="ignore", invalid="ignore"):
        risk = np.where(weighted > 0, errors / weighted, np.nan)
        effective = (squares + largest**2) / (errors + largest)
        k = (errors + largest) / effective
        b = weighted / effective - k + 1
        upper = betaincinv(k, np.where(b > 0, b, 1), 1 - delta)
    return risk, np.where((weighted > 0) & (b > 0), upper, 1.0)
