"""How far people agree who judged the same thing (PURE): ratings in, a coefficient and how sure it is out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# How often a sample is drawn anew for an interval, and what share of the draws it holds.
DRAWS, SURE = 2_000, 0.95

Unit = Sequence[str]  # what each of the people who judged one thing said of it


@dataclass(frozen=True, slots=True)
class Estimate:
    """A coefficient with the interval that holds 95 % of its bootstrap draws; None where it says nothing."""

    value: float | None
    low: float | None = None
    high: float | None = None
    units: int = 0


def cohens_kappa(pairs: Sequence[tuple[str, str]]) -> float | None:
    """Agreement of two people beyond chance (Cohen 1960); 1 is full, 0 is chance.

    None without pairs, and where both always said the same one thing: chance explains all of it.
    """
    if not pairs:
        return None
    number = len(pairs)
    seen = sum(one == other for one, other in pairs) / number
    ones, others = Counter(one for one, _ in pairs), Counter(other for _, other in pairs)
    chance = sum(ones[value] * others[value] for value in ones) / number**2
    return None if chance == 1 else (seen - chance) / (1 - chance)


def krippendorffs_alpha(units: Sequence[Unit]) -> float | None:
    """Agreement of any number of people, each of whom may have judged a part; nominal (Krippendorff 2011).

    Things that one person alone judged say nothing. None without others, or when all said one thing.
    """
    pairable = [unit for unit in units if len(unit) > 1]
    totals = Counter(value for unit in pairable for value in unit)
    number = sum(totals.values())
    expected = number**2 - sum(count**2 for count in totals.values())
    if not expected:
        return None
    differing = sum(_differing(unit) for unit in pairable)
    return float(1 - (number - 1) * differing / expected)


def _differing(unit: Unit) -> float:
    """The pairs of a unit that differ, weighted so that each of its values counts once."""
    counts = Counter(unit)
    return (len(unit) ** 2 - sum(count**2 for count in counts.values())) / (len(unit) - 1)


def alpha_with_interval(units: Sequence[Unit], seed: int) -> Estimate:
    """Krippendorff's alpha and its percentile bootstrap over the things judged; `seed` repeats it."""
    pairable = [unit for unit in units if len(unit) > 1]
    value = krippendorffs_alpha(pairable)
    if value is None or len(pairable) < 2:
        return Estimate(value, units=len(pairable))
    rows = _as_counts(pairable)
    draws = np.random.default_rng(seed).integers(0, len(rows), size=(DRAWS, len(rows)))
    alphas = _alphas(rows, draws)
    low, high = np.nanquantile(alphas, [(1 - SURE) / 2, (1 + SURE) / 2])
    return Estimate(value, float(low), float(high), len(pairable))


def _as_counts(units: Sequence[Unit]) -> np.ndarray:
    values = sorted({value for unit in units for value in unit})
    return np.array([[unit.count(value) for value in values] for unit in map(list, units)], dtype=float)


def _alphas(rows: np.ndarray, draws: np.ndarray) -> np.ndarray:
    sizes = rows.sum(axis=1)
    differing = (sizes**2 - (rows**2).sum(axis=1)) / (sizes - 1)
    totals = np.array([rows[draw].sum(axis=0) for draw in draws])
    number = totals.sum(axis=1)
    expected = number**2 - (totals**2).sum(axis=1)
    # Where a draw holds one value alone, nobody could have differed: it agrees.
    above = (number - 1) * differing[draws].sum(axis=1)
    return np.asarray(1 - np.divide(above, expected, where=expected > 0, out=np.zeros_like(number)))


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast somebody decided: median seconds, and the longest run of fast accepts in a row."""

    decisions: int
    median_s: float | None
    longest_fast_run: int


def pace_of(decided: Sequence[tuple[str, float | None]], fast_s: float) -> Pace:
    """`decided` are (verdict, seconds spent) of one person in their order; fast is under `fast_s`."""
    times = sorted(seconds for _, seconds in decided if seconds is not None)
    longest = run = 0
    for verdict, seconds in decided:
        run = run + 1 if verdict == "accept" and seconds is not None and seconds < fast_s else 0
        longest = max(longest, run)
    return Pace(len(decided), float(np.median(times)) if times else None, longest)
