"""How often one test says "low enough" when the risk is exactly the target: at most delta."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product

import numpy as np

from bench.table import Line, Spread
from escalation.tuning.statistics import Floats, limit

DRAWS, ALPHA = 20_000, 0.05
# What a label of each stratum stands for; results in each, and where the errors are.
WEIGHTS = ((1.0, 20.0), (1.0, 5.0, 20.0))
RESULTS = (600, 2_000, 8_000)
RATES = (0.0, 0.25, 0.5, 1.0)


def size_of_one_test(strata: int, delta: float) -> Line:
    """The largest share of wrong passes over all settings with so many strata."""
    random = np.random.default_rng(11)
    weights = next(one for one in WEIGHTS if len(one) == strata)
    found = [_size(weights, *setting, delta, random) for setting in _settings(strata)]
    most = delta + 3 * math.sqrt(delta * (1 - delta) / DRAWS)
    return Line(
        work=f"one test at exactly the target, {strata} strata: wrong passes, most of {len(found)} settings",
        ours=Spread((max(found),), f"of {DRAWS:,}"),
        promise=f"≤ {delta:g} + 3 s.e.",
        kept=max(found) <= most,
    )


def _settings(strata: int) -> Iterator[tuple[Floats, Floats]]:
    """Results of each stratum, and the risk in each, all with the risk ALPHA over everything."""
    for results in product(RESULTS, repeat=strata):
        counts = np.array(results, float)
        for shares in product(RATES, repeat=strata - 1):
            placed = np.array([*shares, max(0.0, 1 - sum(shares))])
            if placed.sum() != 1:
                continue
            risks = ALPHA * counts.sum() * placed / counts
            if (risks <= 1).all():
                yield counts, risks


def _size(
    weights: tuple[float, ...], counts: Floats, risks: Floats, delta: float, random: np.random.Generator
) -> float:
    weighted, errors, squares = np.zeros(DRAWS), np.zeros(DRAWS), np.zeros(DRAWS)
    for planned, results, risk in zip(weights, counts, risks, strict=True):
        labels = round(results / planned)
        weight = results / labels
        wrong = random.binomial(labels, risk, DRAWS).astype(float)
        weighted += weight * labels
        errors += weight * wrong
        squares += weight**2 * wrong
    _, upper = limit(weighted, errors, squares, np.full(DRAWS, max(weights)), delta)
    return float((upper <= ALPHA).mean())
