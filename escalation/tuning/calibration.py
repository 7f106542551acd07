"""What a confidence has meant: how often results that were as sure as this were right. Pure.

For display and for costs; never in the place of the number that meets the threshold.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from escalation.tuning.statistics import Estimate, Floats, Stratum, wrong_between

MOST_BINS = 15
# Below, nothing is said; below the second, a curve of two numbers that leans on "as it says" is drawn.
FEWEST, FEW = 20, 200
# How far from 0 and 1 a confidence is taken to be at least: of certainty there are no odds.
EDGE = 1e-4


@dataclass(frozen=True, slots=True)
class Fitted:
    """How often each confidence was right: `knots` (confidence, share), ascending in both, and lines between.

    Nothing is said below the first knot or above the last: nobody has looked there.
    """

    method: str
    knots: list[tuple[float, float]]
    labels: int

    def of(self, confidence: float) -> float | None:
        """The share that was right of results that were as sure as this; None where nobody has looked."""
        across = [knot[0] for knot in self.knots]
        if not across or not across[0] <= confidence <= across[-1]:
            return None
        return float(np.interp(confidence, across, [knot[1] for knot in self.knots]))

    def lowest_with(self, share: float) -> float | None:
        """The lowest confidence that was right at least so often; None: none was."""
        if self.knots and self.knots[0][1] >= share:
            return self.knots[0][0]
        for (left, low), (right, high) in pairwise(self.knots):
            if high >= share > low:
                return left + (right - left) * (share - low) / (high - low)
        return None


@dataclass(frozen=True, slots=True)
class Bin:
    """Results from `low` to `high`: their mean confidence, and what share was right where humans looked."""

    low: float
    high: float
    confidence: float
    outcomes: int
    right: Estimate


def fit(strata: Sequence[Stratum]) -> Fitted | None:
    """Learn from the labels, each counted for the results it stands for; None for too few of them."""
    labels = sum(s.known for s in strata)
    if labels < FEWEST:
        return None
    unique, places = np.unique(np.concatenate([s.confidences for s in strata]), return_inverse=True)
    weighted, wrong = (
        np.bincount(places, np.concatenate(counts), unique.size).astype(float)
        for counts in ([s.weight * s.labels for s in strata], [s.weight * s.wrong for s in strata])
    )
    seen = weighted > 0
    facts = unique[seen], 1 - wrong[seen] / weighted[seen], weighted[seen]
    if labels < FEW:
        return Fitted("platt", _platt(*facts, labels), labels)
    return Fitted("isotonic", _isotonic(*facts), labels)


def reliability(strata: Sequence[Stratum], delta: float = 0.10) -> list[Bin]:
    """At most 15 bins of about as many results each; an interval is missed at either end with delta / 2."""
    every = Stratum.together(strata)
    if not every.total:
        return []
    ranks = np.linspace(0, every.total, MOST_BINS + 1)[1:-1].astype(int)
    middle = every.confidences[np.searchsorted(np.cumsum(every.outcomes), ranks, side="right")]
    edges = [float(every.confidences[0]), *np.unique(middle).tolist(), math.inf]
    found = []
    for low, high in pairwise(edges):
        inside = (every.confidences >= low) & (every.confidences < high)
        if number := int(every.outcomes[inside].sum()):
            values = every.confidences[inside]
            wrong = wrong_between(strata, low, high, delta)
            right = Estimate(1 - wrong.share, 1 - wrong.high, 1 - wrong.low, wrong.labels)
            mean = float(np.average(values, weights=every.outcomes[inside]))
            found.append(Bin(low, float(values[-1]), mean, number, right))
    return found


def expected_error(bins: Sequence[Bin]) -> float | None:
    """How far confidence and share that was right lie apart (ECE), where humans looked; None: nowhere."""
    seen = [one for one in bins if one.right.labels]
    if not seen:
        return None
    apart = sum(one.outcomes * abs(one.right.share - one.confidence) for one in seen)
    return apart / sum(one.outcomes for one in seen)


def _isotonic(confidences: Floats, share: Floats, weights: Floats) -> list[tuple[float, float]]:
    """The rising curve that fits best (Zadrozny and Elkan 2002): both ends of each of its level parts."""
    from scipy.optimize import isotonic_regression

    fitted = isotonic_regression(share, weights=weights)
    knots = []
    for start, end in pairwise(fitted.blocks):
        level = float(fitted.x[start])
        knots += [(float(confidences[n]), level) for n in sorted({int(start), int(end) - 1})]
    return knots


def _platt(confidences: Floats, right: Floats, weights: Floats, labels: int) -> list[tuple[float, float]]:
    """A line in the log odds (Platt 1999), drawn towards "as it says" by a unit normal prior.

    `right`: the share of each confidence that was right.
    """
    odds = _log_odds(confidences)
    # Weights that add up to the labels: a label is one observation, however many results it stands for.
    counted = weights * labels / weights.sum()
    slope, shift = 1.0, 0.0
    for _ in range(50):
        share = 1 / (1 + np.exp(-(slope * odds + shift)))
        gap, spread = counted * (right - share), counted * share * (1 - share)
        gradient = np.array([(gap * odds).sum() - (slope - 1), gap.sum() - shift])
        cross = (spread * odds).sum()
        curvature = np.array([[(spread * odds**2).sum() + 1, cross], [cross, spread.sum() + 1]])
        move = np.linalg.solve(curvature, gradient)
        slope, shift = slope + float(move[0]), shift + float(move[1])
        if np.abs(move).max() < 1e-9:
            break
    at = np.unique(np.append(np.linspace(confidences[0], confidences[-1], 50), confidences[[0, -1]]))
    # Not falling, whatever a handful of labels says: then every confidence has meant the same.
    share = 1 / (1 + np.exp(-(max(slope, 0.0) * _log_odds(at) + shift)))
    return list(zip(at.tolist(), share.tolist(), strict=True))


def _log_odds(confidences: Floats) -> Floats:
    inside = np.clip(confidences, EDGE, 1 - EDGE)
    odds: Floats = np.log(inside / (1 - inside))
    return odds
