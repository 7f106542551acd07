"""How often reviewers are wrong themselves, and what that does to a target. Pure.

Rogan and Gladen (1978) turned round: instead of correcting the estimate, the target is made as strict as the
reviewers' mistakes demand, each of the two rates at the end that is worse for us.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from escalation.tuning.agreement import DRAWS, SURE, Estimate
from escalation.tuning.certificate import Target

# What is known to be wrong, and to be right, before a correction is trusted.
FEWEST_WRONG, FEWEST_RIGHT = 300, 1000
# Of fewer second looks, nothing is said of how far people agree.
FEWEST_PAIRS = 100
# Of the doubt, what is spent on each of the two rates.
SPENT = 0.1


@dataclass(frozen=True, slots=True)
class Seconds:
    """What became of second looks at results: counts by what the first reviewer and the second said."""

    both_right: int = 0
    first_alone_right: int = 0  # the first let it pass, the second found it wrong
    first_alone_wrong: int = 0
    both_wrong: int = 0

    @property
    def pairs(self) -> int:
        return self.both_right + self.first_alone_right + self.first_alone_wrong + self.both_wrong

    @property
    def wrong(self) -> int:
        """Known to be wrong, by the second look."""
        return self.both_wrong + self.first_alone_right

    @property
    def right(self) -> int:
        return self.both_right + self.first_alone_wrong

    @property
    def missed(self) -> float:
        """The share of wrong results that the first let pass; 0 where too few are known to say."""
        return self.first_alone_right / self.wrong if self.wrong >= FEWEST_WRONG else 0.0


def agreement(seen: Seconds, seed: int) -> Estimate | None:
    """Cohen's kappa of two people who looked, and where it lies by bootstrap; None for too few looks.

    `seen` counts what both said, whoever was right in the end; `seed` repeats the draws.
    """
    if seen.pairs < FEWEST_PAIRS:
        return None
    counts = np.array([seen.both_right, seen.first_alone_right, seen.first_alone_wrong, seen.both_wrong])
    draws = np.random.default_rng(seed).multinomial(seen.pairs, counts / seen.pairs, DRAWS)
    low, high = np.quantile(_kappa(draws), [(1 - SURE) / 2, (1 + SURE) / 2])
    return Estimate(float(_kappa(counts[None])[0]), float(low), float(high), seen.pairs)


def _kappa(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """The coefficient of each row (both right, first alone right, first alone wrong, both wrong)."""
    yes, first, second, no = (counts / counts.sum(axis=1, keepdims=True)).T
    chance = (yes + first) * (yes + second) + (second + no) * (first + no)
    # Where all said one thing, nobody could have differed.
    return np.asarray(np.divide(yes + no - chance, 1 - chance, where=chance < 1, out=np.ones_like(yes)))


def counted(pairs: Sequence[tuple[bool, bool]]) -> Seconds:
    """Count (first, second) pairs of "it is right"; the second is taken for the truth."""
    counts = {pair: pairs.count(pair) for pair in set(pairs)}
    return Seconds(
        counts.get((True, True), 0),
        counts.get((True, False), 0),
        counts.get((False, True), 0),
        counts.get((False, False), 0),
    )


def corrected(target: Target, seconds: Seconds) -> Target | None:
    """The target that labels must meet so that the truth meets `target`; None: too few second looks to say.

    The share of labels that say "wrong" is f + R(1 - m - f), with m the errors missed and f what is rejected
    though right; the least that it can be at R = alpha is the limit. A fifth of the doubt pays for m and f.
    """
    if seconds.wrong < FEWEST_WRONG or seconds.right < FEWEST_RIGHT:
        return None
    from scipy.special import betaincinv

    doubt = SPENT * target.delta
    missed, refused = seconds.first_alone_right, seconds.first_alone_wrong
    most_missed = float(betaincinv(missed + 1, max(seconds.wrong - missed, 1), 1 - doubt))
    fewest_refused = float(betaincinv(refused, seconds.right - refused + 1, doubt)) if refused else 0.0
    alpha = fewest_refused + target.alpha * (1 - most_missed - fewest_refused)
    return Target(alpha, (1 - 2 * SPENT) * target.delta)
