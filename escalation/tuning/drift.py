"""Whether a share has moved: an alarm that may be asked after every single observation. Pure.

A Shiryaev-Roberts e-detector (Shin, Ramdas and Rinaldo, "E-detectors", arXiv 2203.03532) with fixed bets.
While the share keeps to what is tolerated, the expected sum after n observations is at most n. So the chance
that its mean reaches `horizon / DOUBT` within `horizon` observations is at most DOUBT (Doob's inequality).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from escalation.tuning.statistics import Floats

DOUBT = 0.05
# How many times the tolerated share each bet is on: errors, escalations rising, escalations falling.
MORE_ERRORS = (1.5, 2.0, 3.0, 5.0)
RISING = (1.25, 1.5, 2.0)
FALLING = (0.8, 2 / 3, 0.5)
# A bet of more would be ruined by a single observation.
BOLDEST = 0.95
# What a warning and an alarm raise the audit rate to, and for how many results.
RAISED_RATE, RAISED_FOR = 0.5, 2_000
# Far from where a double ends, and of no consequence: every limit was passed long before.
MOST = 1e300


def stakes_on(tolerated: float, multiples: Sequence[float]) -> Floats:
    """What is staked on each multiple of the `tolerated` share, shape (bets,); empty: nothing can be watched.

    Multiples above 1 bet that the share is more than tolerated, those under 1 that it is less.
    """
    if not 0 < tolerated < 1:
        return np.empty(0)
    stakes = (np.array(multiples) - 1) / (1 - tolerated)
    return stakes[stakes * tolerated < BOLDEST]


def step(sums: Floats, value: float | Floats, stakes: Floats, tolerated: float) -> Floats:
    """The sums, shape (…, bets), after one more observation of 0 or 1."""
    grown: Floats = np.minimum((sums + 1) * (1 + stakes * (value - tolerated)), MOST)
    return grown


def limit_for(horizon: float) -> float:
    """What the mean of the sums reaches within `horizon` observations with a chance of DOUBT at most."""
    return max(horizon, 1) / DOUBT


def evidence_of_more(tolerated: float, seen: int, hits: int) -> float:
    """How much observations speak for a share being more than tolerated, however often that is asked.

    The mean of what fixed bets have made of 1 (Ville 1939): it ever reaches 1 / doubt with a probability of
    the doubt at most while the share is tolerated.
    """
    stakes = stakes_on(tolerated, MORE_ERRORS)
    if not stakes.size:
        return 0.0
    logs = hits * np.log1p(stakes * (1 - tolerated)) + (seen - hits) * np.log1p(-stakes * tolerated)
    return math.exp(min(float(np.logaddexp.reduce(logs)) - math.log(stakes.size), math.log(MOST)))


@dataclass(frozen=True, slots=True)
class Sums:
    """What a detector remembers.

    `seen` observations, `hits` of them 1; `recent` and `recent_hits` are those since the share last looked as
    tolerated, by the cumulated evidence `climb` of the middle bet: about when it began to move.
    """

    sums: tuple[float, ...] = ()
    seen: int = 0
    hits: int = 0
    climb: float = 0.0
    recent: int = 0
    recent_hits: int = 0

    @property
    def mean(self) -> float:
        return sum(self.sums) / len(self.sums) if self.sums else 0.0


@dataclass(frozen=True, slots=True)
class Detector:
    """Watches a share: an alarm once it is more (or less, by the multiples) than `tolerated`."""

    tolerated: float
    multiples: tuple[float, ...]
    horizon: float
    stakes: Floats = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "stakes", stakes_on(self.tolerated, self.multiples))

    @property
    def limit(self) -> float:
        return limit_for(self.horizon)

    def feed(self, before: Sums, values: Iterable[bool]) -> tuple[Sums, bool]:
        """Take observations in their order, up to the one that sets off the alarm; and whether one did."""
        sums = np.array(before.sums) if before.sums else np.zeros(len(self.stakes))
        found = before
        for value in values:
            sums = step(sums, value, self.stakes, self.tolerated)
            found = self._counted(found, value)
            if sums.size and sums.mean() >= self.limit:
                return replace(found, sums=tuple(sums.tolist())), True
        return replace(found, sums=tuple(sums.tolist())), False

    def _counted(self, before: Sums, value: bool) -> Sums:
        climb = before.climb
        if self.stakes.size:
            middle = float(self.stakes[len(self.stakes) // 2])
            climb = max(0.0, climb + math.log1p(middle * (value - self.tolerated)))
        afresh = climb == 0
        return Sums(
            sums=before.sums,
            seen=before.seen + 1,
            hits=before.hits + value,
            climb=climb,
            recent=0 if afresh else before.recent + 1,
            recent_hits=0 if afresh else before.recent_hits + value,
        )


def errors_beyond(alpha: float, horizon: float) -> Detector:
    """Watches the errors among audited results, of which a share `alpha` is tolerated."""
    return Detector(alpha, MORE_ERRORS, horizon)


def escalations_beyond(usual_high: float, horizon: float) -> Detector:
    """Watches for a fifth more escalations than `usual_high`, the upper end of where their share lay."""
    return Detector(1.2 * usual_high, RISING, horizon)


def escalations_short_of(usual_low: float, horizon: float) -> Detector:
    """Watches for a fifth fewer escalations than `usual_low`."""
    return Detector(0.8 * usual_low, FALLING, horizon)
