"""The threshold of least cost, beside the one of bounded risk."""

from __future__ import annotations

import numpy as np
import pytest

from escalation.tuning.calibration import fit
from escalation.tuning.costs import Prices, by_chow, cheapest, cost_at
from escalation.tuning.statistics import Point, Stratum, risk_coverage


def test_a_result_costs_its_errors_and_its_questions() -> None:
    point = Point(threshold=0.8, coverage=0.6, risk=0.05, risk_upper=0.1, labels=100)

    assert cost_at(point, Prices(error=50, asking=1.2)) == pytest.approx(50 * 0.05 * 0.6 + 1.2 * 0.4)
    assert cost_at(point, Prices(50, 1.2, missed=0.1)) == pytest.approx(45 * 0.05 * 0.6 + 1.2 * 0.4)


def test_chow_and_the_cheapest_point_agree() -> None:
    random = np.random.default_rng(3)
    said = random.uniform(0, 1, 60_000)
    seen = [Stratum.of(said, said, random.random(60_000) > said)]
    prices = Prices(error=10, asking=1.2)

    best, chow = cheapest(risk_coverage(seen), prices), by_chow(fit(seen), prices)

    assert best is not None
    assert chow is not None
    # Right as often as it says: worth accepting from 1 - 1.2 / 10 on.
    assert best.threshold == pytest.approx(0.88, abs=0.04)
    assert chow == pytest.approx(0.88, abs=0.03)


def test_the_dearer_an_error_the_higher_the_threshold() -> None:
    random = np.random.default_rng(3)
    said = random.uniform(0, 1, 20_000)
    points = risk_coverage([Stratum.of(said, said, random.random(20_000) > said)])

    found = [cheapest(points, Prices(error, 1.2)) for error in (5, 10, 50)]

    thresholds = [point.threshold for point in found if point]
    assert thresholds == sorted(thresholds)
    assert len(set(thresholds)) == 3


def test_without_labels_nothing_is_cheapest() -> None:
    assert cheapest([Point(0.8, 0.5, float("nan"), 1.0, 0)], Prices(10, 1)) is None
    assert by_chow(None, Prices(10, 1)) is None
