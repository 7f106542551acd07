"""How often reviewers are wrong themselves, and what that does to a target. Pure.

Rogan and Gladen (1978) turned round: instead of correcting the estimate, the target is made as strict as the
reviewers' mistakes demand, each of the two rates at the end that is worse for us.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from escalation.tuning.certificate import Target

# What is known to be wrong, and to be right, before a correction is trusted; pairs before a kappa is shown.
FEWEST_WRONG, FEWEST_RIGHT, FEWEST_PAIRS = 300, 1000, 100
# Of the doubt, what is spent on each of the two rates.
SPENT = 0.1
DRAWS = 1000
WORTH_A_WARNING = 0.6


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


def kappa(seconds: Seconds) -> float | None:
    """How far two reviewers agree beyond chance (Cohen 1960); None where both always say the same thing."""
    return _kappa(np.array([_table(seconds)], float))[0] if seconds.pairs else None


def kappa_interval(seconds: Seconds, seed: int = 0) -> tuple[float, float] | None:
    """Where kappa lies with 90 % confidence, by the bootstrap; None for too few pairs."""
    if seconds.pairs < FEWEST_PAIRS:
        return None
    random = np.random.default_rng(seed)
    drawn = random.multinomial(seconds.pairs, np.array(_table(seconds)) / seconds.pairs, size=DRAWS)
    known = [value for value in _kappa(drawn.astype(float)) if value is not None]
    return (float(np.quantile(known, 0.05)), float(np.quantile(known, 0.95))) if known else None


def _table(seconds: Seconds) -> list[int]:
    return [seconds.both_right, seconds.first_alone_right, seconds.first_alone_wrong, seconds.both_wrong]


def _kappa(tables: np.ndarray) -> list[float | None]:
    shares = tables / tables.sum(axis=1, keepdims=True)
    agreed = shares[:, 0] + shares[:, 3]
    first, second = shares[:, 0] + shares[:, 1], shares[:, 0] + shares[:, 2]
    chance = first * second + (1 - first) * (1 - second)
    return [float((a - c) / (1 - c)) if c < 1 else None for a, c in zip(agreed, chance, strict=True)]
