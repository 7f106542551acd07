"""What the watch over a gate promises: false alarms, and how soon a real shift is noticed.

Every run is one gate, all runs step by step at once; each decision goes through the product's own recursion.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from bench.ground import Ground
from bench.pools import DATA, Pool, clinc, out_of_scope
from bench.table import Line, Spread
from escalation.tuning.drift import RAISED_FOR, RAISED_RATE, Detector, errors_beyond, escalations_beyond, step
from escalation.tuning.statistics import Floats, wilson

RUNS = 500
CALM, SHIFTED = 20_000, 20_000
ALPHA, THRESHOLD, AUDIT_RATE = 0.05, 0.55, 0.05


def measure(ground: Ground) -> list[Line]:
    """Let five hundred gates run calmly, then shift what comes in; then shift what is right alone."""
    if not DATA.is_dir():
        print(f"drift: skipped, there is no {DATA}", file=sys.stderr)
        return []
    calm, shifted = clinc(), out_of_scope(0.30)
    early, audits_alone = _watched(calm, shifted, early=True), _watched(calm, shifted, early=False)
    concept = _watched(calm, _wrong_more_often(calm, 2.5 * ALPHA), early=True)
    return [
        _false_alarms(early),
        _delay("one in twenty out of scope, then one in three", early, most=1500),
        _missed(early),
        _delay("the same, without the early warning", audits_alone),
        Line(
            work=f"as sure as before, but {2.5 * ALPHA:.1%} of the accepted wrong: audits until the alarm",
            ours=Spread((float(np.median(concept.audits[concept.heard])),), "audits"),
            promise="≤ 200",
            kept=float(np.median(concept.audits[concept.heard])) <= 200,
        ),
    ]


@dataclass(frozen=True)
class Watched:
    """For each run: whether an alarm sounded while all was calm; the decisions and audits until one did."""

    false: NDArray[np.bool_]
    heard: NDArray[np.bool_]
    decisions: Floats
    audits: Floats


def _watched(calm: Pool, shifted: Pool, *, early: bool) -> Watched:
    random = np.random.default_rng(9)
    gates = _Gates(calm, random, early=early)
    for _ in range(CALM):
        gates.decide(*calm.draw(RUNS, random))
    false = gates.heard.copy()
    gates.begin_to_count()
    for n in range(SHIFTED):
        gates.decide(*shifted.draw(RUNS, random))
        if n % 500 == 0 and gates.heard.all():
            break
    return Watched(false, gates.heard & ~false, gates.decisions, gates.audits)


class _Gates:
    """As many gates as there are runs, with their two detectors each."""

    def __init__(self, calm: Pool, random: Generator, *, early: bool) -> None:
        confidences, _ = calm.draw(CALM, random)
        under = int((confidences < THRESHOLD).sum())
        self.errors = errors_beyond(ALPHA, AUDIT_RATE * (CALM - under))
        self.rising = escalations_beyond(wilson(under, CALM)[1], CALM)
        self.sums = {one: np.zeros((RUNS, len(one.stakes))) for one in self._detectors()}
        self.heard = np.zeros(RUNS, bool)
        self.raised_for = np.zeros(RUNS)
        self.decisions, self.audits = np.zeros(RUNS), np.zeros(RUNS)
        self.early, self.random = early, random

    def _detectors(self) -> Iterator[Detector]:
        yield self.errors
        yield self.rising

    def begin_to_count(self) -> None:
        self.decisions[:], self.audits[:] = 0, 0

    def decide(self, confidences: Floats, wrong: NDArray[np.bool_]) -> None:
        """One decision at every gate; `wrong` is seen where it is audited."""
        under, rate = confidences < THRESHOLD, np.where(self.raised_for > 0, RAISED_RATE, AUDIT_RATE)
        audited = ~under & (self.random.random(RUNS) < rate) & ~self.heard
        self.decisions += ~self.heard
        self.audits += audited
        self.raised_for -= 1
        if self.early:
            warned = self._step(self.rising, under, np.ones(RUNS, bool))
            self.sums[self.rising][warned] = 0
            self.raised_for[warned] = RAISED_FOR
        self.heard |= self._step(self.errors, wrong, audited)

    def _step(self, one: Detector, values: NDArray[np.bool_], seen: NDArray[np.bool_]) -> NDArray[np.bool_]:
        sums = self.sums[one]
        after = step(sums[seen], values[seen][:, None].astype(float), one.stakes, one.tolerated)
        sums[seen] = after
        over = np.zeros(RUNS, bool)
        over[seen] = after.mean(axis=1) >= one.limit
        return over


def _wrong_more_often(pool: Pool, risk: float) -> Pool:
    """The same confidences, and as much wrong above the threshold as makes its risk the one given."""
    accepted = pool.confidences >= THRESHOLD
    right = np.flatnonzero(accepted & ~pool.wrong)
    missing = (risk - pool.at(THRESHOLD)[1]) * pool.weights[accepted].sum()
    order = np.random.default_rng(10).permutation(right)
    turned = order[np.cumsum(pool.weights[order]) <= missing]
    wrong = pool.wrong.copy()
    wrong[turned] = True
    return Pool(pool.name, pool.confidences, wrong, pool.weights)


def _false_alarms(watched: Watched) -> Line:
    share = float(watched.false.mean())
    work = f"{CLAIM}, target {ALPHA:.0%}: runs of {RUNS} with an alarm in {CALM:,} calm decisions"
    return Line(work=work, ours=Spread((share,), "of runs"), promise="≤ 0.05", kept=share <= 0.05)


def _delay(what: str, watched: Watched, most: float | None = None) -> Line:
    delays = watched.decisions[~watched.false]
    typical, late = float(np.median(delays)), float(np.quantile(delays, 0.9))
    return Line(
        work=f"{what}: decisions until the alarm, median (nine of ten within {late:.0f})",
        ours=Spread((typical,), "decisions"),
        promise=f"≤ {most:.0f}" if most else "",
        kept=typical <= most if most else None,
    )


def _missed(watched: Watched) -> Line:
    missed = float((~watched.heard & ~watched.false).mean())
    work = f"the same: runs with no alarm in {SHIFTED:,} decisions"
    return Line(work=work, ours=Spread((missed,), "of runs"), promise="0", kept=missed == 0)


CLAIM = f"CLINC150, {THRESHOLD:g} in force, {AUDIT_RATE:.0%} audited"
