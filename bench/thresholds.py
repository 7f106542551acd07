"""What a proposal promises, on real predictions: the guarantee, the automation, the labels, the time.

Each replication draws a window from a pool of real predictions whose truth is known, lets the product's own
code propose a threshold from what reviewers would have seen of it, and compares with the truth. The naive
methods see the same labels.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from bench.ground import Ground
from bench.pools import DATA, Pool, clinc, mcq, nasty
from bench.size import WEIGHTS, size_of_one_test
from bench.table import Line, Spread
from escalation.tuning.certificate import Target, certify, is_due, standing
from escalation.tuning.statistics import Floats, Point, Stratum, risk_coverage

REPLICATIONS = 500
WINDOW, AUDIT_RATE, DELTA = 20_000, 0.05, 0.10
LABELS = 1_000_000
# Days of results, and the threshold with which they begin.
STEPS, PER_STEP, CAREFUL = 20, 1000, 0.9


@dataclass(frozen=True)
class Setting:
    """A pool with the threshold in force while its labels were made, and the target."""

    pool: Pool
    in_force: float
    alpha: float
    least: float | None = None  # of the best possible automation, as the design promises
    pending: float = 0.0  # the share of audits that still wait, at random
    invented: bool = False  # the guarantee must hold; how much is accepted says nothing
    naive_fail: bool = False  # the threshold in force is far too low, and naive methods must be seen to fail

    def __str__(self) -> str:
        waits = f", {self.pending:.0%} of audits wait" if self.pending else ""
        return f"{self.pool.name}, {self.in_force:g} in force, target {self.alpha:.0%}{waits}"


Method = Callable[[Sequence[Stratum], Sequence[Point], float, float], float | None]


def measure(ground: Ground) -> list[Line]:
    """Replay every setting, a loop of twenty looks, and one proposal over a million labels."""
    if not DATA.is_dir():
        print(f"thresholds: skipped, there is no {DATA}", file=sys.stderr)
        return []
    sizes = [size_of_one_test(len(weights), delta) for weights in WEIGHTS for delta in (0.05, 0.10)]
    lines = [line for setting in _settings() for line in _replayed(setting, REPLICATIONS)]
    return [*sizes, *lines, *_looked_at_often(clinc(), REPLICATIONS), _over_a_million(ground.scale.rounds)]


def _settings() -> list[Setting]:
    intents, answers = clinc(), mcq("gpt-4-turbo")
    return [
        Setting(intents, 0.75, 0.02, least=0.55),
        Setting(intents, 0.75, 0.05, least=0.95),
        Setting(intents, 0.75, 0.10, least=0.97),
        Setting(intents, 0.40, 0.05, naive_fail=True),
        Setting(intents, 0.75, 0.05, pending=0.4),
        Setting(answers, 0.75, 0.05),
        Setting(answers, 0.75, 0.10),
        *(Setting(pool, 0.75, 0.05, invented=True) for pool in nasty(0.05, 0.75)),
    ]


def reviewed(
    confidences: Floats,
    wrong: NDArray[np.bool_],
    threshold: float,
    random: Generator,
    pending: float = 0.0,
) -> list[Stratum]:
    """What reviewers see of a window: all that was escalated, and by lot a few of what was accepted."""
    accepted = confidences >= threshold
    audited = accepted & (random.random(len(confidences)) < AUDIT_RATE * (1 - pending))
    below = Stratum.of(confidences[~accepted], confidences[~accepted], wrong[~accepted])
    above = Stratum.of(confidences[accepted], confidences[audited], wrong[audited], audits=True)
    return [stratum for stratum in (below, above) if stratum.known]


def _ours(strata: Sequence[Stratum], points: Sequence[Point], alpha: float, _: float) -> float | None:
    found = certify(strata, Target(alpha, DELTA), points)
    return found.point.threshold if found.status == "ok" and found.point else None


def _estimate_alone(_: Sequence[Stratum], points: Sequence[Point], alpha: float, __: float) -> float | None:
    """The lowest threshold whose weighted estimate meets the target, with no bound."""
    return min((point.threshold for point in points if point.risk <= alpha), default=None)


def _escalated_alone(
    strata: Sequence[Stratum], _: Sequence[Point], alpha: float, in_force: float
) -> float | None:
    """Lower the threshold in force while what lies between was right often enough; it never rises."""
    below = next((stratum for stratum in strata if not stratum.audits), None)
    if below is None:
        return in_force
    share = np.cumsum(below.wrong[::-1]) / np.cumsum(below.labels[::-1])
    return float(min(below.confidences[::-1][share <= alpha], default=in_force))


METHODS: dict[str, Method] = {
    "ours": _ours,
    "estimate, no bound": _estimate_alone,
    "escalated labels alone": _escalated_alone,
}


def _replayed(setting: Setting, replications: int) -> list[Line]:
    random = np.random.default_rng(6)
    found: dict[str, list[float | None]] = {name: [] for name in METHODS}
    labels, audits = [], []
    for _ in range(replications):
        strata = reviewed(*setting.pool.draw(WINDOW, random), setting.in_force, random, setting.pending)
        points = risk_coverage(strata, DELTA)
        labels.append(sum(stratum.known for stratum in strata))
        audits.append(sum(stratum.known for stratum in strata if stratum.audits))
        for name, method in METHODS.items():
            found[name].append(method(strata, points, setting.alpha, setting.in_force))
    lines = [_guarantee(setting, found)]
    if setting.invented:
        return lines
    if setting.naive_fail:
        lines.append(_naive_are_seen_to_fail(setting, found))
    return [
        *lines,
        _automation(setting, found["ours"]),
        Line(
            work=f"{setting}: labels of {WINDOW} results, {np.median(audits):.0f} of them audits",
            ours=Spread((float(np.median(labels)),), "labels"),
        ),
    ]


def _guarantee(setting: Setting, found: Mapping[str, Sequence[float | None]]) -> Line:
    broken = {name: _broken(setting, thresholds) for name, thresholds in found.items()}
    number = len(found["ours"])
    most = DELTA + 3 * math.sqrt(DELTA * (1 - DELTA) / number)
    naive = [f"{name} {broken[name]:.3f}" for name in broken if name != "ours"]
    return Line(
        work=f"{setting}: runs of {number} that break it (naive: {', '.join(naive)})",
        ours=Spread((broken["ours"],), "of runs"),
        promise=f"≤ {DELTA:g} + 3 s.e.",
        kept=broken["ours"] <= most,
    )


def _naive_are_seen_to_fail(setting: Setting, found: Mapping[str, Sequence[float | None]]) -> Line:
    """A replay in which nothing can go wrong would prove nothing."""
    no_bound = _broken(setting, found["estimate, no bound"])
    escalated = _broken(setting, found["escalated labels alone"])
    return Line(
        work=f"{setting}: runs that break it with no bound (with escalated labels alone: {escalated:.2f})",
        ours=Spread((no_bound,), "of runs"),
        promise="≥ 0.4 (1)",
        kept=no_bound >= 0.4 and escalated == 1,
    )


def _broken(setting: Setting, thresholds: Sequence[float | None]) -> float:
    """The share of runs whose threshold has a true risk above the target."""
    risks = [setting.pool.at(threshold)[1] for threshold in thresholds if threshold is not None]
    return sum(risk > setting.alpha for risk in risks) / len(thresholds)


def _automation(setting: Setting, thresholds: Sequence[float | None]) -> Line:
    shares = [0.0 if threshold is None else setting.pool.at(threshold)[0] for threshold in thresholds]
    best = setting.pool.best(setting.alpha)
    reached = float(np.mean(shares))
    return Line(
        work=f"{setting}: share accepted",
        yardstick=Spread((best,), "", of="best possible"),
        ours=Spread((reached,), ""),
        promise=f"≥ {setting.least:g} x" if setting.least else "",
        kept=reached >= setting.least * best if setting.least else None,
    )


def _looked_at_often(pool: Pool, replications: int) -> list[Line]:
    """Labels come in, looks are taken as the schedule says, and what is proposed is applied at once."""
    alpha, random = 0.05, np.random.default_rng(7)
    runs = [_applied(pool, Target(alpha, DELTA), random) for _ in range(replications)]
    broken = float(np.mean([any(pool.at(t)[1] > alpha for t in applied) for applied in runs]))
    reached = float(np.mean([pool.at(applied[-1] if applied else CAREFUL)[0] for applied in runs]))
    setting = f"{pool.name}, {STEPS} days of {PER_STEP} results, every look applied"
    most = DELTA + 3 * math.sqrt(DELTA * (1 - DELTA) / replications)
    return [
        Line(
            work=f"{setting}: runs of {replications} that ever break {alpha:.0%}",
            ours=Spread((broken,), "of runs"),
            promise=f"≤ {DELTA:g} + 3 s.e.",
            kept=broken <= most,
        ),
        Line(
            work=f"{setting}: share accepted at last",
            yardstick=Spread((pool.best(alpha),), "", of="best possible"),
            ours=Spread((reached,), ""),
            promise="≥ 0.9 x",
            kept=reached >= 0.9 * pool.best(alpha),
        ),
    ]


def _applied(pool: Pool, target: Target, random: Generator) -> list[float]:
    """The thresholds that came into force one after the other, beginning from a careful one."""
    applied: list[float] = []
    threshold, days = CAREFUL, []
    before: int | None = None
    look = 0
    for _ in range(STEPS):
        days.append((threshold, reviewed(*pool.draw(PER_STEP, random), threshold, random)))
        strata = [_together(t, days, audits) for t in {t for t, _ in days} for audits in (False, True)]
        strata = [stratum for stratum in strata if stratum.known]
        evidence = sum(stratum.known for stratum in strata if stratum.audits)
        if not is_due(evidence, before, target):
            continue
        found = certify(strata, target.at_look(look))
        before, look = evidence, look + 1
        if found.status == "ok" and found.point:
            threshold = standing(found.point.threshold, applied)
            applied.append(threshold)
    return applied


def _together(threshold: float, days: Sequence[tuple[float, list[Stratum]]], audits: bool) -> Stratum:
    """One stratum of all days with the same threshold."""
    parts = [s for t, strata in days if t == threshold for s in strata if s.audits == audits]
    return Stratum.together(parts, audits)


def _over_a_million(rounds: int) -> Line:
    """The CPU time of one proposal over a million labels, all different, counting them included."""
    random, taken = np.random.default_rng(8), []
    confidences = random.beta(4, 1.5, LABELS)
    wrong = random.random(LABELS) > confidences
    accepted = confidences >= 0.75
    for _ in range(rounds):
        began = time.process_time()
        strata = [
            Stratum.of(confidences[way], confidences[way], wrong[way], audits=audits)
            for way, audits in ((~accepted, False), (accepted, True))
        ]
        certify(strata, Target())
        taken.append(time.process_time() - began)
    ours = Spread(tuple(taken), "s of CPU")
    return Line(work=f"a proposal over {LABELS:,} labels", ours=ours, promise="< 1 s", kept=ours.median < 1)
