"""Populations whose truth is known: real predictions, and invented ones that are as nasty as can be."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from escalation.tuning.statistics import Floats

DATA = Path(__file__).parents[2] / "shared" / "data"
INVENTED = 20_000


@dataclass(frozen=True)
class Pool:
    """Real predictions: a confidence each, whether it was wrong, and how often it is drawn, all (n,)."""

    name: str
    confidences: Floats
    wrong: NDArray[np.bool_]
    weights: Floats

    def draw(self, number: int, random: Generator) -> tuple[Floats, NDArray[np.bool_]]:
        chosen = np.searchsorted(self._cumulated, random.random(number), side="right")
        return self.confidences[chosen], self.wrong[chosen]

    @cached_property
    def _cumulated(self) -> Floats:
        total: Floats = np.cumsum(self.weights) / self.weights.sum()
        return total

    @cached_property
    def truth(self) -> tuple[Floats, Floats, Floats]:
        """Every threshold that occurs, ascending, with the true coverage and risk of each."""
        order = np.argsort(self.confidences, kind="stable")
        c, w, bad = self.confidences[order], self.weights[order], self.wrong[order]
        above, errors = np.cumsum(w[::-1])[::-1], np.cumsum((w * bad)[::-1])[::-1]
        first = np.append(True, c[1:] != c[:-1])
        return c[first], (above / above[0])[first], (errors / above)[first]

    def at(self, threshold: float) -> tuple[float, float]:
        """The true coverage and risk at a threshold; nothing is accepted above the highest confidence."""
        thresholds, coverage, risk = self.truth
        n = int(np.searchsorted(thresholds, threshold))
        return (float(coverage[n]), float(risk[n])) if n < len(thresholds) else (0.0, 0.0)

    def best(self, alpha: float) -> float:
        """The largest coverage of any threshold that keeps the target, known to nobody in real life."""
        _, coverage, risk = self.truth
        return float(coverage[risk <= alpha].max(initial=0.0))


def clinc() -> Pool:
    """Intents of CLINC150 by a linear model; one query in twenty is out of scope, and wrong to accept."""
    return out_of_scope(0.05)


def out_of_scope(share: float) -> Pool:
    """The same with another share of queries that nobody should have asked."""
    rows = list(_rows("clinc150_lr_predictions.csv.gz"))
    outside = np.array([row["oos"] == "1" for row in rows])
    weights = np.where(outside, share / outside.sum(), (1 - share) / (~outside).sum())
    return _pool("CLINC150", rows, weights)


def mcq(model: str) -> Pool:
    rows = [row for row in _rows("llm_mcq_plaut.csv.gz") if row["model"] == model]
    return _pool(f"{model}, multiple choice", rows, np.ones(len(rows)))


def _rows(name: str) -> Iterable[dict[str, str]]:
    with gzip.open(DATA / name, "rt", newline="") as file:
        yield from csv.DictReader(file)


def _pool(name: str, rows: Sequence[Mapping[str, str]], weights: Floats) -> Pool:
    confidences = np.array([float(row["conf"]) for row in rows])
    wrong = np.array([row["correct"] not in ("1", "1.0", "True") for row in rows])
    return Pool(name, confidences, wrong, weights)


def nasty(alpha: float, in_force: float) -> Iterable[Pool]:
    """Risk curves on which estimates alone mislead, for a target and a threshold in force."""
    yield _invented("flat, just too high", lambda c: np.full_like(c, 1.02 * alpha))
    yield _invented("saw-tooth", lambda c: alpha * (1 + 0.9 * np.sin(40 * c)))
    yield _invented("errors only where it is sure", lambda c: np.where(c >= in_force, 1.6 * alpha, 0.0))
    yield _invented("steep", lambda c: np.where(c >= 0.9, 0.2 * alpha, 0.5))


def _invented(name: str, risk_at: Callable[[Floats], Floats]) -> Pool:
    """Evenly spread confidences, of which as many are wrong as the risk says, spread as evenly."""
    confidences = (np.arange(INVENTED) + 0.5) / INVENTED
    passed = np.floor(np.cumsum(risk_at(confidences)))
    return Pool(name, confidences, np.diff(passed, prepend=0) > 0, np.ones(INVENTED))
