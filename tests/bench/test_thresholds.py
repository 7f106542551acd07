"""The replay behind the promise of a proposal: what it calls the truth is the truth."""

from __future__ import annotations

import numpy as np
import pytest

from bench.pools import Pool
from bench.thresholds import METHODS, reviewed
from escalation.tuning.statistics import risk_coverage


@pytest.fixture
def pool() -> Pool:
    """Four predictions, one of them drawn twice as often."""
    return Pool(
        "four",
        np.array([0.9, 0.5, 0.9, 0.2]),
        np.array([False, True, False, True]),
        np.array([2.0, 1.0, 1.0, 1.0]),
    )


def test_the_truth_of_a_pool_is_known_exactly(pool: Pool) -> None:
    found = [pool.at(threshold) for threshold in (0.9, 0.5, 0.1, 0.95)]

    assert [coverage for coverage, _ in found] == pytest.approx([3 / 5, 4 / 5, 1, 0])
    assert [risk for _, risk in found] == pytest.approx([0, 1 / 4, 2 / 5, 0])


def test_the_best_possible_keeps_the_target(pool: Pool) -> None:
    assert pool.best(0.05) == pytest.approx(3 / 5)
    assert pool.best(0.30) == pytest.approx(4 / 5)


def test_a_draw_follows_the_weights(pool: Pool) -> None:
    confidences, wrong = pool.draw(20_000, np.random.default_rng(1))

    assert np.mean(confidences == 0.9) == pytest.approx(3 / 5, abs=0.02)
    assert np.mean(wrong) == pytest.approx(2 / 5, abs=0.02)


def test_the_replay_can_fail(pool: Pool) -> None:
    random = np.random.default_rng(1)
    strata = reviewed(*pool.draw(2000, random), 0.3, random)

    kept = METHODS["escalated labels alone"](strata, risk_coverage(strata), 0.05, 0.3)

    assert kept == 0.3
    assert pool.at(kept)[1] > 0.05


def test_what_is_escalated_is_seen_whole_and_the_rest_by_lot(pool: Pool) -> None:
    random = np.random.default_rng(1)

    below, above = reviewed(*pool.draw(2000, random), 0.6, random)

    assert (below.weight, below.audits, above.audits) == (1.0, False, True)
    assert 10 < above.weight < 40
