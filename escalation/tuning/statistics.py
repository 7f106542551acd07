"""What labels say of a threshold: risk against coverage, with a bound on the risk. Pure.

The bound is the weighted Clopper-Pearson limit: the effective weight of Fay and Feuer (1997, Statistics in
Medicine 16:791) put into the beta quantile of Tiwari, Clegg and Zou (2006). With equal weights it is the
exact Clopper-Pearson limit. It holds for one threshold that was chosen without looking at the labels; a whole
curve of them shows where to look, and is no certificate.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST_POINTS = 200

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Stratum:
    """Outcomes of which every one had the same chance to be reviewed.

    `confidences`: all of them, shape (N,); `reviewed`: confidences of the reviewed, shape (m,), m <= N;
    `wrong`: for each reviewed one whether the human said it was wrong, shape (m,), bool.
    """

    confidences: Floats
    reviewed: Floats
    wrong: NDArray[np.bool_]

    @property
    def weight(self) -> float:
        """How many outcomes a reviewed one speaks for: the realised fraction, never the planned one."""
        return len(self.confidences) / len(self.reviewed) if len(self.reviewed) else 0.0


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
    grid = _grid(np.concatenate([s.confidences for s in strata]) if strata else np.empty(0))
    if not grid.size:
        return []
    total = sum(len(s.confidences) for s in strata)
    covered = sum(_at_or_above(s.confidences, grid) for s in strata)
    labels, risk, upper = _bounds(strata, grid, delta)
    return [
        Point(float(t), float(n / total), float(r), float(u), int(m))
        for t, n, r, u, m in zip(grid, np.asarray(covered), risk, upper, labels, strict=True)
    ]


def looked_at(points: Sequence[Point], strata: Sequence[Stratum]) -> list[Point]:
    """The part of a curve that labels speak of: nothing above the first label, nothing below the last."""
    lowest = min((float(s.reviewed.min()) for s in strata if s.reviewed.size), default=math.inf)
    return [point for point in points if point.labels and point.threshold >= lowest]


def fewest_labels(alpha: float, delta: float) -> int:
    """How many labels, all of them right, bound the risk by `alpha` with confidence 1 - `delta`."""
    return math.ceil(math.log(delta) / math.log(1 - alpha))


def _grid(confidences: Floats) -> Floats:
    unique = np.unique(confidences)[::-1]
    if unique.size <= MOST_POINTS:
        return unique
    quantiles = np.quantile(confidences, np.linspace(1, 0, MOST_POINTS), method="inverted_cdf")
    return np.unique(quantiles)[::-1]


def _at_or_above(values: Floats, grid: Floats) -> Floats:
    ordered = np.sort(values)
    return (len(ordered) - np.searchsorted(ordered, grid, side="left")).astype(float)


def _bounds(strata: Sequence[Stratum], grid: Floats, delta: float) -> tuple[Floats, Floats, Floats]:
    labels, weighted, errors, squares = (np.zeros(len(grid)) for _ in range(4))
    largest = np.zeros(len(grid))
    for stratum in strata:
        weight = stratum.weight
        seen = _at_or_above(stratum.reviewed, grid)
        wrong = _at_or_above(stratum.reviewed[stratum.wrong], grid)
        labels += seen
        weighted += weight * seen
        errors += weight * wrong
        squares += weight**2 * wrong
        largest = np.maximum(largest, np.where(seen > 0, weight, 0))
    return labels, *_limit(weighted, errors, squares, largest, delta)


def _limit(
    weighted: Floats, errors: Floats, squares: Floats, largest: Floats, delta: float
) -> tuple[Floats, Floats]:
    from scipy.special import betaincinv  # a third of a second that only those pay who ask for a curve

    with np.errstate(divide="ignore", invalid="ignore"):
        risk = np.where(weighted > 0, errors / weighted, np.nan)
        effective = (squares + largest**2) / (errors + largest)
        k = (errors + largest) / effective
        b = weighted / effective - k + 1
        upper = betaincinv(k, np.where(b > 0, b, 1), 1 - delta)
    return risk, np.where((weighted > 0) & (b > 0), upper, 1.0)
